package scan

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Waits between attempts.
const (
	backoffFirst  = time.Second
	backoffMax    = 5 * time.Minute
	jitterPercent = 10
)

// job is a listing in the schedule. Only the loop touches it.
type job struct {
	l        *listing
	due      time.Time // of the poll, which no hint puts off
	full     bool      // the next poll ignores stamps and bookmarks
	running  bool
	failures int
	retry    bool      // a whole round stopped, and goes on when it is due
	look     look      // what hints ask for beside the poll
	rest     time.Time // no walk for a hint before
	outcome  Outcome
	ended    bool // Once: this listing is through
}

// Outcome is what one pass over a listing came to.
type Outcome struct {
	Listing string
	Round   Round
	Skipped string // why it was not asked
	Err     error
}

// Request is what Once should scan.
type Request struct {
	// Kinds to scan; none: all. Parents of a listing come along.
	Kinds []wire.Kind
	Full  bool
}

type finished struct {
	job   *job
	scope scope
	took  time.Duration
	round Round
	more  bool
	err   error
}

// loop is one run of the schedule.
type loop struct {
	e       *Engine
	once    bool
	request Request
	jobs    map[string]*job
	done    chan finished
	wanted  wantedRefs
	wg      sync.WaitGroup
	check   time.Time // when it is due
	// gone, in Once: a listing did not reach the provider at any try. What is not under way is not begun any more.
	gone error
}

// Run scans on schedule until ctx ends. It returns before that only when the instance has to be set aside.
func (e *Engine) Run(ctx context.Context) error {
	return e.run(ctx, func(ctx context.Context, l *loop) error {
		if e.Pull {
			l.wg.Go(func() { e.watch(ctx) })
		}
		return l.run(ctx)
	}, Request{}, false)
}

// Once scans every listing one time, and gives what came of each.
func (e *Engine) Once(ctx context.Context, r Request) ([]Outcome, error) {
	var outcomes []Outcome
	err := e.run(ctx, func(ctx context.Context, l *loop) error {
		err := l.run(ctx)
		for _, listing := range e.order {
			if j := l.jobs[listing.GetName()]; j != nil {
				outcomes = append(outcomes, j.outcome)
			}
		}
		return err
	}, r, true)
	return outcomes, err
}

func (e *Engine) run(ctx context.Context, body func(context.Context, *loop) error, r Request, once bool) error {
	if err := e.load(ctx); err != nil {
		return err
	}
	e.committer = newCommitter(e.Store) // one ends with its run
	ctx, cancel := context.WithCancel(ctx)
	writing, stopWriting := context.WithCancel(context.WithoutCancel(ctx))
	var writer sync.WaitGroup
	writer.Go(func() { e.committer.run(writing) })
	e.begun.Do(func() { close(e.ready) })
	l := &loop{e: e, once: once, request: r, jobs: map[string]*job{}, done: make(chan finished), wanted: newWantedRefs()}
	err := body(ctx, l)
	cancel()
	l.wg.Wait()
	stopWriting()
	writer.Wait()
	return err
}

func (l *loop) run(ctx context.Context) error {
	if err := l.firstCheck(ctx); err != nil {
		return err
	}
	if err := l.plan(ctx); err != nil {
		return err
	}
	for {
		l.fetchWanted(ctx)
		next := l.startDue(ctx)
		if l.once && l.allEnded() {
			return nil
		}
		timer := time.NewTimer(time.Until(next))
		select {
		case <-ctx.Done():
			timer.Stop()

			return ctx.Err()
		case f := <-l.done:
			if err := l.ended(f); err != nil {
				timer.Stop()
				return err
			}
		case h := <-l.e.hints:
			l.hint(h)
		case left := <-l.wanted.left:
			l.unresolved(left)
		case <-timer.C:
		}
		timer.Stop()
	}
}

// firstCheck is the first thing asked: who are we, and what may we see.
func (l *loop) firstCheck(ctx context.Context) error {
	for failures := 0; ; failures++ {
		_, err := l.e.Check(ctx)
		l.check = time.Now().Add(jitter(checkEvery))
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if fatal(err) || (l.once && (failures >= maxTries || !retryable(err))) {
			return fmt.Errorf("check: %w", err)
		}
		l.e.Logger.Error("check did not succeed, scanning waits for it", "error", err)
		if err := sleep(ctx, backoff(failures, err)); err != nil {
			return err
		}
	}
}

// plan makes a job of every listing that is to run.
func (l *loop) plan(ctx context.Context) error {
	rounds, err := l.e.lastRounds(ctx)
	if err != nil {
		return err
	}
	wanted := l.asked()
	for _, listing := range l.e.order {
		name := listing.GetName()
		if !listing.enabled() || !wanted[name] {
			continue
		}
		j := &job{l: listing, outcome: Outcome{Listing: name, Round: rounds[name]}}
		j.full = l.request.Full
		if last := rounds[name].polled(); !l.once && !last.IsZero() {
			j.due = last.Add(jitter(listing.every()))
		}
		l.jobs[name] = j
	}
	return nil
}

// asked are the listings of the kinds asked for, with their parents.
func (l *loop) asked() map[string]bool {
	wanted := map[string]bool{}
	for _, listing := range l.e.order {
		asked := len(l.request.Kinds) == 0
		for _, k := range l.request.Kinds {
			for _, has := range listing.kinds {
				asked = asked || has == k
			}
		}
		for p := listing; asked && p != nil; p = p.parent {
			wanted[p.GetName()] = true
		}
	}
	return wanted
}

// startDue starts what is due and gives the time of what comes next.
func (l *loop) startDue(ctx context.Context) time.Time {
	now := time.Now()
	next := now.Add(checkEvery)
	if !l.once && now.After(l.check) {
		l.check = now.Add(jitter(checkEvery))
		l.wg.Go(func() { l.checkAgain(ctx) })
	}
	for _, listing := range l.e.order {
		j := l.jobs[listing.GetName()]
		if j == nil || j.running || j.ended || l.waitsForParent(j) {
			continue
		}
		if l.gone != nil {
			j.outcome.Err, j.ended = l.gone, true
			continue
		}
		if why := l.e.silence(j.l); why != "" {
			j.outcome.Skipped, j.ended = why, l.once
			if !l.once {
				j.due = now.Add(jitter(checkEvery))
			}
			continue
		}
		if at := j.at(); at.After(now) {
			next = earlierOf(next, at)
			continue
		}
		l.start(ctx, j)
	}
	return next
}

// waitsForParent: the shards of a listing are known when its parent's round is through.
func (l *loop) waitsForParent(j *job) bool {
	for p := j.l.parent; p != nil; p = p.parent {
		pj := l.jobs[p.GetName()]
		switch {
		case pj == nil:
		case pj.running:
			return true
		case l.once && !pj.ended:
			return true
		case !l.once && pj.outcome.Round.Finished.IsZero() && pj.outcome.Skipped == "":
			return true
		}
	}
	return false
}

// at is when a listing is walked next.
func (j *job) at() time.Time {
	if j.look.at.IsZero() || j.retry { // which sees what the hint meant
		return j.due
	}
	return earlierOf(j.due, laterOf(j.look.at, j.rest))
}

func (l *loop) start(ctx context.Context, j *job) {
	j.running = true
	j.outcome.Skipped = ""
	sc := scope{full: j.full || j.look.full}
	if j.due.After(time.Now()) {
		sc = j.look.scope
		sc.urgent = j.urgent(sc)
	}
	j.look, j.full, j.retry = look{}, false, false
	l.wg.Go(func() {
		began := time.Now()
		round, more, err := l.e.round(ctx, j.l, sc)
		select {
		case l.done <- finished{j, sc, time.Since(began), round, more, err}:
		case <-ctx.Done():
		}
	})
}

// ended takes a finished round and plans the next one.
func (l *loop) ended(f finished) error {
	j := f.job
	j.running = false
	j.outcome.Round, j.outcome.Err = f.round, f.err
	if f.scope.hinted {
		j.rest = time.Now().Add(j.l.restAfter(f.took))
	}
	if f.err != nil {
		return l.failed(f)
	}
	j.failures = 0
	switch {
	case f.more:
		j.due = time.Time{}
	case l.once:
		j.ended = true
	case f.scope.narrow():
		l.confirm(f)
	default:
		j.due = time.Now().Add(jitter(j.l.every()))
		l.confirm(f)
		l.wakeChildren(j, f.scope.hinted)
	}
	return nil
}

// wakeChildren walks at once what a parent's round found changed.
func (l *loop) wakeChildren(j *job, hinted bool) {
	for _, child := range j.l.children {
		if cj := l.jobs[child.GetName()]; cj != nil && l.e.anyChanged(child) {
			cj.look.ask(time.Now(), scope{changed: true, hinted: hinted})
		}
	}
}

func (e *Engine) anyChanged(l *listing) bool {
	fingerprint := e.fingerprint(l)
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.shards[l.GetName()] {
		if !s.Retired && !s.Unavailable && (s.WalkedRound == 0 || (s.Stamp != "" && !s.unchanged(fingerprint))) {
			return true
		}
	}
	return false
}

// failed decides what a failure means: the instance, the listing until the next check, or a later try.
func (l *loop) failed(f finished) error {
	j, err := f.job, f.err
	if _, ok := errors.AsType[*storeError](err); ok {
		return err
	}
	switch sdk.TypeOf(err) {
	case sdk.ErrPermission, sdk.ErrNotInPlan, sdk.ErrUnsupported, sdk.ErrNotFound:
		l.e.mu.Lock()
		l.e.reserved[j.l.GetName()] = err.Error()
		l.e.mu.Unlock()
		j.outcome.Skipped, j.outcome.Err = err.Error(), nil
		j.ended = l.once
		return nil
	case sdk.ErrAuth:
		if l.once {
			return err
		}
		l.check = time.Time{}
	default:
	}
	j.failures++
	wait := backoff(j.failures-1, err)
	if l.once && (!retryable(err) || !j.outcome.Round.Finished.IsZero() || j.failures >= maxTries || l.gone != nil) {
		j.ended = true
		if sdk.TypeOf(err) == sdk.ErrUnavailable && j.failures >= maxTries {
			l.gone = err
		}
		return nil
	}
	l.e.Logger.Warn("a listing stopped, it goes on later", "listing", j.l.GetName(), "in", wait.Round(time.Millisecond), "error", err)
	if f.scope.narrow() {
		j.look.ask(time.Now(), f.scope)
		j.rest = time.Now().Add(wait)
		return nil
	}
	j.full, j.retry = j.full || f.scope.full, true
	j.due = time.Now().Add(wait)
	return nil
}

func (l *loop) checkAgain(ctx context.Context) {
	if _, err := l.e.Check(ctx); err != nil && ctx.Err() == nil {
		l.e.Logger.Error("check did not succeed", "error", err)
	}
}

func (l *loop) allEnded() bool {
	for _, j := range l.jobs {
		if !j.ended {
			return false
		}
	}
	return true
}

// fatal says that trying again cannot help: somebody has to change something.
func fatal(err error) bool {
	var tenant *TenantError
	var s *storeError
	return errors.As(err, &tenant) || errors.As(err, &s)
}

// backoff is the wait after a failure: what the provider asks for, else doubling.
func backoff(failures int, err error) time.Duration {
	if e, ok := errors.AsType[*sdk.Error](err); ok && e.RetryAfter > 0 {
		return jitter(e.RetryAfter)
	}
	return jitter(min(backoffFirst<<min(failures, 16), backoffMax))
}

// jitter spreads a wait by ±10 %, so that instances do not march in step.
func jitter(d time.Duration) time.Duration {
	spread := int64(d) * jitterPercent / 100
	if spread <= 0 {
		return d
	}
	return d + time.Duration(rand.Int64N(2*spread+1)-spread) //nolint:gosec // not a secret
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
