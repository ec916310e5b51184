package githubtest

import (
	"strconv"
)

func (c *call) getTeams() {
	teams := c.visibleTeams()
	if t := orString(c.query("team_type"), "all"); t != "all" {
		teams = subset(c, c.org, "teams "+t, teams, func(v *TeamInfo) bool { return orString(v.Type, "organization") == t })
	}
	list(c, teams, (*call).team)
}

// visibleTeams leaves out secret teams for who is not an owner.
func (c *call) visibleTeams() List[TeamInfo] {
	if c.can("members=read") {
		return c.org.Teams
	}
	return subset(c, c.org, "teams closed", c.org.Teams, func(t *TeamInfo) bool { return t.Privacy != "secret" })
}

// theTeam is the team of the path; it answers 404 where there is none.
func (c *call) theTeam() (TeamInfo, bool) {
	t, ok := c.org.Teams.find(c.param("{team_slug}"), isTeam)
	if !ok || t.Privacy == "secret" && !c.can("members=read") {
		c.notFound()
		return t, false
	}
	return t, true
}

func (c *call) teamMembers(slug string) List[TeamMember] {
	if c.org.TeamMembers == nil {
		return List[TeamMember]{}
	}
	return c.org.TeamMembers(slug)
}

func (c *call) teamRepos(slug string) List[RepoGrant] {
	if c.org.TeamRepos == nil {
		return List[RepoGrant]{}
	}
	return c.org.TeamRepos(slug)
}

func (c *call) getTeam() {
	t, ok := c.theTeam()
	if !ok {
		return
	}
	b := c.teamParent(c.teamFields(append(c.b, '{'), &t), &t)
	b = num(b, "members_count", int64(subset(c, c.org, "team "+t.Slug, c.teamMembers(t.Slug), func(m *TeamMember) bool { return m.ID != 0 }).len()))
	b = num(b, "repos_count", int64(c.teamRepos(t.Slug).len()))
	b = stamp(b, "created_at", t.CreatedAt)
	b = stamp(b, "updated_at", t.UpdatedAt)
	c.ok(append(c.organization(key(b, "organization"), c.org, false), '}'))
}

func (c *call) getTeamMembers() {
	t, ok := c.theTeam()
	if !ok {
		return
	}
	members := c.teamMembers(t.Slug)
	switch role := orString(c.query("role"), "all"); role {
	case "all":
	case "member", "maintainer":
		members = subset(c, c.org, "team "+t.Slug+" "+role, members, func(m *TeamMember) bool { return m.Role == role })
	default:
		c.invalid("role", "Invalid request. role is not one of member, maintainer, all.")
		return
	}
	list(c, members, (*call).teamMember)
}

func (c *call) getTeamMembership() {
	t, ok := c.theTeam()
	if !ok {
		return
	}
	m, ok := c.teamMembers(t.Slug).find(lower(c.param("{username}")), isTeamMember)
	state := "active"
	if !ok {
		login := c.param("{username}")
		if m.Role, state = c.org.waitingRole(t.Slug, lower(login)), "pending"; m.Role == "" {
			c.notFound()
			return
		}
		m.Login = login
	}
	b := str(append(c.b, '{'), "url", c.base+"/organizations/"+strconv.FormatInt(c.org.ID, 10)+"/team/"+strconv.FormatInt(t.ID, 10)+"/memberships/"+m.Login)
	b = str(b, "role", m.Role)
	c.ok(append(str(b, "state", state), '}'))
}

func (c *call) getChildTeams() {
	if t, ok := c.theTeam(); ok {
		list(c, subset(c, c.org, "teams under "+t.Slug, c.visibleTeams(), func(v *TeamInfo) bool { return v.Parent == t.Slug }), (*call).team)
	}
}

func (c *call) getTeamRepos() {
	if t, ok := c.theTeam(); ok {
		list(c, c.teamRepos(t.Slug), (*call).grantedRepo)
	}
}

func isRole(r *Role, key string) bool { return strconv.FormatInt(r.ID, 10) == key }

// getRoles is not paged.
func (c *call) getRoles() {
	n := c.org.Roles.len()
	b := num(append(c.b, '{'), "total_count", int64(n))
	b = append(key(b, "roles"), '[')
	for i := range n {
		r := c.org.Roles.At(i)
		b = c.role(comma(b), &r)
	}
	c.entries = n
	c.ok(append(b, ']', '}'))
}

// theRole says that the role of the path exists.
func (c *call) theRole() (int64, bool) {
	id := c.intParam("{role_id}")
	if _, ok := c.org.Roles.find(strconv.FormatInt(id, 10), isRole); !ok {
		c.notFound()
		return 0, false
	}
	return id, true
}

func (c *call) getRoleUsers() {
	id, ok := c.theRole()
	if !ok {
		return
	}
	var users List[RoleUser]
	if c.org.RoleUsers != nil {
		users = c.org.RoleUsers(id)
	}
	list(c, users, (*call).roleUser)
}

func (c *call) getRoleTeams() {
	id, ok := c.theRole()
	if !ok {
		return
	}
	var teams List[RoleTeam]
	if c.org.RoleTeams != nil {
		teams = c.org.RoleTeams(id)
	}
	list(c, teams, (*call).roleTeam)
}
