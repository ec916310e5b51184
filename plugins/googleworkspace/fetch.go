package main

import (
	"context"
	"errors"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// Fetch reads accounts and groups as they are now. Google gives a file only to those who can see it, and a ref does not say
// who that is.
func (c connector) Fetch(ctx context.Context, s *sdk.Session, refs []*sdk.Ref, yield func(sdk.Fetched) error) error {
	cl := c.client(s)
	for _, r := range refs {
		var got sdk.Fetched
		switch r.GetKind() {
		case sdk.KindAccount:
			got = cl.fetchAccount(ctx, r)
		case sdk.KindGroup:
			got = cl.fetchGroup(ctx, r)
		default:
			got = failed(sdk.Errorf(sdk.ErrUnsupported, "Google does not give a %s by its id", sdk.KindName(r.GetKind())))
		}
		got.Ref = r
		if sdk.TypeOf(got.Err) == sdk.ErrAuth || ctx.Err() != nil {
			return errors.Join(got.Err, ctx.Err())
		}
		if err := yield(got); err != nil {
			return err
		}
	}
	return nil
}

func failed(err error) sdk.Fetched {
	switch sdk.TypeOf(err) {
	case sdk.ErrPermission, sdk.ErrNotFound:
		return sdk.Fetched{State: sdk.Denied}
	}
	return sdk.Fetched{State: sdk.Failed, Err: err}
}

// fetchAccount: whoever may read users may read all of them, so one who is neither there nor among the deleted is gone.
func (c *client) fetchAccount(ctx context.Context, r *sdk.Ref) sdk.Fetched {
	key := r.GetId()
	if key == "" {
		key = r.GetEmail()
	}
	if key == "" {
		return failed(sdk.Errorf(sdk.ErrInvalid, "an account without id and e-mail was asked for"))
	}
	u, err := c.userByKey(ctx, key)
	if err == nil {
		return found("users", u.account(false))
	}
	if sdk.TypeOf(err) != sdk.ErrNotFound {
		return failed(err)
	}
	for token := ""; ; {
		p, err := c.userPage(ctx, usersPerPage, token, userFields, true)
		if err != nil {
			return failed(err)
		}
		for _, u := range p.Users {
			if u.ID == key || strings.EqualFold(u.Email, key) {
				return found("users", u.account(true))
			}
		}
		if p.Next == "" || p.Next == token {
			break
		}
		token = p.Next
	}
	if r.GetId() == "" { // an address that nobody has may be that of a group, or of another organisation
		return sdk.Fetched{State: sdk.Denied}
	}
	return sdk.Fetched{State: sdk.Absent}
}

func found(listing string, r sdk.Record) sdk.Fetched {
	return sdk.Fetched{State: sdk.Found, Records: map[string]sdk.Record{listing: r}}
}

// fetchGroup: organisational units have no call of their own.
func (c *client) fetchGroup(ctx context.Context, r *sdk.Ref) sdk.Fetched {
	if r.GetId() == "" || strings.Contains(r.GetId(), "/") {
		return sdk.Fetched{State: sdk.Denied}
	}
	g, err := c.groupByKey(ctx, r.GetId())
	switch {
	case sdk.TypeOf(err) == sdk.ErrNotFound:
		return sdk.Fetched{State: sdk.Absent}
	case err != nil:
		return failed(err)
	}
	return found("groups", g.record())
}
