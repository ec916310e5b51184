package realtime

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/boxorg"
	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/examples/acme/githuborg"
	"github.com/mooring-hq/mooring/examples/acme/googleworkspaceorg"
	"github.com/mooring-hq/mooring/examples/acme/oktaorg"
	"github.com/mooring-hq/mooring/plugins/box/boxtest"
	"github.com/mooring-hq/mooring/plugins/github/githubtest"
	"github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
)

const people = 50

// provider is one fake with the company behind it.
type provider struct {
	name    string
	live    *company.Live
	url     string
	inner   string   // of the instance's block
	lacks   []string // kinds that it does not list
	off     []string // listings that are off by default
	told    []string // kinds whose every change its hints tell of; nil: told
	secrets map[string]string
	step    func(ctx context.Context, ch company.Change)
	// expire ends all subscriptions at the provider, and tells nobody.
	expire func()
	net    *lossy
}

// block is the instance's block.
func (p *provider) block(mode, every string) string {
	scans := ""
	if every != "" {
		for _, kind := range append([]string{"activities"}, kinds...) {
			if slices.Contains(p.lacks, kind) {
				continue
			}
			scans += fmt.Sprintf("  scan %q {\n    every = %q\n  }\n", kind, every)
		}
	}
	return fmt.Sprintf("instance %q \"one\" {\n%s\n%s\n  realtime = %q\n}\n", p.name, p.inner, scans, mode)
}

// stage is what the fakes are made of.
type stage struct {
	parts []*githuborg.Part
	live  *company.Live
	key   *rsa.PrivateKey
	net   *lossy
}

func newStage(t *testing.T) *stage {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	parts := []*githuborg.Part{githuborg.Platform(), githuborg.Sales()}
	return &stage{parts: parts, live: githuborg.Live(company.New(1, people), time.Now(), parts...), key: key, net: &lossy{}}
}

// client of a fake, for its webhooks.
func (s *stage) client() *http.Client {
	return &http.Client{Timeout: 10 * time.Second, Transport: s.net}
}

// serve starts a fake.
func (s *stage) serve(t *testing.T, p *provider, h http.Handler, wait func()) *provider {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(func() {
		server.Close()
		if wait != nil {
			wait()
		}
		http.DefaultTransport.(*http.Transport).CloseIdleConnections() //nolint:forcetypeassert // it is one
	})
	p.live, p.url, p.net = s.live, server.URL, s.net
	return p
}

// newGitHub is one organisation, with a token of an owner that may write webhooks.
func newGitHub(t *testing.T) *provider {
	s := newStage(t)
	part := s.parts[0]
	token := githuborg.AgentToken("ghp_realtime", part, time.Now())
	token.Kind, token.Org, token.Permissions = githubtest.Classic, "", nil
	token.Scopes, token.SSO = []string{"admin:org", "admin:org_hook", "read:audit_log", "repo"}, []string{part.Login}
	server := githubtest.New(githubtest.Config{
		Orgs: []*githubtest.Org{githuborg.Org(s.live, part)}, Tokens: []githubtest.Token{token}, Client: s.client(),
		Limits: githubtest.Limits{Core: -1, AuditLog: -1, Points: -1, Concurrent: -1},
	})
	p := &provider{name: "github", secrets: map[string]string{"token": token.Value}}
	p.step = func(ctx context.Context, ch company.Change) {
		for _, d := range githuborg.Deliveries(s.live, part, ch) {
			payload, err := json.Marshal(d.Payload)
			if err != nil {
				t.Error(err)
			}
			_, _ = server.Deliver(ctx, d.Org, d.Event, payload) // what a receiver did is in the fake's list of deliveries
		}
	}
	p.expire = func() { server.DropHooks(part.Login) }
	s.serve(t, p, server, server.Wait)
	p.inner = fmt.Sprintf("  settings {\n    organization = %q\n    base_url = %q\n  }\n  credentials {\n    token = secret(\"file:./token\")\n  }", part.Login, p.url)
	for _, polled := range []string{"scim", "saml_identities"} { // no webhook tells of what single sign-on knows
		p.inner += fmt.Sprintf("\n  scan %q {\n    every = \"15s\"\n  }", polled)
	}
	return p
}

func newOkta(t *testing.T) *provider {
	s := newStage(t)
	const token = "00realtimeABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
	cfg := oktaorg.Config(s.live, &s.key.PublicKey, token)
	cfg.Client, cfg.Limits = s.client(), oktatest.Limits{Per: map[string]int{}}
	for _, bucket := range []string{"users", "user write", "user", "groups", "group", "apps", "app", "logs", "token", "other"} {
		cfg.Limits.Per[bucket] = 1_000_000 // of the test's speed
	}
	server := oktatest.New(cfg)
	p := &provider{name: "okta", lacks: []string{"files", "settings"}, off: []string{"factors", "user_consents"}, secrets: map[string]string{"token": token}}
	p.told = []string{"accounts", "groups"} // the fake company's log lacks the assignments of apps that follow a group's
	p.step = func(ctx context.Context, ch company.Change) { oktaorg.Step(ctx, server, s.live, ch) }
	p.expire = server.DropHooks
	s.serve(t, p, server, nil)
	p.inner = fmt.Sprintf("  settings {\n    base_url = %q\n  }\n  credentials {\n    api_token = secret(\"file:./token\")\n  }", p.url)
	return p
}

func newBox(t *testing.T) *provider {
	s := newStage(t)
	c := boxorg.Credentials{Secret: "client secret", Key: &s.key.PublicKey, Primary: "primary key", Secondary: "secondary key"}
	cfg := boxorg.Config(s.live, c)
	cfg.Client, cfg.Limits = s.client(), boxtest.Limits{Calls: -1}
	server := boxtest.New(cfg)
	p := &provider{name: "box", lacks: []string{"roles", "apps", "grants", "settings", "others"}, secrets: map[string]string{"secret": c.Secret, "primary": c.Primary, "secondary": c.Secondary}}
	p.step = func(ctx context.Context, ch company.Change) { _ = boxorg.Step(ctx, s.live, server, ch) }
	p.expire = server.DropHooks
	s.serve(t, p, server, nil)
	p.inner = fmt.Sprintf(`  settings {
    base_url = %q
    account_url = %q
  }
  credentials {
    client_id     = "acmemooringbox0clientid0000000"
    client_secret = secret("file:./secret")
    enterprise_id = %q
    webhook_primary_key   = secret("file:./primary")
    webhook_secondary_key = secret("file:./secondary")
  }`, p.url, p.url, boxorg.EnterpriseID)
	return p
}

func newGoogle(t *testing.T) *provider {
	s := newStage(t)
	key, err := googleworkspaceorg.KeyFile(s.key)
	if err != nil {
		t.Fatal(err)
	}
	cfg := googleworkspaceorg.Config(s.live, &s.key.PublicKey)
	cfg.Client = s.client()
	cfg.Limits = googleworkspacetest.Limits{Directory: -1, Reports: -1, Filtered: -1, DriveUnits: -1, DriveUser: -1}
	server := googleworkspacetest.New(cfg)
	p := &provider{name: "googleworkspace", lacks: []string{"others"}, secrets: map[string]string{"key": string(key), "push": "a secret of the test"}}
	p.told = []string{"accounts", "groups", "memberships"} // a new person of the fake company brings files along, which no log tells of
	p.step = func(ctx context.Context, ch company.Change) { googleworkspaceorg.Step(ctx, server, s.live, ch) }
	p.expire = server.Expire
	s.serve(t, p, server, server.Wait)
	p.inner = fmt.Sprintf(`  settings {
    admin = %q
    base_url = %q
    drive_url = %q
    token_url = %q
  }
  credentials {
    service_account_key = secret("file:./key")
    webhook_secret      = secret("file:./push")
  }`, googleworkspaceorg.Admin(s.live), p.url, p.url, p.url+"/token")
	return p
}
