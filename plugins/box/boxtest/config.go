package boxtest

import (
	"crypto/rsa"
	"net/http"
	"time"
)

// Config is what a fake is made of.
type Config struct {
	Enterprise *Enterprise
	App        App
	// Apps are others of the same enterprise.
	Apps   []App
	Limits Limits
	// AccessLife, RefreshLife and CodeLife of tokens; 0: the vendor's 60 minutes, 60 days and 30 seconds.
	AccessLife, RefreshLife, CodeLife time.Duration
	// PollWait is how long a long-poll is held; 0: 10 minutes.
	PollWait time.Duration
	Latency  time.Duration
	// AskAll: whom somebody lets in has to accept, in the enterprise itself too.
	AskAll bool
	// Now is the clock of tokens, limits and logs; default time.Now.
	Now func() time.Time
	// Client posts webhooks; default: 10 s, no redirects.
	Client *http.Client
	// Record sees every request and the answer as it was sent.
	Record func(r *http.Request, status int, header http.Header, body []byte)
}

// The scopes of an app, as the console names them in its address bar.
const (
	ManageUsers      = "manage_managed_users"
	ManageGroups     = "manage_groups"
	ManageEnterprise = "manage_enterprise_properties"
	ReadAll          = "root_readonly"
	WriteAll         = "root_readwrite"
	ManageWebhooks   = "manage_webhook"
)

// App is the application that the client signs in as.
type App struct {
	ClientID, ClientSecret string
	// Service is the user behind client credentials and JWT.
	Service Person
	// Admin is who consents on the authorisation page: the id of a managed user.
	Admin  string
	Scopes []string
	// NoActAs: the app may not send as-user.
	NoActAs bool
	// Key and KeyID check JWTs; nil: none are taken.
	Key   *rsa.PublicKey
	KeyID string
	// Redirects are the addresses that the authorisation page sends back to.
	Redirects []string
	// Primary and Secondary sign webhooks; one may be empty.
	Primary, Secondary string
}

// Limits of requests. Zero is the vendor's number, a negative number none.
type Limits struct {
	Calls  int // a minute and user; 0: 1000
	Window time.Duration
	// Page is the most entries of one answer, whatever is asked for: Box's pages may be short. 0: 1000, of a log 500.
	Page int
}

// The vendor's numbers.
const (
	callLimit      = 1000
	pageMax        = 1000
	pageDefault    = 100
	offsetMax      = 10_000
	eventsMax      = 500
	eventsDefault  = 100
	accessLife     = time.Hour
	refreshLife    = 60 * 24 * time.Hour
	codeLife       = 30 * time.Second
	jwtLifeMax     = time.Minute
	pollWait       = 10 * time.Minute
	streamKept     = 14 * 24 * time.Hour
	logKept        = 365 * 24 * time.Hour
	jtiMin, jtiMax = 16, 128
	webhooksMax    = 1000
)

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}
