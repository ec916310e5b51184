package main

import "github.com/mooring-hq/mooring/sdk"

const (
	orgAdmin   = "Organization Administrator"
	groupAdmin = "Group Administrator"
	helpDesk   = "Help Desk Administrator"
	appAdmin   = "Application Administrator"
	memberHelp = "Group Membership Administrator"
)

var (
	lifecycleRoles = []string{groupAdmin, orgAdmin, superAdmin}
	helpRoles      = []string{helpDesk, groupAdmin, orgAdmin, superAdmin}
	userScopes     = []string{"okta.users.read", manageUsers}
)

// accountDeeds change accounts.
func accountDeeds() []deed {
	return []deed{
		{
			Action: sdk.Action{
				Name: "suspend", On: sdk.KindAccount, Safety: sdk.Repeat, Undo: sdk.UndoFull, Lock: "status",
				Doc: "The person cannot sign in any more; groups, apps, password and factors stay. Only from status ACTIVE.",
				By:  between(active, suspended, "the account is suspended: its person cannot sign in; groups, apps and factors stay"),
			},
			scopes: userScopes, roles: lifecycleRoles,
		},
		{
			Action: sdk.Action{
				Name: "unsuspend", On: sdk.KindAccount, Safety: sdk.Repeat, Undo: sdk.UndoFull, Lock: "status",
				Doc: "Ends a suspension: the person can sign in as before.",
				By:  between(suspended, active, "the account is active again: its person can sign in as before the suspension"),
			},
			scopes: userScopes, roles: lifecycleRoles,
		},
	}
}

// accessDeeds change what accounts have.
func accessDeeds() []deed { return nil }
