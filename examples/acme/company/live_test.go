package company

import (
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func list(l *Live, u *Unit) (people []int) {
	for i := range l.PeopleIn(u) {
		people = append(people, l.PersonIn(u, i))
	}
	return people
}

// TestLive replays what Step says on a plain copy of the company, and compares after every few steps.
func TestLive(t *testing.T) {
	some := UnitOf(Sales, IT)
	l := New(5, 300).Live(now(), some)
	everyone := map[int]bool{}
	teams := map[int]TeamID{}
	for i := range 300 {
		everyone[i] = true
		teams[i] = l.Person(i).Team
	}
	projects, kinds := l.ProjectsIn(some), map[ChangeKind]int{}
	shown := map[int]Visibility{}
	for i := range 1000 {
		before := l.Version()
		ch := l.Step(now().Add(time.Duration(i) * time.Second))
		if l.Version() == before {
			t.Fatal("a step leaves the version as it was")
		}
		kinds[ch.Kind]++
		switch ch.Kind {
		case Hired:
			everyone[ch.Person], teams[ch.Person] = true, ch.Team
		case Left:
			if !everyone[ch.Person] {
				t.Fatalf("person %d left twice", ch.Person)
			}
			delete(everyone, ch.Person)
			delete(teams, ch.Person)
		case MovedTeam:
			if teams[ch.Person] != ch.From {
				t.Fatalf("person %d moved from %v, was in %v", ch.Person, ch.From, teams[ch.Person])
			}
			teams[ch.Person] = ch.Team
		case ProjectCreated:
			if _, ok := some.Rank(ch.Project); ok {
				projects++
			}
		case ProjectSeen:
			shown[ch.Project] = ch.Now
		}
		if i%50 == 49 {
			compare(t, l, everyone, teams, some)
		}
	}
	if got := l.ProjectsIn(some); got != projects {
		t.Errorf("%d projects, want %d", got, projects)
	}
	for p, v := range shown {
		if got := l.ProjectNow(p).Visibility; got != v {
			t.Errorf("project %d is %s, want %s", p, got, v)
		}
	}
	for _, k := range []ChangeKind{SignedIn, Downloaded, Hired, Left, MovedTeam, ProjectCreated, ProjectSeen, FileAdded, FileChanged} {
		if kinds[k] == 0 {
			t.Errorf("in 1000 steps nothing is %q: %v", k, kinds)
		}
	}
	for _, p := range []int{0, l.Leaver(), l.CarelessAdmin(), l.ForgetfulOwner()} {
		if !everyone[p] {
			t.Errorf("person %d plays a part and left", p)
		}
	}
}

func compare(t *testing.T, l *Live, everyone map[int]bool, teams map[int]TeamID, some *Unit) {
	t.Helper()
	var inSome, inTeams []int
	for p := range everyone {
		if _, ok := some.Rank(p); ok {
			inSome = append(inSome, p)
		}
	}
	slices.Sort(inSome)
	if d := cmp.Diff(inSome, list(l, some)); d != "" {
		t.Fatalf("people of the unit (-want +got):\n%s", d)
	}
	for _, d := range Departments() {
		for n := range l.TeamsOf(d) {
			id := TeamID{d, n}
			for i := range l.TeamLen(id) {
				p := l.TeamPerson(id, i)
				if teams[p] != id || l.TeamNow(p) != id {
					t.Fatalf("person %d is in %v, want %v", p, id, teams[p])
				}
				inTeams = append(inTeams, p)
			}
			if l.TeamPerson(id, l.TeamLen(id)) != -1 {
				t.Fatal("a team has somebody behind its end")
			}
		}
	}
	if len(inTeams) != len(everyone) {
		t.Fatalf("%d people in teams, want each of %d once", len(inTeams), len(everyone))
	}
}

// TestFilesChange: a push is seen in the project, and in the file it says and in no other.
func TestFilesChange(t *testing.T) {
	l := New(5, 100).Live(now())
	done := map[ChangeKind]bool{}
	for i := 0; len(done) < 2 && i < 500; i++ {
		before := make([]map[string]string, l.Projects())
		for p := range before {
			before[p] = contents(l, p)
		}
		ch := l.Step(now().Add(time.Duration(i) * time.Second))
		if ch.Kind != FileAdded && ch.Kind != FileChanged || ch.Project >= len(before) {
			continue
		}
		done[ch.Kind] = true
		for p := range before {
			after := contents(l, p)
			for path, id := range after {
				if changed := before[p][path] != id; changed != (p == ch.Project && path == ch.Path) {
					t.Fatalf("%s %s in project %d: file %s of %d changed: %v", ch.Kind, ch.Path, ch.Project, path, p, changed)
				}
			}
		}
		if p := l.ProjectNow(ch.Project); !p.PushedAt.Equal(ch.Time) || p.Head == l.Project(ch.Project).Head {
			t.Errorf("after a push the project is %+v", p)
		}
	}
	if len(done) < 2 {
		t.Errorf("500 steps pushed only %v", done)
	}
}

func contents(l *Live, project int) map[string]string {
	p := l.Project(project)
	ids := map[string]string{}
	for f := range min(l.FilesNow(&p), 2000) {
		ids[l.FilePath(&p, f)] = hexID(l.ContentNow(&p, f))
	}
	return ids
}

func TestLiveIsDeterministic(t *testing.T) {
	run := func() string {
		l := New(9, 200).Live(now())
		for i := range 500 {
			l.Step(now().Add(time.Duration(i) * time.Second))
		}
		var all []Change
		for i := l.Activities() - 500; i < l.Activities(); i++ {
			ch, ok := l.Activity(i)
			if !ok {
				t.Fatalf("no activity %d of %d", i, l.Activities())
			}
			all = append(all, ch)
		}
		b, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	if d := cmp.Diff(run(), run()); d != "" {
		t.Errorf("the same steps gave something else:\n%s", d)
	}
}

// TestMemoryIsBounded goes far beyond MaxChanges, and life goes on.
func TestMemoryIsBounded(t *testing.T) {
	l := New(2, 100_000).Live(now())
	history := l.Activities()
	last := map[ChangeKind]int{}
	const steps = 4 * MaxChanges
	most := 0
	for i := range steps {
		last[l.Step(now().Add(time.Duration(i)*time.Second)).Kind] = i
		most = max(most, l.kept)
	}
	if most > MaxChanges+1 || len(l.recent) > MaxChanges { // a push may add two
		t.Errorf("%d differences and %d activities kept, want at most %d", most, len(l.recent), MaxChanges)
	}
	if got := l.Activities() - history; got < MaxChanges*9/10 {
		t.Errorf("only %d activities are left", got)
	}
	held := len(l.seen) + len(l.moved) + l.leftCount()
	for _, w := range l.work {
		held += 1 + len(w.revision)
	}
	if held != l.kept {
		t.Errorf("%d differences are held, %d counted", held, l.kept)
	}
	for _, k := range []ChangeKind{Hired, FileAdded, ProjectCreated, Downloaded} {
		if last[k] < steps-1000 {
			t.Errorf("nothing %q since step %d", k, last[k])
		}
	}
}

// TestReadWhileLiving is for the race detector.
func TestReadWhileLiving(_ *testing.T) {
	some := UnitOf(Sales)
	l := New(2, 200).Live(now(), some)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 300 {
				for i := range l.PeopleIn(some) {
					if p := l.PersonIn(some, i); p >= 0 {
						l.TeamNow(p)
					}
				}
				p := l.ProjectNow(3)
				l.ContentNow(&p, l.FilesNow(&p)-1)
				l.Activity(l.Activities() - 1)
			}
		})
	}
	for i := range 300 {
		l.Step(now().Add(time.Duration(i) * time.Second))
	}
	wg.Wait()
}
