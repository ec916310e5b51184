package main

import "strings"

// scope is an OAuth scope, without the part that all of Google's have.
type scope string

const scopePrefix = "https://www.googleapis.com/auth/"

// The scopes that reading needs. scopeUserTokens is the one that could also write: Google has no other for listing tokens.
const (
	scopeUsers      scope = "admin.directory.user.readonly"
	scopeGroups     scope = "admin.directory.group.readonly"
	scopeOrgUnits   scope = "admin.directory.orgunit.readonly"
	scopeRoles      scope = "admin.directory.rolemanagement.readonly"
	scopeDomains    scope = "admin.directory.domain.readonly"
	scopeAudit      scope = "admin.reports.audit.readonly"
	scopeMetadata   scope = "drive.metadata.readonly"
	scopeDrives     scope = "drive.readonly"
	scopeUserTokens scope = "admin.directory.user.security"
)

// The scopes that only actions need.
const (
	scopeUserWrite scope = "admin.directory.user"
	scopeDrive     scope = "drive"
)

func (s scope) url() string { return scopePrefix + string(s) }

func urls(scopes ...scope) []string {
	list := make([]string, len(scopes))
	for i, s := range scopes {
		list[i] = s.url()
	}
	return list
}

func scopeOf(url string) scope { return scope(strings.TrimPrefix(url, scopePrefix)) }
