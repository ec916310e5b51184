package main

import (
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

func settings() []sdk.Setting {
	return []sdk.Setting{
		{Name: adminSetting, Doc: "e-mail of the administrator in whose name the directory and the logs are read", Required: true},
		{Name: baseSetting, Type: sdk.SettingEndpoint, Default: "https://admin.googleapis.com", Doc: "where the Admin SDK is", Identity: true},
		{Name: driveSetting, Type: sdk.SettingEndpoint, Default: "https://www.googleapis.com", Doc: "where the Drive API is"},
		{Name: tokenSetting, Type: sdk.SettingEndpoint, Default: "https://oauth2.googleapis.com/token", Doc: "where access tokens are obtained"},
		{Name: quarantineSetting, Doc: "where the action quarantine moves files: the id of a shared drive, or of one and of a folder in it as DRIVE/FOLDER"},
	}
}

// Describe is constant.
func (c connector) Describe() *sdk.Description {
	d := &sdk.Description{
		Name: "googleworkspace", Doc: "Google Workspace: directory, Drive, audit logs, apps that people let in",
		BaseURL: "https://admin.googleapis.com", Auth: auth(), Settings: settings(), Buckets: buckets(), Classify: classify,
		Hosts: []sdk.Host{
			{Pattern: "${base_url}", Credentialed: true, Purpose: "Admin SDK: directory and audit logs"},
			{Pattern: "${drive_url}", Credentialed: true, Purpose: "Drive API"},
			{Pattern: "${token_url}", Credentialed: true, Purpose: "access tokens"},
		},
		Actions:  c.actions().Specs(),
		Fetches:  kinds(sdk.KindAccount, sdk.KindGroup),
		Realtime: realtime(),
		Unsupported: map[string]string{
			"account_manager": "the manager is free text in a profile, not a reference",
			"saml_apps":       "Google has no API for the SAML apps people sign in to; the log log_saml tells of their use",
			"app_passwords":   "the only scope for listing them can also delete them",
			"sign_in_agent":   "Google does not tell the user agent of a sign-in",
			"suspended_files": "Google lets nobody act for a suspended account, so its files are as they were last seen",
			"file_path":       "Drive knows only the folder a file is in: file.parent",
		},
	}
	for _, s := range sources() {
		d.Listings = append(d.Listings, s.spec)
	}
	return d
}

// Google counts Drive in units, by what is asked for.
const (
	unitsList = 100
	unitsRead = 5
	unitsEdit = 50
)

func driveUnits() []sdk.Match {
	return []sdk.Match{
		{Method: "GET", Path: "/drive/v3/files/*/permissions", Cost: unitsList},
		{Method: "GET", Path: "/drive/v3/files/*", Cost: unitsRead},
		{Method: "GET", Path: "/drive/v3/files", Cost: unitsList},
		{Method: "GET", Path: "/drive/v3/changes/startPageToken", Cost: unitsRead},
		{Method: "GET", Path: "/drive/v3/changes", Cost: unitsList},
		{Method: "GET", Path: "/drive/v3/drives/*", Cost: unitsRead},
		{Method: "GET", Path: "/drive/v3/drives", Cost: unitsList},
		{Method: "PATCH", Path: "/drive/v3/files", Cost: unitsEdit},
		{Method: "PATCH", Path: "/upload/drive/v3/files", Cost: unitsEdit},
		{Method: "POST", Path: "/drive/v3/files", Cost: unitsEdit},
		{Method: "DELETE", Path: "/drive/v3/files", Cost: unitsEdit},
		{Path: "/drive/v3", Cost: unitsRead},
	}
}

// buckets: Google gives no headers, so the numbers are those of its documents. "user" is whom a request acts as.
func buckets() []sdk.Bucket {
	return []sdk.Bucket{
		{
			Name: "directory", Shape: "rolling", Limit: 2400, Window: time.Minute, KeySource: "context", OwnerScope: "project",
			Dialect: "none", Match: []sdk.Match{{Path: "/admin/directory"}, {Path: "/admin/directory_v1"}},
		},
		{
			Name: "reports", Shape: "rolling", Limit: 2400, Window: time.Minute, KeySource: "context", OwnerScope: "project",
			Dialect: "none", Match: []sdk.Match{{Path: "/admin/reports"}, {Path: "/admin/reports_v1"}},
		},
		{
			Name: "drive", Shape: "rolling", Limit: 1_000_000, Window: time.Minute, OwnerScope: "project", Dialect: "none", Match: driveUnits(),
		},
		{
			Name: "drive_user", Shape: "rolling", Limit: 325_000, Window: time.Minute, KeySource: "context", OwnerScope: "project",
			Dialect: "none", Match: driveUnits(),
		},
	}
}

func realtime() []sdk.Realtime {
	return []sdk.Realtime{
		{
			Name: "logs", Means: "longpoll", ExpectedDelay: 3 * time.Minute,
			Listings: watchedListings(), Needs: urls(scopeAudit),
		},
		{
			Name: "push", Means: "webhook", ExpectedDelay: time.Minute, Listings: pushedListings(), Needs: []string{secretField},
		},
	}
}
