package alert

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/store"
)

// The limits of one step.
const (
	maxStepEvents = 2000
	maxStepBytes  = 4 << 20
)

// follower handles the outbox of one instance.
type follower struct {
	all    *Alerts
	id     string
	outbox Outbox
	cancel context.CancelFunc
	ended  chan struct{}
}

// position is how far an outbox is handled.
type position struct {
	// Store and Epoch say of which store, in which of its lives: numbers of another one mean nothing.
	Store    string `json:"store"`
	Epoch    string `json:"epoch,omitempty"`
	Sequence uint64 `json:"sequence"`
}

// The documents of an instance's store that say which store it is. The epoch is another one after a restore.
const (
	bucketIdentity = "alert.outbox"
	keyIdentity    = "id"
	bucketEpoch    = "store"
	keyEpoch       = "epoch"
)

// step handles what stands next in the outbox, and gives how many events that were. What it commits is once in the agent's
// store: the position is part of the same commit. Only then are the events taken from the outbox; should that not come
// about, the next step finds them behind its position.
func (f *follower) step(ctx context.Context) (int, error) {
	a := f.all
	at, err := f.position(ctx)
	if err != nil {
		return 0, err
	}
	done := &store.Batch{At: a.Now()}
	var events []store.Doc
	bytes := 0
	for d, err := range f.outbox.DocsAfter(ctx, event.Bucket, nil) {
		if err != nil {
			return 0, fmt.Errorf("outbox of %s: %w", f.id, err)
		}
		done.Docs = append(done.Docs, store.Doc{Bucket: event.Bucket, Key: d.Key})
		if event.Sequence(d.Key) > at.Sequence {
			events, bytes = append(events, d), bytes+len(d.Value)
		}
		if len(done.Docs) >= maxStepEvents || bytes >= maxStepBytes {
			break
		}
	}
	if len(done.Docs) == 0 {
		return 0, nil
	}
	if len(events) > 0 {
		at.Sequence = event.Sequence(events[len(events)-1].Key)
		if err := a.take(ctx, f.id, events, at); err != nil {
			return 0, err
		}
	}
	if _, err := f.outbox.Commit(ctx, done); err != nil {
		return 0, fmt.Errorf("outbox of %s: %w", f.id, err)
	}
	return len(done.Docs), nil
}

// position reads how far this very store was handled.
func (f *follower) position(ctx context.Context) (position, error) {
	fail := func(err error) (position, error) { return position{}, fmt.Errorf("outbox of %s: %w", f.id, err) }
	epoch, err := f.outbox.Doc(bucketEpoch, []byte(keyEpoch))
	if err != nil {
		return fail(err)
	}
	name, err := f.outbox.Doc(bucketIdentity, []byte(keyIdentity))
	if err != nil {
		return fail(err)
	}
	if name == nil {
		name = []byte(rand.Text())
		doc := store.Doc{Bucket: bucketIdentity, Key: []byte(keyIdentity), Value: name}
		if _, err := f.outbox.Commit(ctx, &store.Batch{At: f.all.Now(), Docs: []store.Doc{doc}}); err != nil {
			return fail(err)
		}
	}
	now := position{Store: string(name), Epoch: string(epoch)}
	value, err := f.all.Store.Doc(bucketPositions, []byte(f.id))
	if err != nil || value == nil {
		return now, err
	}
	was, err := parse[position](value, nil)
	if err != nil {
		return now, err
	}
	if was.Store != now.Store { // the instance was removed, and added anew
		return now, f.all.forget(ctx, f.id)
	}
	if was.Epoch != now.Epoch { // it is of the past
		return now, nil
	}
	return *was, nil
}

// take handles events of an instance in one commit.
func (a *Alerts) take(ctx context.Context, id string, events []store.Doc, at position) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := newBatch(a.Store)
	for _, d := range events {
		e, err := event.Parse(d)
		if err != nil { // it will not be any better next time
			a.Logger.Error("what an instance tells cannot be read, and is left out", "instance", id, "error", err)
			continue
		}
		if err := b.apply(ctx, e); err != nil {
			return fmt.Errorf("alerts of %s: %w", id, err)
		}
	}
	if err := b.write(bucketPositions, []byte(id), at); err != nil {
		return err
	}
	return a.commit(ctx, b)
}

// commit needs the lock.
func (a *Alerts) commit(ctx context.Context, b *batch) error {
	docs, err := b.finish()
	if err != nil {
		return err
	}
	if _, err := a.Store.Commit(ctx, &store.Batch{At: a.Now(), Docs: docs}); err != nil {
		return fmt.Errorf("alerts: %w", err)
	}
	return nil
}
