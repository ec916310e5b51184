package scan

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// roundRun is a round while it goes on.
type roundRun struct {
	Round
	mu    sync.Mutex
	seen  *seen
	begun map[string]bool            // shards whose walk this process began at its start
	proof map[string]bool            // shards that a certificate of this process covers whole
	named map[string]map[string]bool // child listing → shards that pages of this round named
	delta bool                       // some walk gave only changes
	tries int                        // passes that left it incomplete
	more  bool                       // a feed has more of the past
	// partial: some shards were left out on purpose, so the round says nothing of the listing as a whole.
	partial bool
	// again: the round before missed something for the first time, so this one lists whole whatever bookmarks say.
	again bool
}

// A round that stays incomplete is ended after this many passes, so that the shards it did see count.
const maxTries = 5

func (r *roundRun) saw(records []store.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen.add(records)
}

func (r *roundRun) name(listing, key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.named[listing] == nil {
		r.named[listing] = map[string]bool{}
	}
	r.named[listing][key] = true
}

func (r *roundRun) began(key string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.begun[key]
}

// start notes that the walk of a shard starts at its beginning.
func (r *roundRun) start(key string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.begun[key] = true
}

// begin opens a round, or takes up the one that is open: with all it saw if this process began it.
func (e *Engine) begin(l *listing, sc scope) (*roundRun, error) {
	e.mu.Lock()
	open := e.open[l.GetName()]
	delete(e.open, l.GetName())
	e.mu.Unlock()
	if open != nil && open.Fingerprint == e.fingerprint(l) && !sc.narrow() {
		return open, nil
	}
	if open != nil {
		open.seen.close()
	}
	last, err := loadDoc[Round](e.Store, bucketRounds, []byte(l.GetName()))
	if err != nil {
		return nil, err
	}
	r := &roundRun{
		seen: newSeen(e.TempDir), begun: map[string]bool{}, proof: map[string]bool{}, named: map[string]map[string]bool{},
		Round: Round{Listing: l.GetName(), Number: 1, Started: time.Now()},
	}
	if last != nil {
		r.again = last.Unsettled > 0
		r.Round = *last
		if !last.Finished.IsZero() || last.Narrow != sc.narrow() {
			r.Round = Round{
				Listing: l.GetName(), Number: last.Number + 1, Started: time.Now(),
				LastComplete: last.LastComplete, LastFinished: last.LastFinished,
			}
		}
	}
	r.Fingerprint, r.Narrow = e.fingerprint(l), sc.narrow()
	if last != nil && r.Narrow {
		r.Unsettled = last.Unsettled // the next poll still has to look
	}
	r.Error, r.ErrorType = "", ""
	return r, e.saveRound(r)
}

func (e *Engine) saveRound(r *roundRun) error {
	_, err := e.committer.commit(&store.Batch{At: time.Now(), Docs: []store.Doc{jsonDoc(bucketRounds, []byte(r.Listing), r.Round)}})
	return err
}

// scope is how much of a listing a round looks at. The zero value is a poll: all but shards whose stamp did not move.
type scope struct {
	full    bool            // ignore stamps and bookmarks
	changed bool            // only shards whose stamp moved, and new ones
	shards  map[string]bool // only these: a hint named them, whatever their stamps say
	hinted  bool            // somebody saw a change
	again   bool            // it is the second look at what a hinted one missed
	urgent  bool            // at the priority of realtime
}

// narrow says that it leaves shards out on purpose, so that it is no poll.
func (sc scope) narrow() bool { return !sc.full && (sc.changed || sc.shards != nil) }

// round lists what is due of a listing and draws the conclusions: one pass over its shards, then what is missing.
// more: there is more to read at once (the past of a feed).
func (e *Engine) round(ctx context.Context, l *listing, sc scope) (_ Round, more bool, err error) {
	r, err := e.begin(l, sc)
	if err != nil {
		return Round{}, false, err
	}
	line := e.progress.begin(l.GetName(), r.Number)
	defer line.end()
	failures := e.walkShards(ctx, l, r, sc, line)
	if ctx.Err() != nil {
		r.seen.close()
		return r.Round, false, ctx.Err()
	}
	r.tries++
	r.Records, r.Pages = line.totals()
	r.Error, r.ErrorType = "", ""
	if failures != nil {
		r.Error, r.ErrorType = failures.Error(), string(sdk.TypeOf(failures))
	}
	if retryable(failures) && r.tries < maxTries && !sc.narrow() {
		e.mu.Lock()
		e.open[l.GetName()] = r
		e.mu.Unlock()
		return r.Round, false, failures
	}
	round, err := e.finish(ctx, l, r, failures, line)
	return round, r.more, err
}

// finish ends a round: what is missing is concluded, and the round is kept.
func (e *Engine) finish(ctx context.Context, l *listing, r *roundRun, failures error, line *line) (Round, error) {
	defer r.seen.close()
	line.phase("settling")
	r.Complete = failures == nil && !r.partial
	if r.Complete {
		r.LastComplete, r.LastFinished = r.Started, time.Now()
	}
	r.Finished, r.Skipped = time.Now(), e.inPart(l)
	err := errors.Join(failures, e.conclude(ctx, l, r))
	if err != nil {
		r.Error, r.ErrorType = err.Error(), string(sdk.TypeOf(err))
	}
	return r.Round, errors.Join(err, e.saveRound(r))
}

// walkShards walks the shards that are due, several at once. It gives the failures that leave the round incomplete.
func (e *Engine) walkShards(ctx context.Context, l *listing, r *roundRun, sc scope, line *line) error {
	shards := e.due(l, r, sc)
	line.shards(len(shards))
	var (
		wg       sync.WaitGroup
		mu       sync.Mutex
		failures []error
		stop     bool
	)
	for _, s := range shards {
		if !e.takeSlot(ctx) {
			break
		}
		mu.Lock()
		ended := stop
		mu.Unlock()
		if ended {
			<-e.slots
			break
		}
		wg.Go(func() {
			// The next shard is walked while this one's last records are still being committed.
			release := sync.OnceFunc(func() { <-e.slots })
			defer release()
			err := e.walkShard(ctx, l, r, s, sc, line, release)
			line.shardDone()
			if err == nil {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if len(failures) < maxFailures {
				failures = append(failures, err)
			}
			stop = stop || wholeListing(l, err)
		})
	}
	wg.Wait()
	return errors.Join(failures...)
}

// takeSlot waits until another walk may begin; false when ctx ends first.
func (e *Engine) takeSlot(ctx context.Context) bool {
	select {
	case e.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

const maxFailures = 3 // quoted in one error

// wholeListing says whether a shard's failure will be that of every other one too.
func wholeListing(l *listing, err error) bool {
	var s *storeError
	if errors.As(err, &s) || l.parent == nil {
		return true
	}
	switch sdk.TypeOf(err) {
	case sdk.ErrAuth, sdk.ErrThrottled, sdk.ErrUnavailable, sdk.ErrBlocked, sdk.ErrNotReady:
		return true
	default:
		return false
	}
}

// due lists the shards to walk now. An unchanged stamp is not walked; neither is what this round already has.
func (e *Engine) due(l *listing, r *roundRun, sc scope) []*shardState {
	e.mu.Lock()
	defer e.mu.Unlock()
	if l.parent == nil {
		root := e.shardsOf(l.GetName())[""]
		if root == nil {
			root = &shardState{Listing: l.GetName()}
			e.shardsOf(l.GetName())[""] = root
		}
		return []*shardState{root}
	}
	var due []*shardState
	r.Shards, r.Unavailable = 0, 0
	for _, s := range e.shards[l.GetName()] {
		if s.Retired {
			continue
		}
		r.Shards++
		if s.Unavailable {
			r.Unavailable++
			continue
		}
		if s.WalkedRound == r.Number || (!sc.full && !sc.shards[s.Key] && s.unchanged(r.Fingerprint)) {
			continue
		}
		if sc.leavesOut(s) {
			r.partial = true
			continue
		}
		due = append(due, s)
	}
	sortShards(due)
	return due
}

// unchanged says whether the provider's stamp proves that a walk would give what the last one gave.
func (s *shardState) unchanged(fingerprint string) bool {
	return s.Stamp != "" && s.Stamp == s.WalkedStamp && s.WalkedFingerprint == fingerprint && !s.Unproven
}

func (sc scope) leavesOut(s *shardState) bool {
	moved := sc.changed && (s.Stamp != "" || s.WalkedRound == 0)
	return sc.narrow() && !moved && !sc.shards[s.Key]
}

// walkShard walks one shard, full or from its bookmark, and starts over when the bookmark has expired.
func (e *Engine) walkShard(ctx context.Context, l *listing, r *roundRun, s *shardState, sc scope, line *line, walked func()) error {
	if l.feed() {
		more, err := e.feed(ctx, l, s, r, sc.priority(quota.Delta), line)
		r.mu.Lock()
		r.more = r.more || more
		r.mu.Unlock()
		return err
	}
	w := &walk{e: e, l: l, shard: s, round: r, line: line, baseline: r.LastComplete.IsZero()}
	w.mode = wire.ScanMode_SCAN_MODE_FULL
	if l.delta() && !sc.full && !r.again && len(s.Bookmark) > 0 && !s.Unproven && s.WalkedFingerprint == r.Fingerprint && time.Since(s.ListedAt) < fullEvery {
		w.mode, w.bookmark = wire.ScanMode_SCAN_MODE_DELTA, s.Bookmark
	}
	for attempt := 0; ; attempt++ {
		w.priority = sc.priority(priorityOf(w.mode, r.LastComplete.IsZero()))
		cert, err := w.run(ctx)
		if err == nil {
			walked()
			return e.certify(w, cert)
		}
		switch t := sdk.TypeOf(err); {
		case t == sdk.ErrExpired && attempt < 2:
			if err := e.forget(w); err != nil {
				return err
			}
			w.mode, w.bookmark, s.Bookmark = wire.ScanMode_SCAN_MODE_FULL, nil, nil
		case t == sdk.ErrTooLarge && attempt < maxHalvings && w.pageSize != 1:
			w.pageSize = max(1, cmpOr(w.pageSize, firstPageSize)/2)
		case l.parent != nil && (t == sdk.ErrPermission || t == sdk.ErrNotFound || t == sdk.ErrNotInPlan):
			return e.unavailable(l, s, r, err)
		default:
			return fmt.Errorf("%s: %w", w, err)
		}
	}
}

const (
	maxHalvings   = 6
	firstPageSize = 100 // assumed, when the provider finds a page too large
)

func cmpOr(v, otherwise uint32) uint32 {
	if v == 0 {
		return otherwise
	}
	return v
}

// forget drops the checkpoint of a walk that has to start over.
func (e *Engine) forget(w *walk) error {
	_, err := e.committer.commit(&store.Batch{At: time.Now(), Docs: []store.Doc{noDoc(bucketCheckpoints, w.key())}})
	return err
}

// certify ends a walk that has its certificate.
func (e *Engine) certify(w *walk, cert *wire.Certificate) error {
	s := *w.shard
	s.WalkedRound, s.WalkedAt, s.WalkedStamp = w.round.Number, time.Now(), w.at.Stamp
	s.WalkedFingerprint = w.home.Fingerprint
	if w.mode == wire.ScanMode_SCAN_MODE_FULL {
		s.ListedAt = s.WalkedAt
	}
	s.Bookmark = cert.GetBookmark()
	proves := w.mode == wire.ScanMode_SCAN_MODE_FULL && !w.resumed && w.at.Fingerprint == w.home.Fingerprint && len(cert.GetSkipped()) == 0
	s.Unproven = w.mode == wire.ScanMode_SCAN_MODE_FULL && (w.shard.WalkedRound > 0 || w.shard.Unproven)
	s.Skipped = skipped(w, cert)
	if err := w.end(jsonDoc(bucketShards, docKey(s.Listing, s.Key), s)); err != nil {
		return err
	}
	e.mu.Lock()
	w.shard.Skipped = s.Skipped
	w.shard.WalkedRound, w.shard.WalkedAt, w.shard.WalkedStamp = s.WalkedRound, s.WalkedAt, s.WalkedStamp
	w.shard.WalkedFingerprint, w.shard.Bookmark, w.shard.Unproven, w.shard.ListedAt = s.WalkedFingerprint, s.Bookmark, s.Unproven, s.ListedAt
	e.mu.Unlock()
	w.round.mu.Lock()
	defer w.round.mu.Unlock()
	if w.mode == wire.ScanMode_SCAN_MODE_FULL {
		w.round.proof[s.Key] = proves
	} else {
		w.round.delta = true
	}
	return nil
}

// unavailable notes a shard that exists but cannot be listed. Its records keep; the round is complete without it.
func (e *Engine) unavailable(l *listing, s *shardState, r *roundRun, cause error) error {
	e.mu.Lock()
	s.Unavailable, s.Reason = true, cause.Error()
	doc := jsonDoc(bucketShards, docKey(l.GetName(), s.Key), *s)
	e.mu.Unlock()
	r.mu.Lock()
	r.Unavailable++
	r.mu.Unlock()
	e.Logger.Warn("shard is unavailable, its records keep", "listing", l.GetName(), "shard", s.Key, "reason", cause)
	_, err := e.committer.commit(&store.Batch{At: time.Now(), Docs: []store.Doc{doc, noDoc(bucketCheckpoints, docKey(l.GetName(), s.Key))}})
	return err
}

// retryable says whether the same walk may go better soon, from its checkpoint.
func retryable(err error) bool {
	var s *storeError
	if err == nil || errors.As(err, &s) {
		return false
	}
	switch sdk.TypeOf(err) {
	case sdk.ErrThrottled, sdk.ErrUnavailable, sdk.ErrNotReady, sdk.ErrInternal, sdk.ErrConflict:
		return true
	default:
		return false
	}
}
