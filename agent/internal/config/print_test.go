package config_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"

	"github.com/mooring-hq/mooring/agent/internal/config"
)

func TestPrint(t *testing.T) {
	long := strings.Repeat("ä", 300) + "X" + strings.Repeat("z", 300)
	src := "short\n\ttab\tX\n" + long + "\n\x1b[31mred\n"
	files := map[string]*hcl.File{"a.hcl": {Bytes: []byte(src), Body: hcl.EmptyBody()}}
	at := func(n int) *hcl.Range {
		line := 1 + strings.Count(src[:n], "\n")
		p := hcl.Pos{Line: line, Column: 1, Byte: n}
		end := p
		end.Byte++
		return &hcl.Range{Filename: "a.hcl", Start: p, End: end}
	}
	var b strings.Builder
	err := config.Print(&b, hcl.Diagnostics{
		{Severity: hcl.DiagError, Summary: "Wrong thing.", Detail: "Do\n  that", Subject: at(0)},
		{Severity: hcl.DiagWarning, Summary: "odd", Subject: at(strings.Index(src, "X"))},
		{Severity: hcl.DiagError, Summary: "long", Subject: at(strings.LastIndex(src, "X"))},
		{Severity: hcl.DiagError, Summary: "escape \x1b[0m", Subject: at(strings.Index(src, "red"))},
		{Severity: hcl.DiagError, Summary: "no place"},
		{Severity: hcl.DiagError, Summary: "beyond", Subject: &hcl.Range{Filename: "a.hcl", Start: hcl.Pos{Line: 9, Column: 1, Byte: 9999}}},
		{Severity: hcl.DiagError, Summary: "elsewhere", Subject: &hcl.Range{Filename: "b.hcl", Start: hcl.Pos{Line: 2, Column: 3}}},
	}, files, false)
	if err != nil {
		t.Fatal(err)
	}
	want := "a.hcl:1:1: wrong thing: Do that\n    short\n    ^\n" +
		"a.hcl:2:1: warning: odd\n     tab X\n         ^\n" +
		"a.hcl:3:1: long\n    " + strings.Repeat("ä", 80) + "*" + strings.Repeat("*", 79) + "\n    " + strings.Repeat(" ", 80) + "^\n" +
		"a.hcl:4:1: escape  [0m\n     [31mred\n         ^\n" +
		":1:1: no place\na.hcl:9:1: beyond\nb.hcl:2:3: elsewhere\n"
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	b.Reset()
	if err := config.Print(&b, hcl.Diagnostics{{Severity: hcl.DiagError, Summary: "x", Subject: at(0)}}, files, true); err != nil {
		t.Fatal(err)
	}
	if got := b.String(); !strings.HasPrefix(got, "a.hcl:1:1: \x1b[1mx\x1b[0m\n") || !strings.Contains(got, "\x1b[31m^\x1b[0m") {
		t.Errorf("in colour: %q", got)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestPrintTellsOfAFailedWrite(t *testing.T) {
	if err := config.Print(brokenPipe{}, hcl.Diagnostics{{Summary: "x"}}, nil, false); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v", err)
	}
}

func TestPrintEnds(t *testing.T) {
	var b strings.Builder
	if err := config.Print(&b, plenty(3000), nil, false); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\n"); n != 1001 || !strings.HasSuffix(b.String(), "and 2000 more\n") {
		t.Errorf("%d lines", n)
	}
}

func plenty(n int) hcl.Diagnostics {
	diags := make(hcl.Diagnostics, n)
	for k := range diags {
		diags[k] = &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "x"}
	}
	return diags
}

// TestNoSecretIsShown writes a pasted secret in every way that people get it wrong, syntax errors included.
func TestNoSecretIsShown(t *testing.T) {
	const canary = "ghp_canary0123456789abcdef"
	values := []string{
		`"%s"`, `'%s'`, `%s`, `"%s`, `%s"`, `secret("%s")`, `secret("%s"`, `secret(%s)`, `secrets("%s")`, `secret("env:X", "%s")`, `["%s"]`,
		`{ a = "%s" }`, `"${%s}"`, `"a${"%s"}"`, `<<E` + "\n%s\nE", `<<-E` + "\n    %s\n  E", `("%s")`, `-%s`, `!"%s"`, `upper("%s")`, `"%s" "%s"`,
		`"%s" # %s`, `x ? "%s" : 1`, `"%s"[0]`, `%s.a`, `secret("env:%s-x")`, `secret("file: %s", )`, `{`, `"%s` + "\n" + `"`, `[for x in "%s" : x]`, `= "%s"`,
	}
	forms := []string{"token = %s", "token %s", "token: %s", "tokn = %s", "app_id = 5\nprivate_key = %s", "token = 1\ntoken = %s", "%s", "token {\n a = %s\n}"}
	tried, path := 0, filepath.Join(t.TempDir(), "a.hcl")
	for _, form := range forms {
		for _, value := range values {
			body := fmt.Sprintf(form, strings.ReplaceAll(value, "%s", canary))
			for _, src := range []string{
				agentBlock + "instance \"github\" \"x\" {\n  credentials {\n" + body + "\n  }\n}\n",
				agentBlock + "instance \"github\" \"x\" {\n  settings {\n    organization = \"acme\n  }\n  credentials {\n" + body + "\n  }\n}\n",
				agentBlock + "instance \"github\" \"x\" {\n  credentials { " + body + " }\n}\n",
			} {
				tried++
				if err := os.WriteFile(path, []byte(src), 0o600); err != nil {
					t.Fatal(err)
				}
				c, diags := config.Load(path, providers())
				if out := printed(t, c.All(diags), c.Files); strings.Contains(out, "canary") {
					t.Errorf("%s\nshows the secret:\n%s", src, out)
				}
			}
		}
	}
	if tried < 500 {
		t.Errorf("only %d tried", tried)
	}
}

// FuzzLoad: never a panic, every diagnostic has a place, and nothing that stands in credentials is printed.
func FuzzLoad(f *testing.F) {
	for _, kind := range []string{"good", "bad"} {
		seed(f, kind)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, src []byte) {
		path := filepath.Join(dir, "config.hcl")
		if err := os.WriteFile(path, src, 0o600); err != nil {
			t.Fatal(err)
		}
		c, diags := config.Load(path, providers())
		for _, d := range c.All(diags) {
			if d.Subject == nil || d.Subject.Filename != path || d.Subject.Start.Line < 1 || d.Subject.Start.Column < 1 {
				t.Errorf("no place: %+v", d)
			}
		}
		if err := config.Print(io.Discard, c.All(diags), c.Files, true); err != nil {
			t.Fatal(err)
		}
	})
}
