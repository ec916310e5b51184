package scan

import (
	"context"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// watchHealthy is how long a long-poll or queue must have been open for the next failure to be a first one.
const watchHealthy = 10 * time.Second

// watching is the state of the long-poll or queue.
type watching struct {
	mu   sync.Mutex
	open bool
	err  string
}

func (w *watching) set(open bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open, w.err = open, ""
	if err != nil {
		w.err = err.Error()
	}
}

func (w *watching) get() (bool, string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.open, w.err
}

// watched are the listings that long-polls and queues tell of.
func (e *Engine) watched() []string {
	var listings []string
	for _, rt := range e.Description.GetRealtime() {
		if rt.GetMeans() != "webhook" {
			listings = append(listings, rt.GetListings()...)
		}
	}
	return listings
}

// watch listens to the connector's long-polls and queues, again and again.
func (e *Engine) watch(ctx context.Context) {
	listings := e.watched()
	for failures := 0; len(listings) > 0 && ctx.Err() == nil; failures++ {
		began := time.Now()
		e.watching.set(true, nil)
		err := e.Source.Watch(ctx, listings, func(h *wire.Hint) error {
			e.takeHint(h)
			return nil
		})
		e.watching.set(false, err)
		if sdk.TypeOf(err) == sdk.ErrUnsupported {
			return
		}
		if err == nil || time.Since(began) > watchHealthy {
			failures = 0 // an end without a reason is the connector's way to begin anew
		}
		if err != nil && ctx.Err() == nil {
			e.Logger.Warn("watching for changes stopped, it begins again", "error", err)
		}
		if sleep(ctx, backoff(failures, err)) != nil {
			return
		}
	}
}
