package main

import (
	"context"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// source is one listing: what is said about it, how it is read, and how Check finds out whether it may be read.
type source struct {
	spec sdk.Listing
	scan func(context.Context, *scan) error
	// probe: {user}, {group}, {app} and {OpenID_Connect_app} are filled in.
	probe string
	// role is the smallest of Okta's own that may read it; "": Read-only Administrator.
	role string
}

func kinds(k ...sdk.Kind) []sdk.Kind { return k }

func sources() []source {
	var list []source
	for _, group := range [][]source{people, programs, logs} {
		list = append(list, group...)
	}
	return list
}

func sourceOf(listing string) *source {
	for _, s := range sources() {
		if s.spec.Name == listing {
			return &s
		}
	}
	return nil
}

var people = []source{
	{
		spec: sdk.Listing{
			Name: "users", Doc: "accounts of every status, the deactivated ones too", Defines: kinds(sdk.KindAccount), Type: sdk.Delta,
			Permissions: []string{"okta.users.read"},
			Fields: []string{"account.name", "account.email", "account.display_name", "account.status", "account.type", "account.created_at",
				"account.last_active_at", "account.org_unit", "account.manager", "account.external_id"},
		},
		scan: users, probe: "/api/v1/users?limit=1",
	},
	{
		spec: sdk.Listing{
			Name: "groups", Doc: "groups", Defines: kinds(sdk.KindGroup), Type: sdk.Delta, Permissions: []string{"okta.groups.read"},
			Fields: []string{"group.name", "group.type"},
		},
		scan: groups, probe: "/api/v1/groups?limit=1",
	},
	{
		spec: sdk.Listing{
			Name: "memberships", Doc: "members of each group whose members changed; those of empty groups cost no call",
			Parent: "groups", Defines: kinds(sdk.KindMembership), Exclusive: true, Permissions: []string{"okta.groups.read"},
			Fields: []string{"membership.container", "membership.member", "membership.state"},
		},
		scan: memberships, probe: "/api/v1/groups/{group}/users?limit=1",
	},
	{
		spec: sdk.Listing{
			Name: "group_rules", Doc: "rules that put users into groups, as records of type group_rule",
			Defines: kinds(sdk.KindOther), Permissions: []string{"okta.groups.read"}, Fields: []string{"other.type", "other.name"},
		},
		scan: groupRules, probe: "/api/v1/groups/rules?limit=1",
	},
	{
		spec: sdk.Listing{
			Name: "roles", Doc: "roles of administrators, the organisation's own too", Defines: kinds(sdk.KindRole), Exclusive: true,
			Permissions: []string{"okta.roles.read"}, Fields: []string{"role.name", "role.privileged"}, Every: 6 * time.Hour,
		},
		scan: roles, probe: "/api/v1/iam/roles", role: superAdmin,
	},
	{
		spec: sdk.Listing{
			Name: "admin_roles", Doc: "users who administer, with their roles; 1 call each, and only when the log tells of a change",
			Defines: kinds(sdk.KindMembership), Type: sdk.Delta, Exclusive: true, Permissions: []string{"okta.roles.read"}, Fields: roleFields,
		},
		scan: adminRoles, probe: "/api/v1/iam/assignees/users?limit=1", role: superAdmin,
	},
	{
		spec: sdk.Listing{
			Name: "group_roles", Doc: "roles of groups that have one", Parent: "groups", Defines: kinds(sdk.KindMembership), Exclusive: true,
			Permissions: []string{"okta.roles.read"}, Fields: roleFields, Every: 6 * time.Hour,
		},
		scan: groupRoles, probe: "/api/v1/groups/{group}/roles", role: superAdmin,
	},
	{
		spec: sdk.Listing{
			Name: "factors", Doc: "who has a second factor; 1 call a user, so it is off unless switched on",
			Enriches: kinds(sdk.KindAccount), Type: sdk.Delta, Permissions: []string{"okta.users.read"}, OffByDefault: true,
			Fields: []string{"account.mfa"},
		},
		scan: factors, probe: "/api/v1/users/{user}/factors",
	},
}

const superAdmin = "Super Administrator"

var roleFields = []string{
	"membership.container", "membership.member", "membership.scope", "membership.state",
}

var assignmentFields = []string{"membership.container", "membership.member", "membership.state"}

var programs = []source{
	{
		spec: sdk.Listing{
			Name: "apps", Doc: "applications; from a bookmark only those that the log names", Defines: kinds(sdk.KindApp), Type: sdk.Delta,
			Permissions: []string{"okta.apps.read"}, Fields: []string{"app.name", "app.type"},
		},
		scan: apps, probe: "/api/v1/apps?limit=50",
	},
	{
		spec: sdk.Listing{
			Name: "app_users", Doc: "who may use each app, and the name they have there", Parent: "apps", Defines: kinds(sdk.KindMembership),
			Exclusive: true, Permissions: []string{"okta.apps.read"}, Fields: assignmentFields,
		},
		scan: appUsers, probe: "/api/v1/apps/{app}/users?limit=1",
	},
	{
		spec: sdk.Listing{
			Name: "app_groups", Doc: "groups whose members may use each app", Parent: "apps", Defines: kinds(sdk.KindMembership),
			Exclusive: true, Permissions: []string{"okta.apps.read"}, Fields: assignmentFields,
		},
		scan: appGroups, probe: "/api/v1/apps/{app}/groups?limit=20",
	},
	{
		spec: sdk.Listing{
			Name: "app_grants", Doc: "scopes of Okta's own API that each OpenID Connect app was granted", Parent: "apps",
			Defines: kinds(sdk.KindGrant), Enriches: kinds(sdk.KindApp), Exclusive: true, Permissions: []string{"okta.appGrants.read"},
			Fields: append([]string{"app.scopes", "app.permission_level", "grant.created_by"}, grantFields...),
		},
		scan: appGrants, probe: "/api/v1/apps/{OpenID_Connect_app}/grants", role: superAdmin,
	},
	{
		spec: sdk.Listing{
			Name: "app_tokens", Doc: "refresh tokens of each OpenID Connect app; 1 call an app", Parent: "apps", Every: 24 * time.Hour,
			Defines: kinds(sdk.KindGrant), Exclusive: true, Permissions: []string{"okta.apps.read"},
			Fields: append([]string{"grant.expires_at"}, grantFields...),
		},
		scan: appTokens, probe: "/api/v1/apps/{OpenID_Connect_app}/tokens?limit=1",
	},
	{
		spec: sdk.Listing{
			Name: "api_tokens", Doc: "API tokens (SSWS), without their values", Defines: kinds(sdk.KindGrant), Exclusive: true,
			Permissions: []string{"okta.apiTokens.read"},
			Fields:      []string{"grant.name", "grant.account", "grant.type", "grant.state", "grant.created_at"},
		},
		scan: apiTokens, probe: "/api/v1/api-tokens", role: superAdmin,
	},
	{
		spec: sdk.Listing{
			Name: "user_consents", Doc: "scopes that each user let an app have; 1 call a user, so it is off unless switched on",
			Defines: kinds(sdk.KindGrant), Permissions: []string{"okta.users.read"}, OffByDefault: true, Every: 24 * time.Hour,
			Fields: append([]string{"grant.created_by"}, grantFields...),
		},
		scan: userConsents, probe: "/api/v1/users/{user}/grants?limit=1",
	},
}

var grantFields = []string{
	"grant.name", "grant.app", "grant.account", "grant.type", "grant.state", "grant.scopes", "grant.created_at",
}

var logs = []source{
	{
		spec: sdk.Listing{
			Name: "system_log", Doc: "the System Log: from now on as it appears, and what Okta keeps of the past, 90 days",
			Type: sdk.Feed, Defines: kinds(sdk.KindActivity), Lookback: retention, Permissions: []string{"okta.logs.read"},
			Fields: []string{
				"activity.time", "activity.type", "activity.action", "activity.actor", "activity.targets", "activity.ip", "activity.user_agent",
				"activity.location", "activity.outcome", "activity.admin", "activity.impersonated", "activity.app", "activity.session_id",
			},
		},
		scan: systemLog, probe: "/api/v1/logs?limit=1",
	},
}
