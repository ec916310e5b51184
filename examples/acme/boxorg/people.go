package boxorg

import (
	"strconv"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/box/boxtest"
)

func (o *org) users() boxtest.List[boxtest.User] {
	unit := company.BoxPeople()
	return boxtest.List[boxtest.User]{
		Len: func() int { return unit.Len(o.live.People()) },
		At:  func(i int) boxtest.User { return o.user(unit.At(i)) },
		Find: func(id string) (boxtest.User, bool) {
			i, ok := o.personWithID(id)
			if !ok {
				return boxtest.User{}, false
			}
			return o.user(i), true
		},
	}
}

// personWithID is the index of a person with an account.
func (o *org) personWithID(id string) (int, bool) {
	n, err := strconv.ParseInt(id, 10, 64)
	i, ok := o.live.PersonWithID(n)
	return i, err == nil && ok && o.live.BoxState(i) != company.NoAccount
}

func (o *org) user(i int) boxtest.User {
	p := o.live.Person(i)
	u := boxtest.User{
		Person: mini(p), Role: "user", Title: p.Title, CreatedAt: p.HiredAt, UpdatedAt: company.AsOf(), PlatForm: p.Type == company.Service,
	}
	switch {
	case i == owner(o.live):
		u.Role = "admin"
	case p.Admin:
		u.Role = "coadmin"
	}
	if o.live.BoxState(i) == company.Blocked {
		u.Status = "inactive"
	}
	if u.PlatForm {
		u.External = p.Login
	}
	return u
}

func (o *org) guests() boxtest.List[boxtest.User] {
	return boxtest.List[boxtest.User]{
		Len: o.live.Guests,
		At: func(i int) boxtest.User {
			p := o.live.Guest(i)
			return boxtest.User{Person: mini(p), CreatedAt: p.HiredAt, UpdatedAt: p.HiredAt}
		},
	}
}

func (o *org) groups() boxtest.List[boxtest.Group] {
	return boxtest.List[boxtest.Group]{
		Len: func() (n int) {
			for _, d := range company.Departments() {
				n += 1 + o.live.TeamsOf(d)
			}
			return n
		},
		At: func(i int) boxtest.Group {
			for _, d := range company.Departments() {
				n := 1 + o.live.TeamsOf(d)
				if i < n {
					return o.group(company.TeamID{Department: d, N: i + company.WholeDepartment})
				}
				i -= n
			}
			return boxtest.Group{}
		},
		Find: func(id string) (boxtest.Group, bool) {
			t, ok := o.teamWithID(id)
			if !ok {
				return boxtest.Group{}, false
			}
			return o.group(t), true
		},
	}
}

func (o *org) teamWithID(id string) (company.TeamID, bool) {
	n, err := strconv.ParseInt(id, 10, 64)
	t, ok := company.TeamWithID(n)
	return t, err == nil && ok && t.N < o.live.TeamsOf(t.Department)
}

func (o *org) group(id company.TeamID) boxtest.Group {
	t := o.live.Team(id)
	return boxtest.Group{
		ID: strconv.FormatInt(t.ID, 10), Name: t.Name, Description: "People of " + t.Department.String(), SyncID: t.Slug,
		CreatedAt: madeAt(), UpdatedAt: madeAt(),
	}
}

// members are those of a team who have an account.
func (o *org) members(group string) boxtest.List[boxtest.Membership] {
	t, ok := o.teamWithID(group)
	if !ok {
		return boxtest.List[boxtest.Membership]{}
	}
	var people []int
	for n := range o.live.TeamLen(t) {
		if i := o.live.TeamPerson(t, n); o.live.BoxState(i) != company.NoAccount {
			people = append(people, i)
		}
	}
	return boxtest.List[boxtest.Membership]{
		Len: func() int { return len(people) },
		At: func(n int) boxtest.Membership {
			p := o.live.Person(people[n])
			m := boxtest.Membership{ID: personID(p) + group, User: mini(p), Role: "member", CreatedAt: p.HiredAt}
			if n == 0 && t.N != company.WholeDepartment {
				m.Role = "admin"
			}
			return m
		},
	}
}

// pinsOneIn of the people use Box on a phone.
const pinsOneIn = 3

func (o *org) pins() boxtest.List[boxtest.Pin] {
	unit := company.BoxPeople()
	return boxtest.List[boxtest.Pin]{
		Len: func() int { return (unit.Len(o.live.People()) + pinsOneIn - 1) / pinsOneIn },
		At: func(i int) boxtest.Pin {
			p := o.live.Person(unit.At(i * pinsOneIn))
			product := [...]string{"Box for iPhone", "Box for Android", "Box for iPad"}[i%3]
			return boxtest.Pin{ID: "7" + personID(p), Owner: mini(p), Product: product}
		},
	}
}
