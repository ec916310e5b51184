package googleworkspacetest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var robotKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

var start = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

const robot = "robot@project.example"

func users(n int) []User {
	list := []User{{ID: "1", Email: "admin@acme.example", Admin: true}, {ID: "2", Email: "gone@acme.example", Suspended: true}}
	for i := range n {
		list = append(list, User{ID: fmt.Sprint(100 + i), Email: fmt.Sprintf("u%04d@acme.example", i)})
	}
	return list
}

// newFake is a tenant with many people, whose clock is moved by hand.
func newFake(t *testing.T, l Limits, now *time.Time) *Server {
	t.Helper()
	var log []Activity
	for i := range 1500 {
		log = append(log, Activity{Time: start.Add(time.Duration(i-1500) * time.Minute), Qualifier: int64(i), Events: []Event{{Type: "login", Name: "login_success"}}})
	}
	log[1499].Seen = start.Add(time.Hour)
	return New(Config{
		Tenant: &Tenant{
			CustomerID: "C1", Domain: "acme.example", Users: ListOf(users(1200)...),
			Log: func(app string) List[Activity] {
				if app != "login" {
					return List[Activity]{}
				}
				return ListOf(log...)
			},
		},
		Accounts: []ServiceAccount{{Email: robot, KeyID: "k", Key: &robotKey().PublicKey, Scopes: []string{
			scopePrefix + "admin.directory.user.readonly", scopePrefix + "admin.reports.audit.readonly", scopePrefix + "drive.metadata.readonly",
		}}},
		Limits: l, Now: func() time.Time { return *now },
	})
}

// assert signs claims as the service account.
func assert(t *testing.T, change func(map[string]any), subject, scope string, now time.Time) string {
	t.Helper()
	c := map[string]any{
		"iss": robot, "sub": subject, "scope": scope, "aud": TokenURI, "iat": now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}
	if change != nil {
		change(c)
	}
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	text := part(map[string]string{"alg": "RS256", "kid": "k"}) + "." + part(c)
	sum := sha256.Sum256([]byte(text))
	signature, err := rsa.SignPKCS1v15(nil, robotKey(), crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func (s *Server) ask(r *http.Request) (int, map[string]any) {
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, r)
	var out map[string]any
	_ = json.Unmarshal(rec.Body.Bytes(), &out)
	return rec.Code, out
}

func (s *Server) exchange(assertion string) (int, map[string]any) {
	form := url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:jwt-bearer"}, "assertion": {assertion}}
	r := httptest.NewRequest(http.MethodPost, "/token", strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return s.ask(r)
}

// get asks as a subject with one scope.
func (s *Server) get(t *testing.T, subject, scope, path string, now time.Time) (int, map[string]any) {
	t.Helper()
	status, token := s.exchange(assert(t, nil, subject, scopePrefix+scope, now))
	if status != http.StatusOK {
		t.Fatalf("token for %s: %d %v", subject, status, token)
	}
	r := httptest.NewRequest(http.MethodGet, path, nil)
	r.Header.Set("Authorization", "Bearer "+token["access_token"].(string)) //nolint:forcetypeassert // a test
	return s.ask(r)
}

func TestTokenRefusals(t *testing.T) {
	now := start
	s := newFake(t, Limits{}, &now)
	good := scopePrefix + "admin.directory.user.readonly"
	tests := []struct {
		name, subject, scope string
		change               func(map[string]any)
		status               int
		code                 string
	}{
		{"good", "admin@acme.example", good, nil, 200, ""},
		{"scope not granted", "admin@acme.example", scopePrefix + "drive", nil, 401, "unauthorized_client"},
		{"one of two not granted", "admin@acme.example", good + " " + scopePrefix + "drive", nil, 401, "unauthorized_client"},
		{"suspended", "gone@acme.example", good, nil, 400, "invalid_grant"},
		{"nobody", "x@acme.example", good, nil, 400, "invalid_grant"},
		{"another audience", "admin@acme.example", good, func(c map[string]any) { c["aud"] = "http://127.0.0.1/token" }, 400, "invalid_grant"},
		{"too long", "admin@acme.example", good, func(c map[string]any) { c["exp"] = start.Add(2 * time.Hour).Unix() }, 400, "invalid_grant"},
		{"expired", "admin@acme.example", good, func(c map[string]any) { c["iat"], c["exp"] = start.Unix()-7200, start.Unix()-3600 }, 400, "invalid_grant"},
		{"another account", "admin@acme.example", good, func(c map[string]any) { c["iss"] = "x@y" }, 400, "invalid_grant"},
	}
	for _, tt := range tests {
		status, got := s.exchange(assert(t, tt.change, tt.subject, tt.scope, now))
		if status != tt.status || tt.code != "" && got["error"] != tt.code {
			t.Errorf("%s: %d %v", tt.name, status, got)
		}
	}
}

func TestAccess(t *testing.T) {
	now := start
	s := newFake(t, Limits{}, &now)
	const list = "/admin/directory/v1/users?customer=my_customer"
	tests := []struct {
		name, subject, scope, path string
		status                     int
	}{
		{"good", "admin@acme.example", "admin.directory.user.readonly", list, 200},
		{"another scope", "admin@acme.example", "admin.reports.audit.readonly", list, 403},
		{"no administrator", "u0001@acme.example", "admin.directory.user.readonly", list, 403},
		{"too many at once", "admin@acme.example", "admin.directory.user.readonly", list + "&maxResults=501", 400},
		{"no customer", "admin@acme.example", "admin.directory.user.readonly", "/admin/directory/v1/users", 400},
		{"a page token of something else", "admin@acme.example", "admin.directory.user.readonly", list + "&pageToken=NTAwLmFhYWFhYWFhYWFhYWFhYWE", 400},
		{"no application", "admin@acme.example", "admin.reports.audit.readonly", "/admin/reports/v1/activity/users/all/applications/nothing", 400},
		{"a filter without an event", "admin@acme.example", "admin.reports.audit.readonly", "/admin/reports/v1/activity/users/all/applications/login?filters=a==b", 400},
		{"a field that is none", "admin@acme.example", "admin.directory.user.readonly", list + "&fields=users(", 400},
		{"a drive as its owner", "u0001@acme.example", "drive.metadata.readonly", "/drive/v3/files?q=" + url.QueryEscape("'me' in owners"), 200},
		{"no path", "admin@acme.example", "drive.metadata.readonly", "/drive/v2/files", 404},
	}
	for _, tt := range tests {
		if status, got := s.get(t, tt.subject, tt.scope, tt.path, now); status != tt.status {
			t.Errorf("%s: %d %v", tt.name, status, got)
		}
	}
	status, token := s.exchange(assert(t, nil, "admin@acme.example", scopePrefix+"admin.directory.user.readonly", now))
	r := httptest.NewRequest(http.MethodGet, list, nil)
	r.Header.Set("Authorization", "Bearer "+token["access_token"].(string)) //nolint:forcetypeassert // a test
	now = now.Add(tokenLife)
	if later, _ := s.ask(r); status != http.StatusOK || later != http.StatusUnauthorized {
		t.Errorf("an expired token: %d", later)
	}
}

// TestLogOrder: newest first, over the pages, without what is late, and nothing shifts when more is logged.
func TestLogOrder(t *testing.T) {
	now := start
	s := newFake(t, Limits{}, &now)
	var times []string
	token := ""
	for page := 0; page == 0 || token != ""; page++ {
		path := "/admin/reports/v1/activity/users/all/applications/login?maxResults=1000&fields=nextPageToken,items(id(time))&pageToken=" + token
		status, got := s.get(t, "admin@acme.example", "admin.reports.audit.readonly", path, now)
		if status != http.StatusOK {
			t.Fatal(got)
		}
		for _, it := range got["items"].([]any) { //nolint:forcetypeassert // a test
			o := it.(map[string]any) //nolint:forcetypeassert // a test
			if len(o) != 1 {
				t.Fatalf("fields were not kept: %v", o)
			}
			times = append(times, o["id"].(map[string]any)["time"].(string)) //nolint:forcetypeassert // a test
		}
		token, _ = got["nextPageToken"].(string)
	}
	sorted := slices.Clone(times)
	slices.Sort(sorted)
	slices.Reverse(sorted)
	if len(times) != 1499 || !slices.Equal(times, sorted) {
		t.Errorf("%d entries, newest first: %v", len(times), slices.Equal(times, sorted))
	}
}

func TestLimits(t *testing.T) {
	now := start
	s := newFake(t, Limits{Directory: 2, Reports: 3, Filtered: 1, DriveUnits: 250}, &now)
	const log = "/admin/reports/v1/activity/users/all/applications/login?maxResults=1"
	tests := []struct {
		subject, scope, path string
		statuses             []int
	}{
		{"admin@acme.example", "admin.directory.user.readonly", "/admin/directory/v1/users?customer=my_customer&maxResults=1", []int{200, 200, 403}},
		{"admin@acme.example", "admin.reports.audit.readonly", log + "&eventName=x", []int{200, 503}},
		{"admin@acme.example", "admin.reports.audit.readonly", log, []int{200, 503}},
		{"u0001@acme.example", "drive.metadata.readonly", "/drive/v3/files", []int{200, 200, 403}},
	}
	for range 2 { // the second time a minute later
		for _, tt := range tests {
			for i, want := range tt.statuses {
				if status, got := s.get(t, tt.subject, tt.scope, tt.path, now); status != want {
					t.Errorf("%s, call %d: %d %v", tt.path, i+1, status, got)
				}
			}
		}
		now = now.Add(time.Minute)
	}
}

// FuzzFields: a mask is understood or refused, and what it picks is never more than there was.
func FuzzFields(f *testing.F) {
	for _, s := range []string{"a", "a,b(c,d/e),f/g", "a(b", "a)", ",", "a//b", "*", "a(b(c(d)))", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		tree, ok := parseFields(s)
		if !ok {
			return
		}
		o := object{"a": "1", "b": object{"c": "2", "d": object{"e": "3"}}, "f": []any{object{"g": "4"}}}
		if got, is := tree.pick(o).(object); !is || len(got) > len(o) {
			t.Errorf("%q picks %v", s, got)
		}
	})
}
