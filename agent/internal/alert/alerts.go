package alert

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
)

// Config of New.
type Config struct {
	// Store is the agent's own.
	Store Store
	Audit Audit
	// Instances gives the stores that are open now, by instance, and a channel that is closed when these are others.
	Instances func() (map[string]Outbox, <-chan struct{})
	// Exists tells whether an instance has data. Findings of one whose data was removed are closed. nil: each has.
	Exists func(instance string) bool
	// Logger may be nil.
	Logger hclog.Logger
	// Now is time.Now when nil.
	Now func() time.Time
}

// Alerts are those of one agent. They are safe for concurrent use.
type Alerts struct {
	Config

	mu sync.Mutex // one change of alerts at a time
}

// New starts nothing.
func New(c Config) *Alerts {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = hclog.NewNullLogger()
	}
	return &Alerts{Config: c}
}

// Run follows the outboxes of all instances until ctx ends.
func (a *Alerts) Run(ctx context.Context) error {
	followed := map[string]*follower{}
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		stores, changed := a.Instances()
		for id, f := range followed {
			if stores[id] != f.outbox {
				f.stop()
				delete(followed, id)
			}
		}
		for id, outbox := range stores {
			if followed[id] == nil {
				followed[id] = a.start(ctx, id, outbox)
			}
		}
		if err := a.sweep(ctx); err != nil && ctx.Err() == nil {
			a.Logger.Error("old alerts stay where they are", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-tick.C:
		}
	}
	for _, f := range followed {
		f.stop()
	}
	return ctx.Err()
}

func (a *Alerts) start(ctx context.Context, id string, outbox Outbox) *follower {
	inner, cancel := context.WithCancel(ctx)
	f := &follower{all: a, id: id, outbox: outbox, cancel: cancel, ended: make(chan struct{})}
	go func() {
		defer close(f.ended)
		f.run(inner)
	}()
	return f
}

// The waits after something did not work: a full disk, a store that is being closed.
const (
	firstRetry = time.Second
	lastRetry  = time.Minute
)

// run handles what comes until ctx ends.
func (f *follower) run(ctx context.Context) {
	wait := firstRetry
	for ctx.Err() == nil {
		committed := f.outbox.Committed()
		n, err := f.step(ctx)
		var again <-chan time.Time
		switch {
		case errors.Is(err, context.Canceled):
			return
		case err != nil:
			level := hclog.Error
			if wait == firstRetry {
				level = hclog.Debug // the store may have been closed because the instance's block changed
			}
			f.all.Logger.Log(level, "alerts are not up to date, it is tried again", "instance", f.id, "in", wait, "error", err)
			again, committed = time.After(wait), nil
			wait = min(2*wait, lastRetry)
		case n > 0:
			wait = firstRetry
			continue
		}
		select {
		case <-ctx.Done():
		case <-committed:
		case <-again:
		}
	}
}

func (f *follower) stop() {
	f.cancel()
	<-f.ended
}
