package decision

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/mooring-hq/mooring/agent/internal/audit"
	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is where a test decides.
type desk struct {
	tb      testing.TB
	store   *disk
	now     time.Time
	entries []audit.Entry
	full    bool
	all     *Decisions
}

// disk may be full too.
type disk struct {
	*bolt.Store
	full bool
}

func (d *disk) Commit(ctx context.Context, b ...*store.Batch) ([]store.Result, error) {
	if d.full {
		return nil, errors.New("no space left")
	}
	return d.Store.Commit(ctx, b...)
}

func (d *desk) Append(entries ...audit.Entry) error {
	if d.full {
		return errors.New("no space left")
	}
	d.entries = append(d.entries, entries...)
	return nil
}

func newDesk(tb testing.TB) *desk {
	tb.Helper()
	s, err := bolt.Open(bolt.Options{Dir: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	d := &desk{tb: tb, store: &disk{Store: s}, now: time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)}
	d.start()
	return d
}

// start reads what is kept, as an agent that starts.
func (d *desk) start() {
	d.tb.Helper()
	var err error
	if d.all, err = New(d.tb.Context(), Config{Store: d.store, Audit: d, Now: func() time.Time { return d.now }}); err != nil {
		d.tb.Fatal(err)
	}
}

func (d *desk) after(span time.Duration) *time.Time {
	t := d.now.Add(span)
	return &t
}

func (d *desk) make(x Decision) *Decision {
	d.tb.Helper()
	if x.Author == "" {
		x.Author, x.Reason = "root", "a test"
	}
	made, err := d.all.Make(d.tb.Context(), x)
	if err != nil {
		d.tb.Fatal(err)
	}
	return made
}

func (d *desk) told() (all []*event.Event) {
	d.tb.Helper()
	for doc, err := range d.store.DocsAfter(d.tb.Context(), eventBucket, nil) {
		if err != nil {
			d.tb.Fatal(err)
		}
		e, err := event.Parse(doc)
		if err != nil {
			d.tb.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func ref(tb testing.TB, s string) record.Ref {
	tb.Helper()
	r, err := record.ParseRef(s)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func TestWhatIsRefused(t *testing.T) {
	d := newDesk(t)
	ok := Decision{What: Exception, Author: "root", Reason: "a test", Policy: "p", Scope: ScopeRef, Ref: "box/main/file/1", Expires: d.after(time.Hour)}
	for name, c := range map[string]struct {
		change func(x *Decision)
		want   string
	}{
		"nobody":            {func(x *Decision) { x.Author = "" }, "who decides is not known"},
		"no reason":         {func(x *Decision) { x.Reason = "  - " }, "needs a reason"},
		"a novel":           {func(x *Decision) { x.Reason = strings.Repeat("x", 5000) }, "more than 2048 bytes"},
		"no text":           {func(x *Decision) { x.Reason = "because \xff" }, "no text"},
		"over already":      {func(x *Decision) { x.Expires = d.after(0) }, "ended already"},
		"for ever":          {func(x *Decision) { x.Expires = nil }, "an exception ends"},
		"two years":         {func(x *Decision) { x.Expires = d.after(2 * 366 * 24 * time.Hour) }, "within 366 days"},
		"no policy":         {func(x *Decision) { x.Policy = "" }, "from a policy"},
		"no scope":          {func(x *Decision) { x.Scope = "all" }, `"all" is no scope`},
		"no ref":            {func(x *Decision) { x.Ref = "box/main" }, "is no ref"},
		"no group":          {func(x *Decision) { x.Scope = ScopeGroup }, "names the group"},
		"an id of nowhere":  {func(x *Decision) { x.Scope, x.Group = ScopeGroup, "folder-1" }, "names the instance"},
		"no decision":       {func(x *Decision) { x.What = "whim" }, `"whim" is no decision`},
		"no verdict":        {func(x *Decision) { x.What, x.Verdict, x.Ref = AppVerdict, "nice", "box/main/app/1" }, `not "nice"`},
		"a verdict on that": {func(x *Decision) { x.What, x.Verdict = AppVerdict, Banned }, "is not the ref of an app"},
		"no owner":          {func(x *Decision) { x.What, x.Person = Owner, "zoe" }, "an owner is an e-mail address"},
		"nobody's link":     {func(x *Decision) { x.What, x.Ref = Link, "box/main/account/1" }, "whose is the account"},
		"a link of a file":  {func(x *Decision) { x.What, x.Person = Link, "-" }, "is not the ref of an account"},
	} {
		x := ok
		c.change(&x)
		_, err := d.all.Make(t.Context(), x)
		if _, is := errors.AsType[*InvalidError](err); !is || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(d.entries)+len(d.told()) != 0 {
		t.Error("what was refused is written down")
	}
	if _, err := d.all.Make(t.Context(), ok); err != nil {
		t.Error(err)
	}
}

func TestExceptions(t *testing.T) {
	d := newDesk(t)
	one, other := ref(t, "box/main/file/1"), ref(t, "box/main/file/2")
	d.make(Decision{What: Exception, Policy: "p", Scope: ScopeRef, Ref: one.String(), Expires: d.after(time.Hour)})
	group := d.make(Decision{What: Exception, Policy: "q", Scope: ScopeGroup, Group: "zoe@acme.example", Expires: d.after(2 * time.Hour)})
	d.make(Decision{What: Exception, Policy: "r", Scope: ScopePolicy, Expires: d.after(3 * time.Hour)})
	check := func(when string, want ...bool) {
		t.Helper()
		for range 2 { // also as an agent that starts anew
			got := []bool{
				d.all.Excepted("p", one, ""), d.all.Excepted("p", other, "zoe@acme.example"), d.all.Excepted("q", other, "zoe@acme.example"),
				d.all.Excepted("q", other, ""), d.all.Excepted("r", other, "bob@acme.example"),
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", when, diff)
			}
			d.start()
		}
	}
	check("made", true, false, true, false, true)
	if _, err := d.all.Withdraw(t.Context(), group.ID[:6], "amy", "she left"); err != nil {
		t.Fatal(err)
	}
	check("withdrawn", true, false, false, false, true)
	d.now = d.now.Add(time.Hour)
	check("one is over, and nobody noticed yet", false, false, false, false, true)
	if next, err := d.all.expire(t.Context()); err != nil || !next.Equal(d.now.Add(2*time.Hour)) {
		t.Errorf("%s %v", next, err)
	}
	var got []string
	for _, e := range d.told() {
		got = append(got, string(e.What)+" "+e.State+" "+e.Policy+" "+e.Actor)
	}
	want := []string{"decision.made made p root", "decision.made made q root", "decision.made made r root", "decision.made withdrawn q amy", "decision.made expired p "}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if len(d.entries) != 4 || d.entries[3].Actor != "amy" || d.entries[0].Target != one.String() || d.entries[0].Instance != "box/main" {
		t.Errorf("%+v", d.entries)
	}
}

func TestVerdictsOwnersAndLinks(t *testing.T) {
	d := newDesk(t)
	app, file, account := ref(t, "google/main/app/1"), ref(t, "box/main/file/1"), ref(t, "box/main/account/1")
	first := d.make(Decision{What: AppVerdict, Ref: app.String(), Verdict: Banned})
	d.make(Decision{What: AppVerdict, Ref: app.String(), Verdict: Approved})
	d.make(Decision{What: Owner, Ref: file.String(), Person: "Zoe@Acme.example"})
	d.make(Decision{What: Link, Ref: account.String(), Person: "-"})
	for range 2 {
		if got := d.all.Verdict(app); got != Approved {
			t.Errorf("the verdict is %q", got)
		}
		if got := d.all.OwnerOf(file); got != "zoe@acme.example" {
			t.Errorf("the owner is %q", got)
		}
		if got := d.all.Links(); !maps.Equal(got, map[record.Ref]string{account: "-"}) {
			t.Errorf("%v", got)
		}
		if d.all.Verdict(file) != "" || d.all.OwnerOf(account) != "" {
			t.Error("somebody decided what nobody did")
		}
		d.start()
	}
	n := 0
	for x, err := range All(t.Context(), d.store) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; x.ID == first.ID && (x.Ended == nil || x.InForce(d.now)) {
			t.Errorf("%+v is still in force", x)
		}
	}
	if n != 4 {
		t.Errorf("%d decisions are kept", n)
	}
	if _, err := d.all.Withdraw(t.Context(), first.ID, "root", "again"); !errors.Is(err, ErrNotFound) {
		t.Errorf("one that ended is withdrawn: %v", err)
	}
}

// Nothing is decided that is not written down, and nothing that is not kept.
func TestFullDisk(t *testing.T) {
	for name, fill := range map[string]func(*desk){
		"of the audit log": func(d *desk) { d.full = true },
		"of the store":     func(d *desk) { d.store.full = true },
	} {
		d := newDesk(t)
		app := ref(t, "google/main/app/1")
		kept := d.make(Decision{What: AppVerdict, Ref: app.String(), Verdict: Approved})
		changed := d.all.Changed()
		fill(d)
		if _, err := d.all.Make(t.Context(), Decision{What: AppVerdict, Ref: app.String(), Verdict: Banned, Author: "root", Reason: "a test"}); err == nil {
			t.Errorf("%s: decided", name)
		}
		if _, err := d.all.Withdraw(t.Context(), kept.ID, "root", "a test"); err == nil {
			t.Errorf("%s: withdrawn", name)
		}
		if got := d.all.Verdict(app); got != Approved {
			t.Errorf("%s: the verdict is %q", name, got)
		}
		select {
		case <-changed:
			t.Errorf("%s: somebody was told", name)
		default:
		}
		if n := len(d.told()); n != 1 {
			t.Errorf("%s: %d events", name, n)
		}
	}
}

// What is over ends on time, and who follows is told.
func TestEndsOnTime(t *testing.T) {
	d := newDesk(t)
	synctest.Test(t, func(t *testing.T) {
		all, err := New(t.Context(), Config{Store: d.store, Audit: d})
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- all.Run(ctx) }()
		file := ref(t, "box/main/file/1")
		for n, span := range []time.Duration{90 * time.Minute, 30 * 24 * time.Hour} {
			end := time.Now().Add(span)
			x := Decision{
				What: Exception, Author: "root", Reason: "a test", Policy: fmt.Sprint("p", n), Scope: ScopeRef, Ref: file.String(), Expires: &end,
			}
			if _, err := all.Make(ctx, x); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		changed, from := all.Changed(), time.Now()
		<-changed
		if span := time.Since(from); span != 90*time.Minute || all.Excepted("p0", file, "") || !all.Excepted("p1", file, "") {
			t.Errorf("told after %s", span)
		}
		<-all.Changed()
		if span := time.Since(from); span != 30*24*time.Hour {
			t.Errorf("told after %s", span)
		}
		stop()
		<-ended
	})
	if got := d.told(); len(got) != 4 || got[3].State != "expired" {
		t.Errorf("%d events", len(got))
	}
}

// Thousands of random decisions count as a list that is read from its end says.
func TestRandom(t *testing.T) {
	d := newDesk(t)
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(of string, n int) string { return fmt.Sprint(of, r.IntN(n)) }
	var made []*Decision
	ended := map[string]bool{}
	for range 600 {
		switch n := r.IntN(10); {
		case n < 5:
			x := Decision{What: Exception, Policy: pick("p", 3), Expires: d.after(time.Duration(1+r.IntN(48)) * time.Hour)}
			x.Scope = []string{ScopeRef, ScopeGroup, ScopePolicy}[r.IntN(3)]
			x.Ref, x.Group, x.Instance = "box/main/file/"+pick("", 4), pick("g", 3), []string{"box/main", "box/other"}[r.IntN(2)]
			made = append(made, d.make(x))
		case n < 7 && len(made) > 0:
			id := made[r.IntN(len(made))].ID
			if _, err := d.all.Withdraw(t.Context(), id, "root", "a test"); err == nil {
				ended[id] = true
			}
		case n < 9:
			d.now = d.now.Add(time.Duration(r.IntN(6)) * time.Hour)
			if _, err := d.all.expire(t.Context()); err != nil {
				t.Fatal(err)
			}
		default:
			d.start()
		}
		policy, file, group := pick("p", 3), "box/main/file/"+pick("", 4), pick("g", 3)
		want := slices.ContainsFunc(made, func(x *Decision) bool {
			// a later one about the same took its place
			later := slices.ContainsFunc(made, func(y *Decision) bool {
				return y.subject() == x.subject() && slices.Index(made, y) > slices.Index(made, x)
			})
			fits := x.Scope == ScopePolicy || x.Scope == ScopeRef && x.Ref == file || x.Scope == ScopeGroup && x.Group == group && x.Instance == "box/main"
			return !later && !ended[x.ID] && x.Policy == policy && fits && d.now.Before(*x.Expires)
		})
		if got := d.all.Excepted(policy, ref(t, file), group); got != want {
			t.Fatalf("%s %s %s: %t, want %t", policy, file, group, got, want)
		}
	}
	ids := map[string]bool{}
	for _, e := range d.told() {
		if ids[e.ID] {
			t.Errorf("event %s is told twice", e.ID)
		}
		ids[e.ID] = true
	}
}
