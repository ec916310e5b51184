package main

import (
	"testing"
	"time"

	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
	"github.com/mooring-hq/mooring/sdk"
)

func TestUsersOfEveryStatus(t *testing.T) {
	w := start(t, newOrg(), nil)
	r := must(t, walk(t, w.session(t, sswsSecrets()), full("users")))
	if n := len(r.ids(sdk.KindAccount)); n != userCount {
		t.Errorf("%d accounts, want %d", n, userCount)
	}
	want := map[int]string{0: "active", 1: "invited", 2: "invited", 3: "active", 4: "active", 5: "active", 6: "suspended", userCount - 1: "deleted"}
	for i, status := range want {
		a := record[*sdk.Account](t, r, sdk.KindAccount, userID(i))
		if a.GetStatus() != status {
			t.Errorf("user %d is %s, want %s", i, a.GetStatus(), status)
		}
	}
	a := record[*sdk.Account](t, r, sdk.KindAccount, userID(5))
	if attribute(a.GetNative(), "status") != "LOCKED_OUT" || a.GetEmail() != "user005@acme.example" || a.GetManager().GetId() != userID(0) ||
		a.GetOrgUnit() != "Sales" || a.GetDisplayName() != "User 5" || attribute(a.GetAttributes(), "employee_number") != "E5" {
		t.Errorf("account: %v", a)
	}
}

func TestUsersSinceTheBookmark(t *testing.T) {
	o := newOrg()
	now := time.Now().UTC().Truncate(time.Second)
	changed := someone(3)
	w := start(t, o, nil)
	s := w.session(t, sswsSecrets())
	first := must(t, walk(t, s, full("users")))
	w.calls()
	idle := must(t, walk(t, s, delta("users", first.cert.GetBookmark())))
	if calls := w.calls(); len(idle.order) != 0 || len(calls) != 1 {
		t.Errorf("nothing changed: %d records, calls %v", len(idle.order), calls)
	}
	changed.Status, changed.Updated = "DEPROVISIONED", now
	o.Users = oktatest.ListOf(someone(0), changed, someone(4))
	r := must(t, walk(t, s, delta("users", idle.cert.GetBookmark())))
	if ids := r.ids(sdk.KindAccount); len(ids) != 1 || record[*sdk.Account](t, r, sdk.KindAccount, userID(3)).GetStatus() != "deleted" {
		t.Errorf("changed: %v", ids)
	}
	if r := walk(t, s, delta("users", []byte("what?"))); sdk.TypeOf(r.err) != sdk.ErrExpired {
		t.Errorf("a bookmark of another version: %v", r.err)
	}
}

func TestResumedWalkKeepsItsBeginning(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(t, sswsSecrets())
	part := walkUntil(t, s, full("users"), 1)
	if part.cert != nil || len(part.marks) != 1 {
		t.Fatalf("%d checkpoints, certificate %v", len(part.marks), part.cert)
	}
	again := full("users")
	again.Checkpoint = part.marks[0]
	rest := must(t, walk(t, s, again))
	if n := len(part.ids(sdk.KindAccount)) + len(rest.ids(sdk.KindAccount)); n != userCount || rest.cert.GetBookmark() == nil {
		t.Errorf("%d accounts in both, bookmark %q", n, rest.cert.GetBookmark())
	}
}

func TestGroupsAndMembers(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(t, sswsSecrets())
	r := must(t, walk(t, s, full("groups")))
	if n := len(r.ids(sdk.KindGroup)); n != 4 {
		t.Errorf("%d groups", n)
	}
	shards := map[string]*sdk.Shard{}
	for _, sh := range r.shards {
		shards[sh.GetListing()+" "+sh.GetKey()] = sh
	}
	if len(shards) != 5 || shards["group_roles "+groupID(operators)] == nil {
		t.Errorf("shards %v", shards)
	}
	w.calls()
	for i, want := range map[int]int{everyone: userCount - gonePeople, five: 5, nobody: 0, operators: 2} {
		m := must(t, walk(t, s, shardOf(shards["memberships "+groupID(i)])))
		if n := len(m.ids(sdk.KindMembership)); n != want {
			t.Errorf("group %d has %d members, want %d", i, n, want)
		}
		if i == five {
			ms := record[*sdk.Membership](t, m, sdk.KindMembership, sdk.ID("group", groupID(five), userID(4)))
			if ms.GetContainer().GetId() != groupID(five) || ms.GetMember().GetId() != userID(4) {
				t.Errorf("membership %v", ms)
			}
		}
	}
	if calls := w.calls(); len(calls) != 3 {
		t.Errorf("calls %v, want none for the empty group", calls)
	}
	gone := &sdk.Shard{Listing: "memberships", Key: groupID(99)}
	if m := must(t, walk(t, s, shardOf(gone))); len(m.order) != 0 {
		t.Errorf("a deleted group has %d members", len(m.order))
	}
}

func TestGroupRules(t *testing.T) {
	w := start(t, newOrg(), nil)
	r := must(t, walk(t, w.session(t, sswsSecrets()), full("group_rules")))
	o := record[*sdk.Other](t, r, sdk.KindOther, sdk.ID("group_rule", "0pr00000000000000001"))
	if o.GetName() != "sales" || attribute(o.GetAttributes(), "groups") != groupID(five) || attribute(o.GetAttributes(), "status") != "active" {
		t.Errorf("rule %v", o)
	}
}

func TestServiceApp(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(t, appSecrets())
	if r := must(t, walk(t, s, full("users"))); len(r.ids(sdk.KindAccount)) != userCount {
		t.Errorf("%d accounts", len(r.ids(sdk.KindAccount)))
	}
	w.server.ExpireTokens()
	must(t, walk(t, s, full("groups")))
}
