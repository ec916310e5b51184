package policy

import (
	"errors"
	"strings"
	"testing"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// FuzzCompile: whatever the text, it is a condition that can be judged, or an error with a place in the text.
func FuzzCompile(f *testing.F) {
	for _, seed := range []string{
		`file.access.exists(a, party(a.principal) == 'personal')`, `owner(file).admin && in_group(file.owner, 'x')`, `file.name.ends_with('x')`, `in_grp(1)`,
		`file.modified_at < ago('90d')`, `before.access_level in ['private'] && 'name' in change.fields`, `file.name = 'x'`, `((((`, "file.näme\n== 'x", `now`,
		`parent(parent(file)).name == r'\x'`, `file.owner == null`, `[1, 2].map(x, x).exists(y, y > 1.5)`, `duration('-1d')`, `ago("9999999999999h")`, `person(person(file))`,
		`file{}`, `true ? 1 : 'x'`, `file.labels[0]`, `{'a': 1}['b'] == 1`, `@in`, `since()`, "file.name == \"\\u0000\"", `timestamp("0000-01-01T00:00:00Z") < now()`,
	} {
		f.Add(seed)
	}
	file := &wire.File{Id: "f", Owner: &wire.Ref{Id: new("1")}, Labels: &wire.Strings{Items: []string{"a", "b"}}}
	f.Fuzz(func(t *testing.T, source string) {
		c, err := compile(wire.Kind_KIND_FILE, source, true)
		if err == nil {
			_, _ = c.Judge(file, Context{Look: acme(), Before: file, Change: &Change{What: Updated}})
			_ = c.Reads()
			return
		}
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Fatalf("%q: %v has no place", source, err)
		}
		if lines := strings.Count(source, "\n") + 1; e.Line < 1 || e.Line > lines || e.Column < 1 || e.Message == "" {
			t.Errorf("%q: line %d of %d, column %d: %q", source, e.Line, lines, e.Column, e.Message)
		}
		if strings.Contains(e.Message+e.Hint, hidden) || strings.Contains(e.Message, "mooring.") {
			t.Errorf("%q: says %q", source, e.Message)
		}
	})
}
