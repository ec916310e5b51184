package action

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/mooring-hq/mooring/agent/internal/audit"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Limits of an engine.
const (
	maxParallel  = 4         // intents of one instance that are worked on at once
	maxTries     = 5         // acts of one intent, until a person has to look
	maxLooks     = 20        // reads back of one act
	maxArgBytes  = 256 << 10 // of all arguments of one intent
	maxOpen      = 10_000    // open intents of one instance
	approvalTime = 24 * time.Hour
	pendingTime  = 24 * time.Hour // that a provider may work on one
	actTime      = time.Minute    // for one act, where the action declares no in-flight maximum
	maxActTime   = 5 * time.Minute
	lookTime     = time.Minute // for one Prepare or ReadBack
	retryMin     = time.Second
	retryMax     = 5 * time.Minute
	blockedEvery = 30 * time.Second // that what keeps all actions back is looked at again
	restFactor   = 4                // doublings of the first wait, after which what could not be kept is tried again
)

// Store is where intents are kept: the instance's own.
type Store interface {
	Commit(ctx context.Context, batches ...*store.Batch) ([]store.Result, error)
	Doc(bucket string, key []byte) ([]byte, error)
	Docs(ctx context.Context, bucket string, prefix []byte) iter.Seq2[store.Doc, error]
	Committed() <-chan struct{}
}

// Actor is the process that acts.
type Actor interface {
	Prepare(ctx context.Context, i *wire.Intent) (*wire.Plan, error)
	// Act gives an outcome whatever happens. keep returns when progress is on the disk.
	Act(ctx context.Context, i *wire.Intent, p *wire.Plan, progress []byte, keep func([]byte) error) *wire.Outcome
	ReadBack(ctx context.Context, i *wire.Intent, p *wire.Plan, progress []byte) (*wire.ReadBackResponse, error)
}

// Auditor has an entry on the disk when it returns.
type Auditor interface {
	Append(entries ...audit.Entry) error
}

// Config of an engine.
type Config struct {
	Instance string // provider/name
	Specs    []*wire.ActionSpec
	Store    Store
	Audit    Auditor
	// Open gives the process that acts, once it has proved that it is at the instance's own tenant; release says that it is
	// not needed for now.
	Open func(ctx context.Context) (a Actor, release func(), err error)
	// Guard says why an action on a target is refused: it is protected, or not there. nil: none is.
	Guard func(ctx context.Context, action string, target record.Ref) error
	// Doubt says why a policy's action on a target wants a person: the listing shrank, say; "": it does not.
	Doubt func(ctx context.Context, target record.Ref) string
	// Stopped says why no action may leave at all; "": they may.
	Stopped func() string
	// Fill gives what of a new intent's arguments can be known of itself: those that were given go before. nil: nothing.
	Fill func(spec *wire.ActionSpec, target record.Ref) map[string]string
	// Population is how many records of a kind there are.
	Population func(wire.Kind) int64
	// Acted is told of targets that may be others now, so that somebody looks; nil: nobody does.
	Acted  func(target record.Ref)
	Logger hclog.Logger
	Now    func() time.Time
	// Retry is the first wait before something is tried again; default a second.
	Retry time.Duration
	// Reached is called at each step on the way of an intent, for tests that end the process there.
	Reached func(step string)
}

// Engine carries out the intents of one instance. It is safe for concurrent use.
type Engine struct {
	Config
	epoch   string
	changed chan struct{} // something ended, or was decided

	mu    sync.Mutex
	busy  map[string]bool      // intents that a goroutine works on
	sent  map[string][]sending // by policy: what left within the hour
	stuck []time.Time          // when intents got stuck
	back  map[string]string    // what a person took back, by policy, action and target: the undo
	rests map[string]time.Time // intents that could not be kept: the disk is full, say; not before
}

type sending struct {
	id string
	at time.Time
}

// New reads what was done lately. It starts nothing.
func New(c Config) (*Engine, error) {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = hclog.NewNullLogger()
	}
	if c.Retry == 0 {
		c.Retry = retryMin
	}
	if c.Reached == nil {
		c.Reached = func(string) {}
	}
	e := &Engine{Config: c, changed: make(chan struct{}, 1), busy: map[string]bool{}, rests: map[string]time.Time{}}
	if err := e.remember(context.Background()); err != nil {
		return nil, fmt.Errorf("instance %s: actions: %w", c.Instance, err)
	}
	return e, nil
}

// The buckets of an instance's store.
const (
	intentBucket = "intents"
	openBucket   = "intents_open" // the ids of those that are not settled

	// What a restore leaves: with another value the store is another one, and its open intents are a person's.
	storeBucket = "store"
	epochKey    = "epoch"
)

// Run works on the open intents until ctx ends.
func (e *Engine) Run(ctx context.Context) error {
	for {
		err := e.recover(ctx)
		if err == nil {
			break
		}
		e.Logger.Error("no action is begun before what the last process left is put right", "error", err)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(e.backoff(restFactor)):
		}
	}
	var working sync.WaitGroup
	defer working.Wait()
	for {
		wake := e.Store.Committed()
		next, err := e.dispatch(ctx, &working)
		if err != nil && ctx.Err() == nil {
			return fmt.Errorf("instance %s: actions: %w", e.Instance, err)
		}
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-wake:
		case <-e.changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// recover puts right what the end of the process before left: a call that was on its way may have arrived.
func (e *Engine) recover(ctx context.Context) error {
	all, err := e.Outstanding(ctx)
	if err != nil {
		return err
	}
	for _, i := range all {
		switch {
		case i.Epoch != e.epoch && i.State.Open() && i.State != Stuck:
			err = e.update(ctx, i.ID, func(i *Intent) error {
				i.stick("the store was restored from a backup since: look at the provider, then settle it")
				return nil
			})
		case i.State == Started:
			err = e.update(ctx, i.ID, func(i *Intent) error {
				e.lost(i, "the agent ended while the call was on its way")
				return nil
			})
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// same is what two intents of a policy have in common that want the same.
func (i *Intent) same() string { return i.Policy + "\x00" + i.Action + "\x00" + i.Target }

// remember reads whose store it is, what left within the last hour, for the caps, and what persons took back.
func (e *Engine) remember(ctx context.Context) error {
	epoch, err := e.Store.Doc(storeBucket, []byte(epochKey))
	if err != nil {
		return err
	}
	e.epoch = string(epoch)
	hour := e.Now().Add(-time.Hour)
	e.sent, e.back = map[string][]sending{}, map[string]string{}
	return Each(ctx, e.Store, func(i *Intent) bool {
		if i.Undone != "" {
			e.back[i.same()] = i.Undone
		}
		if i.Policy != "" && i.Sent.After(hour) {
			e.sent[i.Policy] = append(e.sent[i.Policy], sending{i.ID, i.Sent})
		}
		return true
	})
}

// dispatch hands out what is due, and says when to look again.
func (e *Engine) dispatch(ctx context.Context, working *sync.WaitGroup) (time.Duration, error) {
	open, err := e.Outstanding(ctx)
	if err != nil {
		return 0, err
	}
	now := e.Now()
	next := time.Hour
	locked := map[string]bool{}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, i := range open {
		if e.busy[i.ID] || i.holds() {
			locked[e.lock(i)] = true
		}
	}
	for _, i := range open {
		wait, due := i.due(now)
		if rest := e.rests[i.ID]; due && now.Before(rest) {
			wait, due = rest.Sub(now), false
		}
		if !due {
			if wait > 0 {
				next = min(next, wait)
			}
			continue
		}
		if e.busy[i.ID] || len(e.busy) >= maxParallel || locked[e.lock(i)] && !i.holds() {
			continue // the end of another one wakes
		}
		locked[e.lock(i)] = true
		e.busy[i.ID] = true
		working.Go(func() {
			err := e.drive(ctx, i.ID)
			if err != nil && ctx.Err() == nil {
				e.Logger.Error("action", "intent", i.ID, "error", err)
			}
			e.free(i.ID, err)
		})
	}
	return next, nil
}

// holds says whether something of an intent may be on its way to the target.
func (i *Intent) holds() bool {
	switch i.State {
	case Started, Unsure, Pending:
		return true
	case Stuck:
		return i.Lost
	}
	return !i.Quiet.IsZero()
}

// due says whether something can be done for an intent, or how long that takes.
func (i *Intent) due(now time.Time) (time.Duration, bool) {
	at := i.Next
	switch i.State {
	case Waiting:
		if i.Plan != nil {
			at = i.Expires
		}
	case Approved, Unsure, Pending:
	case Started:
		return 0, false
	default:
		if !i.Unaudited {
			at = i.Quiet
		}
		if at.IsZero() && !i.Unaudited {
			return 0, false
		}
	}
	return at.Sub(now), !now.Before(at)
}

func (e *Engine) free(id string, err error) {
	e.mu.Lock()
	delete(e.busy, id)
	delete(e.rests, id)
	if err != nil {
		e.rests[id] = e.Now().Add(e.backoff(restFactor))
	}
	e.mu.Unlock()
	e.wake()
}

func (e *Engine) wake() {
	select {
	case e.changed <- struct{}{}:
	default:
	}
}

// lock is what two intents may not touch at once.
func (e *Engine) lock(i *Intent) string {
	if s := e.spec(i.Action); s.GetLock() != "" {
		return i.Target + "\x00" + s.GetLock()
	}
	return i.Target
}

func (e *Engine) spec(action string) *wire.ActionSpec {
	at := slices.IndexFunc(e.Specs, func(s *wire.ActionSpec) bool { return s.GetName() == action })
	if at < 0 {
		return nil
	}
	return e.Specs[at]
}
