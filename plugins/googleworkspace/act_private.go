package main

import (
	"context"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

func (c connector) sharingDeeds() []deed {
	needs := []scope{scopeDrive, scopeAudit}
	return []deed{
		{needs: needs, Action: sdk.Action{
			Name: "make_private", On: sdk.KindFile, Undo: sdk.UndoFull,
			Doc: "Ends all sharing of the file: only its owner keeps access, or whoever is in its shared drive.",
			By:  c.sharing(func(context.Context, *client, *sdk.Intent) (filter, error) { return everyShare, nil }),
		}},
		{needs: needs, Action: sdk.Action{
			Name: "remove_public_access", On: sdk.KindFile, Undo: sdk.UndoFull,
			Doc: "Ends the file's links for anyone and for whole domains; people and groups keep access.",
			By: c.sharing(func(context.Context, *client, *sdk.Intent) (filter, error) {
				return func(s share) bool { return s.Type == "anyone" || s.Type == "domain" }, nil
			}),
		}},
		{needs: append(slices.Clone(needs), scopeDomains), Action: sdk.Action{
			Name: "remove_external_users", On: sdk.KindFile, Undo: sdk.UndoFull,
			Doc: "Ends the access of people, groups and domains outside the organisation, as its verified domains tell.",
			By:  c.sharing(external),
		}},
		{needs: needs, Action: sdk.Action{
			Name: "remove_collaborator", On: sdk.KindFile, Undo: sdk.UndoFull,
			Doc:  "Ends the access of one person, group or domain to the file.",
			Args: []sdk.Setting{{Name: whoArg, Required: true, Doc: "e-mail of the person or group, or a domain"}},
			By:   c.sharing(collaborator),
		}},
	}
}

func everyShare(share) bool { return true }

func external(ctx context.Context, c *client, _ *sdk.Intent) (filter, error) {
	ours, err := c.ours(ctx)
	if err != nil {
		return nil, err
	}
	return func(s share) bool {
		domain := s.Who[strings.LastIndexByte(s.Who, '@')+1:]
		return s.Type != "anyone" && !slices.Contains(ours, domain)
	}, nil
}

func collaborator(_ context.Context, _ *client, i *sdk.Intent) (filter, error) {
	who := strings.ToLower(strings.TrimSpace(sdk.Arg(i, whoArg)))
	if who == "" {
		return nil, &sdk.Error{Type: sdk.ErrInvalid, Field: whoArg, Message: "argument " + whoArg + " is empty: whose access shall end?"}
	}
	return func(s share) bool { return s.Who == who }, nil
}
