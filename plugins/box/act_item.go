package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/mooring-hq/mooring/sdk"
)

// place is as what and as whom an item is asked for. Owner is "" for the credential's own account.
type place struct {
	Kind  string `json:"kind"` // file or folder
	Owner string `json:"owner"`
}

// ref is the path of an item; below is "" or what follows its id.
func (p place) ref(id, below string) string { return "/" + p.Kind + "s" + path("/%s", id) + below }

func itemURL(i *sdk.Intent, below string) string { return placeOf(i).ref(i.GetTarget().GetId(), below) }

// placeOf is what named put there.
func placeOf(i *sdk.Intent) place {
	how := sdk.SplitID(i.GetTarget().GetName())
	if len(how) != 2 || how[0] != typeFile && how[0] != typeFolder {
		return place{}
	}
	return place{how[0], how[1]}
}

// named gives an intent whose target says where it is, as the refs of our hints do.
func (p place) named(i *sdk.Intent) *sdk.Intent {
	i = proto.CloneOf(i)
	i.Target.Name = new(sdk.ID(p.Kind, p.Owner))
	return i
}

// onItem carries out an action as the item's owner. Who that is, is found once: the plan says it from then on. Snapshots
// of what it wraps have the place in "from".
type onItem struct{ of sdk.Actor }

// Prepare is part of sdk.Actor.
func (a onItem) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	if u := i.GetUndo(); u != nil {
		at, err := planned(u.GetPlan())
		if err != nil {
			return nil, err
		}
		return a.of.Prepare(ctx, s, at.named(i))
	}
	at, err := locate(ctx, s, i)
	if err != nil {
		return nil, err
	}
	return a.of.Prepare(ctx, s, at.named(i))
}

// Act is part of sdk.Actor.
func (a onItem) Act(
	ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte, keep func([]byte) error,
) (*sdk.Outcome, error) {
	at, err := planned(p)
	if err != nil {
		return nil, err
	}
	return a.of.Act(ctx, s, at.named(i), p, progress, keep)
}

// ReadBack is part of sdk.Actor.
func (a onItem) ReadBack(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte) (*sdk.ReadBack, error) {
	at, err := planned(p)
	if err != nil {
		return nil, err
	}
	return a.of.ReadBack(ctx, s, at.named(i), p, progress)
}

func planned(p *sdk.Plan) (place, error) {
	var t struct {
		From place `json:"from"`
	}
	if err := json.Unmarshal(p.GetSnapshot(), &t); err != nil || t.From.Kind == "" {
		return place{}, sdk.Errorf(sdk.ErrInvalid, "the snapshot does not say whose item it is of")
	}
	return t.From, nil
}

// maxAsked is how many users are asked for an item of which nobody says whose it is.
const maxAsked = 500

// locate finds out whose an item is: as the target or the argument says, else the account's own, else by asking as one
// user after the other.
func locate(ctx context.Context, s *sdk.Session, i *sdk.Intent) (place, error) {
	id := i.GetTarget().GetId()
	if p := placeOf(i); p.Owner != "" {
		return p, nil
	}
	if owner := sdk.Arg(i, ownerArg.Name); owner != "" {
		return locateAs(ctx, s, id, owner)
	}
	if p, found, err := tryAs(ctx, s, id, ""); found || err != nil {
		return p, err
	}
	asked, next := 0, ""
	for range maxPages {
		got, err := list[user](ctx, s, "/users?user_type=managed&usemarker=true&limit=1000&fields=status"+marked(next), "")
		if err != nil {
			return place{}, err
		}
		for _, u := range *got.Entries {
			if u.ID == "" || u.Status == "inactive" {
				continue
			}
			if asked++; asked > maxAsked {
				return place{}, sdk.Errorf(sdk.ErrInvalid, "none of %d users has file %s: say whose it is, in argument owner", maxAsked, id)
			}
			p, found, err := tryAs(ctx, s, id, u.ID)
			if refusedAs(err) {
				continue
			}
			if found || err != nil {
				return p, err
			}
		}
		if next = string(got.Next); next == "" {
			break
		}
	}
	return place{}, sdk.Errorf(sdk.ErrNotFound, "nobody has a file or folder %s", id)
}

// locateAs: owner is an id, or an address.
func locateAs(ctx context.Context, s *sdk.Session, id, owner string) (place, error) {
	who := owner
	if strings.Contains(owner, "@") {
		u, err := managed(ctx, s, owner)
		if err != nil {
			return place{}, err
		}
		if u == nil {
			return place{}, sdk.Errorf(sdk.ErrNotFound, "the enterprise has no user %s", owner)
		}
		who = u.ID
	}
	p, found, err := tryAs(ctx, s, id, who)
	switch {
	case refusedAs(err):
		err = sdk.Errorf(sdk.ErrPermission, "Box does not let the app act as user %s, who is inactive perhaps: %w", owner, err)
	case err == nil && !found:
		err = sdk.Errorf(sdk.ErrNotFound, "user %s has no file or folder %s", owner, id)
	}
	return p, err
}

// managed is the enterprise's user with an address; nil: there is none.
func managed(ctx context.Context, s *sdk.Session, login string) (*user, error) {
	found, err := all[user](ctx, s, "/users?user_type=managed&usemarker=true&limit=1000&filter_term="+url.QueryEscape(login), "")
	for i := range found {
		if strings.EqualFold(found[i].Login, login) && found[i].ID != "" {
			return &found[i], err
		}
	}
	return nil, err
}

// refusedAs: the app may write, but not as that user.
func refusedAs(err error) bool {
	return sdk.TypeOf(err) == sdk.ErrPermission && !errors.Is(err, errScope)
}

// tryAs asks for an item as a user, and says whose it is.
func tryAs(ctx context.Context, s *sdk.Session, id, as string) (place, bool, error) {
	for _, kind := range []string{typeFile, typeFolder} {
		p := place{kind, as}
		it, err := seen(ctx, s, p, id)
		switch {
		case sdk.TypeOf(err) == sdk.ErrNotFound:
			continue
		case err != nil:
			return p, false, err
		}
		return p.whose(ctx, s, it)
	}
	return place{}, false, nil
}

// seen gives an item, in the trash or not.
func seen(ctx context.Context, s *sdk.Session, p place, id string) (*item, error) {
	it := &item{}
	err := get(ctx, s, p.ref(id, "?fields=owned_by,item_status"), p.Owner, it)
	if errors.Is(err, errTrashed) {
		err = get(ctx, s, p.ref(id, "/trash"), p.Owner, it)
	}
	if err == nil && it.ID != id {
		err = missing("item", "the id asked for")
	}
	return it, err
}

// whose: it may have been found by somebody who was let in.
func (p place) whose(ctx context.Context, s *sdk.Session, it *item) (place, bool, error) {
	if it.Owner == nil || it.Owner.ID == "" {
		return p, false, missing("item", "its owner")
	}
	me, err := whoami(ctx, s)
	if err != nil {
		return p, false, err
	}
	if p.Owner = it.Owner.ID; p.Owner == me.ID {
		p.Owner = ""
	}
	return p, true, nil
}

// itemNow reads an item as its owner. One in the trash is not found.
func itemNow(ctx context.Context, s *sdk.Session, i *sdk.Intent, fields string) (*item, error) {
	it := &item{}
	if err := get(ctx, s, itemURL(i, "?"+fieldsOf("name,owned_by,"+fields)), placeOf(i).Owner, it); err != nil {
		return nil, err
	}
	if it.ID != i.GetTarget().GetId() {
		return nil, missing("item", "the id asked for")
	}
	return it, nil
}

// order sends a request that changes something. What Box answers when it is done already is in done.
func order(ctx context.Context, s *sdk.Session, method, ref, owner string, body any, done ...sdk.ErrorType) error {
	err := put(ctx, s, method, ref, owner, body, nil)
	if err != nil && slices.Contains(done, sdk.TypeOf(err)) {
		return nil
	}
	return err
}

// put sends a request with a JSON body.
func put(ctx context.Context, s *sdk.Session, method, ref, owner string, body, out any) error {
	if body == nil {
		return send(ctx, s, method, ref, owner, nil, out)
	}
	return send(ctx, s, method, ref, owner, strings.NewReader(pack(body)), out)
}
