package githubtest

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestFrontDoor(t *testing.T) {
	f := start(t, nil)
	for name, tc := range map[string]struct {
		method, path, token string
		headers             []string
		status              int
		body                string
	}{
		"no user agent":      {"GET", "/orgs/acme", "ghp_owner", []string{"User-Agent", ""}, 403, "User-Agent"},
		"unknown version":    {"GET", "/orgs/acme", "ghp_owner", []string{"X-GitHub-Api-Version", "2020-01-01"}, 400, "not a supported version"},
		"newer version":      {"GET", "/orgs/acme", "ghp_owner", []string{"X-GitHub-Api-Version", "2026-03-10"}, 200, ""},
		"trailing slash":     {"GET", "/orgs/acme/members/", "ghp_owner", nil, 404, "Not Found"},
		"empty parameter":    {"GET", "/orgs/acme/teams/", "ghp_owner", nil, 404, "Not Found"},
		"no such path":       {"GET", "/orgs/acme/none", "ghp_owner", nil, 404, "Not Found"},
		"no such org":        {"GET", "/orgs/none/members", "ghp_owner", nil, 404, "Not Found"},
		"wrong token":        {"GET", "/orgs/acme", "ghp_wrong", nil, 401, `"message":"Bad credentials","documentation_url"`},
		"wrong scheme":       {"GET", "/orgs/acme", "", []string{"Authorization", "Negotiate x"}, 401, "Bad credentials"},
		"token scheme":       {"GET", "/user", "", []string{"Authorization", "token ghp_owner"}, 200, `"login":"Ada"`},
		"anonymous":          {"GET", "/orgs/acme/teams", "", nil, 401, "Requires authentication"},
		"not served":         {"DELETE", "/orgs/acme/members/bob", "ghp_owner", nil, 501, "does not serve"},
		"escaped parameter":  {"GET", "/repos/acme/vault/git/trees/heads%2Fmain", "ghp_owner", nil, 200, `"truncated":false`},
		"empty repository":   {"GET", "/repos/acme/empty/git/trees/main", "ghp_owner", nil, 409, "Git Repository is empty."},
		"secret scanning":    {"GET", "/orgs/hobby/secret-scanning/alerts", "ghp_owner", nil, 404, "Not Found"},
		"audit log not paid": {"GET", "/orgs/hobby/audit-log", "ghp_owner", nil, 404, "Not Found"},
		"SCIM not paid":      {"GET", "/scim/v2/organizations/hobby/Users", "ghp_owner", nil, 404, "Not Found"},
		"SSO not paid":       {"GET", "/orgs/hobby/credential-authorizations", "ghp_owner", nil, 404, "Not Found"},
		"bad SCIM filter":    {"GET", "/scim/v2/organizations/acme/Users?filter=userName+co+%22a%22", "ghp_owner", nil, 400, "urn:ietf:params:scim:api:messages:2.0:Error"},
		"SCIM filter":        {"GET", "/scim/v2/organizations/acme/Users?filter=userName+eq+%22bob@acme.example%22", "ghp_owner", nil, 200, `"totalResults":1`},
	} {
		t.Run(name, func(t *testing.T) {
			f.t = t
			a := f.do(tc.method, tc.path, tc.token, tc.headers...)
			if a.status != tc.status {
				t.Fatalf("%d %.200s, want %d", a.status, a.body, tc.status)
			}
			a.has(t, tc.body)
			for _, h := range []string{"X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Ratelimit-Used", "X-Ratelimit-Reset", "X-Ratelimit-Resource", "X-Github-Request-Id", "Date"} {
				if a.header.Get(h) == "" {
					t.Errorf("no header %s", h)
				}
			}
		})
	}
}

func TestMoved(t *testing.T) {
	f := start(t, nil)
	a := f.get("/orgs/acme-old/members?per_page=2", "ghp_owner")
	if to := a.header.Get("Location"); a.status != 301 || !strings.HasSuffix(to, "/organizations/7/members?per_page=2") {
		t.Fatalf("renamed organisation: %d to %q", a.status, to)
	}
	if b := f.get(a.header.Get("Location"), "ghp_owner"); b.len(t) != 2 {
		t.Errorf("after the redirect: %d %s", b.status, b.body)
	}
	a = f.get("/repos/acme/old-site/git/trees/main", "ghp_owner")
	if to := a.header.Get("Location"); a.status != 301 || !strings.HasSuffix(to, "/repositories/21/git/trees/main") {
		t.Fatalf("renamed repository: %d to %q", a.status, to)
	}
	if b := f.get(a.header.Get("Location"), "ghp_owner"); b.status != 200 {
		t.Errorf("after the redirect: %d %s", b.status, b.body)
	}
}

func TestPages(t *testing.T) {
	f := start(t, nil)
	first := f.get("/orgs/acme/members", "ghp_owner")
	if first.len(t) != 30 {
		t.Errorf("%d members on a page without per_page, want 30", first.len(t))
	}
	if got := f.get("/orgs/acme/members?per_page=500", "ghp_owner").len(t); got != 100 {
		t.Errorf("%d members on a page of 500, want 100", got)
	}
	base := f.url + "/organizations/7/members?per_page=100&role=all&page="
	for page, want := range map[string]string{
		"1": "<" + base + `2>; rel="next", <` + base + `3>; rel="last"`,
		"2": "<" + base + `1>; rel="prev", <` + base + `3>; rel="next", <` + base + `3>; rel="last", <` + base + `1>; rel="first"`,
		"3": "<" + base + `2>; rel="prev", <` + base + `1>; rel="first"`,
		"9": "<" + base + `3>; rel="prev", <` + base + `1>; rel="first"`,
	} {
		if got := f.get("/orgs/acme/members?page="+page+"&per_page=100&role=all", "ghp_owner").header.Get("Link"); got != want {
			t.Errorf("page %s: Link\n%s\nwant\n%s", page, got, want)
		}
	}
	n := 0
	for at := "/orgs/acme/members?per_page=100"; at != ""; {
		a := f.get(at, "ghp_owner")
		n += a.len(t)
		at = next(a, "next")
	}
	if n != 253 {
		t.Errorf("%d members by Link, want 253", n)
	}
	if link := f.get("/orgs/acme/outside_collaborators", "ghp_owner").header.Get("Link"); link != "" {
		t.Errorf("Link %q on the only page", link)
	}
	team := f.get("/orgs/acme/teams/core/members?per_page=1", "ghp_owner")
	if want := f.url + "/organizations/7/team/11/members?per_page=1&page=2"; next(team, "next") != want {
		t.Errorf("team: next %q, want %q", next(team, "next"), want)
	}
	access := f.get("/repos/acme/vault/collaborators?per_page=1", "ghp_owner")
	if want := f.url + "/repositories/22/collaborators?per_page=1&page=2"; next(access, "next") != want {
		t.Errorf("repository: next %q, want %q", next(access, "next"), want)
	}
}

func TestFilters(t *testing.T) {
	f := start(t, nil)
	for path, want := range map[string]int{
		"/orgs/acme/members?role=admin": 1, "/orgs/acme/members?filter=2fa_disabled": 1, "/orgs/acme/members?filter=2fa_insecure&role=member": 1,
		"/orgs/acme/outside_collaborators?filter=2fa_disabled": 1, "/orgs/acme/outside_collaborators?filter=2fa_insecure": 0,
		"/orgs/acme/teams/core/members": 2, "/orgs/acme/teams/core/members?role=maintainer": 1, "/orgs/acme/teams/core/teams": 1,
		"/repos/acme/vault/collaborators?affiliation=outside": 1, "/orgs/acme/repos?type=public": 1, "/orgs/acme/repos?type=private": 2, "/orgs/acme/repos?type=internal": 1,
		"/orgs/acme/secret-scanning/alerts?state=open": 1, "/orgs/acme/credential-authorizations?login=BOB": 1, "/orgs/acme/invitations?role=admin": 1,
	} {
		if got := f.get(path, "ghp_owner").len(t); got != want {
			t.Errorf("GET %s: %d, want %d", path, got, want)
		}
	}
	f.get("/orgs/acme/invitations", "ghp_owner").has(t, `"login":null,"email":"new@acme.example","role":"direct_member"`)
	for path, want := range map[string]string{"pushed": "Site", "created": "empty", "full_name": "empty"} {
		if a := f.get("/orgs/acme/repos?sort="+path+"&per_page=1", "ghp_owner"); !strings.Contains(string(a.body), `"name":"`+want+`"`) {
			t.Errorf("sort=%s begins with %.80s, want %s", path, a.body, want)
		}
	}
}

func TestETag(t *testing.T) {
	f := start(t, func(c *Config) {
		c.Tokens = append(c.Tokens, Token{Value: "ghp_owner2", User: u(101, "Ada"), Scopes: []string{"repo", "admin:org"}})
	})
	const path = "/orgs/acme/members?role=admin"
	a := f.get(path, "ghp_owner")
	tag := a.header.Get("Etag")
	remaining := a.header.Get("X-Ratelimit-Remaining")
	same := f.do("GET", path, "ghp_owner", "If-None-Match", strings.TrimPrefix(tag, "W/"))
	if same.status != http.StatusNotModified || len(same.body) != 0 || same.header.Get("X-Ratelimit-Remaining") != remaining {
		t.Errorf("the same again: %d, remaining %s, want 304 and %s", same.status, same.header.Get("X-Ratelimit-Remaining"), remaining)
	}
	// The recipe of the sheet: a client that kept the body can tell the ETag for another token.
	tagOf := (&call{r: &http.Request{Header: http.Header{"Accept": {"application/vnd.github+json"}, "Authorization": {"Bearer ghp_owner2"}}}, b: a.body}).etag()
	other := f.do("GET", path, "ghp_owner2", "If-None-Match", tag)
	if other.status != http.StatusOK || other.header.Get("Etag") != `W/"`+tagOf+`"` {
		t.Errorf("with another token: %d %s, want 200 %s", other.status, other.header.Get("Etag"), tagOf)
	}
	if got := f.do("GET", path, "ghp_owner2", "If-None-Match", `"`+tagOf+`"`).status; got != http.StatusNotModified {
		t.Errorf("with a computed ETag: %d, want 304", got)
	}
	if s := f.Stats(); s.Conditional != 3 || s.NotModified != 2 {
		t.Errorf("stats %+v, want 3 conditional, 2 not modified", s)
	}
}

func TestLatency(t *testing.T) {
	f := start(t, func(c *Config) { c.Latency = 20 * time.Millisecond })
	began := time.Now()
	f.get("/orgs/acme", "ghp_owner")
	if d := time.Since(began); d < 20*time.Millisecond {
		t.Errorf("answered after %v", d)
	}
}
