package sdk

import (
	"context"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

type (
	// ActionSpec describes an action: its name, target, arguments, safety mode, and how far undo reaches.
	ActionSpec = wire.ActionSpec
	// Intent is one action on one target. Its key is for providers that take an idempotency key. With Undo it takes back
	// what another intent of the same action, target and args did.
	Intent = wire.Intent
	// Plan is what Prepare found: the present state as a snapshot, the effects, the precondition, what undo cannot bring back.
	Plan = wire.Plan
	// Outcome is how an Act ended.
	Outcome = wire.Outcome
	// ReadBack is whether an intent's effect is there.
	ReadBack = wire.ReadBackResponse
)

// The states of an Outcome.
const (
	Done    = wire.Outcome_DONE
	Already = wire.Outcome_ALREADY // it was so before
	Pending = wire.Outcome_PENDING // the provider works on it: ReadBack is asked with Token as its progress, after PollAfter
	Refused = wire.Outcome_REFUSED // surely without effect
	Unsure  = wire.Outcome_UNKNOWN
)

// The states of a ReadBack.
const (
	Applied    = wire.ReadBackResponse_APPLIED
	NotApplied = wire.ReadBackResponse_ABSENT
	InFlight   = wire.ReadBackResponse_PENDING
	Differs    = wire.ReadBackResponse_DIFFERS // neither as before nor as wanted
	Unknowable = wire.ReadBackResponse_UNKNOWABLE
)

// roleAct is the role of a process that may change things.
const roleAct = "act"

// ForActing says whether a session's role may change anything at the provider.
func ForActing(role string) bool { return role == roleAct }

// Actor changes things at the provider. It is only called in a process that was started with the actions credentials.
type Actor interface {
	// Prepare reads the target as it is now. It changes nothing.
	Prepare(ctx context.Context, s *Session, i *Intent) (*Plan, error)
	// Act carries an intent out. After each step that cannot be taken back it hands keep what it needs to go on behind
	// it, and goes on only when keep returned nil; progress is the last of these, from a process that ended in the middle.
	//
	// An error instead of an Outcome is told as Refused when the provider surely did nothing (the request was not sent, or
	// it was answered with a refusal, and nothing was kept before), else as Unsure.
	Act(ctx context.Context, s *Session, i *Intent, p *Plan, progress []byte, keep func([]byte) error) (*Outcome, error)
	// ReadBack looks whether the effect is there, for intents whose outcome is unsure.
	ReadBack(ctx context.Context, s *Session, i *Intent, p *Plan, progress []byte) (*ReadBack, error)
}

// OutcomeOf is the Outcome of an Act that gave an error. kept: progress was handed over before.
func OutcomeOf(err error, kept bool) *Outcome {
	o := &Outcome{State: Unsure, Error: ErrorToWire(err)}
	o.RequestId = o.GetError().GetRequestId()
	if kept {
		return o
	}
	switch TypeOf(err) {
	case ErrAuth, ErrPermission, ErrNotFound, ErrNotInPlan, ErrThrottled, ErrConflict, ErrInvalid, ErrBlocked, ErrUnsupported:
		o.State = Refused
	default:
		if !o.GetError().GetSent() {
			o.State = Refused
		}
	}
	return o
}
