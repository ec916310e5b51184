package main

import (
	"context"
	"net/http"

	"github.com/mooring-hq/mooring/sdk"
)

// standing is a user as far as the status goes.
type standing struct {
	Status string `json:"status"`

	login string // for people
}

const inactive = "inactive"

func accountActions() sdk.Actions {
	change := func(want func(now string) string) *sdk.Change[standing] {
		return &sdk.Change[standing]{
			Read: readStanding,
			Want: func(_ *sdk.Intent, now standing) (standing, error) {
				now.Status = want(now.Status)
				return now, nil
			},
			Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to standing) (*sdk.Outcome, error) {
				ref := path("/users/%s", i.GetTarget().GetId()) + "?fields=status"
				return nil, order(ctx, s, http.MethodPut, ref, "", map[string]string{"status": to.Status})
			},
			Effects: func(_ *sdk.Intent, from, to standing) []string {
				return []string{"the status of " + from.login + " is changed from " + from.Status + " to " + to.Status}
			},
		}
	}
	return sdk.Actions{
		onAccounts(sdk.Action{
			Name: "suspend", Doc: "makes a user inactive: who cannot sign in, while content and shares stay", Safety: sdk.Repeat,
			Undo: sdk.UndoFull, Lock: "status", By: change(func(string) string { return inactive }),
		}),
		onAccounts(sdk.Action{
			Name: "unsuspend", Doc: "makes an inactive user active again", Safety: sdk.Repeat, Undo: sdk.UndoFull, Lock: "status",
			By: change(func(now string) string {
				if now == inactive {
					return "active"
				}
				return now // restricted users can sign in
			}),
		}),
		onAccounts(sdk.Action{
			Name: "sign_out", Doc: "has Box end all of a user's sessions; Box says that it took the order, and not when it is done",
			Safety: sdk.Repeat, Undo: sdk.UndoNone, Lock: "sessions", By: signOut{},
		}),
	}
}

func readStanding(ctx context.Context, s *sdk.Session, i *sdk.Intent) (standing, error) {
	var u user
	id := i.GetTarget().GetId()
	if err := get(ctx, s, path("/users/%s", id)+"?fields=status", "", &u); err != nil {
		return standing{}, err
	}
	if u.ID != id || u.Status == "" {
		return standing{}, missing("user", "the id asked for and a status")
	}
	return standing{Status: u.Status, login: u.Login}, nil
}

// signOut ends sessions. Box does it later, tells nobody when, and shows no sessions: there is nothing to read before, nor
// after. An order that is given twice ends no more than there is.
type signOut struct{}

// Prepare is part of sdk.Actor.
func (signOut) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	now, err := readStanding(ctx, s, i)
	if err != nil {
		return nil, err
	}
	return &sdk.Plan{Effects: []string{now.login + " is signed out of Box everywhere, within minutes, and can sign in again"}}, nil
}

// Act is part of sdk.Actor.
func (signOut) Act(ctx context.Context, s *sdk.Session, i *sdk.Intent, _ *sdk.Plan, _ []byte, _ func([]byte) error) (*sdk.Outcome, error) {
	body := map[string][]string{"user_ids": {i.GetTarget().GetId()}, "user_logins": {}}
	if err := order(ctx, s, http.MethodPost, "/users/terminate_sessions", "", body); err != nil {
		return nil, err
	}
	return &sdk.Outcome{State: sdk.Done}, nil
}

// ReadBack is part of sdk.Actor.
func (signOut) ReadBack(context.Context, *sdk.Session, *sdk.Intent, *sdk.Plan, []byte) (*sdk.ReadBack, error) {
	return &sdk.ReadBack{State: sdk.Unknowable, Detail: "Box does not show whose sessions it ended"}, nil
}
