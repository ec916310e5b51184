package serve

import (
	"context"

	"google.golang.org/grpc"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/serve/link"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// maxProgress is the most that one step of an action may hand over, in bytes.
const maxProgress = 64 << 10

// act runs one call of an action: only in a process that was started to act, and only for actions that were declared.
func (s *server) act(ctx context.Context, what, callID string, i *wire.Intent, f func(context.Context, *sdk.Session, sdk.Actor) error) error {
	a, ok := s.connector.(sdk.Actor)
	if !ok {
		return lacks(what)
	}
	sess, err := s.current()
	if err != nil {
		return link.Status(err)
	}
	if !sdk.ForActing(sess.role) {
		return link.Status(sdk.Errorf(sdk.ErrUnsupported, "this process was started to read: it carries out no action"))
	}
	if !s.declares(i) {
		return link.Status(sdk.Errorf(sdk.ErrUnsupported, "there is no action %q on %s", i.GetAction(), sdk.KindName(i.GetTarget().GetKind())))
	}
	return link.Status(s.do(ctx, what, callID, func(ctx context.Context, sess *sdk.Session) error { return f(ctx, sess, a) }))
}

func (s *server) declares(i *wire.Intent) bool {
	for _, spec := range s.description.GetActions() {
		if spec.GetName() == i.GetAction() && spec.GetTargetKind() == i.GetTarget().GetKind() {
			return true
		}
	}
	return false
}

// Prepare reads the target of an intent.
func (s *server) Prepare(ctx context.Context, req *wire.PrepareRequest) (*wire.Plan, error) {
	var plan *wire.Plan
	err := s.act(ctx, "Prepare", req.GetCallId(), req.GetIntent(), func(ctx context.Context, sess *sdk.Session, a sdk.Actor) (err error) {
		if plan, err = a.Prepare(ctx, sess, req.GetIntent()); err == nil && plan == nil {
			err = sdk.Errorf(sdk.ErrInternal, "Prepare gave neither a plan nor an error")
		}
		return err
	})
	return plan, err
}

// Act carries an intent out. What went wrong in it is an outcome; only a call that could not begin is an error.
func (s *server) Act(req *wire.ActRequest, st grpc.ServerStreamingServer[wire.ActResponse]) error {
	var outcome *wire.Outcome
	kept := false
	keep := func(progress []byte) error {
		kept = true // also when it fails: the step was done
		if len(progress) > maxProgress {
			return sdk.Errorf(sdk.ErrInternal, "progress of %d bytes, at most %d are expected", len(progress), maxProgress)
		}
		return s.keepProgress(st, req.GetCallId(), progress)
	}
	begun := false
	err := s.act(st.Context(), "Act", req.GetCallId(), req.GetIntent(), func(ctx context.Context, sess *sdk.Session, a sdk.Actor) (err error) {
		begun = true
		outcome, err = a.Act(ctx, sess, req.GetIntent(), req.GetPlan(), req.GetProgress(), keep)
		if err == nil && outcome.GetState() == wire.Outcome_STATE_UNSPECIFIED {
			err = &sdk.Error{Type: sdk.ErrInternal, Message: "Act gave neither an outcome nor an error", Sent: true}
		}
		return err
	})
	if err != nil {
		if !begun {
			return err
		}
		outcome = sdk.OutcomeOf(link.Error(context.Background(), err), kept || len(req.GetProgress()) > 0)
	}
	return st.Send(&wire.ActResponse{Msg: &wire.ActResponse_Outcome{Outcome: outcome}})
}

// keepProgress returns when the agent has the progress on its disk.
func (s *server) keepProgress(st grpc.ServerStreamingServer[wire.ActResponse], callID string, progress []byte) error {
	sess, err := s.current()
	if err != nil {
		return err
	}
	kept := make(chan struct{})
	sess.mu.Lock()
	sess.stepped[callID] = kept
	sess.mu.Unlock()
	defer func() {
		sess.mu.Lock()
		delete(sess.stepped, callID)
		sess.mu.Unlock()
	}()
	if err := st.Send(&wire.ActResponse{Msg: &wire.ActResponse_Progress{Progress: progress}}); err != nil {
		return err
	}
	select {
	case <-kept:
		return nil
	case <-st.Context().Done():
		return st.Context().Err()
	case <-sess.done:
		return errOver()
	}
}

// ReadBack looks whether an intent's effect is there.
func (s *server) ReadBack(ctx context.Context, req *wire.ReadBackRequest) (*wire.ReadBackResponse, error) {
	var out *wire.ReadBackResponse
	err := s.act(ctx, "ReadBack", req.GetCallId(), req.GetIntent(), func(ctx context.Context, sess *sdk.Session, a sdk.Actor) (err error) {
		out, err = a.ReadBack(ctx, sess, req.GetIntent(), req.GetPlan(), req.GetProgress())
		if err == nil && out.GetState() == wire.ReadBackResponse_STATE_UNSPECIFIED {
			err = sdk.Errorf(sdk.ErrInternal, "ReadBack gave neither a state nor an error")
		}
		return err
	})
	return out, err
}
