package main

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	maxRaw        = 64 << 10 // bytes of an entry's own JSON that are kept
	maxParameters = 40       // of an event, as attributes
	maxLogRecords = 400_000  // of one window; the host asks again for half of it
)

// feed reads one window of a log. Google gives the newest first and knows no other order.
func feed(app string) func(context.Context, *scan) error {
	return func(ctx context.Context, sc *scan) error {
		if sc.w.From.IsZero() || sc.w.Until.IsZero() {
			return sdk.Errorf(sdk.ErrInvalid, "listing %s is read by windows", sc.w.Listing)
		}
		l := logQuery{app: app, from: sc.w.From, until: sc.w.Until, size: sc.size(activitiesPerPage)}
		n := 0
		err := sc.pages(ctx, "", func(ctx context.Context, token string) (string, error) {
			var p struct {
				Items []json.RawMessage `json:"items"`
				Next  string            `json:"nextPageToken"`
			}
			if err := sc.logPage(ctx, l, token, &p); err != nil {
				return "", err
			}
			for _, raw := range p.Items {
				if err := sc.addActivity(app, raw); err != nil {
					return "", err
				}
			}
			if n += len(p.Items); n > maxLogRecords {
				return "", sdk.Errorf(sdk.ErrTooLarge, "the log %s has more than %d entries in one window", app, maxLogRecords)
			}
			return p.Next, nil
		})
		if err != nil {
			return err
		}
		return sc.w.Complete()
	}
}

func (sc *scan) addActivity(app string, raw json.RawMessage) error {
	var a activity
	if err := json.Unmarshal(raw, &a); err != nil && !partly(err) {
		return &sdk.Error{Type: sdk.ErrInternal, Message: "the log " + app + " holds something that is no entry", Sent: true}
	}
	if a.ID.Time.ts() == nil {
		return missing("log entry", "id.time")
	}
	for i := range a.Events {
		r := a.record(app, i)
		if sc.s.KeepRaw && len(raw) <= maxRaw {
			r.Raw = raw
		}
		sc.w.Add(r)
	}
	return nil
}

// partly: a field has another type than expected; encoding/json then fills all others, and one odd parameter must not cost
// the log.
func partly(err error) bool {
	_, ok := err.(*json.UnmarshalTypeError) //nolint:errorlint // what Unmarshal returns, unwrapped
	return ok
}

// record makes an activity of one event. No part of its id says alone which event it is.
func (a *activity) record(app string, i int) *sdk.Activity {
	e := &a.Events[i]
	r := &sdk.Activity{
		Id:   sdk.ID(app, a.ID.Time.UTC().Format("20060102T150405.000Z"), a.ID.Qualifier, a.ID.Customer, strconv.Itoa(i)),
		Time: a.ID.Time.ts(), Action: new(e.Name), Type: new(activityType(app, e)), Actor: a.actor(), Targets: e.targets(app),
		Ip: new(a.IP), Location: new(a.Network.Region), Outcome: new("success"), Admin: new(app == "admin"), App: a.app(app, e),
		Impersonated: a.Actor.Application.Impersonates, Native: attrs("type", e.Type),
		Attributes: attrs("application", app, "by_agent", truth(a.Agent)),
	}
	if len(r.GetId()) > sdk.MaxIDBytes {
		r.Id = sdk.StableID(r.GetId())
	}
	if r.GetType() == "login_failed" {
		r.Outcome = new("failure")
	}
	for n := range min(len(e.Parameters), maxParameters) {
		p := &e.Parameters[n]
		r.Attributes = append(r.Attributes, attrs(strings.ToLower(p.Name), cut(p.text(), maxMessage))...)
	}
	return r
}

func (a *activity) actor() *sdk.Ref {
	if a.Actor.CallerType == "KEY" && a.Actor.Email == "" {
		return ref(sdk.KindApp, "", "", a.Actor.Key)
	}
	return ref(sdk.KindAccount, a.profile(), a.Actor.Email, "")
}

// app is the program that did it, or that it was done to.
func (a *activity) app(application string, e *event) *sdk.Ref {
	if application == "token" {
		return ref(sdk.KindApp, e.text("client_id"), "", e.text("app_name"))
	}
	if application == "saml" {
		return ref(sdk.KindApp, "", "", e.text("application_name"))
	}
	return ref(sdk.KindApp, a.Actor.Application.Client, "", a.Actor.Application.Name)
}

// targets are who and what it was done to.
func (e *event) targets(app string) []*sdk.Ref {
	var list []*sdk.Ref
	add := func(r *sdk.Ref) {
		if r != nil {
			list = append(list, r)
		}
	}
	switch app {
	case "drive":
		add(ref(sdk.KindFile, e.text("doc_id"), "", e.text("doc_title")))
		add(ref(sdk.KindAccount, "", mailOnly(e.text("target_user")), ""))
	case "admin":
		add(ref(sdk.KindAccount, "", mailOnly(e.text("USER_EMAIL")), ""))
		add(ref(sdk.KindGroup, "", mailOnly(e.text("GROUP_EMAIL")), ""))
		add(ref(sdk.KindRole, "", "", e.text("ROLE_NAME")))
		add(ref(sdk.KindGroup, "", "", e.text("ORG_UNIT_NAME")))
	case "groups_enterprise", "groups":
		add(ref(sdk.KindGroup, "", mailOnly(e.first("group_id", "group_email")), ""))
		add(ref(sdk.KindAccount, "", mailOnly(e.first("member_id", "user_email")), ""))
	case "user_accounts", "login":
		add(ref(sdk.KindAccount, "", mailOnly(e.first("affected_email_address", "email")), ""))
	}
	return list
}

func mailOnly(s string) string {
	if strings.Contains(s, "@") {
		return s
	}
	return ""
}

// activityTypes are by application and the lower-case name of the event.
var activityTypes = map[string]map[string]string{
	"login": {
		"login_success": "login", "login_failure": "login_failed", "logout": "logout", "suspicious_login": "login",
		"suspicious_login_less_secure_app": "login", "suspicious_programmatic_login": "login", "passkey_enrolled": "account_update",
		"account_disabled_generic": "account_suspend", "account_disabled_hijacked": "account_suspend",
		"account_disabled_password_leak": "account_suspend", "account_disabled_spamming": "account_suspend",
		"account_disabled_spamming_through_relay": "account_suspend", "2sv_enroll": "account_update", "2sv_disable": "account_update",
		"password_edit": "account_update", "recovery_email_edit": "account_update", "recovery_phone_edit": "account_update",
	},
	"saml": {"login_success": "login", "login_failure": "login_failed"},
	"user_accounts": {
		"2sv_enroll": "account_update", "2sv_disable": "account_update", "password_edit": "account_update",
		"recovery_email_edit": "account_update", "recovery_phone_edit": "account_update", "titanium_enroll": "account_update",
	},
	"token": {"authorize": "grant_create", "revoke": "grant_revoke"},
	"admin": {
		"create_user": "account_create", "delete_user": "account_delete", "suspend_user": "account_suspend", "archive_user": "account_suspend",
		"undelete_user": "account_create", "grant_admin_privilege": "role_grant", "revoke_admin_privilege": "role_revoke",
		"grant_delegated_admin_privileges": "role_grant", "assign_role": "role_grant", "unassign_role": "role_revoke",
		"create_group": "group_create", "delete_group": "group_delete", "add_group_member": "member_add", "remove_group_member": "member_remove",
		"authorize_api_client_access": "grant_create", "remove_api_client_access": "grant_revoke",
		"add_application": "app_install", "remove_application": "app_remove",
	},
	"groups_enterprise": {
		"create_group": "group_create", "delete_group": "group_delete", "add_member": "member_add", "add_user": "member_add",
		"remove_member": "member_remove", "remove_user": "member_remove", "add_member_role": "group_update",
	},
	"groups": {
		"create_group": "group_create", "delete_group": "group_delete", "add_user": "member_add", "remove_user": "member_remove",
	},
	"drive": {
		"view": "file_view", "preview": "file_view", "print": "file_view", "download": "file_download", "upload": "file_upload",
		"create": "file_upload", "copy": "file_upload", "edit": "file_update", "rename": "file_update", "move": "file_update",
		"trash": "file_delete", "delete": "file_delete", "untrash": "file_restore", "change_owner": "file_share",
		"change_user_access": "file_share", "change_document_visibility": "file_share", "change_document_access_scope": "file_share",
		"change_acl_editors": "file_share", "shared_drive_membership_change": "file_share", "team_drive_membership_change": "file_share",
	},
	"rules": {"rule_match": "policy_change"},
}

func activityType(app string, e *event) string {
	name := strings.ToLower(e.Name)
	t, ok := activityTypes[app][name]
	switch {
	case ok && t == "file_share" && e.withdraws():
		return "file_unshare"
	case ok:
		return t
	case app == "admin" && strings.HasSuffix(e.Type, "USER_SETTINGS"):
		return "account_update"
	case app == "admin" && strings.HasSuffix(e.Type, "GROUP_SETTINGS"), app == "groups", app == "groups_enterprise":
		return "group_update"
	case app == "admin":
		return "setting_change"
	}
	return "other"
}

// withdraws: a change of access after which there is less.
func (e *event) withdraws() bool {
	return e.text("new_value") == "none" || e.text("membership_change_type") == "remove_from_shared_drive" ||
		e.text("visibility_change") == "internal" && e.Name == "change_document_visibility"
}
