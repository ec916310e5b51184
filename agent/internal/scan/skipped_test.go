package scan_test

import (
	"slices"
	"testing"
	"testing/synctest"

	"github.com/mooring-hq/mooring/agent/internal/scan"
)

// TestSkipped: what a walk could not see is told until a walk sees it, also by another process, and nothing is deleted for
// it.
func TestSkipped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		populate(w.v)
		w.mustScan()
		before := w.stored()
		w.v.faults["files"] = &fault{times: 1, half: true, skips: "beyond 10000"}
		w.mustScan()
		if got := w.stored(); len(got) < len(before) {
			t.Errorf("%d records are left of %d", len(got), len(before))
		}
		w.wantSkipped(1, "beyond 10000")
		w.mustScan()
		w.wantSkipped(0, "")
	})
}

func (w *world) wantSkipped(shards int, what string) {
	w.t.Helper()
	rounds, err := scan.Rounds(w.t.Context(), w.store)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, r := range rounds {
		if want := map[bool]int{r.Listing == "files": shards}[true]; r.Skipped != want {
			w.t.Errorf("%s: %d shards were seen in part, want %d", r.Listing, r.Skipped, want)
		}
	}
	looks, err := scan.LooksAt(w.t.Context(), w.store, "files")
	if err != nil {
		w.t.Fatal(err)
	}
	n := 0
	for _, l := range looks {
		if slices.Equal(l.Skipped, []string{what}) {
			n++
		}
	}
	if n != shards {
		w.t.Errorf("%d looks tell of %q, want %d", n, what, shards)
	}
}
