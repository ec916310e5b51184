package sink_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/sink"
)

func same(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// one runs a sink with a fake target in the bubble's time.
func one(b *bench, r *receiver) (*sink.Sinks, func()) {
	s := b.sinks(webhook("a"))
	s.Replace("webhook/a", r.fake())
	return s, b.start(s)
}

func TestAllInOrderAndOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := newBench(t), &receiver{}
		b.put(alerts(1200)...) // more than one batch
		s, stop := one(b, r)
		synctest.Wait()
		b.put(alert(), &event.Event{What: event.DecisionMade}, alert())
		synctest.Wait()
		same(t, "received", append(names(0, 1201), "e1202"), r.got())
		st := s.Status()[0]
		if st.State != "ok" || st.Sent != 1202 || st.Waiting != 0 || st.LastSent == nil {
			t.Errorf("status %+v", st)
		}
		b.kill(stop)
		again := &receiver{}
		_, stop = one(b, again)
		b.put(alert())
		synctest.Wait()
		stop()
		same(t, "received after a restart", names(1203, 1204), again.got())
	})
}

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := newBench(t), &receiver{}
		down := true
		r.answer = func(*event.Event) error {
			if down {
				return errors.New("it is down")
			}
			return nil
		}
		b.put(alerts(3)...)
		s, stop := one(b, r)
		defer stop()
		before := b.commits.Load()
		time.Sleep(time.Hour)
		if n := b.commits.Load() - before; n != 0 { // which all who write to the agent's file would wait for
			t.Errorf("a dead sink commits %d times", n)
		}
		if st := s.Status()[0]; st.State != "failing" || st.LastError != "it is down" || st.Waiting != 3 || st.Lag < time.Hour || st.NextTry == nil {
			t.Errorf("status %+v", st)
		}
		tries := r.tries()
		for k := 1; k < len(tries); k++ {
			most := min(time.Second<<min(k-1, 20), 5*time.Minute)
			if wait := tries[k].Sub(tries[k-1]); wait > most || wait < most/2 {
				t.Errorf("try %d after %s, want %s to %s", k, wait, most/2, most)
			}
		}
		if n := len(tries); n < 15 || n > 35 {
			t.Errorf("%d tries in an hour", n)
		}
		r.mu.Lock()
		down = false
		r.mu.Unlock()
		time.Sleep(sink.BackoffMax)
		same(t, "received", names(0, 3), r.got())
		if st := s.Status()[0]; st.State != "ok" || st.LastError != "" {
			t.Errorf("status %+v", st)
		}
	})
}

func TestRetryAfterIsKept(t *testing.T) {
	for asked, want := range map[time.Duration]time.Duration{10 * time.Minute: 10 * time.Minute, 48 * time.Hour: sink.MaxRetryAfter} {
		synctest.Test(t, func(t *testing.T) {
			b, r := newBench(t), &receiver{}
			first := true
			r.answer = func(*event.Event) error {
				if first {
					first = false
					return sink.Later("slow down", asked)
				}
				return nil
			}
			b.put(alert())
			_, stop := one(b, r)
			time.Sleep(3 * time.Hour)
			stop()
			if tries := r.tries(); len(tries) != 2 || tries[1].Sub(tries[0]) != want {
				t.Errorf("asked for %s: tries %v", asked, tries)
			}
		})
	}
}

func TestRefusedIsSetAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r, other := newBench(t), &receiver{}, &receiver{}
		r.answer = func(e *event.Event) error {
			if e.ID == "e2" || e.ID == "e4" {
				return sink.Refused("invalid_blocks")
			}
			return nil
		}
		b.put(alerts(6)...)
		s := b.sinks(webhook("a"), webhook("b"))
		s.Replace("webhook/a", r.fake())
		s.Replace("webhook/b", other.fake())
		stop := b.start(s)
		time.Sleep(time.Minute)
		same(t, "told to the other", append(names(0, 6), "sink/webhook/a/aside/3"), other.got())
		same(t, "received", []string{"e0", "e1", "e3", "e5"}, r.got())
		if n := len(r.tries()); n != 4+2*sink.RefusedTries {
			t.Errorf("%d tries, want %d for each of two", n, sink.RefusedTries)
		}
		if st := s.Status()[0]; st.Aside != 2 || st.Sent != 4 || st.Waiting != 0 {
			t.Errorf("status %+v", st)
		}
		stop()
		mended := &receiver{}
		s, stop = one(b, mended)
		b.put(alert())
		time.Sleep(time.Minute)
		same(t, "received after it is mended", []string{"e2", "e4", "e6"}, mended.got())
		if st := s.Status()[0]; st.Aside != 0 || st.Sent != 7 {
			t.Errorf("status %+v", st)
		}
		stop()
	})
}

// An event that a receiver stumbles over does not stop the others for ever; one that is down does.
func TestAnEventThatBreaksTheReceiver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := newBench(t), &receiver{}
		down := false
		r.answer = func(e *event.Event) error {
			if e.ID == "e1" || down {
				return sink.Unwell("500")
			}
			return nil
		}
		b.put(alerts(4)...)
		s, stop := one(b, r)
		defer stop()
		time.Sleep(time.Hour)
		same(t, "received", []string{"e0", "e2", "e3"}, r.got())
		if st := s.Status()[0]; st.Aside != 1 || st.Sent != 3 {
			t.Errorf("status %+v", st)
		}
		r.mu.Lock()
		down = true
		r.mu.Unlock()
		b.put(alerts(4)...)
		time.Sleep(48 * time.Hour)
		if st := s.Status()[0]; st.Aside != 1 || st.Waiting != 4 {
			t.Errorf("while it is down: %+v", st)
		}
		r.mu.Lock()
		down = false
		r.mu.Unlock()
		time.Sleep(sink.BackoffMax)
		same(t, "received at last", append([]string{"e0", "e2", "e3"}, names(4, 8)...), r.got())
	})
}

func TestABatchCanBeRefusedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var tries atomic.Int32
		s := b.sinks(webhook("a"))
		s.Replace("webhook/a", &sink.Fake{Send: func(_ context.Context, events []*event.Event) (int, error) {
			tries.Add(1)
			return 0, sink.RefusedAll("nobody is there", len(events))
		}})
		b.put(alerts(1700)...)
		stop := b.start(s)
		time.Sleep(10 * time.Minute)
		st := s.Status()[0]
		if st.Aside != sink.MaxAside || st.Dropped != 700 || tries.Load() != 4*sink.RefusedTries {
			t.Errorf("status %+v after %d tries", st, tries.Load())
		}
		stop()
	})
}

// A dead sink gets what still waits when it lives again; the other misses nothing; and the file stays small.
func TestADeadSinkDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, dead, alive := newBench(t), &receiver{}, &receiver{}
		down := true
		dead.answer = func(*event.Event) error {
			if down {
				return errors.New("no answer")
			}
			return nil
		}
		s := b.sinks(webhook("dead"), webhook("alive"))
		s.Replace("webhook/dead", dead.fake())
		s.Replace("webhook/alive", alive.fake())
		s.Limit(100, 1<<30)
		stop := b.start(s)
		defer stop()
		for range 50 {
			b.put(alerts(10)...)
			synctest.Wait()
			if n := b.spooled(); n > 101 {
				t.Fatalf("%d events are kept", n)
			}
		}
		got := slices.DeleteFunc(alive.got(), func(id string) bool { return id == "sink/webhook/dead/dropped/0" })
		same(t, "received by the one that lives", names(0, 500), got)
		if len(alive.got()) != 501 {
			t.Error("that events are dropped is not told once")
		}
		st := s.Status()[0]
		if st.State != "dropping" || st.Dropped < 400 || st.Dropped > 420 {
			t.Errorf("status %+v", st)
		}
		dead.mu.Lock()
		down = false
		dead.mu.Unlock()
		time.Sleep(sink.BackoffMax)
		rest := slices.DeleteFunc(dead.got(), func(id string) bool { return id[0] == 's' })
		if n := len(rest); uint64(n)+s.Status()[0].Dropped < 500 || !slices.Equal(rest, names(500-n, 500)) {
			t.Errorf("after %d dropped it received %v", s.Status()[0].Dropped, rest)
		}
		if st := s.Status()[0]; st.State != "ok" {
			t.Errorf("status %+v", st)
		}
	})
}

func TestBytesAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, dead := newBench(t), &receiver{answer: func(*event.Event) error { return errors.New("no answer") }}
		s := b.sinks(webhook("a"))
		s.Replace("webhook/a", dead.fake())
		s.Limit(1000, 10_000)
		stop := b.start(s)
		defer stop()
		b.put(alerts(100)...)
		synctest.Wait()
		if n := b.spooled(); n > 25 {
			t.Errorf("%d events are kept", n)
		}
	})
}

func TestWhereASinkBegins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, first, late, third := newBench(t), &receiver{}, &receiver{answer: func(*event.Event) error { return errors.New("no") }}, &receiver{}
		b.put(alerts(2)...)
		s, stop := one(b, first)
		synctest.Wait()
		same(t, "the first sink ever begins with what is there", names(0, 2), first.got())
		stop()
		_ = s
		two := b.sinks(webhook("a"), webhook("b"))
		two.Replace("webhook/a", late.fake())
		two.Replace("webhook/b", third.fake())
		stop = b.start(two)
		b.put(alerts(2)...)
		synctest.Wait()
		stop()
		same(t, "a later one begins with what is new", names(2, 4), third.got())

		onlyB := b.sinks(webhook("b"))
		onlyB.Replace("webhook/b", &sink.Fake{Send: func(_ context.Context, e []*event.Event) (int, error) { return len(e), nil }})
		stop = b.start(onlyB)
		time.Sleep(3 * time.Minute)
		stop()
		if n := b.spooled(); n != 0 {
			t.Errorf("%d events wait for a sink that is gone", n)
		}
		back := &receiver{}
		_, stop = one(b, back)
		b.put(alert())
		synctest.Wait()
		stop()
		same(t, "one that comes back is new", names(4, 5), back.got())
	})
}

// What happens while a sink is switched off is not for it.
func TestSwitchedOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		run := func(off bool) []string {
			r, other := &receiver{}, &receiver{}
			a := webhook("a")
			a.Enabled = !off
			s := b.sinks(a, webhook("b"))
			s.Replace("webhook/a", r.fake())
			s.Replace("webhook/b", other.fake())
			stop := b.start(s)
			b.put(alerts(2)...)
			synctest.Wait()
			stop()
			return r.got()
		}
		same(t, "on", names(0, 2), run(false))
		same(t, "off", []string(nil), run(true))
		same(t, "on again", names(4, 6), run(false))
	})
}

func TestWithoutSinksNothingIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		off := webhook("off")
		off.Enabled = false
		s := b.sinks(off)
		stop := b.start(s)
		b.put(alerts(50)...)
		time.Sleep(3 * time.Minute)
		stop()
		if n := b.spooled(); n != 0 {
			t.Errorf("%d events are kept", n)
		}
		same(t, "status", []sink.Status{{Sink: "webhook/off", State: "disabled"}}, s.Status())
	})
}

func TestHeldEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t)
		var mu sync.Mutex
		var batches []int
		sent := func() []int {
			mu.Lock()
			defer mu.Unlock()
			return slices.Clone(batches)
		}
		s := b.sinks(webhook("a"))
		s.Replace("webhook/a", &sink.Fake{
			Hold: func(*event.Event) time.Duration { return time.Hour },
			Send: func(_ context.Context, e []*event.Event) (int, error) {
				mu.Lock()
				defer mu.Unlock()
				batches = append(batches, len(e))
				return len(e), nil
			},
		})
		stop := b.start(s)
		defer stop()
		b.put(alerts(2)...)
		time.Sleep(50 * time.Minute)
		b.put(alerts(3)...)
		time.Sleep(5 * time.Minute)
		if early := sent(); early != nil {
			t.Fatalf("sent early: %v", early)
		}
		time.Sleep(6 * time.Minute)
		same(t, "sent together", []int{5}, sent())
	})
}

// TestSchedules: however it fails, stops and starts, nothing is left out and nothing overtakes.
func TestSchedules(t *testing.T) {
	lives := 60
	if testing.Short() {
		lives = 10
	}
	for seed := range lives {
		synctest.Test(t, func(t *testing.T) { schedule(t, uint64(seed)) })
	}
}

func schedule(t *testing.T, seed uint64) {
	random, outside := rand.New(rand.NewPCG(seed, 1)), rand.New(rand.NewPCG(seed, 2))
	b := newBench(t)
	var got []string
	fake := &sink.Fake{Send: func(ctx context.Context, events []*event.Event) (int, error) {
		n := 0
		for _, e := range events {
			switch outside.IntN(12) {
			case 0:
				return n, errors.New("unavailable")
			case 1:
				got = append(got, e.ID) // it arrived, and nobody heard
				return n, errors.New("the answer is lost")
			case 2:
				time.Sleep(time.Duration(outside.IntN(3000)) * time.Millisecond)
				if ctx.Err() != nil {
					return n, ctx.Err()
				}
			}
			got = append(got, e.ID)
			n++
		}
		return n, nil
	}}
	for life := range 6 {
		s := b.sinks(webhook("a"))
		s.Replace("webhook/a", fake)
		stop := b.start(s)
		for range random.IntN(4) {
			b.put(alerts(random.IntN(5) + 1)...)
			time.Sleep(time.Duration(random.IntN(8000)) * time.Millisecond)
		}
		switch {
		case life == 5:
			time.Sleep(time.Hour)
			stop()
		case random.IntN(2) == 0:
			b.kill(stop)
		default:
			stop()
		}
	}
	next := 0
	for _, id := range got {
		switch want := names(next, next+1)[0]; {
		case id == want:
			next++
		case next == 0 || !slices.Contains(names(0, next), id):
			t.Fatalf("seed %d: %s came before %s: %v", seed, id, want, got)
		}
	}
	if next != b.told {
		t.Fatalf("seed %d: %d of %d events arrived", seed, next, b.told)
	}
}

func TestFilters(t *testing.T) {
	b := newBench(t)
	c := func(send []string, w config.SinkWhen) *config.Sink {
		s := webhook("x")
		s.Send, s.When = send, w
		return s
	}
	e := func(what event.What, severity, policy, instance string) *event.Event {
		return &event.Event{What: what, Severity: severity, Policy: policy, Instance: instance}
	}
	for _, test := range []struct {
		name string
		sink *config.Sink
		e    *event.Event
		want bool
	}{
		{"named", c([]string{"alert.opened"}, config.SinkWhen{}), e(event.AlertOpened, "", "", ""), true},
		{"not named", c([]string{"alert.opened"}, config.SinkWhen{}), e(event.AlertClosed, "", "", ""), false},
		{"group", c([]string{"alert.*"}, config.SinkWhen{}), e(event.AlertClosed, "", "", ""), true},
		{"other group", c([]string{"alert.*"}, config.SinkWhen{}), e(event.ActionUnsure, "", "", ""), false},
		{"severe enough", c([]string{"alert.*"}, config.SinkWhen{Severity: "high"}), e(event.AlertOpened, "critical", "", ""), true},
		{"just severe enough", c([]string{"alert.*"}, config.SinkWhen{Severity: "high"}), e(event.AlertOpened, "high", "", ""), true},
		{"not severe enough", c([]string{"alert.*"}, config.SinkWhen{Severity: "high"}), e(event.AlertOpened, "medium", "", ""), false},
		{"no severity", c([]string{"action.*"}, config.SinkWhen{Severity: "high"}), e(event.ActionUnsure, "", "", ""), true},
		{"policy", c([]string{"alert.*"}, config.SinkWhen{Policies: []string{"a", "keys-*"}}), e(event.AlertOpened, "", "keys-public", ""), true},
		{"other policy", c([]string{"alert.*"}, config.SinkWhen{Policies: []string{"a", "keys-*"}}), e(event.AlertOpened, "", "b", ""), false},
		{"instance", c([]string{"alert.*"}, config.SinkWhen{Instances: []string{"github/*"}}), e(event.AlertOpened, "", "", "github/sales"), true},
		{"other instance", c([]string{"alert.*"}, config.SinkWhen{Instances: []string{"github/*"}}), e(event.AlertOpened, "", "", "okta/x"), false},
		{"no instance", c([]string{"health.*"}, config.SinkWhen{Instances: []string{"github/*"}}), e(event.HealthChanged, "", "", ""), true},
	} {
		if got := b.sinks(test.sink).Wants(0, test.e); got != test.want {
			t.Errorf("%s: %v", test.name, got)
		}
	}
}
