package main

import (
	"context"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// The scopes that let the connector act. None of them is asked for to read.
const (
	manageUsers  = "okta.users.manage"
	manageGroups = "okta.groups.manage"
	manageApps   = "okta.apps.manage"
)

// deed is an action, and what it needs: all the scopes, and of each group of roles one.
type deed struct {
	sdk.Action
	scopes []string
	roles  [][]string
}

// role says in words which roles it takes, those of which a credential has one already left out.
func (d *deed) role(has []string) string {
	var needs []string
	for _, group := range d.roles {
		if !slices.ContainsFunc(group, func(r string) bool { return slices.Contains(has, r) }) {
			needs = append(needs, strings.Join(group, " or "))
		}
	}
	return strings.Join(needs, "; and ")
}

// deeds are what the connector can change.
func deeds() []deed { return append(append(accountDeeds(), lastDeed()), accessDeeds()...) }

// actions is the table of the deeds.
func actions() sdk.Actions {
	var all sdk.Actions
	for _, d := range deeds() {
		d.Capability = "act:" + d.Name
		all = append(all, d.Action)
	}
	return all
}

// sound refuses what must not be tried: a target that is none, and to take back what nothing takes back, since carried out
// it would be done once more.
func sound(i *sdk.Intent) error {
	for _, d := range deeds() {
		if d.Name == i.GetAction() && d.Undo == sdk.UndoNone && i.GetUndo() != nil {
			return sdk.Errorf(sdk.ErrUnsupported, "%s cannot be undone", d.Name)
		}
	}
	if i.GetTarget().GetKind() == sdk.KindAccount {
		return areIDs(i.GetTarget().GetId())
	}
	return nil
}

// Prepare reads the target of an action.
func (connector) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	if err := sound(i); err != nil {
		return nil, err
	}
	p, err := actions().Prepare(acting(ctx), s, i)
	return p, needed(i, err)
}

// Act carries an action out.
func (connector) Act(
	ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte, keep func([]byte) error,
) (*sdk.Outcome, error) {
	if err := sound(i); err != nil {
		return nil, err
	}
	o, err := actions().Act(acting(ctx), s, i, p, progress, keep)
	return o, needed(i, err)
}

// ReadBack looks whether an action's effect is there.
func (connector) ReadBack(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte) (*sdk.ReadBack, error) {
	r, err := actions().ReadBack(acting(ctx), s, i, p, progress)
	return r, needed(i, err)
}

// toAct is the audience of tokens that may change something. All others are asked for without the scopes for that.
const toAct = "act"

func acting(ctx context.Context) context.Context { return sdk.Audience(ctx, toAct) }

// actScopes are those that a token to act is asked for.
func actScopes() []string {
	var list []string
	for _, d := range deeds() {
		list = append(list, d.scopes...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// actNeeds says which action needs which scope.
func actNeeds() []*wire.ScopeNeed {
	var list []*wire.ScopeNeed
	for _, d := range deeds() {
		for _, scope := range append(slices.Clone(d.scopes), orgScope) {
			list = append(list, &wire.ScopeNeed{Capability: "act:" + d.Name, Scope: scope})
		}
	}
	return list
}
