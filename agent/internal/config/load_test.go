package config_test

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/mooring-hq/mooring/agent/internal/config"
)

var update = flag.Bool("update", false, "write the golden files")

// TestBad: each wrong configuration says what is wrong, where, and what to write instead.
func TestBad(t *testing.T) {
	cases := cases(t, "bad")
	if len(cases) < 120 {
		t.Errorf("only %d bad configurations", len(cases))
	}
	line := regexp.MustCompile(`^[a-z0-9-]+\.hcl:[1-9][0-9]*:[1-9][0-9]*: \S`)
	for name, path := range cases {
		t.Run(name, func(t *testing.T) {
			c, diags := config.Load(path, providers())
			all := c.All(diags)
			if len(all) == 0 {
				t.Fatal("nothing is found to be wrong")
			}
			out := printed(t, all, c.Files)
			golden(t, strings.TrimSuffix(path, ".hcl")+".txt", out)
			if strings.Contains(out, "canary") {
				t.Errorf("a secret is shown:\n%s", out)
			}
			for l := range strings.SplitSeq(strings.TrimSuffix(out, "\n"), "\n") {
				if !strings.HasPrefix(l, "    ") && !line.MatchString(l) {
					t.Errorf("not file:line:col: message: %q", l)
				}
			}
		})
	}
}

// TestGood: each right configuration gives the values it should.
func TestGood(t *testing.T) {
	cases := cases(t, "good")
	if len(cases) < 15 {
		t.Errorf("only %d good configurations", len(cases))
	}
	dir, err := filepath.Abs("testdata/good")
	if err != nil {
		t.Fatal(err)
	}
	for name, path := range cases {
		t.Run(name, func(t *testing.T) {
			c, diags := config.Load(path, providers())
			if all := c.All(diags); all.HasErrors() {
				t.Fatalf("it is refused:\n%s", printed(t, all, c.Files))
			}
			warnings := printed(t, diags, c.Files)
			golden(t, strings.TrimSuffix(path, ".hcl")+".json", strings.ReplaceAll(dump(t, c), dir, "$DIR")+warnings)
		})
	}
}

func cases(t *testing.T, kind string) map[string]string {
	t.Helper()
	paths, err := filepath.Glob("testdata/" + kind + "/*.hcl")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, p := range paths {
		found[strings.TrimSuffix(filepath.Base(p), ".hcl")] = p
	}
	return found
}

// printed is what a person reads, with names of files without their folder.
func printed(t *testing.T, diags hcl.Diagnostics, files map[string]*hcl.File) string {
	t.Helper()
	var b strings.Builder
	if err := config.Print(&b, diags, files, false); err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?m)^\S*/`).ReplaceAllString(b.String(), "")
}

func golden(t *testing.T, path, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v: run the test with -update", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -update to accept):\n%s", path, diff)
	}
}

// dump leaves out where things stand and what the connector says.
func dump(t *testing.T, c *config.Config) string {
	t.Helper()
	c.Files = nil
	for _, i := range c.Instances {
		i.Description = nil
	}
	for _, p := range c.Policies {
		p.Tests = nil
	}
	b, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var tree any
	if err := json.Unmarshal(b, &tree); err != nil {
		t.Fatal(err)
	}
	if b, err = json.MarshalIndent(prune(tree), "", "  "); err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}

func prune(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			if strings.HasSuffix(name, "Range") || strings.HasSuffix(name, "Ranges") {
				delete(v, name)
			}
		}
		for k := range v {
			v[k] = prune(v[k])
			if v[k] == nil || v[k] == "" {
				delete(v, k)
			}
		}
		return v
	case []any:
		for k := range v {
			v[k] = prune(v[k])
		}
	}
	return v
}

func messages(diags hcl.Diagnostics) []string {
	var all []string
	for _, d := range diags {
		all = append(all, config.Message(d))
	}
	slices.Sort(all)
	return all
}
