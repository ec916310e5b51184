package quota_test

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// own makes instances share the bucket of one tenant.
func own(l *quota.Ledger, instances ...string) {
	for _, name := range instances {
		l.Own(name, "acme", []*wire.QuotaOwner{{Bucket: "api", Owner: "tenant-1"}})
	}
}

// Three instances scan on one quota while urgent calls come in: nothing is lost, each gets its share, and the reserve
// spares an action the wait.
func TestInstancesShareOneQuota(t *testing.T) {
	for _, shares := range [][]float64{{1, 1, 1}, {0.5, 0.3, 0.2}} {
		for _, c := range courses() {
			t.Run(fmt.Sprint(shares, " ", c.name), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { shareOne(t, c, shares) })
			})
		}
	}
}

func shareOne(t *testing.T, c course, shares []float64) {
	k := c.link(2)
	l := run(t, quota.Config{})
	names := []string{"a", "b", "c"}
	for i, name := range names {
		l.Configure(name, spec(k.v), shares[i], nil)
	}
	l.Configure("urgent", spec(k.v), 1, nil)
	own(l, append(names, "urgent")...)

	// All want more than there is until the time is over.
	ctx, cancel := context.WithCancel(t.Context())
	var got [3]atomic.Int64
	var all sync.WaitGroup
	for i, name := range names {
		for range 200 {
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
	var urgent int64
	start := time.Now()
	total := 24 * time.Second
	for time.Since(start) < total {
		g, err := l.Lease(t.Context(), "urgent", "act", quota.Action, api, 1)
		if err != nil {
			t.Fatal(err)
		}
		if g.Waited > 2*k.latency {
			t.Errorf("an action waited %v beside scans", g.Waited)
		}
		urgent++
		r, took := k.send()
		l.Observe("urgent", k.observe(g.ID, "api", r, took))
		time.Sleep(min(2*time.Second, time.Until(start.Add(total))))
	}
	sum := got[0].Load() + got[1].Load() + got[2].Load()
	cancel()
	all.Wait()

	possible := float64(k.v.limit) * math.Floor(total.Seconds()/k.v.span.Seconds())
	if k.v.shape == "token" {
		possible += float64(k.v.limit)
	}
	if e := float64(sum+urgent) / possible; e < 0.98 {
		t.Errorf("together %d of %.0f: %.3f, want at least 0.98", sum+urgent, possible, e)
	}
	whole := shares[0] + shares[1] + shares[2]
	for i, name := range names {
		part := float64(got[i].Load()) / float64(sum)
		if want := shares[i] / whole; math.Abs(part/want-1) > 0.02 {
			t.Errorf("instance %s got %.4f of what was given, want %.4f within 2 %%", name, part, want)
		}
	}
	if k.v.refused > 0 {
		t.Errorf("%d refused", k.v.refused)
	}
	t.Logf("sum %.4f of %.0f, parts %d %d %d, urgent %d", float64(sum+urgent)/possible, possible, got[0].Load(), got[1].Load(), got[2].Load(), urgent)
}

// What waits is served by priority, then in the order it came.
func TestUrgentGoesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := run(t, quota.Config{})
		l.Configure("a", []*wire.BucketSpec{{Name: "api", Shape: "concurrency", Limit: 1}}, 1, nil)
		held, err := l.Lease(t.Context(), "a", "", quota.Full, api, 1)
		if err != nil {
			t.Fatal(err)
		}
		var order []string
		var all sync.WaitGroup
		for i, p := range []quota.Priority{quota.Inspect, quota.Full, quota.Full, quota.Delta, quota.Check, quota.Realtime, quota.Action} {
			all.Go(func() {
				g, err := l.Lease(t.Context(), "a", "", p, api, 1)
				if err != nil {
					t.Error(err)
					return
				}
				order = append(order, fmt.Sprintf("%v%d", p, i))
				l.Observe("a", &wire.Observe{Id: g.ID, Sent: true, Status: 200})
			})
			synctest.Wait()
		}
		l.Observe("a", &wire.Observe{Id: held.ID, Sent: true, Status: 200})
		all.Wait()
		want := []string{"action6", "realtime5", "check4", "delta3", "full1", "full2", "inspect0"}
		if d := cmp.Diff(want, order); d != "" {
			t.Errorf("served out of order (-want +got):\n%s", d)
		}
	})
}
