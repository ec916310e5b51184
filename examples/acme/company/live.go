package company

import (
	"sync"
	"time"
)

// MaxChanges bounds what a Live remembers: differences from the company as it was, and the last activities. Beyond it
// people who left come back, and the oldest activities are forgotten.
const MaxChanges = 100_000

// Live is a company to which things happen. It keeps only what differs from the unchanged company. It is safe for
// concurrent use; what it gives may be outdated a moment later.
type Live struct {
	*Company
	history History

	paperHistory History

	mu      sync.RWMutex
	step    int
	hired   int
	created int
	gone    map[*Unit]*ranks            // who left, by rank in the unit
	away    [len(departmentTable)]ranks // who is not in the team of the rank: left or moved
	joined  map[TeamID][]int            // who moved into a team
	moved   map[int]TeamID              // the same by person
	seen    map[int]Visibility          // projects
	work    map[int]*work               // projects
	recent  []Change                    // ascending
	kept    int                         // differences
	leftAt  map[int]time.Time           // who left since the beginning

	paperStep    int
	shelves      map[Space]*shelf
	touched      []Space  // those with a shelf, in order
	recentPapers []Change // ascending
	papersSeen   int      // ever
	papersKept   int      // differences in documents
}

// work is what was done in a project.
type work struct {
	pushes, added int
	at            time.Time
	revision      map[int]int // of a file
}

// Live gives the company as it is at a time. units are those whose people are listed later, beside the departments.
func (c *Company) Live(now time.Time, list ...*Unit) *Live {
	l := &Live{
		Company: c, history: c.HistoryUntil(now), gone: map[*Unit]*ranks{}, joined: map[TeamID][]int{},
		moved: map[int]TeamID{}, seen: map[int]Visibility{}, work: map[int]*work{},
		leftAt: map[int]time.Time{}, paperHistory: c.documentHistory(now), shelves: map[Space]*shelf{},
	}
	for _, u := range append(append(list, everyone, boxOfPlace), units[:]...) {
		l.gone[u] = &ranks{}
	}
	return l
}

// Version is another number after every change.
func (l *Live) Version() uint64 {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return uint64(l.step)
}

// PeopleIn is how many people of a unit are in the company now.
func (l *Live) PeopleIn(u *Unit) int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.gone[u].in(0, u.Len(l.size+l.hired))
}

// PersonIn is the index of the n-th of them, -1 when there is none any more.
func (l *Live) PersonIn(u *Unit, n int) int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	all := u.Len(l.size + l.hired)
	if n < 0 || n >= l.gone[u].in(0, all) {
		return -1
	}
	return u.At(l.gone[u].at(n, 0, all))
}

// Here says whether a person is in the company and the unit.
func (l *Live) Here(u *Unit, person int) bool {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.here(u, person)
}

func (l *Live) here(u *Unit, person int) bool {
	if person < 0 || person >= l.size+l.hired {
		return false
	}
	rank, ok := u.Rank(person)
	return ok && !l.gone[u].has(rank)
}

// Admins are the people who administer the apps. They do not leave.
func (l *Live) Admins() (people []int) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for rank := range min(admins, units[IT].Len(l.size+l.hired)) {
		people = append(people, units[IT].At(rank))
	}
	return people
}

// TeamsOf is how many teams a department has, itself not counted.
func (l *Live) TeamsOf(d Department) int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return teamCount(units[d].Len(l.size + l.hired))
}

// TeamLen is how many people are in a team.
func (l *Live) TeamLen(t TeamID) int {
	if t.N == WholeDepartment {
		return l.PeopleIn(units[t.Department])
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.born(t) + len(l.joined[t])
}

// born is how many are in a team by their rank.
func (l *Live) born(t TeamID) int {
	from, to := t.ranks()
	return l.away[t.Department].in(from, max(from, min(to, units[t.Department].Len(l.size+l.hired))))
}

// TeamPerson is the n-th person of a team, -1 when there is none any more.
func (l *Live) TeamPerson(t TeamID, n int) int {
	if t.N == WholeDepartment {
		return l.PersonIn(units[t.Department], n)
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	born := l.born(t)
	switch {
	case n < 0 || n >= born+len(l.joined[t]):
		return -1
	case n >= born:
		return l.joined[t][n-born]
	}
	from, to := t.ranks()
	return units[t.Department].At(l.away[t.Department].at(n, from, to))
}

// TeamNow is the team a person is in.
func (l *Live) TeamNow(person int) TeamID {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.teamNow(person)
}

func (l *Live) teamNow(person int) TeamID {
	if t, ok := l.moved[person]; ok {
		return t
	}
	d := departmentOf(person)
	rank, _ := units[d].Rank(person)
	return teamOfRank(d, rank)
}

// ProjectsIn is how many projects a unit has.
func (l *Live) ProjectsIn(u *Unit) int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return u.Len(l.Projects() + l.created)
}

// TeamProjects is how many projects a team works on. Nobody works on those of a whole department that has teams.
func (l *Live) TeamProjects(t TeamID) int {
	teams := l.workingTeams(t.Department)
	if t.N >= teams || (t.N == WholeDepartment && teams > 0) {
		return 0
	}
	all := l.ProjectsIn(units[t.Department])
	if t.N == WholeDepartment {
		return all
	}
	return (all - t.N + teams - 1) / teams
}

// TeamProject is the index of the n-th of them.
func (l *Live) TeamProject(t TeamID, n int) int { return l.teamProject(t, n) }

// Next is the index of the n-th person of a unit who is hired next.
func (l *Live) Next(u *Unit, n int) int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return u.At(u.Len(l.size+l.hired) + n)
}

// ProjectNow gives a project as it is.
func (l *Live) ProjectNow(i int) Project {
	p := l.Project(i)
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.current(p)
}

func (l *Live) current(p Project) Project {
	if v, ok := l.seen[p.Index]; ok {
		p.Visibility = v
	}
	if w := l.work[p.Index]; w != nil {
		p.PushedAt, p.Pushes, p.Head = w.at, w.pushes, hex20(l.hash(ofProject, p.Index), w.pushes)
	}
	return p
}

// FilesNow is how many files a project has.
func (l *Live) FilesNow(p *Project) int {
	n := l.FileCount(p)
	l.mu.RLock()
	defer l.mu.RUnlock()
	if w := l.work[p.Index]; w != nil {
		n += w.added
	}
	return n
}

// ContentNow gives the bytes of the f-th file of a project.
func (l *Live) ContentNow(p *Project, f int) []byte {
	l.mu.RLock()
	revision := 0
	if w := l.work[p.Index]; w != nil {
		revision = w.revision[f]
	}
	l.mu.RUnlock()
	return l.FileContent(p, f, revision)
}

// Activities is how many activities there are to read.
func (l *Live) Activities() int {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.history.Len() + len(l.recent)
}

// Activity gives the i-th, oldest first; false when there is none.
func (l *Live) Activity(i int) (Change, bool) {
	if i < 0 {
		return Change{}, false
	}
	if i < l.history.Len() {
		return l.history.At(i), true
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	if i -= l.history.Len(); i >= len(l.recent) {
		return Change{}, false
	}
	return l.recent[i], true
}

// remember adds to the activities and forgets a tenth of them when there are too many.
func (l *Live) remember(ch Change) {
	l.recent = appendActivity(l.recent, ch)
	switch ch.Kind {
	case SignedIn, Hired, Left, MovedTeam:
		l.rememberDocument(ch)
	}
}
