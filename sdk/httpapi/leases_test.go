package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// paced is a bench whose provider takes latency for an answer, in synthetic time.
func paced(t *testing.T, latency time.Duration, options ...option) *bench {
	t.Helper()
	b := newBench(t, "https://api.example", options...)
	httpapi.SetBase(b.Transport, base(func(r *http.Request) (*http.Response, error) {
		time.Sleep(latency)
		return plain(200, "{}"), nil
	}))
	return b
}

func TestFastCallsLeaseInBatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := paced(t, 10*time.Millisecond)
		ctx := inCall(t.Context())
		for range 500 {
			if status, _, err := b.do(request(t, ctx, "GET", "https://api.example/users", "")); status != 200 {
				t.Fatal(status, err)
			}
		}
		if n := b.host.outstanding(); n >= httpapi.MaxGrants {
			t.Errorf("%d grants are held, fewer than %d are expected", n, httpapi.MaxGrants)
		}
		time.Sleep(2 * httpapi.MaxHold)
		sent, returned := b.host.used()
		if sent != 500 || b.host.outstanding() != 0 {
			t.Errorf("sent %d, returned %d, %d are open", sent, returned, b.host.outstanding())
		}
		if n := len(b.host.asked); n > 500/httpapi.MaxGrants+5 {
			t.Errorf("%d leases for 500 requests", n)
		}
		if b.host.asked[0] != 1 {
			t.Errorf("the first lease asked for %d", b.host.asked[0])
		}
	})
}

func TestSlowCallsHoldNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := paced(t, 1500*time.Millisecond)
		for range 20 {
			_, _, _ = b.do(request(t, inCall(t.Context()), "GET", "https://api.example/users", ""))
		}
		for i, n := range b.host.asked {
			if n != 1 {
				t.Errorf("lease %d asked for %d", i, n)
			}
		}
		if _, returned := b.host.used(); returned != 0 {
			t.Errorf("%d grants were returned", returned)
		}
	})
}

// A call holds no more than it uses within MaxHold.
func TestHeldForASecondAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := paced(t, 400*time.Millisecond)
		for range 30 {
			_, _, _ = b.do(request(t, inCall(t.Context()), "GET", "https://api.example/users", ""))
			if n := b.host.outstanding(); n > 2 {
				t.Fatalf("%d grants are held by a call that sends 2.5 requests a second", n)
			}
		}
		time.Sleep(2 * httpapi.MaxHold)
	})
}

func TestConcurrentRequestsArePaidOnce(t *testing.T) {
	for _, most := range []int{0, 1, 3} {
		synctest.Test(t, func(t *testing.T) {
			b := paced(t, 30*time.Millisecond)
			b.host.most = most
			b.host.lease = func(context.Context, string, []*wire.Want) error { time.Sleep(5 * time.Millisecond); return nil }
			var wg sync.WaitGroup
			for i := range 200 {
				wg.Go(func() {
					time.Sleep(time.Duration(i*7) * time.Millisecond)
					if _, _, err := b.do(request(t, inCall(t.Context()), "GET", "https://api.example/users", "")); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			time.Sleep(2 * httpapi.MaxHold)
			if sent, _ := b.host.used(); sent != 200 {
				t.Errorf("most %d: %d were paid", most, sent)
			}
			b.host.balanced(t)
		})
	}
}

func TestOtherWantsGiveBack(t *testing.T) {
	buckets := withBuckets(
		sdk.Bucket{Name: "search", Shape: "fixed_window", Match: []sdk.Match{{Path: "/search", Cost: 5}}},
		sdk.Bucket{Name: "core", Shape: "fixed_window", Match: []sdk.Match{{Path: "/users"}}},
		sdk.Bucket{Name: "parallel", Shape: "concurrency", Match: []sdk.Match{{Path: "/export"}}},
	)
	synctest.Test(t, func(t *testing.T) {
		b := paced(t, time.Millisecond, buckets)
		get := func(path string) {
			if _, _, err := b.do(request(t, inCall(t.Context()), "GET", "https://api.example"+path, "")); err != nil {
				t.Fatal(err)
			}
		}
		for range 10 {
			get("/users/1")
		}
		if b.host.outstanding() == 0 {
			t.Fatal("the call holds nothing in advance, so this test shows nothing")
		}
		get("/search/all")
		if n := b.host.outstanding(); n != 0 {
			t.Errorf("%d grants are still held after the call went on", n)
		}
		if w := b.host.wants[len(b.host.wants)-1]; len(w) != 1 || w[0].GetBucket() != "search" || w[0].GetCost() != 5 {
			t.Errorf("the search wants %v", w)
		}
		for range 20 {
			get("/export/1")
			if n := b.host.outstanding(); n != 0 {
				t.Fatalf("%d places of a concurrency bucket are held unused", n)
			}
		}
	})
}

func TestReleaseAndExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := paced(t, time.Millisecond)
		run := func(n int) {
			for range n {
				_, _, _ = b.do(request(t, inCall(t.Context()), "GET", "https://api.example/users", ""))
			}
		}
		run(10)
		b.Release("call")
		if n := b.host.outstanding(); n != 0 {
			t.Errorf("%d grants are held after Release", n)
		}
		b.host.expires = func() time.Time { return time.Now().Add(300 * time.Millisecond) }
		run(10)
		if b.host.outstanding() == 0 {
			t.Fatal("nothing is held")
		}
		time.Sleep(250 * time.Millisecond)
		if n := b.host.outstanding(); n != 0 {
			t.Errorf("%d grants are held until the host takes them", n)
		}
		b.host.expires = func() time.Time { return time.Now().Add(-time.Hour) } // a host whose clock is off
		run(10)
	})
}

func TestThrottleStopsWhatWasGranted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := paced(t, time.Millisecond)
		throttle := false
		var leasedAt int
		httpapi.SetBase(b.Transport, base(func(*http.Request) (*http.Response, error) {
			if throttle {
				throttle = false
				leasedAt = len(b.host.asked)
				return plain(429, "slow down", "Retry-After", "7"), nil
			}
			return plain(200, "{}"), nil
		}))
		for range 10 {
			_, _, _ = b.do(request(t, inCall(t.Context()), "GET", "https://api.example/users", ""))
		}
		if b.host.outstanding() == 0 {
			t.Fatal("nothing is held")
		}
		throttle = true
		if status, _, err := b.do(request(t, inCall(t.Context()), "GET", "https://api.example/users", "")); status != 200 {
			t.Fatal(status, err)
		}
		if len(b.host.asked) != leasedAt+1 {
			t.Errorf("%d leases after the throttle, one is expected", len(b.host.asked)-leasedAt)
		}
	})
}

func TestLeaseRefusedOrCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := paced(t, 0)
		b.host.lease = func(context.Context, string, []*wire.Want) error {
			return &sdk.Error{Type: sdk.ErrBlocked, Message: "the daily cap is reached", Sent: true}
		}
		_, _, e := b.do(request(t, inCall(t.Context()), "POST", "https://api.example/users?secret=1", "x"))
		if e == nil || e.Type != sdk.ErrBlocked || e.Sent || e.Message != "the daily cap is reached" {
			t.Errorf("got %#v", e)
		}
		b.host.lease = func(ctx context.Context, _ string, _ []*wire.Want) error { <-ctx.Done(); return ctx.Err() }
		var wg sync.WaitGroup
		for range 3 { // one asks, two wait for it
			wg.Go(func() {
				ctx, cancel := context.WithTimeout(inCall(t.Context()), time.Minute)
				defer cancel()
				_, _, e := b.do(request(t, ctx, "GET", "https://api.example/users", ""))
				if e == nil || e.Sent || !errors.Is(e, context.DeadlineExceeded) {
					t.Errorf("got %v", e)
				}
			})
		}
		wg.Wait()
		b.host.lease = nil
		if status, _, e := b.do(request(t, inCall(t.Context()), "GET", "https://api.example/users", "")); status != 200 {
			t.Error("afterwards: ", e)
		}
	})
}
