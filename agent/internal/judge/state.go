package judge

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/view"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// state is how far the judge is: one document, committed along with what it says is done.
type state struct {
	// Position is the entry of the log that is handled, Done the activities that are of the one behind it.
	Position uint64 `json:"position"`
	Done     int    `json:"done,omitempty"`
	// Number counts looks that no entry of the log asked for: a name for what they find.
	Number uint64 `json:"number"`
	Basis  string `json:"basis,omitempty"`
	// Epoch of the store: a restored one has another. Renewed are the kinds whose lists since then are not whole yet.
	Epoch    []byte               `json:"epoch,omitempty"`
	Renewed  []wire.Kind          `json:"renewed,omitempty"`
	Policies map[string]*standing `json:"policies"`
	Walk     *walk                `json:"walk,omitempty"`
	Gone     []gone               `json:"gone,omitempty"`
	Churn    map[wire.Kind]*churn `json:"churn,omitempty"`
}

// standing is where a policy stands.
type standing struct {
	Hash  string `json:"hash"`
	Shape string `json:"shape"`
	Mode  string `json:"mode"`
	// From is the entry of the log at which it came into force, Since the time. What was before is its baseline.
	From    uint64    `json:"from"`
	Number  uint64    `json:"number"` // of its coming into force
	Since   time.Time `json:"since"`
	Pending *pending  `json:"pending,omitempty"`
	Looked  bool      `json:"looked,omitempty"` // its first walk is over
	// Open findings, and those of baselines; Told is the number of the latter that was told, in so many Tellings.
	Open     int       `json:"open"`
	Baseline int       `json:"baseline"`
	Told     int       `json:"told"`
	Tellings int       `json:"tellings,omitempty"`
	Unknown  int       `json:"undetermined"` // records, at the last walk
	Failed   time.Time `json:"failed,omitzero"`
	Failure  string    `json:"failure,omitempty"`
	Found    churn     `json:"found,omitzero"` // within the hour
}

// pending is a walk that a policy waits for.
type pending struct {
	Baseline bool      `json:"baseline,omitempty"`
	Asked    time.Time `json:"asked"` // when what it looks for happened
}

// gone is a policy whose findings are to be closed.
type gone struct{ Name, Reason string }

// start reads where it stood, and takes the policies as they are now.
func (j *Judge) start(ctx context.Context) error {
	j.batch, j.sweep, j.accounts = batch{}, nil, accountNews{}
	j.rest, j.due, j.dirty, j.placed = map[wire.Kind]resting{}, map[string]time.Time{}, false, 0
	j.chunks = maxChunk
	j.reader = view.New(view.Source{Provider: j.Provider, Name: j.Name, Description: j.Description, Store: j.Store}, j.Organisation, time.Time{})
	j.started = j.Now()
	j.saved, j.sweepAt = j.started, j.started.Add(sweepEvery)
	j.state = &state{Policies: map[string]*standing{}}
	b, err := j.Store.Doc(bucketState, []byte("state"))
	if err != nil {
		return err
	}
	if b != nil {
		if err := json.Unmarshal(b, j.state); err != nil {
			return fmt.Errorf("%s: the state of the judge: %w", j.id(), err)
		}
	}
	last, err := j.Store.Last()
	if err != nil {
		return err
	}
	if b == nil {
		j.state.Position = last // what was before there were policies is a first look
	}
	j.look = look{ctx: ctx, j: j}
	if err := j.epoch(b != nil); err != nil {
		return err
	}
	j.reconcile(last)
	j.startSweep() // exceptions may have come and gone meanwhile
	return nil
}

// epoch notes that the store was restored from a backup: what the next lists show to be another is a first look.
func (j *Judge) epoch(known bool) error {
	now, err := j.Store.Doc("store", []byte("epoch"))
	if err != nil || bytes.Equal(now, j.state.Epoch) {
		return err
	}
	j.state.Epoch = now
	if !known {
		return nil
	}
	for _, l := range j.Description.GetListings() {
		for _, k := range slices.Concat(l.GetDefines(), l.GetEnriches()) {
			if k != wire.Kind_KIND_ACTIVITY && !slices.Contains(j.state.Renewed, k) {
				j.state.Renewed = append(j.state.Renewed, k)
			}
		}
	}
	return nil
}

// named names a cause. A number means another thing in the log of another epoch.
func (j *Judge) named(what string, number uint64) string {
	s := fmt.Sprintf("%s:%d", what, number)
	if len(j.state.Epoch) > 0 {
		s += "@" + name(string(j.state.Epoch))
	}
	return s
}

func (j *Judge) id() string { return j.Provider + "/" + j.Name }

// reconcile takes over the policies as they are configured now.
func (j *Judge) reconcile(last uint64) {
	j.rules = nil
	anew := j.state.Basis != j.Basis
	j.state.Basis = j.Basis
	known := map[string]bool{}
	for _, p := range j.Policies {
		if !p.Enabled {
			continue
		}
		known[p.Name] = true
		r := newRule(p)
		r.standing = j.standing(r, last, anew)
		j.rules = append(j.rules, r)
		j.due[p.Name] = j.started.Add(restTimed)
		if !r.timed {
			delete(j.due, p.Name)
		}
		if r.standing.Looked && !r.momentary && (r.timed || r.reads.People || r.reads.Verdicts) {
			j.want(r, false, j.started)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(j.state.Policies)) {
		if !known[name] {
			j.state.Gone = append(j.state.Gone, gone{name, "the policy is not in force any more"})
			delete(j.state.Policies, name)
		}
	}
	if w := j.state.Walk; w != nil {
		for name := range w.Policies {
			if s := j.state.Policies[name]; s == nil || s.Shape != w.Kind.String() || s.Pending != nil && s.Pending.Baseline {
				delete(w.Policies, name)
			}
		}
	}
	j.dirty = true
}

// standing gives where a policy stands: one that is new, or another than it was, has its first look before it.
func (j *Judge) standing(r *rule, last uint64, anew bool) *standing {
	s := j.state.Policies[r.Name]
	if s != nil && s.Shape != r.shape() {
		j.state.Gone = append(j.state.Gone, gone{r.Name, "the policy was changed"})
		s = nil
	}
	if s == nil {
		s = &standing{}
	}
	if s.Hash == r.Hash {
		if s.Mode == modeObserve && r.Mode != modeObserve {
			s.Told = 0 // what was only observed is told as a first look
		}
		if s.Mode = r.Mode; anew && !r.momentary {
			s.Pending = &pending{Baseline: true, Asked: j.Now()}
		}
		return s
	}
	j.state.Number++
	*s = standing{
		Hash: r.Hash, Shape: r.shape(), Mode: r.Mode, From: last, Number: j.state.Number, Since: j.Now(), Looked: r.momentary,
		Open: s.Open, Baseline: s.Baseline,
	}
	if r.momentary {
		s.Baseline = 0
	} else {
		s.Pending = &pending{Baseline: true, Asked: s.Since}
	}
	j.state.Policies[r.Name] = s
	return s
}

// The modes of a policy.
const (
	modeObserve = "observe"
	modeEnforce = "enforce"
)

// want asks for a walk.
func (j *Judge) want(r *rule, baseline bool, asked time.Time) {
	if r.momentary {
		return
	}
	p := r.standing.Pending
	if p == nil {
		p = &pending{}
		r.standing.Pending = p
	}
	p.Baseline = p.Baseline || baseline
	if asked.After(p.Asked) {
		p.Asked = asked
	}
	j.dirty = true
}

// rule gives the policy of a name; nil: it is not in force.
func (j *Judge) rule(name string) *rule {
	for _, r := range j.rules {
		if r.Name == name {
			return r
		}
	}
	return nil
}

// batch is what is to be committed, and what it makes of documents that are read meanwhile.
type batch struct {
	docs  []store.Doc
	over  map[string][]byte // bucket, 0, key; nil: deleted
	bytes int
	// windows that were counted in, by their keys.
	windows map[string]*window
}

func (b *batch) empty() bool { return len(b.docs) == 0 && len(b.windows) == 0 }
func (b *batch) full() bool  { return b.bytes >= maxBatchBytes || len(b.windows) >= maxWindows }

func (b *batch) add(docs ...store.Doc) {
	for _, d := range docs {
		b.docs = append(b.docs, d)
		b.bytes += len(d.Key) + len(d.Value)
		if !d.Append {
			if b.over == nil {
				b.over = map[string][]byte{}
			}
			b.over[d.Bucket+"\x00"+string(d.Key)] = d.Value
		}
	}
}

// doc reads a document as it will be.
func (j *Judge) doc(bucket string, key []byte) ([]byte, error) {
	if v, known := j.batch.over[bucket+"\x00"+string(key)]; known {
		return v, nil
	}
	return j.Store.Doc(bucket, key)
}

// commit writes what was done and how far it is.
func (j *Judge) commit(ctx context.Context) error {
	b, err := json.Marshal(j.state)
	if err != nil {
		return fmt.Errorf("%s: the state of the judge: %w", j.id(), err)
	}
	for key, w := range j.batch.windows {
		b, err := json.Marshal(w)
		if err != nil {
			return fmt.Errorf("%s: a window of repeated activities: %w", j.id(), err)
		}
		j.batch.add(store.Doc{Bucket: bucketWindows, Key: []byte(key), Value: b})
	}
	docs := append(j.batch.docs, store.Doc{Bucket: bucketState, Key: []byte("state"), Value: b})
	if _, err := j.Store.Commit(ctx, &store.Batch{At: j.Now(), Docs: docs}); err != nil {
		return fmt.Errorf("%s: commit of findings: %w", j.id(), err)
	}
	j.batch = batch{}
	j.saved, j.dirty, j.placed = j.Now(), false, 0
	return nil
}

// bury closes findings of policies that are gone.
func (j *Judge) bury(ctx context.Context) (bool, error) {
	if len(j.state.Gone) == 0 {
		return false, nil
	}
	g := j.state.Gone[0]
	for _, bucket := range []string{Bucket, bucketWindows} {
		n := 0
		for d, err := range j.prefixed(ctx, bucket, []byte(g.Name+"\x00"), nil) {
			if err != nil {
				return false, err
			}
			if n++; n > maxSweep {
				return true, j.commit(ctx)
			}
			if bucket == Bucket {
				if f, err := parseFinding(d.Value); err == nil && !f.Excepted {
					j.tell(closed(f, j.id(), g.Reason, j.Now()))
				}
			}
			j.batch.add(store.Doc{Bucket: bucket, Key: d.Key})
		}
	}
	j.state.Gone = j.state.Gone[1:]
	return true, j.commit(ctx)
}

// refOf makes the address of one of the instance's records.
func (j *Judge) refOf(k wire.Kind, id string) record.Ref {
	return record.Ref{Provider: j.Provider, Instance: j.Name, Kind: k, ID: id}
}
