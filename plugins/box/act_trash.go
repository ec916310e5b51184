package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// kept is an item as far as the trash goes.
type kept struct {
	place
	Trashed bool `json:"trashed"`
	Gone    bool `json:"gone,omitempty"` // for good

	name string // for people
}

// treeTime is how long Box may work on a large folder.
const treeTime = 5 * time.Minute

func trashActions() sdk.Actions {
	change := func(want func(*kept)) *sdk.Change[kept] {
		return &sdk.Change[kept]{
			Read: readKept, Write: writeKept, Effects: keptEffects,
			Want: func(i *sdk.Intent, now kept) (kept, error) {
				if now.Gone {
					return now, sdk.Errorf(sdk.ErrNotFound, "item %s is not there, nor in the trash", i.GetTarget().GetId())
				}
				want(&now)
				return now, nil
			},
		}
	}
	purge := change(nil)
	purge.Want = func(i *sdk.Intent, now kept) (kept, error) {
		if !now.Trashed && !now.Gone {
			return now, sdk.Errorf(sdk.ErrConflict, "item %s is not in the trash: only what is there is purged", i.GetTarget().GetId())
		}
		now.Trashed, now.Gone = false, true
		return now, nil
	}
	return sdk.Actions{
		onItems(sdk.Action{
			Name: "trash", Doc: "puts a file or folder, with all that is in it, into its owner's trash", InFlightMax: treeTime, Undo: sdk.UndoPartial,
			Loses: "what Box deletes for good: at once where the enterprise has no trash, else after the days it set (30 unless changed)",
			By:    change(func(k *kept) { k.Trashed = true }),
		}),
		onItems(sdk.Action{
			Name: "restore", Doc: "takes a file or folder out of the trash, to where it was", InFlightMax: treeTime, Undo: sdk.UndoFull,
			By: change(func(k *kept) { k.Trashed = false }),
		}),
		onItems(sdk.Action{
			Name: "purge", Doc: "deletes for good a file or folder that is in the trash", Undo: sdk.UndoNone, By: purge,
		}),
	}
}

func readKept(ctx context.Context, s *sdk.Session, i *sdk.Intent) (kept, error) {
	now := kept{place: placeOf(i)}
	it, err := itemNow(ctx, s, i, "item_status")
	switch {
	case err == nil:
		now.name = it.Name
		return now, nil
	case errors.Is(err, errTrashed):
		now.Trashed = true
	case sdk.TypeOf(err) != sdk.ErrNotFound:
		return now, err
	}
	it = &item{}
	err = get(ctx, s, itemURL(i, "/trash"), now.Owner, it)
	switch {
	case err == nil:
		now.Trashed, now.name = true, it.Name
	case sdk.TypeOf(err) != sdk.ErrNotFound:
		return now, err
	case now.Trashed:
		return now, sdk.Errorf(sdk.ErrConflict, "item %s is in a folder that is in the trash", i.GetTarget().GetId())
	default:
		now.Gone = true
	}
	return now, nil
}

// writeKept: Box refuses what is done already; where a name is taken by now, nothing is restored.
func writeKept(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to kept) (*sdk.Outcome, error) {
	method, below := http.MethodPost, ""
	var body any = struct{}{}
	switch {
	case to.Gone:
		method, below, body = http.MethodDelete, "/trash", nil
	case to.Trashed:
		method, body = http.MethodDelete, nil
		if to.Kind == typeFolder {
			below = "?recursive=true"
		}
	}
	err := order(ctx, s, method, itemURL(i, below), to.Owner, body)
	switch sdk.TypeOf(err) {
	case sdk.ErrNotFound, sdk.ErrConflict, sdk.ErrInvalid:
	default:
		return nil, err
	}
	now, readErr := readKept(ctx, s, i)
	if readErr == nil && now.Trashed == to.Trashed && now.Gone == to.Gone {
		return &sdk.Outcome{State: sdk.Already}, nil
	}
	return nil, err
}

func keptEffects(_ *sdk.Intent, from, to kept) []string {
	what := "is taken out of the trash, to where it was"
	switch {
	case to.Gone:
		what = "is deleted for good"
	case to.Trashed:
		what = "goes to its owner's trash, and nobody it was shared with reaches it"
	}
	return []string{fmt.Sprintf("%s %s %s", from.Kind, from.name, what)}
}
