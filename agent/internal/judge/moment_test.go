package judge_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/sdk"
)

func TestChanges(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t,
			on("file", "opened", "change.what == 'updated' && before.access_level == 'link' && file.access_level == 'public'"),
			on("account", "born", "change.what == 'created'"), on("account", "died", "change.what == 'deleted' && account.type == 'service'"),
		)
		w.put(file("a", "link"), file("b", "public"))
		w.start()
		w.settle()
		w.put(file("a", "public"))
		w.put(file("a", "link"))
		w.put(file("a", "public"))
		w.put(file("a", "link"))
		w.put(file("b", "link"))
		w.put(file("c", "public"))
		w.first("others", &sdk.Account{Id: "not born, only seen first"})
		w.put(&sdk.Account{Id: "ann"}, &sdk.Account{Id: "bot", Type: new("service")})
		w.remove(sdk.KindAccount, "ann", "gone")
		w.remove(sdk.KindAccount, "bot", "gone")
		w.settle()
		want := []string{"opened opened a", "opened opened a", "opened born ann", "opened born bot", "opened died bot"}
		expect(t, "events", w.told(), want...)
		expect(t, "findings", w.findings(), "born ann", "born bot", "died bot", "opened a", "opened a")
		// They do not close by themselves, an exception closes one, and so does the end of the policy.
		w.except["born acme/main/account/ann"] = true
		w.running().ExceptionsChanged()
		w.settle()
		w.halt()
		w.set(on("file", "opened", "change.what == 'updated'"))
		w.start()
		w.settle()
		w.halt()
		expect(t, "findings", w.findings(), "opened a", "opened a")
		expect(t, "events", w.told()[min(len(want), len(w.told())):], "closed born ann: it was excepted",
			"closed born bot: the policy is not in force any more", "closed died bot: the policy is not in force any more")
	})
}

func TestActivities(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, on("activity", "burned", "activity.type == 'file_delete'"))
		w.put(act("before", "file_delete", "x@acme.example", time.Now()))
		w.start()
		w.settle()
		for n := range 3 { // the past, as far as the provider kept it
			w.put(act(fmt.Sprint("old", n), "file_delete", "x@acme.example", time.Now().Add(-time.Duration(n+1)*24*time.Hour)))
		}
		w.put(act("a", "file_delete", "x@acme.example", time.Now()), act("b", "file_view", "x@acme.example", time.Now()))
		again := act("a", "file_delete", "x@acme.example", time.Now().Add(-time.Second))
		again.Ip = new("10.0.0.1")
		w.settle()
		w.put(again) // another time: another activity
		w.put(again) // the same again
		w.settle()
		w.halt()
		w.start()
		w.settle(100 * 24 * time.Hour)
		w.halt()
		expect(t, "events", w.told(), "baseline burned 1", "baseline burned 2", "opened burned a", "opened burned a")
		expect(t, "findings", w.findings()) // too old to be kept
	})
}

func TestRepeated(t *testing.T) {
	bubble(t, func(t *testing.T) {
		often := func(p *config.Policy) {
			p.Repeat = &config.Repeat{Count: 5, Within: time.Minute, By: "actor"}
		}
		spread := func(p *config.Policy) {
			p.Repeat = &config.Repeat{Count: 3, Within: time.Minute, By: "actor", Distinct: "ip"}
		}
		w := newWorld(t, with(on("activity", "many", "activity.type == 'file_download'"), often),
			with(on("activity", "places", "activity.type == 'login'"), spread))
		w.start()
		w.settle(time.Hour)
		from := time.Now().Add(-30 * time.Minute)
		n := 0
		load := func(who string, seconds ...int) {
			t.Helper()
			for _, s := range seconds {
				n++
				w.put(act(fmt.Sprint(who, n), "file_download", who+"@acme.example", from.Add(time.Duration(s)*time.Second)))
			}
		}
		load("slow", 0, 20, 40, 60, 80, 100, 120, 140) // never five in a minute
		load("fast", 0, 1, 2, 3)                       // not yet
		load("late", 0, 10, 50, 40, 20)                // five, whatever their order
		load("fast", 4, 5, 6, 7, 8, 9, 10, 20, 70)     // one burst, which becomes twice as large
		load("fast", 300, 301, 302, 303, 304)          // another one
		load("edge", 0, 15, 30, 45, 60)                // a minute later is outside
		load("none", 0, 1, 2)                          //
		w.settle()
		login := func(who, ip string, second int) {
			n++
			a := act(fmt.Sprint(who, n), "login", who+"@acme.example", from.Add(time.Duration(second)*time.Second))
			a.Ip = &ip
			w.put(a)
		}
		for s := range 20 {
			login("home", "10.0.0.1", s)
		}
		login("away", "10.0.0.1", 0)
		login("away", "10.0.0.1", 1)
		login("away", "10.0.0.2", 2)
		login("away", "10.0.0.3", 3)
		login("away", "10.0.0.4", 4)
		w.settle()
		w.halt()
		expect(t, "events", w.told(), "opened many late17 5", "opened many fast18 5", "changed many fast18 10", "opened many fast31 5",
			"opened places away63 3")
	})
}

// TestLargeCommit: activities that came in one commit and take several of the judge are counted once, whenever it is killed.
func TestLargeCommit(t *testing.T) {
	for trip := range 4 {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, on("activity", "each", "known(activity.type)"), with(on("activity", "many", "known(activity.type)"), func(p *config.Policy) {
				p.Repeat = &config.Repeat{Count: 61, Within: time.Minute, By: "actor"}
			}))
			w.start()
			w.settle()
			var all []sdk.Record
			for n := range 60 {
				a := act(fmt.Sprint(n), "file_download", "x@acme.example", time.Now().Add(time.Duration(n)))
				a.Raw = []byte(`"` + strings.Repeat("x", 60<<10) + `"`)
				all = append(all, a)
			}
			before := w.store.counts
			w.store.trip = trip
			w.put(all...)
			w.settle()
			w.halt()
			if got := w.told(); len(got) != 60 || w.store.counts-before < 4 {
				t.Errorf("%d events in %d commits: %q", len(got), w.store.counts-before, got)
			}
		})
	}
}

// TestOldBursts: what happened before the policy is only counted.
func TestOldBursts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, with(on("activity", "many", "activity.type == 'file_download'"), func(p *config.Policy) {
			p.Repeat = &config.Repeat{Count: 2, Within: time.Minute, By: "actor"}
		}))
		w.start()
		w.settle()
		for n := range 30 {
			at := time.Now().Add(-time.Duration(n/3+1) * 24 * time.Hour)
			w.put(act(fmt.Sprint(n), "file_download", "x@acme.example", at))
		}
		w.settle()
		w.halt()
		expect(t, "events", w.told(), "baseline many 1", "baseline many 2", "baseline many 4", "baseline many 8")
	})
}
