package sdk

import (
	"context"
	"net/http"
	"time"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Auth lists ways to authenticate.
type Auth []Method

// Field is one credential an operator gives.
type Field struct {
	Name, Doc string
	// Public: not a secret; may stand in the configuration as it is.
	Public bool
	// Kept: never in the configuration; Method.Login obtains it, and the host keeps it sealed.
	Kept bool
}

// Token is a short-lived credential that Method.Token obtained.
type Token struct {
	Value   string
	Expires time.Time // zero: until it is refused
	// Next is what the provider gave in place of the field Method.Rotates.
	Next string
}

// Method is one way to authenticate.
type Method struct {
	Name, Doc string
	Fields    []Field
	// Lifetime of what the operator gives; 0: until revoked.
	Lifetime time.Duration
	Scopes   []*wire.ScopeNeed
	// Steps are what to do at the vendor to get the fields, one each: which page, which button. "${scopes}" stands for the
	// scopes of what was chosen, "${setting}" for the value of a setting. `mooring connect` prints them.
	Steps []string
	// Token exchanges the fields for a short-lived token, through s.HTTP with NoAuth. Its result is kept until a minute
	// before it expires; there is one call at a time; a 401 obtains a new one, once. nil: the fields are used as they are.
	Token func(ctx context.Context, s *Session, audience string) (*Token, error)
	// Rotates names a kept field that works once. The host writes down that it is spent before Token is called, shares the
	// token with every instance on the same login and for every audience, and seals Token.Next before the token is used. When
	// Token fails, the field is lost and somebody has to log in again, unless no request left (or it was throttled): the
	// SDK watches what Token sends through s.HTTP.
	Rotates string
	// Login obtains the kept fields; nil: there are none.
	Login *CodeFlow
	// Apply authenticates a request. nil: "Authorization: Bearer" with the token, or with the first field.
	Apply func(r *http.Request, s *Session, t *Token)
}

// CodeFlow is OAuth 2.0's authorization code grant (RFC 6749, section 4.1): a person opens a page of the provider, agrees,
// and pastes the code, or the whole address they were sent to. It needs no public address of ours.
type CodeFlow struct {
	// URL gives the provider's page, without the query that this flow adds.
	URL func(s *Session) string
	// ClientID names the configured field.
	ClientID string
	Scopes   []string
	// PKCE sends a challenge (RFC 7636, S256), for providers that take one.
	PKCE bool
	// Exchange spends the code, through s.HTTP with NoAuth, and gives the kept fields by name. The token may be nil.
	Exchange func(ctx context.Context, s *Session, c Code) (kept map[string]string, t *Token, err error)
}

// Code is what a consent gave.
type Code struct {
	Value string
	// Redirect must be repeated to the provider as it is.
	Redirect string
	// Verifier fits the challenge; "" without PKCE.
	Verifier string
}

// Bearer sends a field as "Authorization: Bearer …".
func Bearer(field string) Auth {
	return Auth{{Name: field, Fields: []Field{{Name: field}}}}
}

// Basic sends two fields by HTTP basic authentication.
func Basic(user, password string) Auth {
	return Auth{{
		Name:   "basic",
		Fields: []Field{{Name: user, Public: true}, {Name: password}},
		Apply: func(r *http.Request, s *Session, _ *Token) {
			r.SetBasicAuth(s.Secret(user), s.Secret(password))
		},
	}}
}

// Header sends a field in a header of its own, after prefix.
func Header(header, prefix, field string) Auth {
	return Auth{{
		Name:   field,
		Fields: []Field{{Name: field}},
		Apply: func(r *http.Request, s *Session, _ *Token) {
			r.Header.Set(header, prefix+s.Secret(field))
		},
	}}
}

// Or adds further ways to authenticate.
func (a Auth) Or(more ...Method) Auth { return append(append(Auth{}, a...), more...) }

// Choose gives the method all of whose fields have a value, and nil when there is none.
func (a Auth) Choose(secret func(string) string) *Method {
	for i := range a {
		complete := true
		for _, f := range a[i].Fields {
			complete = complete && secret(f.Name) != ""
		}
		if complete {
			return &a[i]
		}
	}
	return nil
}
