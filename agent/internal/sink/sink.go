// Package sink sends the agent's events out: as OCSF lines into a file, to webhooks, as mail. One goroutine per sink
// follows the events in the agent's file from its own position.
//
// It promises: an event reaches each sink that wants it at least once, in the order in which events were committed, with
// its ID as the key by which a receiver knows a repetition; what a sink refuses for good is set aside, kept and counted;
// what waits is bounded, and what is dropped beyond is counted and told; a dead sink delays no other, and nothing else.
// It does not decide what is told (packages judge and alert do).
package sink

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Events is the bucket of the agent's file that is followed: event.Event as JSON, appended.
const Events = "events"

// The limits.
const (
	// MaxSpooled is how many events wait at most for the slowest sink, MaxSpooledBytes how many bytes of them.
	MaxSpooled      = 100_000
	MaxSpooledBytes = 256 << 20
	// MaxAside is how many refused events are kept for one sink; the oldest go first.
	MaxAside = 1_000
	// RefusedTries is how often an event is tried that is refused for good. After ProbeTries of one that fails otherwise the
	// next is tried: if that is taken, the receiver is well, and it is the event.
	RefusedTries = 3
	ProbeTries   = 10
	// BackoffMin and BackoffMax are the first and the longest wait between tries; MaxRetryAfter is the longest that a
	// receiver may ask for.
	BackoffMin    = time.Second
	BackoffMax    = 5 * time.Minute
	MaxRetryAfter = time.Hour
	// maxBatch and maxBatchBytes is what a sink takes into memory at once.
	maxBatch      = 500
	maxBatchBytes = 4 << 20
	// saveEvery is how many events that a sink does not want may be looked at again after a restart.
	saveEvery = 1_000
	// tellEvery is how often it is told at most that a sink refuses events.
	tellEvery = time.Hour
	// lastWords is for keeping the position when the agent ends.
	lastWords = 5 * time.Second
)

// Store is what is needed of the agent's file.
type Store interface {
	Doc(bucket string, key []byte) ([]byte, error)
	Docs(ctx context.Context, bucket string, prefix []byte) iter.Seq2[store.Doc, error]
	DocsAfter(ctx context.Context, bucket string, after []byte) iter.Seq2[store.Doc, error]
	Committed() <-chan struct{}
	Commit(ctx context.Context, batches ...*store.Batch) ([]store.Result, error)
}

// Config of New.
type Config struct {
	Sinks []*config.Sink
	Store Store
	// Network is how the outside is reached, as connectors do; asked before each connection, since its proxy may be a
	// secret. Mail servers are reached without the proxy.
	Network func(context.Context) (*wire.Network, error)
	// Organisation says who is ours: nobody else is mailed as an owner or editor.
	Organisation func() record.Organisation
	// Version of the agent, for receivers.
	Version string
	Logger  hclog.Logger
}

// Sinks are all of them.
type Sinks struct {
	Config
	workers []*worker
	spool   *spool
	begun   bool
}

// New checks nothing that is outside: what a sink lacks shows in its status, and the others run.
func New(c Config) *Sinks {
	s := &Sinks{Config: c}
	for _, one := range c.Sinks {
		if one.Enabled {
			s.workers = append(s.workers, newWorker(&s.Config, one))
		}
	}
	s.spool = &spool{store: c.Store, workers: s.workers, logger: c.Logger, maxEvents: MaxSpooled, maxBytes: MaxSpooledBytes}
	return s
}

// Run sends until ctx ends.
func (s *Sinks) Run(ctx context.Context) error {
	if err := s.Begin(ctx); err != nil && ctx.Err() == nil {
		return err
	}
	var wg sync.WaitGroup
	for _, w := range s.workers {
		wg.Go(func() { w.run(ctx) })
	}
	wg.Go(func() { s.spool.run(ctx) })
	wg.Wait()
	return nil
}

// Begin gives each sink its position, and forgets those of sinks that are gone. A sink that is new begins with what is
// told from now on, so it is called before what writes events runs; otherwise Run does it.
func (s *Sinks) Begin(ctx context.Context) error {
	if s.begun {
		return nil
	}
	if err := s.begin(ctx); err != nil {
		return err
	}
	s.begun = true
	return nil
}

func (s *Sinks) begin(ctx context.Context) error {
	known := map[string]bool{}
	for d, err := range s.Store.Docs(ctx, positions, nil) {
		if err != nil {
			return fmt.Errorf("sinks: %w", err)
		}
		known[string(d.Key)] = true
	}
	newest, err := s.spool.read(ctx)
	if err != nil {
		return err
	}
	if len(known) == 0 {
		newest = 0 // the first sinks: what was told already is theirs
	}
	for _, w := range s.workers {
		if err := w.begin(ctx, newest); err != nil {
			return err
		}
		delete(known, w.c.ID())
	}
	var gone []store.Doc
	for id := range known { // one that is switched off begins anew when it is switched on
		gone = append(gone, store.Doc{Bucket: positions, Key: []byte(id)})
		if slices.ContainsFunc(s.Config.Sinks, func(c *config.Sink) bool { return c.ID() == id }) {
			continue
		}
		for d, err := range s.Store.Docs(ctx, asides, []byte(id+"\x00")) {
			if err != nil {
				return fmt.Errorf("sinks: %w", err)
			}
			gone = append(gone, store.Doc{Bucket: asides, Key: d.Key})
		}
	}
	if len(gone) == 0 {
		return nil
	}
	if _, err := s.Store.Commit(ctx, &store.Batch{At: time.Now(), Docs: gone}); err != nil {
		return fmt.Errorf("sinks: %w", err)
	}
	return nil
}

// Status of a sink, as `mooring status` shows it.
type Status struct {
	Sink string `json:"sink"`
	// State is ok, failing, dropping or disabled.
	State string `json:"state"`
	// Waiting is how many events it has not looked at yet, Lag how long the oldest of them waits.
	Waiting uint64        `json:"waiting"`
	Lag     time.Duration `json:"lag,omitempty"`
	Sent    uint64        `json:"sent"`
	// Dropped were too many to wait, Aside were refused and are kept.
	Dropped  uint64     `json:"dropped,omitempty"`
	Aside    uint64     `json:"aside,omitempty"`
	LastSent *time.Time `json:"last_sent,omitempty"`
	// LastError is why it is not ok.
	LastError string     `json:"last_error,omitempty"`
	NextTry   *time.Time `json:"next_try,omitempty"`
}

// Status gives the state of each sink, in the order of the configuration.
func (s *Sinks) Status() []Status {
	all := make([]Status, 0, len(s.Config.Sinks))
	for _, c := range s.Config.Sinks {
		k := slices.IndexFunc(s.workers, func(w *worker) bool { return w.c == c })
		if k < 0 {
			all = append(all, Status{Sink: c.ID(), State: "disabled"})
			continue
		}
		all = append(all, s.workers[k].status(s.spool))
	}
	return all
}
