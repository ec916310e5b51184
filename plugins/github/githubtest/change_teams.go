package githubtest

import "net/http"

// tellTeam tells that somebody came into a team, or left it.
func (c *call) tellTeam(action, slug string, u User) {
	t, ok := c.org.Teams.find(slug, isTeam)
	if !ok {
		return
	}
	c.tell("membership", action, func(b []byte) []byte {
		b = c.user(key(str(b, "scope", "team"), "member"), &u)
		return c.team(key(b, "team"), &t)
	})
}

// putTeamMembership adds a member, or changes their role. Somebody who is not in the organisation is invited.
func (c *call) putTeamMembership() {
	in := struct{ Role string }{"member"}
	t, ok := c.theTeam()
	if !ok || !c.body(&in) {
		return
	}
	if in.Role != "member" && in.Role != "maintainer" {
		c.invalid("role", "Validation Failed")
		return
	}
	u, ok := c.thePerson()
	if !ok {
		return
	}
	login := lower(u.Login)
	if _, member := c.org.Members.find(login, isMember); member {
		was, in2 := c.org.TeamMembers(t.Slug).find(login, isTeamMember)
		c.org.join(t.Slug, u, in.Role)
		switch {
		case !in2 || was.Inherited:
			c.log("team.add_member", "create", "user", u.Login, "user_id", u.ID, "team", c.org.Login+"/"+t.Slug)
			c.tellTeam("added", t.Slug, u)
		case was.Role != in.Role:
			c.log(map[string]string{"maintainer": "team.promote_maintainer", "member": "team.demote_maintainer"}[in.Role], "modify",
				"user", u.Login, "user_id", u.ID, "team", c.org.Login+"/"+t.Slug)
		}
		c.getTeamMembership()
		return
	}
	if _, waits := c.org.Invitations.find(login, isInvitation); !waits {
		c.invite(u, "member")
	}
	made := c.org.at()
	made.mu.Lock()
	if made.waiting[login] == nil {
		made.waiting[login] = map[string]string{}
	}
	made.waiting[login][t.Slug] = in.Role
	n := len(made.waiting[login])
	made.mu.Unlock()
	if v, waits := c.org.Invitations.find(login, isInvitation); waits {
		made.invitations.set(number(v.ID), func(v Invitation) Invitation { v.Teams = n; return v })
	}
	c.org.touch()
	c.getTeamMembership()
}

// deleteTeamMembership takes somebody out of a team; who is in it through a child team is not there to be taken out.
func (c *call) deleteTeamMembership() {
	t, ok := c.theTeam()
	if !ok {
		return
	}
	login := lower(c.param("{username}"))
	m, ok := c.org.TeamMembers(t.Slug).find(login, isTeamMember)
	if !ok || m.Inherited {
		c.notFound()
		return
	}
	c.org.at().teams.of(t.Slug).drop(login)
	c.org.inherit(t.Slug, m.User)
	c.log("team.remove_member", "remove", "user", m.Login, "user_id", m.ID, "team", c.org.Login+"/"+t.Slug)
	c.tellTeam("removed", t.Slug, m.User)
	c.status = http.StatusNoContent
}

// waitingRole is what somebody who is invited will be in a team.
func (o *Org) waitingRole(slug, login string) string {
	made := o.at()
	made.mu.Lock()
	defer made.mu.Unlock()
	return made.waiting[login][slug]
}

// join puts a member into a team, and through it into those above.
func (o *Org) join(slug string, u User, role string) {
	of := o.at().teams.of(slug)
	if _, in := o.TeamMembers(slug).find(lower(u.Login), isTeamMember); in {
		of.set(lower(u.Login), func(m TeamMember) TeamMember { m.Role, m.Inherited = role, false; return m })
	} else {
		of.add(TeamMember{User: u, Role: role})
	}
	o.inherit(slug, u)
	o.touch()
}

// inherit brings a team and those above it in line with their child teams, for one user.
func (o *Org) inherit(slug string, u User) {
	login := lower(u.Login)
	for range o.Teams.len() + 1 { // no team is above itself
		m, in := o.TeamMembers(slug).find(login, isTeamMember)
		below := false
		for i, n := 0, o.Teams.len(); i < n && !below; i++ {
			if t := o.Teams.At(i); t.Parent == slug {
				_, below = o.TeamMembers(t.Slug).find(login, isTeamMember)
			}
		}
		switch {
		case below && !in:
			o.at().teams.of(slug).add(TeamMember{User: u, Role: "member", Inherited: true})
		case !below && in && m.Inherited:
			o.at().teams.of(slug).drop(login)
		}
		t, _ := o.Teams.find(slug, isTeam)
		if slug = t.Parent; slug == "" {
			return
		}
	}
}
