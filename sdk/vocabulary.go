package sdk

// Vocabulary gives the words of a closed vocabulary by kind and field ("account.status", "access.role"); nil where any text
// may stand. They are those of records.proto; a test holds the two together.
func Vocabulary(field string) []string { return vocabularies[field] }

var vocabularies = map[string][]string{
	"account.status":   {"active", "invited", "suspended", "deleted", "unknown"},
	"account.type":     {"user", "guest", "service", "bot"},
	"account.mfa":      {"on", "off"},
	"group.type":       {"team", "group", "org_unit", "account", "project", "folder", "subscription", "organization"},
	"membership.state": {"active", "eligible", "pending"},
	"activity.type": {
		"login", "login_failed", "logout", "file_download", "file_upload", "file_view", "file_update", "file_share", "file_unshare",
		"file_delete", "file_restore", "account_create", "account_update", "account_suspend", "account_delete", "group_create",
		"group_update", "group_delete", "member_add", "member_remove", "role_grant", "role_revoke", "grant_create", "grant_revoke",
		"app_install", "app_remove", "policy_change", "setting_change", "secret_alert", "other",
	},
	"activity.outcome":     {"success", "failure"},
	"access.role":          {"read", "comment", "write", "admin", "owner"},
	"access.link_scope":    {"anyone", "organization"},
	"inspection.status":    {"clean", "found", "failed", "skipped", "pending"},
	"file.type":            {"file", "folder", "repository", "bucket", "site", "message"},
	"file.access_level":    {"private", "internal", "external", "link", "public"},
	"app.permission_level": {"high", "medium", "low"},
	"grant.type":           {"oauth", "pat", "ssh_key", "api_key", "access_key", "deploy_key", "installation", "webhook"},
	"grant.state":          {"active", "inactive", "expired", "revoked", "pending"},
}
