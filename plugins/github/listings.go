package main

import (
	"context"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// source is one listing: what is said about it, how it is read, how Check finds out whether it may be read, and what
// "not found" means.
type source struct {
	spec  sdk.Listing
	scan  func(context.Context, *scan) error
	probe string // {org}, {team}, {role}, {repo}, {branch} and {hook} are filled in
	// absent is what a 404 is, with because as its explanation; "": an error of type not_found.
	absent  sdk.ErrorType
	because string
	try     func(context.Context, *sdk.Session) error // in place of probe
}

const (
	day       = 24 * time.Hour
	retention = 180 * day // of the audit log
)

const hidden = "the credential may not see this, or the organisation does not exist"

func kinds(k ...sdk.Kind) []sdk.Kind { return k }

func sourceOf(listing string) *source {
	for _, group := range [][]source{people, places, permits, logs} {
		for i := range group {
			if group[i].spec.Name == listing {
				return &group[i]
			}
		}
	}
	return nil
}

func sources() []source {
	var list []source
	for _, group := range [][]source{people, places, permits, logs} {
		list = append(list, group...)
	}
	return list
}

var people = []source{
	{
		spec: sdk.Listing{
			Name: "members", Doc: "members of the organisation, with who is an owner and who has no second factor (owners only)",
			Defines: kinds(sdk.KindAccount, sdk.KindRole, sdk.KindMembership), Type: sdk.Delta,
			Permissions: []string{"members:read", "read:org"},
			Fields: []string{"account.name", "account.display_name", "account.email", "account.status", "account.type", "account.admin", "account.mfa",
				"role.name", "role.privileged", "membership.container", "membership.member", "membership.role", "membership.state"},
		},
		scan: members, probe: "/orgs/{org}/members?per_page=1",
	},
	{
		spec: sdk.Listing{
			Name: "outside_collaborators", Doc: "people who reach repositories without being members",
			Defines: kinds(sdk.KindAccount), Type: sdk.Delta, Permissions: []string{"members:read", "read:org"},
			Fields: []string{"account.name", "account.display_name", "account.email", "account.status", "account.type", "account.mfa"},
		},
		scan: outside, probe: "/orgs/{org}/outside_collaborators?per_page=1",
	},
	{
		spec: sdk.Listing{
			Name: "invitations", Doc: "invitations that wait or failed, as accounts with ids of their own",
			Defines: kinds(sdk.KindAccount), Type: sdk.Delta, Permissions: []string{"members:read", "admin:org"}, Exclusive: true,
			Fields: []string{"account.name", "account.email", "account.status", "account.type", "account.created_at"},
		},
		scan: invitations, probe: "/orgs/{org}/invitations?per_page=1", absent: sdk.ErrPermission, because: hidden,
	},
	{
		spec: sdk.Listing{
			Name: "blocked_users", Doc: "accounts that the organisation blocked, as records of type blocked_user",
			Defines: kinds(sdk.KindOther), Type: sdk.Delta, Exclusive: true,
			Permissions: []string{"organization_user_blocking:read", "admin:org"}, Fields: []string{"other.type", "other.name"},
		},
		scan: blocked, probe: "/orgs/{org}/blocks?per_page=1", absent: sdk.ErrPermission, because: hidden,
	},
	{
		spec: sdk.Listing{
			Name: "scim", Doc: "who members are in the company's directory; needs SAML single sign-on with SCIM (Enterprise)",
			Enriches: kinds(sdk.KindAccount), Permissions: []string{"members:write", "admin:org", "scim:enterprise"},
			Fields: []string{"account.email", "account.display_name", "account.external_id", "account.saml_name_id", "account.status"},
		},
		scan: scim, probe: "/scim/v2/organizations/{org}/Users?count=1", absent: sdk.ErrNotInPlan,
		because: "SCIM needs GitHub Enterprise Cloud with SAML single sign-on",
	},
	{
		spec: sdk.Listing{
			Name: "saml_identities", Doc: "the name that the company's single sign-on knows each member by; needs SAML single sign-on (Enterprise)",
			Enriches: kinds(sdk.KindAccount), Permissions: []string{"members:read", "read:org"}, Fields: []string{"account.saml_name_id"},
		},
		scan: samlIdentities, try: mayAskIdentities,
	},
	{
		spec: sdk.Listing{
			Name: "teams", Doc: "teams", Defines: kinds(sdk.KindGroup), Type: sdk.Delta,
			Permissions: []string{"members:read", "read:org"}, Fields: []string{"group.name", "group.type", "group.parent"},
		},
		scan: teams, probe: "/orgs/{org}/teams?per_page=1",
	},
	{
		spec: sdk.Listing{
			Name: "team_members", Doc: "members of each team, with those of child teams", Parent: "teams",
			Defines: kinds(sdk.KindMembership), Type: sdk.Delta, Exclusive: true, Permissions: []string{"members:read", "read:org"},
			Fields: []string{"membership.container", "membership.member", "membership.role", "membership.state"},
		},
		scan: teamMembers, probe: "/orgs/{org}/teams/{team}/members?per_page=1",
	},
	{
		spec: sdk.Listing{
			Name: "roles", Doc: "roles of the organisation beside owner", Defines: kinds(sdk.KindRole), Type: sdk.Delta,
			Permissions: []string{"organization_custom_org_roles:read", "admin:org"},
			Fields:      []string{"role.name", "role.privileged", "role.permissions"},
		},
		scan: roles, probe: "/orgs/{org}/organization-roles", absent: sdk.ErrPermission, because: hidden,
	},
	{
		spec: sdk.Listing{
			Name: "role_members", Doc: "users and teams that have a role", Parent: "roles",
			Defines: kinds(sdk.KindMembership), Type: sdk.Delta, Exclusive: true,
			Permissions: []string{"organization_custom_org_roles:read", "admin:org"},
			Fields:      []string{"membership.container", "membership.member", "membership.via", "membership.state"},
		},
		scan: roleMembers, probe: "/orgs/{org}/organization-roles/{role}/users?per_page=1",
	},
}

var places = []source{
	{
		spec: sdk.Listing{
			Name: "repositories", Doc: "repositories", Defines: kinds(sdk.KindFile), Type: sdk.Delta,
			Permissions: []string{"metadata:read", "repo"},
			Fields: []string{"file.name", "file.path", "file.type", "file.url", "file.owner", "file.size_bytes", "file.created_at",
				"file.modified_at", "file.access_level"},
		},
		scan: repositories, probe: "/orgs/{org}/repos?per_page=1&sort=created&direction=asc",
	},
	{
		spec: sdk.Listing{
			Name: "repository_access", Parent: "repositories", Type: sdk.Delta, Every: day, Resume: sdk.ResumeWalk,
			Doc: "who reaches each repository: collaborators, teams, everyone; 2 calls a repository. " +
				"Owners reach all and are not repeated",
			Enriches: kinds(sdk.KindFile), Exclusive: true, Permissions: []string{"administration:read", "repo"},
			Fields: []string{"file.access"},
		},
		scan: repositoryAccess, probe: "/repos/{repo}/teams?per_page=1",
	},
	{
		spec: sdk.Listing{
			Name: "deploy_keys", Doc: "SSH keys of each repository; 1 call a repository", Parent: "repositories",
			Defines: kinds(sdk.KindGrant), Type: sdk.Delta, Every: day, Exclusive: true,
			Permissions: []string{"administration:read", "repo"},
			Fields: []string{"grant.name", "grant.type", "grant.state", "grant.resource", "grant.scopes", "grant.created_by",
				"grant.created_at", "grant.last_used_at"},
		},
		scan: deployKeys, probe: "/repos/{repo}/keys?per_page=1",
	},
	{
		spec: sdk.Listing{
			Name: "files", Doc: "files of each repository's default branch; 1 call a repository that was pushed to",
			Parent: "repositories", Defines: kinds(sdk.KindFile), Type: sdk.Delta, Exclusive: true,
			Permissions: []string{"contents:read", "repo"},
			Fields: []string{"file.name", "file.path", "file.type", "file.size_bytes", "file.content_hash", "file.parent",
				"file.access_level"},
		},
		scan: files, probe: "/repos/{repo}/git/trees/{branch}",
	},
	{
		spec: sdk.Listing{
			Name: "settings", Doc: "the organisation, and its security settings (most for owners only)",
			Defines: kinds(sdk.KindGroup, sdk.KindSetting), Type: sdk.Delta,
			Permissions: []string{"organization_administration:read", "read:org"},
			Fields:      []string{"group.name", "group.type", "group.email", "setting.name", "setting.value"},
		},
		scan: settings, probe: "/orgs/{org}",
	},
	{
		spec: sdk.Listing{
			Name: "secret_alerts", Doc: "secrets that GitHub found in code, as records of type secret_alert, without the secret",
			Defines: kinds(sdk.KindOther), Type: sdk.Delta, Permissions: []string{"secret_scanning_alerts:read", "security_events"},
			Fields: []string{"other.type", "other.name"},
		},
		scan: secretAlerts, probe: "/orgs/{org}/secret-scanning/alerts?per_page=1&hide_secret=true",
		absent: sdk.ErrNotInPlan, because: "secret scanning is switched off, or not in the plan",
	},
}

var permits = []source{
	{
		spec: sdk.Listing{
			Name: "installations", Doc: "GitHub Apps on the organisation", Defines: kinds(sdk.KindApp, sdk.KindGrant), Type: sdk.Delta,
			Permissions: []string{"organization_administration:read", "admin:org"},
			Fields: []string{"app.name", "app.type", "app.permission_level", "app.scopes", "grant.name", "grant.app", "grant.type",
				"grant.state", "grant.scopes", "grant.created_at"},
		},
		scan: installations, probe: "/orgs/{org}/installations?per_page=1", absent: sdk.ErrPermission, because: hidden,
	},
	{
		spec: sdk.Listing{
			Name: "credential_authorizations", Doc: "tokens and keys that members authorised for single sign-on (Enterprise with SAML)",
			Defines: kinds(sdk.KindGrant), Type: sdk.Delta, Permissions: []string{"organization_administration:read", "read:org"},
			Fields: []string{"grant.name", "grant.account", "grant.type", "grant.state", "grant.scopes", "grant.created_at",
				"grant.last_used_at", "grant.expires_at"},
		},
		scan: credentials, probe: "/orgs/{org}/credential-authorizations?per_page=1", absent: sdk.ErrNotInPlan,
		because: "credential authorisations need GitHub Enterprise Cloud with SAML single sign-on",
	},
	{
		spec: sdk.Listing{
			Name: "pats", Doc: "fine-grained personal access tokens with access; shown to GitHub Apps only",
			Defines: kinds(sdk.KindGrant), Type: sdk.Delta, Permissions: []string{"organization_personal_access_tokens:read"},
			Fields: []string{"grant.name", "grant.account", "grant.type", "grant.state", "grant.scopes", "grant.created_at",
				"grant.last_used_at", "grant.expires_at"},
		},
		scan: pats, probe: "/orgs/{org}/personal-access-tokens?per_page=1", absent: sdk.ErrPermission, because: hidden,
	},
	{
		spec: sdk.Listing{
			Name: "pat_requests", Doc: "fine-grained personal access tokens that wait for approval; shown to GitHub Apps only",
			Defines: kinds(sdk.KindGrant), Type: sdk.Delta, Permissions: []string{"organization_personal_access_token_requests:read"},
			Fields: []string{"grant.name", "grant.account", "grant.type", "grant.state", "grant.scopes", "grant.created_at",
				"grant.last_used_at", "grant.expires_at"},
		},
		scan: patRequests, probe: "/orgs/{org}/personal-access-token-requests?per_page=1", absent: sdk.ErrPermission, because: hidden,
	},
	{
		spec: sdk.Listing{
			Name: "hooks", Doc: "webhooks of the organisation: where its data goes", Defines: kinds(sdk.KindGrant), Type: sdk.Delta,
			Permissions: []string{"organization_hooks:read", "admin:org_hook"},
			Fields:      []string{"grant.name", "grant.type", "grant.state", "grant.scopes", "grant.created_at"},
		},
		scan: hooks, probe: "/orgs/{org}/hooks?per_page=1", absent: sdk.ErrPermission, because: hidden,
	},
}

var activityFields = []string{
	"activity.time", "activity.type", "activity.action", "activity.actor", "activity.targets", "activity.outcome",
}

var logs = []source{
	{
		spec: sdk.Listing{
			Name: "audit_log", Type: sdk.Feed, Defines: kinds(sdk.KindActivity),
			Doc: "the audit log (Enterprise Cloud, owners). On other plans the listings events and deliveries stand in",
			// The log is searched by whole seconds and fills late by an unknown time.
			MaxWindow: 7 * day, Lookback: retention, Overlap: 10 * time.Minute, LateBy: 10 * time.Minute,
			Permissions: []string{"organization_administration:read", "read:audit_log"},
			Fields: append([]string{"activity.ip", "activity.user_agent", "activity.location", "activity.admin", "activity.app"},
				activityFields...),
		},
		scan: auditLog, probe: "/orgs/{org}/audit-log?per_page=1", absent: sdk.ErrNotInPlan,
		because: "the audit log's API needs GitHub Enterprise Cloud; the listings events and deliveries stand in",
	},
	{
		spec: sdk.Listing{
			Name: "events", Doc: "public events of the organisation's repositories: the last 300, up to hours late",
			Type: sdk.Feed, Defines: kinds(sdk.KindActivity), Every: 5 * time.Minute, Permissions: []string{"metadata:read", "repo"},
			Fields: activityFields,
		},
		scan: events, probe: "/orgs/{org}/events?per_page=1",
	},
	{
		spec: sdk.Listing{
			Name: "deliveries", Doc: "what the organisation's webhooks failed to deliver in the last 3 days, and a hint at each change",
			Parent: "hooks", Type: sdk.Feed, Defines: kinds(sdk.KindActivity), Every: 5 * time.Minute,
			Permissions: []string{"organization_hooks:read", "admin:org_hook"}, Fields: activityFields,
		},
		scan: deliveries, probe: "/orgs/{org}/hooks/{hook}/deliveries?per_page=1",
	},
}
