package main

import (
	"strings"
	"testing"
	"time"

	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
	"github.com/mooring-hq/mooring/sdk"
)

// TestLog: a window of a log comes whole, over its pages, and only it.
func TestLog(t *testing.T) {
	w := start(t, newWorld(), nil)
	c, s := w.connector(), w.session(t)
	r := must(t, walk(t, c, s, window("log_login", worldNow.AddDate(0, 0, -10), worldNow)))
	if len(r.records) != 2300 || len(r.marks) != 3 {
		t.Errorf("%d activities in %d pages", len(r.records), len(r.marks))
	}
	r = must(t, walk(t, c, s, window("log_login", worldNow.Add(-3*time.Hour), worldNow)))
	if n := len(r.records); n != 120 {
		t.Errorf("%d activities in the last three hours, want 120", n)
	}
	failed := 0
	for _, rec := range r.records {
		a, ok := rec.(*sdk.Activity)
		if !ok || a.GetActor().GetId() == "" || a.GetActor().GetEmail() == "" || a.GetIp() == "" || a.GetLocation() != "SE" || len(a.GetRaw()) == 0 {
			t.Fatalf("activity: %v", rec)
		}
		if a.GetType() == "login_failed" && a.GetOutcome() == "failure" {
			failed++
		}
	}
	if failed != 12 {
		t.Errorf("%d sign-ins that did not succeed", failed)
	}
}

// TestLateEvents: an entry that the log shows hours later is in the windows that the host asks for by then, once.
func TestLateEvents(t *testing.T) {
	w := newWorld()
	w.log("login", worldNow.Add(-time.Minute), w.users[10], "login", "login_success")
	w.logs["login"][len(w.logs["login"])-1].Seen = worldNow.Add(2 * time.Hour)
	start(t, w, nil)
	c, s := w.connector(), w.session(t)
	now := must(t, walk(t, c, s, window("log_login", worldNow.Add(-30*time.Minute), worldNow)))
	w.later(150 * time.Minute)
	late := must(t, walk(t, c, s, window("log_login", worldNow.Add(150*time.Minute-slowLogs), worldNow.Add(150*time.Minute))))
	if len(now.records) != 0 || len(late.records) != 1 {
		t.Errorf("%d activities at once, %d later", len(now.records), len(late.records))
	}
}

// TestEventIDs: neither the time nor the qualifier nor the application alone makes an event, and one entry may have several.
func TestEventIDs(t *testing.T) {
	w := newWorld()
	w.logs["admin"], w.logs["login"] = nil, nil
	at := worldNow.Add(-time.Hour)
	for i := range 3 {
		e := gw.Activity{Time: at, Qualifier: 7, Actor: adminEmail, Events: []gw.Event{{Type: "A", Name: "ONE"}, {Type: "A", Name: "TWO"}}}
		switch i {
		case 0:
			w.logs["login"] = append(w.logs["login"], e)
		case 1:
			e.Qualifier = -7
		case 2:
			e.Time = at.Add(time.Second)
		}
		w.logs["admin"] = append(w.logs["admin"], e)
	}
	start(t, w, nil)
	c, s := w.connector(), w.session(t)
	n := 0
	seen := map[string]bool{}
	for _, app := range []string{"log_admin", "log_login"} {
		for key := range must(t, walk(t, c, s, window(app, at.Add(-time.Hour), worldNow))).records {
			seen[key] = true
			n++
		}
	}
	if n != 8 || len(seen) != 8 {
		t.Errorf("%d activities with %d ids, want 8", n, len(seen))
	}
}

func TestActivityTypes(t *testing.T) {
	tests := []struct {
		app, kind, name string
		params          []parameter
		want            string
	}{
		{"login", "login", "login_success", nil, "login"},
		{"login", "login", "login_failure", nil, "login_failed"},
		{"login", "login", "something_new", nil, "other"},
		{"admin", "USER_SETTINGS", "CREATE_USER", nil, "account_create"},
		{"admin", "USER_SETTINGS", "CHANGE_FIRST_NAME", nil, "account_update"},
		{"admin", "GROUP_SETTINGS", "CHANGE_GROUP_SETTING", nil, "group_update"},
		{"admin", "DOMAIN_SETTINGS", "CHANGE_ADVERTISEMENT_OPTION", nil, "setting_change"},
		{"admin", "DELEGATED_ADMIN_SETTINGS", "ASSIGN_ROLE", nil, "role_grant"},
		{"token", "auth", "authorize", nil, "grant_create"},
		{"token", "auth", "activity", nil, "other"},
		{"drive", "access", "download", nil, "file_download"},
		{"drive", "acl_change", "change_user_access", []parameter{{Name: "new_value", Multi: []string{"can_view"}}}, "file_share"},
		{"drive", "acl_change", "change_user_access", []parameter{{Name: "new_value", Multi: []string{"none"}}}, "file_unshare"},
		{"groups_enterprise", "moderator_action", "add_member", nil, "member_add"},
		{"groups_enterprise", "moderator_action", "change_identity", nil, "group_update"},
	}
	known := sdk.Vocabulary("activity.type")
	for _, tt := range tests {
		got := activityType(tt.app, &event{Type: tt.kind, Name: tt.name, Parameters: tt.params})
		if got != tt.want || !strings.Contains(" "+strings.Join(known, " ")+" ", " "+got+" ") {
			t.Errorf("%s %s: %s, want %s", tt.app, tt.name, got, tt.want)
		}
	}
	for app, types := range activityTypes {
		for name, v := range types {
			if !strings.Contains(" "+strings.Join(known, " ")+" ", " "+v+" ") {
				t.Errorf("%s %s: %q is no type of activity", app, name, v)
			}
		}
	}
}
