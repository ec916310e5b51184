package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mooring-hq/mooring/agent/internal/audit"
	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var epoch = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// book is an audit log in memory.
type book struct {
	entries []audit.Entry
	full    bool
}

func (b *book) Append(entries ...audit.Entry) error {
	if b.full {
		return errors.New("no space left")
	}
	b.entries = append(b.entries, entries...)
	return nil
}

// world is an agent's store with those of some instances.
type world struct {
	tb    testing.TB
	own   *bolt.Store
	boxes map[string]*bolt.Store
	audit *book
	all   *Alerts
	n     int
}

func open(tb testing.TB, dir string) *bolt.Store {
	tb.Helper()
	s, err := bolt.Open(bolt.Options{Dir: dir})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return s
}

func newWorld(tb testing.TB, instances ...string) *world {
	tb.Helper()
	w := &world{tb: tb, own: open(tb, tb.TempDir()), boxes: map[string]*bolt.Store{}, audit: &book{}}
	for _, i := range instances {
		w.boxes[i] = open(tb, tb.TempDir())
	}
	w.all = New(Config{Store: w.own, Audit: w.audit, Now: func() time.Time { return epoch.Add(time.Hour) }})
	return w
}

// finding is what the tests tell of.
type finding struct {
	policy, instance, id, group string
}

func (f finding) event(w *world, what event.What, more func(*event.Event)) *event.Event {
	w.n++
	ref := f.instance + "/file/" + f.id
	e := &event.Event{
		ID: fmt.Sprintf("e%d", w.n), Time: epoch.Add(time.Duration(w.n) * time.Second), What: what, Subject: "finding/" + f.policy + "/" + ref,
		Severity: "medium", Title: f.policy + ": " + f.id, Instance: f.instance, Policy: f.policy, Ref: ref, Group: f.group,
		Record: json.RawMessage(`{"id":"` + f.id + `"}`), Evidence: json.RawMessage(`{"access_level":"public"}`),
	}
	if what == event.FindingClosed {
		e.Reason, e.Record, e.Evidence = "access_level went from public to private", nil, nil
	}
	if more != nil {
		more(e)
	}
	return e
}

// tell puts events into the outbox of their instance.
func (w *world) tell(events ...*event.Event) {
	w.tb.Helper()
	for _, e := range events {
		value, err := json.Marshal(e)
		if err != nil {
			w.tb.Fatal(err)
		}
		b := &store.Batch{At: e.Time, Docs: []store.Doc{{Bucket: event.Bucket, Append: true, Value: value}}}
		if _, err := w.boxes[e.Instance].Commit(w.tb.Context(), b); err != nil {
			w.tb.Fatal(err)
		}
	}
}

func (w *world) follower(instance string) *follower {
	return &follower{all: w.all, id: instance, outbox: w.boxes[instance]}
}

// handle takes all that stands in the outboxes, those of one instance after the other.
func (w *world) handle() {
	w.tb.Helper()
	for _, i := range slices.Sorted(func(yield func(string) bool) {
		for i := range w.boxes {
			if !yield(i) {
				return
			}
		}
	}) {
		for {
			n, err := w.follower(i).step(w.tb.Context())
			if err != nil {
				w.tb.Fatal(err)
			}
			if n == 0 {
				break
			}
		}
	}
}

func (w *world) alerts(f Filter) (all []*Alert) {
	w.tb.Helper()
	for a, err := range All(w.tb.Context(), w.own, f) {
		if err != nil {
			w.tb.Fatal(err)
		}
		all = append(all, a)
	}
	slices.SortFunc(all, func(a, b *Alert) int { return a.Opened.Compare(b.Opened) })
	return all
}

func (w *world) only(f Filter) *Alert {
	w.tb.Helper()
	all := w.alerts(f)
	if len(all) != 1 {
		w.tb.Fatalf("%d alerts, want one: %+v", len(all), all)
	}
	return all[0]
}

func (w *world) findings(id string) (all []*Finding) {
	w.tb.Helper()
	for f, err := range Findings(w.tb.Context(), w.own, id) {
		if err != nil {
			w.tb.Fatal(err)
		}
		all = append(all, f)
	}
	return all
}

// told gives what left the agent.
func (w *world) told(what ...event.What) (all []*event.Event) {
	w.tb.Helper()
	for d, err := range w.own.DocsAfter(w.tb.Context(), bucketEvents, nil) {
		if err != nil {
			w.tb.Fatal(err)
		}
		e, err := event.Parse(d)
		if err != nil {
			w.tb.Fatal(err)
		}
		if len(what) == 0 || slices.Contains(what, e.What) {
			all = append(all, e)
		}
	}
	return all
}

func words(events []*event.Event) (all []string) {
	for _, e := range events {
		all = append(all, string(e.What)+" "+e.State)
	}
	return all
}

func (w *world) left(instance string) (n int) {
	w.tb.Helper()
	for _, err := range w.boxes[instance].DocsAfter(context.Background(), event.Bucket, nil) {
		if err != nil {
			w.tb.Fatal(err)
		}
		n++
	}
	return n
}
