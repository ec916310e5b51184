package main

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

type app struct {
	ID          string `json:"id"`
	Name        text   `json:"name"`
	Label       text   `json:"label"`
	Status      text   `json:"status"`
	Mode        text   `json:"signOnMode"`
	Created     when   `json:"created"`
	Updated     when   `json:"lastUpdated"`
	Credentials struct {
		OAuth struct {
			ClientID text `json:"client_id"`
		} `json:"oauthClient"`
	} `json:"credentials"`
	Settings struct {
		OAuth struct {
			Type      text     `json:"application_type"`
			Grants    []string `json:"grant_types"`
			Redirects []string `json:"redirect_uris"`
		} `json:"oauthClient"`
	} `json:"settings"`
}

// appEvents tell that an app, who is assigned to it, or what it was granted changed. Those of single tokens are left out:
// there are too many.
var appEvents = []string{
	"application.lifecycle.", "application.user_membership.", "group.application_assignment.", "app.oauth2.as.consent.",
	"app.oauth2.admin.consent.", "app.oauth2.client.lifecycle.", "app.oauth2.client.privilege.",
}

// apps lists apps and names the shards below them. From a bookmark, the log says which to look at again.
func apps(ctx context.Context, c *scan) error {
	if c.delta() {
		return c.touchedApps(ctx)
	}
	stamp := ""
	began, err := c.walk(ctx, paged("/api/v1/apps", c.size(maxApps)), func(ctx context.Context, ref string) (answer, error) {
		list, a, err := getList[app](ctx, c.s, ref)
		if stamp == "" {
			stamp = "listed " + timestamp(a.date)
		}
		for i := 0; err == nil && i < len(list); i++ {
			c.w.Add(list[i].record())
			c.w.Found(list[i].shards(stamp)...)
			err = list[i].check()
		}
		return a, err
	})
	if err != nil {
		return err
	}
	return c.w.Complete(bookmark(began)...)
}

// touchedApps looks at the apps that the log names. One that is gone takes all below it along.
func (c *scan) touchedApps(ctx context.Context) error {
	since, err := c.since()
	if err != nil {
		return err
	}
	events, until, err := c.touched(ctx, since, appEvents...)
	if err != nil {
		return err
	}
	stamps := map[string]string{}
	for i := range events {
		e := &events[i]
		ids := e.targets("AppInstance")
		if len(ids) == 0 {
			return sdk.Errorf(sdk.ErrExpired, "the log tells of a change but not of which app, so all are listed")
		}
		for _, id := range ids {
			stamps[id] = "logged " + timestamp(e.Published.Time) + " " + e.UUID
		}
	}
	if len(stamps) > maxTouched {
		return sdk.Errorf(sdk.ErrExpired, "%d apps changed; listing all costs less", len(stamps))
	}
	for _, id := range slices.Sorted(maps.Keys(stamps)) {
		if err := c.lookAtApp(ctx, id, stamps[id]); err != nil {
			return err
		}
	}
	c.w.EndPage("")
	return c.w.Complete(bookmark(until)...)
}

func (c *scan) lookAtApp(ctx context.Context, id, stamp string) error {
	var a app
	switch _, err := get(ctx, c.s, path("/api/v1/apps/%s", id), &a); {
	case isGone(err) || err == nil && a.Status == "DELETED":
		c.w.Gone(sdk.KindApp, id)
		for _, s := range (&app{ID: id, Mode: oidc}).shards(stamp) {
			s.Data = []byte(emptyShard)
			c.w.Found(s)
		}
		return nil
	case err != nil:
		return err
	}
	c.w.Add(a.record())
	c.w.Found(a.shards(stamp)...)
	return a.check()
}

func (a *app) check() error {
	if a.ID == "" || a.Mode == "" {
		return missing("app", "id and signOnMode")
	}
	return nil
}

// oidc is the mode of apps that have scopes and tokens.
const oidc = "OPENID_CONNECT"

func (a *app) record() *sdk.App {
	o := &a.Settings.OAuth
	return &sdk.App{
		Id: a.ID, Name: new(string(a.Label)), Type: new(strings.ToLower(string(a.Mode))),
		Attributes: attrs("key", string(a.Name), "status", strings.ToLower(string(a.Status)), "created_at", a.Created.day(),
			"client_id", string(a.Credentials.OAuth.ClientID), "application_type", string(o.Type), "grant_types", list(o.Grants),
			"redirect_uris", list(o.Redirects)),
	}
}

// shards are what belongs to an app. Tokens have no stamp: what the log says of single ones is too much to read.
func (a *app) shards(stamp string) []*sdk.Shard {
	if a.ID == "" {
		return nil
	}
	s := func(listing, stamp string) *sdk.Shard {
		return &sdk.Shard{Listing: listing, Key: a.ID, Name: string(a.Label), Stamp: stamp}
	}
	list := []*sdk.Shard{s("app_users", stamp), s("app_groups", stamp)}
	if a.Mode == oidc {
		list = append(list, s("app_grants", stamp), s("app_tokens", ""))
	}
	return list
}

// below walks a list below one app. An app that is gone has nothing.
func (c *scan) below(ctx context.Context, first string, read page) error {
	if string(c.w.Shard.GetData()) != emptyShard {
		if _, err := c.walk(ctx, first, read); err != nil && !isGone(err) {
			return err
		}
	}
	return c.w.Complete()
}

type appUser struct {
	ID         string `json:"id"`
	Scope      text   `json:"scope"`
	Status     text   `json:"status"`
	External   text   `json:"externalId"`
	Created    when   `json:"created"`
	Credential struct {
		Name text `json:"userName"`
	} `json:"credentials"`
}

// waiting are the states of an assignment that is not in force yet.
var waiting = map[string]bool{"STAGED": true, "PENDING": true, "IMPORTED": true, "MATCHED": true, "APPROVED": true}

// appUsers are who may use one app, with the name the person has there.
func appUsers(ctx context.Context, c *scan) error {
	id := c.w.Shard.GetKey()
	return c.below(ctx, paged(path("/api/v1/apps/%s/users", id), c.size(maxAppUsers)), each(c, func(u *appUser) error {
		if u.ID == "" {
			return missing("assignment", "id")
		}
		m := &sdk.Membership{
			Id: sdk.ID("app", id, "user", u.ID), Container: sdk.To(sdk.KindApp, id), Member: sdk.To(sdk.KindAccount, u.ID), State: new("active"),
			Attributes: attrs("assigned_through", strings.ToLower(string(u.Scope)), "app_user_name", string(u.Credential.Name),
				"app_user_id", string(u.External)),
		}
		if waiting[string(u.Status)] {
			m.State = new("pending")
		}
		if !strings.EqualFold(string(u.Status), m.GetState()) {
			m.Native = attrs("state", string(u.Status))
		}
		c.w.Add(m)
		return nil
	}))
}

type appGroup struct {
	ID string `json:"id"`
}

// appGroups are the groups whose members may use one app. Okta wants pages of 20 at least.
func appGroups(ctx context.Context, c *scan) error {
	id := c.w.Shard.GetKey()
	size := max(c.size(maxAppGroups), 20)
	return c.below(ctx, paged(path("/api/v1/apps/%s/groups", id), size), each(c, func(g *appGroup) error {
		if g.ID == "" {
			return missing("assignment", "id")
		}
		c.w.Add(&sdk.Membership{
			Id: sdk.ID("app", id, "group", g.ID), Container: sdk.To(sdk.KindApp, id), Member: sdk.To(sdk.KindGroup, g.ID), State: new("active"),
		})
		return nil
	}))
}
