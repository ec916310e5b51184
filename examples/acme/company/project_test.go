package company

import (
	"encoding/hex"
	"regexp"
	"slices"
	"testing"
)

func TestProjects(t *testing.T) {
	c := New(3, 100_000)
	names, ids, counts := map[string]bool{}, map[int64]bool{}, []int{}
	for i := range c.Projects() {
		p := c.Project(i)
		if names[p.Name] || ids[p.ID] {
			t.Fatalf("project %+v is there twice", p)
		}
		names[p.Name], ids[p.ID] = true, true
		if got, ok := c.ProjectNamed(p.Name); !ok || got != i {
			t.Fatalf("name %s: got %d, %v, want %d", p.Name, got, ok, i)
		}
		if !p.CreatedAt.Before(p.PushedAt) || p.PushedAt.After(AsOf()) {
			t.Fatalf("project %d: created %s, pushed %s", i, p.CreatedAt, p.PushedAt)
		}
		if got, ok := c.ProjectWithID(p.ID); !ok || got != i {
			t.Fatalf("id %d: got %d, %v, want %d", p.ID, got, ok, i)
		}
		counts = append(counts, c.FileCount(&p))
	}
	slices.Sort(counts)
	if m := counts[len(counts)/2]; m < 15 || m > 60 {
		t.Errorf("the median project has %d files", m)
	}
	if top := counts[len(counts)*999/1000]; top < 2000 {
		t.Errorf("one project in a thousand has only %d files", top)
	}
	if top := counts[len(counts)-1]; top < bigFiles {
		t.Errorf("the big project has %d files", top)
	}
	for _, bad := range []string{"", "x", "account", "account-nothing", "account-api-1", "account-api-02", "account-api-2-2"} {
		if _, ok := c.ProjectNamed(bad); ok {
			t.Errorf("found a project %q", bad)
		}
	}
}

// TestTeamProjects: every project is found at its team, once.
func TestTeamProjects(t *testing.T) {
	for _, size := range []int{MinSize, 500, 20_000} {
		l := New(3, size).Live(now())
		found := map[int]bool{}
		for _, d := range Departments() {
			for n := WholeDepartment; n < l.TeamsOf(d); n++ {
				id := TeamID{d, n}
				for k := range l.TeamProjects(id) {
					p := l.TeamProject(id, k)
					if found[p] || l.Project(p).Team != id {
						t.Fatalf("team %v has project %d of team %v", id, p, l.Project(p).Team)
					}
					found[p] = true
				}
			}
		}
		if len(found) != l.Projects() {
			t.Errorf("size %d: the teams have %d projects of %d", size, len(found), l.Projects())
		}
	}
}

// TestPathsAscend: git sorts by bytes, and so does everyone who pages.
func TestPathsAscend(t *testing.T) {
	c := New(1, 100_000)
	for _, i := range []int{0, 1, 2, 3, c.KeyProject(), c.CustomerProject(), 500} {
		p := c.Project(i)
		last := ""
		for f := range c.FileCount(&p) + 20 {
			path := c.FilePath(&p, f)
			if path <= last {
				t.Fatalf("project %d, file %d: %q is not after %q", i, f, path, last)
			}
			last = path
		}
	}
}

func TestContent(t *testing.T) {
	c := New(1, 500)
	p, q := c.Project(1), c.Project(5)
	if got := hexID([]byte("hello\n")); got != "ce013625030ba8dba906f756967f9e9ca394464a" {
		t.Errorf("git names hello differently: %s", got)
	}
	license := func(p *Project) []byte { return c.FileContent(p, 2, 0) }
	if hexID(license(&p)) != hexID(license(&q)) {
		t.Error("two projects have different licences")
	}
	if hexID(c.FileContent(&p, 3, 0)) == hexID(c.FileContent(&q, 3, 0)) {
		t.Error("two projects have the same README.md")
	}
	if hexID(c.FileContent(&p, 3, 0)) == hexID(c.FileContent(&p, 3, 1)) {
		t.Error("a change leaves the content as it was")
	}
}

func hexID(b []byte) string {
	id := BlobID(b)
	return hex.EncodeToString(id[:])
}

func TestPlantedFiles(t *testing.T) {
	for _, size := range []int{MinSize, 500, MaxSize} {
		c := New(4, size)
		for _, want := range []struct {
			project       int
			path, pattern string
		}{
			{c.KeyProject(), KeyFile, `^-----BEGIN RSA ` + `PRIVATE KEY-----\n([A-Za-z0-9+/=]+\n)+-----END`},
			{c.KeyProject(), EnvFile, `AWS_ACCESS_KEY_ID=AKIA[A-Z2-7]{16}\n`},
			{c.CustomerProject(), CustomerFile, `^name,email,card(\n[^,]+,[^,]+@shop\.example,4[0-9]{15})+\n$`},
		} {
			p := c.Project(want.project)
			if p.Visibility != Public {
				t.Errorf("project %s is %s, want public", p.Name, p.Visibility)
			}
			found := false
			for f := range c.FileCount(&p) {
				if c.FilePath(&p, f) == want.path {
					found = true
					if b := c.FileContent(&p, f, 0); !regexp.MustCompile(want.pattern).Match(b) {
						t.Errorf("%s does not look like %s:\n%.200s", want.path, want.pattern, b)
					}
				}
			}
			if !found {
				t.Errorf("size %d: %s is not in %s", size, want.path, p.Name)
			}
		}
	}
	if got := checkDigit("7992739871"); got != 3 {
		t.Errorf("check digit %d, want 3", got)
	}
}
