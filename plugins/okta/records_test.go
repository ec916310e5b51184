package main

import (
	"testing"

	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

func TestAdminRoles(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(t, sswsSecrets())
	r := must(t, walk(t, s, full("roles")))
	if n := len(r.ids(sdk.KindRole)); n != len(standard)+1 {
		t.Errorf("%d roles", n)
	}
	for id, privileged := range map[string]bool{"super_admin": true, "cr0custom": true, "read_only_admin": false} {
		if role := record[*sdk.Role](t, r, sdk.KindRole, id); role.GetPrivileged() != privileged {
			t.Errorf("%s: %v", id, role)
		}
	}
	r = must(t, walk(t, s, full("admin_roles")))
	m := record[*sdk.Membership](t, r, sdk.KindMembership, sdk.ID("role", "cr0custom", userID(3), "ra2"))
	if m.GetMember().GetId() != userID(3) || m.GetScope().GetId() != sdk.ID("resource_set", "iamset1") || m.GetState() != "active" {
		t.Errorf("custom role: %v", m)
	}
	m = record[*sdk.Membership](t, r, sdk.KindMembership, sdk.ID("role", "super_admin", userID(4), "ra4"))
	if m.State != nil || attribute(m.GetNative(), "state") != "INACTIVE" {
		t.Errorf("a role that is not in force: %v", m)
	}
	g := must(t, walk(t, s, shardOf(&sdk.Shard{Listing: "group_roles", Key: groupID(operators)})))
	m = record[*sdk.Membership](t, g, sdk.KindMembership, sdk.ID("role", "help_desk_admin", groupID(operators), "ra9"))
	if m.GetMember().GetKind() != sdk.KindGroup {
		t.Errorf("a group's role: %v", m)
	}
}

func TestAppsAndWhatIsBelow(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(t, sswsSecrets())
	r := must(t, walk(t, s, full("apps")))
	a := record[*sdk.App](t, r, sdk.KindApp, appID(oidcApp))
	if a.GetName() != "Notes" || a.GetType() != "openid_connect" || attribute(a.GetAttributes(), "redirect_uris") != "https://notes.example/in" {
		t.Errorf("app: %v", a)
	}
	below := func(listing string, app int) *result {
		return must(t, walk(t, s, shardOf(&sdk.Shard{Listing: listing, Key: appID(app)})))
	}
	u := below("app_users", samlApp)
	if n := len(u.ids(sdk.KindMembership)); n != appUserCount {
		t.Errorf("%d assignments", n)
	}
	m := record[*sdk.Membership](t, u, sdk.KindMembership, sdk.ID("app", appID(samlApp), "user", userID(1)))
	if m.GetState() != "pending" || attribute(m.GetAttributes(), "assigned_through") != "user" || attribute(m.GetAttributes(), "app_user_name") != "hub-1" {
		t.Errorf("assignment: %v", m)
	}
	if n := len(below("app_groups", samlApp).ids(sdk.KindMembership)); n != 2 {
		t.Errorf("%d groups", n)
	}
	g := below("app_grants", oidcApp)
	if app := record[*sdk.App](t, g, sdk.KindApp, appID(oidcApp)); app.GetPermissionLevel() != "high" || len(app.GetScopes().GetItems()) != 1 || !app.GetScopes().GetComplete() {
		t.Errorf("scopes: %v", app)
	}
	if grant := record[*sdk.Grant](t, g, sdk.KindGrant, sdk.ID("app_grant", appID(oidcApp), "oag2")); grant.GetState() != "revoked" || grant.GetCreatedBy().GetId() != userID(0) {
		t.Errorf("grant: %v", grant)
	}
	if tok := record[*sdk.Grant](t, below("app_tokens", oidcApp), sdk.KindGrant, sdk.ID("refresh_token", appID(oidcApp), "oar1")); tok.GetAccount().GetId() != userID(5) || tok.GetExpiresAt() == nil {
		t.Errorf("refresh token: %v", tok)
	}
	for _, listing := range []string{"app_users", "app_groups", "app_grants", "app_tokens"} {
		if gone := below(listing, 99); len(gone.order) != 0 {
			t.Errorf("%s of an app that is gone: %v", listing, gone.order)
		}
	}
	c := must(t, walk(t, s, full("user_consents")))
	if grant := record[*sdk.Grant](t, c, sdk.KindGrant, sdk.ID("consent", userID(5), "oag9")); grant.GetAccount().GetId() != userID(5) || attribute(grant.GetAttributes(), "source") != "end_user" {
		t.Errorf("consent: %v", grant)
	}
}

func TestPermissionLevel(t *testing.T) {
	for want, scopes := range map[string][]string{
		"low": {"openid", "okta.myAccount.read.self"}, "medium": {"openid", "okta.users.read"}, "high": {"okta.users.read", "okta.users.manage"},
	} {
		if got := permissionLevel(scopes); got != want {
			t.Errorf("%v: %s", scopes, got)
		}
	}
	if permissionLevel(nil) != "low" {
		t.Error("no scopes")
	}
}

func TestFetch(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(t, sswsSecrets())
	fetch := func(r *sdk.Ref) (got sdk.Fetched) {
		t.Helper()
		if err := (connector{}).Fetch(t.Context(), s, []*sdk.Ref{r}, func(f sdk.Fetched) error { got = f; return nil }); err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, c := range []struct {
		ref     *sdk.Ref
		listing string
	}{{sdk.To(sdk.KindAccount, userID(2)), "users"}, {sdk.To(sdk.KindGroup, groupID(five)), "groups"}, {sdk.To(sdk.KindApp, appID(samlApp)), "apps"}} {
		if f := fetch(c.ref); f.State != sdk.Found || f.Records[c.listing] == nil || f.Records[c.listing].GetId() != c.ref.GetId() {
			t.Errorf("%v: %+v", c.ref, f)
		}
		if f := fetch(sdk.To(c.ref.GetKind(), c.ref.GetId()[:3]+"00000000000009999")); f.State != sdk.Absent {
			t.Errorf("%s that is not there: %+v", c.listing, f)
		}
	}
	if f := fetch(sdk.To(sdk.KindRole, "x")); f.State != sdk.Failed || sdk.TypeOf(f.Err) != sdk.ErrUnsupported {
		t.Errorf("role: %+v", f)
	}
	for _, c := range []struct {
		fault fake.Fault
		want  any
	}{
		{fake.Fault{Do: fake.FaultStatus, Status: 403, Body: "no"}, sdk.Denied},
		{fake.Fault{Do: fake.FaultStatus, Status: 503, Body: "down"}, sdk.Failed},
		{fake.Fault{Do: fake.FaultTruncate}, sdk.Failed},
	} {
		c.fault.Match = "/api/v1/users/*"
		w.server.ClearFaults()
		w.server.Fault(c.fault)
		if f := fetch(sdk.To(sdk.KindAccount, userID(2))); f.State != c.want {
			t.Errorf("%v: %+v", c.fault, f)
		}
	}
}

// Okta takes a login where an id is expected: what comes is somebody else's record, or one under another id.
func TestFetchGivesNobodyElse(t *testing.T) {
	s := sessionAt(t, serveText(t, `{"id":"00u00000000000000007","status":"ACTIVE"}`), sswsSecrets())
	err := connector{}.Fetch(t.Context(), s, []*sdk.Ref{sdk.To(sdk.KindAccount, "user007@acme.example")}, func(f sdk.Fetched) error {
		if f.State != sdk.Failed || len(f.Records) > 0 {
			t.Errorf("%+v", f)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// A fetched facet is the one that the listing gives: else each hint would look like a change.
func TestFetchGivesWhatTheListGives(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(t, sswsSecrets())
	for listing, ref := range map[string]*sdk.Ref{
		"users": sdk.To(sdk.KindAccount, userID(5)), "groups": sdk.To(sdk.KindGroup, groupID(five)), "apps": sdk.To(sdk.KindApp, appID(oidcApp)),
	} {
		r := must(t, walk(t, s, full(listing)))
		err := connector{}.Fetch(t.Context(), s, []*sdk.Ref{ref}, func(f sdk.Fetched) error {
			aw := sdk.NewWalk(t.Context(), full(listing), func(part []byte) error {
				one := &result{records: map[string]sdk.Record{}}
				one.take(t, part)
				return same(t, one, r)
			})
			aw.Add(f.Records[listing])
			return aw.Complete()
		})
		if err != nil {
			t.Errorf("%s: %v", listing, err)
		}
	}
}

func same(t *testing.T, one, all *result) error {
	t.Helper()
	for key, r := range one.records {
		if got, want := text(r.(interface{ String() string }).String()), text(all.records[key].(interface{ String() string }).String()); got != want {
			t.Errorf("fetched %s, listed %s", got, want)
		}
	}
	return nil
}

func TestHostileAnswers(t *testing.T) {
	for name, body := range map[string]string{
		"null": "null", "object": `{"message":"hello"}`, "no id": `[{"status":"ACTIVE"}]`, "html": "<html>", "empty": "", "number": "7", "nested": `[[[]]]`,
		"number for an id": `[{"id":7}]`,
	} {
		s := sessionAt(t, serveText(t, body), sswsSecrets())
		for _, src := range sources() {
			req := full(src.spec.Name)
			req.Shard.Key = "x"
			if r := walk(t, s, req); r.cert != nil || r.err == nil {
				t.Errorf("%s of %s was taken for a whole list", name, src.spec.Name)
			}
		}
	}
}

func TestConcurrencyIsNotTheRate(t *testing.T) {
	w := start(t, newOrg(), func(c *oktatest.Config) { c.Limits = oktatest.Limits{} })
	s := w.session(t, sswsSecrets())
	w.server.Fault(fake.Fault{Match: "/api/v1/api-tokens", Do: fake.FaultThrottle, Body: "concurrency", Times: 1})
	must(t, walk(t, s, full("api_tokens"))) // after two seconds, not after a minute
}
