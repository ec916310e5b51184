package judge

import (
	"context"
	"fmt"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/view"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

var changeWords = map[store.What]string{
	store.Created: policy.Created, store.Updated: policy.Updated, store.Filled: policy.Filled, store.Deleted: policy.Deleted,
}

// moment judges one change of a record by the policies that ask what changed.
func (j *Judge) moment(ctx context.Context, e store.Entry) error {
	change := &policy.Change{What: changeWords[e.What], Fields: e.Fields}
	var found, before *view.Found
	read := false
	for _, r := range j.rules {
		if !r.momentary || r.Kind != e.Kind || e.Sequence <= r.standing.From || change.What == "" {
			continue
		}
		if !read {
			var err error
			if found, before, err = j.around(ctx, e); found == nil || err != nil {
				return err
			}
			read = true
		}
		v, err := j.judge(r, found, change, before)
		if err == nil && v == policy.Match {
			err = j.happened(r, found, e.Sequence, "", 0, j.because(e))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// around gives a record as an entry left it, and as it was before. Of what was only filled in, nobody knows how it was before;
// what was deleted is as it was.
func (j *Judge) around(ctx context.Context, e store.Entry) (found, before *view.Found, err error) {
	if e.What == store.Updated || e.What == store.Deleted {
		if before, err = j.reader.RecordAt(ctx, e.Kind, e.ID, e.At.Add(-1)); err != nil {
			return nil, nil, err
		}
	}
	if e.What == store.Deleted {
		return before, before, nil
	}
	if found, err = j.reader.RecordAt(ctx, e.Kind, e.ID, e.At); found == nil && err == nil {
		found, err = j.reader.Record(ctx, e.Kind, e.ID) // the clock went back: as it is now
	}
	return found, before, err
}

// activities judges those that an entry announced, from where the last commit ended.
func (j *Judge) activities(ctx context.Context, e store.Entry) error {
	var rules []*rule
	for _, r := range j.rules {
		if r.Kind == wire.Kind_KIND_ACTIVITY && e.Sequence > r.standing.From {
			rules = append(rules, r)
		}
	}
	if len(rules) > 0 {
		n := 0
		for row, err := range j.Store.News(ctx, e.Sequence) {
			if err != nil {
				return err
			}
			if n++; n <= j.state.Done {
				continue
			}
			if err := j.activity(rules, row, e); err != nil {
				return err
			}
			if j.state.Done, j.dirty = n, true; j.batch.full() {
				return nil
			}
		}
	}
	j.state.Position, j.state.Done, j.dirty = e.Sequence, 0, true
	return nil
}

func (j *Judge) activity(rules []*rule, row store.Row, e store.Entry) error {
	found, err := j.reader.Activity(row)
	if err != nil {
		return fmt.Errorf("%s: activity %s: %w", j.id(), row.ID, err)
	}
	a, ok := found.Record.(*wire.Activity)
	if !ok {
		return nil
	}
	for _, r := range rules {
		v, err := j.judge(r, &found, nil, nil)
		if err != nil {
			return err
		}
		if v != policy.Match {
			continue
		}
		at := time.Time{}
		if a.GetTime().IsValid() {
			at = a.GetTime().AsTime()
		}
		c := cause{id: j.named("log", e.Sequence), at: at, act: true, baseline: at.Before(r.standing.Since)}
		if r.Repeat != nil {
			err = j.repeated(r, &found, a, e.Sequence, c)
		} else {
			err = j.happened(r, &found, e.Sequence, "", 0, c)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// happened keeps a finding of something that happened once. What happened before the policy came into force is only counted.
func (j *Judge) happened(r *rule, found *view.Found, sequence uint64, part string, count int, c cause) error {
	f := j.finding(r, found, c)
	if f.Excepted {
		return nil
	}
	if c.baseline {
		j.count(r, f, 1)
		return nil
	}
	f.Key, f.Count = fmt.Sprint(sequence), count
	if part != "" {
		f.Key += "/" + name(part)
	}
	key := r.key(found.Ref.ID, sequence, part)
	if known, err := j.doc(Bucket, key); known != nil || err != nil {
		return err
	}
	return j.open(r, key, f, found.Facets, c)
}
