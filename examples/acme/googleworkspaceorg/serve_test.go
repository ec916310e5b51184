package googleworkspaceorg

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
	"github.com/mooring-hq/mooring/sdk/sdktest/spec"
)

// testKey is the service account's: making one takes half a second.
var testKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// assertion signs as the service account.
func assertion(t *testing.T, subject, scope string) string {
	t.Helper()
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(map[string]string{"alg": "RS256", "kid": keyID}) + "." + part(map[string]any{
		"iss": AccountEmail, "sub": subject, "scope": "https://www.googleapis.com/auth/" + scope, "aud": gw.TokenURI,
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	})
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, testKey(), crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// get asks the fake in somebody's name.
func get(t *testing.T, base, subject, scope, path string) (int, map[string]any) {
	t.Helper()
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion(t, subject, scope)}}
	res, err := http.PostForm(base+"/token", form)
	if err != nil {
		t.Fatal(err)
	}
	var token struct {
		Token string `json:"access_token"`
	}
	err = json.NewDecoder(res.Body).Decode(&token)
	_ = res.Body.Close()
	if err != nil || res.StatusCode != http.StatusOK {
		return res.StatusCode, nil
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token.Token)
	if res, err = http.DefaultClient.Do(req); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	_ = json.Unmarshal(b, &out)
	return res.StatusCode, out
}

// TestServe: the fake shows the company, and its answers are what Google's document says.
func TestServe(t *testing.T) {
	l := live(t, 120, 200)
	cfg := Config(l, &testKey().PublicKey)
	var mu sync.Mutex
	if dir := os.Getenv("MOORING_SPECS"); dir != "" {
		s, err := spec.Open(filepath.Join(dir, "google-workspace.json"), spec.Options{Known: func(p string) bool { return p == "fields" }})
		if err != nil {
			t.Fatal(err)
		}
		cfg.Record = s.Record(func(err error) {
			mu.Lock()
			defer mu.Unlock()
			t.Errorf("against the vendor's document: %v", err)
		}, "/token")
	} else {
		t.Log("MOORING_SPECS is not set: answers are not held against the vendor's document")
	}
	server := gw.New(cfg)
	srv := httptest.NewServer(server)
	defer srv.Close()
	admin := Admin(l)
	owner, drive := l.Person(l.KeyKeeper()).Email, cfg.Tenant.Drives.At(0).ID
	tests := []struct{ subject, scope, path, has string }{
		{admin, "admin.directory.user.readonly", "/admin/directory/v1/users?customer=my_customer&maxResults=500", "users"},
		{admin, "admin.directory.group.readonly", "/admin/directory/v1/groups?customer=my_customer", "groups"},
		{admin, "admin.directory.orgunit.readonly", "/admin/directory/v1/customer/my_customer/orgunits?type=all", "organizationUnits"},
		{admin, "admin.directory.rolemanagement.readonly", "/admin/directory/v1/customer/my_customer/roleassignments", "items"},
		{admin, "admin.directory.domain.readonly", "/admin/directory/v1/customer/my_customer/domains", "domains"},
		{admin, "admin.reports.audit.readonly", "/admin/reports/v1/activity/users/all/applications/drive?maxResults=100", "items"},
		{admin, "admin.reports.audit.readonly", "/admin/reports/v1/activity/users/all/applications/token?maxResults=100", "items"},
		{admin, "drive.readonly", "/drive/v3/drives?useDomainAdminAccess=true&pageSize=100", "drives"},
		{admin, "drive.metadata.readonly", "/drive/v3/files/" + drive + "/permissions?supportsAllDrives=true&useDomainAdminAccess=true", "permissions"},
		{owner, "drive.metadata.readonly", "/drive/v3/files?q=%27me%27%20in%20owners&pageSize=1000", "files"},
		{owner, "drive.metadata.readonly", "/drive/v3/files/" + fileID(l.KeyDocument()), "permissions"},
		{owner, "drive.metadata.readonly", "/drive/v3/changes/startPageToken", "startPageToken"},
	}
	for _, tt := range tests {
		if status, got := get(t, srv.URL, tt.subject, tt.scope, tt.path); status != http.StatusOK || got[tt.has] == nil {
			t.Errorf("%s: %d, %v", tt.path, status, got)
		}
	}
	if status, _ := get(t, srv.URL, owner, "admin.directory.user.security", "/"); status != http.StatusUnauthorized {
		t.Errorf("a scope that is not granted: %d", status)
	}
	if status, _ := get(t, srv.URL, owner, "admin.directory.user.readonly", "/admin/directory/v1/users?customer=my_customer"); status != http.StatusForbidden {
		t.Errorf("somebody who is no administrator lists users: %d", status)
	}
}

// TestStep tells the channels that are open, and nobody else.
func TestStep(t *testing.T) {
	l := live(t, 120, 0)
	server := gw.New(Config(l, &testKey().PublicKey))
	srv := httptest.NewServer(server)
	defer srv.Close()
	states := make(chan string, 100)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		states <- r.Header.Get("X-Goog-Resource-State") + " " + r.Header.Get("X-Goog-Channel-Token")
	}))
	defer hook.Close()
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion(t, Admin(l), "admin.reports.audit.readonly")}}
	res, err := http.PostForm(srv.URL+"/token", form)
	if err != nil {
		t.Fatal(err)
	}
	var token struct {
		Token string `json:"access_token"`
	}
	err = json.NewDecoder(res.Body).Decode(&token)
	_ = res.Body.Close()
	if err != nil {
		t.Fatal(err)
	}
	body := `{"id":"ch-1","type":"web_hook","address":"` + hook.URL + `","token":"tok","payload":true}`
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+"/admin/reports/v1/activity/users/all/applications/admin/watch", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token.Token)
	req.Header.Set("Content-Type", "application/json")
	if res, err = http.DefaultClient.Do(req); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("watch: %v, %v", res, err)
	}
	_ = res.Body.Close()
	want := 1 // sync
	for i := range 200 {
		ch := l.Step(later.Add(time.Duration(i) * time.Second))
		Step(context.Background(), server, l, ch)
		if ch.Kind == company.Hired || ch.Kind == company.Left {
			want++
		}
	}
	server.Wait()
	close(states)
	n := 0
	for s := range states {
		n++
		if !strings.HasSuffix(s, " tok") {
			t.Errorf("a notification without the channel's token: %s", s)
		}
	}
	if n != want || want == 1 {
		t.Errorf("%d notifications, want %d and more than the first", n, want)
	}
}
