package sdktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/internal/call"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// ActionCase is one action on one target of the fake, that the kit does and takes back, again and again.
type ActionCase struct {
	// Name of the case; default: the action's.
	Name   string
	Action string
	Target string
	Args   map[string]string
	// State gives all that the action, its undo and their faults may touch, as it is at the fake now. It is compared as JSON.
	State func() any
	// Lost gives the state after the undo, when it is not the one before. The action must have declared it.
	Lost func(before any) any
	// Reset brings the fake back to where it was, where undo cannot; nil: undo does.
	Reset func()
	// Advance lets the provider's work go on, for actions that it ends later.
	Advance func()
}

// The limits of one case.
const (
	maxActRequests = 30 // of one Act
	maxPolls       = 10 // of an action that the provider ends later
	actTime        = 20 * time.Second
)

// Actions proves what every action must do: Prepare changes nothing, Act brings about what ReadBack then sees, done twice it
// is done once, undo brings the state back or loses what was declared. Each request of an Act is lost once before the provider
// got it and once after, and what the agent would do then must end in the same state. Each part is a subtest.
//
// Options are those of Run; the credential is the one for actions. Every action needs a case.
func Actions(t *testing.T, o Options, cases ...ActionCase) {
	t.Helper()
	actions(std{t}, o, cases...)
}

func actions(t tester, o Options, cases ...ActionCase) {
	t.Helper()
	k := &kit{o: o}
	if !k.describe(t) || !k.open(t) {
		return
	}
	actor, ok := o.Connector.(sdk.Actor)
	if !ok {
		t.Errorf("the connector is no sdk.Actor")
		return
	}
	tried := map[string]bool{}
	for i := range cases {
		tried[cases[i].Action] = true
	}
	for _, a := range k.d.GetActions() {
		if !tried[a.GetName()] {
			t.Errorf("there is no case for action %q", a.GetName())
		}
	}
	for i := range cases {
		c := &cases[i]
		at := slices.IndexFunc(k.d.GetActions(), func(a *wire.ActionSpec) bool { return a.GetName() == c.Action })
		if at < 0 {
			t.Errorf("action %q is not declared", c.Action)
			continue
		}
		a := &act{ActionCase: c, kit: k, actor: actor, spec: k.d.GetActions()[at]}
		t.run(strings.ReplaceAll(first(c.Name, c.Action), " ", "_"), a.run)
	}
	t.run("quota and hosts", k.closing)
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// act is one case while it is tried.
type act struct {
	*ActionCase
	*kit
	actor sdk.Actor
	spec  *wire.ActionSpec
	n     int
}

func (a *act) state() string {
	b, err := json.Marshal(a.State())
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// intent is a new one; of an undo with what the first left behind.
func (a *act) intent(undo *wire.Undo) *wire.Intent {
	a.n++
	i := &wire.Intent{
		Id: fmt.Sprintf("%s-%d", a.Action, a.n), Key: fmt.Sprintf("key-%s-%d", a.Action, a.n), Action: a.Action,
		Target: sdk.To(a.spec.GetTargetKind(), a.Target), Undo: undo,
	}
	for _, name := range slices.Sorted(maps.Keys(a.Args)) {
		i.Args = append(i.Args, &wire.Value{Name: name, Value: a.Args[name]})
	}
	return i
}

// done is what one intent came to.
type done struct {
	intent   *wire.Intent
	plan     *wire.Plan
	progress []byte
	outcome  *wire.Outcome
}

func (d *done) undo() *wire.Undo {
	return &wire.Undo{Plan: d.plan, Snapshot: d.outcome.GetUndoSnapshot()}
}

func (a *act) run(t tester) {
	before := a.state()
	wants := before
	if a.Lost != nil {
		b, err := json.Marshal(a.Lost(a.State()))
		if err != nil {
			t.Errorf("%v", err)
			return
		}
		wants = string(b)
		if a.spec.GetUndo() == sdk.UndoFull {
			t.Errorf("something is lost, but the action declares a full undo")
		}
	}
	d, requests := a.healthy(t, before)
	if d == nil {
		return
	}
	after := a.state()
	if !a.takeBack(t, d, wants) {
		return
	}
	a.reset()
	for n := 1; n <= min(requests, maxActRequests); n++ {
		for _, arrives := range []bool{false, true} {
			a.lose(t, n, arrives, before, after)
		}
	}
}

func (a *act) reset() {
	if a.Reset != nil {
		a.Reset()
	}
}

// healthy does it once and looks from all sides.
func (a *act) healthy(t tester, before string) (*done, int) {
	d, err := a.prepare(t, nil)
	if err != nil {
		t.Errorf("prepare: %v", err)
		return nil, 0
	}
	if d.plan.GetAlready() || len(d.plan.GetEffects()) == 0 {
		t.Errorf("the plan of an action not done yet: already %v, effects %q", d.plan.GetAlready(), d.plan.GetEffects())
	}
	if now := a.state(); now != before {
		t.Errorf("prepare changed the provider's state:\n%s\nwas\n%s", now, before)
	}
	if r := a.look(t, d); r != sdk.NotApplied && r != sdk.Unknowable {
		t.Errorf("read back before the act: %v", r)
	}
	a.provider.expect(nil, 0, false, 0)
	a.carryOut(t, d)
	requests, _ := a.provider.counts()
	a.settle(t, d)
	if a.state() == before {
		t.Errorf("the act changed nothing: %s", before)
		return nil, 0
	}
	seen := a.look(t, d)
	if seen != sdk.Applied && seen != sdk.Unknowable {
		t.Errorf("read back after the act: %v", seen)
	}
	after := a.state()
	if again, err := a.prepare(t, nil); err != nil {
		t.Logf("prepared again: %v", err) // what is gone cannot be prepared
	} else if !again.plan.GetAlready() && a.spec.GetSafety() == sdk.Repeat && seen != sdk.Unknowable { // what nobody sees is never already so
		t.Errorf("prepared again, it is not already so: %s", again.plan.GetSnapshot())
	}
	if a.spec.GetSafety() != sdk.Never && a.spec.GetSafety() != sdk.ReadsBack { // the agent repeats no other
		twice := &done{intent: d.intent, plan: d.plan, progress: d.progress}
		a.carryOut(t, twice)
		if now := a.state(); now != after {
			t.Errorf("done twice it is not done once:\n%s\nwas\n%s", now, after)
		}
	}
	return d, requests
}

// takeBack undoes it.
func (a *act) takeBack(t tester, d *done, want string) bool {
	if a.spec.GetUndo() == sdk.UndoNone {
		if a.Reset == nil {
			t.Logf("nothing takes it back: its lost requests are not tried")
		}
		return a.Reset != nil
	}
	u, err := a.prepare(t, d.undo())
	if err != nil {
		t.Errorf("prepare the undo: %v", err)
		return false
	}
	a.carryOut(t, u)
	a.settle(t, u)
	if now := a.state(); now != want {
		t.Errorf("after the undo the state is\n%s\nwant\n%s", now, want)
		return false
	}
	return a.Lost == nil || a.Reset != nil
}

// lose loses the n-th request of an Act, before or after the provider got it, and goes on as the agent does.
func (a *act) lose(t tester, n int, arrives bool, before, after string) {
	name := fmt.Sprintf("request %d lost, provider got it: %v", n, arrives)
	d, err := a.prepare(t, nil)
	if err != nil {
		t.Errorf("%s: prepare: %v", name, err)
		return
	}
	a.provider.expect(lost(arrives), n, true, 0)
	a.carryOut(t, d)
	_, fired := a.provider.counts()
	a.provider.expect(nil, 0, false, 0)
	if fired == 0 {
		t.Errorf("%s: it was not sent", name)
	}
	if d.outcome.GetState() == sdk.Refused && d.progress == nil && a.state() != before {
		t.Errorf("%s: told as refused, but the state is\n%s\nwas\n%s", name, a.state(), before)
	}
	a.settle(t, d)
	if now := a.state(); now != after {
		t.Errorf("%s: in the end the state is\n%s\nwant\n%s", name, now, after)
	}
	if a.Reset == nil {
		if u, err := a.prepare(t, d.undo()); err != nil {
			t.Errorf("%s: prepare the undo: %v", name, err)
		} else {
			a.carryOut(t, u)
			a.settle(t, u)
		}
	}
	a.reset()
	if now := a.state(); now != before {
		t.Errorf("%s: after the undo the state is\n%s\nwas\n%s", name, now, before)
	}
}

func lost(arrives bool) *fault {
	return &fault{name: "lost", do: func(p *provider, w http.ResponseWriter, r *http.Request) {
		if arrives {
			p.ask(r)
		}
		reset(p, w, r)
	}}
}

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
	return d, err
}

// carryOut is one Act.
func (a *act) carryOut(t tester, d *done) {
	ctx, end := a.call(t)
	defer end()
	kept := false
	o, err := a.actor.Act(ctx, a.session, proto.CloneOf(d.intent), proto.CloneOf(d.plan), d.progress, func(p []byte) error {
		kept, d.progress = true, slices.Clone(p)
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
