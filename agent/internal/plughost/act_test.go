package plughost

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// doer is a connector whose actions end as their names say.
type doer struct{ rig }

var deeds = []string{"done", "refused", "dies", "steps", "panics"}

func (d doer) Describe() *sdk.Description {
	out := d.rig.Describe()
	for _, name := range deeds {
		out.Actions = append(out.Actions, &sdk.ActionSpec{Name: name, TargetKind: sdk.KindAccount, Safety: sdk.Repeat, Undo: sdk.UndoNone})
	}
	return out
}

func (doer) Prepare(_ context.Context, _ *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	return &sdk.Plan{Snapshot: []byte(i.GetTarget().GetId())}, nil
}

func (doer) Act(_ context.Context, _ *sdk.Session, i *sdk.Intent, _ *sdk.Plan, progress []byte, keep func([]byte) error) (*sdk.Outcome, error) {
	switch i.GetAction() {
	case "refused":
		return nil, &sdk.Error{Type: sdk.ErrPermission, Message: "no", Sent: true}
	case "dies":
		os.Exit(3)
	case "panics":
		panic("a defect")
	case "steps":
		for n := len(progress); n < 3; n++ {
			progress = append(progress, 'x')
			if err := keep(progress); err != nil {
				return nil, err
			}
		}
	}
	return &sdk.Outcome{State: sdk.Done, RequestId: string(progress)}, nil
}

func (doer) ReadBack(context.Context, *sdk.Session, *sdk.Intent, *sdk.Plan, []byte) (*sdk.ReadBack, error) {
	return &sdk.ReadBack{State: sdk.Applied}, nil
}

// TestActs: what becomes of an act is told as unsure unless it surely had no effect, it runs in a process of its own, and
// the one that scans does none.
func TestActs(t *testing.T) {
	h := newHost(t, quick)
	path, digest := as(t, "mooring-connector-doer")
	spec := Spec{Instance: "x", Provider: "x", Path: path, SHA256: digest, Secrets: secrets("token", "s3cret")}
	reads := h.Start(spec)
	spec.Name, spec.Role = "x/act", RoleAct
	acts := h.Start(spec)
	intent := func(action string) *wire.Intent {
		return &wire.Intent{Id: "1", Action: action, Target: sdk.To(sdk.KindAccount, "a")}
	}
	if o := reads.Act(testContext(t), intent("done"), nil, nil, nil); o.GetState() != wire.Outcome_REFUSED {
		t.Errorf("the process that scans: %v", o)
	}
	if p, err := acts.Prepare(testContext(t), intent("done")); err != nil || string(p.GetSnapshot()) != "a" {
		t.Errorf("prepare: %v, %v", p, err)
	}
	for action, want := range map[string]wire.Outcome_State{
		"done": sdk.Done, "refused": sdk.Refused, "dies": sdk.Unsure, "panics": sdk.Unsure, "unheard": sdk.Refused,
	} {
		if o := acts.Act(testContext(t), intent(action), nil, nil, nil); o.GetState() != want {
			t.Errorf("%s: %v, want %v", action, o, want)
		}
	}
	var kept []string
	keep := func(p []byte) error { kept = append(kept, string(p)); return nil }
	if o := acts.Act(testContext(t), intent("steps"), nil, []byte("x"), keep); o.GetState() != sdk.Done || strings.Join(kept, " ") != "xx xxx" {
		t.Errorf("steps: %v, kept %q", o, kept)
	}
	full := errors.New("the disk is full")
	calls := 0
	if o := acts.Act(testContext(t), intent("steps"), nil, nil, func([]byte) error { calls++; return full }); o.GetState() != sdk.Unsure || calls != 1 {
		t.Errorf("a step that cannot be kept: %v after %d", o, calls)
	}
	if r, err := acts.ReadBack(testContext(t), intent("done"), nil, nil); err != nil || r.GetState() != sdk.Applied {
		t.Errorf("read back: %v, %v", r, err)
	}
	if a, b := reads.State().PID, acts.State().PID; a == 0 || a == b {
		t.Errorf("processes %d and %d", a, b)
	}
	h.Stop("x/act")
	if o := acts.Act(testContext(t), intent("done"), nil, nil, nil); o.GetState() != wire.Outcome_REFUSED {
		t.Errorf("stopped: %v", o)
	}
}
