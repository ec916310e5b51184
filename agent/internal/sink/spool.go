package sink

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/store"
)

const (
	// pruneEvery is how many events that all sinks have passed are left standing, pruneAfter for how long at most.
	pruneEvery = 1_000
	pruneAfter = time.Minute
	// maxPrune is how many are deleted in one commit.
	maxPrune = 5_000
	// spare is the part of a limit that is made free when it is reached, so that it is not one commit for each event.
	spare = 10
)

// spool is what waits in the agent's file: it deletes what all sinks have passed, and what is too much.
type spool struct {
	store     Store
	workers   []*worker
	logger    hclog.Logger
	maxEvents int
	maxBytes  int64

	mu    sync.Mutex
	held  []held // by sequence
	bytes int64
	seen  uint64
}

// held is one event that stands in the file.
type held struct {
	sequence uint64
	size     int64
	at       time.Time
}

// run keeps the spool within its limits.
func (s *spool) run(ctx context.Context) {
	tick := time.NewTicker(pruneAfter)
	defer tick.Stop()
	late := false
	for ctx.Err() == nil {
		more := s.store.Committed()
		_, err := s.read(ctx)
		if err == nil {
			err = s.shorten(ctx)
		}
		if err == nil {
			err = s.prune(ctx, late)
		}
		if err != nil && ctx.Err() == nil {
			s.logger.Error("events that nobody waits for cannot be deleted; it will be tried again", "error", err)
			more = nil
		}
		select {
		case <-ctx.Done():
		case <-more:
			late = false
		case <-tick.C:
			late = true
		}
	}
}

// read learns what came, and gives the newest sequence.
func (s *spool) read(ctx context.Context) (uint64, error) {
	s.mu.Lock()
	after := s.seen
	s.mu.Unlock()
	for d, err := range s.store.DocsAfter(ctx, Events, event.Key(after)) {
		if err != nil {
			return after, fmt.Errorf("sinks: reading events: %w", err)
		}
		var e struct{ Time time.Time }
		_ = json.Unmarshal(d.Value, &e) // without a time it is as old as can be
		h := held{event.Sequence(d.Key), int64(len(d.Value)), e.Time}
		s.mu.Lock()
		s.held = append(s.held, h)
		s.bytes += h.size
		s.seen, after = h.sequence, h.sequence
		s.mu.Unlock()
	}
	return after, nil
}

// waiting counts what stands behind a position, and how long the oldest of it has.
func (s *spool) waiting(after uint64) (uint64, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := s.index(after)
	if k == len(s.held) {
		return 0, 0
	}
	return uint64(len(s.held) - k), max(0, time.Since(s.held[k].at))
}

// index of the first event behind a position.
func (s *spool) index(after uint64) int {
	low, high := 0, len(s.held)
	for low < high {
		if mid := (low + high) / 2; s.held[mid].sequence <= after {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// excess gives the sequence up to which events have to go; 0: there is room.
func (s *spool) excess() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.held) <= s.maxEvents && s.bytes <= s.maxBytes {
		return 0
	}
	count, bytes, k := len(s.held), s.bytes, 0
	for k < len(s.held) && (count > s.maxEvents-s.maxEvents/spare || bytes > s.maxBytes-s.maxBytes/spare) {
		count, bytes, k = count-1, bytes-s.held[k].size, k+1
	}
	return s.held[k-1].sequence
}

// shorten drops the oldest events for the sinks that have not come to them.
func (s *spool) shorten(ctx context.Context) error {
	if err := s.prune(ctx, s.excess() > 0); err != nil { // perhaps nobody waits for them
		return err
	}
	until := s.excess()
	if until == 0 {
		return nil
	}
	for _, w := range s.workers {
		if err := w.dropUntil(ctx, until); err != nil {
			return err
		}
	}
	return s.prune(ctx, true)
}

// prune deletes what all have passed.
func (s *spool) prune(ctx context.Context, all bool) error {
	passed := uint64(math.MaxUint64)
	for _, w := range s.workers {
		_, saved := w.after()
		passed = min(passed, saved)
	}
	for {
		s.mu.Lock()
		n := s.index(passed)
		if n == 0 || n < pruneEvery && !all {
			s.mu.Unlock()
			return nil
		}
		n = min(n, maxPrune)
		batch := &store.Batch{At: time.Now()}
		for _, h := range s.held[:n] {
			batch.Docs = append(batch.Docs, store.Doc{Bucket: Events, Key: event.Key(h.sequence)})
		}
		s.mu.Unlock()
		if _, err := s.store.Commit(ctx, batch); err != nil {
			return fmt.Errorf("sinks: deleting events: %w", err)
		}
		s.mu.Lock()
		for _, h := range s.held[:n] {
			s.bytes -= h.size
		}
		s.held = append([]held(nil), s.held[n:]...)
		s.mu.Unlock()
	}
}

// dropUntil counts what the sink would have sent of the events that go, and tells it once for as long as it lasts.
func (w *worker) dropUntil(ctx context.Context, until uint64) error {
	after, _ := w.after()
	if after >= until {
		return nil
	}
	wanted := uint64(0)
	for d, err := range w.Store.DocsAfter(ctx, Events, event.Key(after)) {
		if err != nil {
			return fmt.Errorf("sink %s: %w", w.c.ID(), err)
		}
		if event.Sequence(d.Key) > until {
			break
		}
		if e, err := event.Parse(d); err == nil && w.wanted(e) {
			wanted++
		}
	}
	return w.drop(ctx, until, wanted)
}
