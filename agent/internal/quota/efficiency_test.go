package quota_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const workers = 8 // of the simple clients

var api = []*wire.Want{{Bucket: "api"}}

// spec is the template a connector would declare: the shape, and of a token bucket the unit of its rate.
func spec(v *vendor) []*wire.BucketSpec {
	return []*wire.BucketSpec{{Name: "api", Shape: strings.Replace(v.shape, "lazy", "fixed", 1), Window: durationpb.New(v.span)}}
}

// run starts a ledger and gives a function that ends it.
func run(t testing.TB, config quota.Config) *quota.Ledger {
	t.Helper()
	l := quota.New(config)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = l.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return l
}

// scan sends n requests of an instance as fast as the ledger lets it, and tells what it got over time.
func scan(t testing.TB, l *quota.Ledger, k *link, instance string, p quota.Priority, n int64, sent func()) {
	var all sync.WaitGroup
	for n > 0 {
		g, err := l.Lease(t.Context(), instance, "scan", p, api, int(min(n, 64)))
		if err != nil {
			t.Error(err)
			return
		}
		n -= int64(g.Count)
		for range g.Count {
			all.Go(func() {
				id := g.ID
				for {
					if sent != nil {
						sent()
					}
					r, took := k.send()
					l.Observe(instance, k.observe(id, "api", r, took))
					if r.ok {
						return
					}
					again, err := l.Lease(t.Context(), instance, "scan", p, api, 1)
					if err != nil {
						t.Error(err)
						return
					}
					id = again.ID
				}
			})
		}
	}
	all.Wait()
}

// simple clients, the peers: workers that pace and retry on their own.
func simple(t testing.TB, k *link, n int64, limiter *rate.Limiter) {
	var left atomic.Int64
	left.Store(n)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				for {
					if limiter != nil {
						if err := limiter.Wait(t.Context()); err != nil {
							t.Error(err)
							return
						}
					}
					r, _ := k.send()
					if r.ok {
						break
					}
					time.Sleep(r.retry)
				}
			}
		})
	}
	all.Wait()
}

type course struct {
	name    string
	vendor  func() *vendor
	latency time.Duration
	n       int64
}

func courses() []course {
	var all []course
	for _, latency := range []time.Duration{10 * time.Millisecond, 60 * time.Millisecond} {
		token := func() *vendor {
			return &vendor{shape: "token", limit: 50, span: time.Second, resets: "ceil"}
		}
		window := func() *vendor {
			return &vendor{shape: "fixed_window", limit: 500, span: 6 * time.Second, resets: "absolute"}
		}
		all = append(all, course{fmt.Sprintf("token 50/s burst 50, %v", latency), token, latency, 600},
			course{fmt.Sprintf("window 500 per 6 s, %v", latency), window, latency, 1400})
	}
	return all
}

func (c course) link(seed uint64) *link {
	return &link{v: c.vendor(), latency: c.latency, jitter: 0.2, rng: rand.New(rand.NewPCG(seed, 1))}
}

// measure runs a client in a bubble and gives its efficiency and how often it was refused.
func (c course) measure(t *testing.T, seed uint64, client func(t *testing.T, k *link)) (efficiency float64, refused int) {
	synctest.Test(t, func(t *testing.T) {
		k := c.link(seed)
		start := time.Now()
		best := k.optimum(start, c.n)
		client(t, k)
		efficiency, refused = float64(best)/float64(time.Since(start)), k.v.refused
	})
	return efficiency, refused
}

func TestEfficiencyTable(t *testing.T) {
	t.Logf("%-30s %22s %22s %22s", "", "ledger", "x/time/rate, 8 workers", "Retry-After, 8 workers")
	for _, c := range courses() {
		ours, our429 := c.measure(t, 1, func(t *testing.T, k *link) {
			l := run(t, quota.Config{})
			l.Configure("a", spec(k.v), 1, nil)
			scan(t, l, k, "a", quota.Full, c.n, nil)
		})
		paced, paced429 := c.measure(t, 1, func(t *testing.T, k *link) {
			v := k.v
			simple(t, k, c.n, rate.NewLimiter(rate.Limit(float64(v.limit)/v.span.Seconds()), int(v.limit)))
		})
		retry, retry429 := c.measure(t, 1, func(t *testing.T, k *link) { simple(t, k, c.n, nil) })
		t.Logf("%-30s %12.3f, %3d × 429 %12.3f, %3d × 429 %12.3f, %3d × 429", c.name, ours, our429, paced, paced429, retry, retry429)
		if ours < 0.98 || our429 > 0 {
			t.Errorf("%s: efficiency %.3f with %d refused; want at least 0.98 and none", c.name, ours, our429)
		}
	}
}
