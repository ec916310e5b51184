package action

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/store"
)

// Outstanding are the intents that are not settled, the oldest first.
func (e *Engine) Outstanding(ctx context.Context) ([]*Intent, error) {
	var all []*Intent
	for d, err := range e.Store.Docs(ctx, openBucket, nil) {
		if err != nil {
			return nil, err
		}
		i, err := e.Get(string(d.Key))
		if err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	slices.SortFunc(all, func(a, b *Intent) int { return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.ID, b.ID)) })
	return all, nil
}

// Docs is what can be read of a store.
type Docs interface {
	Docs(ctx context.Context, bucket string, prefix []byte) iter.Seq2[store.Doc, error]
}

// Each gives every intent of a store, in no order, until yield says no.
func Each(ctx context.Context, s Docs, yield func(*Intent) bool) error {
	for d, err := range s.Docs(ctx, intentBucket, nil) {
		if err != nil {
			return err
		}
		i, err := parse(d.Value)
		if err != nil {
			return err
		}
		if !yield(i) {
			return nil
		}
	}
	return nil
}

// ErrNoIntent says that there is none of that id.
var ErrNoIntent = errors.New("there is no such intent")

// Get reads one intent.
func (e *Engine) Get(id string) (*Intent, error) {
	b, err := e.Store.Doc(intentBucket, []byte(id))
	if err != nil {
		return nil, err
	}
	if b == nil {
		return nil, ErrNoIntent
	}
	return parse(b)
}

func parse(b []byte) (*Intent, error) {
	i := &Intent{}
	if err := json.Unmarshal(b, i); err != nil {
		return nil, fmt.Errorf("an intent cannot be read: %w", err)
	}
	return i, nil
}

// docs are an intent as it is committed.
func (i *Intent) docs() ([]store.Doc, error) {
	b, err := json.Marshal(i)
	if err != nil {
		return nil, fmt.Errorf("intent %s: %w", i.ID, err)
	}
	open := store.Doc{Bucket: openBucket, Key: []byte(i.ID)}
	if i.State.Open() || i.Unaudited || !i.Quiet.IsZero() {
		open.Value = []byte(i.State)
	}
	return []store.Doc{{Bucket: intentBucket, Key: []byte(i.ID), Value: b}, open}, nil
}

// update changes one intent, durably, and tells of it when its state is another one. The change sees the intent as it is.
func (e *Engine) update(ctx context.Context, id string, change func(*Intent) error) error {
	_, err := e.updated(ctx, id, change)
	return err
}

func (e *Engine) updated(ctx context.Context, id string, change func(*Intent) error) (*Intent, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i, err := e.Get(id)
	if err != nil {
		return nil, err
	}
	before := i.State
	if err := change(i); err != nil {
		return i, err
	}
	return i, e.save(ctx, before, i)
}

// save commits an intent, and the event that its new state is.
func (e *Engine) save(ctx context.Context, before State, i *Intent, others ...*Intent) error {
	now := e.Now()
	if !i.State.Open() && i.Settled.IsZero() {
		i.Settled = now
	}
	if i.State == Stuck && before != Stuck {
		e.stuck = append(e.stuck, now)
	}
	batch := &store.Batch{At: now}
	for _, one := range append([]*Intent{i}, others...) {
		docs, err := one.docs()
		if err != nil {
			return err
		}
		batch.Docs = append(batch.Docs, docs...)
	}
	if told := i.event(before, now); told != nil {
		d, err := event.Doc(0, told)
		if err != nil {
			return err
		}
		d.Key, d.Append = nil, true
		batch.Docs = append(batch.Docs, d)
	}
	_, err := e.Store.Commit(context.WithoutCancel(ctx), batch)
	return err
}

// event is what there is to tell of a new state; nil: nothing.
func (i *Intent) event(before State, now time.Time) *event.Event {
	out := &event.Event{
		ID: name("intent", i.ID, string(i.State), fmt.Sprint(i.Tries, i.Expires.UnixNano())), Time: now, Subject: i.Target,
		Severity: "info", Instance: i.Instance, Policy: i.Policy, Ref: i.Target, Action: i.Action, Intent: i.ID, Actor: i.Author,
		State: string(i.State), Reason: cmp.Or(i.Problem, i.Reason),
	}
	switch {
	case i.State == Waiting && i.proposed:
		out.What, out.Title = event.ActionProposed, fmt.Sprintf("%s of %s waits for approval", i.Action, i.Target)
	case i.State == Stuck && before != Stuck:
		out.What, out.Title, out.Severity = event.ActionUnsure, fmt.Sprintf("nobody knows what became of %s of %s", i.Action, i.Target), "high"
	case !i.State.Open() && (before.Open() || before == ""):
		out.What, out.Title = event.ActionSettled, fmt.Sprintf("%s of %s: %s", i.Action, i.Target, i.State)
	default:
		return nil
	}
	return out
}

// stick leaves an intent to a person.
func (i *Intent) stick(why string) {
	i.State, i.Problem, i.Next = Stuck, why, time.Time{}
}
