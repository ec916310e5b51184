package alert

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/store"
)

// set is the stores that are open.
type set struct {
	mu      sync.Mutex
	stores  map[string]Outbox
	changed chan struct{}
}

func (s *set) now() (map[string]Outbox, <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.stores), s.changed
}

func (s *set) put(id string, o Outbox) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stores[id] = o; o == nil {
		delete(s.stores, id)
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

// until waits for alerts to be such.
func (w *world) until(what string, ok func() bool) {
	w.tb.Helper()
	late := time.After(20 * time.Second)
	for {
		committed := w.own.Committed()
		if ok() {
			return
		}
		select {
		case <-committed:
		case <-late:
			w.tb.Fatalf("%s did not come", what)
		}
	}
}

// Instances come and go while the agent runs; each is followed as soon as it tells something.
func TestFollows(t *testing.T) {
	w := newWorld(t, "box/main", "github/main")
	s := &set{stores: map[string]Outbox{"box/main": w.boxes["box/main"]}, changed: make(chan struct{})}
	w.all.Instances = s.now
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.all.Run(ctx) }()
	count := func(n int) func() bool {
		return func() bool { return len(w.alerts(Filter{States: []string{Open}})) == n }
	}

	w.tell(zoe1.event(w, opened, nil), finding{"public", "github/main", "9", "amy@acme.example"}.event(w, opened, nil))
	w.until("the first alert", count(1))
	s.put("github/main", w.boxes["github/main"])
	w.until("the alert of the new instance", count(2))
	s.put("box/main", nil)
	w.tell(bob.event(w, opened, nil))
	s.put("box/main", w.boxes["box/main"])
	w.until("what was told meanwhile", count(3))
	w.boxes["box/main"] = open(t, t.TempDir()) // it was removed and added anew: what was found in it before is gone
	s.put("box/main", w.boxes["box/main"])
	w.tell(finding{"public", "box/main", "10", "eve@acme.example"}.event(w, opened, nil))
	w.until("the alert of another store by the same name", count(2))
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// What does not work is tried again; what cannot be read is left out.
func TestGoesOn(t *testing.T) {
	w := newWorld(t, "box/main")
	fails := &failing{Outbox: w.boxes["box/main"], n: 1}
	s := &set{stores: map[string]Outbox{"box/main": fails}, changed: make(chan struct{})}
	w.all.Instances = s.now
	w.commit("box/main", store.Doc{Bucket: event.Bucket, Append: true, Value: []byte("{no event")})
	w.tell(zoe1.event(w, opened, nil))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.all.Run(ctx) }()
	w.until("the alert", func() bool { return len(w.alerts(Filter{})) == 1 })
	stop()
	<-ended
}

// failing refuses its first commits.
type failing struct {
	Outbox
	mu sync.Mutex
	n  int
}

func (f *failing) Commit(ctx context.Context, b ...*store.Batch) ([]store.Result, error) {
	f.mu.Lock()
	n := f.n
	f.n--
	f.mu.Unlock()
	if n > 0 {
		return nil, errors.New("no space left")
	}
	return f.Outbox.Commit(ctx, b...)
}
