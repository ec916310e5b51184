package githubtest

import (
	"crypto/rand"
	"maps"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// kind is what a request proves who it is with.
type kind int

const (
	anonymous kind = iota
	jwt            // a GitHub App itself
	installed      // an installation of one
	fine           // a fine-grained token
	classic        // a classic or OAuth token
)

// caller is who asks. It is not changed after it was made.
type caller struct {
	kind    kind
	quota   string // whose quota the request uses
	user    User
	roles   map[string]string // by organisation, lower case; nil: look it up
	org     *Org              // of an installation or a fine-grained token
	scopes  map[string]bool   // with those that follow from others
	listed  string            // the scopes as given
	sso     map[string]bool
	perms   map[string]string
	repos   map[string]bool // nil: all
	app     *App
	inst    *Installation
	expires time.Time
}

func (w *caller) name() string {
	switch w.kind {
	case anonymous:
		return w.quota
	case jwt, installed:
		return "installation"
	default:
		return "user ID " + w.user.Login
	}
}

// scopeImplies are the scopes that come with another.
var scopeImplies = map[string][]string{
	"repo":           {"public_repo", "security_events", "repo:status", "repo_deployment", "repo:invite"},
	"admin:org":      {"write:org", "read:org", "manage_runners:org"},
	"write:org":      {"read:org"},
	"user":           {"read:user", "user:email"},
	"admin:org_hook": {},
	"audit_log":      {"read:audit_log"},
}

func scopeSet(list []string) map[string]bool {
	set := map[string]bool{}
	for _, s := range list {
		set[s] = true
		for _, implied := range scopeImplies[s] {
			set[implied] = true
		}
	}
	return set
}

func nameSet(names []string) map[string]bool {
	if names == nil {
		return nil
	}
	set := map[string]bool{}
	for _, n := range names {
		set[lower(n)] = true
	}
	return set
}

// tokens knows every credential by its value.
type tokens struct {
	mu   sync.RWMutex
	by   map[string]*caller
	next int // installation tokens minted until the expired are dropped
}

func (t *tokens) set(list []Token, orgs map[string]*Org) {
	t.by = map[string]*caller{}
	for _, tok := range list {
		w := &caller{
			kind: classic, quota: "user " + lower(tok.User.Login), user: tok.User, expires: tok.Expires,
			scopes: scopeSet(tok.Scopes), listed: strings.Join(tok.Scopes, ", "), sso: nameSet(tok.SSO),
		}
		if tok.Roles != nil {
			w.roles = map[string]string{}
			for org, role := range tok.Roles {
				w.roles[lower(org)] = role
			}
		}
		if tok.Kind == FineGrained {
			w.kind, w.org = fine, orgs[lower(tok.Org)]
			w.perms, w.repos = withMetadata(tok.Permissions), nameSet(tok.Repositories)
		}
		t.by[tok.Value] = w
	}
}

// withMetadata adds the permission that every App and fine-grained token has.
func withMetadata(perms map[string]string) map[string]string {
	out := map[string]string{"metadata": "read"}
	maps.Copy(out, perms)
	return out
}

func (t *tokens) nobody(r *http.Request) *caller {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	return &caller{quota: host}
}

func (t *tokens) get(value string) *caller {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.by[value]
}

// expiredEvery is after how many new tokens the expired ones are dropped.
const expiredEvery = 256

func (t *tokens) add(w *caller, now time.Time) string {
	value := "ghs_" + rand.Text() + rand.Text()[:10]
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.next++; t.next >= expiredEvery {
		t.next = 0
		for v, old := range t.by {
			if old.kind == installed && !now.Before(old.expires) {
				delete(t.by, v)
			}
		}
	}
	t.by[value] = w
	return value
}

func (t *tokens) drop(value string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.by, value)
}

// credential is what the Authorization header carries.
func credential(r *http.Request) (string, bool) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", false
	}
	if _, password, ok := r.BasicAuth(); ok {
		return password, true
	}
	scheme, value, _ := strings.Cut(header, " ")
	if s := lower(scheme); s != "bearer" && s != "token" {
		return "", true
	}
	return strings.TrimSpace(value), true
}

// authenticate finds out who asks.
func (c *call) authenticate() bool {
	value, given := credential(c.r)
	if !given {
		return true
	}
	if strings.Count(value, ".") == 2 {
		app, problem := c.s.verifyJWT(value, c.now)
		if problem != "" {
			status := http.StatusUnauthorized
			if app == nil && problem == "Integration not found" {
				status = http.StatusNotFound
			}
			c.error(status, problem)
			return false
		}
		c.who = &caller{kind: jwt, app: app, quota: "app " + app.Slug}
		return true
	}
	who := c.s.tokens.get(value)
	if who == nil || !who.expires.IsZero() && !c.now.Before(who.expires) {
		c.error(http.StatusUnauthorized, "Bad credentials")
		return false
	}
	c.who = who
	if who.kind == classic {
		c.h.Set("X-Oauth-Scopes", who.listed)
	}
	if !who.expires.IsZero() && who.kind != installed {
		c.h.Set("Github-Authentication-Token-Expiration", who.expires.UTC().Format("2006-01-02 15:04:05 UTC"))
	}
	if who.inst != nil && !c.s.suspendedAt(who.inst).IsZero() {
		c.error(http.StatusForbidden, "This installation has been suspended")
		return false
	}
	return true
}
