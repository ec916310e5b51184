package main

import (
	"context"
	"slices"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// The arguments of actions.
const (
	ownerArg    = "owner"
	whoArg      = "who"
	newOwnerArg = "new_owner"
	textArg     = "text"
	toArg       = "to"
)

// holderArg is an argument of every action on a file.
var holderArg = sdk.Setting{
	Name: ownerArg, Doc: "whose file it is: the e-mail or the id of its owner, or the id of its shared drive. Without it Google's log of Drive is " +
		"asked, which knows the files of the last 180 days",
}

// deed is one row of the table, with the scopes it needs.
type deed struct {
	sdk.Action
	needs []scope
}

// deeds are all that can be changed.
func (c connector) deeds() []deed {
	all := slices.Concat(c.accountDeeds(), c.sharingDeeds(), c.fileDeeds(), c.quarantineDeeds(), c.contentDeeds(), c.grantDeeds())
	for i := range all {
		a := &all[i]
		a.Capability = "act:" + a.Name
		if a.Safety == "" {
			a.Safety = sdk.Repeat
		}
		if a.On == sdk.KindFile {
			a.Args = append(a.Args, holderArg)
		}
	}
	return all
}

func (c connector) actions() sdk.Actions {
	var table sdk.Actions
	for _, d := range c.deeds() {
		table = append(table, d.Action)
	}
	return table
}

// Prepare is part of sdk.Actor.
func (c connector) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	p, err := c.actions().Prepare(ctx, s, i)
	return p, c.explainAct(i, err)
}

// Act is part of sdk.Actor.
func (c connector) Act(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte, keep func([]byte) error) (*sdk.Outcome, error) {
	o, err := c.actions().Act(ctx, s, i, p, progress, keep)
	return o, c.explainAct(i, err)
}

// ReadBack is part of sdk.Actor.
func (c connector) ReadBack(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte) (*sdk.ReadBack, error) {
	b, err := c.actions().ReadBack(ctx, s, i, p, progress)
	return b, c.explainAct(i, err)
}

// explainAct names the capability and, where Google did not, the scope.
func (c connector) explainAct(i *sdk.Intent, err error) error {
	if err == nil {
		return nil
	}
	for _, d := range c.deeds() {
		if d.Name == i.GetAction() {
			return explain(err, d.Capability, d.needs[0].url())
		}
	}
	return err
}

// actScopes say which scopes each action needs, for those who grant them.
func (c connector) actScopes() []*wire.ScopeNeed {
	var list []*wire.ScopeNeed
	for _, d := range c.deeds() {
		for _, s := range d.needs {
			list = append(list, &wire.ScopeNeed{Capability: d.Capability, Scope: s.url()})
		}
	}
	return list
}

// targetKey is what Google finds the target of an intent by.
func targetKey(i *sdk.Intent) (string, error) {
	if id := i.GetTarget().GetId(); id != "" {
		return id, nil
	}
	if email := i.GetTarget().GetEmail(); email != "" && i.GetTarget().GetKind() == sdk.KindAccount {
		return email, nil
	}
	return "", sdk.Errorf(sdk.ErrInvalid, "action %s names no target", i.GetAction())
}

// emailArg is an argument that is an address, in lower case.
func emailArg(i *sdk.Intent, name string) (string, error) {
	v := strings.ToLower(strings.TrimSpace(sdk.Arg(i, name)))
	if local, domain, ok := strings.Cut(v, "@"); !ok || local == "" || domain == "" || strings.ContainsAny(v, " /'\"") {
		return "", &sdk.Error{Type: sdk.ErrInvalid, Field: name, Message: "argument " + name + " of action " + i.GetAction() + " is not an e-mail address"}
	}
	return v, nil
}

// steps counts what an action did, so that an error behind the first step does not pass for one that did nothing.
type steps int

// end gives the outcome: an error after a step means that nobody knows how far it went until it is looked at.
func (n steps) end(err error) (*sdk.Outcome, error) {
	if err == nil || n == 0 {
		return nil, err
	}
	e := sdk.ErrorToWire(err)
	return &sdk.Outcome{State: sdk.Unsure, Error: e, RequestId: e.GetRequestId()}, nil
}
