package sdktest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/sdk"
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
// is done once and told as done, undo brings the state back or loses what was declared. Each request of an Act, and of its undo,
// is lost once before the provider got it, once after, and once with all that follow; what the agent would do then must end in
// the same state. Each is refused once, too: what is told as refused changed nothing. Each case is a subtest. With -short
// only the requests of acts are lost.
//
// Options are those of Run; the credential is the one for actions, and Session.Acting is set. Every action needs a case.
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
	k.session.Acting = true
	actor, ok := o.Connector.(sdk.Actor)
	if !ok {
		t.Errorf("the connector is no sdk.Actor")
		return
	}
	t.run("check", k.mayAct)
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
	d := a.healthy(t, before)
	if d == nil {
		return
	}
	after := a.state()
	if !a.takeBack(t, d, wants) {
		return
	}
	a.reset()
	a.disturb(t, false, testing.Short(), before, before, after)
	if a.spec.GetUndo() != sdk.UndoNone && !testing.Short() {
		a.disturb(t, true, false, before, after, wants)
	}
}

func (a *act) reset() {
	if a.Reset != nil {
		a.Reset()
	}
}

// healthy does it once and looks from all sides.
func (a *act) healthy(t tester, before string) *done {
	d, err := a.prepare(t, nil)
	if err != nil {
		t.Errorf("prepare: %v", err)
		return nil
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
	a.carryOut(t, d)
	a.settle(t, d)
	if a.state() == before {
		t.Errorf("the act changed nothing: %s", before)
		return nil
	}
	seen := a.look(t, d)
	if seen != sdk.Applied && seen != sdk.Unknowable {
		t.Errorf("read back after the act: %v", seen)
	}
	if again, err := a.prepare(t, nil); err != nil {
		t.Logf("prepared again: %v", err) // what is gone cannot be prepared
	} else if !again.plan.GetAlready() && a.spec.GetSafety() == sdk.Repeat && seen != sdk.Unknowable { // what nobody sees is never already so
		t.Errorf("prepared again, it is not already so: %s", again.plan.GetSnapshot())
	}
	a.twice(t, d)
	return d
}

// twice does again what is done, where the agent would when it got no answer.
func (a *act) twice(t tester, d *done) {
	if a.spec.GetSafety() == sdk.Never || a.spec.GetSafety() == sdk.ReadsBack {
		return
	}
	was := a.state()
	again := &done{intent: d.intent, plan: d.plan, progress: d.progress}
	a.carryOut(t, again)
	if now := a.state(); now != was {
		t.Errorf("done twice it is not done once:\n%s\nwas\n%s", now, was)
	}
	switch o := again.outcome; o.GetState() {
	case sdk.Done, sdk.Already, sdk.Pending:
	case sdk.Refused:
		if a.spec.GetSafety() == sdk.Precondition && a.look(t, again) == sdk.Applied {
			return // it does not hold any more: the agent looks
		}
		fallthrough
	default:
		t.Errorf("done twice, it is told as %v", o)
	}
}

// takeBack undoes it.
func (a *act) takeBack(t tester, d *done, want string) bool {
	if a.spec.GetUndo() == sdk.UndoNone {
		if a.Reset == nil {
			t.Logf("nothing takes it back: its requests are neither lost nor refused")
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
	seen := a.look(t, u)
	if seen != sdk.Applied && seen != sdk.Unknowable {
		t.Errorf("read back after the undo: %v", seen)
	}
	a.twice(t, u)
	if again, err := a.prepare(t, d.undo()); err != nil {
		t.Errorf("prepare the undo again: %v", err)
	} else if !again.plan.GetAlready() && seen != sdk.Unknowable {
		t.Errorf("undone, it is to be undone: %s", again.plan.GetSnapshot())
	}
	return a.Lost == nil || a.Reset != nil
}
