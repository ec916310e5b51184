package alert

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/store"
)

const (
	opened  = event.FindingOpened
	changed = event.FindingChanged
	gone    = event.FindingClosed
)

var (
	zoe1 = finding{"public", "box/main", "1", "zoe@acme.example"}
	zoe2 = finding{"public", "github/main", "2", "zoe@acme.example"}
	bob  = finding{"public", "box/main", "3", "bob@acme.example"}
)

// Findings of one policy and group are one alert, of whatever instance they are.
func TestGathered(t *testing.T) {
	w := newWorld(t, "box/main", "github/main")
	w.tell(
		zoe1.event(w, opened, func(e *event.Event) { e.People = []string{"zoe@acme.example", "amy@acme.example"} }),
		bob.event(w, opened, nil),
		zoe2.event(w, opened, func(e *event.Event) { e.Severity, e.People = "high", []string{"zoe@acme.example"} }),
		finding{"other", "box/main", "1", "zoe@acme.example"}.event(w, opened, nil),
		finding{"public", "box/main", "7", ""}.event(w, opened, nil), // of no known group: together
		finding{"public", "github/main", "8", ""}.event(w, opened, nil),
		finding{"public", "box/main", "9", "owner"}.event(w, opened, nil), // an id, of two different things
		finding{"public", "github/main", "9", "owner"}.event(w, opened, nil),
	)
	w.handle()
	var groups []string
	for _, a := range w.alerts(Filter{}) {
		groups = append(groups, fmt.Sprint(a.Policy, " ", a.Group, " ", a.Instances))
	}
	slices.Sort(groups)
	if diff := cmp.Diff([]string{
		"other zoe@acme.example [box/main]", "public  [box/main github/main]", "public bob@acme.example [box/main]",
		"public owner [box/main]", "public owner [github/main]", "public zoe@acme.example [box/main github/main]",
	}, groups); diff != "" {
		t.Fatal(diff)
	}
	a := w.alerts(Filter{Severities: []string{"high"}})[0]
	want := Alert{
		ID: a.ID, Policy: "public", State: Open, Severity: "high", Title: "public: 1", Group: "zoe@acme.example", Ref: "box/main/file/1",
		Instances: []string{"box/main", "github/main"}, People: []string{"zoe@acme.example", "amy@acme.example"},
		Opened: a.Opened, Updated: a.Updated, Findings: 2, Total: 2,
	}
	if diff := cmp.Diff(want, *a); diff != "" {
		t.Error(diff)
	}
	if !a.Updated.After(a.Opened) || len(a.ID) != idLength {
		t.Errorf("%+v", a)
	}
	fs := w.findings(a.ID)
	if len(fs) != 2 || string(fs[0].Record) != `{"id":"1"}` || string(fs[1].Evidence) != `{"access_level":"public"}` {
		t.Errorf("%+v", fs)
	}
	if n := len(w.told(event.AlertOpened)); n != 6 {
		t.Errorf("%d alerts were told of", n)
	}
	if e := w.told(opened)[0]; e.Alert == "" {
		t.Error("a finding is passed on without its alert")
	}
	if w.left("box/main")+w.left("github/main") != 0 {
		t.Error("the outboxes are not empty")
	}
}

// An alert closes when its last finding does, and says what fixed it; a later finding opens another.
func TestClosesAndOpensAnew(t *testing.T) {
	w := newWorld(t, "box/main", "github/main")
	w.tell(zoe1.event(w, opened, nil), zoe2.event(w, opened, nil))
	w.handle()
	w.tell(zoe1.event(w, gone, nil))
	w.handle()
	if a := w.only(Filter{}); a.State != Open || a.Findings != 1 || a.Total != 2 {
		t.Errorf("%+v", a)
	}
	w.tell(zoe2.event(w, gone, nil))
	w.handle()
	a := w.only(Filter{States: []string{Closed}})
	if a.Reason != "access_level went from public to private" || a.Closed == nil || a.Findings != 0 {
		t.Errorf("%+v", a)
	}
	if fs := w.findings(a.ID); len(fs) != 2 || fs[0].Closed == nil || fs[0].Reason == "" || fs[0].Record == nil {
		t.Errorf("%+v", fs)
	}
	if last := w.told(event.AlertClosed); len(last) != 1 || last[0].Reason != a.Reason || last[0].Alert != a.ID {
		t.Errorf("%+v", last)
	}
	w.tell(zoe1.event(w, opened, nil))
	w.handle()
	if all := w.alerts(Filter{}); len(all) != 2 || all[1].State != Open || all[1].ID == a.ID || all[1].Total != 1 {
		t.Errorf("%+v", all)
	}
	// Opened and gone before anybody looked: both are told.
	w.tell(bob.event(w, opened, nil), bob.event(w, gone, nil))
	w.handle()
	got := words(w.told(event.AlertOpened, event.AlertClosed))
	want := []string{"alert.opened open", "alert.closed closed", "alert.opened open", "alert.opened closed", "alert.closed closed"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOtherEvidence(t *testing.T) {
	w := newWorld(t, "box/main")
	w.tell(zoe1.event(w, opened, nil), zoe1.event(w, changed, func(e *event.Event) { e.Evidence = json.RawMessage(`{"access_level":"link"}`) }))
	w.handle()
	a := w.only(Filter{})
	f := w.findings(a.ID)[0]
	if a.Findings != 1 || a.Total != 1 || string(f.Evidence) != `{"access_level":"public"}` || string(f.Now) != `{"access_level":"link"}` {
		t.Errorf("%+v %+v", a, f)
	}
	// Its owner is another now: it goes over to that one's alert.
	moved := zoe1
	moved.group = "amy@acme.example"
	w.tell(moved.event(w, changed, nil))
	w.handle()
	all := w.alerts(Filter{})
	if len(all) != 2 || all[0].State != Closed || all[1].Group != moved.group || all[1].Findings != 1 {
		t.Errorf("%+v", all)
	}
	w.tell(zoe1.event(w, gone, nil)) // told with what it was found under
	w.handle()
	if all := w.alerts(Filter{States: []string{Open}}); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}

func TestHandled(t *testing.T) {
	w := newWorld(t, "box/main")
	w.tell(zoe1.event(w, opened, nil))
	w.handle()
	id, ctx := w.only(Filter{}).ID, t.Context()
	if a, err := w.all.Assign(ctx, id[:5], "Zoe@Acme.example", "root"); err != nil || a.Assignee != "zoe@acme.example" {
		t.Errorf("%+v %v", a, err)
	}
	if a, err := w.all.Resolve(ctx, id, Benign, "a test", "root"); err != nil || a.State != Resolved || a.Resolution.By != "root" {
		t.Errorf("%+v %v", a, err)
	}
	if a, err := w.all.Reopen(ctx, id, "", "root"); err != nil || a.State != Open || a.Resolution != nil {
		t.Errorf("%+v %v", a, err)
	}
	if _, err := w.all.Resolve(ctx, id, FalsePositive, "", "amy"); err != nil {
		t.Error(err)
	}
	second := zoe1
	second.id = "77"
	w.tell(second.event(w, opened, nil))
	w.handle()
	if a := w.only(Filter{}); a.State != Open || a.Findings != 2 {
		t.Errorf("a new finding leaves it %s", a.State)
	}
	got := words(w.told(event.AlertOpened, event.AlertUpdated))
	want := []string{"alert.opened open", "alert.updated open", "alert.updated resolved", "alert.updated open", "alert.updated resolved", "alert.updated open"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n := len(w.audit.entries); n != 4 || w.audit.entries[3].Actor != "amy" || w.audit.entries[3].What != "alert resolved" {
		t.Errorf("%d entries: %+v", n, w.audit.entries)
	}
	if e := w.told(event.AlertUpdated)[1]; e.Actor != "root" || e.Reason != "resolved as benign" {
		t.Errorf("%+v", e)
	}
}

func TestWhatCannotBeDone(t *testing.T) {
	w := newWorld(t, "box/main")
	w.tell(zoe1.event(w, opened, nil), bob.event(w, opened, nil), bob.event(w, gone, nil))
	w.handle()
	ctx := t.Context()
	id, shut := w.only(Filter{States: []string{Open}}).ID, w.only(Filter{States: []string{Closed}}).ID
	for name, do := range map[string]func() (*Alert, error){
		"no such verdict":   func() (*Alert, error) { return w.all.Resolve(ctx, id, "nice", "", "root") },
		"not resolved":      func() (*Alert, error) { return w.all.Reopen(ctx, id, "", "root") },
		"closed":            func() (*Alert, error) { return w.all.Reopen(ctx, shut, "", "root") },
		"nobody asks":       func() (*Alert, error) { return w.all.Assign(ctx, id, "zoe", "") },
		"closed, to assign": func() (*Alert, error) { return w.all.Assign(ctx, shut, "zoe", "root") },
		"no text":           func() (*Alert, error) { return w.all.Assign(ctx, id, "\xff", "root") },
	} {
		if _, err := do(); err == nil {
			t.Errorf("%s: done", name)
		} else if _, ok := errors.AsType[*InvalidError](err); !ok {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, id := range []string{"", "zzz", "0123456789abcdef"} {
		if _, err := w.all.Get(ctx, id); !errors.Is(err, ErrNotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	w.audit.full = true
	if _, err := w.all.Resolve(ctx, id, Benign, "", "root"); err == nil {
		t.Error("resolved although it could not be written down")
	}
	if a, err := w.all.Get(ctx, id); err != nil || a.State != Open || a.Resolution != nil || len(w.audit.entries) != 0 {
		t.Errorf("%+v %v", a, err)
	}
}

// What a first look finds is one alert with a count, and nobody is told of each.
func TestBaseline(t *testing.T) {
	w := newWorld(t, "box/main", "github/main")
	count := func(instance, id string, n int) *event.Event {
		return zoe1.event(w, event.Baseline, func(e *event.Event) {
			e.ID, e.Instance, e.Ref, e.Group, e.Count, e.Baseline, e.Title = id, instance, "", "", n, true, fmt.Sprint("found ", n)
		})
	}
	w.tell(count("box/main", "b1", 3), count("box/main", "b1", 3), count("github/main", "b2", 0))
	w.handle()
	a := w.only(Filter{})
	if a.State != Baseline || a.Findings != 3 || a.Total != 3 {
		t.Errorf("%+v", a)
	}
	for n := range 3 {
		f := zoe1
		f.id = fmt.Sprint(n)
		w.tell(f.event(w, opened, func(e *event.Event) { e.Baseline = true }), f.event(w, gone, func(e *event.Event) { e.Baseline = true }))
	}
	w.handle()
	if a := w.only(Filter{}); a.State != Closed || a.Findings != 0 {
		t.Errorf("%+v", a)
	}
	if got := words(w.told(event.AlertOpened, event.AlertUpdated, event.AlertClosed)); !cmp.Equal(got, []string{"alert.opened baseline", "alert.closed closed"}) {
		t.Errorf("%q", got)
	}
	// The edited policy looks again; what was resolved comes back only when there is more.
	w.tell(count("box/main", "b3", 2))
	w.handle()
	id := w.only(Filter{States: []string{Baseline}}).ID
	if _, err := w.all.Resolve(t.Context(), id, Benign, "", "root"); err != nil {
		t.Fatal(err)
	}
	w.tell(count("box/main", "b4", 2))
	w.handle()
	if a, err := w.all.Get(t.Context(), id); err != nil || a.State != Resolved {
		t.Errorf("%+v %v", a, err)
	}
	w.tell(count("box/main", "b5", 4))
	w.handle()
	if a, err := w.all.Get(t.Context(), id); err != nil || a.State != Baseline || a.Findings != 4 || a.Title != "found 4" {
		t.Errorf("%+v %v", a, err)
	}
}

// Policies that observe make no alerts; what they find is passed on, and so is all else that instances tell.
func TestPassedOn(t *testing.T) {
	w := newWorld(t, "box/main")
	observed := func(e *event.Event) { e.State = observe }
	w.tell(
		zoe1.event(w, opened, observed), zoe1.event(w, changed, observed), zoe1.event(w, gone, observed),
		bob.event(w, opened, nil),
		bob.event(w, event.ActionProposed, func(e *event.Event) { e.Intent, e.Group, e.Subject = "i1", "", e.Ref }),
		bob.event(w, event.PolicyFailed, func(e *event.Event) { e.Group = "" }),
	)
	w.handle()
	got := words(w.told())
	want := []string{
		"finding.opened observe", "finding.changed observe", "finding.closed observe", "finding.opened ", "action.proposed ",
		"policy.failed ", "alert.opened open",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	act := func(n int, f finding) { // of an action on the record of a finding
		w.tell(f.event(w, event.ActionSettled, func(e *event.Event) { e.Intent, e.Group, e.Subject = fmt.Sprint("i", n), "", e.Ref }))
		w.handle()
	}
	act(1, bob)
	act(2, bob)
	act(3, zoe1)
	a := w.only(Filter{})
	if w.told(event.ActionProposed)[0].Alert != a.ID || !slices.Equal(a.Intents, []string{"i1", "i2"}) {
		t.Errorf("actions are not tied to the alert that they are for: %+v", a)
	}
	w.tell(bob.event(w, gone, nil))
	act(4, bob)
	for n, want := range []string{a.ID, a.ID, "", ""} {
		if e := w.told(event.ActionSettled)[n]; e.Alert != want {
			t.Errorf("action %d is tied to %q, want %q", n+1, e.Alert, want)
		}
	}
	if n := len(w.told(event.AlertUpdated)); n != 0 {
		t.Errorf("%d updates: actions have events of their own", n)
	}
}

// Two alerts that would have the same ID get two.
func TestSameID(t *testing.T) {
	w := newWorld(t, "box/main")
	e := bob.event(w, opened, nil)
	other, err := document(bucketAlerts, []byte(digest(idLength/2, string(gatherBy(e)), e.ID)), row{
		By: []byte("all\x00another\x00"), Alert: Alert{ID: digest(idLength/2, string(gatherBy(e)), e.ID), Policy: "another", State: Closed, Closed: &e.Time},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.own.Commit(t.Context(), &store.Batch{At: epoch, Docs: []store.Doc{other}}); err != nil {
		t.Fatal(err)
	}
	w.tell(e)
	w.handle()
	if a := w.only(Filter{Policy: "another"}); a.State != Closed {
		t.Errorf("%+v", a)
	}
	if a := w.only(Filter{Policy: "public"}); a.State != Open || a.Findings != 1 {
		t.Errorf("%+v", a)
	}
}
