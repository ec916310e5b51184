package main

import (
	"testing"

	"github.com/mooring-hq/mooring/plugins/github/githubtest"
	"github.com/mooring-hq/mooring/sdk/sdktest"
)

const kitToken = "ghp_conformance_0123456789abcdef"

// endless is a provider without limits, whose owner the kit is.
func endless(c *githubtest.Config) {
	c.Limits = githubtest.Limits{Core: -1, AuditLog: -1, Concurrent: -1, Points: -1}
	c.Tokens = append(c.Tokens, githubtest.Token{
		Value: kitToken, User: someone(0), SSO: []string{orgName},
		Scopes: []string{"admin:org", "admin:org_hook", "read:audit_log", "repo", "scim:enterprise"},
	})
}

// richest is an organisation where every listing has something to list.
func richest() *githubtest.Org {
	o := newOrg()
	o.SAML = true
	return o
}

func TestConformanceAsOwner(t *testing.T) {
	w := start(t, richest(), endless)
	sdktest.Run(t, sdktest.Options{
		Connector: connector{}, ProviderAt: w.http.URL, Settings: map[string]string{"organization": orgName},
		Secrets: map[string]string{"token": kitToken},
		Skip: map[string]string{
			"pats":         "GitHub shows them to Apps only; TestConformanceAsApp has them",
			"pat_requests": "GitHub shows them to Apps only; TestConformanceAsApp has them",
		},
	})
}

func TestConformanceAsApp(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes under the race detector; `make test` runs it")
	}
	w := start(t, richest(), endless)
	sdktest.Run(t, sdktest.Options{
		Connector: connector{}, ProviderAt: w.http.URL, Settings: map[string]string{"organization": orgName},
		Secrets: map[string]string{"app_id": "99", "private_key": w.pem()},
	})
}
