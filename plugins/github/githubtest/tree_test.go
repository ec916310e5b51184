package githubtest

import (
	"encoding/json"
	"fmt"
	"testing"
)

type treeAnswer struct {
	SHA       string
	Truncated bool
	Tree      []struct {
		Path, Mode, Type, SHA string
		Size                  *int64
	}
}

func (f *fake) tree(sha, query string) treeAnswer {
	f.t.Helper()
	var out treeAnswer
	a := f.get("/repos/acme/vault/git/trees/"+sha+query, "ghp_owner")
	if err := json.Unmarshal(a.body, &out); err != nil || a.status != 200 {
		f.t.Fatalf("tree %s: %d %.200s", sha, a.status, a.body)
	}
	return out
}

func TestTree(t *testing.T) {
	f := start(t, nil)
	whole := f.tree("main", "?recursive=1")
	got := ""
	for _, e := range whole.Tree {
		got += e.Type + " " + e.Path + "\n"
	}
	want := "blob .env\nblob a.txt\ntree a\ntree a/b\nblob a/b/c.go\nblob a/d.go\ncommit lib\ntree z\nblob z/run.sh\n"
	if got != want || whole.Truncated {
		t.Errorf("recursive:\n%swant:\n%s", got, want)
	}
	flat := f.tree("main", "")
	got = ""
	for _, e := range flat.Tree {
		got += e.Type + " " + e.Path + "\n"
	}
	if want := "blob .env\nblob a.txt\ntree a\ncommit lib\ntree z\n"; got != want {
		t.Errorf("flat:\n%swant:\n%s", got, want)
	}
	if flat.Tree[2].SHA != whole.Tree[2].SHA {
		t.Errorf("one directory, two shas: %s, %s", flat.Tree[2].SHA, whole.Tree[2].SHA)
	}
	below := f.tree(flat.Tree[2].SHA, "?recursive=1")
	if len(below.Tree) != 3 || below.Tree[1].Path != "b/c.go" {
		t.Errorf("below a: %+v", below.Tree)
	}
	for _, sha := range []string{"none", "ffffffffffffffffffffffffffffffffffffffff", "b1"} {
		if a := f.get("/repos/acme/vault/git/trees/"+sha, "ghp_owner"); a.status != 404 {
			t.Errorf("tree %s: %d", sha, a.status)
		}
	}
	if a := f.get("/repos/acme/Site/git/trees/"+flat.Tree[2].SHA, "ghp_owner"); a.status != 404 {
		t.Errorf("another repository's tree: %d", a.status)
	}
}

// bigTree has n files, 1,000 in a directory.
func bigTree(n int) func(string) List[Blob] {
	return func(string) List[Blob] {
		return List[Blob]{Len: func() int { return n }, At: func(i int) Blob {
			return Blob{Path: fmt.Sprintf("dir%05d/file%03d.go", i/1000, i%1000), SHA: fmt.Sprintf("%040x", i), Size: 10}
		}}
	}
}

func TestTruncatedTree(t *testing.T) {
	const files = 150_000
	f := start(t, func(c *Config) { c.Orgs[0].Tree = bigTree(files) })
	whole := f.tree("main", "?recursive=1")
	if !whole.Truncated || len(whole.Tree) != treeEntriesMax {
		t.Fatalf("truncated %v with %d entries", whole.Truncated, len(whole.Tree))
	}
	n := 0
	var walk func(sha string)
	walk = func(sha string) {
		for _, e := range f.tree(sha, "").Tree {
			if e.Type == "tree" {
				walk(e.SHA)
			} else {
				n++
			}
		}
	}
	walk("main")
	if n != files {
		t.Errorf("%d files by sub-trees, want %d", n, files)
	}
}
