package quota

import (
	"context"
	"fmt"
	"time"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// lease is what was granted and is not all answered.
type lease struct {
	id      uint64
	inst    *instance
	call    string
	charges []charge
	left    int64 // grants not answered, returned or given up
	granted time.Time
	lapses  time.Time // when it is looked at again
	lapsed  bool      // what is left counts as arrived
}

type charge struct {
	b    *bucket
	f    *flow
	name string
	cost int64
	mark uint64
}

// Lease waits until all wants can be granted together. It asks for count requests and gets at least one. Every request
// must be settled by Observe, sent or not.
func (l *Ledger) Lease(ctx context.Context, instance, callID string, p Priority, wants []*wire.Want, count int) (Lease, error) {
	if p < 0 || int(p) >= priorities {
		return Lease{}, fmt.Errorf("instance %s, lease: unknown priority %d", instance, int(p))
	}
	if err := ctx.Err(); err != nil {
		return Lease{}, err
	}
	w := &waiter{call: callID, p: p, count: max(1, count), done: make(chan struct{})}
	if err := l.begin(w, instance, wants); err != nil {
		return Lease{}, err
	}
	select {
	case <-w.done:
	case <-ctx.Done():
		l.cancel(w)
		return Lease{}, ctx.Err()
	}
	return w.lease, w.err
}

// begin queues w and serves it at once if it can be.
func (l *Ledger) begin(w *waiter, name string, wants []*wire.Want) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	inst := l.instances[name]
	switch {
	case inst == nil:
		return fmt.Errorf("instance %s, lease: not configured", name)
	case len(wants) > wantsMost:
		return fmt.Errorf("instance %s, lease: %d buckets wanted, at most %d", name, len(wants), wantsMost)
	case inst.waiting >= waitersMost:
		return fmt.Errorf("instance %s, lease: %d already wait, send fewer requests at once", name, waitersMost)
	}
	w.inst, w.since = inst, now
	for _, x := range wants {
		b, err := l.bucket(inst, x.GetBucket(), x.GetKey(), now)
		if err != nil {
			return err
		}
		w.wants = append(w.wants, want{b, x.GetBucket(), min(max(1, x.GetCost()), costMost)})
	}
	l.lastID++
	w.seq = l.lastID
	w.enter()
	if len(w.wants) == 0 { // no quota is known for it
		l.grant(w, int64(min(w.count, batchMost)), now)
		l.pump(now)
		return nil
	}
	b := w.wants[0].b
	b.enqueue(w)
	l.touch(b)
	l.pump(now)
	return nil
}

// cancel takes w out of its queue, or gives back what it was granted too late.
func (l *Ledger) cancel(w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if b := w.b; b != nil {
		b.dequeue(w)
		w.leave()
		l.touch(b)
	} else if g := l.leases[w.lease.ID]; g != nil {
		l.giveBack(g, g.left)
	}
	l.pump(time.Now())
}

// grant books n grants and wakes the waiter.
func (l *Ledger) grant(w *waiter, n int64, now time.Time) {
	l.lastID++
	g := &lease{id: l.lastID, inst: w.inst, call: w.call, left: n, granted: now, lapses: now.Add(grantLife + flightSlack)}
	for _, x := range w.wants {
		f := x.b.flow(w.inst)
		x.b.turn = max(x.b.turn, f.got)
		c := charge{b: x.b, f: f, name: x.name, cost: x.cost}
		if x.b.m != nil {
			c.mark = x.b.m.mark()
		}
		f.charge(x.b, n, x.cost)
		w.inst.spend(now, x.name, n*x.cost)
		g.charges = append(g.charges, c)
	}
	l.leases[g.id] = g
	l.young = append(l.young, g)
	w.leave()
	w.lease = Lease{ID: g.id, Count: int(n), Waited: now.Sub(w.since), Expires: now.Add(grantLife)}
	close(w.done)
}

// giveBack undoes n grants that were surely not sent.
func (l *Ledger) giveBack(g *lease, n int64) {
	n = min(n, g.left)
	if n <= 0 {
		return
	}
	now := time.Now()
	for _, c := range g.charges {
		if g.lapsed {
			c.b.refund(c, n)
		} else {
			c.b.out -= n * c.cost
			c.f.out -= n * c.cost
		}
		c.b.busy -= n
		c.f.busy -= n
		c.f.got -= float64(n*c.cost) / c.f.inst.share
		g.inst.spend(now, c.name, -n*c.cost)
		l.touch(c.b)
	}
	l.settled(g, n)
}

func (b *bucket) refund(c charge, n int64) {
	if b.m != nil {
		b.m.refund(c.mark, n*c.cost)
	}
	if m := c.f.meter(b); m != nil {
		m.refund(c.mark, n*c.cost)
	}
}

// arrive counts n requests of a charge. With a grant that lapsed they are counted already.
func (g *lease) arrive(now time.Time, c charge, n, cost int64, a *answer) {
	if g.lapsed {
		return
	}
	c.b.out -= n * c.cost
	c.f.out -= n * c.cost
	if c.b.m != nil {
		c.b.m.settle(now, c.mark, n*cost, a)
	}
	if m := c.f.meter(c.b); m != nil {
		m.settle(now, c.mark, n*cost, a)
	}
}

// settled forgets n grants, and the lease with the last one.
func (l *Ledger) settled(g *lease, n int64) {
	if g.left -= n; g.left <= 0 {
		delete(l.leases, g.id)
	}
}

// lapse goes through the leases that are due, twice each. First: what could have been sent has arrived by now, and
// counts. It is not given back, for nothing tells an unused grant from a request that still waits for its answer; an
// unused one is given back by Observe, also later. Last: its slots are freed too.
func (l *Ledger) lapse(now time.Time) {
	n := 0
	for ; n < len(l.young) && !l.young[n].lapses.After(now); n++ {
		g := l.young[n]
		l.young[n] = nil
		if g.left <= 0 {
			continue
		}
		for _, c := range g.charges {
			g.arrive(now, c, g.left, c.cost, nil)
			l.touch(c.b)
		}
		g.lapsed, g.lapses = true, g.granted.Add(holdMost)
		l.old = append(l.old, g)
	}
	l.young = l.young[n:]
	for n = 0; n < len(l.old) && (l.old[n].left <= 0 || !l.old[n].lapses.After(now)); n++ {
		l.giveUp(l.old[n], now)
		l.old[n] = nil
	}
	l.old = l.old[n:]
}

// giveUp settles all that is left of a lease as sent and frees its slots.
func (l *Ledger) giveUp(g *lease, now time.Time) {
	if g.left <= 0 {
		return
	}
	for _, c := range g.charges {
		g.arrive(now, c, g.left, c.cost, nil)
		c.b.busy -= g.left
		c.f.busy -= g.left
		l.touch(c.b)
	}
	l.settled(g, g.left)
}

// Drop says that the connector of an instance died: what it was granted counts as sent, its slots are free.
func (l *Ledger) Drop(instance string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.drop(instance, now)
	l.pump(now)
}

func (l *Ledger) drop(instance string, now time.Time) {
	for _, g := range l.leases {
		if g.inst.name == instance {
			l.giveUp(g, now)
		}
	}
}
