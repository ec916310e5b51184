package main

// accountSteps are what to do at Google, for `mooring connect`.
var accountSteps = []string{
	"Open https://console.cloud.google.com, in a project of your choice: APIs & Services, Library. Enable Admin SDK API and Google " +
		"Drive API.",
	"IAM & Admin, Service Accounts, Create service account, without any role. Open it: Keys, Add key, Create new key, JSON. The " +
		"file is service_account_key. Note the Unique ID, which is digits.",
	"As a super administrator open https://admin.google.com: Security, Access and data control, API controls, Manage domain-wide " +
		"delegation, Add new. Client ID: those digits. OAuth scopes: ${scopes}",
	"Choose the administrator for the setting admin. A super administrator sees everything, and one with fewer privileges what " +
		"they allow. It takes minutes, in rare cases a day, until Google knows a new delegation everywhere.",
}
