package company

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Visibility is who can see a project.
type Visibility string

// The visibilities.
const (
	Private  Visibility = "private"
	Internal Visibility = "internal" // everyone in the company
	Public   Visibility = "public"
)

// Project is a place with files: a repository, a drive, a site.
type Project struct {
	Index       int
	ID          int64 // unique
	Name        string
	Description string
	Department  Department
	Team        TeamID // who works on it
	Visibility  Visibility
	Archived    bool
	Language    string
	CreatedAt   time.Time
	PushedAt    time.Time
	Head        string // changes with every push
	Pushes      int
	files       int // made from words, below src/
}

const (
	firstProjectID = 600_000
	nameCount      = len(words) * len(projectKinds)
	nameFactor     = 421 // odd, so that multiplying permutes; its inverse is found by nameInverse
)

// The big project: more files than one answer of most providers may hold. Companies of bigFrom people have it.
const (
	bigProject = 0
	bigFiles   = 150_000
	bigFrom    = 100_000
)

// Project gives a project. Indexes from Projects() on are those created later.
func (c *Company) Project(i int) Project {
	h := c.hash(ofProject, i)
	dep := departmentOf(i)
	p := Project{
		Index: i, ID: firstProjectID + int64(i)*idStep + int64(h%idStep),
		Name: c.projectName(i), Department: dep, Visibility: Private, Archived: h>>8%16 == 0,
		CreatedAt: AsOf().Add(-time.Duration(400+below(h>>12, 2000)) * 24 * time.Hour),
		PushedAt:  daysBefore(mix(h), 300), Head: hex20(h, 0), files: fileCount(mix(h + 1)),
	}
	rank, _ := units[dep].Rank(i)
	p.Team = TeamID{dep, WholeDepartment}
	if teams := c.workingTeams(dep); teams > 0 {
		p.Team.N = rank % teams
	}
	switch v := h >> 40 % 16; {
	case v == 0:
		p.Visibility = Public
	case v < 4:
		p.Visibility = Internal
	}
	p.Language = [...]string{"Go", "TypeScript", "Python", "Rust", "Java"}[below(h>>44, 5)]
	if i == bigProject && c.size >= bigFrom {
		p.files = bigFiles
	}
	p.Description = "The " + strings.ReplaceAll(p.Name, "-", " ") + " of " + dep.String()
	c.placeProject(&p)
	return p
}

// workingTeams is how many teams of a department take the projects in turn. Later teams have none.
func (c *Company) workingTeams(d Department) int { return teamCount(units[d].Len(c.size)) }

// teamProject is the n-th project of a team, for the inverse of Project's Team.
func (c *Company) teamProject(t TeamID, n int) int {
	if t.N == WholeDepartment {
		return units[t.Department].At(n)
	}
	return units[t.Department].At(t.N + n*c.workingTeams(t.Department))
}

// fileCount has a heavy tail: half of the projects have fewer than forty files, one in a thousand has thousands.
func fileCount(h uint64) int {
	u := float64(h>>11+1) / (1 << 53)
	return min(int(14*math.Pow(u, -0.95)), 20_000)
}

func (c *Company) nameOffset() int { return below(c.hash(ofProject), nameCount) }

func (c *Company) projectName(i int) string {
	j := (i%nameCount*nameFactor + c.nameOffset()) % nameCount
	name := words[j/len(projectKinds)] + "-" + projectKinds[j%len(projectKinds)]
	if again := i / nameCount; again > 0 {
		name += "-" + strconv.Itoa(again+1)
	}
	return name
}
