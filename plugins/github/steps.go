package main

import (
	"slices"
	"strings"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// What to do at GitHub, for `mooring connect`.
var (
	appSteps = []string{
		"As an owner open https://github.com/organizations/${organization}/settings/apps/new (on a server of your own, the same path " +
			"there). Name and homepage: anything. Webhook: clear Active.",
		permissionStep,
		"Where can this GitHub App be installed: Only on this account. Press Create GitHub App, and note the App ID: app_id.",
		"On the same page press Generate a private key. The file it gives is private_key.",
		"Install App, choose ${organization}, and All repositories: those that are not selected stay unseen.",
	}
	tokenSteps = []string{
		"As an owner open https://github.com/settings/personal-access-tokens/new. Resource owner: ${organization}. Repository access: " +
			"All repositories.",
		permissionStep,
		"Press Generate token: token. It ends with its owner, and at its date.",
		"Or take a classic token, https://github.com/settings/tokens/new, with the scopes that do instead. Where SAML is enforced " +
			"press Configure SSO beside it. repo and admin:… can write, so the way above is better.",
	}
)

const permissionStep = "Choose these permissions, each with the Access behind its colon (read: Read-only, write: Read and write): ${scopes}. members, and what begins with organization_, stands under " +
	"Organization permissions, the rest under Repository permissions."

// appOnly are the listings that GitHub shows to Apps only.
var appOnly = []string{"pats", "pat_requests"}

// needs gives the permission that each listing needs. A listing names an App's permission first; a token's scopes do
// instead, for classic ones. What takes a permission to write is left out: nobody gets it unasked.
func needs(app bool) []*wire.ScopeNeed {
	var list []*wire.ScopeNeed
	for _, src := range sources() {
		p := src.spec.Permissions
		if len(p) == 0 || strings.HasSuffix(p[0], ":write") || !app && slices.Contains(appOnly, src.spec.Name) {
			continue
		}
		n := &wire.ScopeNeed{Capability: "list:" + src.spec.Name, Scope: p[0]}
		if !app {
			n.Alternatives = p[1:]
		}
		list = append(list, n)
	}
	return list
}
