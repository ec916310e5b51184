package googleworkspacetest

import (
	"crypto/rsa"
	"net/http"
	"strings"
	"time"
)

// TokenURI is what an assertion must name as its audience, wherever the fake listens.
const TokenURI = "https://oauth2.googleapis.com/token"

// Config is what a fake is made of.
type Config struct {
	Tenant   *Tenant
	Accounts []ServiceAccount
	Limits   Limits
	Latency  time.Duration // every answer takes at least this long

	// Now is the clock of tokens, limits, logs and channels; default time.Now.
	Now func() time.Time
	// Client posts notifications; default: 10 s, no redirects.
	Client *http.Client
	// Record sees every request and answer.
	Record func(r *http.Request, status int, header http.Header, body []byte)
}

// ServiceAccount is one whose key the client holds. Scopes are those granted to it by domain-wide delegation; they may be
// changed with Server.Grant.
type ServiceAccount struct {
	Email, ClientID, KeyID string
	Key                    *rsa.PublicKey
	Scopes                 []string
}

// Limits are the vendor's. Zero means the vendor's number, a negative number no limit.
type Limits struct {
	Directory    int // calls a minute and subject: 2,400
	Reports      int // the same
	Filtered     int // filtered calls of Reports a minute and subject: 250
	DriveUnits   int // a minute: 1,000,000
	DriveUser    int // a minute and subject: 325,000
	FilesPerPage int // of a list with permissions: 460
}

func (l Limits) orVendor() Limits {
	for _, f := range []struct {
		to     *int
		vendor int
	}{{&l.Directory, 2400}, {&l.Reports, 2400}, {&l.Filtered, 250}, {&l.DriveUnits, 1_000_000}, {&l.DriveUser, 325_000}, {&l.FilesPerPage, 460}} {
		if *f.to == 0 {
			*f.to = f.vendor
		}
	}
	return l
}

const (
	tokenLife = 3599 * time.Second
	skew      = 5 * time.Minute
)

func lower(s string) string { return strings.ToLower(s) }
