package main

// What to do at Box, for `mooring connect`.
const (
	newApp    = "Open https://app.box.com/developers/console: Create Platform App, Custom App, "
	scopeStep = "Configuration, Application Scopes, and no others: ${scopes}. There root_readonly is called Read all files and folders stored in " +
		"Box, manage_managed_users Manage users, manage_groups Manage groups, manage_enterprise_properties Manage enterprise properties, " +
		"manage_webhook Manage webhooks, root_readwrite Write all files and folders stored in Box."
	accessStep = "Configuration: App + Enterprise Access; Advanced Features: Make API calls using the as-user header, for without it nobody's " +
		"files can be seen."
	approveStep = "Authorization, Review and Submit. An administrator approves it, and again after every change of the scopes: Admin " +
		"Console, Integrations, Platform Apps Manager, Server Authentication Apps."
)

func jwtSteps() []string {
	return []string{
		newApp + "Server Authentication (with JWT).", accessStep, scopeStep,
		"Configuration, Add and Manage Public Keys, Generate a Public/Private Keypair. The file it gives is config_json.", approveStep,
	}
}

func clientSteps() []string {
	return []string{
		newApp + "Server Authentication (Client Credentials Grant).", accessStep, scopeStep,
		"Note Client ID and Client Secret on Configuration (Box wants a login with a second factor to show it), and Enterprise ID on " +
			"General Settings.", approveStep,
	}
}

func loginSteps() []string {
	return []string{
		newApp + "User Authentication (OAuth 2.0).", "Configuration: the redirect URI https://localhost/. Nothing answers there; the address " +
			"you are sent to is what mooring login takes.", scopeStep,
		"Note Client ID and Client Secret on Configuration.",
		"Whoever logs in is whom the agent acts as: the main administrator, or a co-admin who may run reports and manage users and groups.",
	}
}
