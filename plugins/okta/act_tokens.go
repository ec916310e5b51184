package main

import (
	"context"
	"slices"
	"strconv"

	"github.com/mooring-hq/mooring/sdk"
)

// argClient of revoke_tokens narrows it to one app.
const argClient = "client_id"

const maxClients = 200 // of one account, whose tokens are revoked in one go

// tokensHeld are the refresh tokens that apps have of an account, as client and token.
type tokensHeld struct {
	Tokens []string `json:"tokens"`
}

func revokeTokens() *sdk.Change[tokensHeld] {
	return &sdk.Change[tokensHeld]{
		Read: readTokens,
		Want: func(*sdk.Intent, tokensHeld) (tokensHeld, error) { return tokensHeld{Tokens: []string{}}, nil },
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, from, _ tokensHeld) (*sdk.Outcome, error) {
			for n, client := range from.clients() {
				if err := remove(ctx, s, path("/api/v1/users/%s/clients/%s/tokens", i.GetTarget().GetId(), client)); err != nil {
					return after(n, err)
				}
			}
			return nil, nil //nolint:nilnil // done
		},
		Effects: func(_ *sdk.Intent, from, _ tokensHeld) []string {
			var list []string
			for _, client := range from.clients() {
				list = append(list, "the app "+client+" loses its tokens of the account; the person has to sign in there again")
			}
			return list
		},
	}
}

// clients are the apps that have tokens, each once.
func (h *tokensHeld) clients() []string {
	var list []string
	for _, t := range h.Tokens {
		list = append(list, sdk.SplitID(t)[0])
	}
	return slices.Compact(list)
}

func readTokens(ctx context.Context, s *sdk.Session, i *sdk.Intent) (tokensHeld, error) {
	h := tokensHeld{Tokens: []string{}}
	u, err := userAt(ctx, s, i.GetTarget().GetId())
	if err != nil {
		return h, err
	}
	clients := []string{sdk.Arg(i, argClient)}
	if clients[0] == "" {
		if clients, err = clientsOf(ctx, s, u.ID); err != nil {
			return h, err
		}
	}
	if err := areIDs(clients...); err != nil {
		return h, err
	}
	if len(clients) > maxClients {
		return h, sdk.Errorf(sdk.ErrTooLarge, "%d apps have something of the account; name one with %s, at most %s are done in one go",
			len(clients), argClient, strconv.Itoa(maxClients))
	}
	for _, client := range clients {
		ref := paged(path("/api/v1/users/%s/clients/%s/tokens", u.ID, client), maxTokens)
		for n := 0; ref != "" && n < maxPages; n++ {
			list, a, err := getList[refreshToken](ctx, s, ref)
			if isGone(err) {
				break
			}
			if err != nil {
				return h, err
			}
			for _, t := range list {
				if t.Status != "REVOKED" {
					h.Tokens = append(h.Tokens, sdk.ID(client, t.ID))
				}
			}
			ref = a.next
		}
	}
	slices.Sort(h.Tokens)
	return h, nil
}

// clientsOf are the apps for which an account has grants or tokens.
func clientsOf(ctx context.Context, s *sdk.Session, user string) ([]string, error) {
	list, _, err := getList[struct {
		ID string `json:"client_id"`
	}](ctx, s, path("/api/v1/users/%s/clients", user))
	var ids []string
	for _, c := range list {
		if c.ID == "" {
			return nil, missing("OAuth client", "client_id")
		}
		ids = append(ids, c.ID)
	}
	return ids, err
}
