package e2e

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// attack does what should be noticed, at the providers themselves, and gives how many alerts of which policy it should raise.
func (s *site) attack(urls map[string]string) map[string]int {
	s.t.Helper()
	s.shareInGoogle(urls["googleworkspace"])
	s.publishOnGitHub(urls["github"])
	s.promoteOnGitHub(urls["github"])
	s.shareInBox(urls["box"])
	s.leaveOkta(urls["okta"])
	return map[string]int{
		"became-public":           2, // the file in Google, the file in Box; who could read the repository before is not known
		"open-files-are-closed":   1, // the file in Google
		"public-repository":       1,
		"source-code-shared":      1, // what is in it
		"sensitive-name-shared":   1, // the same: it has a customer.json
		"new-admin":               1,
		"administrator-made":      1,
		"acting-in-anothers-name": 1, // that is how the link in Box was made
		"leaver-still-active":     1, // of one person, in all apps
		"token-of-leaver":         1,
	}
}

// send is one request; header and answer as JSON.
func (s *site) send(method, to string, header map[string]string, body any) map[string]any {
	s.t.Helper()
	var in io.Reader
	if form, ok := body.(url.Values); ok {
		in = strings.NewReader(form.Encode())
	} else if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			s.t.Fatal(err)
		}
		in = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, to, in)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if _, ok := body.(url.Values); ok {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, v := range header {
		req.Header.Set(name, v)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode > 299 {
		s.t.Fatalf("%s %s: %s, %v: %.400s", method, to, res.Status, err, b)
	}
	answer := map[string]any{}
	_ = json.Unmarshal(b, &answer) // some have none
	return answer
}

func (s *site) secret(name string) string {
	s.t.Helper()
	b, err := os.ReadFile(s.path("run/" + name))
	if err != nil {
		s.t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// signed is a JWT of RS256.
func (s *site) signed(key, kid string, claims map[string]any) string {
	s.t.Helper()
	block, _ := pem.Decode([]byte(key))
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		if parsed, err = x509.ParsePKCS1PrivateKey(block.Bytes); err != nil {
			s.t.Fatal(err)
		}
	}
	header := map[string]string{"alg": "RS256", "typ": "JWT"}
	if kid != "" {
		header["kid"] = kid
	}
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			s.t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(header) + "." + part(claims)
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, parsed.(*rsa.PrivateKey), crypto.SHA256, sum[:])
	if err != nil {
		s.t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func bearer(token any) map[string]string {
	return map[string]string{"Authorization": fmt.Sprint("Bearer ", token)}
}

// dull are files that no other policy minds.
const dull = "file.type == 'file' && file.name.matches('(txt|md|docx?|[0-9])$') && file.modified_at > ago('100d')"

// shareInGoogle: the owner of a private file opens it to everybody.
func (s *site) shareInGoogle(at string) {
	s.t.Helper()
	file := s.one("files", "googleworkspace/office",
		"file.access_level == 'private' && "+dull)
	var key struct {
		PrivateKeyID string `json:"private_key_id"`
		PrivateKey   string `json:"private_key"`
		ClientEmail  string `json:"client_email"`
		TokenURI     string `json:"token_uri"`
	}
	if err := json.Unmarshal([]byte(s.secret("googleworkspace-acting.json")), &key); err != nil {
		s.t.Fatal(err)
	}
	owner := file["owner"].(map[string]any)["email"]
	now := time.Now()
	token := s.send("POST", at+"/token", nil, url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"},
		"assertion": {s.signed(key.PrivateKey, key.PrivateKeyID, map[string]any{
			"iss": key.ClientEmail, "sub": owner, "scope": "https://www.googleapis.com/auth/drive", "aud": key.TokenURI,
			"iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
		})},
	})["access_token"]
	s.send("POST", at+"/drive/v3/files/"+fmt.Sprint(file["id"])+"/permissions", bearer(token),
		map[string]any{"type": "anyone", "role": "reader", "allowFileDiscovery": true})
}

// gitHub signs in as the app that may write.
func (s *site) gitHub(at string) map[string]string {
	s.t.Helper()
	now := time.Now()
	app := bearer(s.signed(s.secret("github-acting.pem"), "", map[string]any{"iss": "123457", "iat": now.Add(-time.Minute).Unix(), "exp": now.Add(5 * time.Minute).Unix()}))
	const installation = 80_000 + 9_000_001 // as examples/acme/githuborg numbers it
	return bearer(s.send("POST", fmt.Sprintf("%s/app/installations/%d/access_tokens", at, installation), app, nil)["token"])
}

// publishOnGitHub makes a private repository public that has nothing in it that has a policy of its own.
func (s *site) publishOnGitHub(at string) {
	s.t.Helper()
	for _, repo := range s.records("files", "--instance", "github/platform", "--where", "file.type == 'repository' && file.attributes['visibility'] == 'private'") {
		attributes, _ := repo["attributes"].(map[string]any)
		if fmt.Sprint(attributes["archived"]) != "true" {
			s.send("PATCH", at+"/repos/acme-platform/"+fmt.Sprint(repo["name"]), s.gitHub(at), map[string]any{"private": false})
			return
		}
	}
	s.t.Fatal("there is no private repository")
}

// promoteOnGitHub makes a member an owner.
func (s *site) promoteOnGitHub(at string) {
	s.t.Helper()
	for _, who := range s.records("accounts", "--instance", "github/platform", "--where", "account.status == 'active' && account.type == 'user' && account.mfa == 'on'") {
		if who["admin"] != true {
			s.send("PUT", at+"/orgs/acme-platform/memberships/"+fmt.Sprint(who["name"]), s.gitHub(at), map[string]any{"role": "admin"})
			return
		}
	}
	s.t.Fatal("there is no plain member")
}

// shareInBox makes an open link of a private file.
func (s *site) shareInBox(at string) {
	s.t.Helper()
	file := s.one("files", "box/content", "file.access_level == 'private' && "+dull)
	token := s.send("POST", at+"/oauth2/token", nil, url.Values{
		"grant_type": {"client_credentials"}, "client_id": {"acmemooringbox0acting0000000"}, "client_secret": {s.secret("box-acting.secret")},
		"box_subject_type": {"enterprise"}, "box_subject_id": {"900100200"},
	})["access_token"]
	header := bearer(token)
	header["As-User"] = fmt.Sprint(file["owner"].(map[string]any)["id"])
	s.send("PUT", at+"/2.0/files/"+fmt.Sprint(file["id"])+"?fields=shared_link", header, map[string]any{"shared_link": map[string]any{"access": "open"}})
}

// leaveOkta blocks somebody in the identity provider whose accounts elsewhere go on.
func (s *site) leaveOkta(at string) {
	s.t.Helper()
	box := s.records("accounts", "--instance", "box/content", "--where", "account.status == 'active' && account.admin == false")
	for _, a := range box {
		found := s.records("accounts", "--instance", "okta/workforce", "--where", fmt.Sprintf("account.email == %q && account.status == 'active' && !account.admin", a["email"]))
		if len(found) == 1 {
			s.send("POST", at+"/api/v1/users/"+fmt.Sprint(found[0]["id"])+"/lifecycle/suspend", map[string]string{"Authorization": "SSWS " + s.secret("okta-api.token")}, nil)
			return
		}
	}
	s.t.Fatal("nobody is both in Box and Okta")
}
