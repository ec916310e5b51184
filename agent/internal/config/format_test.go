package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/agent/internal/config"
)

func TestFormat(t *testing.T) {
	for in, want := range map[string]string{
		"":                                   "",
		"\n\n":                               "",
		"agent {\ndata_dir=\"x\"\n}":         "agent {\n  data_dir = \"x\"\n}\n",
		"a {\n  b = 1 # x\n  ccc = 2 # y\n}": "a {\n  b   = 1 # x\n  ccc = 2 # y\n}\n",
		"\n\na {}\n\n\n":                     "a {}\n",
		"a = <<E\n  x\nE\n":                  "a = <<E\n  x\nE\n",
		"broken {":                           "broken {",
		"a = [1,\n2]\n":                      "a = [1,\n2]\n",
	} {
		if got := string(config.Format([]byte(in))); got != want {
			t.Errorf("%q becomes %q; want %q", in, got, want)
		}
	}
}

func TestFormatFiles(t *testing.T) {
	files := map[string]string{"a.hcl": "a{}", "b.hcl": "b {}\n", "c.hcl": "c {", "d.hcl": "d   {}"}
	dir := folder(t, files)
	path := func(name string) string { return filepath.Join(dir, name) }
	if err := os.Chmod(path("a.hcl"), 0o640); err != nil {
		t.Fatal(err)
	}
	want := []string{path("a.hcl"), path("d.hcl")}
	for _, write := range []bool{false, true} {
		changed, diags := config.FormatFiles(dir, write)
		if diff := cmp.Diff(want, changed); diff != "" {
			t.Errorf("write %v: %s", write, diff)
		}
		if len(diags) != 1 || diags[0].Subject.Filename != path("c.hcl") {
			t.Errorf("write %v: %v", write, diags)
		}
		got, _ := os.ReadFile(path("a.hcl"))
		if written := string(got) == "a {}\n"; written != write {
			t.Errorf("write %v: a.hcl is %q", write, got)
		}
	}
	if changed, _ := config.FormatFiles(dir, true); len(changed) > 0 {
		t.Errorf("a second time changes %v", changed)
	}
	if info, err := os.Stat(path("a.hcl")); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("the mode became %v, %v", info.Mode(), err)
	}
	if got, _ := os.ReadFile(path("c.hcl")); string(got) != files["c.hcl"] {
		t.Errorf("the broken file became %q", got)
	}
	if left, _ := filepath.Glob(path(".fmt*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// TestFormatKeepsTheMeaning: a formatted configuration loads as the unformatted one.
func TestFormatKeepsTheMeaning(t *testing.T) {
	for name, path := range cases(t, "good") {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		load := func(text string) string {
			dir := folder(t, map[string]string{"config.hcl": text})
			c, diags := config.Load(dir, providers())
			if diags.HasErrors() {
				t.Fatalf("%s: %v", name, messages(diags))
			}
			return strings.ReplaceAll(dump(t, c), dir, "$DIR")
		}
		if diff := cmp.Diff(load(string(src)), load(string(config.Format(src)))); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func FuzzFormat(f *testing.F) {
	for _, kind := range []string{"good", "bad"} {
		seed(f, kind)
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		once := config.Format(src)
		if twice := config.Format(once); string(twice) != string(once) {
			t.Errorf("formatting %q twice gives %q and %q", src, once, twice)
		}
	})
}

func seed(f *testing.F, kind string) {
	f.Helper()
	paths, err := filepath.Glob("testdata/" + kind + "/*.hcl")
	if err != nil || len(paths) == 0 {
		f.Fatal("no seeds: ", err)
	}
	for _, p := range paths {
		src, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
}
