package main

import (
	"context"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// source is one listing: what is said about it, how it is read, and how Check finds out whether it may be read.
type source struct {
	spec  sdk.Listing
	scan  func(context.Context, *scan) error
	probe func(ctx context.Context, c *client) error // nil: held when the scopes are
}

func kinds(k ...sdk.Kind) []sdk.Kind { return k }

func sourceOf(listing string) *source {
	all := sources()
	if i := slices.IndexFunc(all, func(s source) bool { return s.spec.Name == listing }); i >= 0 {
		return &all[i]
	}
	return nil
}

func sources() []source { return slices.Concat(people(), places(), permits(), logs()) }

func people() []source {
	return []source{
		{
			spec: sdk.Listing{
				Name: "users", Doc: "everybody's account, with those deleted in the last 20 days", Defines: kinds(sdk.KindAccount), Type: sdk.Delta,
				Permissions: urls(scopeUsers),
				Fields: []string{"account.name", "account.email", "account.display_name", "account.status", "account.type", "account.admin",
					"account.mfa", "account.created_at", "account.last_active_at", "account.org_unit"},
			},
			scan: users, probe: directoryList(scopeUsers, "/admin/directory/v1/users", "customer", myCustomer, "maxResults", "1", "fields", "users(id)"),
		},
		{
			spec: sdk.Listing{
				Name: "org_units", Doc: "organisational units", Defines: kinds(sdk.KindGroup), Permissions: urls(scopeOrgUnits),
				Fields: []string{"group.name", "group.type", "group.parent"},
			},
			scan: orgUnits, probe: directoryList(scopeOrgUnits, "/admin/directory/v1/customer/my_customer/orgunits", "type", "children", "fields", "organizationUnits(orgUnitId)"),
		},
		{
			spec: sdk.Listing{
				Name: "groups", Doc: "groups", Defines: kinds(sdk.KindGroup), Type: sdk.Delta, Permissions: urls(scopeGroups),
				Fields: []string{"group.name", "group.email", "group.type"},
			},
			scan: groups, probe: directoryList(scopeGroups, "/admin/directory/v1/groups", "customer", myCustomer, "maxResults", "1", "fields", "groups(id)"),
		},
		{
			spec: sdk.Listing{
				Name: "group_members", Doc: "direct members of each group: people, groups, everybody", Parent: "groups",
				Defines: kinds(sdk.KindMembership), Exclusive: true, Permissions: urls(scopeGroups),
				Fields: []string{"membership.container", "membership.member", "membership.role", "membership.state"},
			},
			scan: groupMembers,
		},
		{
			spec: sdk.Listing{
				Name: "roles", Doc: "administrator roles, and who has them", Defines: kinds(sdk.KindRole, sdk.KindMembership), Permissions: urls(scopeRoles),
				Fields: []string{"role.name", "role.privileged", "role.permissions", "membership.container", "membership.member",
					"membership.scope", "membership.condition", "membership.state", "membership.expires_at"},
			},
			scan: roles, probe: directoryList(scopeRoles, "/admin/directory/v1/customer/my_customer/roles", "maxResults", "1", "fields", "items(roleId)"),
		},
		{
			spec: sdk.Listing{
				Name: "domains", Doc: "domains of the organisation, and whether they are verified", Defines: kinds(sdk.KindSetting),
				Permissions: urls(scopeDomains), Fields: []string{"setting.name", "setting.value"}, Every: 24 * time.Hour,
			},
			scan: domains,
		},
	}
}

var fileFieldNames = []string{"file.name", "file.type", "file.mime", "file.size_bytes", "file.owner", "file.created_at", "file.modified_at",
	"file.modified_by", "file.content_hash", "file.version", "file.parent", "file.url", "file.trashed", "file.access_level", "file.access"}

func places() []source {
	return []source{
		{
			spec: sdk.Listing{
				Name: "drives", Doc: "one Drive for each person; the log of Drive says which changed", Type: sdk.Delta,
				Permissions: urls(scopeUsers), Every: time.Hour,
			},
			scan: myDrives,
		},
		{
			spec: sdk.Listing{
				Name: "files", Doc: "files that a person owns, the trash too", Parent: "drives", Defines: kinds(sdk.KindFile), Type: sdk.Delta,
				Permissions: urls(scopeMetadata), Fields: fileFieldNames,
			},
			scan: files, probe: driveList(scopeMetadata, "/drive/v3/files", "pageSize", "1", "corpora", "user", "fields", "files(id)"),
		},
		{
			spec: sdk.Listing{
				Name: "shared_drives", Doc: "shared drives and who is in them", Defines: kinds(sdk.KindFile), Type: sdk.Delta,
				Permissions: urls(scopeDrives, scopeMetadata), Every: time.Hour,
				Fields: []string{"file.name", "file.type", "file.created_at", "file.url", "file.trashed", "file.access_level", "file.access"},
			},
			scan: sharedDrives, probe: driveList(scopeDrives, "/drive/v3/drives", "useDomainAdminAccess", "true", "pageSize", "1", "fields", "drives(id)"),
		},
		{
			spec: sdk.Listing{
				Name: "shared_files", Doc: "files of a shared drive, the trash too", Parent: "shared_drives", Defines: kinds(sdk.KindFile), Type: sdk.Delta,
				Permissions: urls(scopeMetadata), Fields: fileFieldNames,
			},
			scan: files,
		},
	}
}

func permits() []source {
	return []source{
		{
			spec: sdk.Listing{
				Name: "token_users", Doc: "who may have let apps in; the token log says whose changed", Type: sdk.Delta, OffByDefault: true,
				Permissions: urls(scopeUsers), Every: time.Hour,
			},
			scan: tokenUsers,
		},
		{
			spec: sdk.Listing{
				Name: "tokens", Doc: "apps that each person lets in now. Off by default: the only scope for it can also revoke them, sign people out " +
					"and more",
				Parent: "token_users", Defines: kinds(sdk.KindGrant), OffByDefault: true, Exclusive: true, Permissions: urls(scopeUserTokens),
				Fields: []string{"grant.name", "grant.app", "grant.account", "grant.type", "grant.state", "grant.scopes"},
			},
			scan: appTokens,
		},
		{
			spec: sdk.Listing{
				Name: "consents", Doc: "apps that people let in or took back in the last 180 days, by the log", Type: sdk.Delta, Resume: sdk.ResumeWalk,
				Defines: kinds(sdk.KindApp, sdk.KindGrant), Permissions: urls(scopeAudit),
				Fields: []string{"app.name", "app.type", "grant.name", "grant.app", "grant.account", "grant.type", "grant.state", "grant.scopes",
					"grant.created_by", "grant.created_at"},
			},
			scan: consents,
		},
	}
}

// application is one of Google's audit logs.
type application struct {
	name, doc string
	late      time.Duration // how late an entry may come
	extra     bool          // off by default
}

var applications = []application{
	{"login", "sign-ins", slowLogs, false},
	{"admin", "acts of administrators", adminLogs, false},
	{"token", "apps let in, taken back, and what they called", slowLogs, false},
	{"drive", "what happened to files", slowLogs, false},
	{"saml", "sign-ins to other apps", slowLogs, false},
	{"groups_enterprise", "changes of groups and their members", adminLogs, false},
	{"user_accounts", "what people changed of their own accounts", slowLogs, false},
	{"groups", "Google Groups", slowLogs, true},
	{"mobile", "managed devices", slowLogs, true},
	{"rules", "rules that matched (data loss prevention)", adminLogs, true},
	{"context_aware_access", "access refused by context", adminLogs, true},
	{"access_transparency", "what Google's staff did", slowLogs, true},
	{"chrome", "managed browsers and Chrome OS", adminLogs, true},
	{"chat", "Chat", adminLogs, true},
	{"meet", "Meet", adminLogs, true},
	{"calendar", "Calendar", slowLogs, true},
	{"gmail", "Gmail", slowLogs, true},
	{"gcp", "Cloud OS Login", slowLogs, true},
	{"keep", "Keep", slowLogs, true},
	{"data_studio", "Looker Studio", slowLogs, true},
	{"vault", "Vault", slowLogs, true},
	{"takeout", "exports of all of a person's data", slowLogs, true},
	{"gemini_in_workspace_apps", "Gemini", slowLogs, true},
	{"access_evaluation", "OAuth access by policy", adminLogs, true},
	{"admin_data_action", "administrators who looked at people's data", adminLogs, true},
	{"directory_sync", "Directory Sync", slowLogs, true},
}

const logWindow = 30 * 24 * time.Hour // Gmail's takes no more

func logs() []source {
	var list []source
	for _, a := range applications {
		list = append(list, source{
			spec: sdk.Listing{
				Name: "log_" + a.name, Doc: a.doc, Defines: kinds(sdk.KindActivity), Type: sdk.Feed, MaxWindow: logWindow, Lookback: logKept,
				LateBy: a.late, Permissions: urls(scopeAudit), OffByDefault: a.extra,
				Fields: []string{"activity.time", "activity.type", "activity.action", "activity.actor", "activity.targets", "activity.ip",
					"activity.location", "activity.outcome", "activity.admin", "activity.app"},
			},
			scan: feed(a.name), probe: probeLog(a.name),
		})
	}
	return list
}

func directoryList(s scope, path string, pairs ...string) func(context.Context, *client) error {
	return func(ctx context.Context, c *client) error {
		return c.do(ctx, directory(c.admin(s), query(pairs...), path), nil)
	}
}

func driveList(s scope, path string, pairs ...string) func(context.Context, *client) error {
	return func(ctx context.Context, c *client) error {
		return c.do(ctx, drive(c.admin(s), query(pairs...), path), nil)
	}
}

// probeLog asks one log for one entry; what holds for it holds for the others.
func probeLog(app string) func(context.Context, *client) error {
	if app != "admin" {
		return nil
	}
	return func(ctx context.Context, c *client) error {
		return c.logPage(ctx, logQuery{app: app, size: 1, fields: "id(time)"}, "", nil)
	}
}
