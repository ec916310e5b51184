package main

import (
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// Describe is constant.
func (connector) Describe() *sdk.Description {
	d := &sdk.Description{
		Name:    "box",
		Doc:     "Box enterprise",
		BaseURL: apiURL,
		Auth:    auth(),
		Settings: []sdk.Setting{
			{Name: "account_url", Type: sdk.SettingEndpoint, Default: "https://account.box.com", Doc: "where people log in, for mooring login"},
			{Name: "upload_url", Type: sdk.SettingEndpoint, Doc: "where actions write content; default: https://" + uploadHost + ", or base_url when that is another than Box's"},
		},
		Hosts: []sdk.Host{
			{Pattern: "${base_url}", Credentialed: true, Purpose: "the API, and the token endpoint"},
			{Pattern: uploadHost, Credentialed: true, Purpose: "content that actions write"},
			{Pattern: "${upload_url}", Credentialed: true, Purpose: "the same, when the setting says where"},
			{Pattern: "*.services.box.com", Purpose: "long-poll: tells that something happened"},
			{Pattern: "*.services.box.net", Ports: []uint32{80, 443}, Purpose: "long-poll, as older answers name it"},
		},
		Buckets: []sdk.Bucket{
			{Name: "calls", Shape: "fixed_window", Limit: 1000, Window: time.Minute, OwnerScope: "credential", Dialect: "retry_after"},
		},
		Classify: classify,
		Actions:  actions().Specs(),
		Fetches:  []sdk.Kind{sdk.KindAccount, sdk.KindGroup, sdk.KindFile},
		Realtime: []sdk.Realtime{
			{
				Name: "stream", Means: "longpoll", ExpectedDelay: watchEvery, Listings: []string{"users", "groups", "files", "trash", "events"},
				Needs: []string{manageEnterprise},
			},
			{
				Name: "webhook", Means: "webhook", ExpectedDelay: 10 * time.Second, Listings: []string{"users", "files"},
				Needs: []string{"manage_webhook", primaryField, secondaryField},
			},
		},
		Unsupported: map[string]string{
			"apps":              "Box has no API for the apps that users let in, or for their tokens; the events tell when one is let in or its token is revoked",
			"account_mfa":       "Box does not tell who has a second factor; only who is exempt from it",
			"account_last_used": "Box does not tell when a user was last active; the events do",
			"admin_permissions": "Box does not tell what a co-admin may do",
			"verified_domains":  "Box has no API for the enterprise's domains; name them in organization { domains }",
			"external_content":  "content that people outside the enterprise own and share with its users is theirs, and not listed",
		},
	}
	for _, s := range sources() {
		d.Listings = append(d.Listings, s.spec)
	}
	return d
}
