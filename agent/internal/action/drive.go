package action

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/audit"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// drive brings one intent as far as it goes without waiting.
func (e *Engine) drive(ctx context.Context, id string) error {
	i, err := e.Get(id)
	if err != nil {
		return err
	}
	if _, due := i.due(e.Now()); !due {
		return nil // it was looked at before another one was through with it
	}
	if i.Unaudited {
		if err := e.auditOutcome(ctx, i); err != nil {
			return e.block(ctx, i, err)
		}
	}
	switch {
	case !i.State.Open():
		return e.update(ctx, id, func(i *Intent) error {
			if !e.Now().Before(i.Quiet) {
				i.Quiet = time.Time{}
			}
			return nil
		})
	case i.State == Waiting && i.Plan != nil:
		return e.update(ctx, id, func(i *Intent) error {
			if i.State == Waiting {
				i.State = Expired
				i.Problem = "nobody approved it within " + approvalTime.String()
			}
			return nil
		})
	case i.State == Waiting:
		return e.propose(ctx, i)
	case i.State == Approved:
		return e.begin(ctx, i)
	case i.State == Pending, i.State == Unsure && (e.spec(i.Action).GetSafety() == sdk.ReadsBack || i.Tries >= maxTries):
		return e.look(ctx, i)
	case i.State == Unsure:
		return e.again(ctx, i)
	}
	return nil
}

// block has an intent wait for what keeps it back.
func (e *Engine) block(ctx context.Context, i *Intent, why error) error {
	return e.update(ctx, i.ID, func(i *Intent) error {
		i.Problem, i.Next = why.Error(), e.Now().Add(blockedEvery)
		return nil
	})
}

// backoff of an intent's n-th failure.
func (e *Engine) backoff(n int) time.Duration {
	return min(e.Retry<<min(n, 16), retryMax) //nolint:mnd // no overflow
}

// propose finds out what an intent that waits for approval would do.
func (e *Engine) propose(ctx context.Context, i *Intent) error {
	plan, err := e.prepare(ctx, i)
	if err != nil {
		return e.unprepared(ctx, i, err)
	}
	return e.update(ctx, i.ID, func(i *Intent) error {
		i.Plan, i.proposed, i.Problem = plan, true, i.NeedsApproval
		i.Expires = e.Now().Add(approvalTime)
		if plan.Already {
			i.State, i.Problem = Already, ""
		}
		return nil
	})
}

// prepare asks for the plan of an intent, as the target is now.
func (e *Engine) prepare(ctx context.Context, i *Intent) (*Plan, error) {
	w, err := e.message(i, e.Now().Add(lookTime))
	if err != nil {
		return nil, err
	}
	a, release, err := e.Open(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	ctx, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	p, err := a.Prepare(ctx, w)
	if err != nil {
		return nil, err
	}
	return planOf(i, e.spec(i.Action), p), nil
}

// message is the intent as the connector gets it.
func (e *Engine) message(i *Intent, deadline time.Time) (*wire.Intent, error) {
	var of *Intent
	if i.Undoes != "" {
		var err error
		if of, err = e.Get(i.Undoes); err != nil {
			return nil, fmt.Errorf("the intent to undo: %w", err)
		}
	}
	return i.wire(of, deadline)
}

// unprepared: nothing was sent that changes anything, so it can only be tried again, or refused.
func (e *Engine) unprepared(ctx context.Context, i *Intent, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e.Reached("unprepared")
	return e.update(ctx, i.ID, func(i *Intent) error {
		i.Problem = err.Error()
		i.Looks++
		if i.Looks < maxLooks && passing(err) {
			i.Next = e.Now().Add(e.backoff(i.Looks))
			return nil
		}
		i.State = Refused
		return nil
	})
}

// passing errors may be gone the next time.
func passing(err error) bool {
	switch sdk.TypeOf(err) {
	case sdk.ErrThrottled, sdk.ErrUnavailable, sdk.ErrNotReady, sdk.ErrInternal, sdk.ErrAuth:
		return true
	}
	return errors.Is(err, context.DeadlineExceeded)
}

// begin plans anew, and acts if that is what was approved.
func (e *Engine) begin(ctx context.Context, i *Intent) error {
	if why := e.Stopped(); why != "" {
		return e.block(ctx, i, errors.New(why))
	}
	target, err := i.ref()
	if err == nil && e.Guard != nil && i.Undoes == "" {
		err = e.Guard(ctx, i.Action, target)
	}
	if err != nil {
		return e.update(ctx, i.ID, func(i *Intent) error {
			i.State, i.Problem = Refused, err.Error()
			return nil
		})
	}
	if why := e.restrain(ctx, i, target); why != "" {
		return e.update(ctx, i.ID, func(i *Intent) error {
			i.State, i.NeedsApproval, i.Plan, i.Problem = Waiting, why, nil, why
			return nil
		})
	}
	plan, err := e.prepare(ctx, i)
	if err != nil {
		return e.unprepared(ctx, i, err)
	}
	e.Reached("prepared")
	settled := false
	i, err = e.updated(ctx, i.ID, func(i *Intent) error {
		i.Plan, i.Problem, i.Looks = plan, "", 0
		switch {
		case plan.Already:
			i.State, settled = Already, true
		case i.ApprovedBy == i.Author && i.ApprovedPlan != plan.Hash:
			i.State, settled = Refused, true
			i.Problem = "the target is not as it was when you looked: plan it again"
		case i.ApprovedBy != "" && i.ApprovedPlan != plan.Hash:
			i.State, i.proposed, settled = Waiting, true, true
			i.NeedsApproval = "the target is not as it was when " + i.ApprovedBy + " approved"
			i.Problem, i.ApprovedBy, i.ApprovedPlan, i.Expires = i.NeedsApproval, "", "", e.Now().Add(approvalTime)
		case i.ApprovedBy != "" && e.Now().After(i.Expires):
			i.State, settled = Expired, true
			i.Problem = "the approval is older than " + approvalTime.String()
		}
		return nil
	})
	if err != nil || settled {
		return err
	}
	return e.act(ctx, i)
}

// again repeats an act that got no answer.
func (e *Engine) again(ctx context.Context, i *Intent) error {
	if why := e.Stopped(); why != "" {
		return e.block(ctx, i, errors.New(why))
	}
	return e.act(ctx, i)
}

// act carries the plan out. Before anything is sent the audit log and then the store say so.
func (e *Engine) act(ctx context.Context, i *Intent) error {
	spec := e.spec(i.Action)
	if spec == nil {
		return e.unprepared(ctx, i, fmt.Errorf("the connector has no action %q any more", i.Action))
	}
	a, release, err := e.Open(ctx)
	if err != nil {
		return e.block(ctx, i, err)
	}
	defer release()
	now := e.Now()
	within := actTime
	if d := spec.GetInFlightMax().AsDuration(); d > 0 {
		within = min(d, maxActTime)
	}
	w, err := e.message(i, now.Add(within))
	if err != nil {
		return e.block(ctx, i, err)
	}
	if err := e.Audit.Append(entry(i, "intent", map[string]any{
		"action": i.Action, "intent": i.ID, "args": i.Args, "plan": i.Plan, "try": i.Tries + 1, "approved_by": i.ApprovedBy, "undoes": i.Undoes,
	})); err != nil {
		return e.block(ctx, i, fmt.Errorf("nothing is done that cannot be audited: %w", err))
	}
	e.Reached("audited")
	if i, err = e.updated(ctx, i.ID, func(i *Intent) error {
		i.State, i.Sent, i.Problem, i.Looks = Started, now, "", 0
		i.Tries++
		return nil
	}); err != nil {
		return err
	}
	e.Reached("started")
	acting, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	o := a.Act(acting, w, i.Plan.wire(), i.Progress, func(progress []byte) error {
		err := e.update(ctx, i.ID, func(i *Intent) error { i.Progress = progress; return nil })
		e.Reached("progress")
		return err
	})
	e.Reached("answered")
	if ctx.Err() != nil && o.GetState() == sdk.Unsure {
		return ctx.Err() // the next process finds it started, and finds out
	}
	return e.conclude(ctx, i.ID, o)
}

// conclude writes down what became of an act.
func (e *Engine) conclude(ctx context.Context, id string, o *wire.Outcome) error {
	i, err := e.updated(ctx, id, func(i *Intent) error {
		e.outcome(i, o)
		i.Unaudited = true
		return nil
	})
	if err != nil {
		return err
	}
	e.Reached("concluded")
	if target, err := i.ref(); err == nil && e.Acted != nil && i.State != Refused {
		e.Acted(target)
	}
	if err := e.auditOutcome(ctx, i); err != nil {
		e.Logger.Error("an outcome is not in the audit log yet, no action is begun before", "intent", id, "error", err)
		return e.block(ctx, i, err)
	}
	return nil
}

// auditOutcome writes what became of an act to the audit log, and notes that in the intent.
func (e *Engine) auditOutcome(ctx context.Context, i *Intent) error {
	if err := e.Audit.Append(entry(i, "outcome", map[string]any{
		"action": i.Action, "intent": i.ID, "state": i.State, "problem": i.Problem, "request_id": i.RequestID, "try": i.Tries,
	})); err != nil {
		return err
	}
	e.Reached("outcome audited")
	return e.update(ctx, i.ID, func(i *Intent) error {
		i.Unaudited = false
		return nil
	})
}

// entry of the audit log.
func entry(i *Intent, what string, detail map[string]any) audit.Entry {
	b, err := json.Marshal(detail)
	if err != nil || len(b) > audit.MaxEntryBytes/2 { // arguments and snapshots may be long: their hashes stand for them
		detail["args"], detail["plan"] = nil, nil
		if i.Plan != nil {
			detail["plan_hash"], detail["args_names"] = i.Plan.Hash, len(i.Args)
		}
		b, _ = json.Marshal(detail)
	}
	return audit.Entry{What: what, Actor: i.Author, Instance: i.Instance, Target: i.Target, Detail: b}
}
