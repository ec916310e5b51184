package githuborg

import (
	"crypto/rsa"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/github/githubtest"
)

// The agent's own app, as the vendor shows it.
const (
	AgentAppID   = 123_456
	agentSlug    = "acme-mooring"
	agentClient  = "Iv1.acme0mooring0000"
	agentInstall = 70_000 // and the organisation's id

	// The app with which the agent acts: another one, so that the one that reads can do nothing else.
	ActingAppID   = 123_457
	actingSlug    = "acme-mooring-acting"
	actingClient  = "Iv1.acme0mooring0001"
	actingInstall = 80_000 // and the organisation's id
)

// agentPermissions are what the agent's app may do: it reads.
func agentPermissions() map[string]string {
	return map[string]string{
		"metadata": "read", "members": "read", "administration": "read", "contents": "read",
		"organization_administration": "read", "organization_custom_org_roles": "read", "organization_hooks": "read",
		"organization_personal_access_tokens": "read", "organization_personal_access_token_requests": "read",
		"organization_user_blocking": "read", "organization_events": "read", "secret_scanning_alerts": "read",
	}
}

// agentEvents are what the agent's app wants to hear of.
func agentEvents() []string { return []string{"organization", "membership", "repository", "push"} }

// agentInstallation is the agent's app on an organisation.
func (p *Part) agentInstallation() githubtest.Installation {
	made := company.AsOf().AddDate(0, -1, 0)
	return githubtest.Installation{
		ID: agentInstall + p.ID, AppID: AgentAppID, AppSlug: agentSlug, ClientID: agentClient, Account: p.Login,
		Permissions: agentPermissions(), Events: agentEvents(), CreatedAt: made, UpdatedAt: made,
	}
}

// actingPermissions are what the app that acts may do beside.
func actingPermissions() map[string]string {
	all := agentPermissions()
	for _, p := range []string{
		"members", "administration", "contents", "organization_administration", "organization_personal_access_tokens",
		"organization_user_blocking",
	} {
		all[p] = "write"
	}
	return all
}

func (p *Part) actingInstallation() githubtest.Installation {
	made := company.AsOf().AddDate(0, -1, 0)
	return githubtest.Installation{
		ID: actingInstall + p.ID, AppID: ActingAppID, AppSlug: actingSlug, ClientID: actingClient, Account: p.Login,
		Permissions: actingPermissions(), CreatedAt: made, UpdatedAt: made,
	}
}

// ActingApp is the app that an agent acts as.
func ActingApp(key *rsa.PublicKey, parts ...*Part) githubtest.App {
	a := githubtest.App{
		ID: ActingAppID, ClientID: actingClient, Slug: actingSlug, Name: "Acme Mooring, acting", Key: key, Permissions: actingPermissions(),
	}
	for _, p := range parts {
		a.Installations = append(a.Installations, p.actingInstallation())
	}
	return a
}

// AgentApp is the app that an agent signs in as, installed on every part. webhook may be empty.
func AgentApp(key *rsa.PublicKey, webhook, secret string, parts ...*Part) githubtest.App {
	a := githubtest.App{
		ID: AgentAppID, ClientID: agentClient, Slug: agentSlug, Name: "Acme Mooring", Key: key,
		Permissions: agentPermissions(), Events: agentEvents(),
		Hook: githubtest.Hook{ID: 1, URL: webhook, Secret: secret, Events: agentEvents()},
	}
	for _, p := range parts {
		a.Installations = append(a.Installations, p.agentInstallation())
	}
	return a
}

// tokenLife is how long an agent's token is good for.
const tokenLife = 90 * 24 * time.Hour

// AgentToken is a fine-grained token of an owner of one part, which may read what the app may.
func AgentToken(value string, p *Part, now time.Time) githubtest.Token {
	permissions := agentPermissions()
	delete(permissions, "organization_personal_access_tokens") // apps only
	delete(permissions, "organization_personal_access_token_requests")
	return githubtest.Token{
		Value: value, Kind: githubtest.FineGrained, Org: p.Login, Permissions: permissions, Expires: now.Add(tokenLife),
		User:  githubtest.User{ID: 12, Login: "acme-agent-owner", Name: "Acme agent"},
		Roles: map[string]string{p.Login: "admin"},
	}
}
