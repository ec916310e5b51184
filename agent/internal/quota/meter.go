package quota

import "time"

// meter counts one bucket as its provider does. Its time only moves forward (monotonic), and `out` is always what is
// granted and not answered yet.
type meter interface {
	// room is what may be granted now.
	room(now time.Time, out int64) int64
	// suspect: the room is a guess, so one request goes first.
	suspect(now time.Time) bool
	// held is how much of the room is kept from scans now.
	held(now time.Time) int64
	// ready says when time alone could make room for need (and release what is held); zero: only an answer can.
	ready(now time.Time, need, out int64) time.Time
	// mark names the window that a grant is given in, for settle and refund.
	mark() uint64
	// settle counts a request as arrived. a is its answer, nil if none came.
	settle(now time.Time, mark uint64, cost int64, a *answer)
	// refund takes back what was settled and then found unsent.
	refund(mark uint64, cost int64)
	// learn takes what an answer says, before the request is settled.
	learn(now time.Time, a *answer)
	// resize changes the limit.
	resize(limit int64)
	// part is a meter for the share of one instance.
	part(share float64) meter
	// view is for people.
	view(now time.Time, out int64) (limit, remaining int64, reset time.Time)
	// eta is how long n more would take.
	eta(now time.Time, n, out int64) time.Duration
}

// answer is what one answer said about one bucket.
type answer struct {
	limit, remaining int64     // -1: not said
	reset            time.Time // zero: not said
	retry            time.Duration
	throttled        bool // refused, which our own count would not have let happen: others are there
	took             time.Duration
	granted          time.Time // when the request was granted; zero: unknown
	mark             uint64    // the window it was granted in
	out              int64     // what is unanswered, this request included
}

// reserve of a limit is kept for urgent calls; of a single call nothing can be.
func reserve(limit int64) int64 { return min(max(1, limit/50), max(0, limit-1)) }

// scale is the share of a limit, at least one.
func scale(limit int64, share float64) int64 { return max(1, int64(float64(limit)*share+1e-9)) }

// later is the later of two times, earlier the earlier that is not zero.
func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

// crowd is what to go by while others surely spend from the same bucket: not our own count but the newest remaining, less
// all that is unanswered.
type crowd struct {
	until     time.Time // zero: nobody else was seen
	remaining int64
	at        time.Time // when that was answered
}

// seen notes others, for some spans.
func (c *crowd) seen(now time.Time, span time.Duration) { c.until = now.Add(max(time.Minute, 5*span)) }

func (c *crowd) here(now time.Time) bool { return now.Before(c.until) && !c.at.IsZero() }

// learn takes a remaining. Of answers that overlap, the lowest is the newest.
func (c *crowd) learn(now time.Time, a *answer) {
	if c.at.IsZero() || a.remaining <= c.remaining || a.granted.After(c.at) {
		c.remaining, c.at = a.remaining, now
	}
}
