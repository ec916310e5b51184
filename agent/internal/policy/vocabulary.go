package policy

import (
	"slices"
	"strings"
)

// vocabularies are the closed ones, as they stand in records.proto; a test holds the two together.
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
	"file.type":            {"file", "folder", "repository", "bucket", "site", "message"},
	"file.access_level":    {"private", "internal", "external", "link", "public"},
	"app.permission_level": {"high", "medium", "low"},
	"grant.type":           {"oauth", "pat", "ssh_key", "api_key", "access_key", "deploy_key", "installation", "webhook"},
	"grant.state":          {"active", "inactive", "expired", "revoked", "pending"},
}

// suggestField names the fields nearest to a misspelt one.
func suggestField(field string) string {
	rec, err := newRecords()
	if err != nil {
		return ""
	}
	var near []string
	for name := range rec.messages {
		fields, _ := rec.FindStructFieldNames(name)
		for _, f := range fields {
			if distance(field, f) <= 2 && !slices.Contains(near, f) {
				near = append(near, f)
			}
		}
	}
	if len(near) == 0 {
		return ""
	}
	slices.Sort(near)
	return "; did you mean " + strings.Join(near[:min(len(near), 3)], ", ") + "?"
}

// distance is the number of edits between two words.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := before
			if a[i] != b[j] {
				cost++
			}
			before = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
