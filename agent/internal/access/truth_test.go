package access

import (
	"fmt"
	"testing"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// truth is what is really so at a provider: who is in which group, and who stands in which access list.
type truth struct {
	*world
	members map[string][]*wire.Ref // by group
	lists   map[string][]*wire.Ref // by file with a list of its own
	parents map[string]string      // of files without
}

func newTruth(seed uint64) *truth {
	w := newWorld(seed)
	clear(w.records)
	clear(w.bad)
	clear(w.gone)
	clear(w.part)
	tr := &truth{world: w, members: map[string][]*wire.Ref{}, lists: map[string][]*wire.Ref{}, parents: map[string]string{}}
	for i := range 4 {
		for range w.r.IntN(4) {
			g := fmt.Sprint("g", i)
			tr.members[g] = append(tr.members[g], w.either())
		}
		f := fmt.Sprint("f", i)
		if i > 0 && w.chance(50) {
			tr.parents[f] = fmt.Sprint("f", w.r.IntN(i))
			continue
		}
		for range w.r.IntN(3) {
			tr.lists[f] = append(tr.lists[f], w.either())
		}
	}
	return tr
}

func (w *world) either() *wire.Ref {
	return one(w, w.pick(sdk.KindAccount, 5), w.pick(sdk.KindGroup, 4))
}

// reach is everyone who really reaches a group or file.
func (tr *truth) reach(k Key) map[Key]bool {
	got := map[Key]bool{}
	todo := []Key{k}
	for len(todo) > 0 {
		next := todo[0]
		todo = todo[1:]
		holders := tr.members[next.ID]
		if next.Kind == sdk.KindFile {
			holders = tr.lists[next.ID]
			if p, ok := tr.parents[next.ID]; ok {
				holders = []*wire.Ref{sdk.To(sdk.KindFile, p)}
			}
		}
		for _, h := range holders {
			if key := (Key{instance, h.GetKind(), h.GetId()}); !got[key] {
				got[key] = true
				todo = append(todo, key)
			}
		}
	}
	return got
}

// seen is what an agent has of a list: all of it where the look was complete and recent. Else it may be old.
func (tr *truth) seen(whole bool, real []*wire.Ref) []*wire.Ref {
	if whole {
		return real
	}
	var out []*wire.Ref
	for _, r := range real {
		if tr.chance(60) {
			out = append(out, r)
		}
	}
	if tr.chance(30) {
		out = append(out, tr.either())
	}
	return out
}

// view is the graph of an agent that could not see all.
func (tr *truth) view() *Graph {
	g := New()
	for i := range 4 {
		tr.viewGroup(g, fmt.Sprint("g", i))
		tr.viewFile(g, fmt.Sprint("f", i))
	}
	return g
}

func (tr *truth) viewGroup(g *Graph, id string) {
	listed, members := Home{instance, "groups", ""}, Home{instance, "members", id}
	tr.bad[members] = tr.chance(30)
	tr.part[Key{instance, sdk.KindGroup, id}] = tr.bad[members]
	if tr.chance(90) { // else nobody has told of it yet
		g.Put(Record{Key{instance, sdk.KindGroup, id}, []Facet{{listed, true, &wire.Group{Id: id}}}, false})
	} else {
		tr.bad[members] = true
	}
	for n, m := range tr.seen(!tr.bad[members], tr.members[id]) {
		mid := fmt.Sprint(id, "/", n)
		g.Put(Record{Key{instance, sdk.KindMembership, mid}, []Facet{{
			members, true, &wire.Membership{Id: mid, Container: sdk.To(sdk.KindGroup, id), Member: m},
		}}, false})
	}
}

func (tr *truth) viewFile(g *Graph, id string) {
	if tr.chance(10) {
		return
	}
	files, lists := Home{instance, "files", id}, Home{instance, "lists", id}
	tr.bad[files], tr.bad[lists] = tr.chance(15), tr.chance(25)
	key := Key{instance, sdk.KindFile, id}
	parent, below := tr.parents[id]
	if below {
		if tr.bad[files] && tr.chance(50) { // it was moved since
			parent = one(tr.world, "", "f0", "f1")
		}
		g.Put(Record{key, []Facet{{files, true, &wire.File{Id: id, Parent: sdk.To(sdk.KindFile, parent)}}}, false})
		return
	}
	folder := one(tr.world, "", "f0") // that it lies in; what that gives it does not have
	facets := []Facet{{files, true, &wire.File{Id: id, Parent: sdk.To(sdk.KindFile, folder)}}}
	if tr.chance(80) {
		whole := tr.chance(75)
		list := &wire.AccessList{Complete: whole}
		for _, r := range tr.seen(whole && !tr.bad[lists], tr.lists[id]) {
			list.Items = append(list.Items, &wire.Access{Principal: r})
		}
		if !whole && !tr.bad[lists] { // a part, but a true one
			list.Items = nil
			for _, r := range tr.lists[id] {
				if tr.chance(50) {
					list.Items = append(list.Items, &wire.Access{Principal: r})
				}
			}
		}
		facets = append(facets, Facet{lists, false, &wire.File{Access: list}})
	}
	g.Put(Record{key, facets, true})
}

// TestAgainstTruth: whatever an agent could not see, who it calls certain really has access, and who really has access is
// among those it names, or behind a hole that it names.
func TestAgainstTruth(t *testing.T) {
	certain, behind := 0, 0
	for seed := range uint64(graphs()) {
		tr := newTruth(seed)
		g := tr.view()
		for i := range 8 {
			k := Key{instance, one(tr.world, sdk.KindFile, sdk.KindGroup), fmt.Sprint(i % 4)}
			k.ID = sdk.KindName(k.Kind)[:1] + k.ID
			if !g.Has(k) {
				continue
			}
			real, a, named := tr.reach(k), g.Who(k, tr), map[Key]bool{}
			for _, r := range a.Reached {
				named[r.Key] = true
				if r.Certain {
					certain++
				}
				if r.Certain && !real[r.Key] && r.Key.Kind == sdk.KindAccount {
					t.Errorf("seed %d: %v is certain for %v, and has no access", seed, r.Key, k)
				}
			}
			for r := range real {
				if named[r] || r == k {
					continue
				}
				behind++
				if !tr.behind(a.Holes, r) {
					t.Errorf("seed %d: %v has access to %v, and is neither named nor behind a hole: %v", seed, r, k, a.Holes)
				}
			}
		}
		if t.Failed() {
			t.FailNow()
		}
	}
	if certain < graphs() || behind < graphs() {
		t.Errorf("%d certain, %d behind holes: the worlds are too poor to prove anything", certain, behind)
	}
}

func (tr *truth) behind(holes []Hole, r Key) bool {
	for _, h := range holes {
		if tr.reach(h.Key)[r] {
			return true
		}
	}
	return false
}
