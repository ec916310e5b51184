package main

import (
	"context"
	"strconv"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// alert is a secret that GitHub found. The secret itself is not asked for, and has no field here to land in.
type alert struct {
	Number       int64      `json:"number"`
	State        string     `json:"state"`
	Resolution   string     `json:"resolution"`
	ResolvedAt   when       `json:"resolved_at"`
	ResolvedBy   *user      `json:"resolved_by"`
	Type         string     `json:"secret_type"`
	TypeName     string     `json:"secret_type_display_name"`
	Validity     string     `json:"validity"`
	Leaked       *bool      `json:"publicly_leaked"`
	MultiRepo    *bool      `json:"multi_repo"`
	Bypassed     *bool      `json:"push_protection_bypassed"`
	BypassedBy   *user      `json:"push_protection_bypassed_by"`
	URL          string     `json:"html_url"`
	CreatedAt    when       `json:"created_at"`
	UpdatedAt    when       `json:"updated_at"`
	Repository   repository `json:"repository"`
	FirstLocated struct {
		Path string `json:"path"`
		SHA  string `json:"blob_sha"`
	} `json:"first_location_detected"`
}

// secretAlerts are listed oldest first, open and resolved.
func secretAlerts(ctx context.Context, c *scan) error {
	ref := paged(orgPath(c.s, "/secret-scanning/alerts"), c.size, "hide_secret=true", "sort=created", "direction=asc")
	return c.finish(ctx, each(c, ref, func(a *alert) error {
		if a.Number <= 0 || a.Repository.ID <= 0 {
			return missing("secret alert", "number and repository")
		}
		c.w.Add(a.record())
		return nil
	}))
}

func (a *alert) record() *sdk.Other {
	name := a.TypeName
	if name == "" {
		name = a.Type
	}
	o := &sdk.Other{
		Id: sdk.ID("secret_alert", num(a.Repository.ID), num(a.Number)), Type: new("secret_alert"), Name: new(name),
		Attributes: attrs(
			"state", a.State, "resolution", a.Resolution, "secret_type", a.Type, "validity", a.Validity,
			"publicly_leaked", flag(a.Leaked), "multi_repo", flag(a.MultiRepo),
			"push_protection_bypassed", flag(a.Bypassed), "repository_id", num(a.Repository.ID),
			"repository", a.Repository.FullName, "path", a.FirstLocated.Path, "content_hash", a.FirstLocated.SHA,
			"url", a.URL, "created_at", stamp(a.CreatedAt), "updated_at", stamp(a.UpdatedAt),
			"resolved_at", stamp(a.ResolvedAt),
		),
	}
	if a.ResolvedBy != nil {
		o.Attributes = append(o.Attributes, attrs("resolved_by", a.ResolvedBy.Login)...)
	}
	if a.BypassedBy != nil {
		o.Attributes = append(o.Attributes, attrs("push_protection_bypassed_by", a.BypassedBy.Login)...)
	}
	return o
}

func flag(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}

func stamp(t when) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
