package quota

import "time"

// entriesMost is into how many steps a rolling window is cut; a request leaves the window at most one step late.
const entriesMost = 512

// rolling allows limit in any span. It also serves fixed windows whose phase no answer names: what holds for every span
// holds for theirs.
type rolling struct {
	limit   int64
	span    time.Duration
	entries []entry // what was answered, oldest first
	used    int64
	crowd   crowd
}

type entry struct {
	at   time.Time
	cost int64
}

func newRolling(limit int64, span time.Duration) *rolling {
	if span <= 0 {
		span = spanUnknown
	}
	return &rolling{limit: limit, span: span}
}

func (r *rolling) expire(now time.Time) {
	n := 0
	for n < len(r.entries) && !r.entries[n].at.Add(r.span).After(now) {
		r.used -= r.entries[n].cost
		n++
	}
	if n > 0 {
		r.entries = append(r.entries[:0], r.entries[n:]...)
	}
}

// add counts cost at now. Neighbours are merged into the later one, so that they leave late, never early.
func (r *rolling) add(now time.Time, cost int64) {
	r.used += cost
	step := r.span / entriesMost
	if n := len(r.entries); n > 1 && now.Sub(r.entries[n-2].at) < step {
		r.entries[n-1].at = now
		r.entries[n-1].cost += cost
		return
	}
	r.entries = append(r.entries, entry{now, cost})
}

func (r *rolling) mark() uint64 { return 0 }

func (r *rolling) suspect(time.Time) bool { return false }

func (r *rolling) room(now time.Time, out int64) int64 {
	r.expire(now)
	left := r.limit - r.used - out
	if r.crowd.here(now) {
		theirs := r.crowd.remaining - out
		if theirs <= 0 && out == 0 && !now.Before(r.look()) {
			theirs = 1
		}
		left = min(left, theirs)
	}
	return left
}

// look is when to ask again what others left, if nothing was.
func (r *rolling) look() time.Time { return r.crowd.at.Add(max(r.span/20, 100*time.Millisecond)) }

// held: the reserve is given to scans while the oldest calls are about to leave, the last tenth of a rolling window.
func (r *rolling) held(now time.Time) int64 {
	r.expire(now)
	if len(r.entries) > 0 && !now.Before(r.entries[0].at.Add(r.span*9/10)) || r.crowd.here(now) {
		return 0
	}
	return reserve(r.limit)
}

func (r *rolling) ready(now time.Time, _, _ int64) time.Time {
	r.expire(now)
	if look := r.look(); r.crowd.here(now) && look.After(now) {
		return look
	}
	if len(r.entries) == 0 {
		return time.Time{}
	}
	at := r.entries[0].at
	if tenth := at.Add(r.span * 9 / 10); tenth.After(now) {
		return tenth
	}
	return at.Add(r.span)
}

func (r *rolling) settle(now time.Time, _ uint64, cost int64, _ *answer) {
	if r.expire(now); cost > 0 {
		r.add(now, cost)
	}
}

func (r *rolling) refund(_ uint64, cost int64) {
	for i := len(r.entries) - 1; i >= 0 && cost > 0; i-- {
		c := min(cost, r.entries[i].cost)
		r.entries[i].cost -= c
		r.used -= c
		cost -= c
	}
}

// learn adds what others surely spent: what the provider counts beyond all of ours.
func (r *rolling) learn(now time.Time, a *answer) {
	r.expire(now)
	if a.limit > 0 {
		r.limit = a.limit
	}
	if a.remaining < 0 {
		return
	}
	if others := r.limit - min(a.remaining, r.limit) - r.used - a.out; others > 0 {
		r.add(now, others)
		r.crowd.seen(now, r.span)
	}
	if a.throttled {
		r.crowd.seen(now, r.span)
	}
	r.crowd.learn(now, a)
}

func (r *rolling) resize(limit int64)       { r.limit = limit }
func (r *rolling) part(share float64) meter { return newRolling(scale(r.limit, share), r.span) }

func (r *rolling) view(now time.Time, out int64) (int64, int64, time.Time) {
	left := max(0, r.room(now, out))
	if len(r.entries) == 0 {
		return r.limit, left, time.Time{}
	}
	return r.limit, left, r.entries[0].at.Add(r.span)
}

func (r *rolling) eta(now time.Time, n, out int64) time.Duration {
	n -= max(0, r.room(now, out))
	if n <= 0 || r.limit <= 0 {
		return 0
	}
	rounds := (n - 1) / r.limit
	n -= rounds * r.limit
	for _, e := range r.entries {
		if n -= e.cost; n <= 0 {
			return time.Duration(rounds)*r.span + e.at.Add(r.span).Sub(now)
		}
	}
	return time.Duration(rounds+1) * r.span
}
