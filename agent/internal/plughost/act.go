package plughost

import (
	"context"
	"errors"
	"io"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/serve/link"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// RoleAct is the role of a process that may change things at the provider.
const RoleAct = "act"

// Prepare reads an intent's target as it is now.
func (c *Connector) Prepare(ctx context.Context, i *wire.Intent) (*wire.Plan, error) {
	var out *wire.Plan
	err := c.call(ctx, quota.Action, always, func(ctx context.Context, l *live, id string) (err error) {
		out, err = l.peer.rpc.Prepare(ctx, &wire.PrepareRequest{CallId: id, Intent: i})
		return err
	})
	return out, err
}

// Act carries an intent out, once: it is not repeated here, whatever happens. keep has each step's progress on the disk when
// it returns; the connector takes no further step before. There is always an outcome: what is not surely without effect is
// told as unsure.
func (c *Connector) Act(ctx context.Context, i *wire.Intent, p *wire.Plan, progress []byte, keep func([]byte) error) *wire.Outcome {
	var out *wire.Outcome
	begun, kept := false, len(progress) > 0
	never := func() bool { return false }
	err := c.call(ctx, quota.Action, never, func(ctx context.Context, l *live, id string) error {
		begun = true
		st, err := l.peer.rpc.Act(ctx, &wire.ActRequest{CallId: id, Intent: i, Plan: p, Progress: progress})
		if err != nil {
			return err
		}
		for {
			m, err := st.Recv()
			switch {
			case errors.Is(err, io.EOF):
				return broken("an act ended without an outcome")
			case err != nil:
				return err
			case m.GetOutcome() != nil:
				out = m.GetOutcome()
				return nil
			}
			kept = true
			if err := keep(m.GetProgress()); err != nil {
				return err
			}
			l.session.send(&wire.SessionHost{Msg: &wire.SessionHost_ProgressKept{ProgressKept: &wire.ProgressKept{CallId: id}}})
		}
	})
	switch {
	case out != nil && out.GetState() != wire.Outcome_STATE_UNSPECIFIED:
		return out
	case err == nil:
		err = broken("an act ended with an outcome of no state")
	case !begun:
		return &wire.Outcome{State: wire.Outcome_REFUSED, Error: sdk.ErrorToWire(link.Error(context.WithoutCancel(ctx), err))}
	}
	// Whatever went wrong on the way to the connector or back, it may have done it.
	e := sdk.ErrorToWire(err)
	if refused := sdk.OutcomeOf(err, kept); refused.GetState() == wire.Outcome_REFUSED && e.GetType() == string(sdk.ErrUnsupported) {
		return refused // it said that it did not begin
	}
	return &wire.Outcome{State: wire.Outcome_UNKNOWN, Error: e}
}

// ReadBack looks whether an intent's effect is there.
func (c *Connector) ReadBack(ctx context.Context, i *wire.Intent, p *wire.Plan, progress []byte) (*wire.ReadBackResponse, error) {
	var out *wire.ReadBackResponse
	err := c.call(ctx, quota.Action, always, func(ctx context.Context, l *live, id string) (err error) {
		out, err = l.peer.rpc.ReadBack(ctx, &wire.ReadBackRequest{CallId: id, Intent: i, Plan: p, Progress: progress})
		return err
	})
	return out, err
}
