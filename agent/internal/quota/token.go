package quota

import (
	"math"
	"time"
)

// token is a bucket that fills steadily. A request is taken from it when it is answered: the bucket may have been full
// until then, and what would have flowed in is lost. So the level is never above the provider's, whatever the jitter.
type token struct {
	rate, burst float64 // per second; at most
	level       float64
	at          time.Time
	crowd       crowd
}

func newToken(now time.Time, rate, burst float64) *token {
	return &token{rate: rate, burst: burst, level: burst, at: now}
}

func (t *token) fill(now time.Time) {
	if d := now.Sub(t.at); d > 0 {
		t.level = min(t.burst, t.level+t.rate*d.Seconds())
		t.at = now
	}
}

// known is the level, or less, where others are seen.
func (t *token) known(now time.Time) float64 {
	if t.fill(now); !t.crowd.here(now) {
		return t.level
	}
	return min(t.level, float64(t.crowd.remaining)+t.rate*now.Sub(t.crowd.at).Seconds())
}

func (t *token) mark() uint64 { return 0 }

func (t *token) suspect(time.Time) bool { return false }

func (t *token) room(now time.Time, out int64) int64 {
	t.fill(now)
	return int64(math.Floor(t.known(now)+1e-9)) - out
}

func (t *token) held(time.Time) int64 { return min(reserve(int64(t.burst)), max(0, int64(t.burst)-1)) }

func (t *token) ready(now time.Time, need, out int64) time.Time {
	missing := float64(need+out) - t.known(now)
	if t.rate <= 0 || float64(need+out) > t.burst {
		return time.Time{}
	}
	return now.Add(max(time.Millisecond, time.Duration(missing/t.rate*float64(time.Second))))
}

func (t *token) settle(now time.Time, _ uint64, cost int64, _ *answer) {
	t.fill(now)
	t.level -= float64(cost)
}

func (t *token) refund(_ uint64, cost int64) { t.level = min(t.burst, t.level+float64(cost)) }

// learn lowers the level to what the provider could have at most: what it named, what it counted already of the
// unanswered, and what flowed in since.
func (t *token) learn(now time.Time, a *answer) {
	t.fill(now)
	if a.limit > 0 && float64(a.limit) != t.burst {
		t.resize(a.limit)
	}
	if a.remaining < 0 {
		return
	}
	if most := float64(a.remaining+a.out+1) + t.rate*a.took.Seconds(); t.level > most || a.throttled {
		t.level = min(t.level, most)
		t.crowd.seen(now, time.Duration(t.burst/t.rate*float64(time.Second)))
	}
	t.crowd.learn(now, a)
}

// resize takes the limit of the headers as how much fits in; the rate follows.
func (t *token) resize(limit int64) {
	if t.burst > 0 {
		t.rate *= float64(limit) / t.burst
	}
	t.level += float64(limit) - t.burst
	t.burst = float64(limit)
}

func (t *token) part(share float64) meter {
	return newToken(t.at, t.rate*share, max(1, t.burst*share))
}

func (t *token) view(now time.Time, out int64) (int64, int64, time.Time) {
	left := max(0, t.room(now, out))
	var full time.Time
	if t.rate > 0 && t.level < t.burst {
		full = now.Add(time.Duration((t.burst - t.level) / t.rate * float64(time.Second)))
	}
	return int64(t.burst), left, full
}

func (t *token) eta(now time.Time, n, out int64) time.Duration {
	n -= max(0, t.room(now, out))
	if n <= 0 || t.rate <= 0 {
		return 0
	}
	return time.Duration(float64(n) / t.rate * float64(time.Second))
}
