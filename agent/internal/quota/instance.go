package quota

import (
	"fmt"
	"maps"
	"math"
	"time"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// instance is one configured app.
type instance struct {
	name     string
	provider string
	specs    map[string]*wire.BucketSpec
	owners   map[string]*wire.QuotaOwner
	share    float64
	caps     map[string]int64
	spent    map[string]spent // by bucket name
	buckets  map[place]*bucket
	waiting  int
}

// place is a bucket as a connector names it.
type place struct{ name, key string }

// spent is what one day has cost.
type spent struct {
	day  int64 // since 1970, UTC
	cost int64
}

const day = 24 * time.Hour

func today(now time.Time) int64 { return now.Unix() / int64(day/time.Second) }

// supply is what the daily cap leaves.
func (i *instance) supply(now time.Time, name string, cost int64) supply {
	most, capped := i.caps[name]
	if !capped {
		return supply{grants: math.MaxInt64}
	}
	left := most
	if s := i.spent[name]; s.day == today(now) {
		left -= s.cost
	}
	if n := left / min(cost, max(1, most)); n > 0 {
		return supply{grants: n}
	}
	tomorrow := time.Unix((today(now)+1)*int64(day/time.Second), 0)
	return supply{until: now.Add(tomorrow.Sub(now))}
}

// spend counts against the day.
func (i *instance) spend(now time.Time, name string, cost int64) {
	if _, capped := i.caps[name]; !capped {
		return
	}
	s := i.spent[name]
	if d := today(now); s.day != d {
		s = spent{day: d}
	}
	s.cost = max(0, s.cost+cost)
	i.spent[name] = s
}

// Configure declares an instance, or declares it anew: its bucket templates, its share (0 < share ≤ 1) of what the tenant
// shares with others, and how much of each bucket it may spend in a day (UTC). What was learned is kept.
func (l *Ledger) Configure(name string, specs []*wire.BucketSpec, share float64, dailyCap map[string]int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	inst := l.instances[name]
	if inst == nil {
		inst = &instance{name: name, spent: map[string]spent{}, buckets: map[place]*bucket{}}
		l.instances[name] = inst
		maps.Copy(inst.spent, l.spent[name])
		delete(l.spent, name)
	}
	if !(share > 0 && share <= 1) {
		share = 1
	}
	changed := inst.share != share
	inst.share, inst.specs, inst.caps = share, map[string]*wire.BucketSpec{}, map[string]int64{}
	for _, s := range specs {
		inst.specs[s.GetName()] = s
	}
	for bucket, most := range dailyCap {
		if most > 0 {
			inst.caps[bucket] = most
		}
	}
	for _, b := range inst.buckets {
		if f := b.flows[name]; f != nil && changed {
			f.part = nil
		}
		l.touch(b)
	}
	l.pump(time.Now())
}

// Own says who owns the buckets of an instance, as Check found out. From then on, instances with the same provider,
// bucket, owner and key share one bucket; what waits, and what was granted, goes over into it.
func (l *Ledger) Own(name, provider string, owners []*wire.QuotaOwner) {
	l.mu.Lock()
	defer l.mu.Unlock()
	inst := l.instances[name]
	if inst == nil {
		return
	}
	inst.provider, inst.owners = provider, map[string]*wire.QuotaOwner{}
	for _, o := range owners {
		if o.GetOwner() != "" {
			inst.owners[o.GetBucket()] = o
		}
	}
	now := time.Now()
	for at, from := range inst.buckets {
		if id := inst.identify(at); id != from.id {
			l.move(inst, at, from, id, now)
		}
	}
	l.pump(now)
}

// identify says which bucket a place is.
func (i *instance) identify(at place) identity {
	id := identity{provider: i.provider, bucket: at.name, key: at.key, instance: i.name}
	if o := i.owners[at.name]; o != nil {
		id.owner, id.instance = o.GetOwner(), ""
	}
	return id
}

// move takes the flow of an instance from one bucket to another.
func (l *Ledger) move(inst *instance, at place, from *bucket, id identity, now time.Time) {
	alone := len(from.flows) == 0 || (len(from.flows) == 1 && from.flows[inst.name] != nil)
	to := l.buckets[id]
	if to == nil && alone {
		delete(l.buckets, from.id)
		from.id = id
		l.buckets[id] = from
		return
	}
	if to == nil {
		to = l.open(inst, at, id, now)
	}
	inst.buckets[at] = to
	source, target := from.flow(inst), to.flow(inst)
	for p := range source.queue {
		for len(source.queue[p]) > 0 {
			w := source.queue[p][0]
			from.dequeue(w)
			w.repoint(from, to)
			to.enqueue(w)
		}
	}
	l.repoint(inst, from, to, target)
	delete(from.flows, inst.name)
	if len(from.flows) == 0 {
		l.discard(from)
	} else {
		l.touch(from)
	}
	l.touch(to)
}

// repoint moves what an instance was granted, and what it waits for elsewhere.
func (l *Ledger) repoint(inst *instance, from, to *bucket, f *flow) {
	for _, g := range l.leases {
		for i := range g.charges {
			c := &g.charges[i]
			if g.inst != inst || c.b != from {
				continue
			}
			n, out := g.left, g.left*c.cost
			if g.lapsed {
				out = 0
			}
			from.busy, from.out = from.busy-n, from.out-out
			f.busy, f.out = f.busy+n, f.out+out
			to.busy, to.out = to.busy+n, to.out+out
			c.b, c.f = to, f
			if c.mark = 0; to.m != nil {
				c.mark = to.m.mark()
			}
		}
	}
	for _, b := range inst.buckets {
		if f := b.flows[inst.name]; f != nil {
			for p := range f.queue {
				for _, w := range f.queue[p] {
					w.repoint(from, to)
				}
			}
		}
	}
}

// bucket finds or makes the bucket of a place.
func (l *Ledger) bucket(inst *instance, name, key string, now time.Time) (*bucket, error) {
	at := place{name, key}
	if b := inst.buckets[at]; b != nil {
		return b, nil
	}
	if len(inst.buckets) >= bucketsMost && !l.evict(inst, now) {
		return nil, fmt.Errorf("instance %s, lease: more than %d buckets in use at once", inst.name, bucketsMost)
	}
	id := inst.identify(at)
	b := l.buckets[id]
	if b == nil {
		b = l.open(inst, at, id, now)
	}
	inst.buckets[at] = b
	return b, nil
}

// open makes a bucket, with what a snapshot knows of it.
func (l *Ledger) open(inst *instance, at place, id identity, now time.Time) *bucket {
	spec := inst.specs[at.name]
	if spec == nil {
		spec = &wire.BucketSpec{Name: at.name, Shape: "adaptive"}
	}
	b := newBucket(now, id, spec, inst.owners[at.name].GetLimit())
	l.buckets[id] = b
	if s, ok := l.restored[id]; ok {
		b.restore(now, s)
		delete(l.restored, id)
	}
	return b
}

// evict makes room by forgetting the idle buckets of an instance.
func (l *Ledger) evict(inst *instance, now time.Time) bool {
	done := false
	for at, b := range inst.buckets {
		if b.idle(now) {
			delete(inst.buckets, at)
			delete(b.flows, inst.name)
			done = true
			if len(b.flows) == 0 {
				l.discard(b)
			}
		}
	}
	return done
}

// discard forgets a bucket nobody uses.
func (l *Ledger) discard(b *bucket) {
	delete(l.buckets, b.id)
	l.sleep(b, time.Time{})
}

// Forget removes an instance: its waiters fail, what it was granted counts as sent.
func (l *Ledger) Forget(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	inst, now := l.instances[name], time.Now()
	if inst == nil {
		return
	}
	delete(l.instances, name)
	for _, b := range inst.buckets {
		if f := b.flows[name]; f != nil {
			for p := range f.queue {
				for len(f.queue[p]) > 0 {
					w := f.queue[p][0]
					b.dequeue(w)
					w.leave()
					w.err = fmt.Errorf("instance %s, lease: removed from the configuration", name)
					close(w.done)
				}
			}
		}
	}
	l.drop(name, now)
	for _, b := range inst.buckets {
		if delete(b.flows, name); len(b.flows) == 0 {
			l.discard(b)
		} else {
			l.touch(b)
		}
	}
	l.pump(now)
}
