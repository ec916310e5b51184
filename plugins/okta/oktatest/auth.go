package oktatest

import (
	"crypto/rsa"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

// principal is who calls.
type principal struct {
	id     string
	scopes []string // nil: everything
	app    *ServiceApp
	token  *Token
}

// issued is an access token.
type issued struct {
	app     *ServiceApp
	scopes  []string
	expires time.Time
}

const (
	tokenLife     = time.Hour
	assertionMost = time.Hour
	clockSkew     = 5 * time.Minute
)

// authenticate finds who calls.
func (c *call) authenticate() bool {
	scheme, value, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	switch {
	case strings.EqualFold(scheme, "SSWS"):
		for i := range c.s.cfg.Tokens {
			if t := &c.s.cfg.Tokens[i]; t.Value == value && (t.Expires.IsZero() || c.s.now().Before(t.Expires)) {
				c.who = &principal{id: "token " + t.ID, scopes: t.Scopes, token: t}
				return true
			}
		}
	case strings.EqualFold(scheme, "Bearer"):
		c.s.mu.Lock()
		i, ok := c.s.issued[value]
		c.s.mu.Unlock()
		if ok && c.s.now().Before(i.expires) {
			c.who = &principal{id: "app " + i.app.ClientID, scopes: i.scopes, app: i.app}
			return true
		}
	}
	c.fail(http.StatusUnauthorized, "E0000011", "Invalid token provided")
	return false
}

// may says whether the caller has the scope, and a role.
func (c *call) may(scope string) bool {
	if c.who.scopes != nil && !slices.Contains(c.who.scopes, scope) {
		if c.who.app != nil {
			c.w.Header().Set("Www-Authenticate", `Bearer authorization_uri="`+c.base()+`/oauth2/v1/authorize", realm="`+c.base()+`", scope="`+
				scope+`", error="insufficient_scope", error_description="The access token provided does not contain the required scopes.", `+
				`resource="`+c.r.URL.Path+`"`)
		}
		c.forbidden()
		return false
	}
	if c.who.app != nil && !c.who.app.mayWrite(scope, c.r.URL.Path) {
		c.forbidden()
		return false
	}
	return true
}

// mayWrite says whether one of the app's roles allows an operation. All roles may read; what a custom one may do, nobody asks.
func (a *ServiceApp) mayWrite(scope, path string) bool {
	if a.NoRole {
		return false
	}
	if !strings.HasSuffix(scope, ".manage") {
		return true
	}
	allowed := []string{"SUPER_ADMIN", "CUSTOM"}
	switch scope {
	case "okta.users.manage":
		allowed = append(allowed, "ORG_ADMIN", "USER_ADMIN")
		for _, op := range []string{"/unlock", "/expire_password", "/reset_factors", "/sessions"} {
			if strings.HasSuffix(path, op) {
				allowed = append(allowed, "HELP_DESK_ADMIN")
			}
		}
	case "okta.groups.manage":
		allowed = append(allowed, "ORG_ADMIN", "USER_ADMIN", "GROUP_MEMBERSHIP_ADMIN")
	case "okta.apps.manage":
		allowed = append(allowed, "APP_ADMIN")
	}
	return slices.ContainsFunc(a.types(), func(r string) bool { return slices.Contains(allowed, r) })
}

func (c *call) forbidden() {
	c.fail(http.StatusForbidden, "E0000006", "You do not have permission to perform the requested action")
}

// oauth answers with an error of the token endpoint.
func (c *call) oauth(status int, code, description string) {
	c.object(status, object{"error": code, "error_description": description})
}

// postToken gives an access token for an assertion that the app signed.
func (c *call) postToken() {
	if c.r.ParseForm() != nil || c.r.PostForm.Get("grant_type") != "client_credentials" {
		c.oauth(http.StatusBadRequest, "unsupported_grant_type", "The authorization grant type is not supported by the authorization server.")
		return
	}
	f := c.r.PostForm
	if f.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		c.oauth(http.StatusUnauthorized, "invalid_client", "Client credentials must be sent as a signed assertion.")
		return
	}
	app, why := c.s.app(f.Get("client_assertion"), c.base()+"/oauth2/v1/token")
	if app == nil {
		c.oauth(http.StatusUnauthorized, "invalid_client", why)
		return
	}
	if app.DPoP {
		c.oauth(http.StatusBadRequest, "invalid_dpop_proof", "The DPoP proof JWT header is missing.")
		return
	}
	scopes := strings.Fields(f.Get("scope"))
	for _, scope := range scopes {
		if !slices.Contains(app.Scopes, scope) {
			c.oauth(http.StatusBadRequest, "invalid_scope", "One or more scopes are not configured for the authorization server resource.")
			return
		}
	}
	if len(scopes) == 0 {
		c.oauth(http.StatusBadRequest, "invalid_scope", "The authorization server resource does not have any configured default scopes, 'scope' must be provided.")
		return
	}
	c.object(http.StatusOK, object{
		"token_type": "Bearer", "expires_in": int(tokenLife / time.Second), "access_token": c.s.issue(app, scopes), "scope": strings.Join(scopes, " "),
	})
}

func (s *Server) issue(app *ServiceApp, scopes []string) string {
	value, now := "eyJ"+random(32), s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for v, i := range s.issued {
		if now.After(i.expires) {
			delete(s.issued, v)
		}
	}
	s.issued[value] = issued{app, scopes, now.Add(tokenLife)}
	return value
}

// ExpireTokens ends all access tokens at once.
func (s *Server) ExpireTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.issued)
}

// app gives the app that signed an assertion, or why there is none.
func (s *Server) app(assertion, audience string) (*ServiceApp, string) {
	var claims struct {
		Iss, Sub, Jti string
		Aud           json.RawMessage
		Exp           json.Number
	}
	var app *ServiceApp
	for i := range s.cfg.Apps {
		a := &s.cfg.Apps[i]
		err := fake.VerifyRS256(assertion, func(header map[string]any) *rsa.PublicKey {
			if kid, _ := header["kid"].(string); kid != "" && kid != a.KeyID {
				return nil
			}
			return a.Key
		}, &claims)
		if err == nil && claims.Iss == a.ClientID && claims.Sub == a.ClientID {
			app = a
			break
		}
	}
	if app == nil {
		return nil, "The client_assertion signature is invalid."
	}
	now := s.now()
	exp, err := claims.Exp.Int64()
	end := time.Unix(exp, 0)
	switch {
	case err != nil || !now.Before(end.Add(clockSkew)):
		return nil, "The client_assertion token has expired."
	case end.After(now.Add(assertionMost + clockSkew)):
		return nil, "The client_assertion token has an expiration too far into the future."
	case !strings.Contains(string(claims.Aud), `"`+audience+`"`):
		return nil, "The audience claim for client_assertion must be the endpoint invoked for the request."
	case claims.Jti != "" && !s.once(claims.Jti, end):
		return nil, "The client_assertion token must be unique; its 'jti' was used before."
	}
	return app, ""
}

// once says whether a jti is new.
func (s *Server) once(jti string, until time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for id, end := range s.used {
		if now.After(end.Add(clockSkew)) {
			delete(s.used, id)
		}
	}
	_, again := s.used[jti]
	s.used[jti] = until
	return !again
}
