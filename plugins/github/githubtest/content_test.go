package githubtest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"testing"
)

func TestContent(t *testing.T) {
	f := start(t, nil)
	for _, path := range []string{"/repos/acme/vault/git/blobs/b1", "/repos/acme/vault/contents/.env"} {
		f.get(path, "ghp_owner").has(t, `"content":"S0VZPTE=\n","encoding":"base64"`)
		a := f.do("GET", path, "ghp_owner", "Accept", "application/vnd.github.raw+json")
		if string(a.body) != "KEY=1" {
			t.Errorf("GET %s raw: %q", path, a.body)
		}
	}
	for _, path := range []string{"/repos/acme/vault/git/blobs/none", "/repos/acme/vault/contents/none", "/repos/acme/vault/contents/a/b", "/repos/acme/vault/tarball/none"} {
		if a := f.get(path, "ghp_owner"); a.status != 404 {
			t.Errorf("GET %s: %d", path, a.status)
		}
	}
	a := f.get("/repos/acme/vault/tarball/main", "ghp_owner")
	at := a.header.Get("Location")
	if a.status != 302 || at == "" {
		t.Fatalf("tarball: %d to %q", a.status, at)
	}
	gz, err := gzip.NewReader(bytes.NewReader(f.get(at, "").body))
	if err != nil {
		t.Fatal(err)
	}
	names := 0
	for r := tar.NewReader(gz); ; names++ {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if names == 0 && h.Name != "Acme-vault-c2/.env" {
			t.Errorf("the first file is %s", h.Name)
		}
	}
	if names != 5 {
		t.Errorf("%d files, want 5 (a submodule is none)", names)
	}
	if a := f.get(at, "ghp_owner"); a.status != 404 {
		t.Errorf("with a credential that belongs to another host: %d", a.status)
	}
}

func TestGraphQL(t *testing.T) {
	ask := func(f *fake, org, after, token string) string {
		body, err := json.Marshal(map[string]any{"query": "query{externalIdentities}", "variables": map[string]string{"org": org, "after": after}})
		if err != nil {
			t.Fatal(err)
		}
		a, err := f.post(f.url+"/graphql", token, string(body))
		if err != nil || a.status != 200 || a.header.Get("X-Ratelimit-Resource") != "graphql" {
			t.Fatalf("%v %v", a, err)
		}
		return string(a.body)
	}
	f := start(t, func(c *Config) {
		c.Limits.Core = 4
		c.Tokens[0].SSO = []string{"acme"}
		c.Orgs[0].SAML = true
		c.Orgs[0].SCIMUsers = List[SCIMUser]{Len: func() int { return 150 }, At: func(i int) SCIMUser {
			return SCIMUser{ID: string(rune('a'+i%26)) + "-id", UserName: "n", Login: map[bool]string{true: "ada"}[i == 0], Active: true}
		}}
	})
	for _, tc := range []struct{ org, after, token, want string }{
		{"acme", "", "ghp_owner", `{"data":{"organization":{"samlIdentityProvider":{"externalIdentities":{"pageInfo":{"hasNextPage":true,"endCursor":"identity:100"},"nodes":[{"guid":"a-id","samlIdentity":{"nameId":"n"},"user":{"databaseId":101,"login":"Ada"}},{"guid":"b-id","samlIdentity":{"nameId":"n"},"user":null}`},
		{"acme", "identity:100", "ghp_owner", `"hasNextPage":false,"endCursor":"identity:150"`},
		{"hobby", "", "ghp_owner", `{"data":{"organization":{"samlIdentityProvider":null}}}`},
		{"none", "", "ghp_owner", `"type":"NOT_FOUND"`},
		{"acme", "", "ghp_owner", `"type":"RATE_LIMITED"`},
		{"acme", "", "ghp_member", `"type":"FORBIDDEN"`},
		{"acme", "", "ghp_bare", `"type":"INSUFFICIENT_SCOPES"`},
	} {
		body := ask(f, tc.org, tc.after, tc.token)
		if !json.Valid([]byte(body)) || !bytes.Contains([]byte(body), []byte(tc.want)) {
			t.Errorf("%s by %s: %.400s\nwant %s", tc.org, tc.token, body, tc.want)
		}
	}
}
