package main

import (
	"context"
	"errors"

	"github.com/mooring-hq/mooring/sdk"
)

// Fetch reads accounts, groups and apps as they are now. Okta answers 403 to who may not look, and its own "not found"
// only when there is no such thing.
func (connector) Fetch(ctx context.Context, s *sdk.Session, refs []*sdk.Ref, yield func(sdk.Fetched) error) error {
	for _, r := range refs {
		var got sdk.Fetched
		switch id := r.GetId(); {
		case id == "":
			got = failed(sdk.Errorf(sdk.ErrUnsupported, "Okta gives a %s by its id only", sdk.KindName(r.GetKind())))
		case r.GetKind() == sdk.KindAccount:
			got = fetchAs(ctx, s, "/api/v1/users/%s", id, "users", func(u *user) (string, sdk.Record, error) { return u.ID, u.account(), u.check() })
		case r.GetKind() == sdk.KindGroup:
			got = fetchAs(ctx, s, "/api/v1/groups/%s", id, "groups", func(g *group) (string, sdk.Record, error) { return g.ID, g.record(), g.check() })
		case r.GetKind() == sdk.KindApp:
			got = fetchAs(ctx, s, "/api/v1/apps/%s", id, "apps", func(a *app) (string, sdk.Record, error) { return a.ID, a.record(), a.check() })
		default:
			got = failed(sdk.Errorf(sdk.ErrUnsupported, "Okta does not give %s %q by its id", sdk.KindName(r.GetKind()), id))
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
	switch {
	case isGone(err):
		return sdk.Fetched{State: sdk.Absent}
	case sdk.TypeOf(err) == sdk.ErrPermission, sdk.TypeOf(err) == sdk.ErrNotFound:
		return sdk.Fetched{State: sdk.Denied}
	}
	return sdk.Fetched{State: sdk.Failed, Err: err}
}

// fetchAs reads one thing and makes it the facet of a listing. Okta also takes logins and other names where it expects an
// id, so what comes must be what was asked for.
func fetchAs[T any](ctx context.Context, s *sdk.Session, format, id, listing string, record func(*T) (string, sdk.Record, error)) sdk.Fetched {
	var v T
	if _, err := get(ctx, s, path(format, id), &v); err != nil {
		return failed(err)
	}
	got, r, err := record(&v)
	if err == nil && got != id {
		err = missing(listing, "the id asked for")
	}
	if err != nil {
		return failed(err)
	}
	if a, ok := any(&v).(*app); ok && a.Status == "DELETED" {
		return sdk.Fetched{State: sdk.Absent}
	}
	return sdk.Fetched{State: sdk.Found, Records: map[string]sdk.Record{listing: r}}
}
