package main

import (
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

const maxRefs = 50 // in one hint

// looks gathers where to look, each place once.
type looks struct {
	list []sdk.Hint
	refs map[string]map[string]bool // listing → ids
}

// hintsOf says where to look after some events.
func hintsOf(events []event) []sdk.Hint {
	l := &looks{refs: map[string]map[string]bool{}}
	for i := range events {
		l.add(&events[i])
	}
	return l.list
}

func (l *looks) add(e *event) {
	at := func(listing string, shards ...string) {
		if len(shards) == 0 {
			l.place(listing, "", e)
		}
		for _, s := range shards {
			l.place(listing, s, e)
		}
	}
	has := func(prefixes ...string) bool {
		for _, p := range prefixes {
			if strings.HasPrefix(e.Type, p) {
				return true
			}
		}
		return false
	}
	if has("user.lifecycle.", "user.account.") {
		l.refer("users", sdk.KindAccount, e.targets("User"), e)
	}
	groups, apps := e.targets("UserGroup"), e.targets("AppInstance")
	switch {
	case has("iam.role."):
		at("roles")
	case has(roleEvents[:3]...):
		at("admin_roles")
		if len(groups) > 0 {
			at("groups")
			at("group_roles", groups...)
		}
	case has("user.mfa.factor."):
		at("factors")
	case has("group.user_membership.rule"), has("group.rule"):
		at("group_rules")
	case has("group.user_membership."):
		at("memberships", groups...)
	case has("group.lifecycle.create"):
		at("groups")
	case has("group.lifecycle.", "group.profile."):
		l.refer("groups", sdk.KindGroup, groups, e)
		if has("group.lifecycle.delete") {
			at("memberships", groups...)
		}
	case has("application.user_membership."):
		at("app_users", apps...)
	case has("group.application_assignment."):
		at("app_groups", apps...)
		at("app_users", apps...)
	case has("application.lifecycle.", "app.oauth2.client.lifecycle."):
		at("apps")
	case has("app.oauth2.as.consent.", "app.oauth2.admin.consent."):
		at("app_grants", apps...)
	case has("system.api_token."):
		at("api_tokens")
	}
}

// place adds a listing or a shard of it.
func (l *looks) place(listing, shard string, e *event) {
	for i := range l.list {
		if h := &l.list[i]; h.Listing == listing && h.Shard == shard && len(h.Refs) == 0 {
			return
		}
	}
	l.list = append(l.list, sdk.Hint{Listing: listing, Shard: shard, Reason: e.Type, SeenAt: e.Published.Time})
}

// refer adds single things of a listing.
func (l *looks) refer(listing string, kind sdk.Kind, ids []string, e *event) {
	for _, id := range ids {
		if l.refs[listing][id] {
			continue
		}
		if l.refs[listing] == nil {
			l.refs[listing] = map[string]bool{}
		}
		l.refs[listing][id] = true
		h := l.hintFor(listing, e)
		h.Refs = append(h.Refs, sdk.To(kind, id))
	}
}

// hintFor gives a hint of the listing that has room for one more.
func (l *looks) hintFor(listing string, e *event) *sdk.Hint {
	for i := range l.list {
		if h := &l.list[i]; h.Listing == listing && len(h.Refs) > 0 && len(h.Refs) < maxRefs {
			return h
		}
	}
	l.list = append(l.list, sdk.Hint{Listing: listing, Reason: e.Type, SeenAt: e.Published.Time})
	return &l.list[len(l.list)-1]
}

// hinted are the listings that hints lead to.
func hinted() []string {
	return []string{
		"users", "groups", "memberships", "group_rules", "roles", "group_roles", "admin_roles", "apps", "app_users", "app_groups", "app_grants",
		"api_tokens", "factors", "system_log",
	}
}

// lookAtLog tells that there is something new in the log itself.
func lookAtLog(now time.Time) sdk.Hint {
	return sdk.Hint{Listing: "system_log", Reason: "new events", SeenAt: now}
}
