package health_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/health"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is what is asked, and where it is told.
type world struct {
	t     *testing.T
	store *bolt.Store
	full  bool // commits fail
	mu    sync.Mutex
	now   map[string]health.Report
	stop  func()
}

func newWorld(t *testing.T) *world {
	own, err := bolt.OpenAgent(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = own.Close() })
	return &world{t: t, store: own, now: map[string]health.Report{}}
}

func (w *world) Doc(bucket string, key []byte) ([]byte, error) { return w.store.Doc(bucket, key) }

func (w *world) Commit(ctx context.Context, batches ...*store.Batch) ([]store.Result, error) {
	w.mu.Lock()
	full := w.full
	w.mu.Unlock()
	if full {
		return nil, errors.New("no space left on device")
	}
	return w.store.Commit(ctx, batches...)
}

func (w *world) start() {
	ctx, cancel := context.WithCancel(w.t.Context())
	watch := health.New(health.Config{
		Store: w, Events: "events", Logger: hclog.NewNullLogger(),
		Sources: []func() []health.Report{func() []health.Report {
			w.mu.Lock()
			defer w.mu.Unlock()
			var all []health.Report
			for _, r := range w.now {
				all = append(all, r)
			}
			return all
		}},
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := watch.Run(ctx); err != nil {
			w.t.Error(err)
		}
	}()
	w.stop = func() { cancel(); <-done }
}

func (w *world) set(subject, state string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now[subject] = health.Report{Subject: subject, State: state, Reason: "because", Severity: "high", Instance: "github/sales"}
}

// told are the events as "subject state severity", and their ids must differ.
func (w *world) told() []string {
	w.t.Helper()
	var all []string
	ids := map[string]bool{}
	for d, err := range w.store.Docs(w.t.Context(), "events", nil) {
		if err != nil {
			w.t.Fatal(err)
		}
		e, err := event.Parse(d)
		if err != nil {
			w.t.Fatal(err)
		}
		if ids[e.ID] || e.What != event.HealthChanged {
			w.t.Errorf("%+v", e)
		}
		ids[e.ID] = true
		all = append(all, fmt.Sprintf("%s %s %s", e.Subject, e.State, e.Severity))
	}
	return all
}

func (w *world) want(what string, lines ...string) {
	w.t.Helper()
	if diff := cmp.Diff(lines, w.told()); diff != "" {
		w.t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestWhatLastsIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.set("instance a", health.OK)
		w.start()
		time.Sleep(time.Hour)
		w.want("nothing is wrong")
		w.set("instance a", "backoff")
		time.Sleep(30 * time.Second)
		w.set("instance a", health.OK)
		time.Sleep(time.Hour)
		for range 20 { // restarts
			w.set("instance a", "backoff")
			time.Sleep(20 * time.Second)
			w.set("instance a", health.OK)
			time.Sleep(40 * time.Second)
		}
		w.want("it only flickered")
		w.set("instance a", "login needed")
		time.Sleep(time.Hour)
		w.want("it lasts", "health/instance a login needed high")
		w.stop()
		w.start() // a restart of the agent
		time.Sleep(time.Hour)
		w.want("after a restart", "health/instance a login needed high")
		w.set("instance a", "set aside")
		time.Sleep(time.Hour)
		w.set("instance a", health.OK)
		time.Sleep(time.Hour)
		w.set("instance a", "set aside")
		time.Sleep(time.Hour)
		w.want("all of it", "health/instance a login needed high", "health/instance a set aside high", "health/instance a ok info",
			"health/instance a set aside high")
		w.stop()
	})
}

func TestWhatIsTakenAwayIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.set("sink a", "failing")
		w.start()
		time.Sleep(time.Hour)
		w.mu.Lock()
		delete(w.now, "sink a")
		w.mu.Unlock()
		time.Sleep(time.Hour)
		w.set("sink a", health.OK)
		time.Sleep(time.Hour)
		w.want("no word of its going", "health/sink a failing high")
		w.stop()
	})
}

// While nothing can be kept nothing is told; afterwards what is still so.
func TestFullDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.full = true
		w.set("disk", "nearly full")
		w.start()
		time.Sleep(time.Hour)
		w.want("no room")
		w.mu.Lock()
		w.full = false
		w.mu.Unlock()
		time.Sleep(time.Minute)
		w.want("there is room again", "health/disk nearly full high")
		w.stop()
	})
}

func TestLongReason(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.now["x"] = health.Report{Subject: "x", State: "bad", Reason: strings.Repeat("é", 100_000)}
		w.start()
		time.Sleep(time.Hour)
		w.stop()
		for d := range w.store.Docs(t.Context(), "events", nil) {
			if len(d.Value) > 4000 || !json.Valid(d.Value) {
				t.Errorf("%d bytes", len(d.Value))
			}
		}
		w.want("told", "health/x bad medium")
	})
}

func TestDisk(t *testing.T) {
	const gib = 1 << 30
	free, all := uint64(100*gib), uint64(1000*gib)
	var err error
	look := health.DiskOf(func() (uint64, uint64, error) { return free, all, err })
	for _, c := range []struct {
		free, all uint64
		err       error
		want      string
	}{
		{100 * gib, 1000 * gib, nil, "ok"}, {gib, 1000 * gib, nil, "ok"}, {gib - 1, 1000 * gib, nil, "nearly full"},
		{gib + gib/4, 1000 * gib, nil, "nearly full"}, {2 * gib, 1000 * gib, nil, "ok"}, {gib + gib/4, 1000 * gib, nil, "ok"},
		{gib / 4, 10 * gib, nil, "nearly full"}, {gib, 10 * gib, nil, "ok"}, {0, 0, errors.New("gone"), "unreadable"},
	} {
		free, all, err = c.free, c.all, c.err
		if got := look()[0]; got.State != c.want {
			t.Errorf("%d of %d free: %+v, want %s", c.free, c.all, got, c.want)
		}
	}
	if got := health.Disk(t.TempDir())()[0]; got.State == "unreadable" {
		t.Errorf("%+v", got)
	}
}
