package judge

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/view"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// cause is why a record is judged.
type cause struct {
	id       string    // names what comes of it
	at       time.Time // when it happened
	baseline bool
	act      bool   // actions may follow
	reason   string // of a closing, when the record does not say
}

func (j *Judge) because(e store.Entry) cause {
	return cause{
		id: j.named("log", e.Sequence), at: e.At, act: true, reason: e.Reason, baseline: slices.Contains(j.state.Renewed, e.Kind),
	}
}

// follow judges what the log tells, up to its end or as much as one commit takes.
func (j *Judge) follow(ctx context.Context) (bool, error) {
	last, err := j.Store.Last()
	if err != nil || last <= j.state.Position {
		return false, err
	}
	if err := j.lookAhead(ctx); err != nil {
		return false, err
	}
	var segment []store.Entry
	n, began := 0, time.Now()
	for e, err := range j.Store.Log(ctx, j.state.Position) {
		if err != nil {
			return false, err
		}
		n++
		if e.What == store.Activities {
			if err := j.segment(ctx, segment); err != nil {
				return false, err
			}
			segment = segment[:0]
			if err := j.activities(ctx, e); err != nil {
				return false, err
			}
		} else if segment = append(segment, e); len(segment) == maxSegment {
			if err := j.segment(ctx, segment); err != nil {
				return false, err
			}
			segment = segment[:0]
		}
		if n >= maxEntries || j.batch.full() || len(segment) == 0 && time.Since(began) > maxChunkTime {
			break
		}
	}
	if err := j.segment(ctx, segment); err != nil {
		return false, err
	}
	if a := j.accounts; a.changed && j.AccountsChanged != nil {
		j.AccountsChanged(a.firstLook)
	}
	j.accounts = accountNews{}
	return n > 0, nil
}

// changed is one record, with the entries that tell of it.
type changedRecord struct {
	kind    wire.Kind
	id      string
	entries []store.Entry
}

// segment judges the records of some entries, each once.
func (j *Judge) segment(ctx context.Context, entries []store.Entry) error {
	if len(entries) == 0 {
		return nil
	}
	type key struct {
		kind wire.Kind
		id   string
	}
	at := map[key]int{}
	var records []changedRecord
	for _, e := range entries {
		j.reader.Forget(ctx, e)
		j.note(e)
		j.churned(e)
		if e.ID == "" {
			continue
		}
		k := key{e.Kind, e.ID}
		n, known := at[k]
		if !known {
			n = len(records)
			at[k] = n
			records = append(records, changedRecord{kind: e.Kind, id: e.ID})
		}
		records[n].entries = append(records[n].entries, e)
	}
	for i := range records {
		if err := j.record(ctx, &records[i]); err != nil {
			return err
		}
	}
	j.state.Position, j.state.Done, j.dirty = entries[len(entries)-1].Sequence, 0, true
	return nil
}

// note asks for the walks that an entry makes necessary.
func (j *Judge) note(e store.Entry) {
	first := e.What == store.Baseline
	if e.Kind == wire.Kind_KIND_ACCOUNT {
		j.accounts.changed = true
		j.accounts.firstLook = j.accounts.firstLook || first || slices.Contains(j.state.Renewed, e.Kind)
	}
	for _, r := range j.rules {
		switch {
		case e.Sequence <= r.standing.From && first: // its own first look comes
		case first && (r.Kind == e.Kind || r.rests(e.Kind)):
			j.want(r, true, e.At)
		case !first && r.minds(e):
			j.want(r, slices.Contains(j.state.Renewed, e.Kind), e.At)
		}
	}
}

// record judges one record by the policies that its changes concern.
func (j *Judge) record(ctx context.Context, c *changedRecord) error {
	for _, e := range c.entries {
		if err := j.moment(ctx, e); err != nil {
			return err
		}
	}
	var found *view.Found
	read := false
	for _, r := range j.rules {
		if r.Kind != c.kind || r.momentary {
			continue
		}
		e, concerned := j.concerned(r, c.entries)
		if !concerned {
			continue
		}
		if !read {
			var err error
			if found, err = j.reader.Record(ctx, c.kind, c.id); err != nil {
				return err
			}
			read = true
		}
		key := r.key(c.id, 0, "")
		old, err := j.doc(Bucket, key)
		if err != nil {
			return err
		}
		if err := j.settle(r, key, found, old, j.because(e)); err != nil {
			return err
		}
	}
	return nil
}

// concerned gives the last of some entries that a policy minds.
func (j *Judge) concerned(r *rule, entries []store.Entry) (last store.Entry, ok bool) {
	for _, e := range entries {
		if e.Sequence > r.standing.From && r.concerns(j.Description, e) {
			last, ok = e, true
		}
	}
	return last, ok
}

// judge says what a policy says of a record.
func (j *Judge) judge(r *rule, found *view.Found, change *policy.Change, before *view.Found) (policy.Verdict, error) {
	in := policy.Context{Look: j.look, Change: change, Now: j.Now(), Ref: found.Ref}
	if before != nil {
		in.Before = before.Record
	}
	v, err := r.Condition.Judge(found.Record, in)
	if broken := j.reader.Err(); broken != nil {
		return policy.Undetermined, broken
	}
	if err != nil {
		j.failed(r, err)
		return policy.Undetermined, nil
	}
	return v, nil
}

// settle brings the finding of a policy and a record up to date. found is nil when there is no such record any more, old when
// there is no such finding yet.
func (j *Judge) settle(r *rule, key []byte, found *view.Found, old []byte, c cause) error {
	v := policy.NoMatch
	if found != nil {
		var err error
		if v, err = j.judge(r, found, nil, nil); err != nil {
			return err
		}
	}
	if v == policy.Undetermined && j.state.Walk != nil {
		j.state.Walk.undetermined(r)
	}
	if old == nil {
		if v == policy.Match {
			return j.open(r, key, j.finding(r, found, c), found.Facets, c)
		}
		return nil
	}
	was, err := parseFinding(old)
	if err != nil {
		return fmt.Errorf("%s: %w", j.id(), err)
	}
	if v == policy.Match {
		j.keep(r, key, was, found, c)
		return nil
	}
	j.batch.add(store.Doc{Bucket: Bucket, Key: key})
	j.count(r, was, -1)
	if !was.Excepted {
		j.tell(closed(was, j.id(), j.reason(r, was, found, v, c), c.at))
	}
	return nil
}

// count keeps how many findings of a policy are open. Excepted ones are not.
func (j *Judge) count(r *rule, f *Finding, by int) {
	j.dirty = true
	s := r.standing
	switch {
	case f.Excepted:
	case f.Baseline:
		s.Baseline = max(s.Baseline+by, 0)
		s.Told = min(s.Told, s.Baseline)
	default:
		s.Open = max(s.Open+by, 0)
	}
}

// open keeps a new finding, tells of it, and has done what the policy wants done.
func (j *Judge) open(r *rule, key []byte, f *Finding, facets []string, c cause) error {
	j.put(key, f)
	j.count(r, f, 1)
	if f.Excepted || f.Baseline {
		return nil
	}
	j.opened(f, c.at)
	r.standing.finds(j.Now())
	return j.act(r, f, facets, c)
}

func (j *Judge) put(key []byte, f *Finding) {
	b, err := json.Marshal(f)
	if err != nil { // a record that is no JSON
		f.Record, f.Evidence = nil, nil
		b, _ = json.Marshal(f) //nolint:errchkjson // texts and numbers
	}
	j.batch.add(store.Doc{Bucket: Bucket, Key: key, Value: b})
}

// keep goes on with a finding: with what the record and the exceptions say now.
func (j *Judge) keep(r *rule, key []byte, was *Finding, found *view.Found, c cause) {
	f := j.finding(r, found, c)
	f.Since, f.Cause, f.Baseline, f.Count = was.Since, was.Cause, was.Baseline, was.Count
	if was.Baseline {
		f.Record = nil
	}
	other := f.Digest != was.Digest && f.Hash == was.Hash || f.Group != was.Group
	if !other && f.Hash == was.Hash && f.Excepted == was.Excepted && f.Severity == was.Severity && f.Mode == was.Mode {
		return
	}
	j.turnOver(r, was, f, other, c)
	j.put(key, f)
}

// turnOver tells what became of a finding that still matches. One that was only observed is new to whoever is alerted.
func (j *Judge) turnOver(r *rule, was, f *Finding, other bool, c cause) {
	hidden, hides := was.Excepted || was.Mode == modeObserve, f.Excepted || f.Mode == modeObserve
	switch {
	case f.Excepted && !was.Excepted:
		j.count(r, was, -1)
		j.tell(closed(was, j.id(), "it was excepted", c.at))
	case was.Excepted && !f.Excepted:
		f.Cause = c.id
		j.count(r, f, 1)
		if !f.Baseline {
			j.opened(f, c.at)
		}
	case f.Baseline || f.Excepted:
	case hides && !hidden:
		j.tell(closed(was, j.id(), "the policy only observes now", c.at))
	case hidden && !hides:
		f.Cause = c.id
		j.opened(f, c.at)
	case other:
		j.changed(f, c)
	}
}

// act has the intents of an enforcing policy committed along with its finding.
func (j *Judge) act(r *rule, f *Finding, facets []string, c cause) error {
	if !r.acts() || j.Propose == nil || !c.act || j.Now().Sub(c.at) > r.ActWithin {
		return nil
	}
	f.Doubt = j.doubt(r, facets)
	docs, err := j.Propose(r.Policy, f)
	if err != nil {
		j.failed(r, fmt.Errorf("its action on %s: %w", f.Ref, err))
		return nil
	}
	j.batch.add(docs...)
	return nil
}

// reason says what made a finding go away.
func (j *Judge) reason(r *rule, was *Finding, found *view.Found, v policy.Verdict, c cause) string {
	if found == nil {
		if c.reason != "" {
			return "it was deleted: " + c.reason
		}
		return "it was deleted"
	}
	if was.Hash != r.Hash {
		return "the policy was changed"
	}
	now, _ := evidence(found.Record, r.reads.Fields)
	if d := differences(was.Evidence, now); d != "" {
		return d
	}
	if v == policy.Undetermined {
		return "what it rests on is not known any more"
	}
	return "what it is compared with is another"
}
