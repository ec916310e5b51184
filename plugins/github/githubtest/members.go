package githubtest

import (
	"net/http"
	"strconv"
	"strings"
)

// The keys of lists.
func isMember(m *Member, key string) bool {
	return lower(m.Login) == key || len(key) > 1 && key[0] == '#' && key[1:] == strconv.FormatInt(m.ID, 10)
}
func isCollaborator(v *Collaborator, key string) bool { return lower(v.Login) == key }
func isTeam(t *TeamInfo, key string) bool {
	return t.Slug == key || len(key) > 1 && key[0] == '#' && key[1:] == strconv.FormatInt(t.ID, 10)
}
func isRepo(r *Repo, key string) bool {
	return lower(r.Name) == key || len(key) > 1 && key[0] == '#' && key[1:] == strconv.FormatInt(r.ID, 10)
}

func (c *call) getOrg() {
	owner := c.can("organization_administration=read") && (c.who.kind != classic || c.who.scopes["admin:org"])
	c.ok(c.organization(c.b, c.org, owner))
}

// count is how many repositories are public, or are not.
func (c *call) count(o *Org, which string) int64 {
	return int64(subset(c, o, "repos "+which, o.Repos, func(r *Repo) bool {
		return (r.visibility() == "public") == (which == "public")
	}).len())
}

// seesMembers says that the caller sees members who do not show themselves. Who does not gets fewer, not an error.
func (c *call) seesMembers() bool {
	switch c.who.kind {
	case installed, fine:
		c.h.Set("X-Accepted-Github-Permissions", "members=read")
		return c.can("members=read")
	case classic:
		for _, s := range readOrg[:2] {
			if c.who.scopes[s] && !c.ssoMissing(c.org) && c.roleIn(c.org) != "" {
				return true
			}
		}
	}
	return false
}

func (c *call) getMembers() {
	role, filter := c.query("role"), c.query("filter")
	all := c.seesMembers()
	members := c.org.Members
	switch {
	case filter != "" && filter != "all" && filter != "2fa_disabled" && filter != "2fa_insecure":
		c.invalid("filter", "Invalid request. filter is not one of 2fa_disabled, 2fa_insecure, all.")
		return
	case role != "" && role != "all" && role != "admin" && role != "member":
		c.invalid("role", "Invalid request. role is not one of all, admin, member.")
		return
	case filter != "" && filter != "all":
		if !c.can("members=read") {
			c.invalid("", "Only owners can use this filter.")
			return
		}
		members = with2FA(c, members, "members", filter)
	}
	if role == "admin" || role == "member" {
		members = subset(c, c.org, "members "+role+" "+filter, members, func(m *Member) bool { return m.Role == role })
	}
	if !all {
		members = subset(c, c.org, "members public "+role+" "+filter, members, func(m *Member) bool { return m.Public })
	}
	list(c, members, (*call).member)
}

// with2FA is who has no second factor, or only an insecure one.
func with2FA(c *call, l List[Member], name, filter string) List[Member] {
	return subset(c, c.org, name+" "+filter, l, func(m *Member) bool {
		return m.TwoFactor == "disabled" && filter == "2fa_disabled" || m.TwoFactor == "insecure" && filter == "2fa_insecure"
	})
}

func (c *call) getOutside() {
	outside := c.org.Outside
	switch filter := c.query("filter"); filter {
	case "", "all":
	case "2fa_disabled", "2fa_insecure":
		if !c.can("members=read") {
			c.invalid("", "Only owners can use this filter.")
			return
		}
		outside = with2FA(c, outside, "outside", filter)
	default:
		c.invalid("filter", "Invalid request. filter is not one of 2fa_disabled, 2fa_insecure, all.")
		return
	}
	list(c, outside, (*call).member)
}

func (c *call) getInvitations() {
	role, source := orString(c.query("role"), "all"), orString(c.query("invitation_source"), "all")
	invitations := c.org.Invitations
	if role != "all" || source != "all" {
		invitations = subset(c, c.org, "invitations "+role+" "+source, invitations, func(v *Invitation) bool {
			return (role == "all" || v.Role == role) && (source == "all" || orString(v.Source, "member") == source)
		})
	}
	list(c, invitations, (*call).invitation)
}

func (c *call) getFailedInvitations() { list(c, c.org.FailedInvitations, (*call).invitation) }
func (c *call) getBlocks()            { list(c, c.org.Blocks, (*call).user) }

func (c *call) getMembership() {
	login := lower(c.param("{username}"))
	if m, ok := c.org.Members.find(login, isMember); ok {
		c.ok(c.membership(c.b, &m, "active"))
	} else if v, ok := c.org.Invitations.find(login, isInvitation); ok {
		m := Member{User: v.user, Role: map[bool]string{true: "admin", false: "member"}[v.Role == "admin"]}
		if m.ID == 0 {
			m.User = User{ID: v.ID, Login: v.Login}
		}
		c.ok(c.membership(c.b, &m, "pending"))
	} else {
		c.notFound()
	}
}

func (c *call) getUser() {
	if c.who.kind != classic && c.who.kind != fine {
		c.error(http.StatusForbidden, "Resource not accessible by integration")
		return
	}
	c.ok(c.profile(c.b, &c.who.user))
}

func (c *call) getUserByLogin() { c.showUser(lower(c.param("{username}"))) }
func (c *call) getUserByID()    { c.showUser("#" + c.param("{account_id}")) }

// showUser looks in all organisations: a user is GitHub's, not an organisation's.
func (c *call) showUser(login string) {
	if u, ok := c.s.person(login); ok {
		c.ok(c.profile(c.b, &u))
		return
	}
	for _, o := range c.s.cfg.Orgs {
		if lower(o.Login) == login {
			u := orgAsUser(o)
			c.ok(c.profile(c.b, &u))
			return
		}
	}
	c.notFound()
}

// mine are the organisations of the caller. Those whose single sign-on the token is not authorised for are left out,
// and only a header says so.
func (c *call) mine() []*Org {
	var out []*Org
	var partial strings.Builder
	for _, o := range c.s.cfg.Orgs {
		switch {
		case c.who.kind == fine && c.who.org != o, c.who.kind != fine && c.roleIn(o) == "":
		case c.ssoMissing(o):
			partial.WriteString("," + strconv.FormatInt(o.ID, 10))
		default:
			out = append(out, o)
		}
	}
	if partial.String() != "" {
		c.h.Set("X-Github-Sso", "partial-results; organizations="+partial.String()[1:])
	}
	return out
}

func (c *call) getUserOrgs() {
	list(c, ListOf(c.mine()...), func(c *call, b []byte, o **Org) []byte {
		return append(null(c.orgSimple(append(b, '{'), *o), "description"), '}')
	})
}

func (c *call) getUserRepos() {
	type owned struct {
		o *Org
		r Repo
	}
	var all []owned
	for _, o := range c.mine() {
		for i, n := 0, o.Repos.len(); i < n; i++ {
			if r := o.Repos.At(i); c.sees(o, &r) {
				all = append(all, owned{o, r})
			}
		}
	}
	list(c, ListOf(all...), func(c *call, b []byte, v *owned) []byte {
		return append(levels(c.repoFields(append(b, '{'), v.o, &v.r), "pull"), '}')
	})
}

// getOrgEvents shows at most 300 events, and asks to be polled slowly.
func (c *call) getOrgEvents() {
	c.h.Set("X-Poll-Interval", "60")
	member := c.who.kind == classic && c.roleIn(c.org) != ""
	events := c.org.OrgEvents
	if !member {
		events = subset(c, c.org, "events public", events, func(e *PublicEvent) bool { return e.Public })
	}
	n := min(events.len(), orgEventsMax)
	list(c, List[PublicEvent]{Len: func() int { return n }, At: events.At}, (*call).publicEvent)
}
