package judge

import (
	"slices"

	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// rule is a policy with where it stands.
type rule struct {
	*policy.Policy
	reads     policy.Reads
	momentary bool
	timed     bool // what it says changes without an entry in the log
	standing  *standing
	crowd     bool // of the records that a walk looks at, many are found at once
}

// unlogged are the fields whose changes are not in the log, because they move by themselves.
var unlogged = []string{"last_active_at", "last_used_at", "account_count"}

func newRule(p *policy.Policy) *rule {
	r := &rule{Policy: p, reads: p.Condition.Reads(), momentary: p.Momentary()}
	r.timed = !r.momentary && (r.reads.Now || slices.ContainsFunc(r.reads.Fields, func(f string) bool { return slices.Contains(unlogged, f) }))
	return r
}

// shape is what the keys of its findings depend on.
func (r *rule) shape() string {
	if r.momentary {
		return r.Kind.String() + " moments"
	}
	return r.Kind.String()
}

// concerns says whether a change of a record may change what the policy says of it.
func (r *rule) concerns(d *wire.Description, e store.Entry) bool {
	switch e.What {
	case store.Created, store.Deleted:
		return true
	case store.Updated, store.Filled:
		return len(e.Fields) == 0 || e.What == store.Filled && defines(d, e.Facet, e.Kind) ||
			slices.ContainsFunc(e.Fields, func(f string) bool { return slices.Contains(r.reads.Fields, f) })
	case store.Baseline, store.Activities:
	}
	return false
}

// defines says whether a facet makes records of a kind exist: with it a record comes and goes.
func defines(d *wire.Description, facet string, k wire.Kind) bool {
	for _, l := range d.GetListings() {
		if l.GetName() == facet {
			return slices.Contains(l.GetDefines(), k)
		}
	}
	return true
}

// rest says whether what a policy says may rest on a record of a kind other than that it judges.
func (r *rule) rests(k wire.Kind) bool {
	return slices.Contains(r.reads.Kinds, k) || r.reads.People && k == wire.Kind_KIND_ACCOUNT
}

// minds says whether an entry about another record may change what the policy says.
func (r *rule) minds(e store.Entry) bool {
	if !r.rests(e.Kind) {
		return false
	}
	fields, some := r.reads.Looked[e.Kind]
	if !some {
		return true
	}
	return (e.What == store.Updated || e.What == store.Filled) && (len(e.Fields) == 0 ||
		slices.ContainsFunc(e.Fields, func(f string) bool { return slices.Contains(fields, f) }))
}
