package quota

import "time"

const (
	// rounding is how far a reset in whole seconds may be from the real one.
	rounding = time.Second
	// edgeStep is the time between two probes at the edge of a window, edgeMost how many there are.
	edgeStep = 200 * time.Millisecond
	edgeMost = 5
)

// window is a fixed window whose reset the answers name.
//
// Resets are rounded to seconds and on the provider's clock, so they are only a guess of when the next window opens. The
// window keeps a few calls back and sends them one by one from the guessed instant on: they are paid by the old window
// if it is still open, and the first that is answered from the new one opens it. Where an answer named the window
// open, one span later is certain, whatever the clocks say.
type window struct {
	limit int64
	span  time.Duration // 0: not known
	said  bool          // span was declared

	epoch   uint64
	settled int64     // answered in this window, by us
	low     int64     // the lowest remaining that an answer of this window named; -1: none
	lowAt   time.Time // when it came

	reset, late time.Time // the earliest and latest reset named in this window
	guess       bool      // reset is not from an answer
	first       time.Time // when the first answer of this window came
	proof       time.Time // when the request that found this window open was granted
	prev        time.Time // the reset of the window before
	timid       bool      // opened on suspicion: one request until an answer comes
}

func newWindow(limit int64, span time.Duration) *window {
	return &window{limit: limit, span: span, said: span > 0, low: -1}
}

// tolerance is how far two resets of one window may be apart.
func (w *window) tolerance() time.Duration {
	if w.span > 0 {
		return w.span / 2
	}
	return rounding
}

func (w *window) mark() uint64 { return w.epoch }

func (w *window) room(now time.Time, out int64) int64 {
	w.turn(now)
	left := w.limit - w.settled
	if w.low >= 0 {
		left = min(left, w.low)
	}
	return left - out
}

func (w *window) suspect(now time.Time) bool {
	w.turn(now)
	return w.timid
}

// turn opens the next window when time alone says so.
func (w *window) turn(now time.Time) {
	certain, likely := w.opens()
	switch {
	case !certain.IsZero() && !now.Before(certain):
		w.open(time.Time{})
	case !likely.IsZero() && !now.Before(likely):
		w.open(time.Time{})
		w.timid = true
	}
}

func (w *window) opens() (certain, likely time.Time) {
	if w.reset.IsZero() {
		return
	}
	if w.span > 0 && !w.first.IsZero() {
		certain = w.first.Add(w.span)
	}
	return certain, w.late.Add(rounding + edgeStep)
}

// open starts a window that ends at reset (zero: not known yet).
func (w *window) open(reset time.Time) {
	w.epoch++
	w.settled, w.low, w.timid, w.guess = 0, -1, false, false
	w.prev = w.late
	w.reset, w.late, w.first, w.proof = reset, reset, time.Time{}, time.Time{}
}

func (w *window) held(now time.Time) int64 {
	var keep int64
	if w.reset.IsZero() || now.Before(w.lastTenth()) {
		keep = reserve(w.limit)
	}
	return max(keep, w.edge(now))
}

func (w *window) lastTenth() time.Time { return w.reset.Add(-w.length() / 10) }

// length is the span, or what is seen of it so far.
func (w *window) length() time.Duration {
	if w.span > 0 {
		return w.span
	}
	return w.reset.Sub(w.first)
}

// edge is how many calls are kept for finding the next window open. A slow bucket keeps none: there a call is worth
// more than the second it could save.
func (w *window) edge(now time.Time) int64 {
	if w.reset.IsZero() || w.guess || float64(w.limit) < w.length().Seconds() {
		return 0
	}
	keep := min(max(w.limit/100, 1), edgeMost)
	start, again := w.probes()
	if !now.Before(start) {
		keep -= 1 + int64(now.Sub(start)/edgeStep)
	}
	if !again.IsZero() && !now.Before(again) {
		keep--
	}
	return max(keep, 0)
}

// probes says from when the edge calls are sent, and when one more is: where the window opened last time.
func (w *window) probes() (start, again time.Time) {
	start = w.reset
	if w.proof.IsZero() || w.span == 0 {
		return start, again
	}
	last := w.proof.Add(w.span)
	if d := last.Sub(w.reset); d < -rounding-edgeStep || d > rounding+edgeStep {
		return start, again
	}
	if last.Before(start) {
		return last, start
	}
	return start, last
}

func (w *window) ready(now time.Time, _, _ int64) time.Time {
	if w.reset.IsZero() {
		return time.Time{}
	}
	certain, likely := w.opens()
	next := earlier(certain, likely)
	start, again := w.probes()
	for _, t := range []time.Time{w.lastTenth(), start, again} {
		if t.After(now) {
			next = earlier(next, t)
		}
	}
	if !now.Before(start) && w.edge(now) > 0 {
		next = earlier(next, start.Add((now.Sub(start)/edgeStep+1)*edgeStep)) //nolint:durationcheck // a number of steps
	}
	return next
}

func (w *window) settle(now time.Time, mark uint64, cost int64, a *answer) {
	if mark != w.epoch && a != nil && w.stale(a) {
		return // it was counted in a window that is over
	}
	w.settled += cost
	if a != nil {
		w.timid = false
	}
	if w.reset.IsZero() { // nothing names a reset: the span, from now, is surely over then
		span := w.span
		if span == 0 {
			span = spanUnknown
		}
		w.reset, w.late, w.guess = now.Add(span), now.Add(span), true
	}
	if w.first.IsZero() {
		w.first = now
	}
}

// stale: the answer speaks of a window before this one.
func (w *window) stale(a *answer) bool {
	if a.reset.IsZero() {
		return false
	}
	if w.reset.IsZero() || w.guess {
		return !w.prev.IsZero() && !a.reset.After(w.prev.Add(w.tolerance()))
	}
	return a.reset.Before(w.reset.Add(-w.tolerance()))
}

func (w *window) refund(mark uint64, cost int64) {
	if mark == w.epoch {
		w.settled = max(0, w.settled-cost)
	}
}

func (w *window) learn(now time.Time, a *answer) {
	w.turn(now)
	if a.limit > 0 {
		w.limit = a.limit
	}
	if !a.reset.IsZero() && !w.learnReset(now, a) {
		return
	}
	w.learnRemaining(now, a)
}

// learnReset places the answer in time. It is false when the answer speaks of a window that is over.
func (w *window) learnReset(now time.Time, a *answer) bool {
	switch {
	case w.stale(a):
		if a.mark != w.epoch {
			return false
		}
		if w.reset.IsZero() { // opened too early: look again in a second
			w.reset, w.late, w.timid = now, now, true
			return true
		}
		if a.reset.After(now) { // a clock was set
			w.reset, w.late = a.reset, a.reset
		}
	case w.reset.IsZero() || w.guess:
		if a.reset.After(now.Add(-rounding)) {
			w.reset, w.late, w.guess = a.reset, a.reset, false
			w.found(now, a)
		}
	case a.reset.After(w.reset.Add(w.tolerance())):
		w.learnSpan(a.reset.Sub(w.reset))
		w.open(a.reset)
		w.found(now, a)
	default:
		w.reset, w.late = earlier(w.reset, a.reset), later(w.late, a.reset)
	}
	return true
}

// found notes the first answer of a window, and when its request was granted.
func (w *window) found(now time.Time, a *answer) {
	if w.first.IsZero() {
		w.first = now
	}
	if w.proof.IsZero() && !w.prev.IsZero() {
		w.proof = a.granted
	}
}

func (w *window) learnSpan(d time.Duration) {
	if d = d.Round(time.Second); !w.said && d > 0 && (w.span == 0 || d < w.span) {
		w.span = d
	}
}

// learnRemaining trusts the lowest remaining of the window: it covers all that is answered, so what is unanswered is all
// that may still come off it. Only a request granted after that answer can prove that it went up.
func (w *window) learnRemaining(now time.Time, a *answer) {
	if a.remaining < 0 {
		return
	}
	r := min(a.remaining, w.limit)
	if w.low < 0 || r < w.low || (r > w.low && !a.granted.IsZero() && a.granted.After(w.lowAt)) {
		w.low, w.lowAt = r, now
	}
}

func (w *window) resize(limit int64) { w.limit = limit }

func (w *window) part(share float64) meter { return &portion{w: w, share: share} }

func (w *window) view(now time.Time, out int64) (int64, int64, time.Time) {
	return w.limit, max(0, w.room(now, out)), w.reset
}

func (w *window) eta(now time.Time, n, out int64) time.Duration {
	n -= max(0, w.room(now, out))
	if n <= 0 || w.limit <= 0 {
		return 0
	}
	span := w.span
	if span == 0 {
		span = spanUnknown
	}
	wait := span
	if !w.reset.IsZero() {
		wait = max(0, w.reset.Sub(now))
	}
	return wait + time.Duration((n-1)/w.limit)*span
}

// portion is what one instance may use of a window.
type portion struct {
	w     *window
	share float64
	epoch uint64
	used  int64
}

func (p *portion) turn() {
	if p.epoch != p.w.epoch {
		p.epoch, p.used = p.w.epoch, 0
	}
}

func (p *portion) room(now time.Time, out int64) int64 {
	p.w.turn(now)
	p.turn()
	return scale(p.w.limit, p.share) - p.used - out
}

func (p *portion) settle(_ time.Time, mark uint64, cost int64, a *answer) {
	p.turn()
	if mark == p.epoch || a == nil || !p.w.stale(a) {
		p.used += cost
	}
}

func (p *portion) refund(mark uint64, cost int64) {
	if p.turn(); mark == p.epoch {
		p.used = max(0, p.used-cost)
	}
}

func (p *portion) ready(now time.Time, need, out int64) time.Time { return p.w.ready(now, need, out) }
func (p *portion) eta(now time.Time, n, out int64) time.Duration {
	n -= max(0, p.room(now, out))
	if n <= 0 {
		return 0
	}
	whole := *p.w
	whole.limit, whole.settled, whole.low = scale(p.w.limit, p.share), 0, 0
	return whole.eta(now, n, 0)
}
func (p *portion) suspect(time.Time) bool   { return false }
func (p *portion) mark() uint64             { return p.w.epoch }
func (p *portion) held(time.Time) int64     { return 0 }
func (p *portion) learn(time.Time, *answer) {}
func (p *portion) resize(int64)             {}
func (p *portion) part(share float64) meter { return &portion{w: p.w, share: share} }
func (p *portion) view(now time.Time, out int64) (int64, int64, time.Time) {
	return scale(p.w.limit, p.share), max(0, p.room(now, out)), p.w.reset
}
