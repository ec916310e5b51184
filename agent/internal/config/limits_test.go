package config_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/agent/internal/config"
)

// hostile are files that make a parser recurse or a checker repeat itself.
func hostile() map[string]string {
	var attributes, instances, moves strings.Builder
	for n := range 12_000 {
		fmt.Fprintf(&attributes, "token%d=1\n", n)
	}
	for n := range 2_000 {
		fmt.Fprintf(&instances, "instance \"github\" \"a%d\" {}\n", n)
		fmt.Fprintf(&moves, "moved {\nfrom=\"github/a%d\"\nto=\"github/a%d\"\n}\n", n, n+1)
	}
	return map[string]string{
		"tokens":     strings.Repeat("a=1\n", 130_000),
		"long list":  "network {\n  private = [" + strings.Repeat("1,", 10_001) + "]\n}\n",
		"blocks":     strings.Repeat("a {}\n", 9_999),
		"attributes": attributes.String(),
		"instances":  instances.String(),
		"moves":      moves.String(),
		"not":        "a = " + strings.Repeat("!", 9_000) + "true\n",
		"minus":      "a = " + strings.Repeat("-", 9_000) + "1\n",
		"condition":  "a = " + strings.Repeat("a?1:", 9_000) + "1\n",
		"sum":        "a = 1" + strings.Repeat("+1", 20_000) + "\n",
		"dots":       "a = b" + strings.Repeat(".c", 20_000) + "\n",
		"splat":      "a = b" + strings.Repeat(".*", 9_000) + "\n",
		"list":       "network {\n  private = [" + strings.Repeat("1,", 9_999) + "]\n}\n",
		"templates":  "a = \"" + strings.Repeat("${a}", 9_000) + "\"\n",
		"if":         "a = \"" + strings.Repeat("%{if a}", 60) + strings.Repeat("%{endif}", 60) + "\"\n",
		"quotes":     strings.Repeat("a=\"\n", 20_000),
		"labels":     "a" + strings.Repeat(" \"b\"", 20_000) + " {}\n",
		"one word":   strings.Repeat("a", 1<<18),
	}
}

// TestHostileFiles: no recursion without bound, and no diagnostic without a place, whatever is repeated in a file.
func TestHostileFiles(t *testing.T) {
	for name, src := range hostile() {
		t.Run(name, func(t *testing.T) {
			c, diags := config.Load(folder(t, map[string]string{"a.hcl": src}), providers())
			if len(c.All(diags)) == 0 {
				t.Error("nothing is found to be wrong")
			}
			if err := config.Print(io.Discard, c.All(diags), c.Files, false); err != nil {
				t.Fatal(err)
			}
			config.Format([]byte(src))
		})
	}
}
