package judge_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
)

const public = "file.access_level == 'public'"

func TestFindingsFollowTheirRecords(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, on("file", "public", public), on("account", "odd", "account.mfa == 'off'"))
		w.put(file("old", "public"), file("fine", "link"))
		w.start()
		defer w.halt()
		w.settle()
		expect(t, "findings", w.findings(), "public old baseline")
		w.put(file("new", "public"))
		w.put(file("old", "link"))
		w.put(&sdk.Account{Id: "ann"}) // nobody knows
		w.settle()
		other := file("new", "public")
		other.Name = new("another name") // the condition does not read it
		w.put(other)
		w.put(&sdk.Account{Id: "ann", Mfa: new("off")})
		w.settle()
		other.AccessLevel = nil // filled: not known any more
		w.put(other)
		w.settle()
		w.remove(sdk.KindAccount, "ann", "missing twice")
		w.settle()
		expect(t, "findings", w.findings())
		expect(t, "events", w.told(),
			"baseline public 1",
			"opened public new",
			"closed public old baseline: access_level: public, now link",
			"opened odd ann",
			"closed public new: access_level: public, now unknown",
			"closed odd ann: it was deleted: missing twice",
		)
		e := w.events()[1]
		var evidence map[string]any
		if err := json.Unmarshal(e.Evidence, &evidence); err != nil || evidence["access_level"] != "public" || evidence["name"] != nil {
			t.Errorf("evidence %s: %v", e.Evidence, err)
		}
		if e.Severity != "high" || e.Group != "ann@acme.example" || e.Instance != "acme/main" || e.Ref != "acme/main/file/new" ||
			len(e.People) != 1 || e.People[0] != "ann@acme.example" || !json.Valid(e.Record) {
			t.Errorf("event %+v", e)
		}
	})
}

func TestBaseline(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, on("file", "public", public))
		complete := false
		w.Complete = func(sdk.Kind) bool { return complete }
		w.start()
		w.settle()
		for n := range 5 {
			w.first("all", file(fmt.Sprint("f", n), "public"), file(fmt.Sprint("g", n), "link"))
		}
		w.put(file("f1", "link"))
		w.put(file("f2", "link"))
		w.put(file("f2", "public"))
		w.settle()
		if got := w.told(); len(got) > 0 {
			for _, e := range got {
				if e != "opened public f2" && e != "closed public f1 baseline: access_level: public, now link" &&
					e != "closed public f2 baseline: access_level: public, now link" {
					t.Errorf("during the first pass: %s", e)
				}
			}
		}
		complete = true
		w.put(file("x", "link")) // anything that wakes it
		w.settle()
		expect(t, "findings", w.findings(), "public f0 baseline", "public f2", "public f3 baseline", "public f4 baseline")
		told := w.told()
		expect(t, "the last event", told[len(told)-1:], "baseline public 3")
		// A second list comes for the first time.
		w.first("others", file("h1", "public"))
		w.settle()
		told = w.told()
		expect(t, "the last event", told[len(told)-1:], "baseline public 4")
		// Nothing is told again by a start.
		w.halt()
		w.start()
		w.settle(time.Hour)
		expect(t, "events", w.told(), told...)
		// Another condition is a first look of its own.
		w.halt()
		w.set(on("file", "public", "file.access_level in ['link', 'public'] && file.name != 'x.txt' && !file.name.startsWith('g')"))
		w.put(file("l", "link")) // before it is in force
		w.start()
		w.settle()
		expect(t, "findings", w.findings(),
			"public f0 baseline", "public f1 baseline", "public f2", "public f3 baseline", "public f4 baseline", "public h1 baseline", "public l baseline")
		expect(t, "events", w.told(), append(told, "baseline public 6")...)
		// It matches less than before, and it is gone.
		w.halt()
		w.set(on("file", "public", "file.access_level == 'link' && file.name == 'l.txt'"))
		w.start()
		w.settle()
		expect(t, "findings", w.findings(), "public l baseline")
		w.halt()
		w.set()
		w.start()
		w.settle()
		expect(t, "findings", w.findings())
		told = w.told()
		expect(t, "the last event", told[len(told)-1:], "closed public l baseline: the policy is not in force any more")
		w.halt()
	})
}

func TestActions(t *testing.T) {
	bubble(t, func(t *testing.T) {
		enforce := func(p *config.Policy) {
			p.Mode, p.Actions = "enforce", []config.PolicyAction{{Name: "make_private"}}
		}
		w := newWorld(t, with(on("file", "public", public), enforce), with(on("activity", "burned", "activity.type == 'file_delete'"), enforce))
		shrunk := false
		w.Shrunk = func(listing string) bool { return shrunk && listing == "all" }
		w.put(file("old", "public"))
		w.start()
		w.settle()
		w.put(file("a", "public"))
		w.settle()
		shrunk = true
		w.put(file("b", "public"))
		w.put(act("late", "file_delete", "x@acme.example", time.Now().Add(-16*time.Minute)))
		w.put(act("soon", "file_delete", "x@acme.example", time.Now()))
		w.settle()
		w.halt()
		w.put(file("c", "public")) // while nobody judges
		time.Sleep(16 * time.Minute)
		w.start()
		w.settle()
		w.halt()
		expect(t, "intents", w.intents(),
			"burned make_private soon the last list of all was so much smaller that it is not believed yet.",
			"public make_private a .", "public make_private b the last list of all was so much smaller that it is not believed yet.")
		expect(t, "findings", w.findings(), "burned soon", "public a", "public b", "public c", "public old baseline")
	})
}

// TestNotBelieved: many that come with other ids, or go at once, lead to nothing without a person.
func TestNotBelieved(t *testing.T) {
	bubble(t, func(t *testing.T) {
		enforce := func(p *config.Policy) {
			p.Mode, p.Actions = "enforce", []config.PolicyAction{{Name: "do"}}
		}
		w := newWorld(t, with(on("file", "public", public), enforce), with(on("account", "stranger", "!in_group(account, 'staff')"), enforce))
		var files, staff []sdk.Record
		for n := range 300 {
			files = append(files, file(fmt.Sprint("old", n), "public"))
		}
		for n := range 40 {
			staff = append(staff, &sdk.Account{Id: fmt.Sprint(n)},
				&sdk.Membership{Id: fmt.Sprint("m", n), Container: sdk.To(sdk.KindGroup, "staff"), Member: sdk.To(sdk.KindAccount, fmt.Sprint(n))})
		}
		w.put(append(append(files, staff...), &sdk.Group{Id: "staff", Name: new("staff")})...)
		w.start()
		w.settle(2 * time.Hour)
		w.put(file("one", "public"))
		w.settle()
		w.halt()
		files = nil
		for n := range 150 { // more than are judged together
			files = append(files, file(fmt.Sprint("renamed", n), "public"))
		}
		w.put(files...)
		w.start()
		w.settle()
		gone := &store.Batch{Home: store.Home{Listing: "all"}, Defines: kinds, Reason: "missing twice"}
		for n := range 21 {
			gone.Records = append(gone.Records, store.Record{Op: store.Delete, Kind: sdk.KindMembership, ID: fmt.Append(nil, "m", n)})
		}
		w.commit(gone)
		w.settle()
		w.settle(2 * time.Hour)
		w.put(file("two", "public"))
		w.settle()
		w.halt()
		free, held := map[string]int{}, map[string]int{}
		for _, i := range w.intents() {
			name, _, _ := strings.Cut(i, " ")
			if strings.HasSuffix(i, " .") {
				free[name]++
			} else {
				held[name]++
			}
		}
		if free["public"] != 2 || held["public"] != 150 || free["stranger"] != 0 || held["stranger"] != 21 {
			t.Errorf("free %v, for a person %v", free, held)
		}
	})
}

func TestLookedUp(t *testing.T) {
	bubble(t, func(t *testing.T) {
		admin := on("account", "admin", "account.admin && account.mfa == 'off'")
		w := newWorld(t, admin, on("group", "guests", "group.external_members"))
		account := func(id string) *sdk.Account {
			return &sdk.Account{Id: id, Mfa: new("off"), Email: new(id + "@acme.example")}
		}
		role := func(who string) *sdk.Membership {
			return &sdk.Membership{Id: "r-" + who, Container: sdk.To(sdk.KindRole, "root"), Member: sdk.To(sdk.KindAccount, who)}
		}
		w.first("all", account("ann"), account("bob"), &sdk.Group{Id: "team"}, &sdk.Role{Id: "root", Privileged: new(true)})
		w.start()
		defer w.halt()
		w.settle()
		w.first("others", role("ann")) // the first list of memberships
		w.settle()
		expect(t, "findings", w.findings(), "admin ann baseline")
		w.put(role("bob"))
		w.settle()
		expect(t, "findings", w.findings(), "admin ann baseline", "admin bob")
		w.remove(sdk.KindMembership, "r-ann", "gone")
		w.put(&sdk.Membership{Id: "m", Container: sdk.To(sdk.KindGroup, "team"), Member: sdk.To(sdk.KindAccount, "eve")})
		w.settle()
		expect(t, "findings", w.findings(), "admin bob")
	})
}

// TestWhileItLooks: what changes while a walk is under way is no baseline, and what is first listed then is one.
func TestWhileItLooks(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, on("file", "public", public))
		w.put(file("old", "public"), file("f", "link"))
		w.store.meanwhile = map[sdk.Kind]func(){sdk.KindFile: func() { w.put(file("f", "public")) }}
		w.start()
		w.settle()
		w.halt()
		expect(t, "findings", w.findings(), "public f", "public old baseline")
	})
	bubble(t, func(t *testing.T) {
		w := newWorld(t, on("account", "admin", "account.admin && account.mfa == 'off'"))
		account := func(id string) *sdk.Account { return &sdk.Account{Id: id, Mfa: new("off")} }
		role := func(who string) *sdk.Membership {
			return &sdk.Membership{Id: "r-" + who, Container: sdk.To(sdk.KindRole, "root"), Member: sdk.To(sdk.KindAccount, who)}
		}
		w.put(account("ann"), account("bob"), &sdk.Role{Id: "root", Privileged: new(true)}, role("ann"), role("cat"))
		w.start()
		w.settle()
		w.store.meanwhile = map[sdk.Kind]func(){sdk.KindAccount: func() { w.first("others", account("cat")) }}
		w.put(role("bob"))
		w.settle()
		w.halt()
		expect(t, "findings", w.findings(), "admin ann baseline", "admin bob baseline", "admin cat baseline")
	})
}

func TestExceptions(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, on("file", "public", public))
		except := func(id string, on bool) {
			w.mu.Lock()
			w.except["public acme/main/file/"+id] = on
			w.mu.Unlock()
			w.running().ExceptionsChanged()
			w.settle()
		}
		w.put(file("old", "public"))
		w.start()
		w.settle()
		w.put(file("a", "public"), file("b", "public"))
		w.settle()
		except("a", true)
		except("old", true)
		except("c", true)
		w.put(file("c", "public"), file("d", "public"))
		w.settle()
		expect(t, "findings", w.findings(), "public a excepted", "public b", "public c excepted", "public d", "public old baseline excepted")
		w.put(file("d", "link"))
		w.settle()
		w.halt()
		w.mu.Lock()
		w.except["public acme/main/file/c"] = false // while nobody judges
		w.mu.Unlock()
		w.put(file("b", "link"))
		w.start()
		w.settle()
		except("a", false)
		except("old", false)
		w.halt()
		expect(t, "findings", w.findings(), "public a", "public c", "public old baseline")
		expect(t, "events", w.told(), "baseline public 1", "opened public a", "opened public b", "closed public a: it was excepted",
			"closed public old baseline: it was excepted", "opened public d", "closed public d: access_level: public, now link",
			"closed public b: access_level: public, now link", "opened public c", "opened public a", "baseline public 1")
	})
}

func TestTimeAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, on("account", "dormant", "account.last_active_at < ago(duration('24h'))"))
		w.put(&sdk.Account{Id: "ann", LastActiveAt: sdk.At(time.Now().Add(-48 * time.Hour))}, &sdk.Account{Id: "bob", LastActiveAt: sdk.At(time.Now())})
		w.start()
		defer w.halt()
		w.settle(23 * time.Hour)
		expect(t, "findings", w.findings(), "dormant ann baseline")
		w.settle(2 * time.Hour)
		expect(t, "findings", w.findings(), "dormant ann baseline", "dormant bob")
		b := batchOf(t, "all", &sdk.Account{Id: "bob"})
		volatile, _ := (&sdk.Account{LastActiveAt: sdk.At(time.Now())}).MarshalVT()
		b.Records[0].Volatile = volatile
		w.commit(b) // it does not come into the log
		w.settle(16 * time.Minute)
		told := w.told()
		if last := w.events()[len(told)-1]; last.What != event.FindingClosed || last.Ref != "acme/main/account/bob" {
			t.Errorf("events %q", told)
		}
	})
}

// TestRestored: after a restore all is a first look again, until everything was listed once.
func TestRestored(t *testing.T) {
	bubble(t, func(t *testing.T) {
		w := newWorld(t, on("file", "public", public), on("file", "renamed", "change.what == 'updated'"))
		complete := true
		w.Complete = func(sdk.Kind) bool { return complete }
		w.put(file("a", "link"), file("b", "public"))
		w.start()
		w.settle()
		w.halt()
		complete = false
		w.commit(&store.Batch{Docs: []store.Doc{{Bucket: "store", Key: []byte("epoch"), Value: []byte("another")}}})
		complete = true // of before the restore, as long as nobody has noted it
		w.start()
		w.settle()
		complete = false
		w.commit(&store.Batch{Docs: []store.Doc{{Bucket: "scan", Key: []byte("epoch"), Value: []byte("another")}}})
		w.put(file("a", "public"), file("b", "link"), file("c", "public"))
		w.settle()
		complete = true
		w.put(&sdk.Account{Id: "wakes it"})
		w.settle()
		w.put(file("d", "public"))
		w.put(file("c", "link"))
		w.settle()
		w.halt()
		expect(t, "findings", w.findings(), "public a baseline", "public d", "renamed c")
		complete = false // for another reason
		w.start()
		w.put(file("e", "public"))
		w.settle()
		w.halt()
		expect(t, "findings", w.findings(), "public a baseline", "public d", "public e", "renamed c")
		expect(t, "events", w.told(), "baseline public 1", "closed public b baseline: access_level: public, now link", "baseline public 2",
			"baseline renamed 2", "opened public d", "opened renamed c", "closed public c baseline: access_level: public, now link", "opened public e")
	})
}

func TestObserve(t *testing.T) {
	bubble(t, func(t *testing.T) {
		observe := func(p *config.Policy) { p.Mode = "observe" }
		w := newWorld(t, with(on("file", "public", public), observe))
		w.put(file("old", "public"))
		w.start()
		w.settle()
		w.put(file("a", "public"))
		w.settle()
		expect(t, "events", w.told(), "baseline public 1 observe", "opened public a observe")
		w.halt()
		w.set(on("file", "public", public))
		w.start()
		w.settle()
		w.halt()
		expect(t, "events", w.told()[2:], "opened public a", "baseline public 1")
	})
}
