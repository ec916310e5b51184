package main

import (
	"context"
	"net/http"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// hookScope is not among those that are asked for by themselves: it may write.
const hookScope = "okta.eventHooks.manage"

const hookName = "Mooring"

// hookTypes are the events that Okta sends to hooks and that change what is listed.
var hookTypes = []string{
	"user.lifecycle.create", "user.lifecycle.activate", "user.lifecycle.deactivate", "user.lifecycle.suspend", "user.lifecycle.unsuspend",
	"user.lifecycle.reactivate", "user.lifecycle.delete.initiated", "user.account.lock", "user.account.unlock_by_admin",
	"user.account.update_password",
	"user.account.reset_password", "user.mfa.factor.activate", "user.mfa.factor.deactivate", "user.mfa.factor.reset_all",
	"group.user_membership.add", "group.user_membership.remove", "user.account.privilege.grant", "user.account.privilege.revoke",
	"group.privilege.grant", "group.privilege.revoke", "iam.resourceset.bindings.add", "iam.resourceset.bindings.delete",
	"app.oauth2.client.privilege.grant", "application.lifecycle.create", "application.lifecycle.update", "application.lifecycle.activate",
	"application.lifecycle.deactivate", "application.lifecycle.delete", "application.user_membership.add", "application.user_membership.remove",
	"application.user_membership.update", "system.api_token.create", "system.api_token.revoke", "app.oauth2.as.consent.grant",
	"app.oauth2.as.consent.revoke",
}

type eventHook struct {
	ID       string `json:"id,omitempty"`
	Name     string `json:"name"`
	Verified string `json:"verificationStatus,omitempty"`
	Events   struct {
		Type  string   `json:"type"`
		Items []string `json:"items"`
	} `json:"events"`
	Channel struct {
		Type    string `json:"type"`
		Version string `json:"version"`
		Config  struct {
			URI  string    `json:"uri"`
			Auth *hookAuth `json:"authScheme,omitempty"`
		} `json:"config"`
	} `json:"channel"`
}

type hookAuth struct {
	Type  string `json:"type"`
	Key   string `json:"key"`
	Value string `json:"value,omitempty"`
}

// Subscribe registers the event hook, or brings the one at this address up to date, and lets Okta verify it, for which
// Okta calls the address at once. One hook tells of all listings, and it does not expire.
func (connector) Subscribe(ctx context.Context, s *sdk.Session, listing string, _ *sdk.Shard, callback, secret string) (string, time.Time, error) {
	if listing != "" {
		return "", time.Time{}, sdk.Errorf(sdk.ErrUnsupported, "one event hook tells of %s too", listing)
	}
	if secret == "" {
		return "", time.Time{}, &sdk.Error{Type: sdk.ErrInvalid, Field: secretField, Message: "set webhook_secret: Okta does not sign what it sends"}
	}
	h := eventHook{Name: hookName}
	h.Events.Type, h.Events.Items = "EVENT_TYPE", hookTypes
	h.Channel.Type, h.Channel.Version = "HTTP", "1.0.0"
	h.Channel.Config.URI, h.Channel.Config.Auth = callback, &hookAuth{Type: "HEADER", Key: "Authorization", Value: secret}
	id, err := hookAt(ctx, s, callback)
	if err != nil {
		return "", time.Time{}, manages(err)
	}
	method, ref := http.MethodPost, "/api/v1/eventHooks"
	if id != "" { // the secret cannot be read, so it is set each time
		method, ref = http.MethodPut, path("/api/v1/eventHooks/%s", id)
	}
	var made eventHook
	if _, err := call(ctx, s, method, ref, h, &made); err != nil {
		return "", time.Time{}, manages(err)
	}
	if made.ID == "" {
		return "", time.Time{}, missing("event hook", "id")
	}
	_, err = call(ctx, s, http.MethodPost, path("/api/v1/eventHooks/%s/lifecycle/verify", made.ID), nil, nil)
	return made.ID, time.Time{}, manages(err)
}

// hookAt gives the id of the hook at an address; "" when there is none.
func hookAt(ctx context.Context, s *sdk.Session, callback string) (string, error) {
	hooks, _, err := getList[eventHook](ctx, s, "/api/v1/eventHooks")
	for i := range hooks {
		if hooks[i].Channel.Config.URI == callback {
			return hooks[i].ID, err
		}
	}
	return "", err
}

// Unsubscribe takes the hook back. One that is not there any more is as wanted.
func (connector) Unsubscribe(ctx context.Context, s *sdk.Session, id string) error {
	_, err := call(ctx, s, http.MethodPost, path("/api/v1/eventHooks/%s/lifecycle/deactivate", id), nil, nil)
	if err == nil {
		_, err = call(ctx, s, http.MethodDelete, path("/api/v1/eventHooks/%s", id), nil, nil)
	}
	if isGone(err) {
		return nil
	}
	return manages(err)
}

// manages names the scope behind a refusal.
func manages(err error) error {
	if sdk.TypeOf(err) != sdk.ErrPermission {
		return err
	}
	return &sdk.Error{
		Type: sdk.ErrPermission, Permission: hookScope, Capability: "realtime:webhook", Sent: true,
		Message: "event hooks need the scope " + hookScope + " (add it to setting scopes) and the role Super Administrator; " +
			"without them changes are seen in the log, a few seconds later",
	}
}
