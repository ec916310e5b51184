package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

// happened gives an event of now.
func happened(n int, kind string, targets ...oktatest.Party) oktatest.Event {
	return oktatest.Event{
		UUID: fmt.Sprintf("22222222-0000-4000-8000-%012d", n), Persisted: time.Now(), Type: kind, Actor: person(0), Targets: targets,
	}
}

func ids(r *result) []string { return r.ids(sdk.KindActivity) }

func TestLogForwardsAndBackwards(t *testing.T) {
	o := newOrg()
	w := start(t, o, nil)
	s := w.session(t, sswsSecrets())
	from := time.Now().Add(-89 * 24 * time.Hour)
	first := must(t, walk(t, s, fromTime("system_log", from)))
	if n := len(ids(first)); n != pastEvents {
		t.Errorf("%d events of the past, want %d", n, pastEvents)
	}
	if newest := "activity " + history(time.Now().UTC())[pastEvents-1].UUID; first.order[0] != newest {
		t.Errorf("the past begins with %s, want the newest, %s", first.order[0], newest)
	}
	if calls := w.calls(); len(calls) != 3 { // once forwards, twice backwards
		t.Errorf("calls %v", calls)
	}
	again := must(t, walk(t, s, delta("system_log", first.cert.GetBookmark())))
	if calls := w.calls(); len(ids(again)) != 0 || len(calls) != 1 || string(again.cert.GetBookmark()) != string(first.cert.GetBookmark()) {
		t.Errorf("nothing happened: %d events, calls %v, bookmark %s after %s", len(ids(again)), calls, again.cert.GetBookmark(), first.cert.GetBookmark())
	}
	late := happened(2, "user.session.start", person(1))
	late.Published = late.Persisted.Add(-2 * time.Hour) // happened before what is known, appeared after it
	o.Log = oktatest.ListOf(append(history(time.Now().UTC()), happened(1, "user.session.end", person(1)), late)...)
	next := must(t, walk(t, s, delta("system_log", again.cert.GetBookmark())))
	if got, calls := ids(next), w.calls(); len(got) != 2 || len(calls) != 1 {
		t.Errorf("new events: %v, calls %v", got, calls)
	}
	if idle := must(t, walk(t, s, delta("system_log", next.cert.GetBookmark()))); len(ids(idle)) != 0 {
		t.Errorf("the same events again: %v", ids(idle))
	}
}

// Wherever a walk of the log is interrupted, the rest comes, and the place in the log is kept.
func TestLogResumes(t *testing.T) {
	o := newOrg()
	list := history(time.Now().UTC())
	for i := range 2100 { // of today
		list = append(list, happened(i, "user.session.start", person(i%9)))
	}
	o.Log = oktatest.ListOf(list...)
	w := start(t, o, nil)
	s := w.session(t, sswsSecrets())
	req := fromTime("system_log", time.Now().Add(-89*24*time.Hour))
	whole := must(t, walk(t, s, req))
	if n := len(ids(whole)); n != len(list) {
		t.Fatalf("%d events, want %d", n, len(list))
	}
	for pages := 1; pages <= len(whole.marks); pages++ {
		part := walkUntil(t, s, req, pages)
		rest := fromTime("system_log", time.Now().Add(-89*24*time.Hour))
		rest.Checkpoint = part.marks[len(part.marks)-1]
		r := must(t, walk(t, s, rest))
		all := slices.Concat(ids(part), ids(r))
		slices.Sort(all)
		if n := len(slices.Compact(slices.Clone(all))); n != len(list) || len(all) != n || len(r.cert.GetBookmark()) == 0 {
			t.Errorf("interrupted after %d pages: %d events, %d different, bookmark %q", pages, len(all), n, r.cert.GetBookmark())
		}
	}
}

func TestLogPositionThatIsForgotten(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(t, sswsSecrets())
	first := must(t, walk(t, s, fromTime("system_log", time.Now().Add(-time.Hour))))
	w.server.Fault(fake.Fault{Match: "/api/v1/logs", Do: fake.FaultExpire})
	if r := walk(t, s, delta("system_log", first.cert.GetBookmark())); sdk.TypeOf(r.err) != sdk.ErrExpired || r.cert != nil {
		t.Errorf("%v", r.err)
	}
	if r := walk(t, s, delta("system_log", []byte("https://elsewhere.example/api/v1/logs?after=x"))); r.cert != nil || r.err == nil {
		t.Error("a bookmark led to another host")
	}
}

// A log that never ends, page after page of full pages with the same address, is a defect and not a walk without end.
func TestLogThatRepeatsItself(t *testing.T) {
	o := newOrg()
	w := start(t, o, nil)
	s := w.session(t, sswsSecrets())
	w.server.Fault(fake.Fault{Match: "/api/v1/logs", Do: fake.FaultShort, After: 1})
	if r := walk(t, s, fromTime("system_log", time.Now().Add(-24*365*time.Hour))); r.cert != nil && len(ids(r)) == pastEvents {
		t.Error("a short page was not noticed")
	}
}

func TestActivity(t *testing.T) {
	o := newOrg()
	fail := happened(1, "user.session.start", person(1))
	fail.Result, fail.Reason, fail.IP, fail.Country, fail.Session = "FAILURE", "INVALID_CREDENTIALS", "203.0.113.9", "Norway", "s9"
	sso := happened(2, "user.authentication.sso", oktatest.Party{ID: appID(samlApp), Type: "AppInstance", AlternateID: "GitHub", Name: "GitHub"}, person(1))
	added := happened(3, "group.user_membership.add", person(2), oktatest.Party{ID: groupID(five), Type: "UserGroup", AlternateID: "unknown", Name: "Five"})
	odd := happened(4, "core.something.new")
	odd.Actor, odd.Result = oktatest.Party{ID: "SystemPrincipal", Type: "SystemPrincipal", Name: "Okta System"}, "DEFERRED"
	o.Log = oktatest.ListOf(fail, sso, added, odd)
	w := start(t, o, nil)
	r := must(t, walk(t, w.session(t, sswsSecrets()), fromTime("system_log", time.Now().Add(-time.Hour))))
	get := func(e oktatest.Event) *sdk.Activity { return record[*sdk.Activity](t, r, sdk.KindActivity, e.UUID) }
	if a := get(fail); a.GetType() != "login_failed" || a.GetOutcome() != "failure" || a.GetIp() != "203.0.113.9" || a.GetLocation() != "Norway" ||
		a.GetActor().GetEmail() != "user000@acme.example" || attribute(a.GetAttributes(), "reason") != "INVALID_CREDENTIALS" || a.GetSessionId() != "s9" ||
		!strings.Contains(string(a.GetRaw()), fail.UUID) {
		t.Errorf("%v", a)
	}
	if a := get(sso); a.GetType() != "login" || a.GetApp().GetId() != appID(samlApp) || len(a.GetTargets()) != 2 {
		t.Errorf("%v", a)
	}
	if a := get(added); a.GetType() != "member_add" || !a.GetAdmin() || a.GetTargets()[1].GetKind() != sdk.KindGroup {
		t.Errorf("%v", a)
	}
	if a := get(odd); a.GetType() != "other" || a.Outcome != nil || a.GetActor().GetId() != "" || a.GetActor().GetName() != "Okta System" {
		t.Errorf("%v", a)
	}
}

func FuzzEvent(f *testing.F) {
	f.Add(`{"uuid":"u","eventType":"user.session.start","published":"2026-01-01T00:00:00.000Z","outcome":{"result":"FAILURE"},"actor":{"id":7}}`)
	f.Add(`{"uuid":"u","eventType":"....","published":"2026-01-01T00:00:00.000Z","target":[{"type":"User","alternateId":"a@b"},{}],"client":null}`)
	f.Fuzz(func(t *testing.T, raw string) {
		var e event
		if json.Unmarshal([]byte(raw), &e) != nil || e.check() != nil {
			return
		}
		a := e.activity([]byte(raw))
		if !slices.Contains(sdk.Vocabulary("activity.type"), a.GetType()) {
			t.Errorf("type %q", a.GetType())
		}
		for _, r := range append(a.GetTargets(), a.GetActor()) {
			if r != nil && r.GetId() == "" && r.GetName() == "" && r.GetEmail() == "" {
				t.Error("a ref to nothing")
			}
		}
		hintsOf([]event{e})
	})
}
