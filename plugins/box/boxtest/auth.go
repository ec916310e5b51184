package boxtest

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

// tokens are those the fake gave out.
type tokens struct {
	mu      sync.Mutex
	access  map[string]*access
	refresh map[string]*refresh
	codes   map[string]*code
	jtis    map[string]time.Time
	twice   int
}

type access struct {
	app     *App
	user    string
	expires time.Time
}

type refresh struct {
	app     *App
	user    string
	expires time.Time
	spent   bool
}

type code struct {
	user, redirect string
	expires        time.Time
	spent          bool
}

func (t *tokens) init() {
	t.access, t.refresh, t.codes, t.jtis = map[string]*access{}, map[string]*refresh{}, map[string]*code{}, map[string]time.Time{}
}

func bearer(r *http.Request) string {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return token
}

func (t *tokens) find(value string, now time.Time) *access {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.access[value]
	if a == nil || !now.Before(a.expires) {
		return nil
	}
	return a
}

// SpentTwice is how often a refresh token came that had been used before.
func (s *Server) SpentTwice() int {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	return s.tokens.twice
}

// Revoke ends all tokens, as an administrator does who takes the app's authorisation away.
func (s *Server) Revoke() {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	clear(s.tokens.access)
	clear(s.tokens.refresh)
	clear(s.tokens.codes)
}

// ExpireAccess ends all access tokens; refresh tokens stay.
func (s *Server) ExpireAccess() {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	clear(s.tokens.access)
}

// app is the one with a client id; nil: there is none.
func (s *Server) app(clientID string) *App {
	for _, a := range s.apps() {
		if a.ClientID == clientID {
			return a
		}
	}
	return nil
}

func (s *Server) apps() []*App {
	list := []*App{&s.cfg.App}
	for i := range s.cfg.Apps {
		list = append(list, &s.cfg.Apps[i])
	}
	return list
}

// service is an app's account with an id; nil: there is none.
func (s *Server) service(id string) *Person {
	for _, a := range s.apps() {
		if id != "" && a.Service.ID == id {
			return &a.Service
		}
	}
	return nil
}

// Code is what a consent of a user gives, as if the page had been opened. It works once, for CodeLife.
func (s *Server) Code(user, redirect string) string {
	s.tokens.mu.Lock()
	defer s.tokens.mu.Unlock()
	value := rand.Text()
	s.tokens.codes[value] = &code{user: user, redirect: redirect, expires: s.cfg.Now().Add(s.cfg.CodeLife)}
	return value
}

// authorize is the page on which a person consents; here everybody does at once.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	redirect := q.Get("redirect_uri")
	if redirect == "" && len(s.cfg.App.Redirects) > 0 {
		redirect = s.cfg.App.Redirects[0]
	}
	to, err := url.Parse(redirect)
	switch {
	case q.Get("client_id") != s.cfg.App.ClientID:
		http.Error(w, "Invalid client_id", http.StatusBadRequest)
	case q.Get("response_type") != "code":
		http.Error(w, "Invalid response_type", http.StatusBadRequest)
	case err != nil || to.Host == "" || len(s.cfg.App.Redirects) > 0 && !slices.Contains(s.cfg.App.Redirects, redirect):
		http.Error(w, "redirect_uri_mismatch", http.StatusBadRequest)
	default:
		back := to.Query()
		back.Set("code", s.Code(s.cfg.App.Admin, redirect))
		if state := q.Get("state"); state != "" {
			back.Set("state", state)
		}
		to.RawQuery = back.Encode()
		http.Redirect(w, r, to.String(), http.StatusFound)
	}
}

// postToken is the token endpoint.
func (s *Server) postToken(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil || r.Form.Get("grant_type") == "" {
		refuse(w, "invalid_request", "Invalid grant_type parameter or parameter missing")
		return
	}
	f := r.PostForm
	app := s.app(f.Get("client_id"))
	if app == nil || subtle.ConstantTimeCompare([]byte(f.Get("client_secret")), []byte(app.ClientSecret)) == 0 {
		refuse(w, "invalid_client", "The client credentials are invalid")
		return
	}
	switch f.Get("grant_type") {
	case "client_credentials":
		s.grantTo(w, app, f.Get("box_subject_type"), f.Get("box_subject_id"))
	case "urn:ietf:params:oauth:grant-type:jwt-bearer":
		s.grantJWT(w, app, f.Get("assertion"))
	case "authorization_code":
		s.spendCode(w, app, f)
	case "refresh_token":
		s.spendRefresh(w, app, f.Get("refresh_token"))
	default:
		refuse(w, "unsupported_grant_type", "Invalid grant_type parameter or parameter missing")
	}
}

func refuse(w http.ResponseWriter, word, text string) {
	answer(w, http.StatusBadRequest, map[string]any{"error": word, "error_description": text})
}

func (s *Server) grantTo(w http.ResponseWriter, app *App, kind, id string) {
	switch {
	case kind == "enterprise" && id == s.ent.ID:
		s.grant(w, app, app.Service.ID, false)
	case kind == "user" && !app.NoActAs:
		if _, ok := s.ent.Users.find(id); ok {
			s.grant(w, app, id, false)
			return
		}
		fallthrough
	default:
		refuse(w, "invalid_grant", "Grant credentials are invalid")
	}
}

// grantJWT checks an assertion as strictly as the vendor.
func (s *Server) grantJWT(w http.ResponseWriter, app *App, assertion string) {
	var claims struct {
		Iss, Sub, Aud, Jti string
		BoxSubType         string `json:"box_sub_type"`
		Exp                json.Number
	}
	err := fake.VerifyRS256(assertion, func(header map[string]any) *rsa.PublicKey {
		if header["kid"] != app.KeyID {
			return nil
		}
		return app.Key
	}, &claims)
	exp, _ := claims.Exp.Int64()
	now := s.cfg.Now()
	left := time.Unix(exp, 0).Sub(now)
	switch {
	case err != nil || claims.Iss != app.ClientID:
		refuse(w, "invalid_grant", "OAuth JWT signature validation failed")
	case claims.Aud != "https://api.box.com/oauth2/token":
		refuse(w, "invalid_grant", "Please check the 'aud' claim")
	case left <= 0 || left > jwtLifeMax:
		refuse(w, "invalid_grant", "Please check the 'exp' claim")
	case len(claims.Jti) < jtiMin || len(claims.Jti) > jtiMax || !s.tokens.first(claims.Jti, now):
		refuse(w, "invalid_grant", "Please check the 'jti' claim")
	default:
		s.grantTo(w, app, claims.BoxSubType, claims.Sub)
	}
}

// first says whether an assertion comes for the first time.
func (t *tokens) first(jti string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, at := range t.jtis {
		if now.Sub(at) > 2*jwtLifeMax {
			delete(t.jtis, id)
		}
	}
	_, again := t.jtis[jti]
	t.jtis[jti] = now
	return !again
}

func (s *Server) spendCode(w http.ResponseWriter, app *App, f url.Values) {
	s.tokens.mu.Lock()
	c := s.tokens.codes[f.Get("code")]
	good := c != nil && app == &s.cfg.App && !c.spent && s.cfg.Now().Before(c.expires) && (!f.Has("redirect_uri") || f.Get("redirect_uri") == c.redirect)
	if c != nil {
		c.spent = true
	}
	s.tokens.mu.Unlock()
	if !good {
		refuse(w, "invalid_grant", "The authorization code has expired")
		return
	}
	s.grant(w, app, c.user, true)
}

func (s *Server) spendRefresh(w http.ResponseWriter, app *App, value string) {
	s.tokens.mu.Lock()
	t := s.tokens.refresh[value]
	good := t != nil && t.app == app && !t.spent && s.cfg.Now().Before(t.expires)
	if t != nil {
		if t.spent {
			s.tokens.twice++
		}
		t.spent = true
	}
	s.tokens.mu.Unlock()
	if !good {
		refuse(w, "invalid_grant", "Refresh token has expired")
		return
	}
	s.grant(w, app, t.user, true)
}

// grant gives a token, with a refresh token when a person consented.
func (s *Server) grant(w http.ResponseWriter, app *App, user string, consented bool) {
	now := s.cfg.Now()
	body := map[string]any{
		"access_token": "at_" + rand.Text(), "expires_in": int(s.cfg.AccessLife / time.Second), "token_type": "bearer", "restricted_to": []any{},
	}
	s.tokens.mu.Lock()
	for value, a := range s.tokens.access {
		if !now.Before(a.expires) {
			delete(s.tokens.access, value)
		}
	}
	s.tokens.access[body["access_token"].(string)] = &access{app: app, user: user, expires: now.Add(s.cfg.AccessLife)} //nolint:forcetypeassert // made above
	if consented {
		value := "rt_" + rand.Text()
		s.tokens.refresh[value] = &refresh{app: app, user: user, expires: now.Add(s.cfg.RefreshLife)}
		body["refresh_token"] = value
	}
	s.tokens.mu.Unlock()
	answer(w, http.StatusOK, body)
}
