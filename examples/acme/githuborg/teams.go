package githuborg

import (
	"slices"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/github/githubtest"
)

func (o *org) team(id company.TeamID) githubtest.TeamInfo {
	t := o.live.Team(id)
	info := githubtest.TeamInfo{
		ID: t.ID, Slug: t.Slug, Name: t.Name, Description: "People of " + t.Department.String(), Privacy: "closed",
		CreatedAt: company.AsOf().AddDate(-4, 0, -id.N-1), UpdatedAt: company.AsOf().AddDate(-1, 0, 0),
	}
	if t.Secret {
		info.Privacy = "secret"
	}
	if t.Parent != nil {
		info.Parent = o.live.Team(*t.Parent).Slug
	}
	return info
}

func (o *org) teams() githubtest.List[githubtest.TeamInfo] {
	return githubtest.List[githubtest.TeamInfo]{
		Len: func() (n int) {
			for _, d := range o.Departments {
				n += 1 + o.live.TeamsOf(d)
			}
			return n
		},
		At: func(i int) githubtest.TeamInfo {
			if i < 0 {
				return githubtest.TeamInfo{}
			}
			for _, d := range o.Departments {
				n := 1 + o.live.TeamsOf(d)
				if i < n {
					return o.team(company.TeamID{Department: d, N: i + company.WholeDepartment})
				}
				i -= n
			}
			return githubtest.TeamInfo{}
		},
		Find: func(key string) (githubtest.TeamInfo, bool) {
			id, ok := o.teamNamed(key)
			if !ok {
				return githubtest.TeamInfo{}, false
			}
			return o.team(id), true
		},
	}
}

// teamNamed is the team with a slug, or with "#" and its id.
func (o *org) teamNamed(key string) (company.TeamID, bool) {
	id, ok := company.TeamNamed(key)
	if number, is := strings.CutPrefix(key, "#"); is {
		n, err := strconv.ParseInt(number, 10, 64)
		id, ok = company.TeamWithID(n)
		ok = ok && err == nil
	}
	return id, ok && slices.Contains(o.Departments, id.Department) && id.N < o.live.TeamsOf(id.Department)
}

func (o *org) teamMembers(slug string) githubtest.List[githubtest.TeamMember] {
	id, ok := o.teamNamed(slug)
	if !ok {
		return githubtest.List[githubtest.TeamMember]{}
	}
	return githubtest.List[githubtest.TeamMember]{
		Len: func() int { return o.live.TeamLen(id) },
		At: func(i int) githubtest.TeamMember {
			p := o.live.TeamPerson(id, i)
			if p < 0 {
				return githubtest.TeamMember{}
			}
			m := githubtest.TeamMember{User: user(o.live.Person(p)), Role: "member", Inherited: id.N == company.WholeDepartment}
			if i == 0 && !m.Inherited {
				m.Role = "maintainer"
			}
			return m
		},
	}
}

// teamRepos are the projects that a team works on; those of a department's projects that are in another organisation are
// not here.
func (o *org) teamRepos(slug string) githubtest.List[githubtest.RepoGrant] {
	id, ok := o.teamNamed(slug)
	if !ok || !slices.Contains(o.Owning, id.Department) {
		return githubtest.List[githubtest.RepoGrant]{}
	}
	return githubtest.List[githubtest.RepoGrant]{
		Len: func() int { return o.live.TeamProjects(id) },
		At: func(i int) githubtest.RepoGrant {
			return githubtest.RepoGrant{Repo: o.repo(o.live.ProjectNow(o.live.TeamProject(id, i))), Permission: "push"}
		},
	}
}

func (o *org) repoTeams(repo string) githubtest.List[githubtest.TeamGrant] {
	p, ok := o.project(repo)
	if !ok {
		return githubtest.List[githubtest.TeamGrant]{}
	}
	return githubtest.ListOf(githubtest.TeamGrant{Team: o.team(p.Team), Permission: "push"})
}

// The organisation's roles.
const (
	readAllRole  = 8132
	responseRole = 40_001
)

func (o *org) roles() githubtest.List[githubtest.Role] {
	made := company.AsOf().AddDate(-3, 0, 0)
	list := []githubtest.Role{{
		ID: readAllRole, Name: "all_repo_read", Description: "Reads every repository", BaseRole: "read", Source: "Predefined",
		CreatedAt: made, UpdatedAt: made,
	}}
	if o.Plan == githubtest.Enterprise {
		list = append(list, githubtest.Role{
			ID: responseRole, Name: "Incident response", Description: "Reads the audit log and manages webhooks", BaseRole: "read",
			Source: "Organization", Permissions: []string{"manage_organization_webhooks", "read_audit_logs"},
			CreatedAt: made, UpdatedAt: made,
		})
	}
	return githubtest.ListOf(list...)
}

func (o *org) roleTeams(id int64) githubtest.List[githubtest.RoleTeam] {
	if id != readAllRole && (id != responseRole || o.Plan != githubtest.Enterprise) {
		return githubtest.List[githubtest.RoleTeam]{}
	}
	security := company.TeamID{Department: company.Security, N: company.WholeDepartment}
	return githubtest.ListOf(githubtest.RoleTeam{Team: o.team(security), Assignment: "direct"})
}
