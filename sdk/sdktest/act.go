package sdktest

import (
	"context"
	"errors"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/internal/call"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// call is one call of the agent.
func (a *act) call(t tester) (context.Context, func()) {
	ctx, cancel := context.WithTimeout(call.WithID(t.Context(), callID), actTime)
	return ctx, func() {
		cancel()
		a.release(callID)
	}
}

func (a *act) prepare(t tester, undo *wire.Undo) (*done, error) {
	ctx, end := a.call(t)
	defer end()
	d := &done{intent: a.intent(undo)}
	var err error
	d.plan, err = a.actor.Prepare(ctx, a.session, proto.CloneOf(d.intent))
	if err == nil && d.plan == nil {
		err = errors.New("neither a plan nor an error")
	}
	if err != nil {
		a.privateError(t, "prepare", err)
	}
	if name := a.leak(string(d.plan.GetSnapshot()) + strings.Join(d.plan.GetEffects(), " ")); name != "" {
		t.Errorf("the plan holds %s", name)
	}
	return d, err
}

// carryOut is one Act.
func (a *act) carryOut(t tester, d *done) {
	ctx, end := a.call(t)
	defer end()
	kept := false
	o, err := a.actor.Act(ctx, a.session, proto.CloneOf(d.intent), proto.CloneOf(d.plan), d.progress, func(p []byte) error {
		kept, d.progress = true, slices.Clone(p)
		if name := a.leak(string(p)); name != "" {
			t.Errorf("the progress holds %s", name)
		}
		return nil
	})
	switch {
	case err != nil:
		a.privateError(t, "act", err)
		o = sdk.OutcomeOf(err, kept || d.progress != nil)
	case o == nil:
		t.Errorf("act gave neither an outcome nor an error")
		o = &wire.Outcome{State: sdk.Unsure}
	}
	d.outcome = o
	if name := a.leak(string(o.GetUndoSnapshot()) + o.GetToken()); name != "" {
		t.Errorf("the outcome holds %s", name)
	}
}

// settle does what the agent does until the intent is settled.
func (a *act) settle(t tester, d *done) {
	for range maxPolls {
		switch d.outcome.GetState() {
		case sdk.Done, sdk.Already:
			return
		case sdk.Pending:
			if a.Advance != nil {
				a.Advance()
			}
			d.progress = []byte(d.outcome.GetToken())
			a.decide(t, d)
			continue
		case sdk.Refused: // a person, or the policy, asks once more
			if r := a.look(t, d); r == sdk.Applied {
				d.outcome = &wire.Outcome{State: sdk.Done, UndoSnapshot: d.outcome.GetUndoSnapshot()}
				return
			}
			fresh, err := a.prepare(t, d.intent.GetUndo())
			if err != nil {
				t.Errorf("refused: %v; and prepared again: %v", d.outcome, err)
				return
			}
			*d = *fresh
			a.carryOut(t, d)
		default:
			a.decide(t, d)
		}
	}
	t.Errorf("not settled after %d steps: %v", maxPolls, d.outcome)
}

// decide ends what is unsure or pending.
func (a *act) decide(t tester, d *done) {
	pending := d.outcome.GetState() == sdk.Pending
	if !pending && (a.spec.GetSafety() == sdk.Repeat || a.spec.GetSafety() == sdk.Key || a.spec.GetSafety() == sdk.Precondition) {
		a.carryOut(t, d)
		return
	}
	switch r := a.look(t, d); {
	case r == sdk.Applied:
		d.outcome = &wire.Outcome{State: sdk.Done, UndoSnapshot: d.outcome.GetUndoSnapshot()}
	case r == sdk.InFlight:
	case r == sdk.NotApplied && !pending:
		a.carryOut(t, d)
	default:
		t.Errorf("read back of %v: %v", d.outcome, r)
		d.outcome = &wire.Outcome{State: sdk.Done}
	}
}

func (a *act) look(t tester, d *done) wire.ReadBackResponse_State {
	ctx, end := a.call(t)
	defer end()
	r, err := a.actor.ReadBack(ctx, a.session, proto.CloneOf(d.intent), proto.CloneOf(d.plan), d.progress)
	if err != nil {
		t.Errorf("read back: %v", err)
	}
	return r.GetState()
}
