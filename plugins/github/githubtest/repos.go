package githubtest

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

func (c *call) getRepos() {
	typ := orString(c.query("type"), "all")
	if !slices.Contains([]string{"all", "public", "private", "forks", "sources", "member", "internal"}, typ) {
		c.invalid("type", "Invalid request. type is not one of all, public, private, forks, sources, member, internal.")
		return
	}
	if typ == "internal" && c.who.kind == installed {
		c.invalid("type", "Type internal is not supported with an installation access token.")
		return
	}
	repos := c.visibleRepos()
	if typ != "all" {
		repos = subset(c, c.org, "repos "+typ+c.viewer(), repos, func(r *Repo) bool {
			switch typ {
			case "forks":
				return r.Fork
			case "sources":
				return !r.Fork
			case "private":
				return r.visibility() != "public"
			default:
				return r.visibility() == typ
			}
		})
	}
	list(c, c.sortRepos(repos, typ), (*call).listedRepo)
}

// viewer names who sees what, so that one caller's order is not kept for another.
func (c *call) viewer() string {
	return " " + strconv.Itoa(int(c.who.kind)) + " " + c.who.quota
}

// visibleRepos are those the caller sees; the others are left out without a word.
func (c *call) visibleRepos() List[Repo] {
	w := c.who
	if (w.kind == installed || w.kind == fine) && w.org == c.org && w.repos == nil {
		return c.org.Repos
	}
	if w.kind == classic && w.scopes["repo"] && !c.ssoMissing(c.org) && c.roleIn(c.org) != "" {
		return c.org.Repos
	}
	selected := w.repos != nil && w.org == c.org
	see := func(r *Repo) bool {
		if selected {
			return w.repos[lower(r.Name)]
		}
		return c.sees(c.org, r)
	}
	if selected { // another token of the same caller may see others: not kept
		var index []int
		for i, n := 0, c.org.Repos.len(); i < n; i++ {
			if r := c.org.Repos.At(i); see(&r) {
				index = append(index, i)
			}
		}
		return List[Repo]{Len: func() int { return len(index) }, At: func(i int) Repo { return c.org.Repos.At(index[i]) }}
	}
	return subset(c, c.org, "repos visible"+c.viewer()+w.listed, c.org.Repos, see)
}

// sortRepos is the order asked for: newest first, or by name.
func (c *call) sortRepos(repos List[Repo], typ string) List[Repo] {
	by := orString(c.query("sort"), "created")
	direction := c.query("direction")
	if direction == "" {
		direction = map[bool]string{true: "asc", false: "desc"}[by == "full_name"]
	}
	sign := 1
	if direction == "desc" {
		sign = -1
	}
	name := "repos by " + by + direction + typ + c.viewer() + c.who.listed + strconv.Itoa(repos.len())
	if by == "full_name" {
		return sorted(c, c.org, name, repos, func(r *Repo) string { return lower(r.Name) }, func(a, b string) int { return sign * cmp.Compare(a, b) })
	}
	at := func(r *Repo) time.Time {
		switch by {
		case "pushed":
			return r.PushedAt
		case "updated":
			return r.UpdatedAt
		default:
			return r.CreatedAt
		}
	}
	return sorted(c, c.org, name, repos, at, func(a, b time.Time) int { return sign * a.Compare(b) })
}

func (c *call) getInstallationRepos() {
	repos := c.visibleRepos()
	c.b = num(append(c.b, '{'), "total_count", int64(repos.len()))
	c.b = str(c.b, "repository_selection", orString(c.who.inst.RepositorySelection, "all"))
	c.b = append(key(c.b, "repositories"), '[')
	listBody(c, repos, (*call).listedRepo)
	c.b = append(c.b, ']', '}')
}

func (c *call) getRepo() { c.ok(c.fullRepo(c.b, c.org, &c.repo)) }

func (c *call) getCollaborators() {
	affiliation, permission := orString(c.query("affiliation"), "all"), c.query("permission")
	var all List[Collaborator]
	if c.org.Access != nil {
		all = c.org.Access(c.repo.Name)
	}
	if affiliation != "all" || permission != "" {
		all = subset(c, c.org, "access "+c.repo.Name+" "+affiliation+permission, all, func(v *Collaborator) bool {
			fits := affiliation == "all" || affiliation == "outside" && v.Outside || affiliation == "direct" && (v.Direct || v.Outside)
			return fits && (permission == "" || v.Permission == permission)
		})
	}
	list(c, all, (*call).collaborator)
}

func (c *call) getRepoTeams() {
	var teams List[TeamGrant]
	if c.org.RepoTeams != nil {
		teams = c.org.RepoTeams(c.repo.Name)
	}
	list(c, teams, (*call).teamGrant)
}

func (c *call) getDeployKeys() {
	var keys List[DeployKey]
	if c.org.DeployKeys != nil {
		keys = c.org.DeployKeys(c.repo.Name)
	}
	list(c, keys, (*call).deployKey)
}
