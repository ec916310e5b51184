package main

import (
	"context"
	"net/http"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// identity says which account an identity of the company's directory is linked to. Only GraphQL tells.
type identity struct {
	GUID string `json:"guid"`
	SAML *struct {
		NameID string `json:"nameId"`
	} `json:"samlIdentity"`
	User *struct {
		ID    int64  `json:"databaseId"`
		Login string `json:"login"`
	} `json:"user"`
}

const identityQuery = `query($org:String!,$after:String){organization(login:$org){samlIdentityProvider{` +
	`externalIdentities(first:100,after:$after){pageInfo{hasNextPage endCursor}` +
	`nodes{guid samlIdentity{nameId} user{databaseId login}}}}}}`

type identityPage struct {
	Data *struct {
		Organization *struct {
			Provider *struct {
				Identities struct {
					Page struct {
						More bool   `json:"hasNextPage"`
						End  string `json:"endCursor"`
					} `json:"pageInfo"`
					Nodes []identity `json:"nodes"`
				} `json:"externalIdentities"`
			} `json:"samlIdentityProvider"`
		} `json:"organization"`
	} `json:"data"`
	Errors []struct {
		Type    string `json:"type"`
		Message string `json:"message"`
	} `json:"errors"`
}

// askIdentities reads one page of the links, behind a cursor; "" is the first. next is "" after the last.
func askIdentities(ctx context.Context, s *sdk.Session, after string) (links []identity, next string, err error) {
	vars := map[string]any{"org": s.Settings["organization"]}
	if after != "" {
		vars["after"] = after
	}
	var p identityPage
	if err := post(sdk.Safe(ctx), s, graphqlURL(s), map[string]any{"query": identityQuery, "variables": vars}, &p); err != nil {
		return nil, "", err
	}
	if err := p.err(); err != nil {
		return nil, "", err
	}
	found := &p.Data.Organization.Provider.Identities
	if !found.Page.More {
		return found.Nodes, "", nil
	}
	if found.Page.End == "" || found.Page.End == after {
		return nil, "", sdk.Errorf(sdk.ErrInternal, "GitHub gave the same GraphQL cursor twice")
	}
	return found.Nodes, found.Page.End, nil
}

// identities reads all links, by the identity's id.
func identities(ctx context.Context, s *sdk.Session) (map[string]identity, error) {
	links := map[string]identity{}
	after := ""
	for range maxPages {
		page, next, err := askIdentities(ctx, s, after)
		if err != nil {
			return nil, err
		}
		for _, i := range page {
			links[i.GUID] = i
		}
		if after = next; after == "" {
			return links, nil
		}
	}
	return nil, sdk.Errorf(sdk.ErrInternal, "GraphQL gave more than %d pages of identities", maxPages)
}

const firstPage = "first"

// samlIdentities adds to members the name that the company's directory signs them in by. Unlike SCIM it is read by who may
// only read.
func samlIdentities(ctx context.Context, c *scan) error {
	for cursor := c.w.Resume(firstPage); cursor != ""; {
		links, next, err := askIdentities(ctx, c.s, strings.TrimPrefix(cursor, firstPage))
		if err != nil {
			return err
		}
		for _, l := range links {
			if l.User != nil && l.User.ID > 0 && l.SAML != nil && l.SAML.NameID != "" {
				c.w.Add(&sdk.Account{Id: num(l.User.ID), SamlNameId: new(l.SAML.NameID)})
			}
		}
		cursor = c.w.EndPage(next)
	}
	return c.w.Complete()
}

// mayAskIdentities is how Check finds out about them.
func mayAskIdentities(ctx context.Context, s *sdk.Session) error {
	_, _, err := askIdentities(ctx, s, "")
	return err
}

func (p *identityPage) err() error {
	e := &sdk.Error{Type: sdk.ErrInternal, Sent: true, Status: http.StatusOK}
	switch {
	case len(p.Errors) > 0:
		e.Message = "GraphQL: " + cut(p.Errors[0].Message, maxMessage)
		switch p.Errors[0].Type {
		case "RATE_LIMITED":
			e.Type = sdk.ErrThrottled
		case "FORBIDDEN", "INSUFFICIENT_SCOPES":
			e.Type, e.Permission = sdk.ErrPermission, "members: read"
		case "NOT_FOUND":
			e.Type = sdk.ErrNotFound
		}
		return e
	case p.Data == nil || p.Data.Organization == nil:
		e.Message = "GraphQL answered without an organization"
		return e
	case p.Data.Organization.Provider == nil:
		e.Type, e.Message = sdk.ErrNotInPlan, "the organization has no SAML identity provider"
		return e
	}
	return nil
}

// graphqlURL is beside the REST API: /graphql, or /api/graphql on an Enterprise Server.
func graphqlURL(s *sdk.Session) string {
	base := strings.TrimSuffix(s.Settings["base_url"], "/")
	if root, ok := strings.CutSuffix(base, "/api/v3"); ok {
		return root + "/api/graphql"
	}
	return base + "/graphql"
}
