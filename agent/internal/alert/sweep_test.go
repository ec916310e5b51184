package alert

import (
	"fmt"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/event"
)

// The findings of an instance whose data was removed are closed, and only these.
func TestRemovedInstance(t *testing.T) {
	for _, how := range []string{"removed", "removed and added anew"} {
		t.Run(how, func(t *testing.T) {
			w := newWorld(t, "box/main", "github/main")
			w.tell(zoe1.event(w, opened, nil), zoe2.event(w, opened, nil), bob.event(w, opened, nil))
			w.tell(bob.event(w, event.Baseline, func(e *event.Event) { e.Ref, e.Group, e.Count, e.Baseline = "", "", 7, true }))
			var many []*event.Event
			for n := range maxSweep + 100 {
				many = append(many, finding{"public", "box/main", fmt.Sprint("n", n), "eve@acme.example"}.event(w, opened, nil))
			}
			w.tellAll(many)
			w.handle()
			if how == "removed" {
				w.all.Exists = func(id string) bool { return id != "box/main" }
			} else {
				w.boxes["box/main"] = open(t, t.TempDir())
				w.handle()
			}
			for range 2 {
				if err := w.all.sweep(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			a := w.only(Filter{States: []string{Open, Baseline}})
			if a.Group != zoe1.group || a.Findings != 1 {
				t.Errorf("%+v", a)
			}
			for _, a := range w.alerts(Filter{States: []string{Closed}}) {
				if a.Reason != "the data of box/main was removed" || a.Findings != 0 {
					t.Errorf("%+v", a)
				}
			}
			if n := len(w.told(event.AlertClosed)); n != 3 {
				t.Errorf("%d alerts were told of as closed", n)
			}
		})
	}
}

// Alerts that closed long ago go, with all of them; others stay.
func TestOldAlerts(t *testing.T) {
	w := newWorld(t, "box/main")
	w.tell(zoe1.event(w, opened, nil), bob.event(w, opened, nil), zoe1.event(w, gone, nil))
	w.handle()
	now := epoch
	w.all = New(Config{Store: w.own, Audit: w.audit, Now: func() time.Time { return now }})
	for _, c := range []struct {
		span time.Duration
		want int
	}{{keepClosed - time.Hour, 2}, {keepClosed + time.Hour, 1}} {
		now = epoch.Add(c.span)
		if err := w.all.sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := len(w.alerts(Filter{})); n != c.want {
			t.Errorf("after %s %d alerts are left, want %d", c.span, n, c.want)
		}
	}
	n := 0
	for _, err := range w.own.Docs(t.Context(), bucketFindings, nil) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	if n != 1 {
		t.Errorf("%d findings are left", n)
	}
}
