package sink

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/store"
)

// target is the outside of one sink. It is used by one goroutine.
type target interface {
	// ready says how many of the waiting events may be sent now; when none, until when they are held.
	ready(batch []item, now time.Time) (n int, until time.Time)
	// send gives how many events, from the first, have surely arrived: at least one, unless there is an error, which is about
	// the one behind them. It may stop early, so that what arrived is soon counted.
	send(ctx context.Context, batch []item) (int, error)
	// close lets go of what is open. The next send opens it anew, with secrets that are resolved anew.
	close()
}

// failure is why an event did not arrive.
type failure struct {
	err error
	// refused: this event will not be taken, however often it is tried. answered: the receiver is there, and did not say so.
	refused, answered bool
	// count is how many events are refused together; 0 is one.
	count int
	// after is how long the receiver asks to wait.
	after time.Duration
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// worker is one sink.
type worker struct {
	*Config
	c      *config.Sink
	wants  filter
	target target

	mu        sync.Mutex
	at        position
	saved     uint64 // the position that is kept
	tries     int    // of the event that is next
	problem   error
	next      time.Time // try
	dropping  bool      // until it has caught up
	toldAside time.Time // when it was last told that events are refused
}

func newWorker(c *Config, one *config.Sink) *worker {
	return &worker{Config: c, c: one, wants: newFilter(one), target: newTarget(c, one)}
}

// run sends until ctx ends. What goes wrong with the receiver is waited out in deliver; what comes back from there is
// trouble with the agent's own file.
func (w *worker) run(ctx context.Context) {
	defer w.target.close()
	defer w.keepLast(ctx)
	err := w.again(ctx)
	for ctx.Err() == nil {
		if err != nil {
			w.failed(err)
			w.Logger.Error("a sink cannot go on; it will be tried again", "sink", w.c.ID(), "error", err)
			wait(ctx, nil, w.nextTry(err))
		}
		err = w.step(ctx)
	}
}

// step sends what waits, or waits for more.
func (w *worker) step(ctx context.Context) error {
	more := w.Store.Committed() // taken before reading, so that nothing is missed
	batch, last, err := w.read(ctx)
	if err != nil {
		return err
	}
	if len(batch) == 0 {
		if err := w.idle(ctx, last); err != nil {
			return err
		}
		wait(ctx, more, time.Time{})
		return nil
	}
	n, until := w.target.ready(batch, time.Now())
	if n == 0 {
		wait(ctx, nil, until)
		return nil
	}
	return w.deliver(ctx, batch[:n])
}

// read gives the next events that the sink wants, and the last one that it looked at.
func (w *worker) read(ctx context.Context) ([]item, uint64, error) {
	after, _ := w.after()
	last, bytes := after, 0
	var batch []item
	for d, err := range w.Store.DocsAfter(ctx, Events, event.Key(after)) {
		if err != nil {
			return nil, after, fmt.Errorf("sink %s: reading events: %w", w.c.ID(), err)
		}
		last = event.Sequence(d.Key)
		e, err := event.Parse(d)
		if err != nil { // nobody can ever send it
			w.Logger.Error("an event cannot be read and is passed over", "sink", w.c.ID(), "error", err)
			continue
		}
		if !w.wanted(e) {
			continue
		}
		batch = append(batch, item{last, e})
		if bytes += len(d.Value); len(batch) == maxBatch || bytes >= maxBatchBytes {
			break
		}
	}
	return batch, last, nil
}

// wanted: what a sink refuses is not told to itself, for it would refuse that, too.
func (w *worker) wanted(e *event.Event) bool {
	return w.wants.event(e) && (e.State != stateRefused || e.Subject != w.subject())
}

// deliver tries until all events have arrived, are set aside or dropped.
func (w *worker) deliver(ctx context.Context, batch []item) error {
	for len(batch) > 0 && ctx.Err() == nil {
		n, failed := w.target.send(ctx, batch)
		if n > 0 {
			if err := w.passed(ctx, batch[n-1].sequence, n); err != nil {
				return err
			}
			batch = batch[n:]
		}
		if failed == nil {
			continue
		}
		w.target.close()
		if ctx.Err() != nil {
			break
		}
		done, err := w.settle(ctx, batch, failed)
		if err != nil {
			return err
		}
		if batch = batch[done:]; done > 0 {
			continue
		}
		wait(ctx, nil, w.nextTry(failed))
		after, _ := w.after()
		for len(batch) > 0 && batch[0].sequence <= after { // dropped meanwhile
			batch = batch[1:]
		}
	}
	return nil //nolint:nilerr // all is settled, or the agent ends
}

// settle decides what becomes of an event that did not arrive, and gives how many are done with; 0: it is tried again.
func (w *worker) settle(ctx context.Context, batch []item, failed error) (int, error) {
	tries := w.failed(failed)
	f, ok := errors.AsType[*failure](failed)
	switch {
	case !ok:
		return 0, nil
	case f.refused && tries >= RefusedTries:
		n := min(max(f.count, 1), len(batch))
		w.Logger.Error("a sink refuses events, which are set aside", "sink", w.c.ID(), "events", n, "first", batch[0].ID, "error", failed)
		return n, w.setAside(ctx, batch[:n], failed)
	case f.answered && tries >= ProbeTries && len(batch) > 1:
		if _, err := w.target.send(ctx, batch[1:2]); err != nil {
			w.target.close()
			return 0, nil //nolint:nilerr // the receiver is not well, as was seen before
		}
		w.Logger.Error("a sink takes other events but not this one, which is set aside", "sink", w.c.ID(), "event", batch[0].ID, "error", failed)
		if err := w.setAside(ctx, batch[:1], failed); err != nil {
			return 0, err
		}
		return 2, w.passed(ctx, batch[1].sequence, 1)
	}
	return 0, nil
}

// again sends once more what was refused in an earlier life: somebody may have mended the sink. It comes late, then.
func (w *worker) again(ctx context.Context) error {
	for d, err := range w.Store.Docs(ctx, asides, []byte(w.c.ID()+"\x00")) {
		if err != nil {
			return fmt.Errorf("sink %s: %w", w.c.ID(), err)
		}
		var a aside
		if err := json.Unmarshal(d.Value, &a); err != nil || a.Event == nil {
			w.Logger.Error("a refused event cannot be read and is left", "sink", w.c.ID(), "error", err)
			continue
		}
		if ctx.Err() != nil {
			return nil
		}
		if n, _ := w.target.send(ctx, []item{{event.Sequence(d.Key[len(w.c.ID())+1:]), a.Event}}); n == 0 {
			w.target.close()
			return nil // it is refused still, and counted as such
		}
		if err := w.taken(ctx, store.Doc{Bucket: asides, Key: d.Key}); err != nil {
			return err
		}
	}
	return nil
}

func isRefused(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && f.refused
}

// failed notes why, and how often by now.
func (w *worker) failed(err error) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.problem = err
	w.tries++
	return w.tries
}

// nextTry is exponential with jitter, or what the receiver asks for if that is longer.
func (w *worker) nextTry(err error) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	pause := min(BackoffMin<<min(max(w.tries-1, 0), 30), BackoffMax)
	pause -= time.Duration(rand.Int64N(int64(pause / 2))) //nolint:gosec // jitter is no secret
	if f, ok := errors.AsType[*failure](err); ok {
		pause = max(pause, min(f.after, MaxRetryAfter))
	}
	w.next = time.Now().Add(pause)
	return w.next
}

// keepLast keeps a position that was not worth a commit until now.
func (w *worker) keepLast(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.at.After == w.saved {
		return
	}
	if err := w.saveLocked(ctx); err != nil {
		w.Logger.Warn("the position of a sink is not kept; it goes on a little earlier", "sink", w.c.ID(), "error", err)
	}
}

// wait waits until ctx ends, more is closed, or a time has come, if there is one.
func wait(ctx context.Context, more <-chan struct{}, until time.Time) {
	var at <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(time.Until(until))
		defer timer.Stop()
		at = timer.C
	}
	select {
	case <-ctx.Done():
	case <-more:
	case <-at:
	}
}
