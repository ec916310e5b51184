package main

import (
	"context"

	"github.com/mooring-hq/mooring/sdk"
)

// source is one listing: what is said about it, how it is read, and how Check finds out whether it may be read.
type source struct {
	spec sdk.Listing
	scan func(context.Context, *scan) error
	// probe: {user}, {group} and {app} are filled in.
	probe string
}

func kinds(k ...sdk.Kind) []sdk.Kind { return k }

func sources() []source {
	var list []source
	for _, group := range [][]source{people} {
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
}
