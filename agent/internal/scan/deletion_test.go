package scan_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// world is a vendor, a store and the engines that come and go between them.
type world struct {
	t        *testing.T
	v        *vendor
	store    *bolt.Store
	settings string
	seq      uint64
	deleted  map[string]int
	lives    bool // one process scans again and again
	kept     *scan.Engine
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := bolt.Open(bolt.Options{Dir: memoryDir(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{t: t, v: newVendor(), store: s, deleted: map[string]int{}}
}

// memoryDir is a folder in memory where there is one: thousands of commits need no disk.
func memoryDir(t *testing.T) string {
	t.Helper()
	const shm = "/dev/shm"
	dir, err := os.MkdirTemp(shm, "mooring-test-*")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

func (w *world) engine() *scan.Engine {
	if w.lives && w.kept != nil && w.kept.Settings == w.settings && len(w.kept.Description.GetFetches()) == len(w.v.fetches) {
		return w.kept
	}
	w.kept = scan.New(scan.Config{
		Instance: "test/one", Description: description(w.v.fetches), Source: w.v, Store: w.store, Settings: w.settings,
		TempDir: w.t.TempDir(), Logger: hclog.NewNullLogger(),
	})
	return w.kept
}

// processes are the two ways to scan again: in a new process, and in the same one.
var processes = map[string]bool{"": false, ", one process": true}

// scan runs one pass, in a new process, so to speak, unless it lives.
func (w *world) scan(full bool) ([]scan.Outcome, error) {
	w.t.Helper()
	outcomes, err := w.engine().Once(w.t.Context(), scan.Request{Full: full})
	time.Sleep(time.Second) // the clock goes on between two scans
	return outcomes, err
}

func (w *world) mustScan() {
	w.t.Helper()
	outcomes, err := w.scan(false)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, o := range outcomes {
		if o.Err != nil {
			w.t.Fatalf("%s: %v", o.Listing, o.Err)
		}
	}
}

// stored are the records of the store, by kind and id.
func (w *world) stored() map[string]bool {
	w.t.Helper()
	all := map[string]bool{}
	for row, err := range w.store.Rows(context.Background(), store.Range{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		all[sdk.KindName(row.Kind)+"/"+row.ID] = true
	}
	for row, err := range w.store.Activities(context.Background(), time.Time{}, time.Time{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		all["activity/"+row.ID] = true
	}
	return all
}

// deletions reads what was deleted since it was asked last.
func (w *world) deletions() []string {
	w.t.Helper()
	var out []string
	for e, err := range w.store.Log(context.Background(), w.seq) {
		if err != nil {
			w.t.Fatal(err)
		}
		w.seq = e.Sequence
		if e.What == store.Deleted {
			out = append(out, sdk.KindName(e.Kind)+"/"+e.ID)
			w.deleted[out[len(out)-1]]++
		}
	}
	return out
}

func (w *world) mustEqual() {
	w.t.Helper()
	have, want := w.stored(), w.v.exists()
	for r := range want {
		if !have[r] {
			w.t.Errorf("%s is missing from the store", r)
		}
	}
	for r := range have {
		if !want[r] && !w.otherEyes(r) {
			w.t.Errorf("%s is in the store, but gone at the provider", r)
		}
	}
}

// otherEyes says whether a record was last seen with another view than the present one: then its absence proves nothing,
// and what cannot be fetched stays, unconfirmed.
func (w *world) otherEyes(r string) bool {
	for row, err := range w.store.Rows(context.Background(), store.Range{}) {
		if err != nil {
			w.t.Fatal(err)
		}
		if sdk.KindName(row.Kind)+"/"+row.ID == r && row.Home.Fingerprint == w.v.fingerprint+"."+w.settings {
			return false
		}
	}
	return true
}

// populate gives the vendor a company.
func populate(v *vendor) {
	for i := range 30 {
		v.accounts[fmt.Sprintf("a%02d", i)] = "members"
		if i%5 == 0 {
			v.accounts[fmt.Sprintf("a%02d", i)] = "outside"
		}
	}
	for d := range 4 {
		files := map[string]bool{}
		for f := range 8 {
			files[fmt.Sprintf("d%d-f%d", d, f)] = true
		}
		v.drives[fmt.Sprintf("d%d", d)] = files
		seats := map[string]bool{}
		for s := range 5 {
			seats[fmt.Sprintf("a%02d", s+d)] = true
		}
		v.teams[fmt.Sprintf("t%d", d)] = seats
	}
}

// TestNothingIsDeletedByMistake: after each of these, everything that exists at the provider is still there.
func TestNothingIsDeletedByMistake(t *testing.T) {
	throttled := &sdk.Error{Type: sdk.ErrThrottled, Message: "429", RetryAfter: time.Minute, Sent: true}
	for name, fail := range map[string]func(*world){
		"403":             func(w *world) { w.fault("members", 1, sdk.Errorf(sdk.ErrPermission, "403")) },
		"404":             func(w *world) { w.fault("members", 1, sdk.Errorf(sdk.ErrNotFound, "404")) },
		"429":             func(w *world) { w.fault("members", 2, throttled) },
		"truncated page":  func(w *world) { w.fault("members", 1, sdk.Errorf(sdk.ErrUnavailable, "answer is cut short")) },
		"expired token":   func(w *world) { w.fault("members", 1, sdk.Errorf(sdk.ErrAuth, "401")) },
		"repeated cursor": func(w *world) { w.v.faults["members"] = &fault{times: 9, after: 1, repeat: true} },
		"no Complete":     func(w *world) { w.v.faults["members"] = &fault{times: 9, silent: true} },
		"half the list, once": func(w *world) {
			for i := range 80 {
				w.v.accounts[fmt.Sprintf("b%02d", i)] = "members"
			}
			w.mustScan()
			w.v.faults["members"] = &fault{times: 1, half: true}
		},
		"changed visibility": func(w *world) {
			w.v.fingerprint = "f2"
			w.v.hidden["a01"], w.v.hidden["a02"] = true, true
		},
		"changed filter": func(w *world) {
			w.settings = "narrower"
			w.v.hidden["a03"] = true
		},
		"a cut parent retires no shard": func(w *world) {
			w.v.faults["drives"] = &fault{times: 9, after: 0, err: sdk.Errorf(sdk.ErrUnavailable, "502")}
		},
		"denied shard": func(w *world) { w.v.denied["d1"] = true },
		"a file moves between shards": func(w *world) {
			delete(w.v.drives["d3"], "d3-f1")
			w.v.drives["d0"]["d3-f1"] = true
		},
		"a file moves into a denied shard": func(w *world) {
			w.v.denied["d1"] = true
			delete(w.v.drives["d3"], "d3-f1")
			w.v.drives["d1"]["d3-f1"] = true
		},
		"an account moves between listings": func(w *world) { w.v.accounts["a01"], w.v.accounts["a05"] = "outside", "members" },
		"not in the plan any more": func(w *world) {
			w.v.off["members"] = wire.Capability_NOT_IN_PLAN
		},
	} {
		for how, lives := range processes {
			t.Run(name+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					w.lives = lives
					populate(w.v)
					w.mustScan()
					w.mustEqual()
					fail(w)
					for range 4 {
						_, _ = w.scan(false)
					}
					if gone := w.deletions(); len(gone) > 0 {
						t.Fatalf("deleted by mistake: %v", gone)
					}
					for r := range w.v.exists() {
						if !w.stored()[r] {
							t.Errorf("%s is missing from the store", r)
						}
					}
				})
			})
		}
	}
}

func (w *world) fault(listing string, after int, err error) {
	w.v.faults[listing] = &fault{times: 9, after: after, err: err}
}

// TestAnotherTenant: a credential of another tenant changes nothing.
func TestAnotherTenant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		populate(w.v)
		w.mustScan()
		before := w.stored()
		w.v.tenant = "t2"
		clear(w.v.accounts)
		if _, err := w.scan(false); err == nil {
			t.Fatal("another tenant was scanned into this one's store")
		}
		if after := w.stored(); len(after) != len(before) {
			t.Fatalf("%d records, %d before", len(after), len(before))
		}
	})
}

// TestDeletionsArrive: what is gone at the provider is gone here within two rounds, whatever else is broken.
func TestDeletionsArrive(t *testing.T) {
	for name, change := range map[string]func(*vendor){
		"account":          func(v *vendor) { delete(v.accounts, "a01") },
		"outside account":  func(v *vendor) { delete(v.accounts, "a05") },
		"file":             func(v *vendor) { delete(v.drives["d2"], "d2-f3") },
		"drive with files": func(v *vendor) { delete(v.drives, "d2") },
		"seat":             func(v *vendor) { delete(v.teams["t1"], "a03"); v.stamps["t1"]++ },
		"team with seats":  func(v *vendor) { delete(v.teams, "t1") },
		"beside denied":    func(v *vendor) { v.denied["d0"] = true; delete(v.drives["d2"], "d2-f3") },
		"without fetch":    func(v *vendor) { v.fetches = nil; delete(v.drives["d2"], "d2-f3"); delete(v.accounts, "a01") },
		"denied, no fetch": func(v *vendor) { v.fetches = nil; v.denied["d0"] = true; delete(v.drives["d2"], "d2-f3") },
		"listing not in plan": func(v *vendor) {
			v.off["outside"] = wire.Capability_NOT_IN_PLAN
			delete(v.accounts, "a01")
		},
	} {
		for how, lives := range processes {
			t.Run(name+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					w := newWorld(t)
					w.lives = lives
					populate(w.v)
					w.mustScan()
					w.v.change(func() { change(w.v) })
					for range 2 {
						if _, err := w.scan(false); err != nil {
							t.Fatal(err)
						}
					}
					if name == "drive with files" || name == "team with seats" { // the shard first, then what it held
						_, _ = w.scan(false)
					}
					w.mustEqual()
					if len(w.deletions()) == 0 {
						t.Fatal("nothing was deleted")
					}
				})
			})
		}
	}
}

// TestMassDeletion: what is really gone goes, but never at the first look.
func TestMassDeletion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		for i := range 100 {
			w.v.accounts[fmt.Sprintf("a%03d", i)] = "members"
		}
		w.mustScan()
		for i := range 60 {
			delete(w.v.accounts, fmt.Sprintf("a%03d", i))
		}
		outcomes, err := w.scan(false)
		if err != nil {
			t.Fatal(err)
		}
		held := slices.ContainsFunc(outcomes, func(o scan.Outcome) bool { return o.Listing == "members" && o.Round.Held })
		if gone := w.deletions(); len(gone) > 0 || !held {
			t.Fatalf("held %v, deleted %d", held, len(gone))
		}
		w.mustScan()
		w.mustEqual()
	})
}

// TestFailuresKeepTheSlots: shards that end a round early give back their place, or later scans would wait for ever.
func TestFailuresKeepTheSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		populate(w.v)
		for d := range 20 { // more than walk at once
			w.v.drives[fmt.Sprintf("e%02d", d)] = map[string]bool{fmt.Sprintf("e%02d-f", d): true}
		}
		w.mustScan()
		e := w.engine()
		for range 6 {
			w.fault("files", 0, sdk.Errorf(sdk.ErrUnavailable, "502"))
			ctx, cancel := context.WithTimeout(t.Context(), 24*time.Hour)
			_, err := e.Once(ctx, scan.Request{Full: true, Kinds: []wire.Kind{sdk.KindFile}})
			cancel()
			if err != nil {
				t.Fatalf("a scan with failing shards did not end within a day: %v", err)
			}
		}
	})
}

// TestProviderGone: a scan of a provider that cannot be reached ends soon, whatever the number of its listings.
func TestProviderGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		populate(w.v)
		w.mustScan()
		for _, l := range description(nil).GetListings() {
			w.fault(l.GetName(), 0, sdk.Errorf(sdk.ErrUnavailable, "connection refused"))
			w.v.faults[l.GetName()].times = 1 << 20
		}
		began := time.Now()
		outcomes, err := w.engine().Once(t.Context(), scan.Request{Full: true})
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range outcomes {
			if o.Err == nil {
				t.Errorf("%s says nothing of the provider that is gone", o.Listing)
			}
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("it took %s", took)
		}
	})
}
