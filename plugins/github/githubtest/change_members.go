package githubtest

import (
	"maps"
	"net/http"
	"slices"
)

// The words of an invitation for the roles of a member.
var invitedRoles = map[string]string{"admin": "admin", "member": "direct_member"}

// putMembership invites somebody, or changes the role of who is there or invited.
func (c *call) putMembership() {
	in := struct{ Role string }{"member"}
	if !c.body(&in) {
		return
	}
	if invitedRoles[in.Role] == "" {
		c.invalid("role", "Validation Failed")
		return
	}
	u, ok := c.thePerson()
	if !ok {
		return
	}
	login := lower(u.Login)
	if _, blocked := c.org.Blocks.find(login, isUser); blocked {
		c.invalid("", "You have blocked this user.")
		return
	}
	if m, member := c.org.Members.find(login, isMember); member {
		if m.Role != in.Role {
			c.org.at().members.set(login, func(m Member) Member { m.Role = in.Role; return m })
			c.log("org.update_member", "modify", "user", u.Login, "user_id", u.ID, "permission", auditRoles[in.Role], "old_permission", auditRoles[m.Role])
		}
	} else {
		c.invite(u, in.Role)
	}
	c.getMembership()
}

// The words of the audit log for the roles of a member.
var auditRoles = map[string]string{"admin": "admin", "member": "read"}

// invite makes an invitation, or changes the role in the one that waits.
func (c *call) invite(u User, role string) {
	made := &c.org.at().invitations
	if v, ok := c.org.Invitations.find(lower(u.Login), isInvitation); ok {
		made.set(number(v.ID), func(v Invitation) Invitation { v.Role = invitedRoles[role]; return v })
		c.org.touch()
		return
	}
	v := Invitation{ID: c.org.id(), Login: u.Login, Role: invitedRoles[role], CreatedAt: c.now, Inviter: c.sender(), user: u}
	made.add(v)
	c.log("org.invite_member", "create", "user", u.Login, "user_id", u.ID)
	c.tell("organization", "member_invited", func(b []byte) []byte {
		return c.user(key(c.invitation(key(b, "invitation"), &v), "user"), &u)
	})
}

// deleteMembership removes a member, with all they had, or takes an invitation back.
func (c *call) deleteMembership() {
	login := lower(c.param("{username}"))
	if v, ok := c.org.Invitations.find(login, isInvitation); ok {
		c.cancel(v)
		c.status = http.StatusNoContent
		return
	}
	m, ok := c.org.Members.find(login, isMember)
	if !ok {
		c.notFound()
		return
	}
	c.leave(m)
	c.status = http.StatusNoContent
}

func (c *call) cancel(v Invitation) {
	made := c.org.at()
	made.invitations.drop(number(v.ID))
	made.mu.Lock()
	delete(made.waiting, lower(v.Login))
	made.mu.Unlock()
	c.log("org.cancel_invitation", "remove", "user", v.Login)
}

// leave takes a member out of the organisation, its teams, and what was given to them by name.
func (c *call) leave(m Member) {
	login := lower(m.Login)
	var slugs []string
	for i, n := 0, c.org.Teams.len(); i < n; i++ {
		t := c.org.Teams.At(i)
		if v, in := c.org.TeamMembers(t.Slug).find(login, isTeamMember); in && !v.Inherited {
			slugs = append(slugs, t.Slug)
		}
	}
	c.org.forget(login)
	c.org.at().members.drop(login)
	c.log("org.remove_member", "remove", "user", m.Login, "user_id", m.ID)
	for _, slug := range slugs {
		c.tellTeam("removed", slug, m.User)
	}
	c.tell("organization", "member_removed", func(b []byte) []byte { return c.membership(key(b, "membership"), &m, "active") })
}

// forget takes from somebody what they were given by name.
func (o *Org) forget(login string) {
	made := o.at()
	made.mu.Lock()
	left := maps.Clone(made.left)
	left[login] = true
	made.left = left
	delete(made.waiting, login)
	for repo, list := range made.invited {
		made.invited[repo] = slices.DeleteFunc(slices.Clone(list), func(v repoInvitation) bool { return lower(v.User.Login) == login })
	}
	made.mu.Unlock()
	for _, slug := range made.teams.names() {
		made.teams.of(slug).forget(login)
	}
	for _, repo := range made.access.names() {
		made.access.of(repo).forget(login)
	}
	o.touch()
}

// membership appends an organisation's membership.
func (c *call) membership(b []byte, m *Member, state string) []byte {
	b = str(append(b, '{'), "url", c.base+"/orgs/"+c.org.Login+"/memberships/"+m.Login)
	b = str(b, "state", state)
	b = str(b, "role", m.Role)
	b = flag(b, "direct_membership", true)
	b = append(b, `,"enterprise_teams_providing_indirect_membership":[]`...)
	b = str(b, "organization_url", c.base+"/orgs/"+c.org.Login)
	b = c.user(key(b, "user"), &m.User)
	b = append(null(c.orgSimple(append(key(b, "organization"), '{'), c.org), "description"), '}')
	return append(b, '}')
}

// Accept is what somebody does who was invited: into the organisation, and to repositories.
func (s *Server) Accept(org, login string) {
	o := s.byLogin[lower(org)]
	if o == nil {
		return
	}
	made, login := o.at(), lower(login)
	v, invited := o.Invitations.find(login, isInvitation)
	made.mu.Lock()
	teams := made.waiting[login]
	delete(made.waiting, login)
	given := map[string]repoInvitation{}
	for repo, list := range made.invited {
		if i := slices.IndexFunc(list, func(v repoInvitation) bool { return lower(v.User.Login) == login }); i >= 0 {
			given[repo] = list[i]
			made.invited[repo] = slices.Delete(slices.Clone(list), i, i+1)
		}
	}
	made.mu.Unlock()
	if invited && v.user.ID != 0 {
		made.invitations.drop(number(v.ID))
		role := map[bool]string{true: "admin", false: "member"}[v.Role == "admin"]
		made.members.add(Member{User: v.user, Role: role})
		for slug, role := range teams {
			o.join(slug, v.user, role)
		}
	}
	for repo, g := range given {
		made.access.of(repo).add(Collaborator{User: g.User, Permission: g.Permission, Outside: true, Direct: true})
		if _, known := o.Outside.find(login, isMember); !known {
			made.outside.add(Member{User: g.User})
		}
	}
	o.touch()
}

func (c *call) getBlock() {
	if _, ok := c.org.Blocks.find(lower(c.param("{username}")), isUser); !ok {
		c.notFound()
		return
	}
	c.status = http.StatusNoContent
}

// putBlock also takes access from an outside collaborator. A member must be removed first.
func (c *call) putBlock() {
	u, ok := c.thePerson()
	if !ok {
		return
	}
	login := lower(u.Login)
	if _, member := c.org.Members.find(login, isMember); member {
		c.invalid("", "You cannot block a member of the organization.")
		return
	}
	if _, blocked := c.org.Blocks.find(login, isUser); !blocked {
		if _, outside := c.org.Outside.find(login, isMember); outside {
			c.org.forget(login)
			c.org.at().outside.drop(login)
		}
		c.org.at().blocks.add(u)
		c.log("org.block_user", "modify", "blocked_user", u.Login)
		c.tell("org_block", "blocked", func(b []byte) []byte { return c.user(key(b, "blocked_user"), &u) })
	}
	c.status = http.StatusNoContent
}

func (c *call) deleteBlock() {
	u, ok := c.org.Blocks.find(lower(c.param("{username}")), isUser)
	if ok {
		c.org.at().blocks.drop(lower(u.Login))
		c.log("org.unblock_user", "modify", "blocked_user", u.Login)
		c.tell("org_block", "unblocked", func(b []byte) []byte { return c.user(key(b, "blocked_user"), &u) })
	}
	c.status = http.StatusNoContent
}
