package main

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// fetch answers one call of Fetch.
type fetch struct {
	*client
	ids map[string]string // of people, by e-mail
}

// Fetch reads accounts, groups and files as they are now.
func (c connector) Fetch(ctx context.Context, s *sdk.Session, refs []*sdk.Ref, yield func(sdk.Fetched) error) error {
	cl := &fetch{client: c.client(s), ids: map[string]string{}}
	for _, r := range refs {
		var got sdk.Fetched
		switch r.GetKind() {
		case sdk.KindAccount:
			got = cl.fetchAccount(ctx, r)
		case sdk.KindGroup:
			got = cl.fetchGroup(ctx, r)
		case sdk.KindFile:
			got = cl.fetchFile(ctx, r)
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

// fetchFile asks as the person whom the hint names. That the person does not see it proves nothing: only the log can say
// that it was deleted.
func (c *fetch) fetchFile(ctx context.Context, r *sdk.Ref) sdk.Fetched {
	if r.GetId() == "" {
		return failed(sdk.Errorf(sdk.ErrInvalid, "a file without id was asked for"))
	}
	if r.GetEmail() == "" {
		return c.deletedFile(ctx, r.GetId())
	}
	var f file
	q := url.Values{"supportsAllDrives": {"true"}, "fields": {myFileFields}}
	err := c.do(ctx, drive(as{subject: r.GetEmail(), scope: scopeMetadata}, q, "/drive/v3/files/%s", r.GetId()), &f)
	switch {
	case sdk.TypeOf(err) == sdk.ErrNotFound:
		return c.deletedFile(ctx, r.GetId())
	case err != nil:
		return failed(err)
	case f.ID != r.GetId():
		return failed(missing("file", "the id asked for"))
	case f.Drive != "" || !f.OwnedByMe || len(f.Owners) == 0:
		return sdk.Fetched{State: sdk.Denied} // it has moved: its new place lists it
	}
	owner := strings.ToLower(f.Owners[0].Email)
	if c.ids[owner] == "" {
		u, err := c.userByKey(ctx, owner)
		if err != nil {
			return failed(err)
		}
		c.ids[owner] = u.ID
	}
	return found("files", f.record(c.domain(), c.ids[owner]))
}

// deletedFile looks in the log whether a file was deleted for ever.
func (c *client) deletedFile(ctx context.Context, id string) sdk.Fetched {
	if strings.ContainsAny(id, ",=<>") {
		return sdk.Fetched{State: sdk.Denied}
	}
	gone := false
	l := logQuery{app: "drive", event: "delete", filter: "doc_id==" + id, size: 1}
	_, err := c.readLog(ctx, l, 1, func(_ *activity, e *event) error {
		gone = gone || e.Name == "delete" && e.text("doc_id") == id
		return nil
	})
	switch {
	case err != nil:
		return failed(err)
	case gone:
		return sdk.Fetched{State: sdk.Absent}
	}
	return sdk.Fetched{State: sdk.Denied}
}
