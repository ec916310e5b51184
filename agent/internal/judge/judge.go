// Package judge follows the change log of one instance and judges what changed by the policies: findings that open, change and
// close, intents for the actions of policies that enforce, and the events that tell of them.
//
// It promises: findings, intents, events and the position in the log are one commit, so that a crash repeats and changes nothing;
// when it has caught up, the findings of a policy on states are the records that match it now; the first look, of a policy or at
// a listing, is a baseline: counted, never an alert of each, never an action. It reads a chunk at a time and commits little, so
// that no policy, however slow, slows a scan.
//
// It does not carry out actions, gather findings into alerts, or send: packages action, alert and sink do.
package judge

import (
	"bytes"
	"context"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/view"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// The limits, each with its unit.
const (
	maxEntries     = 10_000  // of the log, between two commits
	maxSegment     = 64      // entries whose records are judged together
	maxTail        = 2_000   // entries behind which a walk waits
	maxBatchBytes  = 1 << 20 // of documents, after which they are committed
	maxWindows     = 1000    // of repeated activities, after which they are committed
	maxChunk       = 512     // records of a walk, between two looks at the log
	maxChunkTime   = 100 * time.Millisecond
	scanning       = time.Second           // since the log moved: somebody scans
	noPause        = 10 * time.Millisecond // then a piece of work that took less is followed by the next at once
	pauseFactor    = 9                     // and one that took longer by a pause so much longer: a tenth of one processor
	maxPause       = 30 * time.Second
	maxPlace       = 10_000                 // records of a walk, after which its place is committed
	maxSweep       = 512                    // findings looked at again, between two looks at the log
	maxRecordBytes = 64 << 10               // of a record in a finding; of a larger one only the address is kept
	maxReason      = 5                      // fields that the reason of a closing names
	maxShown       = 80                     // characters of a value in a reason
	tellAfter      = 100 * time.Millisecond // between two commits, so that a scan does not pay for each of its own twice
	saveAfter      = time.Second            // the position is committed, when nothing else is
	restFactor     = 10                     // a walk that took a second is followed by the next of its kind after ten
	restReal       = 30 * time.Second       // at least, when another record changed and not the log of the kind
	restTimed      = 15 * time.Minute       // between walks for conditions that change with the time alone
	sweepEvery     = time.Hour              // for what is too old to be kept
	keepMoments    = 90 * 24 * time.Hour
)

// The buckets of an instance's store.
const (
	Bucket        = "findings" // policy, 0, kind, 0, id → Finding; of what happened once: …, 0, sequence
	bucketState   = "judge"
	bucketWindows = "windows" // policy, 0, key → window
)

// Store is what the judge needs of an instance's store.
type Store interface {
	view.Store
	Commit(ctx context.Context, batches ...*store.Batch) ([]store.Result, error)
	Doc(bucket string, key []byte) ([]byte, error)
	DocsAfter(ctx context.Context, bucket string, after []byte) iter.Seq2[store.Doc, error]
	Log(ctx context.Context, after uint64) iter.Seq2[store.Entry, error]
	Last() (uint64, error)
	Counts() map[wire.Kind]int64
	// News are the activities that an entry of the log announced.
	News(ctx context.Context, sequence uint64) iter.Seq2[store.Row, error]
	Committed() <-chan struct{}
}

// Elsewhere is what other instances, and people's decisions, say.
type Elsewhere interface {
	// Account finds one of another instance.
	Account(instance string, ref *wire.Ref) *wire.Account
	// Person gives the accounts of whom an account, or else an e-mail address, belongs to.
	Person(account record.Ref, email string) (accounts []policy.PersonAccount, known bool)
	Party(domain string) (name string, known bool)
	Verdict(app record.Ref) (verdict string, known bool)
	Country(ip string) (code string, known bool)
}

// Config of New. The functions may be nil.
type Config struct {
	Provider, Name string
	Description    *wire.Description
	Store          Store
	Organisation   record.Organisation
	Policies       []*policy.Policy
	// Basis names what judging stands on beside policies and records: our domains, the version of the connector. When it is
	// another, everything is looked at anew, as a first look.
	Basis     string
	Elsewhere Elsewhere
	Excepted  func(policy string, ref record.Ref, group string) bool
	// Propose gives the documents of the intents that a policy wants on a finding.
	Propose func(p *policy.Policy, f *Finding) ([]store.Doc, error)
	// Shrunk says whether the last list of a listing was so much smaller that it is not believed yet.
	Shrunk func(listing string) bool
	// Complete says whether the first pass over a kind is over: then its baseline is told. After a restore it is over again
	// only when everything was listed since.
	Complete func(k wire.Kind) bool
	// AccountsChanged is told to the judges of the other instances by PeopleChanged; firstLook: by a first list.
	AccountsChanged func(firstLook bool)
	Now             func() time.Time
	Logger          hclog.Logger
}

// Judge judges one instance.
type Judge struct {
	Config
	reader *view.Reader
	look   look
	rules  []*rule
	state  *state
	batch  batch

	started  time.Time // of Run
	saved    time.Time // when the state was committed
	dirty    bool      // it has changed since
	chunks   int       // records of a walk at a time
	placed   int       // records of the walk since its place was committed
	rest     map[wire.Kind]resting
	due      map[string]time.Time // of walks of conditions that change with the time
	sweep    *sweep
	sweepAt  time.Time
	accounts accountNews
	ahead    map[wire.Kind]*churn // what the log is going to tell

	logged uint64    // the newest entry of the log when it was seen to move
	moved  time.Time // when that was

	woken chan struct{}
	mu    sync.Mutex // for what follows
	wakes wakes
	now   Status
}

// accountNews is what other judges are told after the entries that say so are handled.
type accountNews struct{ changed, firstLook bool }

// wakes is what was told from outside.
type wakes struct{ people, peopleFirst, exceptions, verdicts bool }

// New makes a judge. It starts nothing.
func New(c Config) *Judge {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = hclog.NewNullLogger()
	}
	return &Judge{Config: c, woken: make(chan struct{}, 1)}
}

// PeopleChanged says that accounts of another instance changed; firstLook: they came with its first list.
func (j *Judge) PeopleChanged(firstLook bool) {
	j.wake(func(w *wakes) {
		w.people = true
		w.peopleFirst = w.peopleFirst || firstLook
	})
}

// ExceptionsChanged says that an exception was made, withdrawn, or came to its end.
func (j *Judge) ExceptionsChanged() { j.wake(func(w *wakes) { w.exceptions = true }) }

// VerdictsChanged says that somebody decided about an app.
func (j *Judge) VerdictsChanged() { j.wake(func(w *wakes) { w.verdicts = true }) }

func (j *Judge) wake(tell func(*wakes)) {
	j.mu.Lock()
	tell(&j.wakes)
	j.mu.Unlock()
	select {
	case j.woken <- struct{}{}:
	default:
	}
}

// Run judges until ctx ends. An error is one of the store.
func (j *Judge) Run(ctx context.Context) error {
	err := j.run(ctx)
	if ctx.Err() != nil {
		return nil //nolint:nilerr // it was told to end
	}
	return err
}

func (j *Judge) run(ctx context.Context) error {
	if err := j.start(ctx); err != nil {
		return err
	}
	for {
		told, began := j.Store.Committed(), time.Now()
		wait, err := j.turn(ctx)
		if err != nil {
			return err
		}
		j.report()
		if wait == 0 {
			if err := j.pause(ctx, time.Since(began)); err != nil {
				return err
			}
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-told:
		case <-j.woken:
		case <-timer.C:
		}
		timer.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// pause leaves the processors to a scan that goes on: a slow policy takes a quarter of one at most.
func (j *Judge) pause(ctx context.Context, took time.Duration) error {
	last, err := j.Store.Last()
	if err != nil {
		return err
	}
	if last != j.logged {
		j.logged, j.moved = last, time.Now()
	}
	if took < noPause || time.Since(j.moved) > scanning {
		return ctx.Err()
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(min(pauseFactor*took, maxPause)):
		return nil
	}
}

// turn does a piece of what there is to do, and says how long there is nothing.
func (j *Judge) turn(ctx context.Context) (wait time.Duration, err error) {
	j.takeWakes()
	busy := false
	for _, part := range []func(context.Context) (bool, error){j.bury, j.follow, j.sweepOn, j.walkOn} {
		did, err := part(ctx)
		if err != nil {
			return 0, err
		}
		busy = busy || did
		if did && len(j.state.Gone) > 0 {
			break // what is gone is closed before anything is judged
		}
	}
	if !busy {
		if err := j.complete(); err != nil {
			return 0, err
		}
	}
	age, patience := j.since(j.saved), saveAfter
	if !j.batch.empty() {
		patience = tellAfter
	}
	switch {
	case j.batch.full(), (j.dirty || !j.batch.empty()) && age >= patience:
		if err := j.commit(ctx); err != nil {
			return 0, err
		}
	case (j.dirty || !j.batch.empty()) && !busy:
		return min(j.idle(false), patience-age), nil
	}
	return j.idle(busy), nil
}

// complete looks which first passes are over. It asks first and looks at the log after, so that all they gave was judged.
func (j *Judge) complete() error {
	over := map[wire.Kind]bool{}
	if len(j.state.Renewed) > 0 {
		lists, err := j.Store.Doc("scan", []byte("epoch")) // until package scan notes it, its lists are of before the restore
		if err != nil || !bytes.Equal(lists, j.state.Epoch) {
			return err
		}
	}
	for _, k := range j.state.Renewed {
		over[k] = j.Complete == nil || j.Complete(k)
	}
	for _, r := range j.rules {
		if _, asked := over[r.Kind]; !asked && r.standing.Baseline > r.standing.Told {
			over[r.Kind] = j.Complete == nil || j.Complete(r.Kind)
		}
	}
	if len(over) == 0 {
		return nil
	}
	last, err := j.Store.Last()
	if err != nil || last > j.state.Position {
		return err
	}
	for _, k := range j.state.Renewed {
		j.dirty = j.dirty || over[k]
	}
	j.state.Renewed = slices.DeleteFunc(j.state.Renewed, func(k wire.Kind) bool { return over[k] })
	j.tellBaselines(over)
	return nil
}

// since is how long ago something was; a clock that went back makes it nothing.
func (j *Judge) since(t time.Time) time.Duration { return max(j.Now().Sub(t), 0) }

// idle is how long there is nothing to do.
func (j *Judge) idle(busy bool) time.Duration {
	if busy {
		return 0
	}
	next := j.sweepAt
	for _, r := range j.rules {
		if t, timed := j.due[r.Name]; timed && t.Before(next) {
			next = t
		}
		if p := r.standing.Pending; p != nil && j.state.Walk == nil {
			if t := j.rest[r.Kind].until(p); t.Before(next) {
				next = t
			}
		}
	}
	const least = time.Millisecond
	return max(next.Sub(j.Now()), least)
}

// takeWakes turns what was told from outside into work.
func (j *Judge) takeWakes() {
	j.mu.Lock()
	w := j.wakes
	j.wakes = wakes{}
	j.mu.Unlock()
	for _, r := range j.rules {
		if w.people && r.reads.People {
			j.want(r, w.peopleFirst, j.Now())
		}
		if w.verdicts && r.reads.Verdicts {
			j.want(r, false, j.Now())
		}
	}
	if w.exceptions || !j.Now().Before(j.sweepAt) {
		j.startSweep()
	}
}
