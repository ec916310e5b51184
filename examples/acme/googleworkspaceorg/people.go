package googleworkspaceorg

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
)

// Google's ids of users have 21 digits, which no 64-bit number holds.
const userPrefix = "1"

func userID(person int) string { return fmt.Sprintf(userPrefix+"%020d", person) }

// personWith is the index of the person with an id.
func (o *org) personWith(id string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimPrefix(id, userPrefix))
	ok := err == nil && n >= 0 && n < o.live.People() && userID(n) == id
	return n, ok
}

// personAt is the index of the person with an address: it undoes what the company does, so it costs no search.
func (o *org) personAt(email string) (int, bool) {
	local, domain, _ := strings.Cut(strings.ToLower(email), "@")
	if domain != company.Domain {
		return 0, false
	}
	login := local
	if !strings.HasPrefix(local, "acme-") {
		name := strings.TrimRight(local, "0123456789")
		number := local[len(name):]
		if strings.HasSuffix(name, ".") { // somebody's namesake: the number is the index
			i, err := strconv.Atoi(number)
			ok := err == nil && i < o.live.People() && o.live.Person(i).Email == email
			return i, ok
		}
		if login = strings.ReplaceAll(name, ".", "-"); number != "" {
			login += "-" + number
		}
	}
	i, ok := o.live.PersonNamed(login)
	return i, ok && i < o.live.People() && strings.EqualFold(o.live.Person(i).Email, email)
}

func (o *org) users() gw.List[gw.User] {
	return gw.List[gw.User]{
		Len: o.live.People,
		At: func(i int) gw.User {
			if i < 0 || i >= o.live.People() {
				return gw.User{}
			}
			return o.user(i)
		},
		Find: func(key string) (gw.User, bool) {
			i, ok := o.personWith(key)
			if !ok {
				i, ok = o.personAt(key)
			}
			if !ok {
				return gw.User{}, false
			}
			return o.user(i), true
		},
	}
}

func (o *org) user(i int) gw.User {
	p := o.live.Person(i)
	u := gw.User{
		ID: userID(i), Email: p.Email, Name: p.Name, Admin: p.Admin, Enrolled2SV: p.MFA, Enforced2SV: p.Admin && p.MFA,
		OrgUnitPath: "/" + p.Department.String(), Created: p.HiredAt, LastLogin: company.AsOf().Add(-time.Duration(p.ID%300) * time.Hour),
	}
	if u.LastLogin.Before(u.Created) {
		u.LastLogin = u.Created
	}
	if at, left := o.live.LeftAt(i); left {
		u.Suspended, u.SuspensionReason, u.SuspendedAt = true, "ADMIN", at
		u.LastLogin = at
	}
	return u
}

func orgUnitID(d company.Department) string { return fmt.Sprintf("03ph8a2z%04d", int(d)+1) }

func orgUnits() []gw.OrgUnit {
	const root = "03ph8a2z0000"
	list := []gw.OrgUnit{{ID: root, Name: "Acme", Path: "/"}}
	for _, d := range company.Departments() {
		list = append(list, gw.OrgUnit{ID: orgUnitID(d), Name: d.String(), Path: "/" + d.String(), ParentID: root})
	}
	return list
}

// groupID is written like Google's; groupWith is its inverse.
const groupPrefix = "03acme"

func (o *org) groupID(t company.TeamID) string {
	return groupPrefix + strconv.FormatInt(o.live.Team(t).ID, 36)
}

func (o *org) groupWith(key string) (company.TeamID, bool) {
	var t company.TeamID
	ok := false
	if slug, found := strings.CutSuffix(strings.ToLower(key), "@"+company.Domain); found {
		t, ok = company.TeamNamed(slug)
	} else if number, found := strings.CutPrefix(key, groupPrefix); found {
		n, err := strconv.ParseInt(number, 36, 64)
		t, ok = company.TeamWithID(n)
		ok = ok && err == nil
	}
	return t, ok && t.N < o.live.TeamsOf(t.Department)
}

func (o *org) groups() gw.List[gw.Group] {
	return gw.List[gw.Group]{
		Len: func() (n int) {
			for _, d := range company.Departments() {
				n += 1 + o.live.TeamsOf(d)
			}
			return n
		},
		At: func(i int) gw.Group {
			for _, d := range company.Departments() {
				n := 1 + o.live.TeamsOf(d)
				if i >= 0 && i < n {
					return o.group(company.TeamID{Department: d, N: i + company.WholeDepartment})
				}
				i -= n
			}
			return gw.Group{}
		},
		Find: func(key string) (gw.Group, bool) {
			t, ok := o.groupWith(key)
			if !ok {
				return gw.Group{}, false
			}
			return o.group(t), true
		},
	}
}

func (o *org) groupEmail(t company.TeamID) string { return o.live.Team(t).Slug + "@" + company.Domain }

func (o *org) group(t company.TeamID) gw.Group {
	return gw.Group{
		ID: o.groupID(t), Email: o.groupEmail(t), Name: o.live.Team(t).Name, Description: "People of " + t.Department.String(),
		Members: o.memberCount(t), AdminCreated: true,
	}
}

// memberCount: a department's group has the groups of its teams in it, or its people when there are no teams.
func (o *org) memberCount(t company.TeamID) int {
	if teams := o.live.TeamsOf(t.Department); t.N == company.WholeDepartment && teams > 0 {
		return teams
	}
	return o.live.TeamLen(t)
}

func (o *org) members(id string) gw.List[gw.Member] {
	t, ok := o.groupWith(id)
	if !ok {
		return gw.List[gw.Member]{}
	}
	if t.N == company.WholeDepartment && o.live.TeamsOf(t.Department) > 0 {
		return gw.List[gw.Member]{
			Len: func() int { return o.live.TeamsOf(t.Department) },
			At: func(i int) gw.Member {
				sub := company.TeamID{Department: t.Department, N: i}
				return gw.Member{ID: o.groupID(sub), Email: o.groupEmail(sub), Role: "MEMBER", Type: "GROUP", Status: "ACTIVE"}
			},
		}
	}
	return gw.List[gw.Member]{
		Len: func() int { return o.live.TeamLen(t) },
		At: func(i int) gw.Member {
			p := o.live.TeamPerson(t, i)
			if p < 0 {
				return gw.Member{}
			}
			m := gw.Member{ID: userID(p), Email: o.live.Person(p).Email, Role: "MEMBER", Type: "USER", Status: "ACTIVE"}
			if i == 0 {
				m.Role = "OWNER"
			}
			if at, left := o.live.LeftAt(p); left && !at.IsZero() {
				m.Status = "SUSPENDED"
			}
			return m
		},
	}
}

const (
	superAdmin = 13_801_188_331_880_449
	helpdesk   = 13_801_188_331_880_450
)

func (o *org) roles() gw.List[gw.Role] {
	return gw.ListOf(
		gw.Role{ID: superAdmin, Name: "_SEED_ADMIN_ROLE", System: true, SuperAdmin: true, Privileges: []string{"SUPER_ADMIN", "USERS_ALL", "GROUPS_ALL"}},
		gw.Role{ID: helpdesk, Name: "_HELP_DESK_ADMIN_ROLE", System: true, Privileges: []string{"USERS_RETRIEVE", "USERS_RESET_PASSWORD"}},
	)
}

// assigned: the administrators, and the helpdesk for those who support.
func (o *org) assigned() gw.List[gw.Assignment] {
	return gw.List[gw.Assignment]{
		Len: func() int { return len(o.live.Admins()) + 1 },
		At: func(i int) gw.Assignment {
			people := o.live.Admins()
			if i < len(people) {
				return gw.Assignment{ID: 9_007_199_254_740_993 + int64(i), RoleID: superAdmin, To: userID(people[i])}
			}
			it := company.TeamID{Department: company.IT, N: company.WholeDepartment}
			return gw.Assignment{ID: 9_007_199_254_740_000, RoleID: helpdesk, To: o.groupID(it), Group: true, OrgUnit: orgUnitID(company.Support)}
		},
	}
}
