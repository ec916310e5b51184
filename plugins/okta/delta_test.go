package main

import (
	"slices"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func goneIDs(r *result) (ids []string) {
	for _, g := range r.gone {
		if g.GetProof() == wire.Tombstone_GONE {
			ids = append(ids, sdk.KindName(g.GetKind())+" "+g.GetId())
		}
	}
	return ids
}

func shardNames(r *result) (names []string) {
	for _, s := range r.shards {
		name := s.GetListing() + " " + s.GetKey()
		if string(s.GetData()) == emptyShard {
			name += " (empty)"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// logged puts events of now into the log.
func (w *world) logged(events ...oktatest.Event) {
	w.org.Log = oktatest.ListOf(append(history(time.Now().UTC()), events...)...)
}

func TestGroupThatChanged(t *testing.T) {
	o := newOrg()
	w := start(t, o, nil)
	s := w.session(t, sswsSecrets())
	first := must(t, walk(t, s, full("groups")))
	changed := o.Groups.At(five)
	changed.MembersUpdated = time.Now()
	o.Groups = oktatest.ListOf(o.Groups.At(everyone), changed)
	r := must(t, walk(t, s, delta("groups", first.cert.GetBookmark())))
	if want := []string{"memberships " + groupID(five)}; !slices.Equal(shardNames(r), want) || len(r.ids(sdk.KindGroup)) != 1 {
		t.Errorf("shards %v, groups %v", shardNames(r), r.ids(sdk.KindGroup))
	}
}

// The last member left a moment ago: the count may trail behind, so the group is asked.
func TestGroupThatJustBecameEmpty(t *testing.T) {
	o := newOrg()
	g := o.Groups.At(five)
	g.MembersUpdated, g.Users = time.Now(), 0
	o.Groups = oktatest.ListOf(g)
	w := start(t, o, nil)
	s := w.session(t, sswsSecrets())
	r := must(t, walk(t, s, full("groups")))
	if m := must(t, walk(t, s, shardOf(r.shards[0]))); len(m.order) != 5 {
		t.Errorf("%d members, although the count was old", len(m.order))
	}
}

// A filter by time cannot show what was deleted. The log does, and is asked now and then, whatever became of hints.
func TestDeletionsComeWithoutHints(t *testing.T) {
	o := newOrg()
	w := start(t, o, nil)
	s := w.session(t, sswsSecrets())
	w.logged(happened(1, "user.lifecycle.delete.completed", person(449)), happened(2, "group.lifecycle.delete", groupParty(five)))
	for listing, want := range map[string]string{"users": "account " + userID(449), "groups": "group " + groupID(five)} {
		soon, long := stages{time.Now().Add(-time.Minute), time.Now().Add(-time.Hour)}, stages{time.Now().Add(-time.Minute), time.Now().Add(-13 * time.Hour)}
		w.calls()
		r := must(t, walk(t, s, delta(listing, next(soon))))
		if calls := w.calls(); len(goneIDs(r)) != 0 || len(calls) != 1 {
			t.Errorf("%s: asked again too soon: %v", listing, calls)
		}
		r = must(t, walk(t, s, delta(listing, next(long))))
		if got := goneIDs(r); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: gone %v, want %s", listing, got, want)
		}
		if listing == "groups" && !slices.Contains(shardNames(r), "memberships "+groupID(five)+" (empty)") {
			t.Errorf("the members of a deleted group stay: %v", shardNames(r))
		}
		if again := must(t, walk(t, s, delta(listing, r.cert.GetBookmark()))); len(goneIDs(again)) != 0 {
			t.Errorf("%s: told twice: %v", listing, goneIDs(again))
		}
	}
	// Without the log, deletions wait for the whole list; changes do not.
	w.server.Fault(fake.Fault{Match: "/api/v1/logs", Do: fake.FaultStatus, Status: 403, Body: "no"})
	must(t, walk(t, s, delta("users", next(stages{time.Now(), time.Now().Add(-13 * time.Hour)}))))
}

func next(b stages) []byte {
	c := &wire.Certificate{}
	for _, o := range b.next() {
		o(c)
	}
	return c.GetBookmark()
}

func TestAppsThatTheLogNames(t *testing.T) {
	o := newOrg()
	w := start(t, o, nil)
	s := w.session(t, sswsSecrets())
	first := must(t, walk(t, s, full("apps")))
	w.logged(
		happened(1, "application.user_membership.add", person(1), appParty(samlApp)),
		happened(2, "application.lifecycle.delete", appParty(77)), happened(3, "user.session.start", person(1)))
	r := must(t, walk(t, s, delta("apps", first.cert.GetBookmark())))
	want := []string{
		"app_grants " + appID(77) + " (empty)", "app_groups " + appID(samlApp), "app_groups " + appID(77) + " (empty)",
		"app_tokens " + appID(77) + " (empty)", "app_users " + appID(samlApp), "app_users " + appID(77) + " (empty)",
	}
	slices.Sort(want)
	if !slices.Equal(shardNames(r), want) || !slices.Equal(goneIDs(r), []string{"app " + appID(77)}) || len(r.ids(sdk.KindApp)) != 1 {
		t.Errorf("shards %v, gone %v, apps %v", shardNames(r), goneIDs(r), r.ids(sdk.KindApp))
	}
	stamps := map[string]bool{}
	for _, sh := range append(first.shards, r.shards...) {
		if sh.GetListing() == "app_users" && sh.GetKey() == appID(samlApp) {
			stamps[sh.GetStamp()] = true
		}
	}
	if len(stamps) != 2 {
		t.Errorf("the stamp of what changed did not: %v", stamps)
	}
	w.logged(happened(1, "application.lifecycle.update"))
	if r := walk(t, s, delta("apps", first.cert.GetBookmark())); sdk.TypeOf(r.err) != sdk.ErrExpired {
		t.Errorf("a change of who knows which app: %v", r.err)
	}
}

func TestListsThatTheLogKeepsFresh(t *testing.T) {
	for listing, kind := range map[string]string{"admin_roles": "user.account.privilege.grant", "apps": "application.lifecycle.create"} {
		w := start(t, newOrg(), nil)
		s := w.session(t, sswsSecrets())
		first := must(t, walk(t, s, full(listing)))
		var many []oktatest.Event
		for i := range maxEvents {
			many = append(many, happened(i, kind, person(i%7), appParty(i)))
		}
		for name, c := range map[string]func(){
			"something changed": func() { w.logged(happened(1, kind, person(1))) },
			"too much changed":  func() { w.logged(many...) },
			"no scope": func() {
				w.server.Fault(fake.Fault{Match: "/api/v1/logs", Do: fake.FaultStatus, Status: 403, Body: "no"})
			},
		} {
			w.logged()
			w.server.ClearFaults()
			c()
			if r := walk(t, s, delta(listing, first.cert.GetBookmark())); sdk.TypeOf(r.err) != sdk.ErrExpired || r.cert != nil {
				t.Errorf("%s, %s: %v", listing, name, r.err)
			}
		}
		if r := walk(t, s, delta(listing, []byte("2020-01-01T00:00:00Z"))); sdk.TypeOf(r.err) != sdk.ErrExpired {
			t.Errorf("%s: a bookmark from before the log: %v", listing, r.err)
		}
	}
}

func TestFactors(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(t, sswsSecrets())
	r := must(t, walk(t, s, full("factors")))
	for i, want := range map[int]string{0: "on", 3: "off", 9: "off"} {
		if a := record[*sdk.Account](t, r, sdk.KindAccount, userID(i)); a.GetMfa() != want {
			t.Errorf("user %d: %s, want %s", i, a.GetMfa(), want)
		}
	}
	w.logged(happened(1, "user.mfa.factor.deactivate", person(0)), happened(2, "user.mfa.factor.reset_all", person(0)))
	w.calls()
	r = must(t, walk(t, s, delta("factors", r.cert.GetBookmark())))
	if calls := w.calls(); !slices.Equal(r.ids(sdk.KindAccount), []string{userID(0)}) || len(calls) != 2 {
		t.Errorf("accounts %v, calls %v", r.ids(sdk.KindAccount), calls)
	}
}
