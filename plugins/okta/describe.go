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
		Name: "okta",
		Doc:  "Okta organisation (Workforce Identity)",
		Auth: auth(),
		Settings: []sdk.Setting{
			{
				Name: "base_url", Type: sdk.SettingEndpoint, Required: true, Identity: true,
				Doc: "the organisation's own address, https://acme.okta.com, without \"-admin\"",
			},
			{Name: "key_id", Doc: "KID of the service app's public key, as the console shows it; not needed where private_key is a JWK that has it"},
			{
				Name: "scopes", Type: sdk.SettingList, Default: strings.Join(readScopes, ","),
				Doc: "what the service app asks for; what was not granted is left out, and check names it",
			},
		},
		Hosts:    []sdk.Host{{Pattern: "${base_url}", Credentialed: true, Purpose: "Okta's API"}},
		Buckets:  buckets(),
		Classify: classify,
		Actions:  actions().Specs(),
		Fetches:  []sdk.Kind{sdk.KindAccount, sdk.KindGroup, sdk.KindApp},
		Realtime: []sdk.Realtime{
			{Name: "log", Means: "longpoll", ExpectedDelay: 5 * time.Second, Listings: hinted(), Needs: []string{"okta.logs.read"}},
			{Name: "webhook", Means: "webhook", ExpectedDelay: 10 * time.Second, Listings: hinted(), Needs: []string{secretField, hookScope}},
		},
		Unsupported: map[string]string{
			"files":         "Okta holds no files",
			"content":       "Okta holds no files",
			"trash":         "Okta has no trash: deactivated users are accounts with status deleted, and a deleted user is gone",
			"nested_groups": "Okta has no groups within groups",
			"authorize":     "a service app and an API token are made in the Admin Console; nobody consents in a browser",
			"sessions":      "Okta has no API that lists sessions; sign-ins are in the listing system_log",
		},
	}
	for _, s := range sources() {
		d.Listings = append(d.Listings, s.spec)
	}
	return d
}

// readScopes are those that reading needs. None of them can write.
var readScopes = []string{
	"okta.users.read", "okta.groups.read", "okta.roles.read", "okta.logs.read", "okta.apps.read", "okta.appGrants.read",
	"okta.apiTokens.read", orgScope,
}

// buckets: Okta counts by the exact path, which a prefix cannot say, so quotaKey does, and the number comes from the
// headers. Until then half of what Okta last published for its smaller plans: one app or token may use no more than half.
func buckets() []sdk.Bucket {
	list := []sdk.Bucket{{Name: "concurrent", Shape: "concurrency", Limit: 15, OwnerScope: "org", Dialect: "none"}}
	for _, b := range []struct {
		name, paths string
		half        int64
	}{
		{"users", "/api/v1/users", 50}, {"groups", "/api/v1/groups", 50}, {"apps", "/api/v1/apps", 10},
		{"logs", "/api/v1/logs", 10}, {"oauth", "/oauth2", 12},
		{"other", "/api/v1/iam /api/v1/api-tokens /api/v1/org /api/v1/eventHooks /api/v1/email-domains /.well-known", 50},
	} {
		bucket := sdk.Bucket{
			Name: b.name, Shape: "fixed_window", Limit: b.half, Window: time.Minute, KeySource: "context", OwnerScope: "org", Dialect: "okta",
		}
		for p := range strings.FieldsSeq(b.paths) {
			bucket.Match = append(bucket.Match, sdk.Match{Path: p})
		}
		list = append(list, bucket)
	}
	return list
}

// quotaKey names the part of a bucket that Okta counts apart: lists, single things, and what is below these.
func quotaKey(method, path string) string {
	segments := strings.Split(strings.Trim(path, "/"), "/")
	i := slices.Index(segments, "v1")
	if i < 0 || i+1 >= len(segments) {
		return ""
	}
	below := segments[i+2:]
	switch segments[i+1] {
	case "users":
		switch {
		case len(below) == 1 && method == "GET":
			return "one"
		case len(below) > 1:
			return "below"
		}
	case "groups", "apps":
		if len(below) == 1 && below[0] != "rules" {
			return "one"
		}
	}
	return ""
}
