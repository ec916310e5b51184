package action

import (
	"cmp"
	"context"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// outcome makes of an act's outcome what an intent's state is. It needs the lock.
func (e *Engine) outcome(i *Intent, o *wire.Outcome) {
	i.RequestID = cmp.Or(o.GetRequestId(), o.GetError().GetRequestId(), i.RequestID)
	if s := o.GetUndoSnapshot(); s != nil {
		i.UndoSnapshot = s
	}
	i.Problem = o.GetError().GetMessage()
	now := e.Now()
	switch o.GetState() {
	case sdk.Done:
		e.done(i)
	case sdk.Already:
		if i.Lost { // by an act of ours whose answer was lost
			e.done(i)
			return
		}
		i.State = Already
	case sdk.Pending:
		i.State, i.Progress = Pending, []byte(o.GetToken())
		i.Next = now.Add(clamp(o.GetPollAfter().AsDuration(), retryMin, retryMax))
	case sdk.Refused:
		e.refused(i, o)
	default:
		e.lost(i, cmp.Or(i.Problem, "there was no answer"))
	}
}

func (e *Engine) done(i *Intent) {
	i.State, i.Problem, i.Next = Done, "", time.Time{}
	if until := e.quiet(i); i.Lost && e.Now().Before(until) {
		i.Quiet = until
	}
}

// refused: this act had no effect, but an earlier one may have.
func (e *Engine) refused(i *Intent, o *wire.Outcome) {
	switch t := sdk.ErrorType(o.GetError().GetType()); {
	case i.Lost || len(i.Progress) > 0: // a look decides
		i.State, i.Tries = Unsure, maxTries
		i.Next = e.quiet(i)
	case i.Tries < maxTries && (t == sdk.ErrThrottled || t == sdk.ErrUnavailable || t == sdk.ErrNotReady):
		i.State = Approved
		i.Next = e.Now().Add(max(e.backoff(i.Tries), min(o.GetError().GetRetryAfter().AsDuration(), time.Hour)))
	default:
		i.State = Refused
	}
}

// lost: nobody knows whether the act had its effect.
func (e *Engine) lost(i *Intent, why string) {
	i.Lost, i.State, i.Problem = true, Unsure, why
	switch e.spec(i.Action).GetSafety() {
	case sdk.ReadsBack:
		i.Next = e.quiet(i)
	case sdk.Repeat, sdk.Key, sdk.Precondition:
		i.Next = e.Now().Add(e.backoff(i.Tries))
		if i.Tries >= maxTries {
			i.Next = e.quiet(i)
		}
	default:
		i.stick(why + "; this action must not be repeated, and cannot be read back: look at the provider, then settle it")
	}
}

// quiet is when nothing that was sent for an intent is on its way any more.
func (e *Engine) quiet(i *Intent) time.Time {
	within := e.spec(i.Action).GetInFlightMax().AsDuration()
	if within <= 0 {
		within = actTime
	}
	return i.Sent.Add(within)
}

// look reads back what became of an act.
func (e *Engine) look(ctx context.Context, i *Intent) error {
	if e.spec(i.Action).GetSafety() == sdk.Never && i.State == Unsure {
		return e.update(ctx, i.ID, func(i *Intent) error { i.stick(i.Problem); return nil })
	}
	r, err := e.readBack(ctx, i)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	e.Reached("looked")
	repeat := false
	i, err2 := e.updated(ctx, i.ID, func(i *Intent) error {
		i.Looks++
		repeat = e.seen(i, r, err)
		i.Unaudited = !i.State.Open() || i.State == Stuck
		return nil
	})
	switch {
	case err2 != nil:
		return err2
	case repeat:
		return e.again(ctx, i)
	case i.Unaudited:
		if err := e.auditOutcome(ctx, i); err != nil {
			return e.block(ctx, i, err)
		}
	}
	return nil
}

func (e *Engine) readBack(ctx context.Context, i *Intent) (*wire.ReadBackResponse, error) {
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
	return a.ReadBack(ctx, w, i.Plan.wire(), i.Progress)
}

// seen makes of what was read back what an intent's state is. It says whether to act once more. It needs the lock.
func (e *Engine) seen(i *Intent, r *wire.ReadBackResponse, err error) bool {
	pending := i.State == Pending
	later := func(d time.Duration) { i.Next = e.Now().Add(d) }
	switch s := r.GetState(); {
	case err != nil && i.Looks < maxLooks && passing(err):
		i.Problem = err.Error()
		later(e.backoff(i.Looks))
	case err != nil:
		i.stick("it cannot be read back: " + err.Error())
	case s == sdk.Applied:
		e.done(i)
	case s == sdk.InFlight && e.Now().Before(i.Sent.Add(pendingTime)):
		later(e.backoff(min(i.Looks, 9))) //nolint:mnd // at most every five minutes
	case s == sdk.NotApplied && pending:
		i.State, i.Problem = Refused, cmp.Or(r.GetDetail(), "the provider did not do it")
	case s == sdk.NotApplied && i.Tries >= maxTries:
		i.State, i.Problem = Refused, cmp.Or(i.Problem, "it has no effect")
	case s == sdk.NotApplied:
		i.Lost = false // nothing of it is on its way any more
		return true
	default:
		i.stick(cmp.Or(r.GetDetail(), "what is there now is neither as before nor as wanted: look at the provider, then settle it"))
	}
	return false
}

func clamp(d, least, most time.Duration) time.Duration { return min(max(d, least), most) }
