package main

import (
	"context"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// The capabilities of acting, for each of which an app needs one scope.
const (
	actFiles    = "act:files"
	actAccounts = "act:accounts"
)

// actScopes are what an app needs beyond reading.
func actScopes() []*wire.ScopeNeed {
	return []*wire.ScopeNeed{{Capability: actFiles, Scope: writeAll}, {Capability: actAccounts, Scope: manageUsers}}
}

// ownerArg: Box shows an item to those who reach it only.
var ownerArg = sdk.Setting{
	Name: "owner", Doc: "whose it is: the id or the e-mail address of its owner; without it up to 500 users are tried, one after the other",
}

// onItems gives an action on files and folders, carried out as their owner.
func onItems(a sdk.Action, args ...sdk.Setting) sdk.Action {
	a.On, a.Capability, a.Args, a.By = sdk.KindFile, actFiles, append(args, ownerArg), onItem{a.By}
	if a.Safety == "" {
		a.Safety = sdk.Repeat
	}
	return a
}

func onAccounts(a sdk.Action) sdk.Action {
	a.On, a.Capability = sdk.KindAccount, actAccounts
	return a
}

// actions are all that this connector changes. A func, because what carries them out is made anew.
func actions() sdk.Actions {
	all := sdk.Actions{}
	for _, part := range []sdk.Actions{
		linkActions(), peopleActions(), accountActions(), trashActions(), contentActions(), quarantineActions(),
	} {
		all = append(all, part...)
	}
	return all
}

// Prepare is part of sdk.Actor.
func (connector) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	return actions().Prepare(ctx, s, i)
}

// Act is part of sdk.Actor.
func (connector) Act(
	ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte, keep func([]byte) error,
) (*sdk.Outcome, error) {
	return actions().Act(ctx, s, i, p, progress, keep)
}

// ReadBack is part of sdk.Actor.
func (connector) ReadBack(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte) (*sdk.ReadBack, error) {
	return actions().ReadBack(ctx, s, i, p, progress)
}
