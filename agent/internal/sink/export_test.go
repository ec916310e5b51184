package sink

import (
	"context"
	"errors"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/event"
)

// Fake is a target of tests.
type Fake struct {
	// Send is target.send.
	Send func(ctx context.Context, events []*event.Event) (int, error)
	// Hold is how long the first event is held; nil: not at all.
	Hold func(first *event.Event) time.Duration
}

func (f *Fake) ready(batch []item, now time.Time) (int, time.Time) {
	if f.Hold != nil {
		if until := batch[0].Time.Add(f.Hold(batch[0].Event)); now.Before(until) {
			return 0, until
		}
	}
	return len(batch), time.Time{}
}

func (f *Fake) send(ctx context.Context, batch []item) (int, error) {
	var events []*event.Event
	for _, i := range batch {
		events = append(events, i.Event)
	}
	return f.Send(ctx, events)
}

func (*Fake) close() {}

// Replace puts a target of the test's into a sink.
func (s *Sinks) Replace(id string, f *Fake) {
	for _, w := range s.workers {
		if w.c.ID() == id {
			w.target = f
		}
	}
}

// Limit makes the spool smaller.
func (s *Sinks) Limit(events int, bytes int64) { s.spool.maxEvents, s.spool.maxBytes = events, bytes }

// Refused is an answer for good, Later one with a wait.
func Refused(text string) error { return &failure{err: errors.New(text), refused: true} }

// RefusedAll refuses the whole batch.
func RefusedAll(text string, n int) error {
	return &failure{err: errors.New(text), refused: true, count: n}
}

// Unwell is an answer that says nothing of the event.
func Unwell(text string) error { return &failure{err: errors.New(text), answered: true} }

// Later asks for a wait.
func Later(text string, after time.Duration) error {
	return &failure{err: errors.New(text), after: after}
}

// Line is an event as a line of OCSF.
func Line(e *event.Event) map[string]any { return ocsf(item{7, e}, "1.2.3") }

// RetryAfter reads a header.
var RetryAfter = retryAfter

// Wants tells whether a sink's filter takes an event.
func (s *Sinks) Wants(k int, e *event.Event) bool { return s.workers[k].wants.event(e) }
