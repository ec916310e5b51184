package alert

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
)

var errKilled = errors.New("killed")

// fate kills around commits: before one, so that it does not happen, or after it, so that nobody learns of it.
type fate struct {
	random *rand.Rand
	often  int // one commit in so many
	kills  int
}

func (f *fate) commit(do func() ([]store.Result, error)) ([]store.Result, error) {
	before, after := f.random.IntN(f.often) == 0, f.random.IntN(f.often) == 0
	if before {
		f.kills++
		return nil, errKilled
	}
	r, err := do()
	if err == nil && after {
		f.kills++
		return nil, errKilled
	}
	return r, err
}

type mortal struct {
	*bolt.Store
	fate *fate
}

func (m mortal) Commit(ctx context.Context, b ...*store.Batch) ([]store.Result, error) {
	return m.fate.commit(func() ([]store.Result, error) { return m.Store.Commit(ctx, b...) })
}

// life is a random schedule of findings, as the judges of some instances would tell it.
type life struct {
	w      *world
	random *rand.Rand
	open   map[finding]string // the group under which it was found
	events []*event.Event
}

func (l *life) step() {
	instances := []string{"box/main", "github/main", "okta/main"}
	f := finding{
		policy: fmt.Sprintf("p%d", l.random.IntN(3)), instance: instances[l.random.IntN(3)], id: fmt.Sprint(l.random.IntN(120)),
	}
	group, isOpen := l.open[f]
	e := f
	switch n := l.random.IntN(10); {
	case !isOpen:
		if e.group = fmt.Sprintf("u%d@acme.example", l.random.IntN(4)); l.random.IntN(8) == 0 {
			e.group = ""
		}
		l.events = append(l.events, e.event(l.w, opened, nil))
		l.open[f] = e.group
	case n < 3:
		if e.group = group; group != "" && n == 0 {
			e.group = fmt.Sprintf("u%d@acme.example", l.random.IntN(4))
			l.open[f] = e.group
		}
		l.events = append(l.events, e.event(l.w, changed, nil))
	default:
		e.group = group
		l.events = append(l.events, e.event(l.w, gone, nil))
		delete(l.open, f)
	}
}

// The same events give the same alerts and tell the same, wherever the agent is killed.
func TestKilled(t *testing.T) {
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			calm, rough := newWorld(t, "box/main", "github/main", "okta/main"), newWorld(t, "box/main", "github/main", "okta/main")
			l := &life{w: calm, random: rand.New(rand.NewPCG(seed, 1)), open: map[finding]string{}}
			f := &fate{random: rand.New(rand.NewPCG(seed, 2)), often: 4}
			for range 6 {
				from := len(l.events)
				for range 400 {
					l.step()
				}
				for _, w := range []*world{calm, rough} {
					w.tellAll(l.events[from:])
				}
				calm.handle()
				rough.handleKilled(f)
			}
			if f.kills < 10 {
				t.Errorf("%d kills prove nothing", f.kills)
			}
			if diff := cmp.Diff(calm.alerts(Filter{}), rough.alerts(Filter{})); diff != "" {
				t.Error("alerts differ: ", diff)
			}
			if diff := cmp.Diff(calm.told(), rough.told()); diff != "" {
				t.Error("what is told differs: ", diff)
			}
			calm.holds(l)
			rough.holds(l)
		})
	}
}

// tellAll puts events into the outboxes, those of one instance in one commit.
func (w *world) tellAll(events []*event.Event) {
	w.tb.Helper()
	b := map[string]*store.Batch{}
	for _, e := range events {
		d, err := event.Doc(0, e)
		if err != nil {
			w.tb.Fatal(err)
		}
		if b[e.Instance] == nil {
			b[e.Instance] = &store.Batch{At: e.Time}
		}
		b[e.Instance].Docs = append(b[e.Instance].Docs, store.Doc{Bucket: d.Bucket, Append: true, Value: d.Value})
	}
	for id, batch := range b {
		if _, err := w.boxes[id].Commit(w.tb.Context(), batch); err != nil {
			w.tb.Fatal(err)
		}
	}
}

// handleKilled is handle, by an agent that starts anew after each kill.
func (w *world) handleKilled(f *fate) {
	w.tb.Helper()
	for _, id := range []string{"box/main", "github/main", "okta/main"} {
		for {
			all := New(Config{Store: mortal{w.own, f}, Audit: w.audit, Now: w.all.Now})
			n, err := (&follower{all: all, id: id, outbox: mortal{w.boxes[id], f}}).step(w.tb.Context())
			if err != nil && !errors.Is(err, errKilled) {
				w.tb.Fatal(err)
			}
			if err == nil && n == 0 {
				break
			}
		}
	}
}

// holds compares alerts with what is open at the end, counted by hand.
func (w *world) holds(l *life) {
	w.tb.Helper()
	want := map[string]int{}
	for f, group := range l.open {
		want[f.policy+" "+group]++
	}
	got := map[string]int{}
	for _, a := range w.alerts(Filter{}) {
		if (a.State == Closed) != (a.Findings == 0) {
			w.tb.Errorf("%s with %d findings: %+v", a.State, a.Findings, a)
		}
		if a.State == Closed {
			continue
		}
		if got[a.Policy+" "+a.Group] != 0 {
			w.tb.Errorf("two alerts of %s %s", a.Policy, a.Group)
		}
		got[a.Policy+" "+a.Group] = a.Findings
		n := 0
		for _, f := range w.findings(a.ID) {
			if f.Closed == nil {
				n++
			}
		}
		if n != a.Findings {
			w.tb.Errorf("alert %s counts %d findings and has %d", a.ID, a.Findings, n)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.tb.Error(diff)
	}
	w.toldOnce(l.events)
}

// toldOnce: each event is told once, in the order of its instance, and so is each of an alert.
func (w *world) toldOnce(events []*event.Event) {
	w.tb.Helper()
	want, got := map[string][]string{}, map[string][]string{}
	for _, e := range events {
		want[e.Instance] = append(want[e.Instance], e.ID)
	}
	ids, alerts := map[string]bool{}, map[string][]event.What{}
	for _, e := range w.told() {
		if ids[e.ID] {
			w.tb.Errorf("event %s is told twice", e.ID)
		}
		ids[e.ID] = true
		switch e.What {
		case opened, changed, gone:
			got[e.Instance] = append(got[e.Instance], e.ID)
		default:
			alerts[e.Alert] = append(alerts[e.Alert], e.What)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.tb.Error(diff)
	}
	for id, what := range alerts {
		first, last := what[0], what[len(what)-1]
		a, err := w.all.Get(w.tb.Context(), id)
		if err != nil {
			w.tb.Fatal(err)
		}
		if first != event.AlertOpened || (last == event.AlertClosed) != (a.State == Closed) || slices.Contains(what[1:], event.AlertOpened) ||
			slices.Contains(what[:len(what)-1], event.AlertClosed) {
			w.tb.Errorf("alert %s, which is %s, was told of as %q", id, a.State, what)
		}
	}
}

// A store that comes back from a backup tells again what it told; the alerts stay as they are.
func TestRestored(t *testing.T) {
	w := newWorld(t, "box/main")
	w.tell(zoe1.event(w, opened, nil), bob.event(w, opened, nil))
	w.handle()
	before := w.alerts(Filter{})
	past := newWorld(t, "box/main") // the same store before its outbox was handled, and then it went another way
	past.tell(zoe1.event(past, opened, nil), finding{"public", "box/main", "4", "amy@acme.example"}.event(past, opened, nil))
	name, err := w.boxes["box/main"].Doc(bucketIdentity, []byte(keyIdentity))
	if err != nil {
		t.Fatal(err)
	}
	past.commit("box/main", store.Doc{Bucket: bucketIdentity, Key: []byte(keyIdentity), Value: name},
		store.Doc{Bucket: bolt.EpochBucket, Key: []byte(bolt.EpochKey), Value: []byte("second")})
	w.boxes["box/main"] = past.boxes["box/main"]
	w.handle()
	after := w.alerts(Filter{})
	if len(after) != 3 || !cmp.Equal(before, slices.DeleteFunc(slices.Clone(after), func(a *Alert) bool { return a.Group == "amy@acme.example" })) {
		t.Errorf("%+v", after)
	}
	if again := w.told(event.AlertUpdated); len(again) != 0 {
		t.Errorf("what was known is told of as new: %+v", again)
	}
	w.tell(zoe1.event(w, gone, nil))
	w.handle()
	if a := w.alerts(Filter{})[0]; a.State != Closed {
		t.Errorf("%+v", a)
	}
}

func (w *world) commit(instance string, docs ...store.Doc) {
	w.tb.Helper()
	if _, err := w.boxes[instance].Commit(w.tb.Context(), &store.Batch{At: epoch, Docs: docs}); err != nil {
		w.tb.Fatal(err)
	}
}
