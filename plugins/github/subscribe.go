package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// subscribed are the events that a webhook of an organisation can have, of those that point somewhere. The others only
// come to Apps.
var subscribed = []string{
	"deploy_key", "fork", "member", "membership", "meta", "org_block", "organization", "public", "push", "repository",
	"repository_import", "secret_scanning_alert", "secret_scanning_alert_location", "security_and_analysis", "team", "team_add",
}

// maxHooks is how many webhooks are looked through for ours; an organisation has 20 for an event.
const maxHooks = 1_000

type hookConfig struct {
	URL         string `json:"url"`
	ContentType string `json:"content_type"`
	Secret      string `json:"secret,omitempty"`
	InsecureSSL string `json:"insecure_ssl"`
}

type hookInput struct {
	Name   string     `json:"name,omitempty"`
	Active bool       `json:"active"`
	Events []string   `json:"events"`
	Config hookConfig `json:"config"`
}

// Subscribe makes the organisation's webhook at an address, or puts the one there in order: one tells of all listings. It
// takes a permission that reading does not; without it a person sets the webhook up, or that of the App.
func (connector) Subscribe(ctx context.Context, s *sdk.Session, listing string, _ *sdk.Shard, callback, secret string) (string, time.Time, error) {
	if listing != "" {
		return "", time.Time{}, sdk.Errorf(sdk.ErrUnsupported, "one webhook of the organisation tells of %s too", listing)
	}
	in := hookInput{
		Active: true, Events: subscribed, Config: hookConfig{URL: callback, ContentType: "json", Secret: secret, InsecureSSL: "0"},
	}
	id, err := findHook(ctx, s, callback)
	if err != nil {
		return "", time.Time{}, notByUs(err)
	}
	method, ref := http.MethodPost, orgPath(s, "/hooks")
	if id != "" { // the secret cannot be read, so it is set each time
		method, ref = http.MethodPatch, orgPath(s, path("/hooks/%s", id))
	} else {
		in.Name = "web"
	}
	var made struct {
		ID int64 `json:"id"`
	}
	if err := change(ctx, s, method, ref, in, &made); err != nil {
		return "", time.Time{}, notByUs(err)
	}
	if made.ID <= 0 {
		return "", time.Time{}, missing("webhook", "id")
	}
	return num(made.ID), time.Time{}, nil
}

// findHook gives the id of the webhook at an address, "" when there is none.
func findHook(ctx context.Context, s *sdk.Session, callback string) (string, error) {
	for ref, n := paged(orgPath(s, "/hooks"), maxPerPage), 0; ref != "" && n < maxHooks; {
		list, a, err := getList[struct {
			ID     int64      `json:"id"`
			Config hookConfig `json:"config"`
		}](ctx, s, ref, "")
		if err != nil {
			return "", err
		}
		for _, h := range list {
			if h.Config.URL == callback && h.ID > 0 {
				return num(h.ID), nil
			}
		}
		ref, n = a.next, n+max(1, len(list))
	}
	return "", nil
}

// Unsubscribe removes the webhook. One that somebody else removed is gone as well.
func (connector) Unsubscribe(ctx context.Context, s *sdk.Session, id string) error {
	err := change(ctx, s, http.MethodDelete, orgPath(s, path("/hooks/%s", id)), nil, nil)
	if sdk.TypeOf(err) == sdk.ErrNotFound {
		return nil
	}
	return err
}

// notByUs says what to do where the credential may not write webhooks; GitHub answers that with "not found".
func notByUs(err error) error {
	if t := sdk.TypeOf(err); t != sdk.ErrNotFound && t != sdk.ErrPermission {
		return err
	}
	return &sdk.Error{
		Type: sdk.ErrPermission, Sent: true, Permission: "organization_hooks:write", Capability: "realtime:webhook",
		Message: "the credential may not add webhooks (organization_hooks: write, or scope admin:org_hook); " +
			"set webhook_secret, and the same secret and the address that `mooring status` shows at the App's or the organisation's webhook",
	}
}

// change sends what is not read only.
func change(ctx context.Context, s *sdk.Session, method, ref string, in, out any) error {
	u, err := resolve(s, ref)
	if err != nil {
		return err
	}
	var body []byte
	if in != nil {
		if body, err = json.Marshal(in); err != nil {
			return sdk.Errorf(sdk.ErrInternal, "encoding a request: %w", err)
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, u, bytes.NewReader(body))
	if err != nil {
		return sdk.Errorf(sdk.ErrInvalid, "not a request: %w", err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	_, err = do(s, req, out)
	return err
}
