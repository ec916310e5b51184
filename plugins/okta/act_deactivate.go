package main

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/mooring-hq/mooring/sdk"
)

// life is what deactivating takes away and undo can bring back: that there is an account to sign in with, and the apps that
// were assigned to it and not to a group. Groups stay with a deactivated account.
type life struct {
	State string                   `json:"state"` // inUse, off or paused
	Apps  map[string]appAssignment `json:"apps,omitempty"`

	under bool // Okta still works on it
}

const (
	inUse  = "in use"
	paused = "suspended"
	off    = "deactivated"
)

// deactivation takes Okta a while where many apps are assigned.
type deactivation struct{ sdk.Change[life] }

const pollDeactivation = 5 * time.Second

func deactivate() *deactivation {
	return &deactivation{sdk.Change[life]{
		Read: readLife,
		Want: func(*sdk.Intent, life) (life, error) { return life{State: off}, nil },
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to life) (*sdk.Outcome, error) {
			if to.State == off {
				return switchOff(ctx, s, i.GetTarget().GetId())
			}
			return revive(ctx, s, i.GetTarget().GetId(), to.Apps)
		},
		Effects: func(_ *sdk.Intent, from, to life) []string {
			if to.State != off {
				return []string{
					"the account waits for its person, to whom Okta mails a link to choose a new password and enrol new factors",
					"the apps that were assigned to it are assigned again: " + names(to.Apps),
				}
			}
			return []string{
				"the account is deactivated: its person cannot sign in, and password, factors and sessions are gone",
				"all its apps are taken away, and those with provisioning may delete what the person has there; assigned to it directly: " + names(from.Apps),
			}
		},
		Loses: func(_ *sdk.Intent, from, _ life) []string {
			if from.State == paused {
				return []string{"everything: Okta cannot bring a deactivated account back as suspended, so this is not undone here"}
			}
			return []string{lostByDeactivating}
		},
	}}
}

const lostByDeactivating = "the password and the second factors (the person chooses new ones), sessions and tokens, what apps deleted of the " +
	"account, passwords kept for apps, memberships that a rule gives anew or not, and a status other than waiting for the activation"

func names(apps map[string]appAssignment) string {
	if len(apps) == 0 {
		return "none"
	}
	return list(slices.Sorted(maps.Keys(apps)))
}

func readLife(ctx context.Context, s *sdk.Session, i *sdk.Intent) (life, error) {
	u, err := userAt(ctx, s, i.GetTarget().GetId())
	if err != nil {
		return life{}, err
	}
	l := life{State: inUse, under: u.Becoming != ""}
	switch {
	case u.Status == deactivated && u.Becoming == "", u.Becoming == deactivated:
		l.State = off
		return l, nil
	case u.Status == suspended:
		l.State = paused
	}
	l.Apps, err = appsOf(ctx, s, u.ID)
	return l, err
}

// switchOff asks for the deactivation, and whether it has come to its end.
func switchOff(ctx context.Context, s *sdk.Session, id string) (*sdk.Outcome, error) {
	i := &sdk.Intent{Target: sdk.To(sdk.KindAccount, id)}
	ref := query(path("/api/v1/users/%s/lifecycle/deactivate", id), "sendEmail", "false")
	if err := post(ctx, s, ref, func() (bool, error) {
		now, err := readLife(ctx, s, i)
		return now.State == off, err
	}); err != nil {
		return nil, err
	}
	now, err := readLife(ctx, s, i)
	if err != nil {
		return after(1, err)
	}
	if now.under {
		return &sdk.Outcome{State: sdk.Pending, Token: off, PollAfter: durationpb.New(pollDeactivation)}, nil
	}
	return nil, nil //nolint:nilnil // done
}

// revive activates an account and assigns its apps again.
func revive(ctx context.Context, s *sdk.Session, id string, apps map[string]appAssignment) (*sdk.Outcome, error) {
	ref := query(path("/api/v1/users/%s/lifecycle/activate", id), "sendEmail", "true")
	if err := post(ctx, s, ref, func() (bool, error) {
		u, err := userAt(ctx, s, id)
		return err == nil && u.Status != deactivated && u.Becoming != deactivated, err
	}); err != nil {
		return nil, err
	}
	for _, app := range slices.Sorted(maps.Keys(apps)) {
		a := apps[app]
		if err := a.assign(ctx, s, app, id); err != nil {
			return after(1, err)
		}
	}
	return nil, nil //nolint:nilnil // done
}

// Prepare refuses to undo what would come back as more than it was.
func (d *deactivation) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	p, err := d.Change.Prepare(ctx, s, i)
	if err != nil || i.GetUndo() == nil || p.GetAlready() {
		return p, err
	}
	var back struct {
		To life `json:"to"`
	}
	if err := json.Unmarshal(p.GetSnapshot(), &back); err != nil || back.To.State != paused {
		return p, err
	}
	return nil, sdk.Errorf(sdk.ErrUnsupported,
		"the account was suspended before, and Okta cannot bring it back like that: it would come back as one that can be used")
}

// ReadBack waits until Okta is done with the account.
func (d *deactivation) ReadBack(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte) (*sdk.ReadBack, error) {
	now, err := readLife(ctx, s, i)
	if err == nil && now.under {
		return &sdk.ReadBack{State: sdk.InFlight, Detail: "Okta is still working on the account"}, nil
	}
	if err != nil {
		return nil, err
	}
	return d.Change.ReadBack(ctx, s, i, p, progress)
}
