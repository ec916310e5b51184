package main

import (
	"context"
	"errors"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// fetch answers one call of Fetch. Lists that an answer needs are read once.
type fetch struct {
	ctx context.Context
	s   *sdk.Session

	no2FA   map[int64]bool // nil: unknown
	asked2  bool
	outside map[int64]user // nil: not read
}

// Fetch reads accounts and repositories as they are now. Files cannot be asked for one by one: their listing is
// exclusive and needs no second look.
func (connector) Fetch(ctx context.Context, s *sdk.Session, refs []*sdk.Ref, yield func(sdk.Fetched) error) error {
	f := &fetch{ctx: ctx, s: s}
	for _, r := range refs {
		var got sdk.Fetched
		switch {
		case r.GetKind() == sdk.KindAccount && !strings.Contains(r.GetId(), "/"):
			got = f.account(r)
		case r.GetKind() == sdk.KindFile && !strings.Contains(r.GetId(), "/"):
			got = f.repository(r)
		default:
			got = failed(sdk.Errorf(sdk.ErrUnsupported, "GitHub does not give %s %q by its id", sdk.KindName(r.GetKind()), r.GetId()))
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

// account: the id leads to the login, the login to the membership.
func (f *fetch) account(r *sdk.Ref) sdk.Fetched {
	var u user
	_, err := get(f.ctx, f.s, path("/user/%s", r.GetId()), "", &u)
	switch {
	case err != nil: // a profile may be hidden while its owner still is a member, so even 404 proves nothing
		return failed(err)
	case num(u.ID) != r.GetId() || u.Login == "":
		return failed(missing("user", "the id asked for"))
	}
	var m struct {
		State string `json:"state"`
		Role  string `json:"role"`
		User  user   `json:"user"`
	}
	_, err = get(f.ctx, f.s, orgPath(f.s, path("/memberships/%s", u.Login)), "", &m)
	switch {
	case sdk.TypeOf(err) == sdk.ErrNotFound:
		return f.outsider(u.ID)
	case err != nil:
		return failed(err)
	case m.State != "active" || m.User.ID != u.ID: // an invitation is a record of its own
		return f.outsider(u.ID)
	}
	no2FA, err := f.without2FA()
	if err != nil {
		return failed(err)
	}
	a := m.User.account()
	a.Admin = new(m.Role == "admin")
	a.Mfa = flags{no2FA: no2FA}.mfa(u.ID)
	return sdk.Fetched{State: sdk.Found, Records: map[string]sdk.Record{"members": a}}
}

// without2FA reads the list once: a facet is whole, so it holds mfa as well.
func (f *fetch) without2FA() (map[int64]bool, error) {
	if f.asked2 {
		return f.no2FA, nil
	}
	c := &scan{s: f.s, w: &sdk.Walk{Listing: "members"}, size: maxPerPage}
	no2FA, err := c.set(f.ctx, paged(orgPath(f.s, "/members"), maxPerPage, "filter=2fa_disabled"))
	if err != nil {
		return nil, err
	}
	f.no2FA, f.asked2 = no2FA, true
	return no2FA, nil
}

// outsider: who is no member may be an outside collaborator. Who is neither is gone: GitHub answers 403, not 404, when
// the credential may not ask for memberships, and the list of outside collaborators was read whole.
func (f *fetch) outsider(id int64) sdk.Fetched {
	if f.outside == nil {
		c := &scan{s: f.s, w: &sdk.Walk{Listing: "outside_collaborators"}, size: maxPerPage}
		found := map[int64]user{}
		err := all(f.ctx, c, paged(orgPath(f.s, "/outside_collaborators"), maxPerPage), func(u *user) error {
			found[u.ID] = *u
			return u.check()
		})
		if err != nil {
			return failed(err)
		}
		f.outside = found
	}
	u, ok := f.outside[id]
	if !ok {
		return sdk.Fetched{State: sdk.Absent}
	}
	c := &scan{s: f.s, w: &sdk.Walk{Listing: "outside_collaborators"}, size: maxPerPage}
	no2FA, err := c.set(f.ctx, paged(orgPath(f.s, "/outside_collaborators"), maxPerPage, "filter=2fa_disabled"))
	if err != nil {
		return failed(err)
	}
	return sdk.Fetched{State: sdk.Found, Records: map[string]sdk.Record{
		"outside_collaborators": outsideRecord(u, flags{no2FA: no2FA}),
	}}
}

// repository: GitHub hides what the credential may not see behind 404, so that is never proof.
func (f *fetch) repository(r *sdk.Ref) sdk.Fetched {
	ref := path("/repositories/%s", r.GetId())
	if name := r.GetName(); name != "" {
		ref = path("/repos/%s/%s", f.s.Settings["organization"], name)
	}
	var v repository
	_, err := get(f.ctx, f.s, ref, "", &v)
	if err != nil {
		return failed(err)
	}
	if num(v.ID) != r.GetId() || !strings.EqualFold(v.Owner.Login, f.s.Settings["organization"]) {
		return sdk.Fetched{State: sdk.Denied} // another repository has the name now, or it left the organisation
	}
	return sdk.Fetched{State: sdk.Found, Records: map[string]sdk.Record{"repositories": v.file()}}
}
