package main

import (
	"context"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/examples/acme/oktaorg"
	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
)

// The files of Okta's credentials.
const (
	oktaKeyFile    = "okta-app.pem"
	oktaActingFile = "okta-acting.pem"
	oktaTokenFile  = "okta-api.token"
)

// newOkta is an organisation of Okta.
func newOkta(s *stage) (*app, error) {
	key, err := pkcs8(s.key)
	if err != nil {
		return nil, err
	}
	acting, err := pkcs8(s.acting)
	if err != nil {
		return nil, err
	}
	token := "00" + random()[:40]
	cfg := oktaorg.Config(s.live, &s.key.PublicKey, token)
	cfg.Apps = append(cfg.Apps, oktaorg.Acting(&s.acting.PublicKey))
	cfg.Latency, cfg.Client, cfg.Limits = s.latency, localClient(), oktaLimits(s.limit)
	server := oktatest.New(cfg)
	for _, f := range s.faults {
		server.Fault(f)
	}
	return &app{
		says:    "organisation " + oktaorg.OrgID,
		handler: server,
		files:   []file{{oktaKeyFile, key}, {oktaActingFile, acting}, line(oktaTokenFile, token)},
		step: func(ctx context.Context, ch company.Change) {
			oktaorg.Step(ctx, server, s.live, ch)
		},
	}, nil
}

// oktaLimits gives each bucket twice the calls: one app may use half of it.
func oktaLimits(l limit) oktatest.Limits {
	limits := oktatest.Limits{Off: l.off, Window: l.window}
	if l.calls == 0 {
		return limits
	}
	limits.Per = map[string]int{}
	for _, bucket := range []string{"users", "user write", "user", "groups", "group", "apps", "app", "logs", "token", "other"} {
		limits.Per[bucket] = 2 * l.calls
	}
	return limits
}
