package githubtest

import (
	"crypto/rsa"
	"net/http"
	"time"
)

// Config is what a fake is made of. The zero value of every field but Orgs does what the vendor does.
type Config struct {
	Orgs    []*Org
	Tokens  []Token
	Apps    []App
	People  []User // accounts of GitHub that no organisation knows
	Limits  Limits
	Latency time.Duration // every answer takes at least this long

	// Now is the clock of tokens, limits and the audit log; default time.Now.
	Now func() time.Time
	// Client posts webhooks; default: 10 s, no redirects.
	Client *http.Client
	// Record sees every answer as it was sent, before the client does. Spec.Record is one.
	Record func(r *http.Request, status int, header http.Header, body []byte)
}

// TokenKind is the kind of a user's token.
type TokenKind string

// The kinds. OAuth tokens work like classic ones.
const (
	Classic     TokenKind = "classic"
	OAuth       TokenKind = "oauth"
	FineGrained TokenKind = "fine-grained"
)

// Token is a user's credential.
type Token struct {
	Value string
	Kind  TokenKind // default Classic
	User  User      // whose it is
	// Roles says by organisation login what the user is there: admin or member. nil: looked up in Members.
	Roles   map[string]string
	Expires time.Time // zero: never

	Scopes []string // of a classic or OAuth token
	SSO    []string // logins of organisations with SAML that a classic or OAuth token is authorised for

	Org          string            // of a fine-grained token: the resource owner
	Permissions  map[string]string // of a fine-grained token: members → read
	Repositories []string          // of a fine-grained token: names; nil: all
}

// App is a GitHub App whose private key the client holds.
type App struct {
	ID          int64
	ClientID    string
	Slug        string
	Name        string
	Owner       User
	Key         *rsa.PublicKey
	Permissions map[string]string
	Events      []string
	// Installations need Account; AppID, AppSlug and ClientID are filled in. Permissions nil: those of the App.
	Installations []Installation
	Hook          Hook // of the App; no URL: none
}

// Limits are the vendor's limits. Zero means the vendor's number, a negative number means no limit.
type Limits struct {
	Core     int           // calls per Window and credential; 0: 60, 5,000, or by installation and plan
	AuditLog int           // calls to audit logs per Window and credential; 0: 1,750
	Window   time.Duration // 0: 1 h; a shorter one ends on a whole second too

	Concurrent   int           // 0: 100 requests at once per credential
	Points       int           // 0: 900 per PointsWindow, endpoint and credential; GET 1, others 5
	PointsWindow time.Duration // 0: 1 min
	PointsShared bool          // Points count over all endpoints together

	Status int // of a limited answer; 0: 403 for the primary limit, 429 for the secondary
}

// The vendor's numbers.
const (
	perPageDefault    = 30
	perPageMax        = 100
	anonymousLimit    = 60
	userLimit         = 5000
	appLimitMax       = 12_500
	enterpriseLimit   = 15_000
	auditLimit        = 1750
	concurrentLimit   = 100
	pointsLimit       = 900
	graphQLPoints     = 2000
	graphQLEnterprise = 10_000
	treeEntriesMax    = 100_000
	treeBytesMax      = 7 << 20
	tokenLife         = time.Hour
	jwtLifeMax        = 10 * time.Minute
	payloadMax        = 25 << 20
	deliveryTimeout   = 10 * time.Second
	auditRetention    = 180 * 24 * time.Hour
	auditDefault      = 90 * 24 * time.Hour
	gitRetention      = 7 * 24 * time.Hour
	orgEventsMax      = 300
	bodyMax           = 1 << 20  // of a request
	writeMax          = 64 << 20 // of one that writes a file
)

func orDefault[T int | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return v
}
