// Package trial runs the test blocks of policies: records as they are written there, judged at a time that they name.
//
// It promises: a test depends on nothing but its block and on who "we" are by the configuration; what is wrong in a block is a
// diagnostic with its place. It neither reads a store nor judges what is in one.
package trial

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/record"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// The expectations of a test.
const (
	Match   = "match"
	NoMatch = "no match"
	Unknown = "unknown"
)

// Test is one test block.
type Test struct {
	Policy *policy.Policy
	Name   string
	Expect string
	Range  hcl.Range
	// Records of the policy's kind; activities count together where the policy repeats.
	Records []wire.RecordMessage
	context policy.Context
}

// Verdict judges the records: what the policy says of all of them, or of the first that it says something else of.
func (t *Test) Verdict() (verdict, why string) {
	if t.Policy.Repeat != nil {
		return t.repeated()
	}
	for _, m := range t.Records {
		verdict, why = t.judge(m)
		if verdict != t.Expect {
			return verdict, why
		}
	}
	return verdict, why
}

func (t *Test) judge(m wire.RecordMessage) (verdict, why string) {
	in := t.context
	in.Ref.ID = m.GetId()
	v, err := t.Policy.Condition.Judge(m, in)
	switch {
	case err != nil:
		return Unknown, err.Error()
	case v == policy.Match:
		return Match, ""
	case v == policy.NoMatch:
		return NoMatch, ""
	}
	return Unknown, t.absent(m)
}

// absent names what the condition reads and the record does not have.
func (t *Test) absent(m wire.RecordMessage) string {
	var names []string
	p := m.ProtoReflect()
	for _, name := range t.Policy.Condition.Reads().Fields {
		if fd := p.Descriptor().Fields().ByTextName(name); fd != nil && !p.Has(fd) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return "what it asks of other records, or of what is below a field, is not known"
	}
	return "the record has no " + strings.Join(names, ", ")
}

// repeated counts as the agent does: the condition chooses, then whoever did it often enough within the time.
func (t *Test) repeated() (verdict, why string) {
	var chosen []*wire.Activity
	for _, m := range t.Records {
		a, ok := m.(*wire.Activity)
		if !ok {
			return Unknown, "only activities repeat"
		}
		switch v, because := t.judge(m); v {
		case Match:
			chosen = append(chosen, a)
		case Unknown:
			verdict, why = Unknown, because
		}
	}
	most := busiest(t.Policy.Repeat, chosen, t.context)
	switch {
	case most >= t.Policy.Repeat.Count:
		return Match, ""
	case verdict == Unknown:
		return verdict, why
	}
	return NoMatch, fmt.Sprintf("at most %d of %d count together", most, t.Policy.Repeat.Count)
}

// busiest is the highest count in any window of any key.
func busiest(r *policy.Repeat, activities []*wire.Activity, in policy.Context) int {
	slices.SortStableFunc(activities, func(a, b *wire.Activity) int { return a.GetTime().AsTime().Compare(b.GetTime().AsTime()) })
	most := 0
	for first, a := range activities {
		from := a.GetTime().AsTime()
		values := map[string]map[string]bool{}
		for _, b := range activities[first:] {
			if b.GetTime().AsTime().Sub(from) >= r.Within {
				break
			}
			for _, key := range r.Keys(b, in) {
				if values[key] == nil {
					values[key] = map[string]bool{}
				}
				for _, v := range r.Values(b, in) {
					values[key][v] = true
				}
				most = max(most, len(values[key]))
			}
		}
	}
	return most
}

// Read reads the test blocks of all policies.
func Read(c *config.Config, policies []*policy.Policy) ([]*Test, hcl.Diagnostics) {
	var tests []*Test
	var diags hcl.Diagnostics
	for _, written := range c.Policies {
		i := slices.IndexFunc(policies, func(p *policy.Policy) bool { return p.Name == written.Name })
		if i < 0 {
			continue // it is wrong, and its author knows
		}
		for _, b := range written.Tests {
			r := &reader{
				file: c.Files[b.TypeRange.Filename], organization: c.Organization, now: defaultNow,
				test: &Test{Policy: policies[i], Range: b.DefRange(), context: policy.Context{
					Ref: record.Ref{Provider: "example", Instance: "one", Kind: policies[i].Kind},
				}},
			}
			r.read(b)
			if r.diags.HasErrors() {
				diags = append(diags, r.diags...)
				continue
			}
			tests = append(tests, r.test)
		}
	}
	return tests, diags
}

// defaultNow is when a test without "at" takes place.
var defaultNow = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant
