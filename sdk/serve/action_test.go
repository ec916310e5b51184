package serve

import (
	"context"
	"io"
	"strconv"
	"sync/atomic"
	"testing"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// acting is a connector with one action.
type acting struct {
	probed
	do func(keep func([]byte) error) (*sdk.Outcome, error)
}

func (a acting) Describe() *sdk.Description {
	d := a.probed.Describe()
	d.Actions = []*sdk.ActionSpec{{
		Name: "suspend", TargetKind: sdk.KindAccount, Safety: "readback", Undo: "full", InFlightMax: durationpb.New(1),
	}}
	return d
}

// Check tells what the session says of the process.
func (acting) Check(_ context.Context, s *sdk.Session) (*sdk.Status, error) {
	return &sdk.Status{TenantID: "t", Subject: strconv.FormatBool(s.Acting)}, nil
}

func (acting) Prepare(context.Context, *sdk.Session, *sdk.Intent) (*sdk.Plan, error) {
	return &sdk.Plan{Snapshot: []byte("active"), Undo: "full"}, nil
}

func (a acting) Act(_ context.Context, _ *sdk.Session, _ *sdk.Intent, _ *sdk.Plan, _ []byte, keep func([]byte) error) (*sdk.Outcome, error) {
	return a.do(keep)
}

func (acting) ReadBack(context.Context, *sdk.Session, *sdk.Intent, *sdk.Plan, []byte) (*sdk.ReadBack, error) {
	return &sdk.ReadBack{State: sdk.Applied}, nil
}

func suspend() *wire.Intent {
	return &wire.Intent{Id: "1", Action: "suspend", Target: sdk.To(sdk.KindAccount, "a")}
}

// outcome carries the intent out, and gives the progress on the way.
func outcome(t *testing.T, s *started, i *wire.Intent) (o *wire.Outcome, progress []string, err error) {
	t.Helper()
	st, err := s.rpc.Act(t.Context(), &wire.ActRequest{CallId: "1", Intent: i})
	if err != nil {
		t.Fatal(err)
	}
	for {
		m, err := st.Recv()
		switch {
		case err == io.EOF: //nolint:errorlint // as grpc gives it
			return o, progress, nil
		case err != nil:
			return nil, progress, err
		case m.GetOutcome() != nil:
			o = m.GetOutcome()
		default:
			progress = append(progress, string(m.GetProgress()))
			if err := s.session.Send(&wire.SessionHost{Msg: &wire.SessionHost_ProgressKept{ProgressKept: &wire.ProgressKept{CallId: "1"}}}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestOutcomes: what an action's failure means for whoever would repeat it.
func TestOutcomes(t *testing.T) {
	fails := func(e *sdk.Error) func(func([]byte) error) (*sdk.Outcome, error) {
		return func(func([]byte) error) (*sdk.Outcome, error) { return nil, e }
	}
	for name, c := range map[string]struct {
		do   func(func([]byte) error) (*sdk.Outcome, error)
		want wire.Outcome_State
	}{
		"done": {func(func([]byte) error) (*sdk.Outcome, error) { return &sdk.Outcome{State: sdk.Done}, nil }, sdk.Done},
		"steps": {func(keep func([]byte) error) (*sdk.Outcome, error) {
			return &sdk.Outcome{State: sdk.Done}, keep([]byte("moved"))
		}, sdk.Done},
		"not sent":       {fails(&sdk.Error{Type: sdk.ErrUnavailable}), sdk.Refused},
		"no answer":      {fails(&sdk.Error{Type: sdk.ErrUnavailable, Sent: true}), sdk.Unsure},
		"refused by 403": {fails(&sdk.Error{Type: sdk.ErrPermission, Sent: true}), sdk.Refused},
		"refused after a step": {func(keep func([]byte) error) (*sdk.Outcome, error) {
			if err := keep([]byte("moved")); err != nil {
				return nil, err
			}
			return nil, &sdk.Error{Type: sdk.ErrPermission, Sent: true}
		}, sdk.Unsure},
		"panic":   {func(func([]byte) error) (*sdk.Outcome, error) { panic("a defect") }, sdk.Unsure},
		"nothing": {func(func([]byte) error) (*sdk.Outcome, error) { return nil, nil }, sdk.Unsure}, //nolint:nilnil // that is the defect
		"too much progress": {func(keep func([]byte) error) (*sdk.Outcome, error) {
			return nil, keep(make([]byte, maxProgress+1))
		}, sdk.Unsure},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, acting{do: c.do}, &wire.Start{Instance: "i", Role: "act", Settings: settings.GetSettings(), Secrets: settings.GetSecrets()})
			s.receive(t)
			o, progress, err := outcome(t, s, suspend())
			if err != nil || o.GetState() != c.want {
				t.Errorf("got %v, %v, want %v", o, err, c.want)
			}
			if name == "steps" && (len(progress) != 1 || progress[0] != "moved") {
				t.Errorf("progress is %q", progress)
			}
			_ = s.session.CloseSend()
		})
	}
}

// TestStepWaits: the next step is not taken before the agent has the progress on its disk.
func TestStepWaits(t *testing.T) {
	var went atomic.Bool
	s := start(t, acting{do: func(keep func([]byte) error) (*sdk.Outcome, error) {
		err := keep([]byte("moved"))
		went.Store(err == nil)
		return &sdk.Outcome{State: sdk.Done}, err
	}}, &wire.Start{Instance: "i", Role: "act", Settings: settings.GetSettings(), Secrets: settings.GetSecrets()})
	s.receive(t)
	ctx, cancel := context.WithCancel(t.Context())
	st, err := s.rpc.Act(ctx, &wire.ActRequest{CallId: "1", Intent: suspend()})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := st.Recv(); err != nil || string(m.GetProgress()) != "moved" {
		t.Fatalf("got %v, %v", m, err)
	}
	cancel() // and nothing was kept
	for err == nil {
		_, err = st.Recv()
	}
	_ = s.session.CloseSend()
	<-s.ended
	if went.Load() {
		t.Error("it went on")
	}
}

// TestWhoMayAct: a process that was started to read changes nothing, and nobody does what was not declared.
func TestWhoMayAct(t *testing.T) {
	do := func(func([]byte) error) (*sdk.Outcome, error) { return &sdk.Outcome{State: sdk.Done}, nil }
	reads := start(t, acting{do: do}, settings)
	reads.receive(t)
	if _, _, err := outcome(t, reads, suspend()); err == nil {
		t.Error("a process started to read acted")
	}
	if _, err := reads.rpc.Prepare(t.Context(), &wire.PrepareRequest{Intent: suspend()}); err == nil {
		t.Error("a process started to read prepared an action")
	}
	if c, err := reads.rpc.Check(t.Context(), &wire.CheckRequest{}); err != nil || c.GetSubject() != "false" {
		t.Errorf("check in a process started to read: %v, %v", c, err)
	}
	_ = reads.session.CloseSend()
	acts := start(t, acting{do: do}, &wire.Start{Instance: "i", Role: "act", Settings: settings.GetSettings(), Secrets: settings.GetSecrets()})
	acts.receive(t)
	if p, err := acts.rpc.Prepare(t.Context(), &wire.PrepareRequest{Intent: suspend()}); err != nil || string(p.GetSnapshot()) != "active" {
		t.Errorf("prepare: %v, %v", p, err)
	}
	if r, err := acts.rpc.ReadBack(t.Context(), &wire.ReadBackRequest{Intent: suspend()}); err != nil || r.GetState() != sdk.Applied {
		t.Errorf("read back: %v, %v", r, err)
	}
	if c, err := acts.rpc.Check(t.Context(), &wire.CheckRequest{}); err != nil || c.GetSubject() != "true" {
		t.Errorf("check in a process started to act: %v, %v", c, err)
	}
	other := suspend()
	other.Action = "delete"
	if _, _, err := outcome(t, acts, other); err == nil {
		t.Error("an action that is not declared was carried out")
	}
	_ = acts.session.CloseSend()
}
