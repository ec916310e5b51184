package main

import (
	"bufio"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/boxorg"
	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/examples/acme/googleworkspaceorg"
	"github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
)

// startAll runs acme with all its apps and gives their addresses.
func startAll(t *testing.T, args ...string) map[string]string {
	t.Helper()
	o, err := parse(append([]string{"-listen", "127.0.0.1:0", "-latency", "0", "-change-every", "0"}, args...), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, o, in) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("acme ended with: %v", err)
		}
		http.DefaultClient.CloseIdleConnections()
	})
	urls, lines := map[string]string{}, bufio.NewReader(out)
	for _, a := range o.apps {
		if a.listen == switchedOff {
			continue
		}
		text, err := lines.ReadString('\n')
		m := regexp.MustCompile(`^([a-z]+) (http://127\.0\.0\.1:\d+) .*; accounts \d+; seed \d+\n$`).FindStringSubmatch(text)
		if err != nil || m == nil {
			t.Fatalf("printed %q, %v", text, err)
		}
		urls[m[1]] = m[2]
	}
	return urls
}

// post sends a form and gives a field of the answer.
func post(t *testing.T, to, field string, form url.Values) string {
	t.Helper()
	res, err := http.PostForm(to, form)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer := map[string]any{}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	s, _ := answer[field].(string)
	if s == "" {
		t.Fatalf("POST %s: %s, %v", to, res.Status, answer)
	}
	return s
}

// googleToken signs in as the service account, on behalf of the administrator.
func googleToken(t *testing.T, at, keyJSON, admin, scope string) string {
	t.Helper()
	var file struct {
		Email string `json:"client_email"`
		KeyID string `json:"private_key_id"`
		Key   string `json:"private_key"`
	}
	if err := json.Unmarshal([]byte(keyJSON), &file); err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode([]byte(file.Key))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	part := func(v map[string]any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	now := time.Now().Unix()
	text := part(map[string]any{"alg": "RS256", "typ": "JWT", "kid": file.KeyID}) + "." + part(map[string]any{
		"iss": file.Email, "sub": admin, "aud": googleworkspacetest.TokenURI, "iat": now, "exp": now + 3000,
		"scope": "https://www.googleapis.com/auth/" + scope,
	})
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(rand.Reader, key.(*rsa.PrivateKey), crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return post(t, at+"/token", "access_token", url.Values{
		"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"},
		"assertion":  {text + "." + base64.RawURLEncoding.EncodeToString(signature)},
	})
}

// TestApps signs in to all of them with what stands in the folder, and finds the same person in each.
func TestApps(t *testing.T) {
	dir := t.TempDir()
	urls := startAll(t, "-credentials", dir, "-accounts", "200")
	credential := func(name string) string { return read(t, filepath.Join(dir, name)) }
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 13 {
		t.Errorf("%d credentials, %v", len(files), err)
	}
	c := company.New(1, 200)
	live := c.Live(time.Now())
	leaver := c.Person(c.Leaver()).Email
	box := post(t, urls["box"]+"/oauth2/token", "access_token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {boxorg.ClientID}, "client_secret": {credential(boxSecretFile)},
		"box_subject_type": {"enterprise"}, "box_subject_id": {boxorg.EnterpriseID},
	})
	google := googleToken(t, urls["googleworkspace"], credential(googleKeyFile), googleworkspaceorg.Admin(live), "admin.directory.user.readonly")
	for _, a := range []struct{ app, path, authorization, says string }{
		{"okta", "/api/v1/users?search=" + url.QueryEscape(`profile.email eq "`+leaver+`"`), "SSWS " + credential(oktaTokenFile), `"status":"DEPROVISIONED"`},
		{"googleworkspace", "/admin/directory/v1/users/" + leaver, "Bearer " + google, `"suspended":true`},
		{"box", "/2.0/users?limit=1000&fields=login,status", "Bearer " + box, `"login":"` + leaver + `"`},
	} {
		req, err := http.NewRequestWithContext(t.Context(), "GET", urls[a.app]+a.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", a.authorization)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if flat := strings.ReplaceAll(string(body), `": `, `":`); err != nil || res.StatusCode != 200 || !strings.Contains(flat, a.says) {
			t.Errorf("%s: %s, %v, expected %s in %.400s", a.app, res.Status, err, a.says, body)
		}
	}
}

// TestOneApp: what is said of one app holds for that one, and who is off does not listen.
func TestOneApp(t *testing.T) {
	urls := startAll(t, "-credentials", "", "-googleworkspace", "off", "-fault", `box={"match":"/**","do":"status","status":418}`, "-fault", `{"match":"/orgs/*/members","do":"status","status":418}`)
	if len(urls) != 3 || urls["googleworkspace"] != "" {
		t.Errorf("serves %v", urls)
	}
	for _, c := range []struct {
		app, path string
		want      int
	}{
		{"box", "/2.0/users", 418}, {"okta", "/api/v1/users", 401}, {"okta", "/orgs/x/members", 418}, {"github", "/orgs/acme-sales/members", 418},
	} {
		if got, _ := do(t, "GET", urls[c.app]+c.path, "", ""); got != c.want {
			t.Errorf("%s%s: %d, want %d", c.app, c.path, got, c.want)
		}
	}
}

// TestPlaces: an app without an address is on the port after the one before.
func TestPlaces(t *testing.T) {
	for _, c := range []struct {
		args string
		want [4]string
	}{
		{"", [4]string{"127.0.0.1:9001", "127.0.0.1:9002", "127.0.0.1:9003", "127.0.0.1:9004"}},
		{"-listen 127.0.0.1:0", [4]string{"127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0", "127.0.0.1:0"}},
		{"-listen off -box localhost:7000", [4]string{"off", "127.0.0.1:9002", "127.0.0.1:9003", "localhost:7000"}},
		{"-okta [::1]:8000", [4]string{"127.0.0.1:9001", "[::1]:8000", "[::1]:8001", "[::1]:8002"}},
	} {
		o, err := parse(strings.Fields(c.args), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range o.apps {
			if a.listen != c.want[i] {
				t.Errorf("%s: app %d is at %s, want %s", c.args, i, a.listen, c.want[i])
			}
		}
	}
}
