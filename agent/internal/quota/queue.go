package quota

import (
	"container/heap"
	"time"
)

// flow is what one instance does in one bucket. Flows of one priority are served by virtual time: what they got,
// divided by their share.
type flow struct {
	inst  *instance
	part  meter // what the share allows; nil: the whole, or not made yet
	out   int64
	busy  int64
	got   float64
	queue [priorities]waiters
	count int // waiters in all queues
	pass  uint64
}

// waiter is a lease that waits, in the queue of the first of its buckets that cannot serve it.
type waiter struct {
	seq   uint64
	inst  *instance
	call  string
	p     Priority
	wants []want
	count int
	since time.Time
	done  chan struct{}
	lease Lease
	err   error
	b     *bucket // where it waits; nil: served or gone
	index int
}

// enter and leave count a waiter, where it is from and what it wants.
func (w *waiter) enter() {
	w.inst.waiting++
	for _, x := range w.wants {
		x.b.wanted++
	}
}

func (w *waiter) leave() {
	w.inst.waiting--
	for _, x := range w.wants {
		x.b.wanted--
	}
}

// repoint makes w want another bucket.
func (w *waiter) repoint(from, to *bucket) {
	for i := range w.wants {
		if w.wants[i].b == from {
			w.wants[i].b = to
			from.wanted--
			to.wanted++
		}
	}
}

type want struct {
	b    *bucket
	name string
	cost int64
}

// waiters is a heap by arrival: first in, first out, also for those that come over from another bucket.
type waiters []*waiter

func (q waiters) Len() int           { return len(q) }
func (q waiters) Less(i, j int) bool { return q[i].seq < q[j].seq }
func (q waiters) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}
func (q *waiters) Push(x any) {
	w := x.(*waiter)
	w.index = len(*q)
	*q = append(*q, w)
}
func (q *waiters) Pop() any {
	old := *q
	w := old[len(old)-1]
	old[len(old)-1] = nil
	*q = old[:len(old)-1]
	return w
}

// flow of an instance, made when it is first needed.
func (b *bucket) flow(inst *instance) *flow {
	f := b.flows[inst.name]
	if f == nil {
		f = &flow{inst: inst}
		b.flows[inst.name] = f
	}
	return f
}

// meter counts the flow's share of b; nil: all of it, or nothing is known yet.
func (f *flow) meter(b *bucket) meter {
	if f.part == nil && f.inst.share < 1 && b.m != nil {
		f.part = b.m.part(f.inst.share)
	}
	return f.part
}

// enqueue lets w wait here. A flow that comes back may have missed a tenth of the limit, not more.
func (b *bucket) enqueue(w *waiter) {
	f := b.flow(w.inst)
	if f.count == 0 {
		f.got = max(f.got, b.turn-float64(b.size())/10)
	}
	f.count++
	b.waiting[w.p]++
	w.b = b
	heap.Push(&f.queue[w.p], w)
}

// dequeue takes w out, wherever it stands.
func (b *bucket) dequeue(w *waiter) {
	f := b.flows[w.inst.name]
	heap.Remove(&f.queue[w.p], w.index)
	f.count--
	b.waiting[w.p]--
	w.b = nil
}

// pick is the flow that is next at a priority and was not set aside in this pass. Flows are few: the instances that
// share the bucket.
func (b *bucket) pick(p Priority, pass uint64) *flow {
	var best *flow
	for _, f := range b.flows {
		if len(f.queue[p]) == 0 || f.pass == pass {
			continue
		}
		if best == nil || f.got < best.got || (f.got == best.got && f.inst.name < best.inst.name) {
			best = f
		}
	}
	return best
}

// rivals: do other flows wait for this bucket?
func (b *bucket) rivals(f *flow) bool {
	all := 0
	for _, n := range b.waiting {
		all += n
	}
	return all > f.count
}

// supply is what the share of the flow leaves.
func (f *flow) supply(now time.Time, b *bucket, cost int64) supply {
	s := supply{grants: batchMost}
	if f.inst.share >= 1 {
		return s
	}
	if b.g != nil {
		if s.grants = scale(b.g.most(), f.inst.share) - f.busy; s.grants <= 0 {
			return supply{}
		}
	}
	if m := f.meter(b); m != nil {
		limit, _, _ := m.view(now, 0)
		cost = min(cost, max(1, limit))
		n := m.room(now, f.out) / cost
		if n <= 0 {
			return supply{until: m.ready(now, cost, f.out)}
		}
		s.grants = min(s.grants, n)
	}
	return s
}

// charge books n grants of cost, in the bucket and in the flow.
func (f *flow) charge(b *bucket, n, cost int64) {
	b.out += n * cost
	b.busy += n
	f.out += n * cost
	f.busy += n
	f.got += float64(n*cost) / f.inst.share
}

// wakes is a heap of buckets by when they want to be looked at.
type wakes []*bucket

func (h wakes) Len() int           { return len(h) }
func (h wakes) Less(i, j int) bool { return h[i].wake.Before(h[j].wake) }
func (h wakes) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}
func (h *wakes) Push(x any) {
	b := x.(*bucket)
	b.index = len(*h)
	*h = append(*h, b)
}
func (h *wakes) Pop() any {
	old := *h
	b := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	b.index = -1
	return b
}
