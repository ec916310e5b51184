package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	sswsToken  = "00sswsTOKENofAnAdministrator"
	hookSecret = "a-long-random-shared-value"
	clientID   = "0oaserviceapp0000001"
	keyID      = "kid-of-the-app"
	userCount  = 450
	gonePeople = 20 // of them deactivated
)

// appKey is the app's in all tests: making one takes half a second.
var appKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// born is when most things of the world were made: long before anything a delta asks for.
var born = time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)

func userID(i int) string  { return fmt.Sprintf("00u%017d", i) }
func groupID(i int) string { return fmt.Sprintf("00g%017d", i) }
func appID(i int) string   { return fmt.Sprintf("0oa%017d", i) }

func someone(i int) oktatest.User {
	u := oktatest.User{
		ID: userID(i), Status: "ACTIVE", Created: born, Activated: born, StatusChanged: born, Updated: born.Add(time.Duration(i) * time.Second),
		LastLogin: born.AddDate(1, 0, 0), PasswordChanged: born,
		Profile: map[string]any{
			"login": fmt.Sprintf("user%03d@acme.example", i), "email": fmt.Sprintf("user%03d@acme.example", i), "firstName": "User",
			"lastName": fmt.Sprint(i), "department": "Sales", "managerId": userID(0), "employeeNumber": fmt.Sprint("E", i), "mobilePhone": nil,
		},
	}
	switch {
	case i >= userCount-gonePeople:
		u.Status = "DEPROVISIONED"
	case i < len(allStatuses):
		u.Status = allStatuses[i]
	}
	return u
}

var allStatuses = []string{"ACTIVE", "STAGED", "PROVISIONED", "PASSWORD_EXPIRED", "RECOVERY", "LOCKED_OUT", "SUSPENDED"}

// world is one organisation with a bit of everything.
type world struct {
	org    *oktatest.Org
	server *oktatest.Server
	http   *httptest.Server

	mu    sync.Mutex
	wrong []error
	paths []string // of every request
	looks *sdk.Session
}

func newOrg() *oktatest.Org {
	o := &oktatest.Org{ID: "00o1acme000000000000", Subdomain: "acme", Name: "Acme", CreatedAt: born, Domains: []string{"acme.example"}}
	var list []oktatest.User
	for i := range userCount {
		list = append(list, someone(i))
	}
	o.Users = oktatest.ListOf(list...)
	addGroups(o)
	addRoles(o)
	addApps(o)
	o.Factors = func(id string) []oktatest.Factor {
		switch id {
		case userID(0):
			return []oktatest.Factor{{ID: "opf1", Type: "push", Created: born}, {ID: "opf2", Type: "token:software:totp", Created: born}}
		case userID(3):
			return []oktatest.Factor{{ID: "ems1", Type: "email", Created: born}, {ID: "opf3", Type: "push", Status: "PENDING_ACTIVATION", Created: born}}
		}
		return nil
	}
	o.Log = oktatest.ListOf(history(time.Now().UTC())...)
	return o
}

func addRoles(o *oktatest.Org) {
	o.Custom = oktatest.ListOf(oktatest.CustomRole{ID: "cr0custom", Label: "Night shift", Description: "resets passwords", Created: born})
	o.Admins = oktatest.ListOf(userID(0), userID(3), userID(4))
	o.Roles = func(id string) []oktatest.Role {
		switch id {
		case userID(0):
			return []oktatest.Role{{ID: "ra1", Type: "SUPER_ADMIN", Label: "Super Organization Administrator", Created: born}}
		case userID(3):
			return []oktatest.Role{
				{ID: "ra2", Type: "CUSTOM", Label: "Night shift", Custom: "cr0custom", ResourceSet: "iamset1", Created: born},
				{ID: "ra3", Type: "READ_ONLY_ADMIN", Label: "Read-only Administrator", Assignment: "GROUP", Created: born},
			}
		case userID(4):
			return []oktatest.Role{{ID: "ra4", Type: "SUPER_ADMIN", Label: "Super Organization Administrator", Inactive: true, Created: born}}
		}
		return nil
	}
	o.GroupRoles = func(id string) []oktatest.Role {
		if id == groupID(operators) {
			return []oktatest.Role{{ID: "ra9", Type: "HELP_DESK_ADMIN", Label: "Help Desk Administrator", Assignment: "GROUP", Created: born}}
		}
		return nil
	}
}

// The apps: one by SAML with many users, one by OpenID Connect with grants and tokens, one bookmark.
const (
	samlApp = iota
	oidcApp
	linkApp
	appUserCount = 620
)

func addApps(o *oktatest.Org) {
	o.Apps = oktatest.ListOf(
		oktatest.App{ID: appID(samlApp), Name: "github", Label: "GitHub", Created: born, Updated: born},
		oktatest.App{
			ID: appID(oidcApp), Label: "Notes", SignOnMode: oidc, Created: born, Updated: born, ClientID: appID(oidcApp), Type: "service",
			GrantTypes: []string{"authorization_code", "refresh_token"}, RedirectURIs: []string{"https://notes.example/in"},
		},
		oktatest.App{ID: appID(linkApp), Name: "bookmark", Label: "Wiki", SignOnMode: "BOOKMARK", Status: "INACTIVE", Created: born, Updated: born})
	o.AppUsers = func(id string) oktatest.List[oktatest.AppUser] {
		if id != appID(samlApp) {
			return oktatest.List[oktatest.AppUser]{}
		}
		return oktatest.List[oktatest.AppUser]{
			Len: func() int { return appUserCount },
			At: func(i int) oktatest.AppUser {
				u := oktatest.AppUser{ID: userID(i), UserName: fmt.Sprint("hub-", i), Created: born, Updated: born, Changed: born}
				if i%2 == 0 {
					u.Scope = "GROUP"
				}
				if i%3 == 0 {
					u.Profile = map[string]any{"role": "writer", "seat": i}
				}
				if i == 1 {
					u.Status = "STAGED"
				}
				return u
			},
		}
	}
	o.AppGroups = func(id string) oktatest.List[oktatest.AppGroup] {
		if id != appID(samlApp) {
			return oktatest.List[oktatest.AppGroup]{}
		}
		return oktatest.ListOf(oktatest.AppGroup{ID: groupID(everyone), Updated: born}, oktatest.AppGroup{ID: groupID(five), Priority: 1, Updated: born})
	}
	o.AppGrants = func(id string) []oktatest.Grant {
		if id != appID(oidcApp) {
			return nil
		}
		return []oktatest.Grant{
			{ID: "oag1", Scope: "okta.users.manage", ClientID: appID(oidcApp), CreatedBy: userID(0), Created: born, Updated: born},
			{ID: "oag2", Scope: "okta.logs.read", ClientID: appID(oidcApp), Revoked: true, CreatedBy: userID(0), Created: born, Updated: born},
		}
	}
	o.AppTokens = func(id string) oktatest.List[oktatest.RefreshToken] {
		if id != appID(oidcApp) {
			return oktatest.List[oktatest.RefreshToken]{}
		}
		return oktatest.ListOf(oktatest.RefreshToken{
			ID: "oar1", ClientID: appID(oidcApp), UserID: userID(5), Scopes: []string{"openid", "offline_access"}, Created: born, Updated: born, Expires: born.AddDate(9, 0, 0),
		})
	}
	o.UserGrants = func(id string) oktatest.List[oktatest.Grant] {
		if id != userID(5) {
			return oktatest.List[oktatest.Grant]{}
		}
		return oktatest.ListOf(oktatest.Grant{ID: "oag9", Scope: "profile", ClientID: appID(oidcApp), UserID: userID(5), Created: born, Updated: born})
	}
	o.APITokens = oktatest.ListOf(oktatest.APIToken{
		ID: "00T0000000000000001", Name: "mooring", UserID: userID(0), Created: born, Updated: born, Expires: time.Now().Add(20 * 24 * time.Hour),
	})
}

const pastEvents = 1050 // before the last midnight

// history is a log: one event every half an hour until a day ago, and none since.
func history(now time.Time) []oktatest.Event {
	var list []oktatest.Event
	end := now.Truncate(24 * time.Hour)
	for i := range pastEvents {
		at := end.Add(-time.Duration(pastEvents-i) * 30 * time.Minute)
		list = append(list, oktatest.Event{
			UUID: fmt.Sprintf("11111111-0000-4000-8000-%012d", i), Persisted: at, Published: at.Add(-time.Duration(i%3) * time.Second),
			Type: "user.session.start", Message: "User login to Okta", IP: "198.51.100.7", Country: "Sweden", UserAgent: "curl", Session: "s1",
			Actor: person(i % 40), Targets: []oktatest.Party{person(i % 40)},
		})
	}
	return list
}

func person(i int) oktatest.Party {
	return oktatest.Party{ID: userID(i), Type: "User", AlternateID: fmt.Sprintf("user%03d@acme.example", i), Name: fmt.Sprint("User ", i)}
}

// The groups: everyone, five people, nobody, administrators.
const (
	everyone = iota
	five
	nobody
	operators
)

func addGroups(o *oktatest.Org) {
	living := userCount - gonePeople
	o.Groups = oktatest.ListOf(
		oktatest.Group{ID: groupID(everyone), Type: "BUILT_IN", Name: "Everyone", Created: born, Updated: born, MembersUpdated: born.AddDate(1, 0, 0), Users: living},
		oktatest.Group{ID: groupID(five), Name: "Five", Description: "five people", Created: born, Updated: born, MembersUpdated: born, Users: 5},
		oktatest.Group{ID: groupID(nobody), Type: "APP_GROUP", Name: "Nobody", Created: born, Updated: born, MembersUpdated: born},
		oktatest.Group{ID: groupID(operators), Name: "Operators", Created: born, Updated: born, MembersUpdated: born, Users: 2, Admin: true})
	o.Members = func(id string) oktatest.List[oktatest.User] {
		n := map[string]int{groupID(everyone): living, groupID(five): 5, groupID(operators): 2}[id]
		return oktatest.List[oktatest.User]{Len: func() int { return n }, At: o.Users.At}
	}
	o.Rules = oktatest.ListOf(oktatest.Rule{
		ID: "0pr00000000000000001", Name: "sales", Expression: `user.department=="Sales"`, Groups: []string{groupID(five)},
		ExcludedUsers: []string{userID(7)}, Created: born, Updated: born,
	})
}

// start serves the organisation. Every request is held against the vendor's document when MOORING_SPECS names its folder.
func start(t *testing.T, o *oktatest.Org, change func(*oktatest.Config)) *world {
	t.Helper()
	w := &world{org: o}
	cfg := oktatest.Config{
		Org: o, Tokens: []oktatest.Token{{Value: sswsToken, ID: "00T0000000000000001", Name: "mooring", UserID: userID(0)}},
		Apps:   []oktatest.ServiceApp{{ClientID: clientID, KeyID: keyID, Key: &appKey().PublicKey, Scopes: slices.Clone(readScopes)}},
		Limits: oktatest.Limits{Off: true},
	}
	cfg.Record = w.record(t)
	if change != nil {
		change(&cfg)
	}
	w.server = oktatest.New(cfg)
	w.http = httptest.NewServer(w.server)
	t.Cleanup(func() {
		w.http.Close()
		for _, err := range w.wrong {
			t.Errorf("against the vendor's document: %v", err)
		}
	})
	return w
}

func (w *world) record(t *testing.T) func(*http.Request, int, http.Header, []byte) {
	t.Helper()
	hold := func(*http.Request, int, http.Header, []byte) {}
	if dir := os.Getenv("MOORING_SPECS"); dir != "" {
		spec, err := oktatest.OpenSpec(dir)
		if err != nil {
			t.Fatal(err)
		}
		hold = spec.Record(func(err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.wrong = append(w.wrong, err)
		})
	} else {
		t.Log("requests and answers are not held against Okta's document: MOORING_SPECS is not set")
	}
	return func(r *http.Request, status int, h http.Header, body []byte) {
		w.mu.Lock()
		w.paths = append(w.paths, r.Method+" "+r.URL.Path)
		w.mu.Unlock()
		if !oktatest.Outside(r) {
			hold(r, status, h, body)
		}
	}
}

// calls forgets what was asked so far, and gives it.
func (w *world) calls() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	paths := slices.DeleteFunc(w.paths, func(p string) bool { return strings.HasSuffix(p, tokenPath) })
	w.paths = nil
	return paths
}

func sswsSecrets() map[string]string { return map[string]string{"api_token": sswsToken} }

func appSecrets() map[string]string {
	return map[string]string{"client_id": clientID, "private_key": pemOf(appKey())}
}

func pemOf(key *rsa.PrivateKey) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
}

// session is one through the real transport, without a host.
func (w *world) session(t *testing.T, secrets map[string]string) *sdk.Session {
	t.Helper()
	return sessionAt(t, w.http.URL, secrets)
}

func sessionAt(t *testing.T, url string, secrets map[string]string) *sdk.Session {
	t.Helper()
	s := &sdk.Session{
		Instance: "test", KeepRaw: true, Classify: classify,
		Settings: sdk.Settings{"base_url": url, "key_id": keyID, "scopes": `["` + strings.Join(readScopes, `","`) + `"]`},
		Secret:   func(name string) string { return secrets[name] },
		Keep: func(_ context.Context, name, value string, _ time.Time) error {
			secrets[name] = value
			return nil
		},
		Log: func(string, string, ...string) {},
	}
	tr, err := httpapi.New(httpapi.Config{
		Description: connector{}.Describe(), Session: s, UserAgent: "mooring-test", Network: &wire.Network{Private: []string{"localhost"}},
		Backoff: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tr.CloseIdleConnections)
	s.HTTP = httpapi.Client(tr)
	return s
}

// serveText answers everything with the same text.
func serveText(t *testing.T, text string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(text))
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}
