// Package health turns the states of what the agent is made of (instances, sinks, the disk) into events: a state that has
// lasted is told once, when it comes and when it goes.
//
// It promises: a state and the event that tells it are one commit, so none is told twice and none is lost over a restart;
// what only flickers is not told; at most MaxSubjects are known. It does not find out states: it asks Sources.
package health

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/store"
)

// The limits.
const (
	// LookEvery is how often sources are asked.
	LookEvery = 15 * time.Second
	// Lasting is how long a state lasts before it is told: a restart or one refused request is no news.
	Lasting = time.Minute
	// MaxSubjects is how many things are known at once; more are not told.
	MaxSubjects = 10_000
	// maxReasonBytes of what is told of a reason.
	maxReasonBytes = 2_000
)

// OK is the state in which there is nothing to tell.
const OK = "ok"

// Report is the state of one thing now.
type Report struct {
	// Subject names the thing: "instance github/sales", "sink webhook/chat", "disk".
	Subject string
	// State is OK, or one word for what is wrong: "failing", "login needed". A change from one to another is told, too.
	State string
	// Reason is for people, and may change without being told anew.
	Reason string
	// Severity of the event while the state is not OK; "" is medium.
	Severity string
	// Instance, where it is about one.
	Instance string
}

// Store is what is needed of the agent's file.
type Store interface {
	Doc(bucket string, key []byte) ([]byte, error)
	Commit(ctx context.Context, batches ...*store.Batch) ([]store.Result, error)
}

// Config of New.
type Config struct {
	Store Store
	// Events is the bucket for events.
	Events string
	// Sources give the states of all things that they know. A thing that is not given any more is forgotten silently:
	// somebody has taken it away.
	Sources []func() []Report
	Logger  hclog.Logger
	// LookEvery and Lasting are those above where they are 0.
	LookEvery, Lasting time.Duration
}

// Watch tells changes of states.
type Watch struct {
	Config
	told  map[string]told
	since map[string]candidate
}

// told is what is kept of a subject: its state as it was last told.
type told struct {
	State string `json:"state"`
	// Count of changes, which makes each its own event.
	Count uint64 `json:"count"`
}

// candidate is a state that is not told yet.
type candidate struct {
	state string
	at    time.Time
}

// bucket and key of the one document that holds what was told.
const bucket = "health"

var key = []byte("told")

// New starts nothing.
func New(c Config) *Watch {
	c.LookEvery, c.Lasting = cmp.Or(c.LookEvery, LookEvery), cmp.Or(c.Lasting, Lasting)
	return &Watch{Config: c, since: map[string]candidate{}}
}

// Run asks until ctx ends.
func (w *Watch) Run(ctx context.Context) error {
	tick := time.NewTicker(w.LookEvery)
	defer tick.Stop()
	for {
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			w.Logger.Error("the state of the agent cannot be told", "error", err) // tried again: a full disk is one of the states
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (w *Watch) load() error {
	if w.told != nil {
		return nil
	}
	b, err := w.Store.Doc(bucket, key)
	if err != nil {
		return fmt.Errorf("health: %w", err)
	}
	all := map[string]told{}
	if b != nil {
		if err := json.Unmarshal(b, &all); err != nil {
			return fmt.Errorf("health: what was told last: %w", err)
		}
	}
	w.told = all
	return nil
}

func (w *Watch) look(ctx context.Context) error {
	if err := w.load(); err != nil {
		return err
	}
	now := time.Now()
	next, seen := map[string]told{}, map[string]bool{}
	var docs []store.Doc
	for _, source := range w.Sources {
		for _, r := range source() {
			if seen[r.Subject] || len(seen) == MaxSubjects {
				continue
			}
			seen[r.Subject] = true
			was, changed := w.judge(r, now)
			if changed {
				e := eventOf(r, was, now)
				value, err := json.Marshal(e)
				if err != nil {
					return fmt.Errorf("health of %s: %w", r.Subject, err)
				}
				docs = append(docs, store.Doc{Bucket: w.Events, Append: true, Value: value})
				was = told{State: r.State, Count: was.Count + 1}
			}
			if was.Count > 0 {
				next[r.Subject] = was
			}
		}
	}
	gone := len(next) != len(w.told) // with what is not there any more
	if err := w.keep(ctx, now, next, docs, gone); err != nil {
		return err
	}
	w.told = next
	for subject := range w.since {
		if !seen[subject] {
			delete(w.since, subject)
		}
	}
	return nil
}

// judge gives what was told of a subject, and whether its state has been another one for long enough.
func (w *Watch) judge(r Report, now time.Time) (told, bool) {
	was := w.told[r.Subject]
	if cmp.Or(was.State, OK) == r.State {
		delete(w.since, r.Subject)
		return was, false
	}
	c := w.since[r.Subject]
	if c.state != r.State {
		c = candidate{r.State, now}
		w.since[r.Subject] = c
	}
	return was, now.Sub(c.at) >= w.Lasting
}

func (w *Watch) keep(ctx context.Context, now time.Time, next map[string]told, docs []store.Doc, gone bool) error {
	if len(docs) == 0 && !gone {
		return nil
	}
	value, err := json.Marshal(next)
	if err != nil {
		return fmt.Errorf("health: %w", err)
	}
	docs = append(docs, store.Doc{Bucket: bucket, Key: key, Value: value})
	if _, err := w.Store.Commit(ctx, &store.Batch{At: now, Docs: docs}); err != nil {
		return fmt.Errorf("health: %w", err)
	}
	return nil
}

func eventOf(r Report, was told, now time.Time) *event.Event {
	e := &event.Event{
		ID:   fmt.Sprintf("health/%s/%d", r.Subject, was.Count+1),
		Time: now.UTC(), What: event.HealthChanged, Subject: "health/" + r.Subject, Instance: r.Instance,
		State: r.State, Reason: cut(r.Reason), Severity: cmp.Or(r.Severity, "medium"), Title: r.Subject + ": " + r.State,
	}
	if r.State == OK {
		e.Severity, e.Title = "info", fmt.Sprintf("%s: ok again (was %s)", r.Subject, was.State)
	}
	return e
}

func cut(s string) string {
	if len(s) <= maxReasonBytes {
		return s
	}
	runes := []rune(s)
	return string(slices.Clip(runes[:min(len(runes), maxReasonBytes/4)])) + "…"
}
