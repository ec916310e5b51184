package oktaorg

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
)

func (o *org) users() oktatest.List[oktatest.User] {
	return oktatest.List[oktatest.User]{
		Len: o.live.People,
		At:  o.user,
		Find: func(id string) (oktatest.User, bool) {
			n := number("00u", id)
			if n < 0 || n >= int64(o.live.People()) {
				return oktatest.User{}, false
			}
			return o.user(int(n)), true
		},
	}
}

// user is a person's account. Those who left are deactivated, and stay in the list.
func (o *org) user(i int) oktatest.User {
	if i < 0 || i >= o.live.People() {
		return oktatest.User{}
	}
	p := o.live.Person(i)
	u := oktatest.User{
		ID: userID(i), Status: o.status(&p), Created: p.HiredAt, Activated: p.HiredAt, StatusChanged: p.HiredAt, Updated: p.HiredAt,
		PasswordChanged: p.HiredAt, LastLogin: company.AsOf().AddDate(0, 0, -int(p.ID%20)), Profile: o.profile(&p),
	}
	if left, ok := o.live.LeftAt(i); ok {
		u.StatusChanged, u.Updated, u.LastLogin = left, left, left.AddDate(0, 0, -1)
	}
	if t := o.personNews(i); t.After(u.Updated) {
		u.Updated = t
	}
	return u
}

// status: a few ordinary people are in each of Okta's other states.
func (o *org) status(p *company.Person) string {
	if o.live.OfficeState(p.Index) != company.Active {
		return "DEPROVISIONED"
	}
	if p.Admin || p.Type != company.Employee || p.Index < 16 {
		return "ACTIVE"
	}
	switch p.ID % 211 {
	case 3:
		return "LOCKED_OUT"
	case 5, 6:
		return "PASSWORD_EXPIRED"
	case 7:
		return "SUSPENDED"
	case 9:
		return "RECOVERY"
	}
	return "ACTIVE"
}

func (o *org) profile(p *company.Person) map[string]any {
	first, last, _ := strings.Cut(p.Name, " ")
	profile := map[string]any{
		"login": p.Email, "email": p.Email, "firstName": first, "lastName": last, "displayName": p.Name, "title": p.Title,
		"department": p.Department.String(), "employeeNumber": "E" + strconv.FormatInt(p.ID, 10), "mobilePhone": nil, "secondEmail": nil,
		"userType": string(p.Type), "organization": "Acme",
	}
	if p.Manager >= 0 {
		profile["managerId"], profile["manager"] = userID(p.Manager), o.live.Person(p.Manager).Name
	}
	return profile
}

// usersSince: after the unchanged company ends, only those changed of whom there is news.
func (o *org) usersSince(t time.Time) oktatest.List[oktatest.User] {
	var changed []int
	if t.Before(company.AsOf()) {
		for i, n := 0, o.live.People(); i < n; i++ {
			if u := o.user(i); u.Updated.After(t) {
				changed = append(changed, i)
			}
		}
	} else {
		o.news.mu.Lock()
		o.read()
		for i, at := range o.news.person {
			if at.After(t) {
				changed = append(changed, i)
			}
		}
		o.news.mu.Unlock()
		slices.Sort(changed)
	}
	return oktatest.List[oktatest.User]{
		Len: func() int { return len(changed) },
		At: func(i int) oktatest.User {
			if i < 0 || i >= len(changed) {
				return oktatest.User{}
			}
			return o.user(changed[i])
		},
	}
}

// factors: who has a second factor has two, so that a lost telephone is no trouble.
func (o *org) factors(id string) []oktatest.Factor {
	n := number("00u", id)
	if n < 0 || n >= int64(o.live.People()) {
		return nil
	}
	p := o.live.Person(int(n))
	list := []oktatest.Factor{{ID: "emf1acme" + id[8:], Type: "email", Created: p.HiredAt, Updated: p.HiredAt}}
	if p.MFA {
		list = append(list,
			oktatest.Factor{ID: "opf1acme" + id[8:], Type: "push", Created: p.HiredAt, Updated: p.HiredAt},
			oktatest.Factor{ID: "ost1acme" + id[8:], Type: "token:software:totp", Created: p.HiredAt, Updated: p.HiredAt})
	}
	return list
}

func (o *org) admins() oktatest.List[string] {
	return oktatest.List[string]{
		Len: func() int { return len(o.live.Admins()) },
		At: func(i int) string {
			admins := o.live.Admins()
			if i < 0 || i >= len(admins) {
				return ""
			}
			return userID(admins[i])
		},
	}
}

// roles: the first of the administrators may do everything, the others almost.
func (o *org) roles(id string) []oktatest.Role {
	i := slices.IndexFunc(o.live.Admins(), func(p int) bool { return userID(p) == id })
	made := company.AsOf().AddDate(-3, 0, 0)
	switch {
	case i < 0:
		return nil
	case i == 0:
		return []oktatest.Role{{ID: "ra1acme" + id[7:], Type: "SUPER_ADMIN", Label: "Super Organization Administrator", Created: made}}
	}
	return []oktatest.Role{
		{ID: "ra1acme" + id[7:], Type: "ORG_ADMIN", Label: "Organization Administrator", Created: made},
		{ID: "ra2acme" + id[7:], Type: "APP_ADMIN", Label: "Application Administrator", Assignment: "GROUP", Created: made},
	}
}
