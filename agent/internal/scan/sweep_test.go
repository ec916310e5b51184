package scan_test

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
)

// watched counts how often all rows of a kind are read.
type watched struct {
	store.Store
	sweeps atomic.Int64
}

func (w *watched) Rows(ctx context.Context, r store.Range) iter.Seq2[store.Row, error] {
	if r.ID == "" {
		w.sweeps.Add(1)
	}
	return w.Store.Rows(ctx, r)
}

// TestNoRowIsReadWhereNothingCanBeMissing: a process that lives reads the store once to count; after that only rounds that
// can have missed something do.
func TestNoRowIsReadWhereNothingCanBeMissing(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*world)
		reads  bool
	}{
		"nothing happened":   {func(*world) {}, false},
		"one more":           {func(w *world) { w.v.accounts["a99"] = "members" }, false},
		"one less":           {func(w *world) { delete(w.v.accounts, "a01") }, true},
		"one for another":    {func(w *world) { delete(w.v.accounts, "a01"); w.v.accounts["a99"] = "members" }, true},
		"in the other place": {func(w *world) { w.v.accounts["a01"] = "outside" }, true},
		"one twice, one not": {func(w *world) { w.v.drives["d0"]["d1-f1"] = true; delete(w.v.drives["d2"], "d2-f1") }, true},
		"gone and settled": {func(w *world) {
			// What is gone is not in doubt any more, but how many rows there are now is.
			delete(w.v.accounts, "a01")
			w.mustScan()
			w.mustScan()
			w.mustEqual()
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.lives = true
				s := &watched{Store: w.store}
				populate(w.v)
				w.kept = scan.New(scan.Config{
					Instance: "test/one", Description: description(w.v.fetches), Source: w.v, Store: s,
					TempDir: t.TempDir(), Logger: hclog.NewNullLogger(),
				})
				w.mustScan()
				w.mustScan()
				w.mustEqual()
				before := s.sweeps.Load()
				c.change(w)
				w.mustScan()
				if read := s.sweeps.Load() > before; read != c.reads {
					t.Errorf("rows were read: %v, want %v", read, c.reads)
				}
				w.mustScan()
				time.Sleep(time.Second)
				w.mustEqual()
				before = s.sweeps.Load()
				w.mustScan() // counts again what was in doubt
				w.mustScan()
				if n := s.sweeps.Load() - before; c.reads && n > int64(len(description(nil).GetListings())) {
					t.Errorf("rows were read %d times although nothing changes any more", n)
				}
			})
		})
	}
}

// TestCountsFollow: a listing that grows and shrinks in one process is never taken for complete when it is not.
func TestCountsFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.lives = true
		w.v.fetches = nil
		populate(w.v)
		w.mustScan()
		for i := range 12 {
			w.v.accounts[fmt.Sprintf("n%02d", i)] = "members"
			delete(w.v.accounts, fmt.Sprintf("n%02d", i-2))
			w.mustScan()
		}
		for range 3 {
			w.mustScan()
		}
		w.mustEqual()
		if n := w.deleted[sdk.KindName(sdk.KindAccount)+"/n01"]; n != 0 {
			t.Errorf("n01 was deleted %d times before anybody looked", n)
		}
	})
}
