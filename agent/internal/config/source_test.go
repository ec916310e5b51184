package config_test

import (
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/agent/internal/config"
)

// TestWhenPointsIntoTheFile: the place of each marked character of a condition is where that character stands.
func TestWhenPointsIntoTheFile(t *testing.T) {
	for name, when := range map[string]string{
		"quoted":          `"file.trashed && ¤x"`,
		"escapes":         `"file.name == \"\u00e4\\d\tö\" && ¤x"`,
		"no template":     `"file.name == '$${' + '%%{' + ¤x"`,
		"in parentheses":  `("¤x")`,
		"heredoc":         "<<CEL\nfile.trashed\n  && \\d ¤x\nCEL",
		"heredoc, first":  "<<CEL\n¤x\nCEL",
		"heredoc, indent": "<<-CEL\n    file.trashed\n      && $${ö ¤x\n  CEL",
		"long heredoc":    "<<-CEL\n    a\n\n    b\n    ¤x\n    c\n  CEL",
	} {
		src := agentBlock + "policy \"p\" {\n  on   = \"file\"\n  when = " + when + "\n}\n"
		at := strings.Index(src, "¤")
		src = strings.Replace(src, "¤x", "x¤"[:1], 1)
		c, diags := config.Load(folder(t, map[string]string{"a.hcl": src}), providers())
		if diags.HasErrors() {
			t.Fatalf("%s: %v", name, messages(diags))
		}
		s := c.Policies[0].When
		offset := strings.LastIndex(s.Text, "x")
		line := 1 + strings.Count(s.Text[:offset], "\n")
		column := 1 + len([]rune(s.Text[strings.LastIndex(s.Text[:offset], "\n")+1:offset]))
		got := s.At(line, column)
		if got.Start.Byte != at {
			t.Errorf("%s: byte %d; want %d", name, got.Start.Byte, at)
		}
		wantLine := 1 + strings.Count(src[:at], "\n")
		wantColumn := 1 + len([]rune(src[strings.LastIndex(src[:at], "\n")+1:at]))
		if got.Start.Line != wantLine || got.Start.Column != wantColumn {
			t.Errorf("%s: line %d, column %d; want %d, %d", name, got.Start.Line, got.Start.Column, wantLine, wantColumn)
		}
	}
}

func TestSourceAtOutside(t *testing.T) {
	src := agentBlock + "policy \"p\" {\n  on   = \"file\"\n  when = \"abc\"\n}\n"
	c, _ := config.Load(folder(t, map[string]string{"a.hcl": src}), providers())
	for _, at := range [][2]int{{0, 0}, {-1, -5}, {1, 99}, {99, 1}, {99, 99}} {
		if r := c.Policies[0].When.At(at[0], at[1]); r.Start.Line != 6 || r.Start.Column < 11 || r.Start.Column > 14 {
			t.Errorf("%v gives %v", at, r)
		}
	}
	if r := (config.Source{}).At(3, 3); r.Start.Line != 0 {
		t.Errorf("an empty source gives %v", r)
	}
}
