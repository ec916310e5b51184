package judge

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/view"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// walk is a look at all records of a kind, for the policies that waited for one.
type walk struct {
	Kind   wire.Kind `json:"kind"`
	Number uint64    `json:"number"`
	After  string    `json:"after,omitempty"` // the last id that was looked at
	// Policies, and whether what they find is a baseline.
	Policies map[string]bool `json:"policies"`
	Asked    time.Time       `json:"asked"`
	Unknown  map[string]int  `json:"undetermined,omitempty"`

	took time.Duration
}

func (w *walk) undetermined(r *rule) {
	if _, in := w.Policies[r.Name]; !in {
		return
	}
	if w.Unknown == nil {
		w.Unknown = map[string]int{}
	}
	w.Unknown[r.Name]++
}

// resting is how long a kind is left alone after a walk.
type resting struct {
	baseline, real time.Time
}

func (r resting) until(p *pending) time.Time {
	if p.Baseline {
		return r.baseline
	}
	return r.real
}

// walking says whether the walk under way is for a policy.
func (j *Judge) walking(r *rule) bool {
	if j.state.Walk == nil {
		return false
	}
	_, in := j.state.Walk.Policies[r.Name]
	return in
}

// walkOn begins a walk, or looks at the next records of the one under way.
func (j *Judge) walkOn(ctx context.Context) (bool, error) {
	if last, err := j.Store.Last(); err != nil || last > j.state.Position+maxTail {
		return false, err // too much is to be followed first
	}
	if j.state.Walk == nil && !j.begin() {
		return false, nil
	}
	w := j.state.Walk
	began := time.Now()
	done, err := j.chunk(ctx, w)
	took := time.Since(began)
	w.took += took
	if err != nil {
		return false, err
	}
	j.placed += j.chunks
	switch { // a slow policy must not keep the log waiting
	case took > maxChunkTime:
		j.chunks = max(j.chunks/2, 1)
	case took < maxChunkTime/4:
		j.chunks = min(2*j.chunks, maxChunk)
	}
	if done {
		j.end(w)
	}
	if j.placed >= maxPlace || done {
		return true, j.commit(ctx)
	}
	return true, nil
}

// begin takes all policies of the kind that has waited longest.
func (j *Judge) begin() bool {
	now := j.Now()
	var first *rule
	for _, r := range j.rules {
		if t, timed := j.due[r.Name]; timed && !now.Before(t) {
			j.want(r, false, now)
			j.due[r.Name] = now.Add(restTimed)
		}
		p := r.standing.Pending
		if p == nil || now.Before(j.rest[r.Kind].until(p)) {
			continue
		}
		if first == nil || p.Asked.Before(first.standing.Pending.Asked) {
			first = r
		}
	}
	if first == nil {
		return false
	}
	j.state.Number++
	w := &walk{Kind: first.Kind, Number: j.state.Number, Policies: map[string]bool{}}
	for _, r := range j.rules {
		p := r.standing.Pending
		if r.Kind != w.Kind || p == nil {
			continue
		}
		w.Policies[r.Name] = p.Baseline
		if p.Asked.After(w.Asked) {
			w.Asked = p.Asked
		}
		r.standing.Pending = nil
	}
	j.state.Walk, j.dirty = w, true
	return true
}

// end notes what a walk has done.
func (j *Judge) end(w *walk) {
	now := j.Now()
	for name := range w.Policies {
		r := j.rule(name)
		if r == nil {
			continue
		}
		r.standing.Looked = true
		r.standing.Unknown = w.Unknown[name]
		if r.timed {
			j.due[name] = now.Add(max(restTimed, restFactor*w.took))
		}
	}
	j.rest[w.Kind] = resting{baseline: now.Add(restFactor * w.took), real: now.Add(max(restFactor*w.took, restReal))}
	j.state.Walk, j.dirty = nil, true
}

// chunk looks at some records. What the log tells of them since it was followed is left to it: it is no baseline.
func (j *Judge) chunk(ctx context.Context, w *walk) (done bool, err error) {
	var records []view.Found
	done = true
	for f, err := range j.reader.Records(ctx, view.Span{Kind: w.Kind, After: w.After}) {
		if err != nil {
			return false, err
		}
		if len(records) == j.chunks {
			done = false
			break
		}
		records = append(records, f)
	}
	fresh, ok, err := j.tail(ctx, w)
	if err != nil || !ok {
		return false, err
	}
	last := ""
	if !done {
		last = records[len(records)-1].Ref.ID
	}
	for _, r := range j.rules {
		baseline, in := w.Policies[r.Name]
		if !in || r.Kind != w.Kind {
			continue
		}
		c := cause{id: j.named("look", w.Number), at: w.Asked, act: true}
		if p := r.standing.Pending; baseline || p != nil && p.Baseline {
			c.baseline = true
		}
		if err := j.compare(ctx, r, records, part{w.After, last}, fresh, c); err != nil {
			return false, err
		}
	}
	if !done {
		w.After, j.dirty = last, true
	}
	return done, nil
}

// part is a part of the ids: behind after, up to last; "" is no bound.
type part struct{ after, last string }

// compare settles the records of a chunk and the findings of their ids, both in order.
func (j *Judge) compare(ctx context.Context, r *rule, records []view.Found, in part, fresh map[string][]store.Entry, c cause) error {
	prefix := r.prefix()
	var docs []store.Doc
	after := prefix
	if in.after != "" {
		after = append(slices.Clip(prefix), in.after...)
	}
	for d, err := range j.prefixed(ctx, Bucket, prefix, after) {
		if err != nil {
			return err
		}
		if in.last != "" && bytes.Compare(d.Key[len(prefix):], []byte(in.last)) > 0 {
			break
		}
		docs = append(docs, d)
	}
	if !c.baseline {
		crowd, err := j.crowded(r, records, docs)
		if err != nil {
			return err
		}
		r.crowd = crowd
		defer func() { r.crowd = false }()
	}
	settle := func(id string, found *view.Found, old []byte) error {
		if _, later := j.concerned(r, fresh[id]); later {
			return nil
		}
		key := r.key(id, 0, "")
		if v, known := j.batch.over[Bucket+"\x00"+string(key)]; known {
			old = v
		}
		return j.settle(r, key, found, old, c)
	}
	n := 0
	for i := range records {
		id := records[i].Ref.ID
		for ; n < len(docs) && string(docs[n].Key[len(prefix):]) < id; n++ {
			if err := settle(string(docs[n].Key[len(prefix):]), nil, docs[n].Value); err != nil {
				return err
			}
		}
		var old []byte
		if n < len(docs) && string(docs[n].Key[len(prefix):]) == id {
			old = docs[n].Value
			n++
		}
		if err := settle(id, &records[i], old); err != nil {
			return err
		}
	}
	for ; n < len(docs); n++ {
		if err := settle(string(docs[n].Key[len(prefix):]), nil, docs[n].Value); err != nil {
			return err
		}
	}
	return nil
}

// tail reads what the log tells behind the position, of the records of a kind. ok is false when it has to be followed first:
// a first list came, which makes a baseline of what a policy finds.
func (j *Judge) tail(ctx context.Context, w *walk) (fresh map[string][]store.Entry, ok bool, err error) {
	fresh = map[string][]store.Entry{}
	for e, err := range j.Store.Log(ctx, j.state.Position) {
		if err != nil {
			return nil, false, err
		}
		if e.What == store.Baseline {
			for _, r := range j.rules {
				p := r.standing.Pending
				if baseline, in := w.Policies[r.Name]; in && !baseline && (p == nil || !p.Baseline) && (r.Kind == e.Kind || r.rests(e.Kind)) {
					return nil, false, nil
				}
			}
		}
		if e.Kind == w.Kind && e.ID != "" {
			fresh[e.ID] = append(fresh[e.ID], e)
		}
	}
	return fresh, true, nil
}
