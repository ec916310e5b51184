package githubtest

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
	"testing"
)

// TestSpec holds every path that the fake serves against the vendor's document.
func TestSpec(t *testing.T) {
	sp := spec(t)
	var bad atomic.Int64
	f := start(t, func(c *Config) {
		c.Record = sp.Record(func(err error) { bad.Add(1); t.Error(err) })
	})
	app := f.mint(`{}`)
	f.mint(`{"permissions":{"members":"read"},"repository_ids":[22]}`)
	if _, err := f.Deliver(t.Context(), "acme", "member", json.RawMessage(`{"action":"added"}`)); err != nil {
		t.Fatal(err)
	}
	root := "/repos/acme/vault"
	for _, p := range []string{
		"/rate_limit", "/orgs/acme", "/users/bob", "/user/102", root + "/contents/.env", "/users/acme",
		"/orgs/acme/members?per_page=100&page=2&role=all", "/orgs/acme/members?filter=2fa_disabled", "/orgs/acme/outside_collaborators",
		"/orgs/acme/invitations", "/orgs/acme/failed_invitations", "/orgs/acme/memberships/bob", "/orgs/acme/memberships/dora", "/orgs/acme/blocks",
		"/orgs/acme/teams", "/orgs/acme/teams/web", "/orgs/acme/teams/core/members?role=maintainer", "/orgs/acme/teams/core/teams",
		"/orgs/acme/teams/core/repos", "/orgs/acme/teams/core/memberships/bob", "/organizations/7/team/11/members",
		"/orgs/acme/organization-roles", "/orgs/acme/organization-roles/1/users", "/orgs/acme/organization-roles/1/teams",
		"/orgs/acme/audit-log?include=all&phrase=created:%3E%3D2026-01-01&order=asc&per_page=100",
		"/orgs/acme/repos?type=all&sort=pushed&per_page=100", "/orgs/acme/repos?type=private", root, root + "/collaborators?affiliation=outside", root + "/teams",
		root + "/keys", root + "/git/trees/main?recursive=1", root + "/git/trees/main", root + "/git/blobs/b1", "/repos/acme/empty/git/trees/main",
		"/orgs/acme/secret-scanning/alerts?state=open&hide_secret=true", "/orgs/acme/secret-scanning/alerts?after=&sort=updated", root + "/secret-scanning/alerts/2/locations",
		"/orgs/acme/installations", "/orgs/acme/credential-authorizations?login=bob", "/orgs/acme/personal-access-tokens", "/orgs/acme/credential-authorizations",
		"/orgs/acme/personal-access-tokens/61/repositories", "/orgs/acme/personal-access-token-requests",
		"/orgs/acme/hooks", "/orgs/acme/hooks/71/deliveries", "/orgs/acme/hooks/71/deliveries?status=failure",
		"/scim/v2/organizations/acme/Users?startIndex=1&count=1", "/installation/repositories",
	} {
		before := bad.Load()
		a := f.get(p, app)
		want := http.StatusOK
		if p == "/repos/acme/empty/git/trees/main" {
			want = http.StatusConflict
		}
		if a.status != want {
			t.Errorf("GET %s: %d %.200s, want %d", p, a.status, a.body, want)
		}
		if bad.Load() != before {
			t.Logf("GET %s: %.400s", p, a.body)
		}
	}
	for _, p := range []string{"/app", "/app/installations", "/app/installations/501", "/app/hook/config", "/app/hook/deliveries"} {
		if a := f.get(p, f.jwt()); a.status != http.StatusOK {
			t.Errorf("GET %s: %d %s", p, a.status, a.body)
		}
	}
	f.get(root+"/tarball/main", app)
	f.get("/orgs/acme/teams/none", app)
	f.get("/orgs/acme/audit-log", "ghp_member")
}

// TestSpecSeesFaults makes sure that the check above can fail.
func TestSpecSeesFaults(t *testing.T) {
	sp := spec(t)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://x/orgs/acme/members?per_page=100&limit=3", nil)
	if err != nil {
		t.Fatal(err)
	}
	if sp.ValidateRequest(req) == nil {
		t.Error("a parameter that the vendor does not have passed")
	}
	h := http.Header{"Content-Type": {"application/json"}}
	if sp.ValidateResponse(req, 200, h, []byte(`[{"login":"bob"}]`)) == nil {
		t.Error("half a user passed")
	}
}
