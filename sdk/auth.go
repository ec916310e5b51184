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
}

// Token is a short-lived credential that Method.Token obtained.
type Token struct {
	Value   string
	Expires time.Time // zero: until it is refused
}

// Method is one way to authenticate.
type Method struct {
	Name, Doc string
	Fields    []Field
	// Lifetime of what the operator gives; 0: until revoked.
	Lifetime time.Duration
	Scopes   []*wire.ScopeNeed
	// Token exchanges the fields for a short-lived token, through s.HTTP with NoAuth. Its result is kept until a minute
	// before it expires; there is one call at a time; a 401 obtains a new one, once. nil: the fields are used as they are.
	Token func(ctx context.Context, s *Session, audience string) (*Token, error)
	// Apply authenticates a request. nil: "Authorization: Bearer" with the token, or with the first field.
	Apply func(r *http.Request, s *Session, t *Token)
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
