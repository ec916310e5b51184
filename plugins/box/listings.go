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
	probe string // {user}, {group} and {enterprise} are filled in
	asOne bool   // the probe is sent as a user
}

// The scopes of an app, as the API names them; in brackets the console's words.
const (
	manageUsers      = "manage_managed_users"         // Manage users
	manageGroups     = "manage_groups"                // Manage groups
	manageEnterprise = "manage_enterprise_properties" // Manage enterprise properties
	readAll          = "root_readonly"                // Read all files and folders stored in Box
	writeAll         = "root_readwrite"               // Write all files and folders stored in Box
)

func kinds(k ...sdk.Kind) []sdk.Kind { return k }

func sourceOf(listing string) *source {
	for _, src := range sources() {
		if src.spec.Name == listing {
			return &src
		}
	}
	return nil
}

var accountFields = []string{
	"account.name", "account.email", "account.display_name", "account.status", "account.type", "account.admin", "account.created_at",
	"account.external_id",
}

var fileFields = []string{
	"file.name", "file.path", "file.type", "file.size_bytes", "file.owner", "file.created_at", "file.modified_at", "file.modified_by",
	"file.content_hash", "file.version", "file.parent", "file.trashed", "file.access", "file.access_level", "file.labels",
}

// Nobody reaches what is in the trash.
var trashFields = slices.DeleteFunc(slices.Clone(fileFields), func(f string) bool { return f == "file.access" || f == "file.access_level" })

var activityFields = []string{
	"activity.time", "activity.type", "activity.action", "activity.actor", "activity.targets", "activity.ip", "activity.user_agent",
	"activity.outcome", "activity.admin", "activity.impersonated", "activity.app", "activity.session_id",
}

// sources are the listings. A func, because what reads them names them too.
func sources() []source {
	return []source{
		{
			spec: sdk.Listing{
				Name: "users", Doc: "managed users, with administrators as members of roles; and whose files changed, in one call",
				Defines: kinds(sdk.KindAccount, sdk.KindRole, sdk.KindMembership), Type: sdk.Delta, Every: time.Hour,
				Permissions: []string{manageUsers},
				Fields: append([]string{"role.name", "role.privileged", "membership.container", "membership.member", "membership.state"},
					accountFields...),
			},
			scan: users, probe: "/users?user_type=managed&limit=100&fields=status", // as one of them others are tried
		},
		{
			spec: sdk.Listing{
				Name: "external_users", Doc: "people of other enterprises who collaborate", Defines: kinds(sdk.KindAccount),
				Permissions: []string{manageUsers}, Fields: accountFields,
			},
			scan: external, probe: "/users?user_type=external&limit=1",
		},
		{
			spec: sdk.Listing{
				Name: "groups", Doc: "groups; and whose members changed, in one call", Defines: kinds(sdk.KindGroup), Type: sdk.Delta,
				Every: 10 * time.Minute, Permissions: []string{manageGroups}, Fields: []string{"group.name", "group.type"},
			},
			scan: groups, probe: "/groups?limit=1",
		},
		{
			spec: sdk.Listing{
				Name: "memberships", Doc: "members of each group that changed; 1 call a group", Parent: "groups",
				Defines: kinds(sdk.KindMembership), Exclusive: true, Permissions: []string{manageGroups},
				Fields: []string{"membership.container", "membership.member", "membership.role", "membership.state"},
			},
			scan: memberships, probe: "/groups/{group}/memberships?limit=1",
		},
		{
			spec: sdk.Listing{
				Name: "files", Doc: "files, folders and web links of each user whose tree changed, with who reaches them; 1 call a folder " +
					"and 1 for each item that has collaborators", Parent: "users",
				Defines: kinds(sdk.KindFile), Exclusive: true, Permissions: []string{readAll}, Fields: fileFields,
			},
			scan: files, probe: "/folders/0/items?usemarker=true&limit=1", asOne: true,
		},
		{
			spec: sdk.Listing{
				Name: "trash", Doc: "what is in each user's trash; off by default, because the scope it needs can also write", Parent: "users",
				Defines: kinds(sdk.KindFile), Exclusive: true, OffByDefault: true, Permissions: []string{writeAll}, Fields: trashFields,
			},
			scan: trash, probe: "/folders/trash/items?usemarker=true&limit=1", asOne: true,
		},
		{
			spec: sdk.Listing{
				Name: "device_pins", Doc: "devices that Box's apps are signed in on, as records of type device_pin",
				Defines: kinds(sdk.KindOther), Every: day, Permissions: []string{manageEnterprise}, Fields: []string{"other.type", "other.name"},
			},
			scan: pins, probe: "/enterprises/{enterprise}/device_pinners?limit=1",
		},
		{
			spec: sdk.Listing{
				Name: "collaboration_domains", Doc: "domains that people may collaborate with, where only some are allowed",
				Defines: kinds(sdk.KindSetting), Every: day, Permissions: []string{manageEnterprise},
				Fields: []string{"setting.name", "setting.value"},
			},
			scan: domains, probe: "/collaboration_whitelist_entries?limit=1",
		},
		{
			spec: sdk.Listing{
				Name: "events", Doc: "the enterprise's stream of events: as they come, and the last 14 days", Type: sdk.Feed,
				Defines: kinds(sdk.KindActivity), Every: time.Minute, Lookback: streamKept, Permissions: []string{manageEnterprise},
				Fields: activityFields,
			},
			scan: activities, probe: "/events?stream_type=admin_logs_streaming&stream_position=now&limit=1",
		},
		{
			spec: sdk.Listing{
				Name: "past_events", Doc: "the enterprise's log before that: 365 days", Type: sdk.Feed, Defines: kinds(sdk.KindActivity),
				Every: day, MaxWindow: pastWindow, Lookback: logKept, Permissions: []string{manageEnterprise}, Fields: activityFields,
			},
			scan: past, probe: "/events?stream_type=admin_logs&limit=1",
		},
	}
}
