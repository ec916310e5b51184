package githubtest

import "strconv"

// page gives where a page of up to 100 begins and ends, behind a cursor.
func (c *call) page(after, word string, n int) (from, to int, ok bool) {
	if after != "" {
		i, err := strconv.Atoi(after[min(len(word)+1, len(after)):])
		if err != nil || i < 0 {
			c.graphQLError("INVALID_CURSOR_ARGUMENTS", "`"+after+"` does not appear to be a valid cursor.")
			return 0, 0, false
		}
		from = min(i, n)
	}
	return from, min(from+perPageMax, n), true
}

func pageInfo(b []byte, word string, to, n int) []byte {
	b = flag(append(key(b, "pageInfo"), '{'), "hasNextPage", to < n)
	return append(str(b, "endCursor", word+":"+strconv.Itoa(to)), '}')
}

// teamsOf answers with the teams that a member is in by name, and as what.
func (c *call) teamsOf(login, after string) {
	teams := subset(c, c.org, "teams of "+lower(login), c.org.Teams, func(t *TeamInfo) bool {
		m, ok := c.org.TeamMembers(t.Slug).find(lower(login), isTeamMember)
		return ok && !m.Inherited
	})
	n := teams.len()
	from, to, ok := c.page(after, "team", n)
	if !ok {
		return
	}
	b := num(append(c.b, `{"data":{"organization":{`...), "databaseId", c.org.ID)
	b = pageInfo(append(key(b, "teams"), '{'), "team", to, n)
	b = append(key(b, "nodes"), '[')
	for i := from; i < to; i++ {
		t := teams.At(i)
		m, _ := c.org.TeamMembers(t.Slug).find(lower(login), isTeamMember)
		b = str(num(append(comma(b), '{'), "databaseId", t.ID), "slug", t.Slug)
		b = append(key(b, "members"), `{"edges":[{"role":"`...)
		b = append(b, map[bool]string{true: "MAINTAINER", false: "MEMBER"}[m.Role == "maintainer"]...)
		b = append(str(append(b, `","node":{`...), "login", m.Login), `}}]}}`...)
	}
	c.b = append(b, `]}}}}`...)
}

// graphQLLevels are the permissions in the words of GraphQL.
var graphQLLevels = map[string]string{"pull": "READ", "triage": "TRIAGE", "push": "WRITE", "maintain": "MAINTAIN", "admin": "ADMIN"}

// reposOf answers with all repositories, and what an outside collaborator may do in each.
func (c *call) reposOf(login, after string) {
	repos := c.visibleRepos()
	n := repos.len()
	from, to, ok := c.page(after, "repo", n)
	if !ok {
		return
	}
	b := append(c.b, `{"data":{"organization":{`...)
	b = pageInfo(append(key(b, "repositories"), '{'), "repo", to, n)
	b = append(key(b, "nodes"), '[')
	for i := from; i < to; i++ {
		r := repos.At(i)
		if r.ID == 0 {
			continue
		}
		b = str(num(append(comma(b), '{'), "databaseId", r.ID), "name", r.Name)
		b = append(key(b, "collaborators"), `{"edges":[`...)
		if v, has := c.org.Access(r.Name).find(lower(login), isCollaborator); has && v.Outside {
			b = append(str(append(str(append(b, '{'), "permission", graphQLLevels[v.Permission]), `,"node":{`...), "login", v.Login), '}', '}')
		}
		b = append(b, ']', '}', '}')
	}
	c.b = append(b, `]}}}}`...)
}
