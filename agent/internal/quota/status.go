package quota

import (
	"cmp"
	"slices"
	"strings"
	"time"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// BucketStatus is one bucket for people.
type BucketStatus struct {
	Instances []string
	Provider  string
	Bucket    string
	Key       string
	Owner     string // empty: not known, the instance's own
	Shape     string // as it is counted now; adaptive where no numbers are known
	Limit     int64  // 0: not known; of adaptive buckets how many requests at once
	Remaining int64
	Reset     time.Time // zero: not known
	InFlight  int64
	Waiting   map[Priority]int
	// StoppedUntil is set while a throttle holds.
	StoppedUntil time.Time
}

// Status tells of every bucket in use, by provider, bucket, owner and key.
func (l *Ledger) Status() []BucketStatus {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	all := make([]BucketStatus, 0, len(l.buckets))
	for _, b := range l.buckets {
		all = append(all, b.status(now))
	}
	slices.SortFunc(all, func(a, b BucketStatus) int {
		return cmp.Or(strings.Compare(a.Provider, b.Provider), strings.Compare(a.Bucket, b.Bucket),
			strings.Compare(a.Owner, b.Owner), strings.Compare(a.Key, b.Key), slices.Compare(a.Instances, b.Instances))
	})
	return all
}

func (b *bucket) status(now time.Time) BucketStatus {
	s := BucketStatus{Provider: b.id.provider, Bucket: b.id.bucket, Key: b.id.key, Owner: b.id.owner,
		Shape: b.shape(), InFlight: b.busy, Waiting: map[Priority]int{}}
	for name := range b.flows {
		s.Instances = append(s.Instances, name)
	}
	slices.Sort(s.Instances)
	switch {
	case b.m != nil:
		s.Limit, s.Remaining, s.Reset = b.m.view(now, b.out)
	case b.g != nil:
		s.Limit, s.Remaining = b.g.most(), max(0, b.g.most()-b.busy)
	}
	for p, n := range b.waiting {
		if n > 0 {
			s.Waiting[Priority(p)] = n
		}
	}
	if now.Before(b.stopped) {
		s.StoppedUntil = b.stopped
	}
	return s
}

func (b *bucket) shape() string {
	switch b.m.(type) {
	case *window:
		return "fixed_window"
	case *rolling:
		return "rolling"
	case *token:
		return "token"
	}
	if b.g != nil && b.g.fixed > 0 {
		return "concurrency"
	}
	if b.g == nil {
		return b.spec.GetShape()
	}
	return "adaptive"
}

// Estimate says how long n such requests would take from now on, at the instance's share where others wait too. It
// knows no latency but that of adaptive buckets, so 0 means: no quota stands in the way.
func (l *Ledger) Estimate(instance string, wants []*wire.Want, n int64) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	inst := l.instances[instance]
	if inst == nil || n <= 0 {
		return 0
	}
	now := time.Now()
	var longest time.Duration
	for _, w := range wants {
		b := inst.buckets[place{w.GetBucket(), w.GetKey()}]
		if b == nil {
			continue
		}
		longest = max(longest, b.eta(now, inst, min(n, costMost)*min(max(1, w.GetCost()), costMost)))
	}
	return longest
}

func (b *bucket) eta(now time.Time, inst *instance, n int64) time.Duration {
	mine, all := inst.share, inst.share
	for name, f := range b.flows {
		if name != inst.name && f.count > 0 {
			all += f.inst.share
		}
	}
	n = int64(float64(n) * all / mine)
	var wait time.Duration
	if b.g != nil {
		wait = b.g.eta(n)
	}
	if b.m != nil {
		wait = max(wait, b.m.eta(now, n, b.out))
		if f := b.flows[inst.name]; f != nil && f.meter(b) != nil {
			wait = max(wait, f.part.eta(now, int64(float64(n)*mine/all), f.out))
		}
	}
	return max(wait, b.stopped.Sub(now))
}
