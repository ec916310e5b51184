package sink

import (
	"path"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/event"
)

// severities in ascending order.
var severities = []string{"info", "low", "medium", "high", "critical"} //nolint:gochecknoglobals // a table

// filter says what a sink wants.
type filter struct {
	names    map[event.What]bool
	groups   []string // beginnings, with their dot
	severity int
	when     config.SinkWhen
}

func newFilter(c *config.Sink) filter {
	f := filter{names: map[event.What]bool{}, severity: slices.Index(severities, c.When.Severity), when: c.When}
	for _, s := range c.Send {
		if group, ok := strings.CutSuffix(s, "*"); ok {
			f.groups = append(f.groups, group)
		} else {
			f.names[event.What(s)] = true
		}
	}
	return f
}

// event passes what it has nothing to compare with: an unsure action has no severity, and nobody wants to miss it.
func (f filter) event(e *event.Event) bool {
	if !f.names[e.What] && !slices.ContainsFunc(f.groups, func(g string) bool { return strings.HasPrefix(string(e.What), g) }) {
		return false
	}
	if k := slices.Index(severities, e.Severity); k >= 0 && k < f.severity {
		return false
	}
	return matches(f.when.Policies, e.Policy) && matches(f.when.Instances, e.Instance)
}

// matches: patterns are checked by package config. A * does not reach over the slash of an instance, and names of
// policies have none.
func matches(patterns []string, name string) bool {
	if len(patterns) == 0 || name == "" {
		return true
	}
	return slices.ContainsFunc(patterns, func(p string) bool {
		ok, err := path.Match(p, name)
		return ok && err == nil
	})
}
