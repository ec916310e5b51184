package githuborg

import (
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/github/githubtest"
)

func (o *org) repo(p company.Project) githubtest.Repo {
	r := githubtest.Repo{
		ID: p.ID, Name: p.Name, Description: p.Description, Visibility: string(p.Visibility), Archived: p.Archived,
		DefaultBranch: "main", Head: p.Head, Language: p.Language, SizeKB: 2 * o.live.FilesNow(&p),
		SecretScanning: o.Plan == githubtest.Enterprise, CreatedAt: p.CreatedAt, UpdatedAt: p.PushedAt, PushedAt: p.PushedAt,
	}
	if p.Visibility == company.Internal && o.Plan != githubtest.Enterprise {
		r.Visibility = string(company.Private) // the plan has no internal
	}
	return r
}

func (o *org) repos() githubtest.List[githubtest.Repo] {
	return githubtest.List[githubtest.Repo]{
		Len: func() int { return o.live.ProjectsIn(o.projects) },
		At: func(i int) githubtest.Repo {
			if i < 0 || i >= o.live.ProjectsIn(o.projects) {
				return githubtest.Repo{}
			}
			return o.repo(o.live.ProjectNow(o.projects.At(i)))
		},
		Find: func(key string) (githubtest.Repo, bool) {
			p, ok := o.project(key)
			if !ok {
				return githubtest.Repo{}, false
			}
			return o.repo(p), true
		},
	}
}

// project is the one with a name, or with "#" and its id.
func (o *org) project(key string) (company.Project, bool) {
	i, ok := o.live.ProjectNamed(key)
	if number, is := strings.CutPrefix(key, "#"); is {
		n, err := strconv.ParseInt(number, 10, 64)
		i, ok = o.live.ProjectWithID(n)
		ok = ok && err == nil
	}
	if !ok {
		return company.Project{}, false
	}
	if rank, here := o.projects.Rank(i); !here || rank >= o.live.ProjectsIn(o.projects) {
		return company.Project{}, false
	}
	return o.live.ProjectNow(i), true
}

// rank is the place of a project in the organisation.
func (o *org) rank(p *company.Project) int {
	rank, _ := o.projects.Rank(p.Index)
	return rank
}

// The projects that have one: every so many, by rank.
const (
	directEvery = 5
	keyEvery    = 6
)

// direct is the member who may push to a project without being in its team, -1 for none.
func (o *org) direct(p *company.Project) int {
	if o.rank(p)%directEvery != 2 {
		return -1
	}
	i := o.people.At(int(p.ID) % o.people.Len(o.live.Size()))
	if !o.live.Here(o.people, i) || o.live.TeamNow(i) == p.Team || o.live.Person(i).Admin {
		return -1
	}
	return i
}

// access is who can use a project: first those by name, then the owners, then its team or, where members may read
// everything, all members.
func (o *org) access(repo string) githubtest.List[githubtest.Collaborator] {
	p, ok := o.project(repo)
	if !ok {
		return githubtest.List[githubtest.Collaborator]{}
	}
	named := o.named(&p)
	everyone := o.base() == "read"
	if !everyone {
		named = append(named, o.owners(&p)...)
	}
	direct := o.direct(&p)
	return githubtest.List[githubtest.Collaborator]{
		Len: func() int {
			if everyone {
				return len(named) + o.live.PeopleIn(o.people)
			}
			return len(named) + o.live.TeamLen(p.Team)
		},
		At: func(i int) githubtest.Collaborator {
			if i < len(named) {
				return named[max(i, 0)]
			}
			i -= len(named)
			if everyone {
				i = o.live.PersonIn(o.people, i)
			} else {
				i = o.live.TeamPerson(p.Team, i)
			}
			if i < 0 || i == direct {
				return githubtest.Collaborator{}
			}
			return o.collaborator(i, &p)
		},
	}
}

func (o *org) collaborator(person int, p *company.Project) githubtest.Collaborator {
	who := o.live.Person(person)
	c := githubtest.Collaborator{User: user(who), Permission: "pull"}
	if o.live.TeamNow(person) == p.Team {
		c.Permission = "push"
	}
	if who.Admin {
		c.Permission = "admin"
	}
	return c
}

// named are those who have access by name: the guest and the direct one.
func (o *org) named(p *company.Project) (list []githubtest.Collaborator) {
	if g, ok := company.GuestOf(o.rank(p)); ok && g < o.guests() {
		guest := o.projects.At(g)
		c := githubtest.Collaborator{User: user(o.live.Guest(guest)), Permission: "push", Outside: true, Direct: true}
		if guest == o.live.PowerfulGuest() {
			c.Permission = "admin"
		}
		list = append(list, c)
	}
	if i := o.direct(p); i >= 0 {
		list = append(list, githubtest.Collaborator{User: user(o.live.Person(i)), Permission: "push", Direct: true})
	}
	return list
}

// owners are the owners of the organisation who are not in the project's team.
func (o *org) owners(p *company.Project) (list []githubtest.Collaborator) {
	for _, i := range o.live.Admins() {
		if o.live.TeamNow(i) != p.Team {
			list = append(list, o.collaborator(i, p))
		}
	}
	return list
}

func (o *org) deployKeys(repo string) githubtest.List[githubtest.DeployKey] {
	p, ok := o.project(repo)
	if !ok {
		return githubtest.List[githubtest.DeployKey]{}
	}
	k := githubtest.DeployKey{
		ID: p.ID, Title: "build machine", Key: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + o.live.Project(p.Index).Head, ReadOnly: true, Verified: true,
		AddedBy: o.live.Person(o.live.CarelessAdmin()).Login, CreatedAt: p.CreatedAt, LastUsed: company.AsOf().AddDate(0, 0, -1),
	}
	switch {
	case p.Index == o.live.DeployProject():
		k.Title, k.ReadOnly, k.LastUsed = "old deploy script", false, company.AsOf().AddDate(-1, 0, 0)
	case o.rank(&p)%keyEvery != 3:
		return githubtest.List[githubtest.DeployKey]{}
	}
	return githubtest.ListOf(k)
}
