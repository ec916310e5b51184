package main

import (
	"context"
	"slices"

	"github.com/mooring-hq/mooring/sdk"
)

// isHome says whether an item is where it belongs, shared as it was there. With what a quarantine left behind, that has to
// be gone.
func (quarantine) isHome(ctx context.Context, s *sdk.Session, i *sdk.Intent, h *home, l *left) (bool, error) {
	id := i.GetTarget().GetId()
	it := &item{}
	err := get(ctx, s, h.ref(id, "?"+fieldsOf("owned_by,parent,shared_link")), h.Owner, it)
	if denied(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	link := it.Link.sharing()
	if it.Owner == nil || it.Owner.ID != h.Owner || it.parent() != h.Parent || (link == nil) != (h.Link == nil) || link != nil && *link != *h.Link {
		return false, nil
	}
	people, _, err := letIn(ctx, s, h.place, id)
	if err != nil || !slices.Equal(guests(people), h.People) {
		return false, err
	}
	return l == nil || l.isGone(ctx, s, h.Owner), nil
}

// isGone says whether nothing is left.
func (l *left) isGone(ctx context.Context, s *sdk.Session, owner string) bool {
	for _, rest := range []struct {
		place
		id string
	}{{place{typeFile, owner}, l.Stone}, {place{Kind: typeFolder}, l.Cell}} {
		if rest.id == "" {
			continue
		}
		if _, err := seen(ctx, s, rest.place, rest.id); sdk.TypeOf(err) != sdk.ErrNotFound {
			return false
		}
	}
	return true
}

// isAway says whether an item is in quarantine, with nobody let in, and a text in its place.
func (quarantine) isAway(ctx context.Context, s *sdk.Session, i *sdk.Intent, h *home) (bool, error) {
	id := i.GetTarget().GetId()
	it := &item{}
	err := get(ctx, s, h.ref(id, "?"+fieldsOf("parent,shared_link,path_collection")), "", it)
	if denied(err) {
		return false, nil
	}
	if err != nil || !it.isIn(sdk.Arg(i, toArg)) || it.Link != nil {
		return false, err
	}
	for at, kind := range map[string]string{id: h.Kind, it.parent(): typeFolder} {
		people, _, err := letIn(ctx, s, place{Kind: kind}, at)
		if err != nil || len(people) > 0 {
			return false, err
		}
	}
	stone, err := find(ctx, s, h.Owner, h.Parent, typeFile, h.stone(id))
	return stone != "", err
}

func (it *item) parent() string {
	if it.Parent == nil || it.Parent.ID == "" {
		return rootFolder
	}
	return it.Parent.ID
}
