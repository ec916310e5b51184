package company

import (
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files anew")

func now() time.Time { return time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC) }

// TestGolden holds the first few of everything against a file: the same seed must give the same company for ever.
func TestGolden(t *testing.T) {
	c := New(1, 500)
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	put := func(v any) {
		if err := enc.Encode(v); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 8 {
		put(c.Person(i))
	}
	for i := range 3 {
		put(c.Guest(i))
		put(c.Team(TeamID{Department(i), i}))
		p := c.Project(i)
		put(p)
		for f := range min(12, c.FileCount(&p)) {
			id := BlobID(c.FileContent(&p, f, 0))
			put(c.FilePath(&p, f) + " " + hex.EncodeToString(id[:]))
		}
	}
	for i := range 3 {
		put(c.HistoryUntil(now()).At(i))
	}
	live := c.Live(now())
	for i := range 12 {
		put(live.Step(now().Add(time.Duration(i) * time.Second)))
	}
	for _, in := range c.Incidents() {
		put(in)
	}
	path := filepath.Join("testdata", "golden.jsonl")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(b.String(), "\n")); d != "" {
		t.Errorf("the company of seed 1 changed (-golden +now):\n%s", d)
	}
}

func TestSeedAndSize(t *testing.T) {
	a, b, other := New(1, 50), New(1, 100_000), New(2, 50)
	for i := range 50 {
		pa, pb := a.Person(i), b.Person(i)
		if d := cmp.Diff(pa, pb); d != "" {
			t.Errorf("person %d depends on the size:\n%s", i, d)
		}
	}
	if a.Person(0).Name == other.Person(0).Name && a.Person(1).Name == other.Person(1).Name {
		t.Error("two seeds give the same people")
	}
	if got := New(1, 3).Size(); got != MinSize {
		t.Errorf("size below the least: got %d, want %d", got, MinSize)
	}
	if got := New(1, 5_000_000).Size(); got != MaxSize {
		t.Errorf("size above the most: got %d, want %d", got, MaxSize)
	}
}

func TestPeopleAreUnique(t *testing.T) {
	c := New(7, 100_000)
	logins, emails, ids := map[string]bool{}, map[string]bool{}, map[int64]bool{}
	check := func(p Person) {
		if logins[p.Login] || emails[p.Email] || ids[p.ID] {
			t.Fatalf("person %d (%s, %s, %d) is there twice", p.Index, p.Login, p.Email, p.ID)
		}
		logins[p.Login], emails[p.Email], ids[p.ID] = true, true, true
	}
	for i := range 100_000 {
		p := c.Person(i)
		check(p)
		if got, ok := c.PersonNamed(p.Login); !ok || got != i {
			t.Fatalf("login %s: got %d, %v, want %d", p.Login, got, ok, i)
		}
	}
	for i := range c.Guests() {
		p := c.Guest(i)
		check(p)
		if got, ok := c.GuestNamed(p.Login); !ok || got != i {
			t.Fatalf("guest %s: got %d, %v, want %d", p.Login, got, ok, i)
		}
	}
}

// TestManagersMakeATree: everybody reaches person 0, in few steps, over people of the same company.
func TestManagersMakeATree(t *testing.T) {
	c := New(1, 20_000)
	for i := range 20_000 {
		for at, steps := i, 0; at != 0; steps++ {
			if at = c.Person(at).Manager; at < 0 || at >= c.Size() || steps > 12 {
				t.Fatalf("person %d: manager %d after %d steps", i, at, steps)
			}
		}
	}
}

func TestUnits(t *testing.T) {
	for _, u := range []*Unit{UnitOf(), UnitOf(Legal), UnitOf(Sales, IT)} {
		for _, n := range []int{0, 1, 50, 64, 65, 999, 1_000_000} {
			rank := 0
			for i := range min(n, 2000) {
				r, ok := u.Rank(i)
				if !ok {
					continue
				}
				if r != rank || u.At(rank) != i {
					t.Fatalf("index %d: rank %d, want %d; At gives %d", i, r, rank, u.At(rank))
				}
				rank++
			}
			if n <= 2000 && u.Len(n) != rank {
				t.Errorf("Len(%d) = %d, want %d", n, u.Len(n), rank)
			}
			if l := u.Len(n); l > 0 && (u.At(l-1) >= n || u.At(l) < n) {
				t.Errorf("of %d: the last is %d, the one after it %d", n, u.At(l-1), u.At(l))
			}
		}
	}
	total := 0
	for _, d := range departments() {
		total += d.weight
	}
	if total != siteSize {
		t.Errorf("the departments share %d of %d places", total, siteSize)
	}
}

// TestSmallest: the smallest company has every department that the incidents need, and all of them differ.
func TestSmallest(t *testing.T) {
	for _, size := range []int{MinSize, 64, 500, MaxSize} {
		c := New(1, size)
		people := []int{0, c.Leaver(), c.CarelessAdmin(), c.ForgetfulOwner()}
		projects := []int{c.KeyProject(), c.DeployProject(), c.CustomerProject()}
		if slices.Max(people) >= size || slices.Max(projects) >= c.Projects() {
			t.Errorf("size %d: an incident has no place: people %v, projects %v of %d", size, people, projects, c.Projects())
		}
		slices.Sort(people)
		slices.Sort(projects)
		if len(slices.Compact(people)) != 4 || len(slices.Compact(projects)) != 3 {
			t.Errorf("size %d: two incidents meet in one", size)
		}
		for _, d := range Departments() {
			if n := units[d].Len(size); n == 0 {
				t.Errorf("size %d: nobody in %s", size, d)
			}
		}
		last := c.Person(size - 1)
		if last.Login == "" || last.Manager < 0 || last.Manager >= size {
			t.Errorf("size %d: the last person is %+v", size, last)
		}
	}
}

func TestTeams(t *testing.T) {
	c := New(1, 100_000)
	sizes, slugs, ids, total := map[int]int{}, map[string]bool{}, map[int64]bool{}, 0
	live := c.Live(now())
	for _, d := range Departments() {
		for n := WholeDepartment; n < live.TeamsOf(d); n++ {
			id := TeamID{d, n}
			team := c.Team(id)
			if slugs[team.Slug] || ids[team.ID] {
				t.Fatalf("team %+v is there twice", team)
			}
			slugs[team.Slug], ids[team.ID] = true, true
			if got, ok := TeamNamed(team.Slug); !ok || got != id {
				t.Fatalf("slug %s: got %v, %v, want %v", team.Slug, got, ok, id)
			}
			if got, ok := TeamWithID(team.ID); !ok || got != id {
				t.Fatalf("id %d: got %v, %v, want %v", team.ID, got, ok, id)
			}
			if n == WholeDepartment {
				continue
			}
			size := live.TeamLen(id)
			sizes[size]++
			total += size
			for k := range size {
				if p := live.TeamPerson(id, k); live.TeamNow(p) != id || c.Person(p).Team != id {
					t.Fatalf("team %v: person %d says %v", id, p, live.TeamNow(p))
				}
			}
		}
	}
	if total != c.Size() {
		t.Errorf("the teams have %d people, want each of %d in one", total, c.Size())
	}
	if sizes[1] < 100 || sizes[48] < 100 {
		t.Errorf("sizes are not spread: %v", sizes)
	}
	if _, ok := TeamNamed("sales-unheard"); ok {
		t.Error("found a team that cannot be")
	}
}

func TestPlantedPeople(t *testing.T) {
	c := New(1, 500)
	if p := c.Person(c.Leaver()); p.LeftAt.IsZero() || !p.HiredAt.Before(p.LeftAt) {
		t.Errorf("the leaver has not left: %+v", p)
	}
	if p := c.Person(c.CarelessAdmin()); !p.Admin || p.MFA {
		t.Errorf("the careless administrator is %+v", p)
	}
	if p := c.Person(c.ForgetfulOwner()); p.Type != Employee || !p.LeftAt.IsZero() {
		t.Errorf("the owner of the old token is %+v", p)
	}
	left, robots := 0, 0
	for i := range c.Size() {
		p := c.Person(i)
		if !p.LeftAt.IsZero() {
			left++
		}
		if p.Type == Service {
			robots++
		}
	}
	if left < 1 || left > 8 || robots < 1 || robots > 20 {
		t.Errorf("of 500: %d have left, %d are robots", left, robots)
	}
}

// TestMemoryIsFlat: making and walking the largest company keeps nothing.
func TestMemoryIsFlat(t *testing.T) {
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	c := New(1, MaxSize)
	live := c.Live(now())
	for i := 0; i < MaxSize; i += 10 {
		if c.Person(i).ID == 0 {
			t.Fatal("no id")
		}
	}
	for i := 0; i < c.Projects(); i += 10 {
		if c.Project(i).Name == "" {
			t.Fatal("no name")
		}
	}
	for i := 0; i < live.Activities(); i += 1000 {
		if _, ok := live.Activity(i); !ok {
			t.Fatal("no activity")
		}
	}
	if after := heap(); after > before+1<<20 {
		t.Errorf("the heap grew by %d bytes", after-before)
	}
	runtime.KeepAlive(live)
}

func TestInverse(t *testing.T) {
	for odd := 1; odd < 64; odd += 2 {
		if got := odd * inverse(odd, 64) % 64; got != 1 {
			t.Errorf("%d times its inverse is %d", odd, got)
		}
	}
}
