package quota

import (
	"container/heap"
	"context"
	"hash/maphash"
	"sync"
	"time"
)

// Config of a Ledger.
type Config struct {
	// Load gives what Save was given last; Run restores it before anything else. May be nil.
	Load func() []BucketSnapshot
	// Save keeps a snapshot, twice a minute and when Run ends. May be nil.
	Save func([]BucketSnapshot)
}

// Ledger is the one book of what all providers allow. Safe for concurrent use.
type Ledger struct {
	config Config
	seed   maphash.Seed

	mu        sync.Mutex
	instances map[string]*instance
	buckets   map[identity]*bucket
	restored  map[identity]BucketSnapshot // of buckets nobody has asked for yet
	spent     map[string]map[string]spent // restored, of instances not configured yet
	leases    map[uint64]*lease
	young     []*lease // by when they lapse
	old       []*lease // lapsed, by when they are given up
	wakes     wakes
	dirty     []*bucket
	lastID    uint64
	pass      uint64
	kick      chan struct{}
}

// New makes an empty ledger. It starts nothing.
func New(c Config) *Ledger {
	return &Ledger{
		config:    c,
		seed:      maphash.MakeSeed(),
		instances: map[string]*instance{},
		buckets:   map[identity]*bucket{},
		restored:  map[identity]BucketSnapshot{},
		spent:     map[string]map[string]spent{},
		leases:    map[uint64]*lease{},
		kick:      make(chan struct{}, 1),
	}
}

// Run wakes waiters when time alone makes room, takes back lapsed grants and saves. Without it, leases that must wait
// for time wait for ever. It returns when ctx ends.
func (l *Ledger) Run(ctx context.Context) error {
	if l.config.Load != nil {
		l.Restore(l.config.Load())
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	save := time.NewTicker(saveEvery)
	defer save.Stop()
	for {
		select {
		case <-ctx.Done():
			l.save()
			return ctx.Err()
		case <-save.C:
			l.save()
		case <-l.kick:
		case <-timer.C:
		}
		if next := l.tick(); next.IsZero() {
			timer.Stop()
		} else {
			timer.Reset(max(0, time.Until(next)))
		}
	}
}

func (l *Ledger) save() {
	if l.config.Save != nil {
		l.config.Save(l.Snapshot())
	}
}

// tick does what is due, and says when something is due next.
func (l *Ledger) tick() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.lapse(now)
	for len(l.wakes) > 0 && !l.wakes[0].wake.After(now) {
		b := l.wakes[0]
		heap.Pop(&l.wakes)
		l.touch(b)
	}
	l.pump(now)
	return l.due()
}

// due is when the next bucket or lease wants to be looked at.
func (l *Ledger) due() time.Time {
	var next time.Time
	if len(l.wakes) > 0 {
		next = l.wakes[0].wake
	}
	if len(l.young) > 0 {
		next = earlier(next, l.young[0].lapses)
	}
	if len(l.old) > 0 {
		next = earlier(next, l.old[0].lapses)
	}
	return next
}

// touch marks a bucket for the next pump.
func (l *Ledger) touch(b *bucket) {
	if !b.dirty {
		b.dirty = true
		l.dirty = append(l.dirty, b)
	}
}

// pump serves all that can be served, and tells Run when to look again. Every change of the ledger ends with it.
func (l *Ledger) pump(now time.Time) {
	before := l.due()
	for len(l.dirty) > 0 {
		b := l.dirty[len(l.dirty)-1]
		l.dirty = l.dirty[:len(l.dirty)-1]
		b.dirty = false
		l.sleep(b, l.serve(b, now))
	}
	if after := l.due(); !after.IsZero() && (before.IsZero() || after.Before(before)) {
		select {
		case l.kick <- struct{}{}:
		default:
		}
	}
}

// sleep sets when b is looked at again; zero: not by time.
func (l *Ledger) sleep(b *bucket, until time.Time) {
	b.wake = until
	switch {
	case until.IsZero() && b.index >= 0:
		heap.Remove(&l.wakes, b.index)
	case until.IsZero():
	case b.index >= 0:
		heap.Fix(&l.wakes, b.index)
	default:
		heap.Push(&l.wakes, b)
	}
}

// serve grants what b can give, in order, and says when time may allow more.
func (l *Ledger) serve(b *bucket, now time.Time) (until time.Time) {
	l.pass++
	for p := range Priority(priorities) {
		for b.waiting[p] > 0 {
			f := b.pick(p, l.pass)
			if f == nil {
				break
			}
			w := f.queue[p][0]
			n, stop := l.fit(w, now)
			switch {
			case n > 0:
				b.dequeue(w)
				l.grant(w, n, now)
			case stop.b != b:
				b.dequeue(w)
				stop.b.enqueue(w)
				l.touch(stop.b)
			case stop.alone:
				f.pass = l.pass
				until = earlier(until, stop.until)
			default: // nobody behind it may go first
				return earlier(until, stop.until)
			}
		}
	}
	return until
}

// obstacle is why a waiter cannot be served.
type obstacle struct {
	b     *bucket
	alone bool // its own share or cap; others may go
	until time.Time
}

// fit says how many grants w can have from all its buckets now, or what stands in its way.
func (l *Ledger) fit(w *waiter, now time.Time) (int64, obstacle) {
	n := int64(min(w.count, batchMost))
	for _, x := range w.wants {
		f := x.b.flow(w.inst)
		own, daily := f.supply(now, x.b, x.cost), w.inst.supply(now, x.name, x.cost)
		if own.grants <= 0 || daily.grants <= 0 {
			return 0, obstacle{b: x.b, alone: true, until: later(own.until, daily.until)}
		}
		n = min(n, own.grants, daily.grants)
		s := x.b.supply(now, w.p, x.cost)
		if s.grants <= 0 {
			return 0, obstacle{b: x.b, until: s.until}
		}
		if n = min(n, s.grants); n > 1 && x.b.rivals(f) {
			n = min(n, max(1, x.b.size()/50/x.cost))
		}
	}
	return n, obstacle{}
}
