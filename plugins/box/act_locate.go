package main

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"

	"github.com/mooring-hq/mooring/sdk"
)

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
		var ids []string
		for _, u := range *got.Entries {
			if u.ID != "" && u.Status != inactive && asked < maxAsked {
				ids, asked = append(ids, u.ID), asked+1
			}
		}
		if p, err := tryAll(ctx, s, id, ids); p.Kind != "" || err != nil {
			return p, err
		}
		if next = string(got.Next); next == "" || asked >= maxAsked {
			break
		}
	}
	if asked >= maxAsked {
		return place{}, sdk.Errorf(sdk.ErrInvalid, "none of %d users has file %s: say whose it is, in argument owner", maxAsked, id)
	}
	return place{}, sdk.Errorf(sdk.ErrNotFound, "nobody has a file or folder %s", id)
}

// tryAll asks for an item as one user after the other, several at once; a place without a kind: none has it.
func tryAll(ctx context.Context, s *sdk.Session, id string, users []string) (place, error) {
	var (
		mu    sync.Mutex
		wg    sync.WaitGroup
		at    place
		first error
		ended bool
		slots = make(chan struct{}, parallel)
	)
	for _, who := range users {
		slots <- struct{}{}
		mu.Lock()
		enough := ended
		mu.Unlock()
		if enough {
			break
		}
		wg.Go(func() {
			defer func() { <-slots }()
			p, found, err := tryAs(ctx, s, id, who)
			if refusedAs(err) || err == nil && !found {
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if !ended {
				at, first, ended = p, err, true // what was asked already is waited for
			}
		})
	}
	wg.Wait()
	if first != nil {
		return place{}, first
	}
	return at, nil
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
