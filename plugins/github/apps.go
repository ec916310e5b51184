package main

import (
	"context"
	"net/url"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

type installation struct {
	ID          int64             `json:"id"`
	Account     user              `json:"account"`
	AppID       int64             `json:"app_id"`
	AppSlug     string            `json:"app_slug"`
	Selection   string            `json:"repository_selection"`
	Permissions map[string]string `json:"permissions"`
	Events      []string          `json:"events"`
	CreatedAt   when              `json:"created_at"`
	SuspendedAt when              `json:"suspended_at"`
}

// installations are the GitHub Apps on the organisation, and what each may do there.
func installations(ctx context.Context, c *scan) error {
	ref := paged(orgPath(c.s, "/installations"), c.size)
	return c.finish(ctx, step{url: ref, read: func(ctx context.Context, ref string) (answer, error) {
		var v struct {
			Total         int64          `json:"total_count"`
			Installations []installation `json:"installations"`
		}
		a, err := get(ctx, c.s, ref, "", &v)
		if err != nil {
			return a, err
		}
		if v.Installations == nil {
			return a, notAList(ref)
		}
		a.items = len(v.Installations)
		c.w.Total(v.Total * 2) // an app and a grant each
		for i := range v.Installations {
			if v.Installations[i].ID <= 0 || v.Installations[i].AppID <= 0 {
				return a, missing("installation", "id and app_id")
			}
			c.w.Add(v.Installations[i].records()...)
		}
		return a, nil
	}})
}

func (i *installation) records() []sdk.Record {
	scopes := i.scopes()
	app := &sdk.App{
		Id: num(i.AppID), Name: new(i.AppSlug), Type: new("github_app"), PermissionLevel: new(level(scopes)),
		Scopes: sdk.All(scopes...),
	}
	g := &sdk.Grant{
		Id: sdk.ID("installation", num(i.ID)), Name: new(i.AppSlug), App: sdk.To(sdk.KindApp, num(i.AppID)),
		Type: new("installation"), State: new("active"), Scopes: sdk.All(scopes...), CreatedAt: i.CreatedAt.ts(),
		Attributes: attrs("repository_selection", i.Selection, "events", strings.Join(slices.Sorted(slices.Values(i.Events)), " ")),
	}
	if !i.SuspendedAt.IsZero() {
		g.State = new("inactive")
	}
	return []sdk.Record{app, g}
}

func (i *installation) scopes() []string { return scopesOf("", i.Permissions) }

// scopesOf writes permissions as prefix + name:level, sorted.
func scopesOf(prefix string, permissions map[string]string) []string {
	scopes := []string{}
	for name, level := range permissions {
		scopes = append(scopes, prefix+name+":"+level)
	}
	slices.Sort(scopes)
	return scopes
}

// powerful are the permissions whose write access changes what others may do, or what runs.
var powerful = []string{
	"administration", "contents", "members", "workflows", "secrets", "actions", "organization_secrets",
	"organization_hooks", "repository_hooks", "environments",
}

// level is high when an app may change code, people or settings, medium when it may change anything, else low.
func level(scopes []string) string {
	l := "low"
	for _, s := range scopes {
		name, access, _ := strings.Cut(s, ":")
		if access != "write" && access != "admin" {
			continue
		}
		if slices.Contains(powerful, name) || strings.HasPrefix(name, "organization_administration") {
			return "high"
		}
		l = "medium"
	}
	return l
}

type hook struct {
	ID     int64    `json:"id"`
	Name   string   `json:"name"`
	Events []string `json:"events"`
	Active bool     `json:"active"`
	Config struct {
		URL         string `json:"url"`
		InsecureSSL any    `json:"insecure_ssl"` // "0" or 0
		ContentType string `json:"content_type"`
	} `json:"config"`
	CreatedAt when `json:"created_at"`
}

// hooks are the organisation's webhooks: data that leaves it. A URL is kept without query and userinfo, where secrets are.
func hooks(ctx context.Context, c *scan) error {
	return c.finish(ctx, each(c, paged(orgPath(c.s, "/hooks"), c.size), func(h *hook) error {
		if h.ID <= 0 {
			return missing("webhook", "id")
		}
		c.w.Add(h.grant())
		c.w.Found(&sdk.Shard{Listing: "deliveries", Key: num(h.ID), Name: h.target()})
		return nil
	}))
}

func (h *hook) target() string {
	u, err := url.Parse(h.Config.URL)
	if err != nil || u.Host == "" {
		return "unknown"
	}
	return sdk.PlainURL(u)
}

func (h *hook) grant() *sdk.Grant {
	g := &sdk.Grant{
		Id: sdk.ID("hook", num(h.ID)), Name: new(h.target()), Type: new("webhook"), State: new("active"),
		Scopes: sdk.All(h.Events...), CreatedAt: h.CreatedAt.ts(),
		Attributes: attrs("content_type", h.Config.ContentType, "insecure_tls",
			yes(h.Config.InsecureSSL == "1" || h.Config.InsecureSSL == 1.0)),
	}
	if !h.Active {
		g.State = new("inactive")
	}
	return g
}
