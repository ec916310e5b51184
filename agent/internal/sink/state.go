package sink

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/store"
)

// The buckets of the agent's file that sinks write: their positions, and the events that they refused.
const (
	positions = "sinks"
	asides    = "sinks.aside"
)

// The states of a sink.
const (
	stateOK       = "ok"
	stateFailing  = "failing"
	stateDropping = "dropping"
	stateRefused  = "refused" // only in events
	stateDisabled = "disabled"
)

// position is what is kept of a sink: after which event it goes on, and what it counted.
type position struct {
	After    uint64     `json:"after"`
	Sent     uint64     `json:"sent"`
	Dropped  uint64     `json:"dropped,omitempty"`
	Aside    uint64     `json:"aside,omitempty"`
	LastSent *time.Time `json:"last_sent,omitempty"`
}

func (p position) doc(id string) (store.Doc, error) {
	b, err := json.Marshal(p)
	if err != nil {
		return store.Doc{}, fmt.Errorf("sink %s: %w", id, err)
	}
	return store.Doc{Bucket: positions, Key: []byte(id), Value: b}, nil
}

// aside is a refused event, as it is kept.
type aside struct {
	At     time.Time    `json:"at"`
	Reason string       `json:"reason"`
	Event  *event.Event `json:"event"`
}

func asideKey(id string, sequence uint64) []byte {
	return append([]byte(id+"\x00"), event.Key(sequence)...)
}

// item is an event on its way.
type item struct {
	sequence uint64
	*event.Event
}

// begin reads where the sink goes on; a new one goes on after newest.
func (w *worker) begin(ctx context.Context, newest uint64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	b, err := w.Store.Doc(positions, []byte(w.c.ID()))
	if err != nil {
		return fmt.Errorf("sink %s: %w", w.c.ID(), err)
	}
	if b == nil {
		w.at = position{After: newest}
		return w.saveLocked(ctx)
	}
	w.at = position{}
	if err := json.Unmarshal(b, &w.at); err != nil {
		return fmt.Errorf("sink %s: its position: %w", w.c.ID(), err)
	}
	w.saved = w.at.After
	return nil
}

// saveLocked keeps the position, with more.
func (w *worker) saveLocked(ctx context.Context, more ...store.Doc) error {
	d, err := w.at.doc(w.c.ID())
	if err != nil {
		return err
	}
	if _, err := w.Store.Commit(ctx, &store.Batch{At: time.Now(), Docs: append(more, d)}); err != nil {
		return fmt.Errorf("sink %s: %w", w.c.ID(), err)
	}
	w.saved = w.at.After
	return nil
}

// passed moves on over events that are done with: sent of them were sent. What was not wanted is not worth a commit.
func (w *worker) passed(ctx context.Context, after uint64, sent int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at.After = max(w.at.After, after)
	if sent > 0 {
		now := time.Now().UTC()
		w.at.Sent += uint64(sent)
		w.at.LastSent = &now
		w.tries, w.problem, w.next = 0, nil, time.Time{}
	}
	if sent == 0 && w.at.After-w.saved < saveEvery {
		return nil
	}
	return w.saveLocked(ctx)
}

// setAside keeps events that are refused, and goes on. Of more than MaxAside the oldest are given up.
func (w *worker) setAside(ctx context.Context, refused []item, why error) error {
	var docs []store.Doc
	for _, i := range refused {
		value, err := json.Marshal(aside{At: time.Now().UTC(), Reason: why.Error(), Event: i.Event})
		if err != nil {
			return fmt.Errorf("sink %s: %w", w.c.ID(), err)
		}
		docs = append(docs, store.Doc{Bucket: asides, Key: asideKey(w.c.ID(), i.sequence), Value: value})
	}
	var kept []store.Doc
	for d, err := range w.Store.Docs(ctx, asides, []byte(w.c.ID()+"\x00")) {
		if err != nil {
			return fmt.Errorf("sink %s: %w", w.c.ID(), err)
		}
		kept = append(kept, store.Doc{Bucket: asides, Key: d.Key})
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if over := len(kept) + len(docs) - MaxAside; over > 0 {
		over = min(over, len(kept))
		docs = append(docs, kept[:over]...)
		w.at.Dropped += uint64(over)
		w.at.Aside -= min(w.at.Aside, uint64(over))
	}
	if now := time.Now(); now.Sub(w.toldAside) >= tellEvery {
		w.toldAside = now
		told, err := w.tell("aside", refused[0].sequence, uint64(len(refused)), stateRefused, "events are refused, and set aside",
			why.Error()+"; they are tried again when the agent or its sinks start anew")
		if err != nil {
			return err
		}
		docs = append(docs, told)
	}
	w.at.After = max(w.at.After, refused[len(refused)-1].sequence)
	w.at.Aside += uint64(len(refused))
	w.tries = 0
	return w.saveLocked(ctx, docs...)
}

// taken forgets a refused event that the sink took after all.
func (w *worker) taken(ctx context.Context, d store.Doc) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	now := time.Now().UTC()
	w.at.Sent++
	w.at.Aside -= min(w.at.Aside, 1)
	w.at.LastSent = &now
	return w.saveLocked(ctx, d)
}

// idle: there is nothing to send up to a position, so the sink has caught up.
func (w *worker) idle(ctx context.Context, last uint64) error {
	w.mu.Lock()
	w.dropping = false
	w.mu.Unlock()
	return w.passed(ctx, last, 0)
}

// drop moves on over events that may not wait any longer: wanted of them would have been sent. That is told when it
// begins.
func (w *worker) drop(ctx context.Context, until, wanted uint64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.at.After >= until {
		return nil
	}
	from := w.at.After
	w.at.After = until
	w.at.Dropped += wanted
	var more []store.Doc
	if wanted > 0 && !w.dropping {
		w.dropping = true
		w.Logger.Error("events are dropped, for more wait than may", "sink", w.c.ID(), "dropped", wanted)
		told, err := w.tell("dropped", from, wanted, stateDropping, "events are dropped",
			fmt.Sprintf("more than %d events or %d MiB wait for a sink, so the oldest are dropped: %d at first", MaxSpooled, MaxSpooledBytes>>20, wanted))
		if err != nil {
			return err
		}
		more = append(more, told)
	}
	return w.saveLocked(ctx, more...)
}

// tell makes an event of what becomes of events. Its ID is the same when it is told again after a crash.
func (w *worker) tell(what string, sequence, count uint64, state, title, reason string) (store.Doc, error) {
	value, err := json.Marshal(&event.Event{
		ID: fmt.Sprintf("sink/%s/%s/%d", w.c.ID(), what, sequence), Time: time.Now().UTC(), What: event.HealthChanged,
		Subject: w.subject(), Severity: "high", State: state, Count: int(count), Title: "sink " + w.c.ID() + ": " + title, Reason: reason,
	})
	if err != nil {
		return store.Doc{}, fmt.Errorf("sink %s: %w", w.c.ID(), err)
	}
	return store.Doc{Bucket: Events, Append: true, Value: value}, nil
}

// subject orders what is told of the sink with what package health tells.
func (w *worker) subject() string { return "health/sink " + w.c.ID() }

func (w *worker) after() (now, saved uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at.After, w.saved
}

func (w *worker) status(s *spool) Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	st := Status{
		Sink: w.c.ID(), State: stateOK, Sent: w.at.Sent, Dropped: w.at.Dropped, Aside: w.at.Aside, LastSent: w.at.LastSent,
	}
	st.Waiting, st.Lag = s.waiting(w.at.After)
	if w.problem != nil {
		st.State, st.LastError = stateFailing, w.problem.Error()
		if !w.next.IsZero() {
			next := w.next.UTC()
			st.NextTry = &next
		}
	}
	if w.dropping {
		st.State = stateDropping
		st.LastError = strings.TrimSuffix(fmt.Sprintf("%d events are dropped so far: more waited than may; %s", w.at.Dropped, st.LastError), "; ")
	}
	return st
}
