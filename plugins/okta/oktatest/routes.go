package oktatest

// table lists what the fake answers: the scope and the bucket beside each operation.
func (s *Server) table() []route {
	const users, groups, roles, apps = "okta.users.read", "okta.groups.read", "okta.roles.read", "okta.apps.read"
	const hooks, manageHooks = "okta.eventHooks.read", "okta.eventHooks.manage"
	return append([]route{
		{"POST /oauth2/v1/token", "", "token", (*call).postToken},
		{"GET /.well-known/okta-organization", "", "other", (*call).getWellKnown},
		{"GET /api/v1/org", "okta.orgs.read", "other", (*call).getOrg},
		{"GET /api/v1/email-domains", "okta.emailDomains.read", "other", (*call).getDomains},

		{"GET /api/v1/users", users, "users", (*call).getUsers},
		{"GET /api/v1/users/{id}", users, "user", (*call).getUser},
		{"GET /api/v1/users/{id}/roles", roles, "other", (*call).getUserRoles},
		{"GET /api/v1/users/{id}/factors", users, "other", (*call).getFactors},
		{"GET /api/v1/users/{id}/grants", users, "other", (*call).getUserGrants},

		{"GET /api/v1/groups", groups, "groups", (*call).getGroups},
		{"GET /api/v1/groups/rules", groups, "groups", (*call).getRules},
		{"GET /api/v1/groups/{id}", groups, "group", (*call).getGroup},
		{"GET /api/v1/groups/{id}/users", groups, "groups", (*call).getMembers},
		{"GET /api/v1/groups/{id}/roles", roles, "groups", (*call).getGroupRoles},
		{"GET /oauth2/v1/clients/{client}/roles", roles, "other", (*call).getClientRoles},
		{"GET /api/v1/iam/roles", roles, "other", (*call).getCustomRoles},
		{"GET /api/v1/iam/assignees/users", roles, "other", (*call).getAssignees},

		{"GET /api/v1/apps", apps, "apps", (*call).getApps},
		{"GET /api/v1/apps/{id}", apps, "app", (*call).getApp},
		{"GET /api/v1/apps/{id}/users", apps, "apps", (*call).getAppUsers},
		{"GET /api/v1/apps/{id}/groups", apps, "apps", (*call).getAppGroups},
		{"GET /api/v1/apps/{id}/grants", "okta.appGrants.read", "apps", (*call).getAppGrants},
		{"GET /api/v1/apps/{id}/tokens", apps, "apps", (*call).getAppTokens},
		{"GET /api/v1/api-tokens", "okta.apiTokens.read", "other", (*call).getAPITokens},

		{"GET /api/v1/logs", "okta.logs.read", "logs", (*call).getLogs},

		{"GET /api/v1/eventHooks", hooks, "other", (*call).getHooks},
		{"POST /api/v1/eventHooks", manageHooks, "other", (*call).postHook},
		{"GET /api/v1/eventHooks/{id}", hooks, "other", (*call).getHook},
		{"PUT /api/v1/eventHooks/{id}", manageHooks, "other", (*call).putHook},
		{"DELETE /api/v1/eventHooks/{id}", manageHooks, "other", (*call).deleteHook},
		{"POST /api/v1/eventHooks/{id}/lifecycle/verify", manageHooks, "other", (*call).verifyHook},
		{"POST /api/v1/eventHooks/{id}/lifecycle/activate", manageHooks, "other", (*call).activateHook},
		{"POST /api/v1/eventHooks/{id}/lifecycle/deactivate", manageHooks, "other", (*call).deactivateHook},
	}, writes()...)
}

// writes are the operations that change users, groups and apps, and the reads that only they need.
func writes() []route {
	const readUsers, users, groups, readApps, apps = "okta.users.read", "okta.users.manage", "okta.groups.manage", "okta.apps.read", "okta.apps.manage"
	const lifecycle = "POST /api/v1/users/{id}/lifecycle/"
	return []route{
		{lifecycle + "suspend", users, "other", (*call).postSuspend},
		{lifecycle + "unsuspend", users, "other", (*call).postUnsuspend},
		{lifecycle + "deactivate", users, "other", (*call).postDeactivate},
		{lifecycle + "activate", users, "other", (*call).postActivate},
		{lifecycle + "reactivate", users, "other", (*call).postReactivate},
		{lifecycle + "unlock", users, "other", (*call).postUnlock},
		{lifecycle + "expire_password", users, "other", (*call).postExpirePassword},
		{lifecycle + "reset_factors", users, "other", (*call).postResetFactors},
		{"DELETE /api/v1/users/{id}/sessions", users, "other", (*call).deleteSessions},

		{"GET /api/v1/users/{id}/groups", readUsers, "other", (*call).getUserGroups},
		{"GET /api/v1/users/{id}/grants/{grant}", readUsers, "other", (*call).getUserGrant},
		{"DELETE /api/v1/users/{id}/grants/{grant}", users, "other", (*call).deleteUserGrant},
		{"GET /api/v1/users/{id}/clients", readUsers, "other", (*call).getUserClients},
		{"GET /api/v1/users/{id}/clients/{client}/tokens", readUsers, "other", (*call).getClientTokens},
		{"DELETE /api/v1/users/{id}/clients/{client}/tokens", users, "other", (*call).deleteClientTokens},

		{"PUT /api/v1/groups/{id}/users/{user}", groups, "groups", (*call).putMember},
		{"DELETE /api/v1/groups/{id}/users/{user}", groups, "groups", (*call).deleteMember},

		{"GET /api/v1/apps/{id}/users/{user}", readApps, "apps", (*call).getAppUser},
		{"POST /api/v1/apps/{id}/users", apps, "apps", (*call).postAppUser},
		{"DELETE /api/v1/apps/{id}/users/{user}", apps, "apps", (*call).deleteAppUser},
		{"GET /api/v1/apps/{id}/tokens/{token}", readApps, "apps", (*call).getAppToken},
		{"DELETE /api/v1/apps/{id}/tokens/{token}", apps, "apps", (*call).deleteAppToken},
	}
}
