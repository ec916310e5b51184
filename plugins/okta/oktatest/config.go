package oktatest

import (
	"crypto/rsa"
	"net/http"
	"time"
)

// Config is what a fake is made of. The zero value of every field but Org does what the vendor does.
type Config struct {
	Org     *Org
	Apps    []ServiceApp
	Tokens  []Token
	Limits  Limits
	Latency time.Duration // every answer takes at least this long
	// Later: a deactivation ends only when Finish is called.
	Later bool

	// Now is the clock of tokens, limits and the log; default time.Now.
	Now func() time.Time
	// Client calls event hooks; default: 3 s, no redirects.
	Client *http.Client
	// Record sees every answer as it was sent. Spec.Record is one.
	Record func(r *http.Request, status int, header http.Header, body []byte)
}

// ServiceApp is an app of type API Services.
type ServiceApp struct {
	ClientID, KeyID string
	Key             *rsa.PublicKey
	Scopes          []string // granted
	// NoRole: nobody gave the app an administrator's role, so that every call is refused.
	NoRole bool
	// Roles are the types of the app's roles, which decide what it may change; default: SUPER_ADMIN.
	Roles []string
	// DPoP: proof of possession is required.
	DPoP bool
}

// Token is an API token (SSWS).
type Token struct {
	Value, ID, Name, UserID string
	// Scopes are what the person's role allows, in the words of OAuth; nil: everything.
	Scopes  []string
	Expires time.Time // zero: never
}

// Plan is what an organisation pays for; it decides the limits.
type Plan string

// The plans.
const (
	Workforce Plan = "workforce"
	Free      Plan = "free" // Integrator Free
)

// Limits are the vendor's limits.
type Limits struct {
	Plan Plan // default Workforce
	// Off: there are none.
	Off bool
	// Per replaces the numbers of the plan, by bucket.
	Per map[string]int
	// Window; 0: 1 min.
	Window time.Duration
	// Percent of a bucket that one app or token may use; 0: 50.
	Percent int
	// Concurrent requests of the organisation; 0: 75, or 35 where it is free.
	Concurrent int
}
