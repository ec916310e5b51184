package main

import (
	"context"
	"net/http"

	"github.com/mooring-hq/mooring/sdk"
)

// there is whether something is there at all.
type there struct {
	There bool `json:"there"`
}

// partOf gives the second part of an id whose first one says what it is.
func partOf(i *sdk.Intent, kind, what string) (string, error) {
	parts := sdk.SplitID(i.GetTarget().GetId())
	if len(parts) != 2 || parts[0] != kind {
		return "", sdk.Errorf(sdk.ErrInvalid, "%q is not %s", i.GetTarget().GetId(), what)
	}
	return parts[1], nil
}

// revocable is a grant that is found in a list and taken away by a call; nothing brings it back.
func revocable(kind, what, effect string, find func(context.Context, *sdk.Session, string) (bool, error),
	revoke func(context.Context, *sdk.Session, string) error,
) sdk.Actor {
	return sure(&sdk.Change[there]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (there, error) {
			id, err := partOf(i, kind, what)
			if err != nil {
				return there{}, err
			}
			found, err := find(ctx, s, id)
			return there{found}, err
		},
		Want: func(*sdk.Intent, there) (there, error) { return there{}, nil },
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to there) (*sdk.Outcome, error) {
			if to.There {
				return nil, sdk.Errorf(sdk.ErrUnsupported, "only its owner can bring it back")
			}
			id, err := partOf(i, kind, what)
			if err != nil {
				return nil, err
			}
			return nil, revoke(ctx, s, id)
		},
		Effects: func(i *sdk.Intent, _, _ there) []string { return []string{called(i, "grant") + effect} },
	})
}

func revokePAT() sdk.Actor {
	return revocable("pat", "a fine-grained token", " does not reach the organisation any more; its owner can ask for access again",
		func(ctx context.Context, s *sdk.Session, id string) (bool, error) {
			if err := appsOnly(s); err != nil {
				return false, err
			}
			ref := paged(orgPath(s, "/personal-access-tokens"), maxPerPage, "sort=created_at", "direction=asc")
			p, err := seek(ctx, s, ref, func(p *pat) bool { return num(p.ID) == id })
			return p != nil, err
		},
		func(ctx context.Context, s *sdk.Session, id string) error {
			return change(ctx, s, http.MethodPost, orgPath(s, path("/personal-access-tokens/%s", id)), map[string]string{"action": "revoke"}, nil)
		})
}

func revokeCredential() sdk.Actor {
	return revocable("credential", "a credential of single sign-on", " does not reach the organisation any more; its owner can authorise it again",
		func(ctx context.Context, s *sdk.Session, id string) (bool, error) {
			k, err := seek(ctx, s, paged(orgPath(s, "/credential-authorizations"), maxPerPage), func(k *credential) bool { return num(k.ID) == id })
			return k != nil, err
		},
		func(ctx context.Context, s *sdk.Session, id string) error {
			return change(ctx, s, http.MethodDelete, orgPath(s, path("/credential-authorizations/%s", id)), nil, nil)
		})
}

// blockedState is whether the organisation blocked somebody.
type blockedState struct {
	Blocked bool `json:"blocked"`
}

const lostBlocked = "an outside collaborator loses access to every repository; stars, watches and forks of whoever was blocked do not come back"

func block() sdk.Actor {
	return sure(&sdk.Change[blockedState]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (blockedState, error) {
			u, err := seek(ctx, s, paged(orgPath(s, "/blocks"), maxPerPage), func(u *user) bool { return num(u.ID) == i.GetTarget().GetId() })
			return blockedState{u != nil}, err
		},
		Want: func(*sdk.Intent, blockedState) (blockedState, error) { return blockedState{true}, nil },
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to blockedState) (*sdk.Outcome, error) {
			login, err := loginOf(ctx, s, i.GetTarget().GetId())
			if err != nil {
				return nil, err
			}
			method := http.MethodPut
			if !to.Blocked {
				method = http.MethodDelete
			}
			return nil, change(ctx, s, method, orgPath(s, path("/blocks/%s", login)), nil, nil)
		},
		Effects: func(i *sdk.Intent, _, to blockedState) []string {
			if to.Blocked {
				return []string{called(i, "account") + " cannot take part in anything of the organisation, nor be invited; a member must be removed first"}
			}
			return []string{called(i, "account") + " is not blocked any more"}
		},
		Loses: func(_ *sdk.Intent, from, _ blockedState) []string {
			if from.Blocked {
				return nil
			}
			return []string{lostBlocked}
		},
	})
}
