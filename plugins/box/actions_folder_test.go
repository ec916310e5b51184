package main

import (
	"slices"
	"testing"

	"github.com/mooring-hq/mooring/plugins/box/boxtest"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// done is an intent with what it came to.
type done struct {
	intent   *sdk.Intent
	plan     *sdk.Plan
	progress []byte
	outcome  *sdk.Outcome
}

func intent(action, target string, args map[string]string) *sdk.Intent {
	i := &sdk.Intent{Id: "1", Action: action, Target: sdk.To(sdk.KindFile, target)}
	for _, a := range actions() {
		if a.Name == action {
			i.Target.Kind = a.On
		}
	}
	for name, value := range args {
		i.Args = append(i.Args, &wire.Value{Name: name, Value: value})
	}
	return i
}

func planOf(t *testing.T, s *sdk.Session, i *sdk.Intent) *done {
	t.Helper()
	p, err := connector{}.Prepare(t.Context(), s, i)
	if err != nil {
		t.Fatalf("prepare %s: %v", i.GetAction(), err)
	}
	return &done{intent: i, plan: p}
}

func (d *done) act(t *testing.T, s *sdk.Session) *sdk.Outcome {
	t.Helper()
	kept := len(d.progress) > 0
	o, err := connector{}.Act(t.Context(), s, d.intent, d.plan, d.progress, func(p []byte) error {
		d.progress, kept = slices.Clone(p), true
		return nil
	})
	if err != nil {
		o = sdk.OutcomeOf(err, kept)
	}
	d.outcome = o
	return o
}

func (d *done) undo() *sdk.Intent {
	i := intent(d.intent.GetAction(), d.intent.GetTarget().GetId(), nil)
	i.Args, i.Undo = d.intent.GetArgs(), &wire.Undo{Plan: d.plan, Snapshot: d.outcome.GetUndoSnapshot()}
	return i
}

func (d *done) look(t *testing.T, s *sdk.Session) *sdk.ReadBack {
	t.Helper()
	r, err := connector{}.ReadBack(t.Context(), s, d.intent, d.plan, d.progress)
	if err != nil {
		t.Errorf("read back: %v", err)
	}
	return r
}

func asJSON(t *testing.T, v any) string { return string(marshal(t, v)) }

// TestQuarantineFolder: only a folder of the agent's own account is taken. Where people have to accept invitations, the
// owner does.
func TestQuarantineFolder(t *testing.T) {
	c := acting(t).content
	own := thing(boxtest.Folder, 800, "Cells", boxtest.Root, boxtest.Person{ID: serviceID, Name: "Mooring"})
	c.items = append(c.items, own)
	w := start(t, c, func(c *boxtest.Config) { c.AskAll = true })
	s := w.session(t, nil)
	for _, folder := range []string{"140", "103", "4711"} {
		if _, err := (connector{}).Prepare(t.Context(), s, intent("quarantine", "103", map[string]string{"to": folder})); sdk.TypeOf(err) != sdk.ErrInvalid {
			t.Errorf("into %s: %v", folder, err)
		}
	}
	d := planOf(t, s, intent("quarantine", "103", map[string]string{"to": "800"}))
	if o := d.act(t, s); o.GetState() != sdk.Done || d.look(t, s).GetState() != sdk.Applied {
		t.Fatalf("%v, %v", o, d.look(t, s))
	}
	it, _ := w.fake.Enterprise().Item("103")
	if cell, _ := w.fake.Enterprise().Item(it.Parent); cell.Parent != "800" || it.Owner.ID != serviceID {
		t.Errorf("it is in %+v, of %s", cell, it.Owner.ID)
	}
	u := planOf(t, s, d.undo())
	if o := u.act(t, s); o.GetState() != sdk.Done || u.look(t, s).GetState() != sdk.Applied {
		t.Errorf("%v, %v", o, u.look(t, s))
	}
}
