package quota

import "time"

const (
	gateFirst = 2  // requests at once before anything is known
	gateMost  = 64 // requests at once at most
	gateFast  = 8  // up to here every success adds one, as long as nothing was throttled
	// gateReserve is from how many slots on one is kept for urgent calls.
	gateReserve = 4
)

// gate bounds how many requests are in flight. With a fixed size it is the provider's concurrency limit; without, it
// grows by one a round trip and halves on a throttle, for providers that name no numbers.
type gate struct {
	fixed int64   // 0: adaptive
	size  float64 // adaptive
	cutAt time.Time
	mean  time.Duration // of the answers, smoothed
}

func newGate(fixed int64) *gate { return &gate{fixed: fixed, size: gateFirst} }

func (g *gate) most() int64 {
	if g.fixed > 0 {
		return g.fixed
	}
	return int64(g.size)
}

// held slots are kept for urgent calls.
func (g *gate) held() int64 {
	if n := g.most(); n >= gateReserve {
		return reserve(n)
	}
	return 0
}

// succeeded widens the gate when it was in use.
func (g *gate) succeeded(busy int64, took time.Duration) {
	if g.mean == 0 {
		g.mean = took
	}
	g.mean += (took - g.mean) / 8
	if g.fixed > 0 || busy < g.most()/2 {
		return
	}
	if g.cutAt.IsZero() && g.size < gateFast {
		g.size++
	} else {
		g.size += 1 / g.size
	}
	g.size = min(g.size, gateMost)
}

// throttled narrows it, once for all requests that were in flight together.
func (g *gate) throttled(now, granted time.Time) {
	if g.fixed > 0 || (!g.cutAt.IsZero() && !granted.After(g.cutAt)) {
		return
	}
	g.size, g.cutAt = max(1, g.size/2), now
}

func (g *gate) eta(n int64) time.Duration {
	return time.Duration(float64(g.mean) * float64(n) / float64(max(1, g.most())))
}
