package quota_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// desk is a ledger of one instance, and how to talk to it.
type desk struct {
	*quota.Ledger
	t *testing.T
}

func newDesk(t *testing.T, spec *wire.BucketSpec, caps map[string]int64) desk {
	l := run(t, quota.Config{})
	spec.Name = "api"
	l.Configure("a", []*wire.BucketSpec{spec}, 1, caps)
	return desk{l, t}
}

// ask leases one request and says whether it was granted within the time.
func (d desk) ask(p quota.Priority, within time.Duration) (quota.Lease, bool) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(d.t.Context(), within)
	defer cancel()
	g, err := d.Lease(ctx, "a", "call", p, api, 1)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		d.t.Fatal(err)
	}
	return g, err == nil
}

// must leases one request at once.
func (d desk) must(p quota.Priority) quota.Lease {
	d.t.Helper()
	g, ok := d.ask(p, time.Millisecond)
	if !ok {
		d.t.Fatal("not granted")
	}
	return g
}

// answer settles a lease with one state.
func (d desk) answer(g quota.Lease, status uint32, s *wire.BucketState) {
	s.Bucket = "api"
	d.Observe("a", &wire.Observe{Id: g.ID, Sent: true, Status: status, States: []*wire.BucketState{s}})
}

func in(d time.Duration) *timestamppb.Timestamp { return timestamppb.New(time.Now().Add(d)) }

var hour = durationpb.New(time.Hour)

// What one answer says decides when the next may go.
func TestAnswersThatBrokeOthers(t *testing.T) {
	fixed := func() *wire.BucketSpec { return &wire.BucketSpec{Shape: "fixed_window", Window: hour} }
	tests := map[string]struct {
		spec     *wire.BucketSpec
		status   uint32
		state    func() *wire.BucketState
		not, yes time.Duration // still waits after not, granted before yes
	}{
		"nothing left until the reset": {fixed(), 200, func() *wire.BucketState {
			return &wire.BucketState{Limit: new(int64(100)), Remaining: new(int64(0)), ResetAt: in(time.Minute)}
		}, 59 * time.Second, 63 * time.Second},
		"reset under a second away": {fixed(), 200, func() *wire.BucketState {
			return &wire.BucketState{Limit: new(int64(100)), Remaining: new(int64(0)), ResetAt: in(300 * time.Millisecond)}
		}, 250 * time.Millisecond, 2 * time.Second},
		"reset in the past does not open the bucket": {fixed(), 200, func() *wire.BucketState {
			return &wire.BucketState{Limit: new(int64(100)), Remaining: new(int64(0)), ResetAt: in(-time.Minute)}
		}, time.Minute, 2 * time.Hour},
		"remaining above the limit": {fixed(), 200, func() *wire.BucketState {
			return &wire.BucketState{Limit: new(int64(100)), Remaining: new(int64(500)), ResetAt: in(time.Minute)}
		}, 0, time.Second},
		"no remaining": {fixed(), 200, func() *wire.BucketState {
			return &wire.BucketState{Limit: new(int64(100)), ResetAt: in(time.Minute)}
		}, 0, time.Second},
		"limit zero says nothing": {fixed(), 200, func() *wire.BucketState {
			return &wire.BucketState{Limit: new(int64(0)), ResetAt: in(time.Minute)}
		}, 0, time.Second},
		"nothing at all": {fixed(), 200, func() *wire.BucketState { return &wire.BucketState{} }, 0, time.Second},
		"throttled for a while": {&wire.BucketSpec{}, 429, func() *wire.BucketState {
			return &wire.BucketState{RetryAfter: durationpb.New(30 * time.Second)}
		}, 30 * time.Second, 31 * time.Second},
		"throttled for years": {&wire.BucketSpec{}, 429, func() *wire.BucketState {
			return &wire.BucketState{RetryAfter: durationpb.New(1e6 * time.Hour)}
		}, 23 * time.Hour, 25 * time.Hour},
		"throttled for less than nothing": {&wire.BucketSpec{}, 429, func() *wire.BucketState {
			return &wire.BucketState{RetryAfter: durationpb.New(-time.Hour)}
		}, 500 * time.Millisecond, 3 * time.Second},
		"throttled without a word": {&wire.BucketSpec{}, 429, func() *wire.BucketState { return &wire.BucketState{} },
			500 * time.Millisecond, 3 * time.Second},
		"throttled until the reset": {fixed(), 429, func() *wire.BucketState {
			return &wire.BucketState{Limit: new(int64(100)), Remaining: new(int64(0)), ResetAt: in(20 * time.Second)}
		}, 20 * time.Second, 22 * time.Second},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, test.spec, nil)
				d.answer(d.must(quota.Full), test.status, test.state())
				if test.not > 0 {
					if _, ok := d.ask(quota.Action, test.not); ok {
						t.Fatalf("granted within %v", test.not)
					}
				}
				if _, ok := d.ask(quota.Full, test.yes-test.not); !ok {
					t.Fatalf("not granted within %v", test.yes)
				}
			})
		})
	}
}

// Until the first answer one request goes alone; then as many as the provider says are left, less the reserve.
func TestFirstAnswerTeaches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, &wire.BucketSpec{Shape: "fixed_window", Window: durationpb.New(time.Minute)}, nil)
		first := d.must(quota.Full)
		if _, ok := d.ask(quota.Action, time.Second); ok {
			t.Fatal("a second request before the first answer")
		}
		d.answer(first, 200, &wire.BucketState{Limit: new(int64(200)), Remaining: new(int64(20)), ResetAt: in(time.Minute)})
		n := 0
		for ; ; n++ {
			if _, ok := d.ask(quota.Full, time.Millisecond); !ok {
				break
			}
		}
		if n != 16 { // 20 left, 2 % of 200 kept
			t.Errorf("%d scan requests granted, want 16", n)
		}
		for n = 0; ; n++ {
			if _, ok := d.ask(quota.Action, time.Millisecond); !ok {
				break
			}
		}
		if n != 4 {
			t.Errorf("%d urgent requests granted from the reserve, want 4", n)
		}
	})
}

// A grant that was sent and never answered is not spent twice; one that was given back is.
func TestGrantsAreSpentOnce(t *testing.T) {
	left := func(d desk) int64 { return d.Status()[0].Remaining }
	for name, test := range map[string]struct {
		settle func(d desk, g quota.Lease)
		want   int64
	}{
		"never heard of again": {func(desk, quota.Lease) { time.Sleep(time.Minute) }, 98},
		"connector died":       {func(d desk, _ quota.Lease) { d.Drop("a") }, 98},
		"given back":           {func(d desk, g quota.Lease) { d.Observe("a", unused(g)) }, 99},
		"given back late": {func(d desk, g quota.Lease) {
			time.Sleep(time.Minute)
			d.Observe("a", unused(g))
		}, 99},
		"not sent":         {func(d desk, g quota.Lease) { d.Observe("a", &wire.Observe{Id: g.ID}) }, 99},
		"given back twice": {func(d desk, g quota.Lease) { d.Observe("a", unused(g)); d.Observe("a", unused(g)) }, 99},
		"lost on the way":  {func(d desk, g quota.Lease) { d.Observe("a", &wire.Observe{Id: g.ID, Sent: true}) }, 98},
		"cost more": {func(d desk, g quota.Lease) {
			d.Observe("a", &wire.Observe{Id: g.ID, Sent: true, Status: 200, Cost: []int64{7}})
		}, 92},
		"someone else's id": {func(d desk, g quota.Lease) { d.Observe("b", unused(g)); time.Sleep(time.Minute) }, 98},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, &wire.BucketSpec{Shape: "fixed_window", Window: hour}, nil)
				d.Configure("b", nil, 1, nil)
				d.answer(d.must(quota.Full), 200, &wire.BucketState{Limit: new(int64(100)), Remaining: new(int64(99)), ResetAt: in(time.Hour)})
				test.settle(d, d.must(quota.Full))
				if got := left(d); got != test.want {
					t.Errorf("%d left, want %d", got, test.want)
				}
				time.Sleep(11 * time.Minute)
				if s := d.Status()[0]; s.InFlight != 0 || s.Remaining != test.want {
					t.Errorf("later: %d left and %d in flight, want %d and 0", s.Remaining, s.InFlight, test.want)
				}
			})
		})
	}
}

func TestDailyCapAndRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, &wire.BucketSpec{Shape: "fixed_window", Window: hour}, map[string]int64{"api": 3})
		d.answer(d.must(quota.Full), 200, &wire.BucketState{Limit: new(int64(100)), Remaining: new(int64(50)), ResetAt: in(time.Hour)})
		d.must(quota.Full)
		saved := d.Snapshot()

		after := desk{run(t, quota.Config{Load: func() []quota.BucketSnapshot { return saved }}), t}
		synctest.Wait()
		after.Configure("a", []*wire.BucketSpec{{Name: "api", Shape: "fixed_window", Window: hour}}, 1, map[string]int64{"api": 3})
		g := after.must(quota.Full)
		if s := after.Status()[0]; s.Limit != 100 || s.Remaining != 48 {
			t.Errorf("after the restart %d of %d are left, want 48 of 100", s.Remaining, s.Limit)
		}
		if _, ok := after.ask(quota.Full, time.Millisecond); ok {
			t.Error("a second request went before the first answer after the restart")
		}
		after.answer(g, 200, &wire.BucketState{Limit: new(int64(100)), Remaining: new(int64(48)), ResetAt: in(time.Hour)})
		if _, ok := after.ask(quota.Action, 23*time.Hour); ok {
			t.Error("granted beyond the daily cap")
		}
		if _, ok := after.ask(quota.Full, 2*time.Hour); !ok {
			t.Error("not granted the next day")
		}
	})
}

// A stop and an empty window survive too.
func TestStopSurvivesRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, &wire.BucketSpec{}, nil)
		d.answer(d.must(quota.Full), 429, &wire.BucketState{RetryAfter: durationpb.New(time.Hour)})
		after := newDesk(t, &wire.BucketSpec{}, nil)
		after.Restore(d.Snapshot())
		if _, ok := after.ask(quota.Action, 59*time.Minute); ok {
			t.Error("granted while stopped")
		}
		if _, ok := after.ask(quota.Full, 2*time.Minute); !ok {
			t.Error("not granted after the stop")
		}
	})
}

// A throttle stops everybody; then one goes, and only its answer lets the others follow.
func TestThrottleStopsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, &wire.BucketSpec{Shape: "rolling", Limit: 100, Window: durationpb.New(time.Minute)}, nil)
		d.Configure("b", []*wire.BucketSpec{{Name: "api", Shape: "rolling", Limit: 100, Window: durationpb.New(time.Minute)}}, 1, nil)
		own(d.Ledger, "a", "b")
		d.answer(d.must(quota.Full), 200, &wire.BucketState{})
		x := d.must(quota.Full)
		d.answer(x, 429, &wire.BucketState{RetryAfter: durationpb.New(10 * time.Second)})
		var granted sync.Map
		ctx, cancel := context.WithCancel(t.Context())
		var all sync.WaitGroup
		for i := range 6 {
			name := []string{"a", "b"}[i%2]
			all.Go(func() {
				if g, err := d.Lease(ctx, name, "", quota.Full, api, 1); err == nil {
					granted.Store(i, g)
				}
			})
		}
		count := func() (n int, last quota.Lease, owner string) {
			granted.Range(func(k, v any) bool {
				n, last, owner = n+1, v.(quota.Lease), []string{"a", "b"}[k.(int)%2]
				return true
			})
			return n, last, owner
		}
		time.Sleep(9900 * time.Millisecond)
		if n, _, _ := count(); n != 0 {
			t.Errorf("%d granted while stopped", n)
		}
		time.Sleep(time.Second)
		n, g, owner := count()
		if n != 1 {
			t.Fatalf("%d granted after the stop, want 1 until it is answered", n)
		}
		d.Observe(owner, &wire.Observe{Id: g.ID, Sent: true, Status: 200})
		synctest.Wait()
		if n, _, _ := count(); n != 6 {
			t.Errorf("%d granted after the answer, want all 6", n)
		}
		cancel()
		all.Wait()
	})
}

// A lease takes all its buckets or none, and what it waits for does not block the others.
func TestAllOrNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := run(t, quota.Config{})
		slots := func(n int64) *wire.BucketSpec { return &wire.BucketSpec{Shape: "concurrency", Limit: n} }
		x, y := slots(1), slots(1)
		x.Name, y.Name = "x", "y"
		l.Configure("a", []*wire.BucketSpec{x, y}, 1, nil)
		want := func(names ...string) (all []*wire.Want) {
			for _, n := range names {
				all = append(all, &wire.Want{Bucket: n})
			}
			return all
		}
		held, err := l.Lease(t.Context(), "a", "", quota.Full, want("y"), 1)
		if err != nil {
			t.Fatal(err)
		}
		both := make(chan quota.Lease, 1)
		go func() {
			g, _ := l.Lease(t.Context(), "a", "", quota.Full, want("x", "y"), 1)
			both <- g
		}()
		synctest.Wait()
		other, err := l.Lease(t.Context(), "a", "", quota.Inspect, want("x"), 1)
		if err != nil {
			t.Fatal(err)
		}
		l.Observe("a", &wire.Observe{Id: held.ID, Sent: true, Status: 200})
		synctest.Wait()
		if len(both) != 0 {
			t.Fatal("granted with one of two")
		}
		l.Observe("a", &wire.Observe{Id: other.ID, Sent: true, Status: 200})
		if g := <-both; g.Count != 1 {
			t.Errorf("got %d", g.Count)
		}
	})
}

// Forgetting an instance fails what it waits for, and keeps the bucket for those who share it.
func TestForget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, &wire.BucketSpec{Shape: "concurrency", Limit: 1}, nil)
		d.must(quota.Full)
		failed := make(chan error)
		go func() {
			_, err := d.Lease(t.Context(), "a", "", quota.Full, api, 1)
			failed <- err
		}()
		synctest.Wait()
		d.Forget("a")
		if err := <-failed; err == nil {
			t.Error("a removed instance was granted a lease")
		}
		if s := d.Status(); len(s) != 0 {
			t.Errorf("left behind: %+v", s)
		}
		if _, err := d.Lease(t.Context(), "a", "", quota.Full, api, 1); err == nil {
			t.Error("a lease for an unknown instance")
		}
	})
}

// Before its owner is known an instance has its own bucket; then what it waits for and holds goes over.
func TestOwnMovesWhatIsUnderWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := run(t, quota.Config{})
		got := make(chan string, 8)
		held := map[string]quota.Lease{}
		for _, name := range []string{"a", "b"} {
			l.Configure(name, []*wire.BucketSpec{{Name: "api", Shape: "concurrency", Limit: 1}}, 1, nil)
			g, err := l.Lease(t.Context(), name, "", quota.Full, api, 1)
			if err != nil {
				t.Fatal(err)
			}
			held[name] = g
			go func() {
				if g, err := l.Lease(t.Context(), name, "", quota.Full, api, 1); err == nil {
					got <- name
					l.Observe(name, &wire.Observe{Id: g.ID, Sent: true, Status: 200})
				}
			}()
			synctest.Wait()
		}
		own(l, "a", "b")
		if s := l.Status(); len(s) != 1 || s[0].InFlight != 2 || s[0].Waiting[quota.Full] != 2 || s[0].Owner != "tenant-1" {
			t.Fatalf("not one bucket: %+v", s)
		}
		l.Observe("a", &wire.Observe{Id: held["a"].ID, Sent: true, Status: 200})
		synctest.Wait()
		if len(got) != 0 {
			t.Fatal("granted while the other instance holds the only slot")
		}
		l.Observe("b", &wire.Observe{Id: held["b"].ID, Sent: true, Status: 200})
		if first, second := <-got, <-got; first == second {
			t.Errorf("%s was served twice", first)
		}
	})
}

func TestShareIsACap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := run(t, quota.Config{})
		d := desk{l, t}
		l.Configure("a", []*wire.BucketSpec{{Name: "api", Shape: "fixed_window", Window: hour}}, 0.25, nil)
		d.answer(d.must(quota.Full), 200, &wire.BucketState{Limit: new(int64(100)), Remaining: new(int64(99)), ResetAt: in(time.Hour)})
		n := 1
		for ; ; n++ {
			if _, ok := d.ask(quota.Full, time.Millisecond); !ok {
				break
			}
		}
		if n < 24 || n > 25 {
			t.Errorf("%d requests with a share of a quarter of 100", n)
		}
		if e := l.Estimate("a", api, 60); e < time.Hour || e > 4*time.Hour {
			t.Errorf("60 more are estimated at %v, want some windows", e)
		}
	})
}

func TestAdaptiveGrowsAndHalves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, &wire.BucketSpec{}, nil)
		limit := func() int64 { return d.Status()[0].Limit }
		round := func(status uint32) {
			var all []quota.Lease
			for range 64 {
				g, ok := d.ask(quota.Action, time.Millisecond)
				if !ok {
					break
				}
				all = append(all, g)
			}
			for _, g := range all {
				d.answer(g, status, &wire.BucketState{})
			}
		}
		round(200)
		first := limit()
		for range 30 {
			round(200)
		}
		if first > 4 || limit() < 16 {
			t.Errorf("grew from %d to %d, want from at most 4 to at least 16", first, limit())
		}
		before := limit()
		round(429)
		if got := limit(); got != before/2 {
			t.Errorf("%d at once after a throttle at %d", got, before)
		}
	})
}

func TestBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := run(t, quota.Config{})
		l.Configure("a", nil, 1, nil)
		many := make([]*wire.Want, 100)
		for i := range many {
			many[i] = &wire.Want{Bucket: fmt.Sprint(i)}
		}
		if _, err := l.Lease(t.Context(), "a", "", quota.Full, many, 1); err == nil {
			t.Error("100 buckets in one lease")
		}
		for i := range 20_000 { // keys are the provider's: idle buckets make room
			g, err := l.Lease(t.Context(), "a", "", quota.Full, []*wire.Want{{Bucket: "x", Key: fmt.Sprint(i)}}, 1)
			if err != nil {
				t.Fatal(err)
			}
			l.Observe("a", &wire.Observe{Id: g.ID, Sent: true, Status: 200})
		}
		if n := len(l.Status()); n > 4096 {
			t.Errorf("%d buckets are kept", n)
		}
	})
}
