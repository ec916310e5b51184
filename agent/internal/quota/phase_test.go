package quota_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// A scan that starts anywhere in a window finds the next one open within a round trip, however the reset is rounded.
func TestWindowIsFoundOpen(t *testing.T) {
	for _, resets := range []string{"absolute", "ceil", "floor"} {
		for _, phase := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 3700 * time.Millisecond} {
			for _, skew := range []time.Duration{0, 150 * time.Millisecond, -150 * time.Millisecond} {
				c := course{"", func() *vendor {
					return &vendor{shape: "fixed_window", limit: 500, span: 6 * time.Second, phase: phase, skew: skew, resets: resets}
				}, 60 * time.Millisecond, 2400}
				e, refused := c.measure(t, 3, func(t *testing.T, k *link) {
					l := run(t, quota.Config{})
					l.Configure("a", spec(k.v), 1, nil)
					scan(t, l, k, "a", quota.Full, c.n, nil)
				})
				least := 0.94 // the first edge may cost a second
				if phase%time.Second == 0 && skew == 0 && resets == "absolute" {
					least = 0.98
				}
				if e < least || refused > 0 {
					t.Errorf("%s, phase %v, skew %v: efficiency %.3f, %d refused; want %.2f and none", resets, phase, skew, e, refused, least)
				}
			}
		}
	}
}

// Where a clock is so wrong that the window seems open when it is not, one request pays for it, not all.
func TestWrongClockCostsOneRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := course{"", func() *vendor {
			return &vendor{shape: "fixed_window", limit: 10, span: 20 * time.Second, phase: 5 * time.Second, skew: -5 * time.Second, resets: "absolute"}
		}, 20 * time.Millisecond, 30}
		k := c.link(4)
		l := run(t, quota.Config{})
		l.Configure("a", spec(k.v), 1, nil)
		scan(t, l, k, "a", quota.Full, c.n, nil)
		if k.v.refused > 3 {
			t.Errorf("%d refused in 3 windows", k.v.refused)
		}
	})
}

// An answer that left the old window does not speak for the new one.
func TestStragglerOfTheOldWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, &wire.BucketSpec{Shape: "fixed_window", Window: durationpb.New(10 * time.Second)}, nil)
		old := in(10 * time.Second)
		d.answer(d.must(quota.Full), 200, &wire.BucketState{Limit: new(int64(100)), Remaining: new(int64(50)), ResetAt: old})
		time.Sleep(9900 * time.Millisecond)
		straggler, first := d.must(quota.Full), d.must(quota.Full)
		time.Sleep(300 * time.Millisecond)
		d.answer(first, 200, &wire.BucketState{Limit: new(int64(100)), Remaining: new(int64(99)), ResetAt: in(9800 * time.Millisecond)})
		d.answer(straggler, 200, &wire.BucketState{Limit: new(int64(100)), Remaining: new(int64(0)), ResetAt: old})
		if s := d.Status()[0]; s.Remaining != 99 {
			t.Errorf("%d left in the new window, want 99", s.Remaining)
		}
	})
}

// A grant that comes together with the end of its context is given back.
func TestCancelledWhileGranted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, &wire.BucketSpec{Shape: "concurrency", Limit: 1}, nil)
		for range 50 {
			held := d.must(quota.Full)
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan struct{})
			go func() {
				defer close(done)
				if g, err := d.Lease(ctx, "a", "", quota.Full, api, 1); err == nil {
					d.Observe("a", unused(g))
				}
			}()
			synctest.Wait()
			cancel()
			d.Observe("a", unused(held))
			<-done
			if s := d.Status()[0]; s.InFlight != 0 {
				t.Fatalf("%d in flight after all was given back", s.InFlight)
			}
		}
	})
}

// Beside others who take nearly half, few requests are refused.
func TestBesideOthers(t *testing.T) {
	for _, shape := range []string{"token", "rolling"} {
		c := course{"", func() *vendor { return &vendor{shape: shape, limit: 50, span: 2 * time.Second, resets: "ceil"} }, 60 * time.Millisecond, 600}
		_, refused := c.measure(t, 5, func(t *testing.T, k *link) {
			l := run(t, quota.Config{})
			l.Configure("a", spec(k.v), 1, nil)
			ctx, cancel := context.WithCancel(t.Context())
			var others sync.WaitGroup
			others.Go(func() {
				for ctx.Err() == nil {
					time.Sleep(100 * time.Millisecond)
					k.v.arrive(false)
				}
			})
			scan(t, l, k, "a", quota.Full, c.n, nil)
			cancel()
			others.Wait()
		})
		t.Logf("%s: %d of %d refused", shape, refused, c.n)
		if refused > 90 {
			t.Errorf("%s: %d of %d refused beside others", shape, refused, c.n)
		}
	}
}
