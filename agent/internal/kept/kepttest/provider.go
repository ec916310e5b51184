// Package kepttest is a provider whose refresh tokens work once, for tests.
//
// It promises to be as unforgiving as the vendors: a code and a refresh token are taken once; a second time is refused and
// counted. It tells the test of every refresh when it arrives, before the token counts as spent.
package kepttest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// What the provider knows its one app by.
const (
	ClientID     = "the-client"
	ClientSecret = "the-client-secret"
)

// Provider is one.
type Provider struct {
	// Life of an access token.
	Life time.Duration
	// Refreshing hears of every refresh: when it has arrived, and again when its token is spent and the answer is not sent
	// yet. It may take its time. nil: nobody listens.
	Refreshing func(spent bool)

	mu      sync.Mutex
	grants  map[string]grant // by code
	refresh map[string]bool  // by token; true: spent
	access  map[string]time.Time
	stats   Stats
	busy    sync.WaitGroup
}

// Stats are counts since the start.
type Stats struct {
	// Refreshes that were answered with new tokens. Again: with a token that was spent before. Unknown: with one that never
	// was one. Refused: requests with an access token that is over, or none.
	Logins, Refreshes, Again, Unknown, Refused, Requests int
}

type grant struct{ redirect, challenge string }

// New gives a provider.
func New(life time.Duration) *Provider {
	return &Provider{Life: life, grants: map[string]grant{}, refresh: map[string]bool{}, access: map[string]time.Time{}}
}

// Stats so far.
func (p *Provider) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.stats
}

// Spent tells whether a refresh token has been taken.
func (p *Provider) Spent(token string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.refresh[token]
}

// Settled waits until no refresh is under way.
func (p *Provider) Settled() { p.busy.Wait() }

// Revoke makes all refresh and access tokens useless.
func (p *Provider) Revoke() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.refresh)
	clear(p.access)
}

// ServeHTTP serves /authorize, /token, /users and /_fake/stats.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/authorize":
		p.authorize(w, r)
	case "/token":
		p.token(w, r)
	case "/users":
		p.users(w, r)
	case "/_fake/stats":
		_ = json.NewEncoder(w).Encode(p.Stats())
	case "/_fake/revoke":
		p.Revoke()
	default:
		http.NotFound(w, r)
	}
}

// authorize is a person who agrees at once.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" {
		http.Error(w, "this is no request for a code", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.mu.Lock()
	p.grants[code] = grant{q.Get("redirect_uri"), q.Get("code_challenge")}
	p.mu.Unlock()
	back.RawQuery = url.Values{"code": {code}, "state": {q.Get("state")}}.Encode()
	w.Header().Set("Location", back.String())
	w.WriteHeader(http.StatusFound)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	p.busy.Add(1)
	defer p.busy.Done()
	if err := r.ParseForm(); err != nil || r.PostForm.Get("client_id") != ClientID || r.PostForm.Get("client_secret") != ClientSecret {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	ok := false
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		ok = p.exchange(r.PostForm)
	case "refresh_token":
		p.tell(false)
		if ok = p.spend(r.PostForm.Get("refresh_token")); ok {
			defer p.tell(true) // runs before the answer is flushed
		}
	}
	if !ok {
		refuse(w, http.StatusBadRequest, "invalid_grant")
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	next, access := "R-"+rand.Text(), "A-"+rand.Text()
	p.refresh[next], p.access[access] = false, time.Now().Add(p.Life)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"access_token": access, "expires_in": p.Life.Seconds(), "refresh_token": next, "token_type": "bearer",
	})
}

func (p *Provider) tell(spent bool) {
	if p.Refreshing != nil {
		p.Refreshing(spent)
	}
}

func (p *Provider) exchange(form url.Values) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := form.Get("code")
	g, ok := p.grants[code]
	delete(p.grants, code)
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	if !ok || g.redirect != form.Get("redirect_uri") || g.challenge != base64.RawURLEncoding.EncodeToString(sum[:]) {
		return false
	}
	p.stats.Logins++
	return true
}

func (p *Provider) spend(token string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	spent, known := p.refresh[token]
	switch {
	case !known:
		p.stats.Unknown++
	case spent:
		p.stats.Again++
	default:
		p.refresh[token] = true
		p.stats.Refreshes++
	}
	return known && !spent
}

func (p *Provider) users(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	until, ok := p.access[bearer(r)]
	ok = ok && time.Now().Before(until)
	p.stats.Requests++
	if !ok {
		p.stats.Refused++
	}
	p.mu.Unlock()
	if !ok {
		refuse(w, http.StatusUnauthorized, "expired_token")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = fmt.Fprint(w, `{"users":[{"id":"u1","name":"Ada","email":"ada@acme.example"},{"id":"u2","name":"Ben","email":"ben@acme.example"}]}`)
}

func bearer(r *http.Request) string {
	const scheme = "Bearer "
	h := r.Header.Get("Authorization")
	return h[min(len(scheme), len(h)):]
}

func refuse(w http.ResponseWriter, status int, why string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"error": why})
}
