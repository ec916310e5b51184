package judge_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/view"
	"github.com/mooring-hq/mooring/sdk"
)

// story is a life with something of everything.
func story(w *world) {
	enforce := func(p *config.Policy) {
		p.Mode, p.Actions = "enforce", []config.PolicyAction{{Name: "make_private"}}
	}
	w.set(with(on("file", "public", public), enforce), on("account", "admin", "account.admin"),
		on("account", "born", "change.what == 'created'"),
		with(on("activity", "many", "activity.type == 'file_download'"), func(p *config.Policy) {
			p.Repeat = &config.Repeat{Count: 3, Within: time.Minute, By: "actor"}
		}))
	w.put(file("old", "public"))
	w.start()
	w.settle()
	w.put(file("a", "public"), file("b", "public"))
	w.settle()
	w.first("others", &sdk.Account{Id: "ann"}, &sdk.Role{Id: "root", Privileged: new(true)})
	w.put(&sdk.Account{Id: "bob"}, &sdk.Account{Id: "cat"})
	w.settle()
	w.put(&sdk.Membership{Id: "m", Container: sdk.To(sdk.KindRole, "root"), Member: sdk.To(sdk.KindAccount, "bob")})
	w.settle()
	for n := range 5 {
		w.put(act(fmt.Sprint(n), "file_download", "x@acme.example", time.Now()))
	}
	w.settle()
	w.put(file("a", "link"))
	w.remove(sdk.KindFile, "b", "gone")
	w.remove(sdk.KindMembership, "m", "gone")
	w.settle()
	w.halt()
	w.set(on("account", "admin", "account.admin"), on("file", "public", "file.access_level == 'link'"))
	w.start()
	w.settle()
	w.halt()
}

// TestKilledAtEveryCommit: whichever commit of the judge does not come about, or comes about unheard, what it told and left in
// the end is the same, and nothing twice.
func TestKilledAtEveryCommit(t *testing.T) {
	var events, findings, intents []string
	commits := 0
	bubble(t, func(t *testing.T) {
		w := newWorld(t)
		story(w)
		events, findings, intents, commits = w.told(), w.findings(), w.intents(), w.store.counts
	})
	if len(events) < 12 || len(intents) != 2 || commits < 8 {
		t.Fatalf("%d commits, intents %q, events:\n%s", commits, intents, strings.Join(events, "\n"))
	}
	slices.Sort(events)
	if testing.Short() {
		commits = 4
	}
	for n := 1; n <= commits; n++ {
		for _, after := range []bool{false, true} {
			t.Run(fmt.Sprint(n, after), func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					w := newWorld(t)
					w.store.trip, w.store.after = n, after
					story(w)
					got := w.told()
					slices.Sort(got)
					expect(t, "events", got, events...)
					expect(t, "findings", w.findings(), findings...)
					expect(t, "intents", w.intents(), intents...)
					if w.killed == 0 {
						t.Error("it was never killed")
					}
				})
			})
		}
	}
}

// TestLongWalk: a look at more records than fit into one piece finds each once, wherever it is killed, and goes on where it was.
func TestLongWalk(t *testing.T) {
	const files = 1300
	for trip := range 5 {
		bubble(t, func(t *testing.T) {
			w := newWorld(t, on("file", "public", "file.access_level == 'public' && file.name.endsWith('.txt')"))
			var all []sdk.Record
			for n := range files {
				f := file(fmt.Sprintf("f%05d", n), []string{"public", "link", "public"}[n%3])
				f.Name = new(f.Id + strings.Repeat("x", 6<<10) + ".txt") // so that there are several commits
				all = append(all, f)
			}
			w.put(all...)
			w.store.trip, w.store.after = trip, trip%2 == 0
			w.start()
			w.settle()
			w.halt()
			if trip > 2 && w.store.walks != 1 {
				t.Errorf("%d walks began", w.store.walks)
			}
			w.compare()
			if got := w.told(); len(got) != 1 || got[0] != fmt.Sprint("baseline public ", len(w.findings())) {
				t.Errorf("events %q", got)
			}
			w.set(on("file", "public", "file.access_level == 'link' || file.name.startsWith('f00000')"))
			w.store.trip = trip
			w.start()
			w.settle()
			w.halt()
			w.compare()
			if len(w.findings()) != (files+1)/3+1 {
				t.Errorf("%d findings", len(w.findings()))
			}
			if trip > 0 && w.killed != 2 || w.store.counts < 8 {
				t.Errorf("killed %d times, %d commits", w.killed, w.store.counts)
			}
		})
	}
}

// TestSchedules: after any life, with kills, restarts, other policies and exceptions, the findings are what a look at
// everything says, and the events tell how they came about.
func TestSchedules(t *testing.T) {
	schedules, seed := 60, rand.Uint64()
	if testing.Short() {
		schedules = 10
	}
	if v, err := strconv.Atoi(os.Getenv("JUDGE_SCHEDULES")); err == nil {
		schedules = v
	}
	if v, err := strconv.ParseUint(os.Getenv("JUDGE_SEED"), 10, 64); err == nil {
		seed = v
	}
	for n := range schedules {
		ok := t.Run("", func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				life(t, rand.New(rand.NewPCG(seed, uint64(n))))
			})
		})
		if !ok {
			t.Fatalf("seed %d, schedule %d", seed, n)
		}
	}
}

var library = []*config.Policy{
	on("file", "public", public), on("file", "public", "file.access_level in ['public', 'link']"), on("file", "public", "known(file.size_bytes)"),
	on("account", "admin", "account.admin && account.mfa == 'off'"), on("account", "guest", "account.external"),
	on("account", "guest", "account.external && in_group(account, 'g1')"), on("group", "mixed", "group.external_members"),
	on("account", "public", "account.mfa == 'off'"), on("file", "shared", "file.access_level == 'external'"),
	on("account", "new", "account.created_at > ago(duration('1h'))"),
}

func life(t *testing.T, rnd *rand.Rand) {
	w := newWorld(t)
	choose := func() {
		var chosen []*config.Policy
		for _, p := range library {
			if rnd.IntN(2) == 0 && !slices.ContainsFunc(chosen, func(c *config.Policy) bool { return c.Name == p.Name }) {
				chosen = append(chosen, p)
			}
		}
		w.set(chosen...)
	}
	choose()
	w.start()
	pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
	for range 40 {
		switch rnd.IntN(14) {
		case 0:
			w.halt()
			choose()
			w.start()
		case 1:
			w.store.mu.Lock()
			w.store.trip, w.store.after = 1+rnd.IntN(4), rnd.IntN(2) == 0
			w.store.mu.Unlock()
		case 2:
			w.mu.Lock()
			w.except[pick("public", "guest", "shared")+" acme/main/"+pick("file/f1", "file/f2", "account/a1", "account/a2")] = rnd.IntN(2) == 0
			w.mu.Unlock()
			w.running().ExceptionsChanged()
		case 3:
			w.remove(kinds[rnd.IntN(5)], pick("f1", "f2", "a1", "a2", "g1", "r1", "m1", "m2", "m3"), "gone")
		case 4:
			time.Sleep(time.Duration(rnd.IntN(40)) * time.Minute)
		case 5:
			w.settle()
		case 6:
			w.halt()
			w.change(rnd, pick) // while nobody judges
			w.start()
		default:
			w.change(rnd, pick)
		}
	}
	w.settle(3 * time.Hour)
	w.halt()
	w.compare()
}

// change writes some records, as a change or as a first list.
func (w *world) change(rnd *rand.Rand, pick func(...string) string) {
	var records []sdk.Record
	who := func() *sdk.Ref { return sdk.To(sdk.KindAccount, pick("a1", "a2", "a3")) }
	for range 1 + rnd.IntN(3) {
		switch rnd.IntN(6) {
		case 0, 1:
			f := file(pick("f1", "f2", "f3", "f4"), pick("public", "link", "private"))
			if rnd.IntN(3) == 0 {
				f.SizeBytes = new(int64(rnd.IntN(10)))
			}
			f.Access = &sdk.AccessList{Complete: true, Items: []*sdk.Access{{Principal: who()}, {Principal: sdk.To(sdk.KindGroup, "g1")}}}
			records = append(records, f)
		case 2:
			a := &sdk.Account{Id: pick("a1", "a2", "a3"), Mfa: new(pick("on", "off")), CreatedAt: sdk.At(time.Now())}
			if rnd.IntN(4) > 0 {
				a.Email = new(a.Id + pick("@acme.example", "@other.example"))
			}
			records = append(records, a)
		case 3:
			records = append(records, &sdk.Group{Id: "g1", Name: new(pick("g1", "other"))})
		case 4:
			records = append(records, &sdk.Role{Id: "r1", Privileged: new(rnd.IntN(2) == 0)})
		case 5:
			m := &sdk.Membership{Id: pick("m1", "m2", "m3"), Container: sdk.To(sdk.KindGroup, "g1"), Member: who()}
			if rnd.IntN(2) == 0 {
				m.Container = sdk.To(sdk.KindRole, "r1")
			}
			records = append(records, m)
		}
	}
	b := batchOf(w.t, pick("all", "all", "others", "more"), records...)
	b.Baseline = rnd.IntN(3) == 0
	w.commit(b)
}

// compare holds the findings against a look at everything, and the events against the findings.
func (w *world) compare() {
	w.t.Helper()
	var want []string
	reader := view.New(view.Source{Provider: "acme", Name: "main", Description: description, Store: w.store}, w.Organisation, time.Time{})
	for _, p := range w.Policies {
		for f, err := range reader.Records(w.t.Context(), view.Span{Kind: p.Kind}) {
			if err != nil {
				w.t.Fatal(err)
			}
			v, err := p.Condition.Judge(f.Record, policy.Context{Look: bound{reader, w}, Now: time.Now(), Ref: f.Ref})
			if err != nil {
				w.t.Fatal(err)
			}
			if v == policy.Match {
				s := p.Name + " " + f.Ref.ID
				if w.except[p.Name+" "+f.Ref.String()] {
					s += " excepted"
				}
				want = append(want, s)
			}
		}
	}
	slices.Sort(want)
	var got []string
	loud := map[string]bool{}
	for _, f := range w.findings() {
		got = append(got, strings.Replace(f, " baseline", "", 1))
		if !strings.Contains(f, " baseline") && !strings.Contains(f, " excepted") {
			loud[f] = true
		}
	}
	slices.Sort(got)
	expect(w.t, "findings", got, want...)
	w.told() // no event twice
	open := map[string]bool{}
	for _, e := range w.events() {
		ref, _ := record.ParseRef(e.Ref)
		key := e.Policy + " " + ref.ID
		switch e.What { //nolint:exhaustive // the others open and close nothing
		case event.FindingOpened:
			if open[key] {
				w.t.Errorf("%s was opened twice", key)
			}
			open[key] = true
		case event.FindingClosed:
			if !open[key] && !e.Baseline {
				w.t.Errorf("%s was closed and not open", key)
			}
			delete(open, key)
		case event.FindingChanged:
			if !open[key] {
				w.t.Errorf("%s was changed and not open", key)
			}
		}
	}
	for key := range loud {
		if !open[key] {
			w.t.Errorf("%s is open, and its events do not say so", key)
		}
		delete(open, key)
	}
	for key := range open {
		w.t.Errorf("%s is not open, and its events say so", key)
	}
	counted := 0
	for _, p := range w.running().Status().Policies {
		counted += p.Open
	}
	if counted != len(loud) {
		w.t.Errorf("%d findings are counted, there are %d", counted, len(loud))
	}
}

// bound is what the oracle looks things up with.
type bound struct {
	*view.Reader
	w *world
}

func (b bound) Account(ref *sdk.Ref) *sdk.Account { return b.Reader.Account(b.w.t.Context(), ref) }
func (b bound) Group(ref *sdk.Ref) *sdk.Group     { return b.Reader.Group(b.w.t.Context(), ref) }
func (b bound) Groups(a *sdk.Account) ([]*sdk.Group, bool) {
	return b.Reader.Groups(b.w.t.Context(), a)
}
func (bound) Person(*sdk.Ref) ([]policy.PersonAccount, bool) { return nil, false }
func (bound) Party(string) (string, bool)                    { return "", false }
func (bound) Verdict(*sdk.Ref) (string, bool)                { return "", false }
func (bound) Country(string) (string, bool)                  { return "", false }
