package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"

	"github.com/mooring-hq/mooring/sdk"
)

func (c connector) accountDeeds() []deed {
	return []deed{
		{needs: []scope{scopeUserWrite}, Action: sdk.Action{
			Name: "suspend", On: sdk.KindAccount, Undo: sdk.UndoPartial, Loses: "the sessions that it ends",
			Doc: "Suspends the account: nobody can sign in to it, and apps cannot use it; its data and licence stay.",
			By:  c.suspension(true),
		}},
		{needs: []scope{scopeUserWrite}, Action: sdk.Action{
			Name: "unsuspend", On: sdk.KindAccount, Undo: sdk.UndoFull,
			Doc: "Lets a suspended account be used again.",
			By:  c.suspension(false),
		}},
		{needs: []scope{scopeUserTokens}, Action: sdk.Action{
			Name: "sign_out", On: sdk.KindAccount, Undo: sdk.UndoNone,
			Doc: "Ends all web and device sessions of the account; with the password one can sign in again.",
			By:  c.signOut(),
		}},
		{needs: []scope{scopeUserWrite}, Action: sdk.Action{
			Name: "reset_password", On: sdk.KindAccount, Undo: sdk.UndoNone,
			Doc: "Gives the account a random password that nobody sees, and asks for another at the next sign-in: an administrator has to " +
				"give the person a new one, or the person recovers the account.",
			By: c.resetPassword(),
		}},
	}
}

// suspended is what suspending touches.
type suspended struct {
	Suspended bool `json:"suspended"`
}

func (c connector) suspension(want bool) sdk.Actor {
	return &sdk.Change[suspended]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (suspended, error) {
			u, err := c.client(s).accountOf(ctx, i)
			if err == nil && u.Suspended == nil {
				err = missing("user", "suspended")
			}
			if err != nil {
				return suspended{}, err
			}
			return suspended{*u.Suspended}, nil
		},
		Want: func(*sdk.Intent, suspended) (suspended, error) { return suspended{want}, nil },
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to suspended) (*sdk.Outcome, error) {
			return nil, c.client(s).putAccount(sdk.Safe(ctx), i, to)
		},
		Effects: func(_ *sdk.Intent, _, to suspended) []string {
			if to.Suspended {
				return []string{"the account is suspended, and its sessions end"}
			}
			return []string{"the account is active again"}
		},
	}
}

// accountOf reads the account that an intent is about, with the scope that may change it.
func (c *client) accountOf(ctx context.Context, i *sdk.Intent) (*user, error) {
	key, err := targetKey(i)
	if err != nil {
		return nil, err
	}
	var u user
	q := url.Values{"fields": {"id,primaryEmail,suspended"}}
	if err := c.do(ctx, directory(c.admin(scopeUserWrite), q, "/admin/directory/v1/users/%s", key), &u); err != nil {
		return nil, err
	}
	if u.ID == "" {
		return nil, missing("user", "id")
	}
	return &u, nil
}

// putAccount changes what the body names, and nothing else.
func (c *client) putAccount(ctx context.Context, i *sdk.Intent, body any) error {
	key, err := targetKey(i)
	if err != nil {
		return err
	}
	k := directory(c.admin(scopeUserWrite), url.Values{"fields": {"id"}}, "/admin/directory/v1/users/%s", key)
	k.method, k.body = http.MethodPut, body
	return c.do(ctx, k, nil)
}

func (c connector) signOut() sdk.Actor {
	return &stroke{
		look: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) error {
			key, err := targetKey(i)
			if err != nil {
				return err
			}
			cl := c.client(s)
			q := url.Values{"fields": {"kind"}} // only whether there is such an account: this scope reads nothing else of it
			return cl.do(ctx, directory(cl.admin(scopeUserTokens), q, "/admin/directory/v1/users/%s/tokens", key), nil)
		},
		do: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) error {
			key, err := targetKey(i)
			if err != nil {
				return err
			}
			cl := c.client(s)
			k := directory(cl.admin(scopeUserTokens), nil, "/admin/directory/v1/users/%s/signOut", key)
			k.method = http.MethodPost
			return cl.do(sdk.Safe(ctx), k, nil)
		},
		effects: []string{"all web and device sessions of the account end"},
	}
}

func (c connector) resetPassword() sdk.Actor {
	return &stroke{
		look: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) error {
			_, err := c.client(s).accountOf(ctx, i)
			return err
		},
		do: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) error {
			return c.client(s).putAccount(sdk.Safe(ctx), i, map[string]any{"password": unseenPassword(), "changePasswordAtNextLogin": true})
		},
		effects: []string{"the account gets a random password that nobody knows", "at the next sign-in a new password is asked for"},
	}
}

// unseenPassword is forgotten as soon as it is sent. Its end is for rules that want every sort of character.
func unseenPassword() string { return rand.Text() + rand.Text() + "-aZ9" }

// stroke is an action whose effect cannot be looked at; done twice, it is as if done once.
type stroke struct {
	look    func(ctx context.Context, s *sdk.Session, i *sdk.Intent) error
	do      func(ctx context.Context, s *sdk.Session, i *sdk.Intent) error
	effects []string
}

// Prepare is part of sdk.Actor.
func (a *stroke) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	if i.GetUndo() != nil {
		return nil, sdk.Errorf(sdk.ErrUnsupported, "action %s cannot be undone", i.GetAction())
	}
	return &sdk.Plan{Effects: a.effects}, a.look(ctx, s, i)
}

// Act is part of sdk.Actor.
func (a *stroke) Act(ctx context.Context, s *sdk.Session, i *sdk.Intent, _ *sdk.Plan, _ []byte, _ func([]byte) error) (*sdk.Outcome, error) {
	return &sdk.Outcome{State: sdk.Done}, a.do(ctx, s, i)
}

// ReadBack is part of sdk.Actor.
func (a *stroke) ReadBack(context.Context, *sdk.Session, *sdk.Intent, *sdk.Plan, []byte) (*sdk.ReadBack, error) {
	return &sdk.ReadBack{State: sdk.Unknowable, Detail: "Google does not show it; doing it once more does no harm"}, nil
}
