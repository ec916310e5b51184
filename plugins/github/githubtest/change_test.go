package githubtest

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// send sends a body with any method.
func (f *fake) send(method, path, token, body string) *answer {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.url+path, strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := f.http.Do(req)
	if err != nil {
		f.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	return &answer{resp.StatusCode, resp.Header, b}
}

// changing is a fake whose credentials may change everything. Its webhooks go nowhere.
func changing(t *testing.T) (f *fake, token string) {
	t.Helper()
	f = start(t, func(c *Config) {
		o := *c.Orgs[0]
		o.Hooks = List[Hook]{}
		o.Content = func(_, sha string) []byte { return map[string][]byte{"b1": []byte("KEY=1"), "b2": []byte("x")}[sha] }
		c.Orgs[0] = &o
		perms := map[string]string{}
		for name := range allPerms {
			perms[name] = "write"
		}
		c.Apps[0].Permissions = perms
	})
	return f, f.mint(`{}`)
}

// TestLeaving: who is removed is in no list any more, but still an account of GitHub.
func TestLeaving(t *testing.T) {
	f, app := changing(t)
	lists := []string{
		"/orgs/acme/members", "/orgs/acme/members?role=member", "/orgs/acme/teams/core/members", "/orgs/acme/teams/web/members",
		"/repos/acme/vault/collaborators", "/orgs/acme/organization-roles/1/users", "/orgs/acme/credential-authorizations",
		"/orgs/acme/personal-access-tokens",
	}
	has := func(path string) bool { return strings.Contains(string(f.get(path, app).body), `"login":"bob"`) }
	for _, path := range lists {
		if !has(path) {
			t.Errorf("before: bob is not in %s", path)
		}
	}
	if a := f.do("DELETE", "/orgs/acme/memberships/bob", app); a.status != http.StatusNoContent {
		t.Fatalf("%d %s", a.status, a.body)
	}
	for _, path := range lists {
		if has(path) {
			t.Errorf("after: bob is still in %s", path)
		}
	}
	for path, want := range map[string]int{
		"/orgs/acme/memberships/bob": http.StatusNotFound, "/orgs/acme/teams/web/memberships/bob": http.StatusNotFound,
		"/users/bob": http.StatusOK, "/user/102": http.StatusOK,
	} {
		if a := f.get(path, app); a.status != want {
			t.Errorf("%s: %d, want %d", path, a.status, want)
		}
	}
	if a := f.do("DELETE", "/orgs/acme/memberships/bob", app); a.status != http.StatusNotFound {
		t.Errorf("again: %d", a.status)
	}
	f.send("PUT", "/orgs/acme/memberships/bob", app, `{"role":"member"}`)
	f.send("PUT", "/orgs/acme/teams/web/memberships/bob", app, `{"role":"maintainer"}`)
	f.get("/orgs/acme/teams/web/memberships/bob", app).has(t, `"state":"pending"`)
	f.Accept("acme", "bob")
	f.get("/orgs/acme/teams/web/memberships/bob", app).has(t, `"role":"maintainer","state":"active"`)
	f.get("/orgs/acme/teams/core/members", app).has(t, `"role":"member","inherited":true`)
	if has("/orgs/acme/credential-authorizations") {
		t.Error("a credential came back with its owner")
	}
	f.Forget("acme")
	for _, path := range lists {
		if !has(path) {
			t.Errorf("forgotten: bob is not in %s", path)
		}
	}
}

// TestTeamsAbove: a team has the members of its child teams.
func TestTeamsAbove(t *testing.T) {
	f, app := changing(t)
	if a := f.do("DELETE", "/orgs/acme/teams/core/memberships/bob", app); a.status != http.StatusNotFound {
		t.Errorf("who is in a team through another one: %d", a.status)
	}
	f.do("DELETE", "/orgs/acme/teams/web/memberships/bob", app)
	if a := f.get("/orgs/acme/teams/core/memberships/bob", app); a.status != http.StatusNotFound {
		t.Errorf("he left the child team: %d %s", a.status, a.body)
	}
	f.send("PUT", "/orgs/acme/teams/web/memberships/cy", app, `{"role":"member"}`)
	f.get("/orgs/acme/teams/core/members", app).has(t, `"login":"cy"`)
	f.send("PUT", "/orgs/acme/teams/core/memberships/cy", app, `{"role":"maintainer"}`)
	f.do("DELETE", "/orgs/acme/teams/core/memberships/cy", app)
	f.get("/orgs/acme/teams/core/members", app).has(t, `"inherited":true`)
}

// TestRefusedWrites: what the vendor refuses, and how.
func TestRefusedWrites(t *testing.T) {
	f, app := changing(t)
	for _, c := range []struct {
		method, path, token, body string
		want                      int
	}{
		{"PUT", "/orgs/acme/memberships/bob", "ghp_member", `{}`, 403},
		{"PUT", "/orgs/acme/memberships/bob", "github_pat_read", `{}`, 403},
		{"PUT", "/orgs/acme/memberships/nobody", app, `{}`, 404},
		{"PUT", "/orgs/acme/memberships/bob", app, `{"role":"king"}`, 422},
		{"PUT", "/orgs/acme/memberships/bob", app, `{`, 400},
		{"PUT", "/orgs/acme/memberships/troll", app, `{}`, 422},
		{"DELETE", "/orgs/acme/teams/web/memberships/bob", "github_pat_read", ``, 404},
		{"PUT", "/orgs/acme/blocks/bob", app, ``, 422},
		{"PUT", "/orgs/acme/blocks/out", "ghp_member", ``, 404},
		{"DELETE", "/orgs/acme/blocks/bob", app, ``, 204},
		{"DELETE", "/orgs/acme/outside_collaborators/bob", app, ``, 422},
		{"DELETE", "/orgs/acme/outside_collaborators/nobody", app, ``, 404},
		{"PATCH", "/repos/acme/vault", app, `{"visibility":"secret"}`, 422},
		{"POST", "/repos/acme/vault/keys", app, `{"key":"no key"}`, 422},
		{"POST", "/repos/acme/vault/keys", app, `{"key":"ssh-ed25519 AAAA mine"}`, 422},
		{"DELETE", "/repos/acme/vault/keys/999", app, ``, 404},
		{"PUT", "/repos/acme/vault/contents/a.txt", app, `{"message":"m","content":"eA=="}`, 422},
		{"PUT", "/repos/acme/vault/contents/a.txt", app, `{"message":"m","content":"eA==","sha":"b9"}`, 409},
		{"PUT", "/repos/acme/vault/contents/a.txt", app, `{"message":"m","content":"*","sha":"b2"}`, 422},
		{"PUT", "/repos/acme/vault/contents/a.txt", app, `{"content":"eA==","sha":"b2"}`, 422},
		{"PUT", "/repos/acme/vault/contents/.github%2Fworkflows%2Fx.yml", app, `{"message":"m","content":"eA=="}`, 403},
		{"PUT", "/repos/acme/vault/contents/a.txt", "ghp_member", `{}`, 404},
		{"DELETE", "/repos/acme/vault/contents/none", app, `{"message":"m","sha":"b2"}`, 404},
		{"POST", "/orgs/acme/personal-access-tokens/61", "ghp_owner", `{"action":"revoke"}`, 403},
		{"POST", "/orgs/acme/personal-access-tokens/999", app, `{"action":"revoke"}`, 404},
		{"DELETE", "/orgs/acme/credential-authorizations/999", app, ``, 404},
		{"PUT", "/app/installations/501/suspended", app, ``, 401},
	} {
		if a := f.send(c.method, c.path, c.token, c.body); a.status != c.want {
			t.Errorf("%s %s %s: %d %s, want %d", c.method, c.path, c.body, a.status, a.body, c.want)
		}
	}
	f.send("PATCH", "/repos/acme/vault", app, `{"archived":true}`)
	if a := f.send("PUT", "/repos/acme/vault/contents/new", app, `{"message":"m","content":"eA=="}`); a.status != http.StatusForbidden {
		t.Errorf("a write to an archive: %d", a.status)
	}
}

// TestWrittenFiles: tree, path and content agree; the branch moves on; former contents stay.
func TestWrittenFiles(t *testing.T) {
	f, app := changing(t)
	before := f.get("/repos/acme/vault", app)
	f.clock.add(time.Minute)
	sha := blobSHA([]byte("hello\n"))
	f.send("PUT", "/repos/acme/vault/contents/b%2Fnew.txt", app, `{"message":"m","content":"aGVsbG8K"}`).has(t, `"sha":"`+sha+`"`)
	f.send("PUT", "/repos/acme/vault/contents/a.txt", app, `{"message":"m","content":"aGVsbG8K","sha":"b2"}`).has(t, `"sha":"`+sha+`"`)
	f.send("DELETE", "/repos/acme/vault/contents/.env", app, `{"message":"m","sha":"b1"}`).has(t, `"content":null`)
	var tree struct {
		Tree []struct{ Path, SHA, Type string }
	}
	if err := json.Unmarshal(f.get("/repos/acme/vault/git/trees/main?recursive=1", app).body, &tree); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, e := range tree.Tree {
		if e.Type == "blob" {
			paths = append(paths, e.Path+" "+e.SHA)
		}
	}
	want := []string{"a.txt " + sha, "a/b/c.go b3", "a/d.go b4", "b/new.txt " + sha, "z/run.sh b6"}
	if !slices.Equal(paths, want) {
		t.Errorf("tree %q, want %q", paths, want)
	}
	f.get("/repos/acme/vault/contents/b%2Fnew.txt", app).has(t, `"content":"aGVsbG8K`)
	f.get("/repos/acme/vault/git/blobs/b1", app).has(t, `"size":5`) // the history has it
	if a := f.get("/repos/acme/vault/contents/.env", app); a.status != http.StatusNotFound {
		t.Errorf("a deleted file: %d", a.status)
	}
	after := f.get("/repos/acme/vault", app)
	if string(before.body) == string(after.body) || !strings.Contains(string(after.body), `"pushed_at":"2026-11-21T12:01:00Z"`) {
		t.Errorf("the repository was not pushed to: %.300s", after.body)
	}
}

// TestAuditOfWrites: what was done stands in its place in the log, also when the log grows behind it.
func TestAuditOfWrites(t *testing.T) {
	var grown atomic.Int64
	f := start(t, func(c *Config) {
		o := *c.Orgs[0]
		o.Hooks = List[Hook]{}
		base := events(130)
		o.Audit = List[Event]{Len: func() int { return 130 + int(grown.Load()) }, At: func(i int) Event {
			if i < 130 {
				return base.At(i)
			}
			return Event{ID: "late", Time: begin.Add(time.Duration(2*(i-130)+3) * time.Minute), Action: "org.add_member"}
		}}
		c.Orgs[0] = &o
		c.Apps[0].Permissions = map[string]string{"members": "write", "organization_administration": "read"}
	})
	app := f.mint(`{}`)
	for range 3 {
		f.clock.add(2 * time.Minute)
		f.do("DELETE", "/orgs/acme/memberships/user"+number(grown.Add(1)), app)
	}
	f.clock.add(time.Hour)
	app = f.mint(`{}`)
	var log []struct {
		At     int64  `json:"@timestamp"`
		Action string `json:"action"`
		Actor  string `json:"actor"`
	}
	if err := json.Unmarshal(f.get("/orgs/acme/audit-log?order=asc&per_page=100&phrase=created:%3E%3D2026-11-21T11:59:00Z", app).body, &log); err != nil {
		t.Fatal(err)
	}
	ours := 0
	for i := range log {
		if i > 0 && log[i].At < log[i-1].At {
			t.Errorf("entry %d is older than the one before it", i)
		}
		if log[i].Action == "org.remove_member" && log[i].Actor == "mooring[bot]" {
			ours++
		}
	}
	if ours != 3 || len(log) < 6 {
		t.Errorf("%d entries, %d of them ours: %+v", len(log), ours, log)
	}
}

// TestGraphQLLists: a list without a length is refused, and an error stands in an answer of 200.
func TestGraphQLLists(t *testing.T) {
	f, app := changing(t)
	ask := func(query string) *answer {
		body, err := json.Marshal(map[string]any{"query": query, "variables": map[string]string{"org": "acme", "login": "BOB"}})
		if err != nil {
			t.Fatal(err)
		}
		return f.send("POST", "/graphql", app, string(body))
	}
	ask(`{organization{teams(userLogins:[$login]){nodes}}}`).has(t, "MISSING_PAGINATION_BOUNDARIES")
	ask(`{organization{teams(first:100,userLogins:[$login]){nodes}}}`).has(t, `{"databaseId":12,"slug":"web","members":{"edges":[{"role":"MEMBER","node":{"login":"bob"}}]}}`)
	ask(`{organization{repositories(first:100){nodes{collaborators(first:1,affiliation:OUTSIDE)}}}}`).has(t, `"collaborators":{"edges":[]}`)
}
