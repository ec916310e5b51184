package quota

import (
	"math"
	"time"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// identity says which bucket it is. Until the owner is known, the instance is.
type identity struct {
	provider, bucket, owner, key string
	instance                     string
}

// bucket is one quota of a provider, shared by the instances whose flows it has.
type bucket struct {
	id    identity
	spec  *wire.BucketSpec
	limit int64 // declared; 0: unknown

	m meter // nil: no numbers known
	g *gate // nil: no bound on requests at once
	// probing: one request at a time, until an answer shows what is left.
	probing bool
	// forced: a throttle ended, and the probe goes whatever the meter says.
	forced  bool
	out     int64 // cost granted, not answered and not lapsed
	busy    int64 // requests granted and not answered
	stopped time.Time
	stops   int // throttles in a row
	wanted  int // waiters that want it, wherever they wait

	flows   map[string]*flow
	waiting [priorities]int
	turn    float64 // virtual time of the flow served last

	wake  time.Time
	index int // in the wake heap; -1: not there
	dirty bool
}

func newBucket(now time.Time, id identity, spec *wire.BucketSpec, limit int64) *bucket {
	if limit <= 0 {
		limit = max(0, spec.GetLimit())
	}
	b := &bucket{id: id, spec: spec, limit: limit, flows: map[string]*flow{}, index: -1, probing: true}
	switch spec.GetShape() {
	case "concurrency":
		b.g, b.probing = newGate(limit), false
	case "token":
		if limit > 0 {
			b.m = b.newToken(now, 0)
		}
	case "fixed_window", "rolling":
		if limit > 0 {
			b.m = newRolling(limit, spec.GetWindow().AsDuration())
		}
	default: // adaptive
		b.g, b.probing = newGate(0), false
	}
	return b
}

// newToken reads the template: limit per window flows in, burst fits in, the limit of the headers is what fits.
func (b *bucket) newToken(now time.Time, header int64) meter {
	window := b.spec.GetWindow().AsDuration()
	if window <= 0 {
		window = time.Second
	}
	rate, burst := b.limit, b.spec.GetBurst()
	if rate <= 0 {
		rate = header
	}
	if burst <= 0 {
		burst = rate
	}
	return newToken(now, float64(rate)/window.Seconds(), float64(burst))
}

// supply is what a bucket can give now.
type supply struct {
	grants int64     // how many requests of the asked cost
	until  time.Time // if none: when to look again; zero: after an answer
}

// supply says how many requests of that cost may go at that priority.
func (b *bucket) supply(now time.Time, p Priority, cost int64) supply {
	if now.Before(b.stopped) {
		return supply{until: b.stopped}
	}
	if b.probing || (b.m != nil && b.m.suspect(now)) {
		if b.out > 0 || (b.m == nil && b.busy > 0) {
			return supply{}
		}
		if b.m != nil && !b.forced && b.m.room(now, 0) < 1 {
			return supply{until: b.m.ready(now, 1, 0)}
		}
		return supply{grants: 1}
	}
	s := supply{grants: math.MaxInt64}
	if b.g != nil {
		s.grants = b.g.most() - b.busy
		if !p.urgent() {
			s.grants -= b.g.held()
		}
	}
	if b.m == nil || s.grants <= 0 {
		return s
	}
	room, held := b.m.room(now, b.out), int64(0)
	if !p.urgent() {
		held = b.m.held(now)
	}
	cost = min(cost, b.most())
	if n := (room - held) / cost; n < s.grants {
		s.grants = n
	}
	if room-held < cost {
		s = supply{until: b.m.ready(now, held+cost, b.out)}
	}
	return s
}

// most is the largest cost that a whole bucket can carry; what costs more waits for a whole one.
func (b *bucket) most() int64 {
	limit := b.size()
	return max(1, limit-max(reserve(limit), min(edgeMost, limit/10)))
}

// size is the limit, as far as it is known.
func (b *bucket) size() int64 {
	switch m := b.m.(type) {
	case *window:
		return m.limit
	case *rolling:
		return m.limit
	case *token:
		return int64(m.burst)
	}
	if b.g != nil {
		return b.g.most()
	}
	return b.limit
}

// learn takes what an answer says of the bucket.
func (b *bucket) learn(now time.Time, a *answer) {
	if m := b.choose(now, a); m != b.m {
		b.m = m
		for _, f := range b.flows {
			f.part = nil
		}
	}
	if b.m == nil {
		if b.g == nil {
			b.g = newGate(0)
		}
		return
	}
	before := b.size()
	b.m.learn(now, a)
	if after := b.size(); after != before {
		for _, f := range b.flows {
			if f.part != nil {
				f.part.resize(scale(after, f.inst.share))
			}
		}
	}
}

// choose picks the meter that fits what is known by now.
func (b *bucket) choose(now time.Time, a *answer) meter {
	shape := b.spec.GetShape()
	limit := b.limit
	if a.limit > 0 {
		limit = a.limit
	} else if limit <= 0 && a.remaining > 0 {
		limit = a.remaining + a.out
	}
	span := b.spec.GetWindow().AsDuration()
	old, isRolling := b.m.(*rolling)
	switch {
	case shape == "concurrency" || (b.m != nil && !isRolling) || limit <= 0:
		if shape == "concurrency" && a.limit > 0 {
			b.g.fixed = a.limit
		}
		return b.m
	case shape == "token":
		return b.newToken(now, limit)
	case shape != "rolling" && a.reset.After(now.Add(-rounding)) && (span <= 0 || span > 2*rounding):
		w := newWindow(limit, span)
		if isRolling {
			old.expire(now)
			w.settled = old.used
		}
		return w
	case b.m != nil:
		return b.m
	case shape == "rolling" || shape == "fixed_window" || span > 0:
		return newRolling(limit, span)
	}
	return nil
}

// throttle stops the bucket for all.
func (b *bucket) throttle(now time.Time, a *answer, jitter float64) {
	wait := a.retry
	if wait <= 0 && a.reset.After(now) {
		wait = a.reset.Sub(now)
	}
	if wait <= 0 {
		wait = min(stopBackoffMost, stopFirst<<min(b.stops, 16))
	}
	wait = min(wait, stopMost)
	wait += time.Duration(jitter * float64(min(wait/20, 250*time.Millisecond)))
	b.stops++
	b.stopped, b.probing, b.forced = later(b.stopped, now.Add(wait)), true, true
	if b.g != nil {
		b.g.throttled(now, a.granted)
	}
}

// answered: the bucket works.
func (b *bucket) answered(busy int64, took time.Duration) {
	b.probing, b.forced, b.stops = false, false, 0
	if b.g != nil {
		b.g.succeeded(busy, took)
	}
}

// idle: nothing would be lost with it, but what it learned.
func (b *bucket) idle(now time.Time) bool {
	if b.out > 0 || b.busy > 0 || b.wanted > 0 || now.Before(b.stopped) {
		return false
	}
	if b.m == nil {
		return true
	}
	limit, left, _ := b.m.view(now, 0)
	return left >= limit
}
