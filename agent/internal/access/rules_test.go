package access

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// oracle reads the rules once more, in the plainest way: every pair of a thing and a holder, all ways by brute force.
type oracle struct {
	w     *world
	names []Key
	// grades of single steps: [thing][holder]
	step map[Key]map[Key]grade
}

// grade of a step or a way. A pass step is certain, but nothing certain goes on beyond its thing.
type grade int

const (
	no grade = iota
	maybe
	pass
	sure
)

func newOracle(w *world) *oracle {
	o := &oracle{w: w, step: map[Key]map[Key]grade{}}
	for _, r := range w.records {
		if slices.ContainsFunc(r.Facets, func(f Facet) bool { return f.Defines }) {
			o.rules(r)
		}
	}
	all := map[Key]bool{}
	for thing, holders := range o.step {
		all[thing] = true
		for h := range holders {
			all[h] = true
		}
	}
	o.names = slices.Collect(maps.Keys(all))
	return o
}

// say notes a step; of several the best counts.
func (o *oracle) say(thing, holder Key, g grade) {
	if thing == holder || thing == (Key{}) || holder == (Key{}) {
		return
	}
	if a, ok := o.account(holder); ok && (a.GetStatus() == "suspended" || a.GetStatus() == "deleted" || a.GetStatus() == "invited") {
		g = min(g, maybe)
	}
	if o.step[thing] == nil {
		o.step[thing] = map[Key]grade{}
	}
	o.step[thing][holder] = max(o.step[thing][holder], g)
}

func (o *oracle) account(k Key) (*wire.Account, bool) {
	r, ok := o.w.records[k]
	if !ok || k.Kind != sdk.KindAccount || !r.Facets[0].Defines {
		return nil, false
	}
	a, ok := r.Facets[0].Record.(*wire.Account)
	return a, ok
}

func (o *oracle) meant(r *wire.Ref) Key {
	switch {
	case r.GetId() != "":
		return Key{instance, r.GetKind(), r.GetId()}
	case r.GetEmail() != "":
		return Address(instance, strings.ToLower(strings.TrimSpace(r.GetEmail())))
	}
	return Key{}
}

// sureOf says how sure a facet of a record is.
func (o *oracle) sureOf(r Record, f Facet) grade {
	well := func(f Facet) bool {
		return !o.w.bad[f.Home] && (!o.w.gone[r.Key] || f.Home.Listing != "defining")
	}
	exists := slices.ContainsFunc(r.Facets, func(f Facet) bool { return f.Defines && well(f) })
	if well(f) && exists {
		return sure
	}
	return maybe
}

func (o *oracle) rules(r Record) {
	s := o.sureOf(r, r.Facets[0])
	switch m := r.Facets[0].Record.(type) {
	case *wire.Account:
		address := o.meant(&wire.Ref{Email: m.Email})
		for _, other := range o.w.order {
			if a, ok := o.account(other); ok && other != r.Key && address != (Key{}) && o.meant(&wire.Ref{Email: a.Email}) == address {
				s = maybe
			}
		}
		o.say(address, r.Key, s)
	case *wire.Group:
		switch parent := o.meant(m.GetParent()); m.GetType() {
		case "team":
			o.say(parent, r.Key, s)
		case "folder":
			o.say(r.Key, parent, s)
		default:
			o.say(parent, r.Key, maybe)
			o.say(r.Key, parent, maybe)
		}
	case *wire.Role:
		if m.GetPrivileged() {
			o.say(Administrators(instance), r.Key, maybe)
		}
	case *wire.Membership:
		o.membership(m, s)
	case *wire.Grant:
		o.grant(r.Key, m, s)
	case *wire.File:
		o.file(r, m, s)
	}
}

func (o *oracle) membership(m *wire.Membership, s grade) {
	if m.ExpiresAt != nil && !m.ExpiresAt.AsTime().After(now()) {
		return
	}
	if m.GetState() == "eligible" || m.GetState() == "pending" || m.Condition != nil {
		s = maybe
	}
	o.say(o.meant(m.Scope), o.meant(m.Member), s)
	if m.Scope != nil || m.GetContainer().GetKind() == sdk.KindApp {
		s = min(s, pass)
	}
	o.say(o.meant(m.Container), o.meant(m.Member), s)
}

func (o *oracle) grant(k Key, m *wire.Grant, s grade) {
	if m.GetState() == "revoked" || m.GetType() == "webhook" || (m.ExpiresAt != nil && !m.ExpiresAt.AsTime().After(now())) {
		return
	}
	if m.GetState() == "pending" {
		s = maybe
	}
	holder := k
	if m.App != nil {
		holder = o.meant(m.App)
	}
	switch {
	case m.Resource != nil:
		o.say(o.meant(m.Resource), holder, s)
	case m.Account != nil && m.App != nil:
		o.say(o.meant(m.Account), holder, maybe)
	case m.Account == nil:
		o.say(Administrators(instance), holder, maybe)
	}
}

func (o *oracle) file(r Record, m *wire.File, s grade) {
	var list *wire.AccessList
	listed := s
	for _, f := range r.Facets {
		if l := f.Record.(*wire.File).GetAccess(); l != nil { //nolint:forcetypeassert // all facets are of one kind
			list, listed = l, o.sureOf(r, f)
			break
		}
	}
	inherited := false
	for _, a := range list.GetItems() {
		inherited = inherited || a.GetInherited()
		holder := o.meant(a.GetPrincipal())
		switch a.GetLinkScope() {
		case "anyone":
			holder = Anyone()
		case "organization":
			holder = Everyone(instance)
		}
		if a.ExpiresAt == nil || a.ExpiresAt.AsTime().After(now()) {
			o.say(r.Key, holder, listed)
		}
	}
	switch owner := o.meant(m.Owner); {
	case m.Owner.GetKind() == sdk.KindAccount || m.Owner.GetKind() == sdk.KindApp:
		o.say(r.Key, owner, s)
	case !list.GetComplete():
		o.say(r.Key, owner, maybe)
	}
	switch parent := o.meant(m.Parent); {
	case list.GetComplete() && inherited:
	case list == nil && !r.OwnList:
		o.say(r.Key, parent, s)
	default:
		o.say(r.Key, parent, maybe)
	}
}

// closure of single steps from k, by trying all pairs until nothing changes.
func (o *oracle) closure(k Key, against bool, extra map[Key]grade) map[Key]grade {
	got := map[Key]grade{k: sure}
	maps.Copy(got, extra)
	for changed := true; changed; {
		changed = false
		for _, thing := range o.names {
			for holder, g := range o.step[thing] {
				near, far := holder, thing
				if against {
					near, far = thing, holder
					if g == pass {
						g = sure
						if near != k {
							g = maybe
						}
					}
				}
				switch {
				case got[near] == no:
					continue
				case got[near] != sure:
					g = maybe
				}
				if g > got[far] {
					got[far], changed = g, true
				}
			}
		}
	}
	return got
}

func (o *oracle) who(k Key) map[Key]grade {
	extra := map[Key]grade{}
	if k.Kind != sdk.KindRole && k.Kind != sdk.KindAccount {
		extra[Administrators(instance)] = maybe
	}
	return o.closure(k, true, extra)
}

func (o *oracle) reach(k Key) map[Key]grade { return o.closure(k, false, nil) }

func (o *oracle) compare(t *testing.T, what string, a *Answer, want map[Key]grade, k Key, found map[string]int) {
	t.Helper()
	got := map[Key]bool{}
	for _, r := range a.Reached {
		if _, twice := got[r.Key]; twice {
			t.Errorf("%s: %v is there twice", what, r.Key)
		}
		got[r.Key] = true
		if r.Certain != (want[r.Key] > maybe) || want[r.Key] == no {
			t.Errorf("%s: %v is certain: %v; want grade %d", what, r.Key, r.Certain, want[r.Key])
		}
		o.way(t, what, a, r, k, found)
	}
	for other := range want {
		if !got[other] && other != k && other.Circle() != administrators {
			t.Errorf("%s: %v is left out", what, other)
		}
	}
	found["hole"] += len(a.Holes)
}

// way: each step of it is one that the rules know, and it is certain when the answer says so.
func (o *oracle) way(t *testing.T, what string, a *Answer, r Reached, k Key, found map[string]int) {
	t.Helper()
	steps := a.Way(r.Key)
	if len(steps) == 0 {
		t.Errorf("%s: no way to %v", what, r.Key)
		return
	}
	certainly := true
	for i, s := range steps {
		if o.step[s.Thing][s.Holder] == no || (i > 0 && steps[i-1].Thing != s.Holder) {
			t.Errorf("%s: the way to %v is broken at %d: %v", what, r.Key, i, steps)
		}
		certainly = certainly && s.Why == ""
	}
	first, last := steps[0].Holder, steps[len(steps)-1].Thing
	if !(first == r.Key && (last == k || last.Circle() == administrators)) && !(first == k && last == r.Key) {
		t.Errorf("%s: the way to %v begins at %v and ends at %v", what, r.Key, first, last)
	}
	if last.Circle() == "" && certainly != r.Certain {
		t.Errorf("%s: %v is certain: %v, its way %v", what, r.Key, r.Certain, steps)
	}
	switch {
	case r.Certain && len(steps) >= 3:
		found["certain way of 3"]++
	case r.Certain:
		found["certain"]++
	default:
		found["possible"]++
	}
}
