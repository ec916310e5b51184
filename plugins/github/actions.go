package main

import "strings"

// actionTypes says what GitHub's actions are in Mooring's words. What is not here goes by its category and verb.
var actionTypes = map[string]string{
	"user.login": "login", "user.failed_login": "login_failed", "user.logout": "logout",
	"org.sso_response": "login", "business.sso_response": "login", "user.two_factor_challenge_failure": "login_failed",

	"git.clone": "file_download", "git.fetch": "file_download", "git.push": "file_update",
	"repo.download_zip": "file_download", "repo.create": "file_upload", "repo.destroy": "file_delete",
	"repo.restore": "file_restore", "repo.archived": "file_update", "repo.unarchived": "file_update",
	"repo.rename": "file_update", "repo.transfer": "file_update",
	"repo.add_member": "file_share", "repo.update_member": "file_share", "repo.remove_member": "file_unshare",
	"team.add_repository": "file_share", "team.update_repository_permission": "file_share",
	"team.remove_repository": "file_unshare",

	"org.add_member": "account_create", "org.invite_member": "account_create", "org.remove_member": "account_delete",
	"org.remove_outside_collaborator": "account_delete", "org.block_user": "account_suspend",
	"org.unblock_user": "account_update", "org.cancel_invitation": "account_delete", "org.update_member": "role_grant",
	"org.add_outside_collaborator": "account_create",

	"team.create": "group_create", "team.destroy": "group_delete", "team.rename": "group_update",
	"team.change_parent_team": "group_update", "team.change_privacy": "group_update",
	"team.add_member": "member_add", "team.remove_member": "member_remove",
	"team.promote_maintainer": "role_grant", "team.demote_maintainer": "role_revoke",
	"organization_role.assign": "role_grant", "organization_role.revoke": "role_revoke",

	"org.oauth_app_access_approved": "grant_create", "org.oauth_app_access_denied": "grant_revoke",
	"org_credential_authorization.grant": "grant_create", "org_credential_authorization.revoke": "grant_revoke",
	"org_credential_authorization.deauthorize": "grant_revoke",
	"personal_access_token.request_created":    "other", "personal_access_token.access_granted": "grant_create",
	"personal_access_token.access_revoked": "grant_revoke", "personal_access_token.request_denied": "grant_revoke",
	"oauth_authorization.create": "grant_create", "oauth_authorization.destroy": "grant_revoke",
	"oauth_access.create": "grant_create", "oauth_access.destroy": "grant_revoke",
	"public_key.create": "grant_create", "public_key.delete": "grant_revoke",
	"hook.create": "grant_create", "hook.destroy": "grant_revoke",
	"integration_installation.create": "app_install", "integration_installation.destroy": "app_remove",
	"integration_installation.suspend": "app_remove", "integration_installation.unsuspend": "app_install",
}

// categories whose every action changes a policy or a setting.
var categoryTypes = map[string]string{
	"protected_branch": "policy_change", "repository_ruleset": "policy_change", "ip_allow_list": "policy_change",
	"ip_allow_list_entry": "policy_change", "org": "setting_change", "business": "setting_change",
	"repository_secret_scanning": "setting_change", "repository_secret_scanning_push_protection": "setting_change",
	"repository_vulnerability_alerts": "setting_change", "secret_scanning_new_repos": "setting_change",
	"secret_scanning_alert": "secret_alert", "secret_scanning": "setting_change",
	"hook": "setting_change", "integration_installation": "setting_change", "oauth_application": "setting_change",
	"team": "group_update", "repo": "setting_change", "organization_role": "policy_change", "role": "policy_change",
}

// activityType is one word of the closed list. For a change of visibility it depends on where to.
func activityType(action string, f fields) string {
	if action == "repo.access" {
		if f.text("visibility") == "public" {
			return "file_share"
		}
		return "file_unshare"
	}
	if action == "org.update_member" && f.text("permission") != "" && f.text("permission") != "admin" {
		return "role_revoke"
	}
	if t := actionTypes[action]; t != "" {
		return t
	}
	category, _, _ := strings.Cut(action, ".")
	if t := categoryTypes[category]; t != "" {
		return t
	}
	return "other"
}

// administers: the action changes people, rights or settings, not content.
func administers(action string) bool {
	category, verb, _ := strings.Cut(action, ".")
	switch category {
	case "org", "business", "team", "protected_branch", "repository_ruleset", "hook", "integration_installation",
		"oauth_application", "org_credential_authorization", "personal_access_token", "organization_role", "role",
		"ip_allow_list", "ip_allow_list_entry":
		return verb != "sso_response"
	case "repo":
		return verb != "download_zip"
	}
	return false
}
