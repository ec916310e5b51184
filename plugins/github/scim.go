package main

import (
	"context"
	"net/url"
	"strconv"

	"github.com/mooring-hq/mooring/sdk"
)

type scimPage struct {
	Total     *int64     `json:"totalResults"`
	Resources []scimUser `json:"Resources"`
}

type scimUser struct {
	ID          string `json:"id"`
	ExternalID  string `json:"externalId"`
	UserName    string `json:"userName"`
	DisplayName string `json:"displayName"`
	Active      bool   `json:"active"`
	Emails      []struct {
		Value   string `json:"value"`
		Primary bool   `json:"primary"`
	} `json:"emails"`
}

// scim adds to members who they are in the company's directory. An identity that no account is linked to is left out.
func scim(ctx context.Context, c *scan) error {
	links, err := identities(ctx, c.s)
	if err != nil {
		return err
	}
	for cursor := c.w.Resume("1"); cursor != ""; {
		start, err := strconv.ParseInt(cursor, 10, 64)
		if err != nil || start < 1 {
			return sdk.Errorf(sdk.ErrExpired, "the checkpoint of listing scim is of another version")
		}
		var p scimPage
		ref := path("/scim/v2/organizations/%s/Users", c.s.Settings["organization"]) +
			"?" + url.Values{"startIndex": {cursor}, "count": {strconv.Itoa(c.size)}}.Encode()
		if _, err := get(ctx, c.s, ref, "", &p); err != nil {
			return err
		}
		if p.Total == nil || p.Resources == nil && *p.Total > 0 {
			return notAList(ref)
		}
		for i := range p.Resources {
			if a := p.Resources[i].account(links); a != nil {
				c.w.Add(a)
			}
		}
		next := ""
		if n := start + int64(len(p.Resources)); n <= *p.Total {
			if next = num(n); n == start {
				return sdk.Errorf(sdk.ErrInternal, "SCIM promises %d identities and gave %d", *p.Total, start-1)
			}
		}
		cursor = c.w.EndPage(next)
	}
	return c.w.Complete()
}

func (u *scimUser) account(links map[string]identity) *sdk.Account {
	link, ok := links[u.ID]
	if !ok || link.User == nil || link.User.ID <= 0 {
		return nil
	}
	a := &sdk.Account{
		Id: num(link.User.ID), ExternalId: new(u.ExternalID), DisplayName: new(u.DisplayName),
		Attributes: attrs("scim_id", u.ID, "scim_user_name", u.UserName, "scim_active", strconv.FormatBool(u.Active)),
	}
	if link.SAML != nil {
		a.SamlNameId = new(link.SAML.NameID)
	}
	for _, e := range u.Emails {
		if a.Email == nil || e.Primary {
			a.Email = new(e.Value)
		}
	}
	if !u.Active {
		a.Status = new("suspended")
	}
	return a
}
