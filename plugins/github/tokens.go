package main

import (
	"context"

	"github.com/mooring-hq/mooring/sdk"
)

type credential struct {
	ID         int64    `json:"credential_id"`
	Login      string   `json:"login"`
	Type       string   `json:"credential_type"`
	Scopes     []string `json:"scopes"`
	LastEight  string   `json:"token_last_eight"`
	Print      string   `json:"fingerprint"`
	Title      string   `json:"authorized_credential_title"`
	Note       string   `json:"authorized_credential_note"`
	Authorized when     `json:"credential_authorized_at"`
	Accessed   when     `json:"credential_accessed_at"`
	Expires    when     `json:"authorized_credential_expires_at"`
}

// credentials are the tokens and keys that members authorised for single sign-on. The last characters of a token are
// not kept.
func credentials(ctx context.Context, c *scan) error {
	ref := paged(orgPath(c.s, "/credential-authorizations"), c.size)
	return c.finish(ctx, each(c, ref, func(k *credential) error {
		if k.ID <= 0 {
			return missing("credential", "id")
		}
		c.w.Add(k.grant())
		return nil
	}))
}

func (k *credential) grant() *sdk.Grant {
	name := k.Note
	if name == "" {
		name = k.Title
	}
	g := &sdk.Grant{
		Id: sdk.ID("credential", num(k.ID)), Name: new(name), Account: loginRef(k.Login), State: new("active"),
		CreatedAt: k.Authorized.ts(), LastUsedAt: k.Accessed.ts(), ExpiresAt: k.Expires.ts(),
		Native: attrs("type", k.Type), Attributes: attrs("fingerprint", k.Print),
	}
	switch k.Type {
	case "personal access token":
		g.Type = new("pat")
	case "SSH key":
		g.Type = new("ssh_key")
	case "OAuth app token", "GitHub app token":
		g.Type = new("oauth")
	}
	if k.Scopes != nil {
		g.Scopes = sdk.All(k.Scopes...)
	}
	return g
}

// pat is a fine-grained personal access token, or a request for one.
type pat struct {
	ID          int64  `json:"id"`
	Owner       user   `json:"owner"`
	Selection   string `json:"repository_selection"`
	Permissions struct {
		Organization map[string]string `json:"organization"`
		Repository   map[string]string `json:"repository"`
		Other        map[string]string `json:"other"`
	} `json:"permissions"`
	Reason    string `json:"reason"`
	Granted   when   `json:"access_granted_at"`
	Requested when   `json:"created_at"`
	TokenID   int64  `json:"token_id"`
	TokenName string `json:"token_name"`
	Expired   bool   `json:"token_expired"`
	Expires   when   `json:"token_expires_at"`
	LastUsed  when   `json:"token_last_used_at"`
}

func pats(ctx context.Context, c *scan) error {
	return c.tokens(ctx, "/personal-access-tokens", "pat", "active")
}

func patRequests(ctx context.Context, c *scan) error {
	return c.tokens(ctx, "/personal-access-token-requests", "pat_request", "pending")
}

// appsOnly is the reason why a user's token need not ask for fine-grained tokens; nil for an App.
func appsOnly(s *sdk.Session) error {
	if usesApp(s) {
		return nil
	}
	return &sdk.Error{
		Type: sdk.ErrPermission, Permission: "a GitHub App",
		Message: "GitHub shows fine-grained tokens to Apps only; set app_id and private_key instead of token",
	}
}

// tokens reads a list of fine-grained tokens in the order of their creation.
func (c *scan) tokens(ctx context.Context, rest, id, state string) error {
	if err := appsOnly(c.s); err != nil {
		return err
	}
	ref := paged(orgPath(c.s, rest), c.size, "sort=created_at", "direction=asc")
	return c.finish(ctx, each(c, ref, func(p *pat) error {
		if p.ID <= 0 {
			return missing("token", "id")
		}
		c.w.Add(p.grant(id, state))
		return nil
	}))
}

func (p *pat) grant(id, state string) *sdk.Grant {
	if p.Expired {
		state = "expired"
	}
	created := p.Granted
	if created.IsZero() {
		created = p.Requested
	}
	scopes := scopesOf("organization/", p.Permissions.Organization)
	scopes = append(scopes, scopesOf("repository/", p.Permissions.Repository)...)
	scopes = append(scopes, scopesOf("other/", p.Permissions.Other)...)
	return &sdk.Grant{
		Id: sdk.ID(id, num(p.ID)), Name: new(p.TokenName), Account: accountRef(p.Owner), Type: new("pat"), State: new(state),
		Scopes: sdk.All(scopes...), CreatedAt: created.ts(), LastUsedAt: p.LastUsed.ts(), ExpiresAt: p.Expires.ts(),
		Attributes: attrs("repository_selection", p.Selection, "token_id", num(p.TokenID), "reason", p.Reason),
	}
}
