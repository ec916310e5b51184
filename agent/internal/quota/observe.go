package quota

import (
	"hash/maphash"
	"net/http"
	"time"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Observe settles one request of a lease by what its answer said, or, with Sent false, gives it back; Returned grants are
// given back too. It is always safe: what it names and nobody knows is ignored, numbers are bounded.
func (l *Ledger) Observe(instance string, o *wire.Observe) {
	l.mu.Lock()
	defer l.mu.Unlock()
	inst := l.instances[instance]
	if inst == nil {
		return
	}
	now := time.Now()
	g := l.leases[o.GetId()]
	if g != nil && g.inst != inst {
		g = nil
	}
	switch {
	case g != nil && !o.GetSent():
		n := int64(o.GetReturned())
		if n == 0 {
			n = 1
		}
		l.giveBack(g, n)
	case o.GetSent():
		l.settle(inst, g, o, now)
	}
	l.pump(now)
}

// settle counts one request that was sent.
func (l *Ledger) settle(inst *instance, g *lease, o *wire.Observe, now time.Time) {
	answers := l.answers(inst, g, o, now)
	throttled := o.GetThrottled() || o.GetStatus() == http.StatusTooManyRequests
	named := false
	for b, a := range answers {
		busy := b.busy
		a.throttled = throttled && (a.retry > 0 || a.remaining == 0)
		b.learn(now, a)
		switch {
		case a.retry > 0 || (throttled && a.remaining == 0):
			b.throttle(now, a, l.jitter(b))
			named = true
		case o.GetStatus() > 0 && !throttled:
			b.answered(busy, a.took)
		}
		l.touch(b)
	}
	if throttled && !named {
		for b, a := range answers {
			b.throttle(now, a, l.jitter(b))
		}
	}
	if g == nil {
		return
	}
	for i, c := range g.charges {
		cost := c.cost
		if i < len(o.GetCost()) {
			cost = min(max(0, o.GetCost()[i]), costMost)
		}
		a := answers[c.b]
		if o.GetStatus() == 0 { // it was lost: nothing says what it met
			a = nil
		}
		g.arrive(now, c, 1, cost, a)
		g.inst.spend(now, c.name, cost-c.cost)
		c.b.busy--
		c.f.busy--
	}
	l.settled(g, 1)
	if n := int64(o.GetReturned()); n > 0 {
		l.giveBack(g, n)
	}
}

// answers is what an observation says of each bucket: those its lease paid from, and others it names.
func (l *Ledger) answers(inst *instance, g *lease, o *wire.Observe, now time.Time) map[*bucket]*answer {
	took := min(max(0, o.GetTook().AsDuration()), holdMost)
	all := map[*bucket]*answer{}
	if g != nil {
		for _, c := range g.charges {
			all[c.b] = &answer{limit: -1, remaining: -1, took: took, granted: g.granted, mark: c.mark, out: c.b.out}
		}
	}
	for _, s := range o.GetStates() {
		b := inst.buckets[place{s.GetBucket(), s.GetKey()}]
		if b == nil {
			continue
		}
		a := all[b]
		if a == nil {
			a = &answer{limit: -1, remaining: -1, took: took, out: b.out}
			if b.m != nil {
				a.mark = b.m.mark()
			}
			all[b] = a
		}
		a.read(s, now)
	}
	return all
}

// read takes a state within bounds. A limit of zero says nothing: vendors send it for "none" and for "unlimited".
func (a *answer) read(s *wire.BucketState, now time.Time) {
	if s.Limit != nil && s.GetLimit() > 0 {
		a.limit = min(s.GetLimit(), costMost)
	}
	if s.Remaining != nil {
		a.remaining = min(max(0, s.GetRemaining()), costMost)
	}
	if s.GetResetAt().IsValid() {
		if d := s.GetResetAt().AsTime().Sub(now); d < resetMost && d > -resetMost {
			a.reset = now.Add(d)
		}
	}
	if d := s.GetRetryAfter(); d.IsValid() {
		a.retry = max(0, d.AsDuration())
	}
}

// jitter spreads what comes back after a stop: 0 to 1, different for every bucket, host and stop.
func (l *Ledger) jitter(b *bucket) float64 {
	return float64(maphash.Comparable(l.seed, struct {
		id    identity
		stops int
	}{b.id, b.stops})>>11) / (1 << 53)
}
