package main

import (
	"testing"

	"github.com/mooring-hq/mooring/sdk"
)

func TestUsers(t *testing.T) {
	w := start(t, newWorld(), nil)
	r := must(t, walk(t, w.connector(), w.session(t), full("users")))
	if n := len(r.records); n != userCount+1 {
		t.Errorf("%d accounts, want %d and one deleted", n, userCount)
	}
	tests := []struct {
		person int
		status string
		admin  bool
		mfa    string
	}{
		{0, "active", true, "off"}, {1, "suspended", false, "on"}, {2, "suspended", false, "on"}, {3, "invited", false, "off"},
		{4, "active", true, "on"}, {1099, "active", false, "on"}, {5000, "deleted", false, "on"},
	}
	for _, tt := range tests {
		a := record[*sdk.Account](t, r, sdk.KindAccount, person(tt.person).ID)
		if a.GetStatus() != tt.status || a.GetAdmin() != tt.admin || a.GetMfa() != tt.mfa || a.GetType() != "user" || a.GetOrgUnit() != "/" {
			t.Errorf("person %d: %v", tt.person, a)
		}
	}
	never := record[*sdk.Account](t, r, sdk.KindAccount, person(3).ID)
	if never.LastActiveAt != nil || never.GetCreatedAt() == nil {
		t.Errorf("who never signed in was active at %v", never.GetLastActiveAt())
	}
}

func TestGroupsAndMembers(t *testing.T) {
	w := start(t, newWorld(), nil)
	c, s := w.connector(), w.session(t)
	r := must(t, walk(t, c, s, full("groups")))
	if len(r.records) != groupCount || len(r.shards) != groupCount {
		t.Fatalf("%d groups, %d shards", len(r.records), len(r.shards))
	}
	members := map[string]*result{}
	for _, sh := range r.shards {
		members[sh.GetKey()] = must(t, walk(t, c, s, shardOf(sh)))
	}
	if n := len(members["01group0"].records); n != bigGroup {
		t.Errorf("%d members of the big group, want %d", n, bigGroup)
	}
	nested := record[*sdk.Membership](t, members["01group1"], sdk.KindMembership, "group/01group1/01group0")
	if nested.GetMember().GetKind() != sdk.KindGroup || nested.GetMember().GetId() != "01group0" || nested.GetContainer().GetId() != "01group1" {
		t.Errorf("a group in a group: %v", nested)
	}
	guest := record[*sdk.Membership](t, members["01group1"], sdk.KindMembership, "group/01group1/999")
	if guest.GetMember().GetEmail() != "guest@partner.example" || guest.GetMember().GetId() != "" || guest.GetRole() != "owner" {
		t.Errorf("somebody from elsewhere: %v", guest)
	}
	if n := w.counted(func() { walk(t, c, s, shardOf(r.shard(t, "01group3"))) }); n != 0 {
		t.Errorf("an empty group cost %d calls", n)
	}
}

func TestRolesOrgUnitsDomains(t *testing.T) {
	w := start(t, newWorld(), nil)
	c, s := w.connector(), w.session(t)
	r := must(t, walk(t, c, s, full("roles")))
	if role := record[*sdk.Role](t, r, sdk.KindRole, "2"); !role.GetPrivileged() || len(role.GetPermissions().GetItems()) != 2 {
		t.Errorf("role: %v", role)
	}
	inUnit := record[*sdk.Membership](t, r, sdk.KindMembership, "role/11")
	if inUnit.GetMember().GetId() != person(4).ID || inUnit.GetContainer().GetId() != "2" || inUnit.GetScope().GetId() != "org_unit/ou1" {
		t.Errorf("role in a unit: %v", inUnit)
	}
	if m := record[*sdk.Membership](t, r, sdk.KindMembership, "role/12"); m.GetMember().GetKind() != sdk.KindGroup || m.GetScope() != nil {
		t.Errorf("role of a group: %v", m)
	}
	r = must(t, walk(t, c, s, full("org_units")))
	if u := record[*sdk.Group](t, r, sdk.KindGroup, "org_unit/ou2"); u.GetParent().GetId() != "org_unit/ou1" || u.GetType() != "org_unit" {
		t.Errorf("unit: %v", u)
	}
	record[*sdk.Group](t, r, sdk.KindGroup, "org_unit/ou0") // the root that ou1 names
	r = must(t, walk(t, c, s, full("domains")))
	for name, verified := range map[string]string{"acme.example": "true", "acme.test": "true", "new.example": "false"} {
		if d := record[*sdk.TenantItem](t, r, sdk.KindSetting, "domain/"+name); d.GetValue() != verified {
			t.Errorf("domain %s: %v", name, d)
		}
	}
}

// TestApps: what the log tells of consents, and what the list of tokens does.
func TestApps(t *testing.T) {
	w := start(t, newWorld(), nil)
	c, s := w.connector(), w.session(t)
	r := must(t, walk(t, c, s, full("consents")))
	if a := record[*sdk.App](t, r, sdk.KindApp, "app-1"); a.GetName() != "Notes" {
		t.Errorf("app: %v", a)
	}
	given := record[*sdk.Grant](t, r, sdk.KindGrant, sdk.ID(person(10).ID, "app-1"))
	if given.GetState() != "active" || len(given.GetScopes().GetItems()) != 2 || !given.GetCreatedAt().AsTime().Equal(worldNow.AddDate(0, 0, -7)) {
		t.Errorf("the newest consent: %v", given)
	}
	if taken := record[*sdk.Grant](t, r, sdk.KindGrant, sdk.ID(person(11).ID, "app-1")); taken.GetState() != "revoked" {
		t.Errorf("a consent that was taken back: %v", taken)
	}
	if len(r.cert.GetSkipped()) == 0 {
		t.Error("the log begins somewhere, but the walk claims to have seen all")
	}
	users := must(t, walk(t, c, s, full("token_users")))
	tokens := must(t, walk(t, c, s, shardOf(users.shard(t, person(10).ID))))
	if g := record[*sdk.Grant](t, tokens, sdk.KindGrant, sdk.ID(person(10).ID, "app-1")); g.GetApp().GetId() != "app-1" || g.GetAccount().GetId() != person(10).ID {
		t.Errorf("token: %v", g)
	}
}
