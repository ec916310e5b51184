package googleworkspacetest

import (
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

// claims of an assertion.
type claims struct {
	Issuer   string `json:"iss"`
	Subject  string `json:"sub"`
	Scope    string `json:"scope"`
	Audience string `json:"aud"`
	Issued   int64  `json:"iat"`
	Expires  int64  `json:"exp"`
}

// grant is what an access token says.
type grant struct {
	Subject string    `json:"s"` // user id
	Scopes  []string  `json:"c"`
	Expires time.Time `json:"e"`
}

func (s *Server) postToken(w http.ResponseWriter, r *http.Request) {
	refuse := func(status int, code, description string) {
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(map[string]string{"error": code, "error_description": description}) // the client has gone
	}
	if err := r.ParseForm(); err != nil || r.PostForm.Get("grant_type") != "urn:ietf:params:oauth:grant-type:jwt-bearer" {
		refuse(http.StatusBadRequest, "unsupported_grant_type", "Invalid grant_type")
		return
	}
	var c claims
	var account *ServiceAccount
	raw := r.PostForm.Get("assertion")
	err := fake.VerifyRS256(raw, func(header map[string]any) *rsa.PublicKey {
		account = s.account(raw, header["kid"])
		if account == nil {
			return nil
		}
		return account.Key
	}, &c)
	now := s.cfg.Now()
	iat, exp := time.Unix(c.Issued, 0), time.Unix(c.Expires, 0)
	switch {
	case err != nil || account == nil || account.Email != c.Issuer:
		refuse(http.StatusBadRequest, "invalid_grant", "Invalid JWT Signature.")
	case c.Audience != TokenURI:
		refuse(http.StatusBadRequest, "invalid_grant", "Invalid JWT: Failed audience check.")
	case exp.Sub(iat) > time.Hour || !exp.After(now) || iat.After(now.Add(skew)) || exp.After(now.Add(time.Hour+skew)):
		refuse(http.StatusBadRequest, "invalid_grant", "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.")
	default:
		s.giveToken(w, account, &c, now, refuse)
	}
}

// account is the one that signed, by its e-mail in the claims and the key's id.
func (s *Server) account(raw string, kid any) *ServiceAccount {
	parts := strings.Split(raw, ".")
	if len(parts) != 3 {
		return nil
	}
	var c claims
	b, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || json.Unmarshal(b, &c) != nil {
		return nil
	}
	for i := range s.cfg.Accounts {
		if a := &s.cfg.Accounts[i]; a.Email == c.Issuer && a.KeyID == kid {
			return a
		}
	}
	return nil
}

func (s *Server) giveToken(w http.ResponseWriter, a *ServiceAccount, c *claims, now time.Time, refuse func(int, string, string)) {
	scopes := strings.Fields(c.Scope)
	s.mu.Lock()
	all := len(scopes) > 0
	for _, scope := range scopes {
		all = all && s.granted[a.Email][scope]
	}
	s.mu.Unlock()
	user, ok := s.cfg.Tenant.Users.find(lower(c.Subject), isUser)
	switch {
	case !all || c.Subject == "":
		refuse(http.StatusUnauthorized, "unauthorized_client",
			"Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.")
	case !ok:
		refuse(http.StatusBadRequest, "invalid_grant", "Invalid email or User ID")
	case user.Suspended || user.Archived:
		refuse(http.StatusBadRequest, "invalid_grant", "Account has been suspended")
	default:
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		_ = json.NewEncoder(w).Encode(map[string]any{ // the client has gone
			"access_token": s.token(grant{user.ID, scopes, now.Add(tokenLife)}), "expires_in": int(tokenLife.Seconds()), "token_type": "Bearer",
		})
	}
}

// token writes a grant down and signs it, so that the fake need not remember it.
func (s *Server) token(g grant) string {
	b, _ := json.Marshal(g) // strings and a time
	body := base64.RawURLEncoding.EncodeToString(b)
	return "ya29." + body + "." + s.signature(body)
}

func (s *Server) signature(body string) string {
	mac := hmac.New(sha256.New, s.sign[:])
	mac.Write([]byte(body))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func (s *Server) authenticate(r *http.Request) (*call, *problem) {
	wrong := &problem{http.StatusUnauthorized, "authError", "Request had invalid authentication credentials. Expected OAuth 2 access token."}
	raw, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ya29.")
	body, signature, found := strings.Cut(raw, ".")
	if !ok || !found || !hmac.Equal([]byte(signature), []byte(s.signature(body))) {
		return nil, wrong
	}
	var g grant
	b, err := base64.RawURLEncoding.DecodeString(body)
	if err != nil || json.Unmarshal(b, &g) != nil || !s.cfg.Now().Before(g.Expires) {
		return nil, wrong
	}
	user, ok := s.cfg.Tenant.Users.find(g.Subject, isUser)
	if !ok || user.Suspended || user.Archived {
		return nil, wrong
	}
	c := &call{Server: s, r: r, subject: user, scopes: map[string]bool{}}
	for _, scope := range g.Scopes {
		c.scopes[scope] = true
	}
	return c, nil
}
