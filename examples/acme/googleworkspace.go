package main

import (
	"context"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/examples/acme/googleworkspaceorg"
	"github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
)

// The file of Google Workspace's credentials.
const (
	googleKeyFile    = "googleworkspace-key.json"
	googleActingFile = "googleworkspace-acting.json"
)

// newGoogleWorkspace is a tenant of Google Workspace.
func newGoogleWorkspace(s *stage) (*app, error) {
	key, err := googleworkspaceorg.KeyFile(s.key)
	if err != nil {
		return nil, err
	}
	acting, err := googleworkspaceorg.ActingKeyFile(s.acting)
	if err != nil {
		return nil, err
	}
	cfg := googleworkspaceorg.Config(s.live, &s.key.PublicKey)
	cfg.Accounts = append(cfg.Accounts, googleworkspaceorg.Acting(&s.acting.PublicKey))
	cfg.Latency, cfg.Client, cfg.Limits = s.latency, localClient(), googleLimits(s.limit)
	server := googleworkspacetest.New(cfg)
	for _, f := range s.faults {
		server.Fault(f)
	}
	return &app{
		says:    "customer " + googleworkspaceorg.CustomerID + ", administrator " + googleworkspaceorg.Admin(s.live),
		handler: server,
		files:   []file{{googleKeyFile, key}, {googleActingFile, acting}},
		step: func(ctx context.Context, ch company.Change) {
			googleworkspaceorg.Step(ctx, server, s.live, ch)
		},
	}, nil
}

// googleLimits are of calls to the directory and to the logs; units of Drive stay the vendor's. All are by the minute.
func googleLimits(l limit) googleworkspacetest.Limits {
	switch {
	case l.off:
		return googleworkspacetest.Limits{Directory: -1, Reports: -1, Filtered: -1, DriveUnits: -1, DriveUser: -1}
	case l.calls == 0:
		return googleworkspacetest.Limits{}
	}
	calls := max(1, int(float64(l.calls)*float64(time.Minute)/float64(l.window)))
	return googleworkspacetest.Limits{Directory: calls, Reports: calls}
}
