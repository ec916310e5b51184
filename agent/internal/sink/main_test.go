package sink_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/sink"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is for what happens in real time.
const patience = 20 * time.Second

// bench is an agent's file with sinks on it.
type bench struct {
	t     testing.TB
	store *bolt.Store
	log   *safeBuffer
	// network is given to sinks.
	network *wire.Network
	told    int
	dead    *atomic.Bool // nothing is kept any more
	commits atomic.Int64 // of sinks
}

// Commit does nothing for an agent that is dead.
func (m mortal) Commit(ctx context.Context, batches ...*store.Batch) ([]store.Result, error) {
	if m.dead.Load() {
		return nil, errors.New("dead")
	}
	m.commits.Add(1)
	return m.Store.Commit(ctx, batches...)
}

type mortal struct {
	*bolt.Store
	dead    *atomic.Bool
	commits *atomic.Int64
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func newBench(t testing.TB) *bench {
	t.Helper()
	own, err := bolt.OpenAgent(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, store: own, dead: &atomic.Bool{}, log: &safeBuffer{}, network: &wire.Network{Private: []string{"localhost"}}}
	t.Cleanup(func() {
		if err := own.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *bench) sinks(all ...*config.Sink) *sink.Sinks {
	return sink.New(sink.Config{
		Sinks: all, Store: mortal{b.store, b.dead, &b.commits}, Version: "1.2.3",
		Network:      func(context.Context) (*wire.Network, error) { return b.network, nil },
		Organisation: func() record.Organisation { return record.NewOrganisation("acme.example") },
		Logger:       hclog.New(&hclog.LoggerOptions{Output: b.log, Level: hclog.Trace}),
	})
}

// start runs sinks until stop.
func (b *bench) start(s *sink.Sinks) (stop func()) {
	b.t.Helper()
	if err := s.Begin(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.t.Context())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				b.t.Errorf("Run: %v", err)
			}
		})
	}
	b.t.Cleanup(stop)
	return stop
}

// kill ends sinks without a chance to keep anything more.
func (b *bench) kill(stop func()) {
	b.dead.Store(true)
	stop()
	b.dead.Store(false)
}

// put commits events, and gives them their names: e0, e1 …
func (b *bench) put(events ...*event.Event) {
	b.t.Helper()
	batch := &store.Batch{At: time.Now()}
	for _, e := range events {
		if e.ID == "" {
			e.ID = fmt.Sprintf("e%d", b.told)
			b.told++
		}
		if e.Time.IsZero() {
			e.Time = time.Now()
		}
		value, err := json.Marshal(e)
		if err != nil {
			b.t.Fatal(err)
		}
		batch.Docs = append(batch.Docs, store.Doc{Bucket: sink.Events, Append: true, Value: value})
	}
	if _, err := b.store.Commit(b.t.Context(), batch); err != nil {
		b.t.Fatal(err)
	}
}

// alerts are n events.
func alerts(n int) []*event.Event {
	var all []*event.Event
	for range n {
		all = append(all, alert())
	}
	return all
}

func alert() *event.Event {
	return &event.Event{
		What: event.AlertOpened, Subject: "alert/a1", Severity: "high", Title: "Key in a public file", Policy: "keys-in-public-files",
		Instance: "github/sales", Ref: "github/sales/file/f1", Alert: "a1", State: "open", Count: 1, People: []string{"ann@acme.example", "bob@acme.example"},
		Record: json.RawMessage(`{"name":"id_rsa","access_level":"public"}`), Evidence: json.RawMessage(`{"file.access_level":"public"}`),
	}
}

// spooled counts what stands in the file.
func (b *bench) spooled() int {
	b.t.Helper()
	n := 0
	for _, err := range b.store.Docs(b.t.Context(), sink.Events, nil) {
		if err != nil {
			b.t.Fatal(err)
		}
		n++
	}
	return n
}

// eventually waits for a condition in real time.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !is() {
		if time.Now().After(deadline) {
			t.Fatalf("it takes too long until %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// receiver notes what a fake target gets.
type receiver struct {
	mu  sync.Mutex
	ids []string
	at  []time.Time
	// answer is asked for each event; nil: all are taken.
	answer func(e *event.Event) error
}

func (r *receiver) fake() *sink.Fake {
	return &sink.Fake{Send: func(_ context.Context, events []*event.Event) (int, error) {
		r.mu.Lock()
		defer r.mu.Unlock()
		for n, e := range events {
			r.at = append(r.at, time.Now())
			if r.answer != nil {
				if err := r.answer(e); err != nil {
					return n, err
				}
			}
			r.ids = append(r.ids, e.ID)
		}
		return len(events), nil
	}}
}

func (r *receiver) got() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]string(nil), r.ids...)
}

func (r *receiver) tries() []time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]time.Time(nil), r.at...)
}

func names(from, until int) []string {
	var all []string
	for n := from; n < until; n++ {
		all = append(all, fmt.Sprintf("e%d", n))
	}
	return all
}

func webhook(name string) *config.Sink {
	return &config.Sink{
		Kind: "webhook", Name: name, Enabled: true, Send: []string{"alert.*", "health.changed"},
		Webhook: &config.WebhookSink{URL: config.Credential{Literal: "https://receiver.example/x"}, Template: "json"},
	}
}
