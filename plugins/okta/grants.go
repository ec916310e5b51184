package main

import (
	"context"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// consent is a scope that was granted to an app, by an administrator or by a user.
type consent struct {
	ID      string `json:"id"`
	Scope   string `json:"scopeId"`
	Client  text   `json:"clientId"`
	User    text   `json:"userId"`
	Status  text   `json:"status"`
	Source  text   `json:"source"`
	Issuer  text   `json:"issuer"`
	Created when   `json:"created"`
	By      struct {
		ID   text `json:"id"`
		Type text `json:"type"`
	} `json:"createdBy"`
}

func (g *consent) record(id string, app *sdk.Ref) (*sdk.Grant, error) {
	if g.ID == "" || g.Scope == "" {
		return nil, missing("grant", "id and scopeId")
	}
	r := &sdk.Grant{
		Id: id, Name: new(g.Scope), App: app, Account: sdk.To(sdk.KindAccount, string(g.User)), Type: new("oauth"), State: grantState(g.Status),
		Scopes: sdk.All(g.Scope), CreatedAt: g.Created.ts(),
		Attributes: attrs("source", strings.ToLower(string(g.Source)), "issuer", string(g.Issuer), "client_id", string(g.Client)),
	}
	if g.By.Type == "User" {
		r.CreatedBy = sdk.To(sdk.KindAccount, string(g.By.ID))
	}
	return r, nil
}

func grantState(s text) *string {
	switch s {
	case "ACTIVE":
		return new("active")
	case "REVOKED":
		return new("revoked")
	}
	return nil
}

// appGrants are the scopes of Okta's own API that one app was granted. They are also said of the app, with how much they
// allow.
func appGrants(ctx context.Context, c *scan) error {
	id := c.w.Shard.GetKey()
	return c.below(ctx, path("/api/v1/apps/%s/grants", id), func(ctx context.Context, ref string) (answer, error) {
		list, a, err := getList[consent](ctx, c.s, ref)
		if err != nil {
			return a, err
		}
		scopes := []string{}
		for i := range list {
			g, err := list[i].record(sdk.ID("app_grant", id, list[i].ID), sdk.To(sdk.KindApp, id))
			if err != nil {
				return a, err
			}
			if g.GetState() == "active" {
				scopes = append(scopes, list[i].Scope)
			}
			c.w.Add(g)
		}
		c.w.Add(&sdk.App{Id: id, Scopes: sdk.All(scopes...), PermissionLevel: new(permissionLevel(scopes))})
		return a, nil
	})
}

// permissionLevel: who may manage can change the organisation; who may read sees all of a kind.
func permissionLevel(scopes []string) string {
	level := "low"
	for _, s := range scopes {
		switch {
		case strings.HasPrefix(s, "okta.") && strings.HasSuffix(s, ".manage"):
			return "high"
		case strings.HasPrefix(s, "okta.") && !strings.HasSuffix(s, ".self"):
			level = "medium"
		}
	}
	return level
}

type refreshToken struct {
	ID      string   `json:"id"`
	Client  text     `json:"clientId"`
	User    text     `json:"userId"`
	Status  text     `json:"status"`
	Scopes  []string `json:"scopes"`
	Issuer  text     `json:"issuer"`
	Created when     `json:"created"`
	Expires when     `json:"expiresAt"`
}

// appTokens are the refresh tokens of one app: who stays signed in, and for what.
func appTokens(ctx context.Context, c *scan) error {
	id := c.w.Shard.GetKey()
	return c.below(ctx, paged(path("/api/v1/apps/%s/tokens", id), c.size(maxTokens)), each(c, func(t *refreshToken) error {
		if t.ID == "" {
			return missing("refresh token", "id")
		}
		c.w.Add(&sdk.Grant{
			Id: sdk.ID("refresh_token", id, t.ID), Name: new("refresh token"), App: sdk.To(sdk.KindApp, id),
			Account: sdk.To(sdk.KindAccount, string(t.User)), Type: new("oauth"), State: grantState(t.Status), Scopes: sdk.All(t.Scopes...),
			CreatedAt: t.Created.ts(), ExpiresAt: t.Expires.ts(), Attributes: attrs("issuer", string(t.Issuer), "client_id", string(t.Client)),
		})
		return nil
	}))
}

type apiToken struct {
	ID      string `json:"id"`
	Name    text   `json:"name"`
	User    text   `json:"userId"`
	Client  text   `json:"clientName"`
	Created when   `json:"created"`
	Window  text   `json:"tokenWindow"`
	Network struct {
		Connection text `json:"connection"`
	} `json:"network"`
}

// apiTokens are the organisation's API tokens, without their values. When one was last used, Okta does not tell.
func apiTokens(ctx context.Context, c *scan) error {
	_, err := c.walk(ctx, "/api/v1/api-tokens", each(c, func(t *apiToken) error {
		if t.ID == "" {
			return missing("API token", "id")
		}
		c.w.Add(&sdk.Grant{
			Id: sdk.ID("api_token", t.ID), Name: new(string(t.Name)), Account: sdk.To(sdk.KindAccount, string(t.User)), Type: new("api_key"),
			State: new("active"), CreatedAt: t.Created.ts(),
			Attributes: attrs("client_name", string(t.Client), "idle_limit", string(t.Window), "network", strings.ToLower(string(t.Network.Connection))),
		})
		return nil
	}))
	if err != nil {
		return err
	}
	return c.w.Complete()
}

// userConsents asks for every user: one call each, so it is off unless somebody wants it.
func userConsents(ctx context.Context, c *scan) error {
	return c.ofUsers(ctx, func(ctx context.Context, u *user) error {
		ref := paged(path("/api/v1/users/%s/grants", u.ID), maxTokens)
		for n := 0; ref != "" && n < maxPages; n++ {
			list, a, err := getList[consent](ctx, c.s, ref)
			if isGone(err) {
				return nil
			}
			for i := 0; err == nil && i < len(list); i++ {
				var g *sdk.Grant
				if g, err = list[i].record(sdk.ID("consent", u.ID, list[i].ID), nil); err == nil {
					g.Account = sdk.To(sdk.KindAccount, u.ID)
					c.w.Add(g)
				}
			}
			if err != nil {
				return err
			}
			ref = a.next
		}
		return nil
	})
}

// ofUsers does something for every user who can sign in, page by page.
func (c *scan) ofUsers(ctx context.Context, do func(context.Context, *user) error) error {
	first := usersRef(c.size(maxUsers), beginning)
	began, err := c.walk(ctx, first, func(ctx context.Context, ref string) (answer, error) {
		list, a, err := getList[user](ctx, c.s, ref)
		for i := 0; err == nil && i < len(list); i++ {
			u := &list[i]
			if err = u.check(); err == nil && u.Status != "DEPROVISIONED" && u.Status != "STAGED" {
				err = do(ctx, u)
			}
		}
		return a, err
	})
	if err != nil {
		return err
	}
	if c.w.Listing == "factors" {
		return c.w.Complete(bookmark(began)...)
	}
	return c.w.Complete()
}
