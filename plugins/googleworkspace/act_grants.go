package main

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

func (c connector) grantDeeds() []deed {
	return []deed{
		{needs: []scope{scopeUserTokens}, Action: sdk.Action{
			Name: "revoke", On: sdk.KindGrant, Undo: sdk.UndoNone,
			Doc: "Takes back that a person let an app in: its tokens end, until the person agrees to it again.",
			By:  c.revoke(),
		}},
		{needs: []scope{scopeUserTokens, scopeAudit}, Action: sdk.Action{
			Name: "revoke_app", On: sdk.KindApp, Undo: sdk.UndoNone, InFlightMax: 5 * time.Minute,
			Doc: "Takes back what every person let an app do whom the log of 180 days names. Each may let it in again, unless the Admin " +
				"console blocks it.",
			By: revokeApp{c},
		}},
	}
}

// allowed says whether a person lets an app in.
type allowed struct {
	Allowed bool `json:"allowed"`
}

func (c connector) revoke() sdk.Actor {
	return &sdk.Change[allowed]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (allowed, error) {
			user, app, err := grantOf(i)
			if err != nil {
				return allowed{}, err
			}
			has, err := c.client(s).lets(ctx, user, app)
			return allowed{has}, err
		},
		Want: func(*sdk.Intent, allowed) (allowed, error) { return allowed{false}, nil },
		Write: func(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, _ allowed) (*sdk.Outcome, error) {
			user, app, err := grantOf(i)
			if err != nil {
				return nil, err
			}
			return nil, c.client(s).shutOut(ctx, user, app)
		},
		Effects: func(*sdk.Intent, allowed, allowed) []string {
			return []string{"the app can no longer act for the person, who may let it in again"}
		},
	}
}

// grantOf are the person and the app that the id of a grant names.
func grantOf(i *sdk.Intent) (user, app string, err error) {
	parts := sdk.SplitID(i.GetTarget().GetId())
	if len(parts) != 2 || parts[0] == "" || parts[1] == "" {
		return "", "", sdk.Errorf(sdk.ErrInvalid, "%q is not the id of a grant: a person's and an app's are expected", i.GetTarget().GetId())
	}
	return parts[0], parts[1], nil
}

const tokenPath = "/admin/directory/v1/users/%s/tokens/%s"

// lets says whether a person lets an app in. A person who is not there does not.
func (c *client) lets(ctx context.Context, user, app string) (bool, error) {
	err := c.do(ctx, directory(c.admin(scopeUserTokens), url.Values{"fields": {"clientId"}}, tokenPath, user, app), nil)
	if sdk.TypeOf(err) == sdk.ErrNotFound {
		return false, nil
	}
	return err == nil, err
}

// shutOut ends an app's tokens for a person; that there are none is as well.
func (c *client) shutOut(ctx context.Context, user, app string) error {
	k := directory(c.admin(scopeUserTokens), nil, tokenPath, user, app)
	k.method = http.MethodDelete
	if err := c.do(sdk.Safe(ctx), k, nil); sdk.TypeOf(err) != sdk.ErrNotFound {
		return err
	}
	return nil
}

// revokeApp shuts an app out for one person after the other.
type revokeApp struct{ connector }

const (
	maxHolders = 1_000 // people whom one action shuts an app out for
	keepEvery  = 25    // of them, progress is written down; and so many are asked for at once
)

// holders are the people that an app acts for, by their ids.
type holders struct {
	People []string `json:"people"`
}

// named are the people who let an app in and did not take it back, as the log tells, whether it is still so or not.
func (c *client) named(ctx context.Context, app string) ([]string, error) {
	people := map[string]bool{}
	l := logQuery{app: "token", event: "authorize", filter: "client_id==" + app}
	whole, err := c.readLog(ctx, l, maxConsentPages, func(a *activity, e *event) error {
		if id := a.profile(); id != "" && e.text("client_id") == app {
			people[id] = true
		}
		return nil
	})
	if err == nil && !whole {
		err = sdk.Errorf(sdk.ErrTooLarge, "the log has more than %d consents to the app", maxConsentPages*activitiesPerPage)
	}
	return slices.Sorted(maps.Keys(people)), err
}

// whoLets are those of some people who let an app in now, in their order: as many as one action is for.
func (c *client) whoLets(ctx context.Context, app string, people []string) (h holders, more bool, err error) {
	h.People = []string{}
	for some := range slices.Chunk(people, keepEvery) {
		if len(h.People) > maxHolders {
			break
		}
		has, errs := make([]bool, len(some)), make([]error, len(some))
		var wg sync.WaitGroup
		for n := range some {
			wg.Go(func() { has[n], errs[n] = c.lets(ctx, some[n], app) })
		}
		wg.Wait()
		if err := errors.Join(errs...); err != nil {
			return h, false, err
		}
		for n, id := range some {
			if has[n] {
				h.People = append(h.People, id)
			}
		}
	}
	if more = len(h.People) > maxHolders; more {
		h.People = h.People[:maxHolders]
	}
	return h, more, nil
}

// Prepare is part of sdk.Actor.
func (a revokeApp) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	app, err := targetKey(i)
	if err != nil {
		return nil, err
	}
	cl := a.client(s)
	people, err := cl.named(ctx, app)
	if err != nil {
		return nil, err
	}
	h, more, err := cl.whoLets(ctx, app, people)
	if err != nil {
		return nil, err
	}
	n := len(h.People)
	p := &sdk.Plan{Already: n == 0, Snapshot: encode(h)}
	if n > 0 {
		p.Effects = []string{
			"the app can no longer act for " + strconv.Itoa(n) + " people, who may let it in again",
			"who let it in before the log of 180 days begins is not in it, and is left out",
		}
		if more {
			p.Effects = append(p.Effects, "there are more such people: do it again for them")
		}
	}
	return p, nil
}

// Act is part of sdk.Actor. Progress is how many people, in the order of the snapshot, are done.
func (a revokeApp) Act(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte, keep func([]byte) error) (*sdk.Outcome, error) {
	h, err := holdersOf(p)
	if err != nil {
		return nil, err
	}
	if len(h.People) == 0 {
		return &sdk.Outcome{State: sdk.Already}, nil
	}
	at, _ := strconv.Atoi(string(progress)) // none is 0
	at = min(max(at, 0), len(h.People))
	cl := a.client(s)
	var n steps
	for ; at < len(h.People); at++ {
		if err := cl.shutOut(ctx, h.People[at], i.GetTarget().GetId()); err != nil {
			return n.end(err)
		}
		if n++; n%keepEvery == 0 {
			if err := keep([]byte(strconv.Itoa(at + 1))); err != nil {
				return n.end(err)
			}
		}
	}
	return &sdk.Outcome{State: sdk.Done}, nil
}

// ReadBack is part of sdk.Actor.
func (a revokeApp) ReadBack(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, _ []byte) (*sdk.ReadBack, error) {
	h, err := holdersOf(p)
	if err != nil {
		return nil, err
	}
	left, _, err := a.client(s).whoLets(ctx, i.GetTarget().GetId(), h.People)
	switch {
	case err != nil:
		return nil, err
	case len(left.People) == 0:
		return &sdk.ReadBack{State: sdk.Applied}, nil
	case len(left.People) == len(h.People):
		return &sdk.ReadBack{State: sdk.NotApplied}, nil
	}
	return &sdk.ReadBack{State: sdk.Differs, Detail: strconv.Itoa(len(left.People)) + " of " + strconv.Itoa(len(h.People)) + " people still let it in"}, nil
}

func holdersOf(p *sdk.Plan) (h holders, err error) {
	if err := json.Unmarshal(p.GetSnapshot(), &h); err != nil {
		return h, sdk.Errorf(sdk.ErrInvalid, "the snapshot cannot be read: %v", err)
	}
	return h, nil
}
