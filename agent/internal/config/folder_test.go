package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/agent/internal/config"
)

const (
	agentBlock = "agent {\n  data_dir = \"data\"\n}\n"
	sales      = "instance \"github\" \"sales\" {\n  settings {\n    organization = \"acme\"\n  }\n  credentials {\n    token = secret(\"env:T\")\n  }\n}\n"
)

// folder writes files and gives their folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFolder(t *testing.T) {
	dir := folder(t, map[string]string{
		"b.hcl": sales, "a.hcl": agentBlock, "mooring.lock.hcl": "not read", ".hidden.hcl": "not read", "notes.txt": "not read",
		"sub/c.hcl": "not read", "c.hcl": "network {\n  private = [\"127.0.0.1\"]\n}\n",
	})
	c, diags := config.Load(dir, providers())
	if len(c.All(diags)) > 0 || len(c.Instances) != 1 || len(c.Files) != 3 {
		t.Fatalf("%d instances, %d files, %v", len(c.Instances), len(c.Files), messages(c.All(diags)))
	}
	if want := filepath.Join(dir, "data"); c.Agent.DataDir != want {
		t.Errorf("data_dir is %s; want %s", c.Agent.DataDir, want)
	}
	if config.Dir(dir) != dir || config.Dir(filepath.Join(dir, "a.hcl")) != dir {
		t.Errorf("Dir gives %s and %s", config.Dir(dir), config.Dir(filepath.Join(dir, "a.hcl")))
	}
}

func TestBrokenFileLeavesTheOthers(t *testing.T) {
	dir := folder(t, map[string]string{"a.hcl": "agent {\n", "b.hcl": sales, "c.hcl": "moved {\n  from = \"github/old\"\n  to = \"github/elsewhere\"\n}\n"})
	c, diags := config.Load(dir, providers())
	out := printed(t, diags, c.Files)
	if len(c.Instances) != 1 || c.Instances[0].Err != nil {
		t.Errorf("the instance of the other file is gone: %s", out)
	}
	if len(diags) != 1 || !strings.HasPrefix(out, "a.hcl:1:7: unclosed configuration block") {
		t.Errorf("want only the syntax error, nothing that may follow from it:\n%s", out)
	}
}

func TestUnreadable(t *testing.T) {
	empty, big := t.TempDir(), folder(t, map[string]string{"a.hcl": agentBlock + strings.Repeat("#", config.MaxFileBytes)})
	dangling := t.TempDir()
	if err := os.Symlink("nowhere", filepath.Join(dangling, "a.hcl")); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(empty, "none.hcl"): "none.hcl:1:1: the configuration cannot be read: no such file or directory: name it with --config",
		empty:                            ":1:1: the folder has no *.hcl file",
		big:                              "a.hcl:1:1: the file has 1048577 bytes; at most 1048576 are read",
		dangling:                         "a.hcl:1:1: the configuration cannot be read",
	} {
		c, diags := config.Load(path, providers())
		if c == nil || !diags.HasErrors() {
			t.Fatalf("%s: %v, %v", path, c, diags)
		}
		if out := printed(t, diags, c.Files); !strings.Contains(out, want) {
			t.Errorf("%s: %s; want %q", path, out, want)
		}
	}
}

// TestOneBadInstanceStopsNoOther puts every bad configuration that is bad only in an instance before a good instance.
func TestOneBadInstanceStopsNoOther(t *testing.T) {
	aside := 0
	good := strings.ReplaceAll(sales, "sales", "untouched")
	for name, path := range cases(t, "bad") {
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		before, diags := config.Load(path, providers())
		if diags.HasErrors() {
			continue
		}
		dir := folder(t, map[string]string{"a.hcl": string(src), "b.hcl": good})
		after, diags := config.Load(dir, providers())
		i := after.Instance("github/untouched")
		if diags.HasErrors() || i == nil || i.Err != nil || i.Credentials["token"].Reference.String() != "env:T" {
			t.Errorf("%s: the good instance does not load: %v", name, messages(after.All(diags)))
		}
		if len(after.Instances) != len(before.Instances)+1 {
			t.Errorf("%s: %d instances; want %d", name, len(after.Instances), len(before.Instances)+1)
		}
		if len(before.All(nil)) > 0 {
			aside++
		}
	}
	if aside < 60 {
		t.Errorf("only %d configurations with an instance set aside", aside)
	}
}

func TestNoProviders(t *testing.T) {
	dir := folder(t, map[string]string{"a.hcl": agentBlock + sales})
	for _, p := range []config.Providers{nil, fake{}} {
		c, diags := config.Load(dir, p)
		if diags.HasErrors() || len(c.Instances) != 1 || c.Agent.DataDir == "" {
			t.Fatalf("%v", messages(diags))
		}
		if got := messages(c.Instances[0].Err); len(got) != 1 || !strings.Contains(got[0], "no connector is locked yet") {
			t.Errorf("got %v", got)
		}
	}
}

func TestLocate(t *testing.T) {
	t.Chdir(t.TempDir())
	t.Setenv("MOORING_CONFIG", "")
	steps := []struct{ flag, env, file, want string }{
		{want: "/etc/mooring"},
		{file: "config.hcl", want: "config.hcl"},
		{env: "/x/conf.d", want: "/x/conf.d"},
		{flag: "mine.hcl", env: "/x/conf.d", want: "mine.hcl"},
	}
	for _, s := range steps {
		t.Setenv("MOORING_CONFIG", s.env)
		if s.file != "" {
			if err := os.WriteFile(s.file, nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got := config.Locate(s.flag); got != s.want {
			t.Errorf("%+v gives %s", s, got)
		}
	}
}

func TestNothingIsResolved(t *testing.T) {
	marker := filepath.Join(t.TempDir(), "ran")
	src := strings.ReplaceAll(agentBlock+sales, `env:T`, "exec:/usr/bin/touch "+marker)
	if c, diags := config.Load(folder(t, map[string]string{"a.hcl": src}), providers()); len(c.All(diags)) > 0 {
		t.Fatal(messages(c.All(diags)))
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("loading ran a program")
	}
}
