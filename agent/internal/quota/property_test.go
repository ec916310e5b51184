package quota_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/quota"
)

// world is one random provider, with its network and its other users.
type world struct {
	v       vendor
	latency time.Duration
	jitter  float64
	others  float64 // requests per second that others send
	n       int64
	clients int
}

func randomWorld(r *rand.Rand) *world {
	pick := func(all ...string) string { return all[r.IntN(len(all))] }
	w := &world{latency: time.Duration(1+r.IntN(200)) * time.Millisecond, jitter: r.Float64() * 0.9, clients: 1 + r.IntN(3)}
	w.v.shape = pick("fixed_window", "lazy_window", "rolling", "token")
	w.v.limit = int64(1 + r.IntN(400))
	w.v.span = time.Duration(1+r.IntN(20)) * time.Second
	w.v.resets = pick("absolute", "ceil", "floor", "none")
	w.v.phase = time.Duration(r.Int64N(int64(w.v.span)))
	if r.IntN(2) == 0 {
		w.v.skew = time.Duration(r.IntN(400)-200) * time.Millisecond
	}
	if r.IntN(3) == 0 {
		w.others = float64(w.v.limit) / w.v.span.Seconds() * r.Float64() * 0.6
	}
	w.n = w.v.limit*int64(1+r.IntN(5)) + int64(r.IntN(50))
	return w
}

func (w *world) String() string {
	return fmt.Sprintf("%s %d per %v, phase %v, skew %v, resets %s, latency %v ± %.2f, others %.1f/s, %d requests of %d clients",
		w.v.shape, w.v.limit, w.v.span, w.v.phase, w.v.skew, w.v.resets, w.latency, w.jitter, w.others, w.n, w.clients)
}

// Whatever the provider, the ledger never has more requests arrive than it allows, and always gets done.
func TestNeverMoreThanTheLimit(t *testing.T) {
	for seed := range uint64(300) {
		w := randomWorld(rand.New(rand.NewPCG(seed, 7)))
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { w.check(t, seed) })
		})
	}
}

func (w *world) check(t *testing.T, seed uint64) {
	k := &link{v: &w.v, latency: w.latency, jitter: w.jitter, rng: rand.New(rand.NewPCG(seed, 2))}
	alone := &vendor{shape: w.v.shape, limit: w.v.limit, span: w.v.span, phase: w.v.phase, skew: w.v.skew}
	w.v.shadow = alone
	start := time.Now()
	best := k.optimum(start, w.n)
	l := run(t, quota.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	var all, rest sync.WaitGroup
	if w.others > 0 {
		rest.Go(func() {
			every := time.Duration(float64(time.Second) / w.others)
			for ctx.Err() == nil {
				time.Sleep(every)
				w.v.arrive(false)
			}
		})
	}
	for i := range w.clients {
		name := fmt.Sprint("i", i)
		l.Configure(name, spec(&w.v), 1, nil)
		own(l, name)
	}
	for i := range w.clients {
		name := fmt.Sprint("i", i)
		all.Go(func() { scan(t, l, k, name, quota.Full, w.n/int64(w.clients), nil) })
		all.Go(func() { impatient(ctx, l, name) })
	}
	all.Wait()
	took := time.Since(start)
	cancel()
	rest.Wait()
	free := 1.0
	if w.others > 0 {
		free = 1 - w.others/(float64(w.v.limit)/w.v.span.Seconds())
	}
	if most := time.Duration(float64(best)/free)*2 + 3*w.v.span + 20*w.latency + 10*time.Second; took > most {
		t.Errorf("seed %d: %v\ntook %v, want less than %v (optimum %v)", seed, w, took, most, best)
	}
	if w.others == 0 && w.v.refused > 0 {
		t.Errorf("seed %d: %v\n%d refused", seed, w, w.v.refused)
	}
	// Beside others, a refusal is theirs: what we sent would have fitted alone. (When a lazy window starts is theirs too.)
	if alone.refused > 0 && w.v.shape != "lazy_window" {
		t.Errorf("seed %d: %v\n%d refused that are not the others' doing", seed, w, alone.refused)
	}
	for _, s := range l.Status() {
		if s.InFlight != 0 || len(s.Waiting) != 0 {
			t.Errorf("seed %d: %v\nleft behind: %+v", seed, w, s)
		}
	}
}

// impatient asks and gives up, again and again.
func impatient(ctx context.Context, l *quota.Ledger, name string) {
	for range 20 {
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		if g, err := l.Lease(short, name, "gone", quota.Delta, api, 3); err == nil {
			l.Observe(name, unused(g))
		}
		cancel()
		time.Sleep(30 * time.Millisecond)
	}
}
