package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

func (c connector) fileDeeds() []deed {
	needs := []scope{scopeDrive, scopeAudit}
	return []deed{
		{needs: needs, Action: sdk.Action{
			Name: "trash", On: sdk.KindFile, Undo: sdk.UndoFull,
			Doc: "Puts the file into the trash, with all that is in it when it is a folder; Google empties the trash after 30 days.",
			By:  c.trash(),
		}},
		{needs: needs, Action: sdk.Action{
			Name: "transfer_ownership", On: sdk.KindFile, Undo: sdk.UndoFull,
			Doc: "Makes somebody else of the organisation the owner of the file; the owner of now may still write. Google tells the new " +
				"owner by mail, which cannot be left out.",
			Args: []sdk.Setting{{Name: newOwnerArg, Required: true, Doc: "e-mail of the new owner, an active person of the organisation"}},
			By:   c.transfer(),
		}},
	}
}

// trashed is what the trash is about.
type trashed struct {
	Trashed bool `json:"trashed"`
}

func (c connector) trash() sdk.Actor {
	return &sdk.Change[trashed]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (trashed, error) {
			h, err := c.client(s).reach(ctx, i)
			if err == nil && h.Trashed == nil {
				err = missing("file", "trashed")
			}
			if err != nil {
				return trashed{}, err
			}
			return trashed{*h.Trashed}, nil
		},
		Want: func(*sdk.Intent, trashed) (trashed, error) { return trashed{true}, nil },
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to trashed) (*sdk.Outcome, error) {
			cl := c.client(s)
			h, err := cl.reach(ctx, i)
			if err != nil {
				return nil, err
			}
			return nil, cl.patchFile(sdk.Safe(ctx), h, query(), to)
		},
		Effects: func(_ *sdk.Intent, _, to trashed) []string {
			if to.Trashed {
				return []string{"the file goes into the trash: those it is shared with lose it"}
			}
			return []string{"the file comes out of the trash"}
		},
	}
}

// patchFile changes what the query and the body name.
func (c *client) patchFile(ctx context.Context, h *held, q url.Values, body any) error {
	q.Set("supportsAllDrives", "true")
	q.Set("fields", "id")
	k := drive(h.as, q, "/drive/v3/files/%s", h.ID)
	k.method, k.body = http.MethodPatch, body
	return c.do(ctx, k, nil)
}

// ownership is what giving a file away touches: whose it is, and what else the new owner is let do, which ends when the file
// is theirs. That the owner from before may write is Google's doing, and ends when the file is theirs again.
type ownership struct {
	Owner  string `json:"owner"`
	Shares shares `json:"shares"`
}

func (c connector) transfer() sdk.Actor {
	return &sdk.Change[ownership]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (ownership, error) {
			o, _, err := c.client(s).ownershipOf(ctx, i)
			return o, err
		},
		Want: func(i *sdk.Intent, _ ownership) (ownership, error) {
			to, err := emailArg(i, newOwnerArg)
			return ownership{Owner: to, Shares: shares{}}, err
		},
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, from, to ownership) (*sdk.Outcome, error) {
			var n steps
			err := c.client(s).give(ctx, &n, i, from, to)
			return n.end(err)
		},
		Effects: func(_ *sdk.Intent, from, to ownership) []string {
			return append([]string{to.Owner + " becomes the owner, and is told so by mail", from.Owner + " is no longer the owner, but may still write"},
				shareEffects(nil, to.Shares)...)
		},
	}
}

// receives keeps the share of the one who is to be the owner.
func receives(i *sdk.Intent) (filter, error) {
	to, err := emailArg(i, newOwnerArg)
	return func(s share) bool { return s.Type == "user" && s.Who == to }, err
}

func (c *client) ownershipOf(ctx context.Context, i *sdk.Intent) (ownership, *held, error) {
	keep, err := receives(i)
	if err != nil {
		return ownership{}, nil, err
	}
	h, err := c.reach(ctx, i)
	if err != nil {
		return ownership{}, nil, err
	}
	if h.Drive != "" || len(h.Owners) == 0 || h.Owners[0].Email == "" {
		return ownership{}, nil, sdk.Errorf(sdk.ErrUnsupported, "the file is in a shared drive, so no person owns it")
	}
	o := ownership{Owner: strings.ToLower(h.Owners[0].Email)}
	o.Shares, _, err = c.sharesOf(ctx, h.as, h.ID, keep)
	return o, h, err
}

// give makes somebody the owner, as the owner of now, and then sets right what Google lets the other do.
func (c *client) give(ctx context.Context, n *steps, i *sdk.Intent, from, to ownership) error {
	now, h, err := c.ownershipOf(ctx, i)
	switch {
	case err != nil:
		return err
	case now.Owner != from.Owner && now.Owner != to.Owner:
		return sdk.Errorf(sdk.ErrConflict, "the file belongs to %s now, which the plan did not know", now.Owner)
	case now.Owner != to.Owner:
		k := drive(h.as, query("transferOwnership", "true", "supportsAllDrives", "true", "fields", "id"), "/drive/v3/files/%s/permissions", h.ID)
		k.method, k.body = http.MethodPost, permission{Type: "user", Role: "owner", Email: to.Owner}
		if err := c.do(ctx, k, nil); err != nil { // not repeated by itself: the one who asks is the owner no more
			return err
		}
		*n++
	}
	keep, err := receives(i)
	if err != nil {
		return err
	}
	after := h.as
	after.subject = to.Owner
	given := shares{{Type: "user", Who: from.Owner, Role: "writer"}} // by Google
	return c.arrange(ctx, n, after, h.ID, keep, append(given, now.Shares...), to.Shares)
}
