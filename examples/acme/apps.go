package main

import (
	"context"
	"crypto/rsa"
	"net/http"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/examples/acme/githuborg"
	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

// app is a provider that acme plays.
type app struct {
	name    string // the provider's, as in a configuration
	says    string // of the company, beside the address
	handler http.Handler
	files   []file // the agent's credentials
	// step tells those who wait or have a webhook what has just changed.
	step func(ctx context.Context, ch company.Change)
}

// file is one of the credentials' folder.
type file struct {
	name    string
	content []byte
}

// stage is what every app is made of.
type stage struct {
	live *company.Live
	orgs []*githuborg.Part // GitHub's organisations, which live keeps lists for
	key  *rsa.PrivateKey   // the agent's, for all apps
	// acting is that of the credentials with which it may change something.
	acting *rsa.PrivateKey
	url    string // where the app listens
	now    time.Time
	hook   string // address that gets the events of GitHub's app; empty: none
	appOptions
}

// provider is a provider that acme can play.
type provider struct {
	name string
	// make starts nothing.
	make func(s *stage) (*app, error)
}

// providers is the table of them. The first listens where -listen says, the others on the ports after it.
func providers() []provider {
	return []provider{
		{"github", newGitHub},
		{"okta", newOkta},
		{"googleworkspace", newGoogleWorkspace},
		{"box", newBox},
	}
}

// appOptions are the flags of one app.
type appOptions struct {
	listen  string // off: not served
	latency time.Duration
	limit   limit
	faults  []fake.Fault
}

// limit is how many calls a credential has. The zero value is the vendor's.
type limit struct {
	off    bool
	calls  int
	window time.Duration
}
