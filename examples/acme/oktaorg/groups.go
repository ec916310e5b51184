package oktaorg

import (
	"slices"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
)

// Groups that are no teams. The ids of teams are larger.
const (
	everyone = iota + 1
	operators
	contractors // of which there are none

	ownGroups = iota
)

func (o *org) groups() oktatest.List[oktatest.Group] {
	return oktatest.List[oktatest.Group]{
		Len: func() int {
			n := ownGroups
			for _, d := range company.Departments() {
				n += 1 + o.live.TeamsOf(d)
			}
			return n
		},
		At: func(i int) oktatest.Group {
			if i < ownGroups {
				return o.own(i + 1)
			}
			i -= ownGroups
			for _, d := range company.Departments() {
				n := 1 + o.live.TeamsOf(d)
				if i < n {
					return o.team(company.TeamID{Department: d, N: i + company.WholeDepartment})
				}
				i -= n
			}
			return oktatest.Group{}
		},
		Find: func(id string) (oktatest.Group, bool) {
			n := number("00g", id)
			if n > 0 && n <= ownGroups {
				return o.own(int(n)), true
			}
			t, ok := o.teamWith(n)
			if !ok {
				return oktatest.Group{}, false
			}
			return o.team(t), true
		},
	}
}

func (o *org) teamWith(n int64) (company.TeamID, bool) {
	if n < 0 {
		return company.TeamID{}, false
	}
	t, ok := company.TeamWithID(n)
	return t, ok && slices.Contains(company.Departments(), t.Department) && t.N < o.live.TeamsOf(t.Department)
}

func (o *org) own(n int) oktatest.Group {
	made := company.AsOf().AddDate(-9, 0, 0)
	g := oktatest.Group{ID: groupID(int64(n)), Created: made, Updated: made, MembersUpdated: made}
	switch n {
	case everyone:
		g.Type, g.Name, g.Description = "BUILT_IN", "Everyone", "All users in your organization"
		g.Users, g.Apps, g.MembersUpdated = o.live.PeopleIn(company.Everyone()), 2, o.teamNews(nil)
	case operators:
		g.Name, g.Description, g.Users, g.Admin = "Okta operators", "Administer Okta and the apps", len(o.live.Admins()), true
	case contractors:
		g.Name, g.Description = "Contractors", "People of other companies"
	default:
		return oktatest.Group{}
	}
	return g
}

func (o *org) team(id company.TeamID) oktatest.Group {
	t := o.live.Team(id)
	return oktatest.Group{
		ID: groupID(t.ID), Name: t.Name, Description: "People of " + t.Department.String(), Created: company.AsOf().AddDate(-4, 0, 0),
		Updated: company.AsOf().AddDate(-1, 0, 0), MembersUpdated: o.teamNews(&id), Users: o.live.TeamLen(id),
	}
}

func (o *org) members(id string) oktatest.List[oktatest.User] {
	of := func(n func() int, at func(int) int) oktatest.List[oktatest.User] {
		return oktatest.List[oktatest.User]{
			Len: n, At: func(i int) oktatest.User { return o.user(at(i)) },
			Find: func(user string) (oktatest.User, bool) {
				if !slices.Contains(o.groupsOf(user), id) {
					return oktatest.User{}, false
				}
				return o.user(int(number("00u", user))), true
			},
		}
	}
	switch n := number("00g", id); n {
	case everyone:
		return of(func() int { return o.live.PeopleIn(company.Everyone()) }, func(i int) int { return o.live.PersonIn(company.Everyone(), i) })
	case operators:
		admins := o.live.Admins()
		return of(func() int { return len(admins) }, func(i int) int {
			if i < 0 || i >= len(admins) {
				return -1
			}
			return admins[i]
		})
	default:
		t, ok := o.teamWith(n)
		if !ok {
			return oktatest.List[oktatest.User]{}
		}
		return of(func() int { return o.live.TeamLen(t) }, func(i int) int { return o.live.TeamPerson(t, i) })
	}
}

// groupsOf are the groups a person is in.
func (o *org) groupsOf(user string) []string {
	n := number("00u", user)
	if n < 0 || n >= int64(o.live.People()) {
		return nil
	}
	var ids []string
	person := int(n)
	here := o.live.Here(company.Everyone(), person)
	if here {
		ids = append(ids, groupID(everyone))
	}
	if slices.Contains(o.live.Admins(), person) {
		ids = append(ids, groupID(operators))
	}
	if team := o.live.TeamNow(person); here && slices.Contains(company.Departments(), team.Department) {
		ids = append(ids, departmentGroup(o.live, team.Department), groupID(o.live.Team(team).ID))
	}
	return ids
}

// rules put people into the group of their department.
func (o *org) rules() oktatest.List[oktatest.Rule] {
	departments := company.Departments()
	made := company.AsOf().AddDate(-4, 0, 0)
	return oktatest.List[oktatest.Rule]{
		Len: func() int { return len(departments) },
		At: func(i int) oktatest.Rule {
			if i < 0 || i >= len(departments) {
				return oktatest.Rule{}
			}
			d := departments[i]
			return oktatest.Rule{
				ID: "0pr" + groupID(int64(i))[3:], Name: "Department " + d.String(), Expression: `user.department=="` + d.String() + `"`,
				Groups: []string{departmentGroup(o.live, d)}, Created: made, Updated: made,
			}
		},
	}
}

func departmentGroup(live *company.Live, d company.Department) string {
	return groupID(live.Team(company.TeamID{Department: d, N: company.WholeDepartment}).ID)
}

func (o *org) groupRoles(id string) []oktatest.Role {
	if number("00g", id) != operators {
		return nil
	}
	return []oktatest.Role{{
		ID: "ra3acme0000000000001", Type: "APP_ADMIN", Label: "Application Administrator", Assignment: "GROUP", Created: company.AsOf().AddDate(-3, 0, 0),
	}}
}
