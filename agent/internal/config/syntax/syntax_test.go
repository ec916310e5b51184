package syntax_test

import (
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
)

func TestDuration(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"90d": 90 * syntax.Day, "2w": 2 * syntax.Week, "1w2d3h4m5s6ms": syntax.Week + 2*syntax.Day + 3*time.Hour + 4*time.Minute + 5*time.Second + 6*time.Millisecond,
		"1.5h": 90 * time.Minute, "0s": 0, "250ms": 250 * time.Millisecond,
	} {
		if got, err := syntax.ParseDuration(text); err != nil || got != want {
			t.Errorf("%q gives %v, %v; want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "5", "h", "-1h", "1h ", "1 h", "1y", "1H", "1..5h", "999999999w", "1e3s", "NaNs", "٣h"} {
		if got, err := syntax.ParseDuration(text); err == nil {
			t.Errorf("%q gives %v", text, got)
		}
	}
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", 90 * time.Minute: "90m", 36 * time.Hour: "36h", 90 * syntax.Day: "90d", syntax.Week: "7d",
		1500 * time.Millisecond: "1500ms",
	} {
		if got := syntax.FormatDuration(d); got != want {
			t.Errorf("%d is written %q; want %q", d, got, want)
		}
	}
}

func FuzzDuration(f *testing.F) {
	f.Add("1w2d")
	f.Add("1.5h")
	f.Fuzz(func(t *testing.T, s string) {
		d, err := syntax.ParseDuration(s)
		if err == nil && d < 0 {
			t.Errorf("%q is %v", s, d)
		}
		if err != nil || d%time.Millisecond != 0 {
			return
		}
		if again, err := syntax.ParseDuration(syntax.FormatDuration(d)); err != nil || (again-d).Abs() > d/1_000_000 {
			t.Errorf("%q is %v, is written %s, is %v, %v", s, d, syntax.FormatDuration(d), again, err)
		}
	})
}

func TestSuggest(t *testing.T) {
	known := []string{"github", "gitlab", "okta", "box"}
	for word, want := range map[string]string{
		"gihub": "github", "githbu": "github", "GitHub": "github", "bok": "box", "octa": "okta", "salesforce": "", "": "", "x": "", "githubgithubgithub": "",
	} {
		if got := syntax.Suggest(word, known); got != want {
			t.Errorf("%q: %q; want %q", word, got, want)
		}
	}
}
