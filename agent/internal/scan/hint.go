package scan

import (
	"maps"
	"sync/atomic"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const (
	maxHints    = 10_000      // waiting; more are dropped, and the next poll finds what they meant
	restMin     = time.Second // between two walks of a listing that hints asked for,
	restTimes   = 4           // and as many times as long as the last one took: hints get a fifth of the time at most
	urgentPages = 50          // a longer walk would keep more urgent calls waiting, so it has no higher priority
)

// hint is "look here now": never itself a record.
type hint struct {
	listing, shard string
	refs           []*wire.Ref
	full           bool
	asked          bool // by a person: at once
}

// look is what hints ask of a listing. A zero at asks nothing.
type look struct {
	scope
	at time.Time
}

// ask adds to a look.
func (k *look) ask(at time.Time, sc scope) {
	sc.shards = maps.Clone(sc.shards)
	if k.at.IsZero() {
		*k = look{sc, at}
		return
	}
	if k.narrow() && sc.narrow() {
		k.changed = k.changed || sc.changed
		if k.shards == nil {
			k.shards = sc.shards
		} else {
			maps.Copy(k.shards, sc.shards)
		}
	} else {
		k.changed, k.shards = false, nil
	}
	k.full, k.hinted, k.again = k.full || sc.full, k.hinted || sc.hinted, k.again && sc.again
	k.at = earlierOf(k.at, at)
}

// priority of a walk: that of realtime, or what it has without a hint.
func (sc scope) priority(otherwise quota.Priority) quota.Priority {
	if sc.urgent {
		return quota.Realtime
	}
	return otherwise
}

// urgent says whether what a hint asks for is small enough to go before scans.
func (j *job) urgent(sc scope) bool {
	return sc.hinted && !sc.full && (sc.narrow() || j.l.feed() || j.l.delta() || j.outcome.Round.Pages <= urgentPages)
}

// restAfter is how long hints wait after a walk that took a time. A poll comes before it gets longer.
func (l *listing) restAfter(took time.Duration) time.Duration {
	return min(max(restMin, restTimes*took), l.every())
}

// HintState is what came of hints since the engine was made.
type HintState struct {
	Last    time.Time // zero: none
	Taken   int64
	Dropped int64
	// Watching: the connector's long-poll or queue is open.
	Watching bool
	// WatchError is why it is not.
	WatchError string
}

type hintCount struct {
	last, taken, dropped atomic.Int64 // last in Unix nanoseconds
}

// Hints tells how hints go.
func (e *Engine) Hints() HintState {
	s := HintState{Taken: e.hinted.taken.Load(), Dropped: e.hinted.dropped.Load()}
	if last := e.hinted.last.Load(); last > 0 {
		s.Last = time.Unix(0, last)
	}
	s.Watching, s.WatchError = e.watching.get()
	return s
}

// takeHint queues a hint of the connector. Losing one loses nothing.
func (e *Engine) takeHint(h *wire.Hint) {
	e.hinted.last.Store(time.Now().UnixNano())
	e.queue(hint{listing: h.GetListing(), shard: h.GetShard(), refs: h.GetRefs()})
}

// Hint queues what a webhook said.
func (e *Engine) Hint(h *wire.Hint) { e.takeHint(h) }

// Want asks for a listing now; full ignores stamps and bookmarks.
func (e *Engine) Want(listing string, full bool) {
	e.queue(hint{listing: listing, full: full, asked: true})
}

func (e *Engine) queue(h hint) {
	select {
	case e.hints <- h:
		e.hinted.taken.Add(1)
	default:
		e.hinted.dropped.Add(1)
	}
}

// hint brings forward what somebody saw change. Single records are fetched; what fetching cannot tell is listed.
func (l *loop) hint(h hint) {
	if h.asked {
		if j := l.jobs[h.listing]; j != nil {
			j.look.ask(time.Now(), scope{full: h.full})
			j.rest = time.Time{}
		}
		return
	}
	if len(h.refs) > 0 && l.want(h) {
		return
	}
	l.lookAt(h.listing, h.shard)
}

// lookAt walks a listing, or one shard of it. A shard that nobody named yet is its parent's news.
func (l *loop) lookAt(listing, shard string) {
	j := l.jobs[listing]
	if j == nil {
		return
	}
	sc := scope{hinted: true}
	if shard != "" && j.l.parent != nil {
		if !l.e.knows(listing, shard) {
			l.lookAt(j.l.parent.GetName(), "")
			return
		}
		sc.shards = map[string]bool{shard: true}
	}
	j.look.ask(time.Now(), sc)
}

func (e *Engine) knows(listing, shard string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.shards[listing][shard]
	return s != nil && !s.Retired
}

// confirm looks a second time at what a hinted walk missed, where that is cheap: absence takes two looks, and one of
// every other listing that could hold the record.
func (l *loop) confirm(f finished) {
	if !f.scope.hinted || f.scope.again || f.round.Missing == 0 || f.round.Held {
		return
	}
	at := time.Now().Add(restMin) // later than what was missed, by any clock
	if f.scope.narrow() || f.round.Pages <= urgentPages {
		f.job.look.ask(at, scope{hinted: true, again: true, shards: f.scope.shards, changed: f.scope.changed})
	}
	for _, k := range f.job.l.GetDefines() {
		for _, other := range l.e.order {
			j := l.jobs[other.GetName()]
			if j == nil || j == f.job || other.parent != nil || !other.takesPart(k) || other.GetExclusive() || j.outcome.Round.Pages > urgentPages {
				continue
			}
			j.look.ask(at, scope{hinted: true, again: true})
		}
	}
}
