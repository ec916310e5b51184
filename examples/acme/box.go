package main

import (
	"context"

	"github.com/mooring-hq/mooring/examples/acme/boxorg"
	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/box/boxtest"
)

// The files of Box's credentials.
const (
	boxSecretFile    = "box-client.secret"
	boxActingFile    = "box-acting.secret"
	boxPrimaryFile   = "box-webhook-primary.secret"
	boxSecondaryFile = "box-webhook-secondary.secret"
)

// newBox is an enterprise of Box.
func newBox(s *stage) (*app, error) {
	c := boxorg.Credentials{Secret: random(), Key: &s.key.PublicKey, Primary: random(), Secondary: random()}
	acting := random()
	cfg := boxorg.Config(s.live, c)
	cfg.Apps = append(cfg.Apps, boxorg.Acting(acting))
	cfg.Latency, cfg.Client = s.latency, localClient()
	cfg.Limits = boxtest.Limits{Calls: s.limit.calls, Window: s.limit.window}
	if s.limit.off {
		cfg.Limits.Calls = -1
	}
	server := boxtest.New(cfg)
	for _, f := range s.faults {
		server.Fault(f)
	}
	return &app{
		says:    "enterprise " + boxorg.EnterpriseID,
		handler: server,
		files: []file{
			line(boxSecretFile, c.Secret), line(boxActingFile, acting), line(boxPrimaryFile, c.Primary), line(boxSecondaryFile, c.Secondary),
		},
		step: func(ctx context.Context, ch company.Change) {
			_ = boxorg.Step(ctx, s.live, server, ch) // what a receiver does is shown by its own logs
		},
	}, nil
}
