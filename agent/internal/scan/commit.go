package scan

import (
	"context"
	"slices"

	"github.com/mooring-hq/mooring/agent/internal/store"
)

// Several walks commit together: one transaction, and one fsync, carries all that is waiting.
const (
	commitQueue        = 16
	commitGroupRecords = 4 * commitRecords
)

type commitRequest struct {
	batches []*store.Batch
	done    chan commitResult // has room for one
}

type commitResult struct {
	results []store.Result
	err     error
}

// committer is the one writer of an instance's store.
type committer struct {
	store store.Store
	in    chan commitRequest
	gone  chan struct{}
}

func newCommitter(s store.Store) *committer {
	return &committer{store: s, in: make(chan commitRequest, commitQueue), gone: make(chan struct{})}
}

// run commits until ctx ends; what was handed over before that is written.
func (c *committer) run(ctx context.Context) {
	defer close(c.gone)
	for {
		select {
		case r := <-c.in:
			c.group(ctx, r)
		case <-ctx.Done():
			for {
				select {
				case r := <-c.in:
					c.group(ctx, r)
				default:
					return
				}
			}
		}
	}
}

func (c *committer) group(ctx context.Context, first commitRequest) {
	group, batches, records := []commitRequest{first}, first.batches, countRecords(first.batches)
	for waiting := true; waiting && records < commitGroupRecords; {
		select {
		case r := <-c.in:
			group = append(group, r)
			batches = append(slices.Clip(batches), r.batches...)
			records += countRecords(r.batches)
		default:
			waiting = false
		}
	}
	results, err := c.store.Commit(context.WithoutCancel(ctx), batches...)
	for _, r := range group {
		if err != nil {
			r.done <- commitResult{err: &storeError{err}}
			continue
		}
		r.done <- commitResult{results: results[:len(r.batches)]}
		results = results[len(r.batches):]
	}
}

func countRecords(batches []*store.Batch) (n int) {
	for _, b := range batches {
		n += len(b.Records)
	}
	return n
}

// start hands batches over; the channel gives the outcome.
func (c *committer) start(batches ...*store.Batch) <-chan commitResult {
	r := commitRequest{batches: batches, done: make(chan commitResult, 1)}
	select {
	case c.in <- r:
	case <-c.gone:
		r.done <- commitResult{err: context.Canceled}
	}
	return r.done
}

// wait gives the outcome of a start. It does not heed a context: a commit under way ends, and ends soon.
func (c *committer) wait(done <-chan commitResult) ([]store.Result, error) {
	select {
	case r := <-done:
		return r.results, r.err
	case <-c.gone:
		select {
		case r := <-done:
			return r.results, r.err
		default:
			return nil, context.Canceled
		}
	}
}

func (c *committer) commit(batches ...*store.Batch) ([]store.Result, error) {
	return c.wait(c.start(batches...))
}

// storeError is a failure of the store: the instance is set aside, since going on would lose what it says it keeps.
type storeError struct{ err error }

func (e *storeError) Error() string { return "store: " + e.err.Error() }
func (e *storeError) Unwrap() error { return e.err }
