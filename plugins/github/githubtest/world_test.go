package githubtest

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var begin = time.Date(2026, 11, 21, 12, 0, 0, 500_000_000, time.UTC)

// clock is a settable one.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }
func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func u(id int64, login string) User {
	return User{ID: id, Login: login, Name: "N " + login, Email: login + "@acme.example", CreatedAt: begin.AddDate(-3, 0, 0)}
}

// acme is an organisation with a little of everything.
func acme() *Org {
	ada, bob := u(101, "Ada"), u(102, "bob")
	members := []Member{
		{User: ada, Role: "admin"}, {User: bob, Role: "member", TwoFactor: "disabled", Public: true},
		{User: u(103, "cy"), Role: "member", TwoFactor: "insecure"},
	}
	for i := range 250 {
		members = append(members, Member{User: u(int64(1000+i), fmt.Sprintf("user%d", i)), Role: "member"})
	}
	core := TeamInfo{ID: 11, Slug: "core", Name: "Core"}
	web := TeamInfo{ID: 12, Slug: "web", Name: "Web", Parent: "core", Privacy: "secret", Description: `it's "web"`}
	site := Repo{ID: 21, Name: "Site", Former: "old-site", Visibility: "public", Head: "c1", CreatedAt: begin.AddDate(-2, 0, 0), PushedAt: begin.AddDate(0, 0, -1), SizeKB: 12, Topics: []string{"go"}}
	vault := Repo{ID: 22, Name: "vault", Head: "c2", CreatedAt: begin.AddDate(-1, 0, 0), PushedAt: begin.AddDate(0, 0, -9), SecretScanning: true}
	empty := Repo{ID: 23, Name: "empty", Visibility: "internal", CreatedAt: begin.AddDate(0, -1, 0)}
	o := &Org{
		Login: "Acme", Name: "Acme Inc", ID: 7, Plan: Enterprise, Former: []string{"acme-old"}, SecretScanning: true, CreatedAt: begin.AddDate(-5, 0, 0),
		Settings: func() Settings {
			return Settings{TwoFactorRequired: true, Seats: 300, FilledSeats: 253, BillingEmail: "b@acme.example"}
		},
		Members:           ListOf(members...),
		Outside:           ListOf(Member{User: u(201, "out"), TwoFactor: "disabled"}),
		Invitations:       ListOf(Invitation{ID: 31, Email: "new@acme.example", Role: "direct_member", CreatedAt: begin, Inviter: ada}, Invitation{ID: 32, Login: "dora", Role: "admin", CreatedAt: begin}),
		FailedInvitations: ListOf(Invitation{ID: 33, Email: "x@acme.example", Role: "direct_member", CreatedAt: begin, FailedAt: begin, FailedReason: "expired", Inviter: ada}),
		Blocks:            ListOf(u(301, "troll")),
		Teams:             ListOf(core, web),
		TeamMembers: func(slug string) List[TeamMember] {
			if slug == "core" {
				return ListOf(TeamMember{User: ada, Role: "maintainer"}, TeamMember{User: bob, Role: "member", Inherited: true})
			}
			return ListOf(TeamMember{User: bob, Role: "member"})
		},
		TeamRepos: func(string) List[RepoGrant] { return ListOf(RepoGrant{Repo: vault, Permission: "push"}) },
		Roles:     ListOf(Role{ID: 1, Name: "all_repo_admin", Permissions: []string{"read_audit_logs"}}, Role{ID: 2, Name: "ours", Source: "Organization", BaseRole: "read"}),
		RoleUsers: func(int64) List[RoleUser] {
			return ListOf(RoleUser{User: bob, Assignment: "indirect", From: []TeamInfo{core}})
		},
		RoleTeams: func(int64) List[RoleTeam] { return ListOf(RoleTeam{Team: web}) },
		Installed: ListOf(Installation{ID: 41, AppID: 5, AppSlug: "ci", Permissions: map[string]string{"contents": "write"}, Events: []string{"push"}, SuspendedAt: begin, SuspendedBy: ada}),
		Credentials: ListOf(Credential{ID: 51, Login: "bob", Type: "personal access token", Scopes: []string{"repo"}, TokenLastEight: "12345678", Note: "ci", AuthorizedID: 9, AuthorizedAt: begin, ExpiresAt: begin},
			Credential{ID: 52, Login: "Ada", Type: "SSH key", Fingerprint: "jS", Title: "laptop", AuthorizedAt: begin}),
		PATs:        ListOf(PAT{ID: 61, Owner: bob, RepositorySelection: "subset", Repository: map[string]string{"contents": "read"}, GrantedAt: begin, TokenID: 610, TokenName: "t", LastUsedAt: begin}, PAT{ID: 62, Owner: ada, RepositorySelection: "all", GrantedAt: begin.Add(time.Hour), TokenID: 620, TokenName: "s"}),
		PATRequests: ListOf(PAT{ID: 63, Owner: bob, RepositorySelection: "none", Reason: "please", GrantedAt: begin, TokenID: 630, TokenName: "r"}),
		PATRepos:    func(int64) List[string] { return ListOf("vault") },
		SCIMUsers:   ListOf(SCIMUser{ID: "s-1", UserName: "ada@acme.example", GivenName: "Ada", Emails: []string{"ada@acme.example"}, Active: true}, SCIMUser{ID: "s-2", UserName: "bob@acme.example", Active: true}),
		Hooks:       ListOf(Hook{ID: 71, URL: "http://127.0.0.1:1/hook", Secret: "s3cret", Events: []string{"member"}}),
		OrgEvents:   ListOf(PublicEvent{ID: "1", Type: "PushEvent", Actor: bob, RepoID: 21, Repo: "Site", Public: true, Created: begin}),
		Alerts: ListOf(Alert{Repo: "vault", Number: 2, SecretType: "aws_key", Secret: "AKIA", Path: "a.env", StartLine: 3, BlobSHA: "b1", CommitSHA: "c1", CreatedAt: begin, UpdatedAt: begin},
			Alert{Repo: "vault", Number: 1, State: "resolved", Resolution: "revoked", ResolvedBy: ada, ResolvedAt: begin, SecretType: "slack", Secret: "xox", CreatedAt: begin.AddDate(0, 0, -1)}),
		Repos:   ListOf(site, vault, empty),
		Tree:    trees,
		Content: func(_, sha string) []byte { return map[string][]byte{"b1": []byte("KEY=1")}[sha] },
		Access: func(string) List[Collaborator] {
			return ListOf(Collaborator{User: bob, Permission: "push"}, Collaborator{User: u(201, "out"), Permission: "pull", Outside: true})
		},
		RepoTeams: func(string) List[TeamGrant] { return ListOf(TeamGrant{Team: web, Permission: "maintain"}) },
		DeployKeys: func(string) List[DeployKey] {
			return ListOf(DeployKey{ID: 81, Title: "k", Key: "ssh-ed25519 AAAA", ReadOnly: true, Verified: true, AddedBy: "bob", CreatedAt: begin, LastUsed: begin})
		},
	}
	o.Audit = events(130)
	return o
}

func trees(repo string) List[Blob] {
	if repo == "empty" {
		return List[Blob]{}
	}
	return ListOf(Blob{Path: ".env", SHA: "b1", Size: 5}, Blob{Path: "a.txt", SHA: "b2", Size: 1}, Blob{Path: "a/b/c.go", SHA: "b3", Size: 9}, Blob{Path: "a/d.go", SHA: "b4"}, Blob{Path: "lib", SHA: "b5", Mode: "160000"}, Blob{Path: "z/run.sh", SHA: "b6", Mode: "100755"})
}

// events are n, a minute apart, the last a minute ago; every tenth is a git event.
func events(n int) List[Event] {
	return List[Event]{Len: func() int { return n }, At: func(i int) Event {
		e := Event{ID: fmt.Sprintf("doc%d", i), Time: begin.Add(time.Duration(i-n) * time.Minute), Action: "org.add_member", Actor: "Ada", ActorID: 101, Fields: map[string]any{"user": "bob", "operation_type": "create"}}
		if i%10 == 0 {
			e.Action, e.Git = "git.clone", true
		}
		return e
	}}
}

// freeOrg is an organisation that pays nothing.
func freeOrg() *Org {
	return &Org{Login: "hobby", Name: "Hobby", ID: 8, Plan: Free, Members: ListOf(Member{User: u(101, "Ada"), Role: "admin"})}
}

var appKey = func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
}()

var allPerms = map[string]string{
	"members": "write", "organization_administration": "read", "organization_custom_org_roles": "read", "organization_user_blocking": "read",
	"organization_personal_access_tokens": "read", "organization_personal_access_token_requests": "read", "organization_hooks": "write",
	"administration": "read", "contents": "read", "secret_scanning_alerts": "read",
}

// fake is a running fake with clients for it.
type fake struct {
	*Server
	t     *testing.T
	url   string
	clock *clock
	http  *http.Client
}

func start(t *testing.T, change func(*Config)) *fake {
	t.Helper()
	ck := &clock{t: begin}
	cfg := Config{
		Orgs: []*Org{acme(), freeOrg()},
		Tokens: []Token{
			{Value: "ghp_owner", User: u(101, "Ada"), Scopes: []string{"repo", "admin:org", "admin:org_hook", "read:audit_log"}},
			{Value: "ghp_member", User: u(102, "bob"), Scopes: []string{"read:org"}},
			{Value: "ghp_bare", User: u(102, "bob")},
			{Value: "github_pat_read", Kind: FineGrained, User: u(101, "Ada"), Org: "acme", Permissions: map[string]string{"members": "read"}, Repositories: []string{"vault"}, Expires: begin.Add(time.Hour)},
		},
		Apps: []App{{
			ID: 5, ClientID: "Iv1", Slug: "mooring", Name: "Mooring", Key: &appKey.PublicKey, Permissions: allPerms, Events: []string{"member"},
			Installations: []Installation{{ID: 501, Account: "acme"}, {ID: 502, Account: "hobby", SuspendedAt: begin}},
		}},
		Now: ck.now,
	}
	if change != nil {
		change(&cfg)
	}
	f := &fake{Server: New(cfg), t: t, clock: ck}
	hs := httptest.NewServer(f.Server)
	f.url = hs.URL
	f.http = &http.Client{Transport: &http.Transport{}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	t.Cleanup(func() {
		f.http.CloseIdleConnections()
		hs.Close()
		f.Wait()
	})
	return f
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a *answer) has(t *testing.T, want string) {
	t.Helper()
	if !strings.Contains(string(a.body), want) {
		t.Errorf("body %.300q: want %q in it", a.body, want)
	}
}

func (a *answer) len(t *testing.T) int {
	t.Helper()
	var list []json.RawMessage
	if err := json.Unmarshal(a.body, &list); err != nil {
		t.Fatalf("a list: %v: %.200s", err, a.body)
	}
	return len(list)
}

// do sends a request; headers are pairs. A path may be a whole address.
func (f *fake) do(method, path, token string, headers ...string) *answer {
	f.t.Helper()
	a, err := f.try(method, path, token, headers...)
	if err != nil {
		f.t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

func (f *fake) try(method, path, token string, headers ...string) (*answer, error) {
	if strings.HasPrefix(path, "/") {
		path = f.url + path
	}
	req, err := http.NewRequestWithContext(context.Background(), method, path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", "test")
	req.Header.Set("Accept", "application/vnd.github+json")
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header[http.CanonicalHeaderKey(headers[i])] = nil
		if headers[i+1] != "" {
			req.Header.Set(headers[i], headers[i+1])
		}
		if headers[i] == "User-Agent" {
			req.Header["User-Agent"] = []string{headers[i+1]}
		}
	}
	resp, err := f.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return &answer{resp.StatusCode, resp.Header, body}, err
}

func (f *fake) get(path, token string) *answer { f.t.Helper(); return f.do("GET", path, token) }

// signJWT makes an App's token.
func signJWT(key *rsa.PrivateKey, iss any, iat, exp time.Time) string {
	part := func(v any) string {
		b, _ := json.Marshal(v)
		return base64.RawURLEncoding.EncodeToString(b)
	}
	t := part(map[string]string{"alg": "RS256", "typ": "JWT"}) + "." + part(map[string]any{"iat": iat.Unix(), "exp": exp.Unix(), "iss": iss})
	sum := sha256.Sum256([]byte(t))
	sig, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return t + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func (f *fake) jwt() string {
	return signJWT(appKey, "5", f.clock.now().Add(-time.Minute), f.clock.now().Add(9*time.Minute))
}

// mint gets an installation token for acme.
func (f *fake) mint(body string) string {
	f.t.Helper()
	req, err := http.NewRequestWithContext(context.Background(), "POST", f.url+"/app/installations/501/access_tokens", strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+f.jwt())
	req.Header.Set("Content-Type", "application/json")
	resp, err := f.http.Do(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var out struct{ Token string }
	if err := json.NewDecoder(resp.Body).Decode(&out); err != nil || resp.StatusCode != 201 {
		f.t.Fatalf("mint: %d %v", resp.StatusCode, err)
	}
	return out.Token
}

// next is the address of a rel in Link.
func next(a *answer, rel string) string {
	for part := range strings.SplitSeq(a.header.Get("Link"), ", ") {
		if addr, found := strings.CutSuffix(part, `>; rel="`+rel+`"`); found {
			return strings.TrimPrefix(addr, "<")
		}
	}
	return ""
}

// spec is the vendor's document; without it the test is skipped.
func spec(t *testing.T) *Spec {
	t.Helper()
	dir := os.Getenv("MOORING_SPECS")
	if dir == "" {
		t.Skip("MOORING_SPECS is not set: it is the folder with github.json, the vendor's API document")
	}
	s, err := OpenSpec(dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// post sends a body.
func (f *fake) post(addr, token, body string) (*answer, error) {
	req, err := http.NewRequestWithContext(context.Background(), "POST", addr, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := f.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	return &answer{resp.StatusCode, resp.Header, b}, err
}
