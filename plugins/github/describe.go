package main

import (
	"slices"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// Describe is constant.
func (connector) Describe() *sdk.Description {
	d := &sdk.Description{
		Name:    "github",
		Doc:     "GitHub organisation (github.com, Enterprise Cloud, Enterprise Server)",
		BaseURL: "https://api.github.com",
		Auth:    auth(),
		Settings: []sdk.Setting{
			{Name: "organization", Doc: "login of the organisation, as in github.com/LOGIN", Required: true, Identity: true},
			{
				Name: "audit_events", Default: "web", Enum: []string{"web", "git", "all"},
				Doc: "what to read of the audit log: web, git (clone, fetch, push: many, kept 7 days), or all",
			},
		},
		Buckets:  buckets(),
		Classify: classify,
		Actions:  table.Specs(),
		Fetches:  []sdk.Kind{sdk.KindAccount, sdk.KindFile},
		Realtime: []sdk.Realtime{{
			Name: "webhook", Means: "webhook", ExpectedDelay: 10 * time.Second, Listings: hinted(), Needs: []string{secretField},
		}},
		Unsupported: map[string]string{
			"sign_ins":          "GitHub keeps no log of sign-ins at the organisation; only an enterprise with managed users has one",
			"oauth_apps":        "GitHub has no API for the OAuth apps that members of an organisation without SAML authorised",
			"trash":             "GitHub has no API for deleted repositories; deleted files stay in the history of Git",
			"file_sharing":      "files have no sharing of their own, it is the repository's: file.access of its record",
			"account_email":     "GitHub shows an e-mail only where the user made it public; listings saml_identities and scim have the company's",
			"account_last_used": "GitHub does not tell when a member was last active",
		},
	}
	for _, s := range sources() {
		d.Listings = append(d.Listings, s.spec)
	}
	return d
}

// hinted are the listings that a webhook can point to.
func hinted() []string {
	var names []string
	for _, l := range looks {
		for _, one := range l {
			names = append(names, one.listing)
		}
	}
	names = append(names, "teams") // of a deleted team
	slices.Sort(names)
	return slices.Compact(names)
}

// endpoints whose calls GitHub counts apart, 900 points a minute each, and that a scan of a large organisation calls
// that often.
var endpoints = []struct{ name, path string }{
	{"points_trees", "/repos/*/*/git"},
	{"points_collaborators", "/repos/*/*/collaborators"},
	{"points_repo_teams", "/repos/*/*/teams"},
	{"points_keys", "/repos/*/*/keys"},
	{"points_teams", "/orgs/*/teams"},
	{"points_members", "/orgs/*/members"},
	{"points_roles", "/orgs/*/organization-roles"},
	{"points_deliveries", "/orgs/*/hooks"},
}

// buckets bear GitHub's own names where the headers name them. core has no matcher: all requests count there too, which
// asks for a little more than GitHub may take.
func buckets() []sdk.Bucket {
	list := []sdk.Bucket{
		{Name: "core", Shape: "fixed_window", Window: time.Hour, OwnerScope: "credential", Dialect: "github"},
		{Name: "concurrent", Shape: "concurrency", Limit: 100, OwnerScope: "credential", Dialect: "none"},
		{
			Name: "audit_log", Shape: "fixed_window", Limit: 1750, Window: time.Hour, OwnerScope: "credential", Dialect: "github",
			Match: []sdk.Match{{Path: "/orgs/*/audit-log"}, {Path: "/organizations/*/audit-log"}, {Path: "/enterprises/*/audit-log"}},
		},
		{
			Name: "graphql", Shape: "fixed_window", Window: time.Hour, OwnerScope: "credential", Dialect: "github",
			Match: []sdk.Match{{Path: "/graphql"}, {Path: "/api/graphql"}},
		},
		{
			Name: "scim", Shape: "adaptive", OwnerScope: "credential", Dialect: "github", Match: []sdk.Match{{Path: "/scim"}},
		},
	}
	for _, e := range endpoints {
		list = append(list, sdk.Bucket{
			Name: e.name, Shape: "rolling", Limit: 900, Window: time.Minute, OwnerScope: "credential", Dialect: "none",
			Match: append(points(e.path), points(numbered(e.path))...),
		})
	}
	return list
}

// points is what a call of an endpoint costs: reading 1, changing 5.
func points(path string) []sdk.Match {
	return []sdk.Match{
		{Method: "GET", Path: path}, {Method: "POST", Path: path, Cost: 5}, {Method: "PUT", Path: path, Cost: 5},
		{Method: "PATCH", Path: path, Cost: 5}, {Method: "DELETE", Path: path, Cost: 5},
	}
}

// numbered is a path as GitHub writes it in its Link headers, with ids in place of names: from the second page on.
func numbered(path string) string {
	path = strings.Replace(path, "/repos/*/*/", "/repositories/*/", 1)
	path = strings.Replace(path, "/orgs/*/teams", "/organizations/*/team", 1)
	return strings.Replace(path, "/orgs/*/", "/organizations/*/", 1)
}
