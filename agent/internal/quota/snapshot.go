package quota

import "time"

// BucketSnapshot is what outlives a restart of the agent. Times are wall-clock times.
type BucketSnapshot struct {
	Provider, Bucket, Owner, Key string
	Instance                     string // while the owner is not known
	Limit                        int64  // 0: not known
	Remaining                    int64
	Reset                        time.Time     // zero: not known
	Span                         time.Duration // of the window, as learned
	Stopped                      time.Time
	// Spent is what each instance spent on Day (since 1970, UTC) from all buckets of this name.
	Day   int64
	Spent map[string]int64
}

// Snapshot is what to hand to Restore.
func (l *Ledger) Snapshot() []BucketSnapshot {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	all := make([]BucketSnapshot, 0, len(l.buckets)+len(l.restored))
	for _, b := range l.buckets {
		all = append(all, b.snapshot(now))
	}
	for _, s := range l.restored {
		all = append(all, s)
	}
	return all
}

func (b *bucket) snapshot(now time.Time) BucketSnapshot {
	s := BucketSnapshot{Provider: b.id.provider, Bucket: b.id.bucket, Owner: b.id.owner, Key: b.id.key,
		Instance: b.id.instance, Day: today(now), Spent: map[string]int64{}}
	if b.m != nil {
		s.Limit, s.Remaining, s.Reset = b.m.view(now, b.out)
		s.Reset = s.Reset.Round(0)
	}
	if w, ok := b.m.(*window); ok {
		s.Span = w.span
	}
	if now.Before(b.stopped) {
		s.Stopped = b.stopped.Round(0)
	}
	for name, f := range b.flows {
		if x := f.inst.spent[b.id.bucket]; x.day == s.Day && x.cost > 0 {
			s.Spent[name] = x.cost
		}
	}
	return s
}

// Restore takes a snapshot of an earlier run. Each entry waits for its bucket to be used. Then a first request goes
// alone, for the provider knows better what is left; if nothing was left, it waits for the reset.
func (l *Ledger) Restore(all []BucketSnapshot) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for _, s := range all {
		for name, cost := range s.Spent {
			l.restoreSpent(name, s.Bucket, spent{s.Day, cost})
		}
		id := identity{s.Provider, s.Bucket, s.Owner, s.Key, s.Instance}
		if b := l.buckets[id]; b != nil {
			b.restore(now, s)
			l.touch(b)
			continue
		}
		l.restored[id] = s
	}
	l.pump(now)
}

// restoreSpent keeps the larger of what is known of a day.
func (l *Ledger) restoreSpent(name, bucket string, s spent) {
	if inst := l.instances[name]; inst != nil {
		if x := inst.spent[bucket]; x.day < s.day || (x.day == s.day && x.cost < s.cost) {
			inst.spent[bucket] = s
		}
		return
	}
	if l.spent[name] == nil {
		l.spent[name] = map[string]spent{}
	}
	l.spent[name][bucket] = s
}

// restore takes over what still holds.
func (b *bucket) restore(now time.Time, s BucketSnapshot) {
	if wait := s.Stopped.Sub(now); wait > 0 {
		b.stopped, b.probing = later(b.stopped, now.Add(min(wait, stopMost))), true
	}
	if b.limit <= 0 && s.Limit > 0 && b.spec.GetShape() != "concurrency" {
		b.limit = min(s.Limit, costMost)
	}
	left := s.Reset.Sub(now)
	if b.limit <= 0 || left <= 0 || left > resetMost {
		return
	}
	remaining := min(max(0, s.Remaining), b.limit)
	switch b.spec.GetShape() {
	case "rolling":
		r := newRolling(b.limit, b.spec.GetWindow().AsDuration())
		r.settle(now, 0, b.limit-remaining, nil)
		b.m, b.probing = r, true
	case "fixed_window", "adaptive", "":
		w := newWindow(b.limit, b.spec.GetWindow().AsDuration())
		w.span = max(w.span, min(s.Span, resetMost))
		w.reset, w.late = now.Add(left), now.Add(left)
		w.low, w.lowAt = remaining, now
		b.m, b.probing = w, true
	}
}
