package access

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// graphs is how many random graphs each property is held against; the race detector, which finds nothing here, gets fewer.
func graphs() int {
	if testing.Short() {
		return 1000
	}
	return 10_000
}

// now is that of the tests.
func now() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

// world is a random set of records, as small as a human could still draw it.
type world struct {
	r       *rand.Rand
	records map[Key]Record
	order   []Key
	bad     map[Home]bool // not looked at well
	gone    map[Key]bool  // unconfirmed
	part    map[Key]bool  // not all members are known
}

func (w *world) Home(h Home) string {
	if w.bad[h] {
		return "not looked at"
	}
	return ""
}

func (w *world) Record(k Key, listing string) string {
	if w.gone[k] && listing == "defining" {
		return "not listed any more"
	}
	return ""
}

func (w *world) Members(k Key) string {
	if w.part[k] {
		return "not all are known"
	}
	return ""
}

func (w *world) Now() time.Time { return now() }

const instance = "box/main"

func (w *world) chance(percent int) bool { return w.r.IntN(100) < percent }

func (w *world) pick(k wire.Kind, of int) *wire.Ref {
	return sdk.To(k, fmt.Sprint(sdk.KindName(k)[:1], w.r.IntN(of)))
}

func (w *world) who() *wire.Ref {
	switch w.r.IntN(6) {
	case 0, 1, 2:
		return w.pick(sdk.KindAccount, 5)
	case 3, 4:
		return w.pick(sdk.KindGroup, 4)
	}
	if w.chance(50) {
		return &wire.Ref{Kind: sdk.KindAccount, Email: new(fmt.Sprintf("A%d@x.y ", w.r.IntN(5)))}
	}
	return w.pick(sdk.KindApp, 2)
}

func one[T any](w *world, of ...T) T { return of[w.r.IntN(len(of))] }

func optional[T any](w *world, percent int, v T) *T {
	if w.chance(percent) {
		return &v
	}
	return nil
}

func (w *world) until() *time.Time {
	return optional(w, 15, now().Add(time.Duration(w.r.IntN(3)-1)*time.Hour))
}

func (w *world) record(k wire.Kind, id string) sdk.Record {
	switch k { //nolint:exhaustive // those that the rules read
	case sdk.KindAccount:
		return &wire.Account{
			Id: id, Status: optional(w, 50, one(w, "active", "suspended", "unknown")),
			Email: optional(w, 50, fmt.Sprintf("a%d@x.Y", w.r.IntN(5))),
		}
	case sdk.KindGroup:
		g := &wire.Group{Id: id, Type: optional(w, 80, one(w, "team", "folder"))}
		if w.chance(30) {
			g.Parent = w.pick(sdk.KindGroup, 4)
		}
		return g
	case sdk.KindRole:
		return &wire.Role{Id: id, Privileged: optional(w, 50, w.chance(60))}
	case sdk.KindMembership:
		return w.membership(id)
	case sdk.KindFile:
		return w.file(id)
	case sdk.KindGrant:
		return w.grantRecord(id)
	}
	return &wire.App{Id: id}
}

func (w *world) membership(id string) sdk.Record {
	m := &wire.Membership{Id: id, Member: w.who(), State: optional(w, 40, one(w, "active", "active", "eligible", "pending"))}
	m.Container = one(w, w.pick(sdk.KindGroup, 4), w.pick(sdk.KindGroup, 4), w.pick(sdk.KindRole, 2), w.pick(sdk.KindApp, 2))
	if w.chance(10) {
		m.Condition = new("at work")
	}
	if w.chance(10) {
		m.Scope = one(w, w.pick(sdk.KindFile, 4), w.pick(sdk.KindGroup, 4))
	}
	if at := w.until(); at != nil {
		m.ExpiresAt = sdk.At(*at)
	}
	return m
}

func (w *world) file(id string) sdk.Record {
	f := &wire.File{Id: id}
	if w.chance(50) {
		f.Parent = w.pick(sdk.KindFile, 4)
	}
	if w.chance(50) {
		f.Owner = one(w, w.who(), w.who(), w.pick(sdk.KindFile, 4))
	}
	if w.chance(60) {
		f.Access = &wire.AccessList{Complete: w.chance(60)}
		for range w.r.IntN(3) {
			a := &wire.Access{Principal: w.who(), Role: optional(w, 80, one(w, "read", "write", "admin")), Inherited: optional(w, 30, true)}
			if w.chance(20) {
				a.LinkScope = new(one(w, "anyone", "organization"))
			}
			if at := w.until(); at != nil {
				a.ExpiresAt = sdk.At(*at)
			}
			f.Access.Items = append(f.Access.Items, a)
		}
	}
	return f
}

func (w *world) grantRecord(id string) sdk.Record {
	g := &wire.Grant{Id: id, State: optional(w, 50, one(w, "active", "pending", "revoked")), Type: optional(w, 50, one(w, "oauth", "webhook"))}
	if w.chance(60) {
		g.App = w.pick(sdk.KindApp, 2)
	}
	if w.chance(40) {
		g.Account = w.pick(sdk.KindAccount, 5)
	}
	if w.chance(30) {
		g.Resource = w.pick(sdk.KindFile, 4)
	}
	if at := w.until(); at != nil {
		g.ExpiresAt = sdk.At(*at)
	}
	return g
}

// change puts a record as new, or takes it away.
func (w *world) change(k Key) {
	if w.chance(15) {
		delete(w.records, k)
		return
	}
	defining := Home{instance, "defining", fmt.Sprint(w.r.IntN(4))}
	r := Record{Key: k, OwnList: w.chance(70)}
	m, _ := w.record(k.Kind, k.ID).(wire.RecordMessage)
	r.Facets = []Facet{{Home: defining, Defines: w.chance(95), Record: m}}
	if f, ok := m.(*wire.File); ok && w.chance(40) { // the list comes from elsewhere, and sometimes two name the file
		r.Facets = append(r.Facets, Facet{
			Home: Home{instance, "enriching", fmt.Sprint(w.r.IntN(4))}, Record: &wire.File{Access: f.Access}, Defines: w.chance(30),
		})
		f.Access = nil
	}
	w.records[k] = r
}

func newWorld(seed uint64) *world {
	w := &world{
		r: rand.New(rand.NewPCG(seed, 1)), records: map[Key]Record{}, bad: map[Home]bool{}, gone: map[Key]bool{}, part: map[Key]bool{},
	}
	for k, n := range map[wire.Kind]int{
		sdk.KindAccount: 5, sdk.KindGroup: 4, sdk.KindRole: 2, sdk.KindApp: 2, sdk.KindMembership: 9, sdk.KindFile: 4, sdk.KindGrant: 2,
	} {
		for i := range n {
			w.order = append(w.order, Key{instance, k, fmt.Sprint(sdk.KindName(k)[:1], i)})
		}
	}
	slices.SortFunc(w.order, func(a, b Key) int { return int(a.Kind)*100 + int(a.ID[1]) - int(b.Kind)*100 - int(b.ID[1]) })
	for _, k := range w.order {
		w.change(k)
		w.gone[k], w.part[k] = w.chance(8), w.chance(20)
	}
	for _, l := range []string{"defining", "enriching"} {
		for i := range 4 {
			w.bad[Home{instance, l, fmt.Sprint(i)}] = w.chance(15)
		}
	}
	return w
}

// TestAgainstOracle: Who and Reach find exactly what a plain reading of the rules finds, on random graphs that change
// under them.
func TestAgainstOracle(t *testing.T) {
	found := map[string]int{}
	for seed := range uint64(graphs()) {
		w := newWorld(seed)
		g := New()
		for _, k := range w.order {
			if r, ok := w.records[k]; ok {
				g.Put(r)
			}
		}
		for range w.r.IntN(8) {
			k := w.order[w.r.IntN(len(w.order))]
			if w.change(k); len(w.records[k].Facets) == 0 {
				g.Remove(k)
			} else {
				g.Put(w.records[k])
			}
		}
		o := newOracle(w)
		for _, k := range w.order {
			switch k.Kind { //nolint:exhaustive // the others hold nothing and are held by nobody
			case sdk.KindAccount, sdk.KindGroup, sdk.KindRole, sdk.KindApp, sdk.KindFile:
				o.compare(t, fmt.Sprintf("seed %d: who can reach %s", seed, k.ID), g.Who(k, w), o.who(k), k, found)
				o.compare(t, fmt.Sprintf("seed %d: what %s can reach", seed, k.ID), g.Reach(w, Start{Key: k}), o.reach(k), k, found)
			}
		}
		if t.Failed() {
			t.Fatalf("seed %d: %v", seed, w.records)
		}
	}
	t.Log(found)
	for _, what := range []string{"certain", "possible", "hole", "certain way of 3"} {
		if found[what] < graphs()/10 {
			t.Errorf("only %d × %s: the graphs are too poor to prove anything", found[what], what)
		}
	}
}
