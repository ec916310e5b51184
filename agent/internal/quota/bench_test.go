package quota_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/time/rate"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// serve puts a vendor behind a real HTTP server; half the latency passes before it counts, half after.
func serve(b *testing.B, v *vendor, latency time.Duration) *link {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(latency / 2)
		r := v.arrive(true)
		time.Sleep(latency / 2)
		h := w.Header()
		h.Set("X-RateLimit-Limit", strconv.FormatInt(r.limit, 10))
		h.Set("X-RateLimit-Remaining", strconv.FormatInt(r.remaining, 10))
		h.Set("X-RateLimit-Reset", strconv.FormatInt(r.reset.Unix(), 10))
		if !r.ok {
			h.Set("Retry-After", strconv.FormatInt(int64(r.retry/time.Second), 10))
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	transport := &http.Transport{MaxIdleConns: 1024, MaxIdleConnsPerHost: 1024}
	b.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	k := &link{v: v, latency: latency, rng: rand.New(rand.NewPCG(1, 1))}
	k.trip = func() reply {
		q, err := http.NewRequestWithContext(b.Context(), http.MethodGet, server.URL, nil)
		if err != nil {
			b.Error(err)
			return reply{ok: true}
		}
		a, err := transport.RoundTrip(q)
		if err != nil {
			b.Error(err)
			return reply{ok: true}
		}
		defer func() { _ = a.Body.Close() }()
		_, _ = io.Copy(io.Discard, a.Body)
		number := func(name string) int64 {
			n, _ := strconv.ParseInt(a.Header.Get(name), 10, 64)
			return n
		}
		return reply{ok: a.StatusCode == http.StatusOK, limit: number("X-RateLimit-Limit"), remaining: number("X-RateLimit-Remaining"),
			reset: time.Unix(number("X-RateLimit-Reset"), 0), retry: time.Duration(number("Retry-After")) * time.Second}
	}
	return k
}

// BenchmarkQuota paces against a real server in real time: 12 s a run. The simple clients run beside it, each against
// a server of its own; waiting is nearly all they do.
func BenchmarkQuota(b *testing.B) {
	clients := map[string]func(b *testing.B, k *link, n int64){
		"ledger": func(b *testing.B, k *link, n int64) {
			l := run(b, quota.Config{})
			l.Configure("a", spec(k.v), 1, nil)
			scan(b, l, k, "a", quota.Full, n, nil)
		},
		"rate": func(b *testing.B, k *link, n int64) {
			simple(b, k, n, rate.NewLimiter(rate.Limit(float64(k.v.limit)/k.v.span.Seconds()), int(k.v.limit)))
		},
		"retry": func(b *testing.B, k *link, n int64) { simple(b, k, n, nil) },
	}
	for _, c := range courses() {
		b.Run(c.name, func(b *testing.B) {
			for b.Loop() {
				var all sync.WaitGroup
				for name, client := range clients {
					all.Go(func() {
						v := c.vendor()
						if v.shape == "token" {
							v.resets = "absolute"
						}
						k := serve(b, v, c.latency)
						start := time.Now()
						v.phase = time.Duration(start.Truncate(time.Second).UnixNano() % int64(v.span)) // all start at the same point of a window
						best := k.optimum(start, c.n)
						client(b, k, c.n)
						b.ReportMetric(float64(best)/float64(time.Since(start)), name+"-efficiency")
						b.ReportMetric(float64(v.refused), name+"-429s")
					})
				}
				all.Wait()
			}
		})
	}
}

// BenchmarkLease is what a lease and its observation cost, alone and behind ten thousand waiters.
func BenchmarkLease(b *testing.B) {
	for _, waiting := range []int{0, 10_000} {
		b.Run(fmt.Sprint(waiting, " waiting"), func(b *testing.B) {
			l := run(b, quota.Config{})
			const instances = 100
			names := make([]string, instances)
			for i := range names {
				names[i] = fmt.Sprint("i", i)
				l.Configure(names[i], []*wire.BucketSpec{{Name: "api", Shape: "concurrency", Limit: 1 << 20}, {Name: "shut", Shape: "concurrency", Limit: 1}}, 1, nil)
				own(l, names[i])
				l.Own(names[i], "acme", []*wire.QuotaOwner{{Bucket: "shut", Owner: "t"}})
			}
			for i := range waiting {
				go func() {
					_, _ = l.Lease(b.Context(), names[i%instances], "", quota.Full, []*wire.Want{{Bucket: "shut"}}, 1)
				}()
			}
			var next atomic.Int64
			b.RunParallel(func(pb *testing.PB) {
				name := names[int(next.Add(1))%instances]
				wants := []*wire.Want{{Bucket: "api", Key: name}}
				for pb.Next() {
					g, err := l.Lease(b.Context(), name, "", quota.Full, wants, 1)
					if err != nil {
						b.Fatal(err)
					}
					l.Observe(name, &wire.Observe{Id: g.ID, Sent: true, Status: 200})
				}
			})
		})
	}
}

// BenchmarkQueue drains ten thousand waiters of a hundred instances through one slot.
func BenchmarkQueue(b *testing.B) {
	const instances, waiting = 100, 10_000
	for b.Loop() {
		l := run(b, quota.Config{})
		var all sync.WaitGroup
		for i := range instances {
			name := fmt.Sprint("i", i)
			l.Configure(name, []*wire.BucketSpec{{Name: "api", Shape: "concurrency", Limit: 1}}, 1, nil)
			own(l, name)
			for range waiting / instances {
				all.Go(func() {
					g, err := l.Lease(b.Context(), name, "", quota.Full, api, 1)
					if err != nil {
						b.Error(err)
						return
					}
					l.Observe(name, &wire.Observe{Id: g.ID, Sent: true, Status: 200})
				})
			}
		}
		all.Wait()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*waiting), "ns/lease")
}
