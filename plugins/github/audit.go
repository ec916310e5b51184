package main

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"net/url"
	"strconv"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// maxRaw of an event's own JSON is kept.
const maxRaw = 64 << 10 // bytes

// auditLog reads one window of the log, oldest first. Its cursors come from Link only.
func auditLog(ctx context.Context, c *scan) error {
	if c.w.From.IsZero() || c.w.Until.IsZero() {
		return sdk.Errorf(sdk.ErrInvalid, "listing audit_log is read by windows")
	}
	phrase := "created:" + c.w.From.UTC().Format(time.RFC3339) + ".." + c.w.Until.UTC().Add(time.Second-1).Format(time.RFC3339)
	ref := paged(orgPath(c.s, "/audit-log"), c.size, "phrase="+url.QueryEscape(phrase), "include="+include(c.s), "order=asc")
	last := c.w.From
	return c.finish(ctx, each(c, ref, func(raw *json.RawMessage) error {
		a, err := auditActivity(*raw, last, c.s.KeepRaw)
		if err != nil {
			return err
		}
		last = a.GetTime().AsTime()
		c.w.Add(a)
		return nil
	}))
}

func include(s *sdk.Session) string {
	if v := s.Settings["audit_events"]; v != "" {
		return v
	}
	return "web"
}

// fields is an event of the log as it came. GitHub adds fields at will, and gives some now as one value, now as a list.
type fields map[string]any

// auditActivity makes an activity of one event. An event without a time takes that of the one before it.
func auditActivity(raw json.RawMessage, before time.Time, keepRaw bool) (*sdk.Activity, error) {
	var f fields
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&f); err != nil || f == nil {
		return nil, &sdk.Error{Type: sdk.ErrInternal, Message: "the audit log holds something that is no event", Sent: true}
	}
	action := f.text("action")
	a := &sdk.Activity{
		Id: f.text("_document_id"), Action: new(action), Type: new(activityType(action, f)),
		Actor: f.account("actor", "actor_id"), Targets: f.targets(), Ip: new(f.text("actor_ip")),
		UserAgent: new(f.text("user_agent")), Location: new(f.location()), Outcome: new("success"),
		Admin: new(administers(action)), App: f.app(), Attributes: f.attributes(),
	}
	if a.GetId() == "" || len(a.GetId()) > sdk.MaxIDBytes {
		a.Id = sdk.StableID(string(raw))
	}
	if a.GetType() == "login_failed" {
		a.Outcome = new("failure")
	}
	t := f.time()
	if t.IsZero() {
		t = before
		a.Native = attrs("time", "absent")
	}
	a.Time = sdk.At(t)
	if keepRaw && len(raw) <= maxRaw {
		a.Raw = raw
	}
	return a, nil
}

// time is when it was logged; created_at is often older, and git events have none.
func (f fields) time() time.Time {
	for _, name := range []string{"@timestamp", "created_at"} {
		if n, err := strconv.ParseFloat(f.text(name), 64); err == nil && !math.IsNaN(n) {
			if t := epoch(n); !t.IsZero() {
				return t
			}
		}
	}
	return time.Time{}
}

// text gives a field as text: a number without a fraction, a list's first value, "" for what is neither.
func (f fields) text(name string) string {
	return textOf(f[name])
}

func textOf(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case []any:
		if len(v) > 0 {
			if _, nested := v[0].([]any); !nested {
				return textOf(v[0])
			}
		}
	}
	return ""
}

// id gives a field that must be a positive whole number.
func (f fields) id(name string) string {
	if n, err := strconv.ParseInt(f.text(name), 10, 64); err == nil && n > 0 {
		return num(n)
	}
	return ""
}

func (f fields) account(login, id string) *sdk.Ref {
	return ref(sdk.KindAccount, f.id(id), f.text(login))
}

// targets are who and what it was done to.
func (f fields) targets() []*sdk.Ref {
	repo := f.text("repo")
	if repo == "" {
		repo = f.text("repository")
	}
	repoID := f.id("repo_id")
	if repoID == "" {
		repoID = f.id("repository_id")
	}
	var list []*sdk.Ref
	for _, r := range []*sdk.Ref{
		f.account("user", "user_id"), f.account("blocked_user", ""), f.account("target_login", ""),
		ref(sdk.KindFile, repoID, repo), ref(sdk.KindGroup, f.id("team_id"), f.text("team")), f.hook(),
	} {
		if r != nil {
			list = append(list, r)
		}
	}
	return list
}

func (f fields) hook() *sdk.Ref {
	if id := f.id("hook_id"); id != "" {
		return sdk.To(sdk.KindGrant, sdk.ID("hook", id))
	}
	return nil
}

func (f fields) app() *sdk.Ref {
	name := f.text("integration")
	if name == "" {
		name = f.text("oauth_application_name")
	}
	return ref(sdk.KindApp, "", name)
}

func (f fields) location() string {
	if place, ok := f["actor_location"].(map[string]any); ok {
		if code := textOf(place["country_code"]); code != "" {
			return code
		}
		return textOf(place["country_name"])
	}
	return ""
}

// kept are the fields worth finding without reading the raw event.
var kept = []string{
	"org", "org_id", "business", "operation_type", "visibility", "previous_visibility", "programmatic_access_type",
	"hashed_token", "token_id", "token_scopes", "oauth_application_id", "external_identity_nameid", "actor_is_bot",
	"transport_protocol_name", "request_id", "permission", "name", "read_only",
}

func (f fields) attributes() []*sdk.Attribute {
	var list []*sdk.Attribute
	for _, name := range kept {
		list = append(list, attrs(name, cut(f.text(name), maxMessage))...)
	}
	return list
}
