package scan_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// soon is how long a change may take from its hint into the store.
const soon = 5 * time.Second

// onePoll is the longest interval of the test's listings, with its jitter and the time of the walks.
const onePoll = 12*time.Hour*110/100 + time.Minute

// live runs an engine on schedule, through its first scan.
func (w *world) live() *scan.Engine {
	w.t.Helper()
	w.v.hints, w.v.breaks = make(chan *wire.Hint), make(chan error)
	d := description(w.v.fetches)
	d.Realtime = []*wire.RealtimeSpec{{Name: "poll", Means: "longpoll", Listings: []string{"members"}}}
	e := scan.New(scan.Config{
		Instance: "test/one", Description: d, Source: w.v, Store: w.store, TempDir: w.t.TempDir(), Pull: true, Logger: hclog.NewNullLogger(),
	})
	ctx, cancel := context.WithCancel(w.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			w.t.Errorf("the engine ended: %v", err)
		}
	})
	time.Sleep(time.Minute)
	w.mustEqual()
	w.v.change(func() { clear(w.v.calls) })
	return e
}

// arrives gives the time until the store equals the provider.
func (w *world) arrives(within time.Duration) time.Duration {
	w.t.Helper()
	began := time.Now()
	for !w.equal() {
		if time.Since(began) > within {
			w.mustEqual()
			w.t.Fatalf("the change did not arrive within %s", within)
		}
		time.Sleep(min(within/100, time.Minute))
	}
	return time.Since(began)
}

func (w *world) equal() bool {
	has, want := w.stored(), w.v.exists()
	for r := range want {
		if !has[r] {
			return false
		}
	}
	return len(has) == len(want)
}

func (w *world) calls(listing string) int {
	w.v.mu.Lock()
	defer w.v.mu.Unlock()
	return w.v.calls[listing]
}

func accountHint(id string) *wire.Hint {
	return &wire.Hint{Listing: "members", Refs: []*wire.Ref{sdk.To(sdk.KindAccount, id)}}
}

// A change that a hint names is stored within seconds, and costs what it must.
func TestHints(t *testing.T) {
	for name, c := range map[string]struct {
		change func(v *vendor)
		hint   *wire.Hint
		calls  map[string]int // that it may cost
	}{
		"a new record that can be fetched": {
			func(v *vendor) { v.accounts["new"] = "members" }, accountHint("new"), map[string]int{"fetch": 1},
		},
		"a record that is gone and can be fetched": {
			func(v *vendor) { delete(v.accounts, "a01") }, accountHint("a01"), map[string]int{"fetch": 1},
		},
		"a record that is in another listing now": {
			func(v *vendor) { v.accounts["a01"] = "outside" }, accountHint("a01"), nil,
		},
		"a listing": {
			func(v *vendor) { v.accounts["new"] = "members" }, &wire.Hint{Listing: "members"}, map[string]int{"members": 1},
		},
		"a shard without a stamp": {
			func(v *vendor) { v.drives["d1"]["new"] = true }, &wire.Hint{Listing: "files", Shard: "d1"}, map[string]int{"files": 1},
		},
		"a shard whose stamp is not known yet to have moved": {
			func(v *vendor) { v.teams["t1"]["new"], v.stamps["t1"] = true, 7 }, &wire.Hint{Listing: "seats", Shard: "t1"}, map[string]int{"seats": 1},
		},
		"a shard that nobody named yet": {
			func(v *vendor) { v.drives["new"] = map[string]bool{"file": true} }, &wire.Hint{Listing: "files", Shard: "new"},
			map[string]int{"drives": 1, "files": 1},
		},
		"a parent whose children changed": {
			func(v *vendor) { v.teams["t1"]["new"], v.stamps["t1"] = true, 7 }, &wire.Hint{Listing: "teams"}, map[string]int{"teams": 1, "seats": 1},
		},
		"a record that is gone and cannot be fetched": {
			func(v *vendor) { delete(v.drives, "d9") }, &wire.Hint{Listing: "drives"}, map[string]int{"drives": 2, "teams": 1},
		},
		"an event": {
			func(v *vendor) { v.events = append(v.events, event{"new", time.Now()}) }, &wire.Hint{Listing: "events"}, map[string]int{"events": 1},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				populate(w.v)
				w.v.drives["d9"] = map[string]bool{}
				w.live()
				w.v.change(func() { c.change(w.v) })
				time.Sleep(2 * time.Second) // events are of whole seconds
				w.v.hints <- c.hint
				took := w.arrives(soon)
				synctest.Wait()
				for listing, most := range c.calls {
					if n := w.calls(listing); n != most {
						t.Errorf("%d walks or fetches of %s, %d are needed", n, listing, most)
					}
				}
				if c.calls != nil {
					w.v.change(func() {
						for listing := range w.v.calls {
							if c.calls[listing] == 0 {
								t.Errorf("%s was asked as well", listing)
							}
						}
						if c.calls["fetch"] == 0 && w.v.urgent == 0 {
							t.Error("the walk did not have the priority of realtime")
						}
					})
				}
				t.Logf("after %s", took)
			})
		})
	}
}

// What changes while a walk is under way, behind its back, is walked again when a hint tells of it.
func TestHintDuringAWalk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		populate(w.v)
		w.v.fetches = nil
		e := w.live()
		pages := 0
		w.v.onPage = func() { // on the last page of the list: what comes first is missed
			if pages++; pages == 2 {
				w.v.change(func() { w.v.accounts["0new"] = "members" })
				w.v.hints <- &wire.Hint{Listing: "members"}
				time.Sleep(time.Millisecond) // it is taken before the walk ends
			}
		}
		e.Want("members", false)
		time.Sleep(100 * time.Millisecond)
		if !w.v.exists()["account/0new"] {
			t.Fatal("no walk was under way")
		}
		w.arrives(soon)
	})
}

// Hints for one shard do not put off the poll of the others.
func TestHintsPutOffNoPoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		populate(w.v)
		w.live()
		w.v.change(func() { w.v.drives["d2"]["unseen"] = true })
		for began := time.Now(); !w.stored()["file/unseen"]; time.Sleep(10 * time.Minute) {
			if time.Since(began) > onePoll {
				t.Fatalf("hints for another shard put off the poll for %s", time.Since(began))
			}
			w.v.hints <- &wire.Hint{Listing: "files", Shard: "d1"}
		}
	})
}

// A burst of hints is a few walks.
func TestBurstOfHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		populate(w.v)
		w.live()
		for range 500 {
			w.v.hints <- &wire.Hint{Listing: "drives"}
			time.Sleep(soon / 500)
		}
		if n := w.calls("drives"); n < 3 || n > 6 {
			t.Errorf("500 hints in %s are %d walks", soon, n)
		}
	})
}

// A watch that breaks is begun again, and counts as broken meanwhile.
func TestWatchBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		populate(w.v)
		e := w.live()
		for range 3 {
			w.v.breaks <- sdk.Errorf(sdk.ErrUnavailable, "the line is cut")
			synctest.Wait()
			if s := e.Hints(); s.Watching || s.WatchError == "" {
				t.Errorf("a broken watch is %+v", s)
			}
			time.Sleep(30 * time.Second)
		}
		for range 10 { // an end without an error is no failure
			w.v.breaks <- nil
			time.Sleep(2 * time.Second)
		}
		w.v.change(func() { w.v.accounts["new"] = "members" })
		w.v.hints <- accountHint("new")
		w.arrives(soon)
		if s := e.Hints(); !s.Watching || s.Taken != 1 || time.Since(s.Last) > soon {
			t.Errorf("%+v", s)
		}
	})
}

// With a fifth of all hints lost every change still arrives: those that were told of soon, the others with a poll.
func TestLostHints(t *testing.T) {
	const changes = 40
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	synctest.Test(t, func(t *testing.T) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		w := newWorld(t)
		populate(w.v)
		w.live()
		lost := 0
		for i := range changes {
			id := fmt.Sprintf("n%02d", i)
			var h *wire.Hint
			w.v.change(func() {
				switch rnd.IntN(4) {
				case 0:
					w.v.accounts[id], h = "members", accountHint(id)
				case 1:
					w.v.drives["d1"][id], h = true, &wire.Hint{Listing: "files", Shard: "d1"}
				case 2:
					w.v.teams["t1"][id], h = true, &wire.Hint{Listing: "seats", Shard: "t1"}
					w.v.stamps["t1"] += 10
				default:
					w.v.accounts[id], h = "outside", &wire.Hint{Listing: "outside"}
				}
			})
			if rnd.IntN(5) == 0 {
				lost++
				continue
			}
			before := w.stored()
			w.v.hints <- h
			time.Sleep(soon)
			if has := w.stored(); len(has) <= len(before) {
				t.Fatalf("change %d with hint %v did not arrive within %s", i, h, soon)
			}
		}
		w.arrives(onePoll)
		t.Logf("%d of %d hints were lost", lost, changes)
	})
}

// stamped is a vendor whose drives can be asked whether anything changed, as by an ETag.
type stamped struct{ *vendor }

func (s stamped) Scan(ctx context.Context, p quota.Priority, req *wire.ScanRequest, part func([]byte) error) (*wire.Certificate, error) {
	if req.GetListing() != "drives" {
		return s.vendor.Scan(ctx, p, req, part)
	}
	s.mu.Lock()
	tag := []byte(fmt.Sprint(slices.Sorted(maps.Keys(s.drives))))
	s.mu.Unlock()
	switch {
	case req.GetMode() != wire.ScanMode_SCAN_MODE_DELTA:
		cert, err := s.vendor.Scan(ctx, p, req, part)
		if err == nil {
			cert.Bookmark = tag
		}
		return cert, err
	case string(req.GetBookmark()) != string(tag):
		return nil, sdk.Errorf(sdk.ErrExpired, "it changed")
	}
	return &wire.Certificate{Bookmark: tag}, nil
}

// What a delta listing missed once is settled by its next walk, which is whole, although nothing changed since; after that
// deltas are enough again.
func TestMissedByADelta(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		populate(w.v)
		w.v.fetches = nil
		d := description(nil)
		d.Listings[2].Type = wire.ListingSpec_DELTA
		e := scan.New(scan.Config{
			Instance: "test/one", Description: d, Source: stamped{w.v}, Store: w.store, TempDir: t.TempDir(), Logger: hclog.NewNullLogger(),
		})
		pass := func() {
			t.Helper()
			if _, err := e.Once(t.Context(), scan.Request{}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		pass()
		w.v.change(func() { w.v.drives = maps.Clone(w.v.drives); delete(w.v.drives, "d3") })
		pass()
		pass()
		pass() // the other listing of groups has looked since
		if w.stored()["group/d3"] {
			t.Error("a group that is gone is still there")
		}
		w.v.change(func() { clear(w.v.calls) })
		pass()
		if n := w.calls("drives"); n != 0 {
			t.Errorf("%d whole walks of what did not change", n)
		}
	})
}

// A listing that is walked by what changed is walked whole once a week: a provider's change feed may have lost something.
func TestDeltasAreListedWholeEveryWeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		populate(w.v)
		d := description(nil)
		d.Listings[2].Type = wire.ListingSpec_DELTA
		e := scan.New(scan.Config{
			Instance: "test/one", Description: d, Source: stamped{w.v}, Store: w.store, TempDir: t.TempDir(), Logger: hclog.NewNullLogger(),
		})
		const days = 15
		for range days {
			if _, err := e.Once(t.Context(), scan.Request{}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(24 * time.Hour)
		}
		if n := w.calls("drives"); n != 3 {
			t.Errorf("%d whole walks in %d days, want one a week", n, days)
		}
	})
}
