package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/examples/acme/githuborg"
	"github.com/mooring-hq/mooring/plugins/github/githubtest"
	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

// The files of GitHub's credentials.
const (
	keyFile       = "github-app.pem"
	actingKeyFile = "github-acting.pem"
	tokenFile     = "github-sales.token"
	secretFile    = "github-webhook.secret"
)

// newGitHub is two organisations of GitHub.
func newGitHub(s *stage) (*app, error) {
	parts := s.orgs
	token, secret := "github_pat_"+random(), random()
	cfg := githubtest.Config{
		Limits: githubLimits(s.limit), Latency: s.latency, Client: localClient(),
		Tokens: []githubtest.Token{githuborg.AgentToken(token, parts[1], s.now)},
		Apps: []githubtest.App{
			githuborg.AgentApp(&s.key.PublicKey, s.hook, secret, parts...), githuborg.ActingApp(&s.acting.PublicKey, parts...),
		},
	}
	for _, p := range parts {
		cfg.Orgs = append(cfg.Orgs, githuborg.Org(s.live, p))
	}
	server := githubtest.New(cfg)
	for _, f := range s.faults {
		server.Fault(githubFault(f))
	}
	return &app{
		says:    fmt.Sprintf("organisations %s, %s", parts[0].Login, parts[1].Login),
		handler: server,
		files:   []file{{keyFile, pkcs1(s.key)}, {actingKeyFile, pkcs1(s.acting)}, line(tokenFile, token), line(secretFile, secret)},
		step: func(ctx context.Context, ch company.Change) {
			for _, p := range parts {
				deliver(ctx, server, githuborg.Deliveries(s.live, p, ch))
			}
		},
	}, nil
}

// deliver tells the webhooks. What a receiver does about it is shown by the fake's list of deliveries.
func deliver(ctx context.Context, server *githubtest.Server, list []githuborg.Delivery) {
	for _, d := range list {
		if payload, err := json.Marshal(d.Payload); err == nil {
			_, _ = server.Deliver(ctx, d.Org, d.Event, payload)
		}
	}
}

func githubLimits(l limit) githubtest.Limits {
	if l.off {
		return githubtest.Limits{Core: -1, AuditLog: -1, Points: -1, Concurrent: -1}
	}
	return githubtest.Limits{Core: l.calls, Window: l.window}
}

// githubFault is a fault in the words of GitHub's fake, which knows two throttles.
func githubFault(f fake.Fault) githubtest.Fault {
	do := githubtest.FaultKind(f.Do)
	if f.Do == fake.FaultThrottle {
		do = githubtest.FaultSecondary
	}
	return githubtest.Fault{
		Method: f.Method, Match: f.Match, After: f.After, Times: f.Times, Do: do, Status: f.Status, Body: f.Body, Delay: f.Delay,
	}
}
