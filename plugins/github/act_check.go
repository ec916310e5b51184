package main

import (
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// actNeed is what an action needs, to be done and to be taken back: all permissions of an App or a fine-grained token, or all
// scopes of a classic token of an owner. No scopes: only an App can.
type actNeed struct{ app, classic []string }

var (
	needMembers = actNeed{[]string{"members:write"}, []string{"admin:org"}}
	needAdmin   = actNeed{[]string{"administration:write"}, []string{"repo"}}
	needContent = actNeed{[]string{"contents:write"}, []string{"repo"}}
)

// actNeeds by action.
var actNeeds = map[string]actNeed{
	"remove_member": needMembers, "restore_member": needMembers, "change_role": needMembers, "remove_from_team": needMembers,
	"remove_outside_collaborator": {[]string{"members:write", "administration:write"}, []string{"admin:org", "repo"}},
	"make_private":                needAdmin, "archive": needAdmin, "remove_deploy_key": needAdmin,
	"quarantine": needContent, "overwrite": needContent,
	"block":                 {[]string{"organization_user_blocking:write"}, []string{"admin:org"}},
	"revoke_pat":            {[]string{"organization_personal_access_tokens:write"}, nil},
	"suspend_installation":  {nil, nil}, // of the App whose key signs the request
	"revoke_sso_credential": {[]string{"organization_administration:write"}, []string{"admin:org"}},
}

// actScopes are what the actions need, for a method.
func actScopes(app bool) []*wire.ScopeNeed {
	var list []*wire.ScopeNeed
	for i := range table {
		need := actNeeds[table[i].Name]
		if !app && need.classic == nil {
			continue
		}
		for n, p := range need.app {
			one := &wire.ScopeNeed{Capability: table[i].Capability, Scope: p}
			if !app {
				one.Alternatives = need.classic[n : n+1]
			}
			list = append(list, one)
		}
	}
	return list
}

// mayAct says of each action whether the credential may. It costs no request: GitHub told what the credential holds. owner is
// whether a person is an owner: invitations are shown to nobody else.
func (w *subject) mayAct(s *sdk.Session, owner sdk.CapabilityState) []sdk.Capability {
	app := usesApp(s)
	var list []sdk.Capability
	for i := range table {
		need := actNeeds[table[i].Name]
		c := sdk.Capability{Name: table[i].Capability, State: sdk.Held}
		wants := need.app
		if !app {
			wants = need.classic
		}
		for _, p := range wants {
			if !slices.Contains(w.holds, p) {
				c.State, c.Missing = sdk.Missing, append(c.Missing, p)
			}
		}
		switch {
		case !app && need.classic == nil:
			c.State, c.Missing, c.Reason = sdk.Missing, []string{"a GitHub App"}, "GitHub lets only Apps do this"
		case !app && !w.classic:
			c.State, c.Missing, c.Reason = sdk.Unknown, nil, "GitHub does not tell what a fine-grained token may do; it needs "+strings.Join(need.app, " and ")
		case c.State != sdk.Held || app || owner == sdk.Held:
		case owner != sdk.Missing:
			c.State, c.Reason = sdk.Unknown, "only an owner may, and GitHub did not tell whether this is one"
		default:
			c.State, c.Missing, c.Reason = sdk.Missing, []string{"an owner's token"}, "the scopes are there, but only an owner of the organisation may"
		}
		c.Fingerprint = fingerprint(c.Name, c.State.String())
		list = append(list, c)
	}
	return list
}
