// Package kepttest is a provider whose refresh tokens work once, for tests.
//
// It promises to be as unforgiving as the vendors: a code and a refresh token are taken once, and an access token until it
// ends. Whoever opens its page agrees at once.
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

	mu      sync.Mutex
	grants  map[string]grant // by code
	refresh map[string]bool  // by token; true: spent
	access  map[string]time.Time
}

type grant struct{ redirect, challenge string }

// New gives a provider.
func New(life time.Duration) *Provider {
	return &Provider{Life: life, grants: map[string]grant{}, refresh: map[string]bool{}, access: map[string]time.Time{}}
}

// Revoke makes all refresh and access tokens useless.
func (p *Provider) Revoke() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.refresh)
	clear(p.access)
}

// ServeHTTP serves /authorize, /token, /users and /_fake/revoke.
func (p *Provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/authorize":
		p.authorize(w, r)
	case "/token":
		p.token(w, r)
	case "/users":
		p.users(w, r)
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
	if err := r.ParseForm(); err != nil || r.PostForm.Get("client_id") != ClientID || r.PostForm.Get("client_secret") != ClientSecret {
		refuse(w, http.StatusUnauthorized, "invalid_client")
		return
	}
	ok := false
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		ok = p.exchange(r.PostForm)
	case "refresh_token":
		ok = p.spend(r.PostForm.Get("refresh_token"))
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
		"access_token": access, "expires_in": int(p.Life.Seconds()), "refresh_token": next, "token_type": "bearer",
	})
}

func (p *Provider) exchange(form url.Values) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	code := form.Get("code")
	g, ok := p.grants[code]
	delete(p.grants, code)
	sum := sha256.Sum256([]byte(form.Get("code_verifier")))
	return ok && g.redirect == form.Get("redirect_uri") && g.challenge == base64.RawURLEncoding.EncodeToString(sum[:])
}

func (p *Provider) spend(token string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	spent, known := p.refresh[token]
	if known {
		p.refresh[token] = true
	}
	return known && !spent
}

func (p *Provider) users(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	until, ok := p.access[bearer(r)]
	ok = ok && time.Now().Before(until)
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
