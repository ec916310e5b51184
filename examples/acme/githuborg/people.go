package githuborg

import (
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/github/githubtest"
)

func user(p company.Person) githubtest.User {
	u := githubtest.User{
		ID: p.ID, Login: p.Login, Name: p.Name, Company: "Acme", CreatedAt: p.HiredAt, UpdatedAt: company.AsOf(),
		ManagedEmail: p.Email,
	}
	if p.Type == company.Guest {
		u.Company = p.Email[strings.IndexByte(p.Email, '@')+1:]
	}
	if p.ID%4 == 0 {
		u.Email = p.Email
	}
	return u
}

func member(p company.Person) githubtest.Member {
	m := githubtest.Member{User: user(p), Role: "member", TwoFactor: "secure", Public: p.ID%5 == 0}
	if p.Admin {
		m.Role = "admin"
	}
	switch {
	case !p.MFA:
		m.TwoFactor = "disabled"
	case p.ID%19 == 0 && !p.Admin:
		m.TwoFactor = "insecure"
	}
	return m
}

func (o *org) members() githubtest.List[githubtest.Member] {
	return githubtest.List[githubtest.Member]{
		Len: func() int { return o.live.PeopleIn(o.people) },
		At: func(i int) githubtest.Member {
			if i = o.live.PersonIn(o.people, i); i < 0 {
				return githubtest.Member{}
			}
			return member(o.live.Person(i))
		},
		Find: func(login string) (githubtest.Member, bool) {
			i, ok := o.live.PersonNamed(login)
			if !ok || !o.live.Here(o.people, i) {
				return githubtest.Member{}, false
			}
			return member(o.live.Person(i)), true
		},
	}
}

// guests is how many guests have a project here.
func (o *org) guests() int { return o.projects.Len(o.live.Guests()) }

func (o *org) outside() githubtest.List[githubtest.Member] {
	return githubtest.List[githubtest.Member]{
		Len: o.guests,
		At: func(i int) githubtest.Member {
			if i < 0 || i >= o.guests() {
				return githubtest.Member{}
			}
			return member(o.live.Guest(o.projects.At(i)))
		},
		Find: func(login string) (githubtest.Member, bool) {
			i, ok := o.live.GuestNamed(login)
			if !ok {
				return githubtest.Member{}, false
			}
			if rank, here := o.projects.Rank(i); !here || rank >= o.guests() {
				return githubtest.Member{}, false
			}
			return member(o.live.Guest(i)), true
		},
	}
}

// invitedNow is how many of those who are hired next have an invitation.
const invitedNow = 3

func (o *org) invitations() githubtest.List[githubtest.Invitation] {
	inviter := func() githubtest.User { return user(o.live.Person(o.live.CarelessAdmin())) }
	return githubtest.List[githubtest.Invitation]{
		Len: func() int { return invitedNow + 1 },
		At: func(i int) githubtest.Invitation {
			if i == 0 {
				return githubtest.Invitation{
					ID: 1, Email: company.PrivateInvite, Role: "admin", CreatedAt: company.AsOf().AddDate(0, 0, -2), Inviter: inviter(),
				}
			}
			p := o.live.Person(o.live.Next(o.people, i-1))
			return githubtest.Invitation{
				ID: p.ID, Login: p.Login, Email: p.Email, Role: "direct_member", CreatedAt: company.AsOf().AddDate(0, 0, -1), Inviter: inviter(),
			}
		},
	}
}

// scimUsers are the identities behind the members, in their order.
func (o *org) scimUsers() githubtest.List[githubtest.SCIMUser] {
	return githubtest.List[githubtest.SCIMUser]{
		Len: func() int { return o.live.PeopleIn(o.people) },
		At: func(i int) githubtest.SCIMUser {
			if i = o.live.PersonIn(o.people, i); i < 0 {
				return githubtest.SCIMUser{}
			}
			return identity(o.live.Person(i))
		},
		Find: func(id string) (githubtest.SCIMUser, bool) {
			n, err := strconv.ParseInt(id[strings.LastIndexByte(id, '-')+1:], 16, 64)
			if err != nil || n < 0 || !o.live.Here(o.people, int(n)) {
				return githubtest.SCIMUser{}, false
			}
			s := identity(o.live.Person(int(n)))
			return s, s.ID == id
		},
	}
}

func identity(p company.Person) githubtest.SCIMUser {
	given, family, _ := strings.Cut(p.Name, " ")
	n := strconv.FormatInt(int64(p.Index), 16)
	return githubtest.SCIMUser{
		ID:         "5c1a7e00-acae-4000-8000-" + strings.Repeat("0", max(0, 12-len(n))) + n,
		ExternalID: "E" + strconv.FormatInt(p.ID, 10), UserName: p.Email, Login: p.Login, DisplayName: p.Name,
		GivenName: given, FamilyName: family, Emails: []string{p.Email}, Active: true, CreatedAt: p.HiredAt, UpdatedAt: p.HiredAt,
	}
}
