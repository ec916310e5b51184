package main

import (
	"context"
	"errors"
	"net/url"

	"github.com/mooring-hq/mooring/sdk"
)

// fetch answers one call of Fetch. Folders above items are read once.
type fetch struct {
	*scan
	above map[string]sight // by owner and folder
}

// Fetch reads users, groups and items as they are now. An item is asked for as its owner, whom only our own hints name:
// for other refs nothing is said.
func (connector) Fetch(ctx context.Context, s *sdk.Session, refs []*sdk.Ref, yield func(sdk.Fetched) error) error {
	f := &fetch{scan: &scan{s: s}, above: map[string]sight{}}
	for _, r := range refs {
		var got sdk.Fetched
		switch r.GetKind() {
		case sdk.KindAccount:
			got = f.account(ctx, r.GetId())
		case sdk.KindGroup:
			got = f.group(ctx, r.GetId())
		case sdk.KindFile:
			got = f.file(ctx, r)
		default:
			got = failed(sdk.Errorf(sdk.ErrUnsupported, "Box does not give %s %q by its id", sdk.KindName(r.GetKind()), r.GetId()))
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
	if denied(err) {
		return sdk.Fetched{State: sdk.Denied}
	}
	return sdk.Fetched{State: sdk.Failed, Err: err}
}

// account: a managed user is shown to whoever may list users, so 404 is proof; but for one of another enterprise, whom
// only the list has.
func (f *fetch) account(ctx context.Context, id string) sdk.Fetched {
	var u user
	err := get(ctx, f.s, userRef(id), "", &u)
	switch {
	case sdk.TypeOf(err) == sdk.ErrNotFound:
		return sdk.Fetched{State: sdk.Denied}
	case err != nil:
		return failed(err)
	case u.ID != id:
		return failed(missing("user", "the id asked for"))
	}
	return sdk.Fetched{State: sdk.Found, Records: map[string]sdk.Record{"users": u.account("user")}}
}

func (f *fetch) group(ctx context.Context, id string) sdk.Fetched {
	var g group
	err := get(ctx, f.s, path("/groups/%s", id)+"?fields="+url.QueryEscape(groupFields), "", &g)
	switch {
	case sdk.TypeOf(err) == sdk.ErrNotFound:
		return sdk.Fetched{State: sdk.Absent}
	case err != nil:
		return failed(err)
	case g.ID != id:
		return failed(missing("group", "the id asked for"))
	}
	return sdk.Fetched{State: sdk.Found, Records: map[string]sdk.Record{"groups": g.record()}}
}

// file: 404 may mean another owner, so it is no proof, unless Box says that it means the trash; the walk of the tree is.
func (f *fetch) file(ctx context.Context, r *sdk.Ref) sdk.Fetched {
	how := sdk.SplitID(r.GetName())
	if len(how) != 2 || how[1] == "" || how[0] != typeFile && how[0] != typeFolder {
		return sdk.Fetched{State: sdk.Denied}
	}
	it, err := f.item(ctx, how[0], r.GetId(), how[1])
	if errors.Is(err, errTrashed) {
		return f.trashed(ctx, how[0], r.GetId(), how[1])
	}
	if err != nil {
		return failed(err)
	}
	up, err := f.inherited(ctx, it, how[1])
	if err != nil {
		return failed(err)
	}
	access, err := f.access(ctx, it, how[1], up)
	if err != nil {
		return failed(err)
	}
	return sdk.Fetched{State: sdk.Found, Records: map[string]sdk.Record{"files": it.record(it.path(), access)}}
}

// trashed: where the trash cannot be read, what is in it is gone for us. Where it can be, listing trash has it.
func (f *fetch) trashed(ctx context.Context, kind, id, owner string) sdk.Fetched {
	err := get(ctx, f.s, "/"+kind+"s"+path("/%s/trash", id), owner, &struct{}{})
	switch {
	case err == nil:
		return sdk.Fetched{State: sdk.Denied}
	case sdk.TypeOf(err) == sdk.ErrPermission:
		return sdk.Fetched{State: sdk.Absent}
	}
	return failed(err)
}

func (f *fetch) item(ctx context.Context, kind, id, owner string) (*item, error) {
	it := &item{}
	if err := get(ctx, f.s, "/"+kind+"s"+path("/%s", id)+"?"+fieldsOf(placedFields), owner, it); err != nil {
		return nil, err
	}
	if it.ID != id {
		return nil, missing("item", "the id asked for")
	}
	return it, nil
}

func (f *fetch) access(ctx context.Context, it *item, owner string, up sight) (*sdk.AccessList, error) {
	lists, err := f.collaborations(ctx, owner, []item{*it})
	return it.accessOf(lists[0], up), err
}

// inherited is what an item inherits from the folders above it, from the top down.
func (f *fetch) inherited(ctx context.Context, it *item, owner string) (sight, error) {
	up := sight{complete: it.Path != nil}
	if it.Path == nil {
		return up, nil
	}
	for i, folder := range it.Path.Entries {
		if folder.ID == rootFolder || i >= maxDepth {
			continue
		}
		key := sdk.ID(owner, folder.ID)
		if known, ok := f.above[key]; ok {
			up = known
			continue
		}
		above, err := f.item(ctx, typeFolder, folder.ID, owner)
		if denied(err) {
			up.complete = false // shared from somewhere above that the owner does not see
			continue
		}
		if err != nil {
			return up, err
		}
		own, err := f.access(ctx, above, owner, up)
		if err != nil {
			return up, err
		}
		up = above.inside(own)
		f.above[key] = up
	}
	return up, nil
}
