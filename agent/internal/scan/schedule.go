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
	due      time.Time
	running  bool
	failures int
	next     scope
	hinted   time.Time // last walk that a hint asked for
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
	l := &loop{e: e, once: once, request: r, jobs: map[string]*job{}, done: make(chan finished)}
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
			l.hint(ctx, h)
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
	wanted := l.wanted()
	for _, listing := range l.e.order {
		name := listing.GetName()
		if !listing.enabled() || !wanted[name] {
			continue
		}
		j := &job{l: listing, outcome: Outcome{Listing: name, Round: rounds[name]}}
		j.next.full = l.request.Full
		if r := rounds[name]; !l.once && !r.Finished.IsZero() {
			j.due = r.Finished.Add(jitter(listing.every()))
		}
		l.jobs[name] = j
	}
	return nil
}

// wanted are the listings of the kinds asked for, with their parents.
func (l *loop) wanted() map[string]bool {
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
		if j.due.After(now) {
			next = earlierOf(next, j.due)
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

func (l *loop) start(ctx context.Context, j *job) {
	j.running = true
	j.outcome.Skipped = ""
	sc := j.next
	j.next = scope{}
	l.wg.Go(func() {
		round, more, err := l.e.round(ctx, j.l, sc)
		select {
		case l.done <- finished{j, round, more, err}:
		case <-ctx.Done():
		}
	})
}

// ended takes a finished round and plans the next one.
func (l *loop) ended(f finished) error {
	j := f.job
	j.running = false
	j.outcome.Round, j.outcome.Err = f.round, f.err
	if err := f.err; err != nil {
		return l.failed(j, err)
	}
	j.failures = 0
	switch {
	case f.more:
		j.due = time.Time{}
	case l.once:
		j.ended = true
	default:
		j.due = time.Now().Add(jitter(j.l.every()))
		l.wakeChildren(j)
	}
	return nil
}

// wakeChildren walks at once what a parent's round found changed.
func (l *loop) wakeChildren(j *job) {
	for _, child := range j.l.children {
		if cj := l.jobs[child.GetName()]; cj != nil && !cj.running && cj.due.After(time.Now()) && l.e.anyChanged(child) {
			cj.due, cj.next = time.Time{}, scope{changed: true}
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
func (l *loop) failed(j *job, err error) error {
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
	j.due = time.Now().Add(wait)
	return nil
}

// hint brings forward what somebody saw change.
func (l *loop) hint(ctx context.Context, h hint) {
	if len(h.refs) > 0 && h.listing == "" {
		refs := h.refs[:min(len(h.refs), hintedFetch)]
		l.wg.Go(func() {
			if err := l.e.fetchRefs(ctx, refs); err != nil && ctx.Err() == nil {
				l.e.Logger.Warn("looking at what a hint named did not succeed, the next scan will", "error", err)
			}
		})
		return
	}
	j := l.jobs[h.listing]
	if j == nil || j.ended {
		return
	}
	now := time.Now()
	at := laterOf(now, j.hinted.Add(hintEvery))
	if h.asked {
		at = now
	}
	if h.shard == "" {
		j.next = scope{full: h.full}
	} else if j.due.After(at) || j.next.shards != nil {
		if j.next.shards == nil {
			j.next = scope{shards: map[string]bool{}}
		}
		j.next.shards[h.shard] = true
	}
	j.due = earlierOf(j.due, at)
	j.hinted = at
}

func (l *loop) checkAgain(ctx context.Context) {
	if _, err := l.e.Check(ctx); err != nil && ctx.Err() == nil {
		l.e.Logger.Error("check did not succeed", "error", err)
	}
}

// watch listens to the connector's long-polls and queues, again and again.
func (e *Engine) watch(ctx context.Context) {
	var listings []string
	for _, rt := range e.Description.GetRealtime() {
		if rt.GetMeans() != "webhook" {
			listings = append(listings, rt.GetListings()...)
		}
	}
	for failures := 0; len(listings) > 0 && ctx.Err() == nil; failures++ {
		began := time.Now()
		err := e.Source.Watch(ctx, listings, func(h *wire.Hint) error {
			e.takeHint(h)
			return nil
		})
		if sdk.TypeOf(err) == sdk.ErrUnsupported {
			return
		}
		if time.Since(began) > backoffMax {
			failures = 0
		}
		if sleep(ctx, backoff(failures, err)) != nil {
			return
		}
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
