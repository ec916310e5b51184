package githubtest

import (
	"crypto/rand"
	"crypto/rsa"
	"strings"
	"testing"
	"time"
)

func TestJWT(t *testing.T) {
	f := start(t, nil)
	other, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	now := f.clock.now()
	for name, tc := range map[string]struct {
		token  string
		status int
		body   string
	}{
		"by id":         {signJWT(appKey, "5", now.Add(-time.Minute), now.Add(10*time.Minute)), 200, `"slug":"mooring"`},
		"id as number":  {signJWT(appKey, 5, now, now.Add(time.Minute)), 200, `"slug":"mooring"`},
		"by client id":  {signJWT(appKey, "Iv1", now, now.Add(time.Minute)), 200, `"slug":"mooring"`},
		"another key":   {signJWT(other, "5", now, now.Add(time.Minute)), 401, "could not be decoded"},
		"another app":   {signJWT(appKey, "6", now, now.Add(time.Minute)), 404, "Integration not found"},
		"too long":      {signJWT(appKey, "5", now, now.Add(11*time.Minute)), 401, "too far in the future"},
		"over":          {signJWT(appKey, "5", now.Add(-time.Hour), now.Add(-time.Second)), 401, "'Expiration time' claim"},
		"from tomorrow": {signJWT(appKey, "5", now.Add(time.Minute), now.Add(5*time.Minute)), 401, "'Issued at' claim"},
		"not a JWT":     {"a.b.c", 401, "could not be decoded"},
		"a PAT":         {"ghp_owner", 401, "could not be decoded"},
	} {
		a := f.get("/app", tc.token)
		if a.status != tc.status {
			t.Errorf("%s: %d %s, want %d", name, a.status, a.body, tc.status)
		}
		a.has(t, tc.body)
	}
	if a := f.get("/orgs/acme/members", f.jwt()); a.status != 403 {
		t.Errorf("a JWT where a token is needed: %d", a.status)
	}
}

func TestInstallationToken(t *testing.T) {
	f := start(t, nil)
	full, narrow := f.mint(""), f.mint(`{"permissions":{"members":"read"},"repositories":["vault"]}`)
	if a := f.get("/orgs/acme/members", narrow); a.status != 200 {
		t.Errorf("members: %d", a.status)
	}
	a := f.get("/orgs/acme/audit-log", narrow)
	if a.status != 403 || a.header.Get("X-Accepted-GitHub-Permissions") != "organization_administration=read" {
		t.Errorf("audit log: %d, accepted %q", a.status, a.header.Get("X-Accepted-GitHub-Permissions"))
	}
	a.has(t, "Resource not accessible by integration")
	if n := f.get("/orgs/acme/repos", narrow).len(t); n != 1 {
		t.Errorf("%d repositories with a token for one", n)
	}
	if a := f.get("/repos/acme/empty", narrow); a.status != 404 {
		t.Errorf("another repository: %d, want 404", a.status)
	}
	if n := f.get("/orgs/acme/repos", full).len(t); n != 3 {
		t.Errorf("%d repositories with a token for all", n)
	}
	if a := f.get("/orgs/hobby/members", full); a.len(t) != 0 {
		t.Errorf("members of an organisation that the App is not on: %s", a.body)
	}
	if a := f.get("/orgs/hobby/teams", full); a.status != 403 {
		t.Errorf("teams of an organisation that the App is not on: %d", a.status)
	}
	for body, status := range map[string]int{`{"permissions":{"issues":"read"}}`: 422, `{"permissions":{"contents":"write"}}`: 422, `{"repositories":["none"]}`: 422, `{`: 400} {
		req := f.url + "/app/installations/501/access_tokens"
		r, err := f.post(req, f.jwt(), body)
		if err != nil || r.status != status {
			t.Errorf("mint with %s: %v %v, want %d", body, r, err, status)
		}
	}
	if a := f.do("POST", "/app/installations/502/access_tokens", f.jwt()); a.status != 403 {
		t.Errorf("suspended: %d", a.status)
	}
	if a := f.do("DELETE", "/installation/token", narrow); a.status != 204 {
		t.Errorf("revoke: %d", a.status)
	}
	if a := f.get("/orgs/acme/members", narrow); a.status != 401 {
		t.Errorf("revoked: %d", a.status)
	}
	f.clock.add(tokenLife)
	a = f.get("/orgs/acme/members", full)
	if a.status != 401 {
		t.Errorf("after an hour: %d", a.status)
	}
	a.has(t, `"Bad credentials"`)
}

func TestUserTokens(t *testing.T) {
	f := start(t, nil)
	a := f.get("/orgs/acme/audit-log", "ghp_member")
	if a.status != 403 || a.header.Get("X-Oauth-Scopes") != "read:org" || a.header.Get("X-Accepted-Oauth-Scopes") != "read:audit_log" {
		t.Errorf("without the scope: %d %q %q", a.status, a.header.Get("X-Oauth-Scopes"), a.header.Get("X-Accepted-Oauth-Scopes"))
	}
	for path, want := range map[string]int{
		"/orgs/acme/hooks": 404, "/orgs/acme/invitations": 404, "/repos/acme/vault": 404, "/repos/acme/Site": 200, "/orgs/acme/teams": 200,
		"/orgs/acme/teams/web": 404, "/orgs/acme/members?filter=2fa_disabled": 422, "/orgs/acme/personal-access-tokens": 403, "/orgs/hobby/teams": 403,
	} {
		if got := f.get(path, "ghp_member"); got.status != want {
			t.Errorf("GET %s by a member: %d %s, want %d", path, got.status, got.body, want)
		}
	}
	// Less than all, and no word about it: the trap for who does not check scopes.
	if n := f.get("/orgs/acme/members", "ghp_bare").len(t); n != 1 {
		t.Errorf("%d members without scopes, want the one public", n)
	}
	if n := f.get("/orgs/acme/repos", "ghp_bare").len(t); n != 1 {
		t.Errorf("%d repositories without scopes, want the one public", n)
	}
	fine := f.get("/orgs/acme/organization-roles", "github_pat_read")
	if fine.status != 404 {
		t.Errorf("roles: %d", fine.status)
	}
	fine = f.get("/orgs/acme/audit-log", "github_pat_read")
	fine.has(t, "Resource not accessible by personal access token")
	if fine.header.Get("X-Oauth-Scopes") != "" || fine.header.Get("Github-Authentication-Token-Expiration") != "2026-11-21 13:00:00 UTC" {
		t.Errorf("headers of a fine-grained token: %v", fine.header)
	}
	f.clock.add(time.Hour)
	if got := f.get("/orgs/acme/members", "github_pat_read").status; got != 401 {
		t.Errorf("an expired token: %d", got)
	}
	if strings.Contains(string(f.get("/orgs/acme", "ghp_member").body), "two_factor_requirement_enabled") {
		t.Error("a member sees settings")
	}
	f.get("/orgs/acme", "ghp_owner").has(t, `"two_factor_requirement_enabled":true`)
}

func TestSSO(t *testing.T) {
	f := start(t, func(c *Config) {
		c.Orgs[0].SAML = true
		c.Tokens = append(c.Tokens, Token{Value: "ghp_sso", User: u(101, "Ada"), Scopes: []string{"repo", "admin:org"}, SSO: []string{"ACME"}})
	})
	a := f.get("/orgs/acme/teams", "ghp_owner")
	if sso := a.header.Get("X-Github-Sso"); a.status != 403 || !strings.HasPrefix(sso, "required; url=https://") {
		t.Errorf("not authorised: %d %q", a.status, sso)
	}
	for _, path := range []string{"/user/orgs", "/user/repos"} {
		a = f.get(path, "ghp_owner")
		if sso := a.header.Get("X-Github-Sso"); a.status != 200 || sso != "partial-results; organizations=7" || strings.Contains(string(a.body), "Acme") {
			t.Errorf("GET %s: %d %q %s", path, a.status, sso, a.body)
		}
		if a = f.get(path, "ghp_sso"); a.header.Get("X-Github-Sso") != "" || !strings.Contains(string(a.body), "Acme") {
			t.Errorf("GET %s authorised: %s", path, a.body)
		}
	}
	if a := f.get("/orgs/acme/teams", "ghp_sso"); a.status != 200 {
		t.Errorf("authorised: %d", a.status)
	}
	if a := f.get("/orgs/acme/teams", f.mint("")); a.status != 200 {
		t.Errorf("an installation is not concerned: %d", a.status)
	}
}
