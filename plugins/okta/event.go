package main

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// event is an entry of the System Log, or of an event hook's delivery.
type event struct {
	UUID      string  `json:"uuid"`
	Published when    `json:"published"`
	Type      string  `json:"eventType"`
	Severity  text    `json:"severity"`
	Message   text    `json:"displayMessage"`
	Actor     party   `json:"actor"`
	Targets   []party `json:"target"`
	Outcome   struct {
		Result text `json:"result"`
		Reason text `json:"reason"`
	} `json:"outcome"`
	Client struct {
		ID    text `json:"id"`
		IP    text `json:"ipAddress"`
		Zone  text `json:"zone"`
		Agent struct {
			Raw text `json:"rawUserAgent"`
		} `json:"userAgent"`
		Place struct {
			City    text `json:"city"`
			State   text `json:"state"`
			Country text `json:"country"`
		} `json:"geographicalContext"`
	} `json:"client"`
	Auth struct {
		Session text `json:"externalSessionId"`
	} `json:"authenticationContext"`
	Transaction struct {
		ID     text `json:"id"`
		Type   text `json:"type"`
		Detail struct {
			Token text `json:"requestApiTokenId"`
		} `json:"detail"`
	} `json:"transaction"`
	Security struct {
		Organisation text  `json:"asOrg"`
		Proxy        *bool `json:"isProxy"`
	} `json:"securityContext"`
}

type party struct {
	ID        text `json:"id"`
	Type      text `json:"type"`
	Alternate text `json:"alternateId"`
	Name      text `json:"displayName"`
}

func (e *event) check() error {
	if e.UUID == "" || e.Type == "" || e.Published.IsZero() {
		return missing("log event", "uuid, eventType and published")
	}
	return nil
}

// targets gives the ids of the targets of a type.
func (e *event) targets(kind string) []string {
	var ids []string
	for i := range e.Targets {
		if t := &e.Targets[i]; string(t.Type) == kind && t.ID != "" && !slices.Contains(ids, string(t.ID)) {
			ids = append(ids, string(t.ID))
		}
	}
	return ids
}

// ref says who or what a party is. Ids of things that are no records of ours would lead nowhere: only the name is kept.
func (p *party) ref() *sdk.Ref {
	id, name := string(p.ID), string(p.Name)
	if name == "" {
		name = string(p.Alternate)
	}
	switch p.Type {
	case "User":
		r := ref(sdk.KindAccount, id, name)
		if r != nil && strings.Contains(string(p.Alternate), "@") {
			r.Email = new(string(p.Alternate))
		}
		return r
	case "UserGroup":
		return ref(sdk.KindGroup, id, name)
	case "AppInstance":
		return ref(sdk.KindApp, id, name)
	case "PublicClientApp":
		return ref(sdk.KindApp, "", name)
	case "":
		return nil
	}
	return ref(sdk.KindOther, "", name)
}

// maxRaw of an event's own JSON is kept.
const maxRaw = 64 << 10 // bytes

// activity makes a record of an event.
func (e *event) activity(raw json.RawMessage) *sdk.Activity {
	a := &sdk.Activity{
		Id: e.UUID, Time: e.Published.ts(), Type: new(e.activityType()), Action: new(e.Type), Actor: e.Actor.ref(), Ip: new(string(e.Client.IP)),
		UserAgent: new(string(e.Client.Agent.Raw)), Location: new(string(e.Client.Place.Country)), Admin: new(administers(e.Type)),
		Attributes: attrs("message", cut(string(e.Message), maxMessage), "severity", strings.ToLower(string(e.Severity)),
			"reason", cut(string(e.Outcome.Reason), maxMessage), "city", string(e.Client.Place.City), "state", string(e.Client.Place.State),
			"zone", string(e.Client.Zone), "network", string(e.Security.Organisation), "proxy", yes(e.Security.Proxy),
			"transaction", string(e.Transaction.ID), "api_token_id", string(e.Transaction.Detail.Token)),
	}
	if e.Auth.Session != "unknown" {
		a.SessionId = new(string(e.Auth.Session))
	}
	if strings.HasPrefix(e.Type, "user.session.impersonation.") {
		a.Impersonated = new(true)
	}
	for i := range e.Targets {
		if r := e.Targets[i].ref(); r != nil {
			a.Targets = append(a.Targets, r)
			if a.App == nil && r.GetKind() == sdk.KindApp {
				a.App = r
			}
		}
	}
	switch e.Outcome.Result {
	case "SUCCESS", "ALLOW":
		a.Outcome = new("success")
	case "FAILURE", "DENY", "RATE_LIMIT":
		a.Outcome = new("failure")
	default:
		a.Native = attrs("outcome", string(e.Outcome.Result))
	}
	if len(raw) > 0 && len(raw) <= maxRaw {
		a.Raw = raw
	}
	return a
}

func yes(b *bool) string {
	if b != nil && *b {
		return "true"
	}
	return ""
}

// activityTypes are Okta's types in our words. A name that ends in a dot stands for all that begin so; the longest fits.
var activityTypes = map[string]string{
	"user.session.start": "login", "user.session.end": "logout", "user.session.clear": "logout", "user.authentication.sso": "login",
	"user.lifecycle.create": "account_create", "user.lifecycle.": "account_update", "user.lifecycle.suspend": "account_suspend",
	"user.lifecycle.deactivate": "account_suspend", "user.lifecycle.delete.": "account_delete",
	"user.account.": "account_update", "user.mfa.": "account_update", "user.account.privilege.grant": "role_grant",
	"user.account.privilege.revoke": "role_revoke", "group.privilege.grant": "role_grant", "group.privilege.revoke": "role_revoke",
	"iam.resourceset.bindings.add": "role_grant", "iam.resourceset.bindings.delete": "role_revoke",
	"group.lifecycle.create": "group_create", "group.lifecycle.delete": "group_delete", "group.lifecycle.": "group_update",
	"group.profile.update": "group_update", "group.user_membership.add": "member_add", "group.user_membership.remove": "member_remove",
	"group.user_membership.rule.": "policy_change", "group.application_assignment.add": "member_add",
	"group.application_assignment.remove": "member_remove", "application.user_membership.add": "member_add",
	"application.user_membership.remove": "member_remove", "application.lifecycle.create": "app_install",
	"application.lifecycle.activate": "app_install", "application.lifecycle.delete": "app_remove",
	"application.lifecycle.deactivate": "app_remove", "application.lifecycle.update": "setting_change",
	"system.api_token.create": "grant_create", "system.api_token.revoke": "grant_revoke", "app.oauth2.as.consent.grant": "grant_create",
	"app.oauth2.as.consent.revoke": "grant_revoke", "app.oauth2.admin.consent.grant": "grant_create",
	"app.oauth2.admin.consent.revoke": "grant_revoke", "app.oauth2.client.privilege.grant": "role_grant",
	"app.oauth2.client.privilege.revoke": "role_revoke", "app.oauth2.token.revoke": "grant_revoke",
	"app.oauth2.as.token.revoke": "grant_revoke", "policy.": "policy_change", "zone.": "setting_change", "org.": "setting_change",
}

func (e *event) activityType() string {
	t := longest(activityTypes, e.Type)
	if t == "" {
		t = "other"
	}
	failed := e.Outcome.Result == "FAILURE" || e.Outcome.Result == "DENY"
	if failed && (t == "login" || strings.HasPrefix(e.Type, "user.authentication.")) {
		return "login_failed"
	}
	return t
}

// longest gives what the table has for a name, or for the longest of its beginnings.
func longest(table map[string]string, name string) string {
	if v, ok := table[name]; ok {
		return v
	}
	for i := len(name) - 1; i > 0; i-- {
		if name[i] == '.' {
			if v, ok := table[name[:i+1]]; ok {
				return v
			}
		}
	}
	return ""
}

// administers: an event of these is an act of administration, whoever did it.
func administers(name string) bool {
	for _, p := range []string{
		"user.lifecycle.", "user.account.privilege.", "group.", "application.lifecycle.", "application.user_membership.", "policy.", "zone.",
		"iam.", "system.api_token.", "app.oauth2.admin.", "app.oauth2.client.", "org.", "user.mfa.factor.reset_all",
		"user.session.clear", "user.account.unlock_by_admin", "user.account.expire_password",
	} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// recent: somebody may still be waiting to see what an event tells of.
func (e *event) recent(now time.Time) bool { return now.Sub(e.Published.Time) < recentFor }

const recentFor = 15 * time.Minute
