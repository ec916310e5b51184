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
	memberRoles    = []string{memberHelp, groupAdmin, orgAdmin, superAdmin}
	appRoles       = []string{appAdmin, superAdmin} // an Organization Administrator cannot manage apps
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
			scopes: userScopes, roles: [][]string{lifecycleRoles},
		},
		{
			Action: sdk.Action{
				Name: "unsuspend", On: sdk.KindAccount, Safety: sdk.Repeat, Undo: sdk.UndoFull, Lock: "status",
				Doc: "Ends a suspension: the person can sign in as before.",
				By:  between(suspended, active, "the account is active again: its person can sign in as before the suspension"),
			},
			scopes: userScopes, roles: [][]string{lifecycleRoles},
		},
		{
			Action: sdk.Action{
				Name: "unlock", On: sdk.KindAccount, Safety: sdk.Repeat, Undo: sdk.UndoNone, Lock: "status",
				Doc: "Ends a lock-out after wrong passwords; the password stays. Only accounts of Okta's own.",
				By:  between(lockedOut, active, "the account is unlocked: its person can sign in with the present password"),
			},
			scopes: userScopes, roles: [][]string{helpRoles},
		},
		{
			Action: sdk.Action{
				Name: "expire_password", On: sdk.KindAccount, Safety: sdk.Repeat, Undo: sdk.UndoNone, Lock: "status",
				Doc: "The person has to choose a new password at the next sign-in, with the present one; no temporary password is made. Only from status ACTIVE.",
				By:  between(active, expired, "the password is expired: the person has to choose a new one at the next sign-in"),
			},
			scopes: userScopes, roles: [][]string{helpRoles},
		},
		{
			Action: sdk.Action{
				Name: "clear_sessions", On: sdk.KindAccount, Safety: sdk.Repeat, Undo: sdk.UndoNone, Lock: "sessions",
				Doc: "Signs the person out of Okta on every device. Sessions inside apps go on until these end them.",
				Args: []sdk.Setting{
					{Name: argTokens, Type: sdk.SettingBool, Default: "false", Doc: "revoke OAuth access and refresh tokens too"},
					{Name: argDevices, Type: sdk.SettingBool, Default: "true", Doc: "forget the devices on which the second factor is remembered"},
				},
				By: clearSessions{},
			},
			scopes: userScopes, roles: [][]string{helpRoles},
		},
		{
			Action: sdk.Action{
				Name: "reset_factors", On: sdk.KindAccount, Safety: sdk.Repeat, Undo: sdk.UndoNone, Lock: "factors",
				Doc: "Takes all second factors away: the person has to enrol new ones, which until then anybody with the password may do.",
				By:  resetFactors(),
			},
			scopes: userScopes, roles: [][]string{helpRoles},
		},
		{
			Action: sdk.Action{
				Name: "revoke_tokens", On: sdk.KindAccount, Safety: sdk.Repeat, Undo: sdk.UndoNone, Lock: "tokens",
				Doc: "Revokes the refresh tokens that apps have of the person, and the access tokens made with them. What the person allowed " +
					"stays, so an app can ask for new ones at the next sign-in.",
				Args: []sdk.Setting{{Name: argClient, Doc: "only those of the app with this client id; default: of all apps"}},
				By:   revokeTokens(),
			},
			scopes: userScopes, roles: [][]string{lifecycleRoles},
		},
	}
}

// lastDeed is the one that is hard to take back.
func lastDeed() deed {
	return deed{
		Action: sdk.Action{
			Name: "deactivate", On: sdk.KindAccount, Safety: sdk.Repeat, Undo: sdk.UndoPartial, Loses: lostByDeactivating,
			Doc: "Deactivates the account: nobody can sign in, all apps are taken away and may delete what the person has there. To keep " +
				"somebody out for a while, suspend.",
			By: deactivate(),
		},
		scopes: []string{"okta.users.read", manageUsers, "okta.apps.read", manageApps}, roles: [][]string{lifecycleRoles, appRoles},
	}
}

// accessDeeds change what accounts have.
func accessDeeds() []deed {
	return []deed{
		{
			Action: sdk.Action{
				Name: "revoke", On: sdk.KindGrant, Safety: sdk.Repeat, Undo: sdk.UndoNone,
				Doc: "Revokes what a person let an app do (a consent), or one refresh token of an app. The person can agree, or sign in, again.",
				By:  revoke(),
			},
			scopes: []string{"okta.users.read", manageUsers, "okta.apps.read", manageApps}, roles: [][]string{lifecycleRoles, appRoles},
		},
		{
			Action: sdk.Action{
				Name: "remove_from_group", On: sdk.KindMembership, Safety: sdk.Repeat, Undo: sdk.UndoFull,
				Doc: "Takes an account out of a group of Okta's own. Who is in by a rule, or by a directory, is refused.",
				By:  removeFromGroup(),
			},
			scopes: []string{"okta.users.read", "okta.groups.read", manageGroups}, roles: [][]string{memberRoles},
		},
		{
			Action: sdk.Action{
				Name: "remove_from_app", On: sdk.KindMembership, Safety: sdk.Repeat, Undo: sdk.UndoPartial,
				Loses: "what the app deleted or blocked of the account there, its id there, and a password that Okta kept for it",
				Doc:   "Takes an app away that was assigned to the account itself. Who has it through a group is refused.",
				By:    removeFromApp(),
			},
			scopes: []string{"okta.apps.read", manageApps}, roles: [][]string{appRoles},
		},
	}
}
