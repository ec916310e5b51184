package scan_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
)

// TestNewEpoch: after a restore the first pass lists everything again, whatever the stamps say, and deletes nothing at its
// first look.
func TestNewEpoch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		populate(w.v)
		w.mustScan()
		clear(w.v.calls)
		w.mustScan()
		if n := w.v.calls["seats"]; n != 0 {
			t.Fatalf("%d shards with unchanged stamps were walked", n)
		}
		epoch := store.Doc{Bucket: "store", Key: []byte("epoch"), Value: []byte("restored")}
		if _, err := w.store.Commit(t.Context(), &store.Batch{At: time.Now(), Docs: []store.Doc{epoch}}); err != nil {
			t.Fatal(err)
		}
		outcomes, err := w.scan(false)
		if err != nil {
			t.Fatal(err)
		}
		if n := w.v.calls["seats"]; n != len(w.v.teams) {
			t.Errorf("%d of %d shards were walked after a restore", n, len(w.v.teams))
		}
		for _, o := range outcomes {
			if o.Listing == "members" && !o.Round.LastComplete.Equal(o.Round.Started) {
				t.Errorf("the first round of the new epoch is not its first complete one: %+v", o.Round)
			}
		}
		clear(w.v.calls)
		w.mustScan()
		if n := w.v.calls["seats"]; n != 0 {
			t.Errorf("the epoch is new for ever: %d shards were walked again", n)
		}
		if gone := w.deletions(); len(gone) > 0 {
			t.Errorf("deleted: %v", gone)
		}
		w.mustEqual()
	})
}
