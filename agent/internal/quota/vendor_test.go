package quota_test

import (
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// vendor is an honest provider: it counts a request when it arrives, on its own clock, and speaks in whole seconds.
type vendor struct {
	shape  string // fixed_window | rolling | token | lazy_window: it starts with its first request
	limit  int64
	span   time.Duration // window; token: limit per span flows in
	phase  time.Duration // of its windows, against whole spans
	skew   time.Duration // its clock against ours
	resets string        // absolute | ceil | floor | none: how it tells the reset
	mute   bool          // no limit and remaining

	mu       sync.Mutex
	window   int64
	used     int64
	level    float64
	at       time.Time
	arrivals []time.Time // rolling
	refused  int
	shadow   *vendor // counts ours alone
}

// reply is what one answer says.
type reply struct {
	ok               bool
	limit, remaining int64
	reset            time.Time // as the headers give it, read on our clock
	retry            time.Duration
}

func (v *vendor) arrive(mine bool) reply {
	v.mu.Lock()
	defer v.mu.Unlock()
	now := time.Now().Add(v.skew)
	left, wait := v.count(now)
	ok := left >= 0
	if !ok && mine {
		v.refused++
	}
	if mine && v.shadow != nil {
		v.shadow.follow(now, ok)
	}
	r := reply{ok: ok, limit: v.limit, remaining: max(0, left)}
	seconds := func(d time.Duration, round func(float64) float64) time.Duration {
		return time.Duration(round(d.Seconds())) * time.Second
	}
	switch v.resets {
	case "absolute": // whole seconds of its own clock
		r.reset = time.Unix(now.Add(wait).Unix(), 0)
	case "ceil":
		r.reset = time.Now().Add(seconds(wait, math.Ceil))
	case "floor":
		r.reset = time.Now().Add(seconds(wait, math.Floor))
	}
	if !ok {
		r.retry = max(time.Second, seconds(wait, math.Ceil))
	}
	return r
}

// follow counts what another vendor counted, and notes what would have been refused here too.
func (v *vendor) follow(now time.Time, counted bool) {
	if left, _ := v.count(now); left < 0 {
		v.refused++
		return
	}
	switch {
	case counted:
	case v.shape == "token":
		v.level++
	case v.shape == "rolling":
		v.arrivals = v.arrivals[:len(v.arrivals)-1]
	default:
		v.used--
	}
}

// count takes one and says what is left (-1: refused) and how long until there is more.
func (v *vendor) count(now time.Time) (left int64, wait time.Duration) {
	switch v.shape {
	case "fixed_window":
		since := now.Add(-v.phase).UnixNano()
		if n := since / int64(v.span); n != v.window {
			v.window, v.used = n, 0
		}
		wait = v.span - time.Duration(since%int64(v.span))
		if v.used >= v.limit {
			return -1, wait
		}
		v.used++
		return v.limit - v.used, wait
	case "lazy_window":
		if v.at.IsZero() || !now.Before(v.at.Add(v.span)) {
			v.at, v.used = now, 0
		}
		wait = v.at.Add(v.span).Sub(now)
		if v.used >= v.limit {
			return -1, wait
		}
		v.used++
		return v.limit - v.used, wait
	case "rolling":
		for len(v.arrivals) > 0 && !v.arrivals[0].Add(v.span).After(now) {
			v.arrivals = v.arrivals[1:]
		}
		if int64(len(v.arrivals)) >= v.limit {
			return -1, v.arrivals[0].Add(v.span).Sub(now)
		}
		v.arrivals = append(v.arrivals, now)
		return v.limit - int64(len(v.arrivals)), v.arrivals[0].Add(v.span).Sub(now)
	}
	rate := float64(v.limit) / v.span.Seconds()
	if v.at.IsZero() {
		v.level, v.at = float64(v.limit), now
	}
	v.level = min(float64(v.limit), v.level+rate*now.Sub(v.at).Seconds())
	v.at = now
	if v.level < 1-1e-9 {
		return -1, time.Duration((1 - v.level) / rate * float64(time.Second))
	}
	v.level--
	return int64(v.level), time.Duration((float64(v.limit) - v.level) / rate * float64(time.Second))
}

// link is the way to the vendor and back.
type link struct {
	v       *vendor
	latency time.Duration // round trip
	jitter  float64       // each way is up to this much longer or shorter
	trip    func() reply  // a real round trip instead

	mu  sync.Mutex
	rng *rand.Rand
}

func (l *link) leg() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Duration(float64(l.latency/2) * (1 + l.jitter*(2*l.rng.Float64()-1)))
}

// send makes one round trip.
func (l *link) send() (reply, time.Duration) {
	start := time.Now()
	if l.trip != nil {
		r := l.trip()
		return r, time.Since(start)
	}
	time.Sleep(l.leg())
	r := l.v.arrive(true)
	time.Sleep(l.leg())
	return r, time.Since(start)
}

// observe tells a ledger of it, as httpapi does.
func (l *link) observe(id uint64, bucket string, r reply, took time.Duration) *wire.Observe {
	o := &wire.Observe{Id: id, Sent: true, Status: 200, Took: durationpb.New(took)}
	s := &wire.BucketState{Bucket: bucket}
	if !l.v.mute {
		s.Limit, s.Remaining = new(r.limit), new(r.remaining)
	}
	if !r.reset.IsZero() {
		s.ResetAt = timestamppb.New(r.reset)
	}
	if !r.ok {
		o.Status, o.Throttled = 429, true
		s.RetryAfter = durationpb.New(r.retry)
	}
	o.States = []*wire.BucketState{s}
	return o
}

// optimum is how long n requests take one who knows everything: each arrives at the first instant it is counted.
func (l *link) optimum(start time.Time, n int64) time.Duration {
	v := l.v
	way := l.latency / 2
	rounds := (n - 1) / v.limit
	switch {
	case n <= v.limit:
		return l.latency
	case v.shape == "token":
		return l.latency + time.Duration(float64(n-v.limit)/float64(v.limit)*float64(v.span))
	case v.shape == "rolling", v.shape == "lazy_window":
		return l.latency + time.Duration(rounds)*v.span
	}
	first := start.Add(v.skew - v.phase + way).UnixNano()
	opens := v.span - time.Duration(first%int64(v.span))
	return way + opens + time.Duration(rounds-1)*v.span + way
}

// unused gives a whole lease back.
func unused(g quota.Lease) *wire.Observe {
	return &wire.Observe{Id: g.ID, Returned: uint32(g.Count)}
}
