package api

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/view"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Trial is the body of a request to judge what is stored by a policy, of which nothing is written.
type Trial struct {
	Kind   string         `json:"kind"`
	When   string         `json:"when"`
	Repeat *policy.Repeat `json:"repeat,omitempty"`
	// Since is from when on activities and changes are judged, and records that changed since; empty: records of any age, 30 days
	// of what happened.
	Since     string   `json:"since,omitempty"`
	Instances []string `json:"instances,omitempty"`
	// Limit of the lines; the rest is counted.
	Limit int `json:"limit,omitempty"`
}

// Tried is one thing that the policy would have found.
type Tried struct {
	Ref    string          `json:"ref"`
	At     time.Time       `json:"at,omitzero"`
	What   string          `json:"what,omitempty"` // of a change
	Fields []string        `json:"fields,omitempty"`
	By     string          `json:"by,omitempty"`    // of activities that repeat
	Count  int             `json:"count,omitempty"` // of these
	Record json.RawMessage `json:"record"`
}

const tryDays = 30 * 24 * time.Hour // of what happened, when nobody says since when

// trial is a parsed request.
type trial struct {
	Trial
	ctx       context.Context //nolint:containedctx // of the request
	kind      wire.Kind
	condition *policy.Condition
	instances []*Instance
	since     time.Time
	looker    *looker
	found     []Tried
	counted   Trailer
}

func (s *server) try(w http.ResponseWriter, r *http.Request) error {
	t := &trial{ctx: r.Context(), counted: Trailer{Coverage: []Coverage{}}}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&t.Trial); err != nil {
		return badRequest("the request: %v", err)
	}
	if err := t.parse(s); err != nil {
		return err
	}
	broken := map[string]error{}
	for _, i := range t.instances {
		if err := t.judge(i); err != nil {
			if r.Context().Err() != nil {
				return r.Context().Err()
			}
			broken[i.ID()] = err
		}
	}
	t.counted.cover(r.Context(), t.instances, broken, t.kind)
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := bufio.NewWriterSize(w, 64<<10)
	enc := json.NewEncoder(out)
	for _, f := range t.found {
		if err := enc.Encode(f); err != nil {
			return err
		}
	}
	if err := enc.Encode(t.counted); err != nil {
		return err
	}
	return out.Flush()
}

func (t *trial) parse(s *server) error {
	var ok bool
	if t.kind, ok = sdk.ParseKind(t.Kind); !ok {
		return badRequest("kind %q is not known", t.Kind)
	}
	var err error
	if t.condition, err = policy.CompileRule(t.kind, t.When); err != nil {
		return badRequest("when: %v", err)
	}
	if t.Repeat != nil && (t.kind != wire.Kind_KIND_ACTIVITY || t.Repeat.Count < 1 || t.Repeat.Within <= 0) {
		return badRequest("repeat: only activities repeat, at least once, within a time")
	}
	if err = parseTime(url.Values{"since": {t.Since}}, "since", &t.since); err != nil {
		return err
	}
	if t.instances, err = s.chosen(t.Instances); err != nil {
		return err
	}
	t.looker, err = s.looker(t.ctx, t.condition.Reads(), time.Time{})
	return err
}

func (t *trial) judge(i *Instance) error {
	j := &tryer{trial: t, i: i, reader: view.New(i.source(), t.looker.org, time.Time{}), look: t.looker.of(t.ctx, i)}
	switch {
	case t.kind == wire.Kind_KIND_ACTIVITY:
		return j.activities()
	case t.condition.Reads().Change:
		return j.changes()
	}
	return j.records()
}

// from is since when things that happened are judged.
func (t *trial) from() time.Time {
	if t.since.IsZero() {
		return time.Now().Add(-tryDays)
	}
	return t.since
}

// tell notes one finding.
func (t *trial) tell(f Tried, found view.Found) {
	t.counted.Count++
	if t.Limit > 0 && len(t.found) >= t.Limit {
		return
	}
	f.Ref, f.Record = found.Ref.String(), record.JSON(nil, found.Ref, found.Record)
	t.found = append(t.found, f)
}

// tryer judges one instance.
type tryer struct {
	*trial
	i      *Instance
	reader *view.Reader
	look   *look
}

// matches judges one record; what costs too much is undetermined.
func (t *tryer) matches(f view.Found, change *policy.Change, before *view.Found) bool {
	in := policy.Context{Look: t.look, Ref: f.Ref, Change: change}
	if before != nil {
		in.Before = before.Record
	}
	v, err := t.condition.Judge(f.Record, in)
	if err != nil || v == policy.Undetermined {
		t.counted.Undetermined++
		return false
	}
	return v == policy.Match
}

func (t *tryer) records() error {
	for f, err := range t.reader.Records(t.ctx, view.Span{Kind: t.kind}) {
		if err != nil {
			return err
		}
		if !f.Since.Before(t.since) && t.matches(f, nil, nil) {
			t.tell(Tried{At: f.Since}, f)
		}
	}
	return nil
}

// changes judges what the log tells, each with the record as it was then and before.
func (t *tryer) changes() error {
	for e, err := range t.i.Store.Log(t.ctx, 0) {
		if err != nil {
			return err
		}
		what := map[store.What]string{
			store.Created: policy.Created, store.Updated: policy.Updated, store.Filled: policy.Filled, store.Deleted: policy.Deleted,
		}[e.What]
		if e.Kind != t.kind || what == "" || e.At.Before(t.from()) {
			continue
		}
		found, before, err := t.around(e)
		if err != nil {
			return err
		}
		if found != nil && t.matches(*found, &policy.Change{What: what, Fields: e.Fields}, before) {
			t.tell(Tried{At: e.At, What: what, Fields: e.Fields}, *found)
		}
	}
	return nil
}

// around gives a record as an entry left it and as it was before; what was deleted is as it was.
func (t *tryer) around(e store.Entry) (found, before *view.Found, err error) {
	if e.What == store.Updated || e.What == store.Deleted {
		if before, err = t.reader.RecordAt(t.ctx, e.Kind, e.ID, e.At.Add(-1)); err != nil || e.What == store.Deleted {
			return before, before, err
		}
	}
	found, err = t.reader.RecordAt(t.ctx, e.Kind, e.ID, e.At)
	return found, before, err
}

func (t *tryer) activities() error {
	bursts := &bursts{of: t.Repeat, open: map[string]*burst{}}
	for f, err := range t.reader.Records(t.ctx, view.Span{Kind: t.kind, Since: t.from(), Until: time.Now().Add(24 * time.Hour)}) {
		if err != nil {
			return err
		}
		a, ok := f.Record.(*wire.Activity)
		if !ok || !t.matches(f, nil, nil) {
			continue
		}
		at := a.GetTime().AsTime()
		if t.Repeat == nil {
			t.tell(Tried{At: at}, f)
			continue
		}
		in := policy.Context{Look: t.look, Ref: f.Ref}
		for _, by := range t.Repeat.Keys(a, in) {
			if bursts.add(by, at, t.Repeat.Values(a, in)) {
				t.tell(Tried{At: at, By: by, Count: t.Repeat.Count}, f)
			}
		}
		if bursts.kept > maxTryKept {
			return errors.New("too many activities lie within one window: name a shorter time or one instance")
		}
	}
	return nil
}

// maxTryKept is how many activities one trial keeps to count by.
const maxTryKept = 2_000_000

// bursts counts what repeats, in the order of time.
type bursts struct {
	of   *policy.Repeat
	open map[string]*burst
	kept int
}

// burst is what one key did lately.
type burst struct {
	times  []time.Time
	values []string
	counts map[string]int // of each value
	until  time.Time      // it is one finding until nothing comes for so long
}

// add counts an activity, and tells whether it makes a burst.
func (b *bursts) add(key string, at time.Time, values []string) bool {
	w := b.open[key]
	if w == nil {
		w = &burst{counts: map[string]int{}}
		b.open[key] = w
	}
	for len(w.times) > 0 && at.Sub(w.times[0]) >= b.of.Within {
		if w.counts[w.values[0]]--; w.counts[w.values[0]] == 0 {
			delete(w.counts, w.values[0])
		}
		w.times, w.values = w.times[1:], w.values[1:]
		b.kept--
	}
	for _, v := range values {
		w.times, w.values = append(w.times, at), append(w.values, v)
		w.counts[v]++
		b.kept++
	}
	inside, enough := at.Before(w.until), len(w.counts) >= b.of.Count
	if inside || enough {
		w.until = at.Add(b.of.Within)
	}
	return !inside && enough
}
