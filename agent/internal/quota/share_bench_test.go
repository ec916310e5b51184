package quota_test

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/quota"
)

// What BenchmarkShare does: windows that two scans fill, with actions in between, fewer than the reserve of a window.
const (
	shareWindows = 2
	shareWorkers = 40
	actionEvery  = 700 * time.Millisecond
)

// BenchmarkShare has two instances scan on one quota against a real server, in real time, while actions come in.
func BenchmarkShare(b *testing.B) {
	for b.Loop() {
		v := &vendor{shape: "fixed_window", limit: 500, span: 6 * time.Second, resets: "absolute"}
		k := serve(b, v, 10*time.Millisecond)
		l := run(b, quota.Config{})
		names := []string{"a", "b"}
		for _, name := range append(names, "urgent") {
			l.Configure(name, spec(v), 1, nil)
			own(l, name)
		}
		// All start at the first instant of a window.
		start := time.Now().Truncate(time.Second).Add(time.Second)
		v.phase = time.Duration(start.UnixNano() % int64(v.span))
		time.Sleep(time.Until(start))

		ctx, cancel := context.WithDeadline(b.Context(), start.Add(shareWindows*v.span-k.latency))
		var got [2]atomic.Int64
		var all sync.WaitGroup
		for i, name := range names {
			for range shareWorkers {
				all.Go(func() {
					for {
						g, err := l.Lease(ctx, name, "scan", quota.Full, api, 1)
						if err != nil {
							return
						}
						got[i].Add(1)
						r, took := k.send()
						l.Observe(name, k.observe(g.ID, "api", r, took))
					}
				})
			}
		}
		var waits []time.Duration
		for tick := time.Tick(actionEvery); ctx.Err() == nil; {
			asked := time.Now()
			g, err := l.Lease(ctx, "urgent", "act", quota.Action, api, 1)
			if err != nil {
				break
			}
			waits = append(waits, time.Since(asked))
			r, took := k.send()
			l.Observe("urgent", k.observe(g.ID, "api", r, took))
			select {
			case <-tick:
			case <-ctx.Done():
			}
		}
		all.Wait()
		cancel()
		a, z := float64(got[0].Load()), float64(got[1].Load())
		b.ReportMetric((a+z+float64(len(waits)))/float64(shareWindows*v.limit), "sum-of-possible")
		b.ReportMetric(math.Abs(2*a/(a+z)-1), "off-its-share")
		b.ReportMetric(float64(v.refused), "429s")
		slices.Sort(waits)
		p99 := waits[min(len(waits)-1, len(waits)*99/100)]
		b.ReportMetric(float64(p99.Microseconds())/1000, "action-wait-ms-p99")
		b.ReportMetric(p99.Seconds()/k.latency.Seconds(), "action-wait-in-requests")
		b.ReportMetric(float64(len(waits)), "actions")
	}
}
