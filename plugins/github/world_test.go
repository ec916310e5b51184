package main

import (
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

	"github.com/mooring-hq/mooring/plugins/github/githubtest"
	"github.com/mooring-hq/mooring/sdk"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	orgName    = "acme"
	ownerToken = "ghp_owner"
	firstUser  = 1000
	userCount  = 250
	ownerCount = 3
	no2FACount = 5
	teamCount  = 4
	repoCount  = 7
)

// appKey is the App's in all tests: making one takes half a second.
var appKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

var epochOfWorld = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func someone(i int) githubtest.User {
	return githubtest.User{ID: int64(firstUser + i), Login: fmt.Sprintf("user%03d", i), CreatedAt: epochOfWorld, UpdatedAt: epochOfWorld}
}

// world is one organisation with a bit of everything.
type world struct {
	org    *githubtest.Org
	server *githubtest.Server
	http   *httptest.Server
	key    *rsa.PrivateKey

	mu    sync.Mutex
	wrong []error
	paths []string // of every request
}

func newOrg() *githubtest.Org {
	o := &githubtest.Org{
		Login: orgName, Name: "Acme", ID: 77, Plan: githubtest.Enterprise, SAML: false, SecretScanning: true, CreatedAt: epochOfWorld,
	}
	o.Settings = func() githubtest.Settings {
		return githubtest.Settings{
			Blog: "https://www.acme.example/about", Email: "it@acme.example", Verified: true, TwoFactorRequired: true,
			DefaultRepositoryPermission: "write", UpdatedAt: epochOfWorld,
		}
	}
	var members []githubtest.Member
	for i := range userCount {
		m := githubtest.Member{User: someone(i), Role: "member"}
		if i < ownerCount {
			m.Role = "admin"
		}
		if i >= userCount-no2FACount {
			m.TwoFactor = "disabled"
		}
		members = append(members, m)
	}
	o.Members = githubtest.ListOf(members...)
	o.Outside = githubtest.ListOf(githubtest.Member{User: someone(900), TwoFactor: "disabled"}, githubtest.Member{User: someone(901)})
	o.Invitations = githubtest.ListOf(
		githubtest.Invitation{ID: 1, Email: "new@acme.example", Role: "direct_member", CreatedAt: epochOfWorld, Inviter: someone(0), Teams: 2},
		githubtest.Invitation{ID: 2, Login: "somebody", Role: "admin", CreatedAt: epochOfWorld, Inviter: someone(1)})
	o.FailedInvitations = githubtest.ListOf(githubtest.Invitation{
		ID: 3, Email: "gone@acme.example", Role: "direct_member", CreatedAt: epochOfWorld, FailedAt: epochOfWorld,
		FailedReason: "expired", Inviter: someone(0),
	})
	o.Blocks = githubtest.ListOf(someone(950))
	addTeams(o)
	addRepos(o)
	addPermits(o)
	return o
}

func addTeams(o *githubtest.Org) {
	var list []githubtest.TeamInfo
	for i := range teamCount {
		t := githubtest.TeamInfo{ID: int64(50 + i), Slug: fmt.Sprintf("team-%d", i), Name: fmt.Sprintf("Team %d", i), CreatedAt: epochOfWorld, UpdatedAt: epochOfWorld}
		if i == 1 {
			t.Parent = "team-0"
		}
		list = append(list, t)
	}
	o.Teams = githubtest.ListOf(list...)
	o.TeamMembers = func(slug string) githubtest.List[githubtest.TeamMember] {
		switch slug {
		case "team-0":
			return githubtest.ListOf(
				githubtest.TeamMember{User: someone(0), Role: "maintainer"},
				githubtest.TeamMember{User: someone(5), Role: "member", Inherited: true})
		case "team-1":
			return githubtest.ListOf(githubtest.TeamMember{User: someone(5), Role: "member"})
		}
		return githubtest.List[githubtest.TeamMember]{}
	}
	o.Roles = githubtest.ListOf(
		githubtest.Role{ID: 8132, Name: "all_repo_read", BaseRole: "read", Source: "Predefined", CreatedAt: epochOfWorld, UpdatedAt: epochOfWorld},
		githubtest.Role{ID: 138, Name: "security_manager", Source: "Predefined", Permissions: []string{"write_organization_custom_repo_role"}, CreatedAt: epochOfWorld, UpdatedAt: epochOfWorld})
	o.RoleUsers = func(id int64) githubtest.List[githubtest.RoleUser] {
		if id != 138 {
			return githubtest.List[githubtest.RoleUser]{}
		}
		return githubtest.ListOf(
			githubtest.RoleUser{User: someone(7), Assignment: "direct"},
			githubtest.RoleUser{User: someone(5), Assignment: "indirect", From: []githubtest.TeamInfo{list[1]}})
	}
	o.RoleTeams = func(id int64) githubtest.List[githubtest.RoleTeam] {
		if id != 138 {
			return githubtest.List[githubtest.RoleTeam]{}
		}
		return githubtest.ListOf(githubtest.RoleTeam{Team: list[1], Assignment: "direct"})
	}
}

func addRepos(o *githubtest.Org) {
	var list []githubtest.Repo
	for i := range repoCount {
		r := githubtest.Repo{
			ID: int64(300 + i), Name: fmt.Sprintf("repo-%d", i), Visibility: "private", DefaultBranch: "main", Head: "aaaa",
			SizeKB: 3, CreatedAt: epochOfWorld, UpdatedAt: epochOfWorld, PushedAt: epochOfWorld.Add(time.Hour),
		}
		switch i {
		case 0:
			r.Visibility = "public"
		case 1:
			r.Visibility, r.Archived = "internal", true
		case 2:
			r.Disabled = true
		case 3:
			r.DefaultBranch = "release/1.0"
		}
		list = append(list, r)
	}
	o.Repos = githubtest.ListOf(list...)
	o.Tree = func(repo string) githubtest.List[githubtest.Blob] {
		if repo == "repo-6" {
			return githubtest.List[githubtest.Blob]{} // empty
		}
		return githubtest.ListOf([]githubtest.Blob{
			{Path: "README.md", SHA: strings.Repeat("a", 40), Size: 12},
			{Path: "deep/er/key.pem", SHA: strings.Repeat("b", 40), Size: 1700},
			{Path: "link", SHA: strings.Repeat("c", 40), Mode: "120000", Size: 9},
			{Path: "vendored", SHA: strings.Repeat("d", 40), Mode: "160000"},
		}...)
	}
	o.Access = func(string) githubtest.List[githubtest.Collaborator] {
		return githubtest.ListOf(
			githubtest.Collaborator{User: someone(3), Permission: "admin", Direct: true},
			githubtest.Collaborator{User: someone(4), Permission: "push"}, // by the base permission only
			githubtest.Collaborator{User: someone(900), Permission: "pull", Outside: true, Direct: true})
	}
	o.RepoTeams = func(string) githubtest.List[githubtest.TeamGrant] {
		return githubtest.ListOf(githubtest.TeamGrant{Team: o.Teams.At(2), Permission: "maintain"})
	}
	o.DeployKeys = func(repo string) githubtest.List[githubtest.DeployKey] {
		if repo != "repo-0" {
			return githubtest.List[githubtest.DeployKey]{}
		}
		return githubtest.ListOf(githubtest.DeployKey{
			ID: 9, Title: "ci", Key: "ssh-ed25519 AAAA", Verified: true, AddedBy: "user000", CreatedAt: epochOfWorld, LastUsed: epochOfWorld,
		})
	}
}

func addPermits(o *githubtest.Org) {
	o.Installed = githubtest.ListOf(githubtest.Installation{
		ID: 21, AppID: 5, AppSlug: "builder", Permissions: map[string]string{"contents": "write", "metadata": "read"},
		Events: []string{"push"}, CreatedAt: epochOfWorld, UpdatedAt: epochOfWorld,
	})
	o.Credentials = githubtest.ListOf(
		githubtest.Credential{
			ID: 31, Login: "user004", Type: "personal access token", Scopes: []string{"repo"}, TokenLastEight: "12345678",
			Note: "laptop", AuthorizedID: 3, AuthorizedAt: epochOfWorld, AccessedAt: epochOfWorld, ExpiresAt: epochOfWorld.Add(time.Hour),
		},
		githubtest.Credential{ID: 32, Login: "user005", Type: "SSH key", Fingerprint: "aa:bb", Title: "key", AuthorizedID: 4, AuthorizedAt: epochOfWorld})
	o.PATs = githubtest.ListOf(githubtest.PAT{
		ID: 41, Owner: someone(6), RepositorySelection: "all", Repository: map[string]string{"contents": "read"},
		GrantedAt: epochOfWorld, TokenID: 7, TokenName: "robot", ExpiresAt: epochOfWorld.Add(24 * time.Hour),
	})
	o.PATRequests = githubtest.ListOf(githubtest.PAT{
		ID: 42, Owner: someone(6), RepositorySelection: "none", Organization: map[string]string{"members": "read"}, Reason: "please",
		GrantedAt: epochOfWorld, TokenID: 8, TokenName: "robot 2", ExpiresAt: time.Now().Add(24 * time.Hour),
	})
	o.Hooks = githubtest.ListOf(githubtest.Hook{
		ID: 61, URL: "https://user:pw@sink.example/in?key=secret", Secret: "s",
		Events: []string{"push"}, CreatedAt: epochOfWorld, UpdatedAt: epochOfWorld,
	})
	o.SCIMUsers = githubtest.ListOf(
		githubtest.SCIMUser{ID: "guid-5", ExternalID: "okta-5", UserName: "five@acme.example", DisplayName: "Five", Emails: []string{"five@acme.example"}, Active: true, CreatedAt: epochOfWorld, UpdatedAt: epochOfWorld},
		githubtest.SCIMUser{ID: "guid-none", UserName: "nobody@acme.example", Emails: []string{"nobody@acme.example"}, Active: true, CreatedAt: epochOfWorld, UpdatedAt: epochOfWorld})
	o.Alerts = githubtest.ListOf(githubtest.Alert{
		Repo: "repo-0", Number: 1, SecretType: "acme_key", SecretTypeName: "Acme key", Secret: "SECRET-VALUE", Validity: "active",
		PubliclyLeaked: true, Path: "deep/er/key.pem", StartLine: 1, BlobSHA: strings.Repeat("b", 40), CommitSHA: strings.Repeat("e", 40),
		CreatedAt: epochOfWorld, UpdatedAt: epochOfWorld,
	})
}

// start serves the organisation. Every request is held against the vendor's document when MOORING_SPECS names its folder.
func start(t *testing.T, o *githubtest.Org, change func(*githubtest.Config)) *world {
	t.Helper()
	key := appKey()
	w := &world{org: o, key: key}
	all := map[string]string{}
	for _, p := range []string{
		"members", "metadata", "administration", "contents", "organization_administration", "organization_hooks", "secret_scanning_alerts",
		"organization_custom_org_roles", "organization_user_blocking",
		"organization_personal_access_tokens", "organization_personal_access_token_requests",
	} {
		all[p] = "read"
	}
	all["members"] = "write"
	cfg := githubtest.Config{
		Orgs: []*githubtest.Org{o},
		Tokens: []githubtest.Token{{
			Value: ownerToken, User: someone(0), Scopes: []string{"admin:org", "admin:org_hook", "read:audit_log", "repo", "scim:enterprise"},
			SSO: []string{orgName}, Expires: time.Now().Add(time.Hour).Truncate(time.Second),
		}},
		Apps: []githubtest.App{{
			ID: 99, Slug: "mooring", Name: "Mooring", Key: &key.PublicKey, Permissions: all,
			Installations: []githubtest.Installation{
				{ID: 500, Account: "other"}, {ID: 501, Account: orgName, CreatedAt: epochOfWorld, UpdatedAt: epochOfWorld},
			},
		}},
	}
	record := w.record(t)
	cfg.Record = record
	if change != nil {
		change(&cfg)
	}
	w.server = githubtest.New(cfg)
	w.http = httptest.NewServer(w.server)
	t.Cleanup(func() {
		w.http.Close()
		w.server.Wait()
		for _, err := range w.wrong {
			t.Errorf("against the vendor's document: %v", err)
		}
	})
	return w
}

// offSpec are paths that the vendor documents, but that the subset of its document does not hold, or not as REST.
var offSpec = []string{"/user", "/graphql", "/orgs/acme/events", "/organizations/77/events"}

// oddAnswers are not held against the document, only their requests: an event's org may be a list, and the errors of SCIM
// have two shapes.
var oddAnswers = []string{"/orgs/acme/audit-log", "/organizations/77/audit-log", "/scim/"}

// lacking says which calls that write the subset of the vendor's document does not hold.
func lacking(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet:
		return strings.HasPrefix(r.URL.Path, "/repos/") && strings.HasSuffix(r.URL.Path, "/invitations")
	case http.MethodPut:
		return strings.Contains(r.URL.Path, "/collaborators/")
	case http.MethodPost:
		return strings.HasSuffix(r.URL.Path, "/keys")
	}
	return false
}

func (w *world) record(t *testing.T) func(*http.Request, int, http.Header, []byte) {
	t.Helper()
	hold := func(*http.Request, int, http.Header, []byte) {}
	if dir := os.Getenv("MOORING_SPECS"); dir != "" {
		spec, err := githubtest.OpenSpec(dir)
		if err != nil {
			t.Fatal(err)
		}
		fail := func(err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.wrong = append(w.wrong, err)
		}
		answers := spec.Record(fail, append(slices.Clone(offSpec), oddAnswers...)...)
		hold = func(r *http.Request, status int, h http.Header, body []byte) {
			if slices.ContainsFunc(oddAnswers, func(p string) bool { return strings.HasPrefix(r.URL.Path, p) }) {
				if err := spec.ValidateRequest(r); err != nil {
					fail(err)
				}
			}
			answers(r, status, h, body)
		}
	}
	return func(r *http.Request, status int, h http.Header, body []byte) {
		w.mu.Lock()
		w.paths = append(w.paths, r.URL.RequestURI())
		w.mu.Unlock()
		if !lacking(r) {
			hold(r, status, h, body)
		}
	}
}

// bearer sends a token with every request that has none.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Header.Get("Authorization") == "" {
		r = r.Clone(r.Context())
		r.Header.Set("Authorization", "Bearer "+string(b))
	}
	r.Header.Set("User-Agent", "mooring-test")
	return http.DefaultTransport.RoundTrip(r)
}

// session is one with a classic token of an owner.
func (w *world) session(token string, secrets map[string]string) *sdk.Session {
	if secrets == nil {
		secrets = map[string]string{"token": token}
	}
	return &sdk.Session{
		HTTP: &http.Client{Transport: bearer(token)}, Instance: "test", KeepRaw: true, Classify: classify,
		Settings: sdk.Settings{"organization": orgName, "base_url": w.http.URL},
		Secret:   func(name string) string { return secrets[name] },
		Log:      func(string, string, ...string) {},
	}
}

func (w *world) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(w.key)}))
}
