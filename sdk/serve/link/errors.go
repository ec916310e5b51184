package link

import (
	"context"
	"errors"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Status gives an error the form in which it crosses a call that has no field for it: a status with the whole error as
// its detail.
func Status(err error) error {
	if err == nil {
		return nil
	}
	w := sdk.ErrorToWire(err)
	st, detailErr := status.New(codeOf(sdk.ErrorType(w.GetType())), w.GetMessage()).WithDetails(w)
	if detailErr != nil {
		return status.Error(codes.Internal, w.GetMessage())
	}
	return st.Err()
}

// Error gives back the *sdk.Error of a call: the one the connector sent, or one that says how the call itself failed.
// The caller's own cancellation stays what it is.
func Error(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if cause := ctx.Err(); cause != nil {
		return cause
	}
	if typed, ok := errors.AsType[*sdk.Error](err); ok {
		return typed
	}
	st, _ := status.FromError(err)
	for _, d := range st.Details() {
		if w, ok := d.(*wire.Error); ok {
			return sdk.ErrorFromWire(w)
		}
	}
	e := &sdk.Error{Type: sdk.ErrInternal, Message: st.Message(), Sent: true, Cause: err}
	switch st.Code() {
	case codes.Unavailable, codes.Canceled, codes.DeadlineExceeded:
		e.Type = sdk.ErrUnavailable
	case codes.Unimplemented:
		e.Type, e.Sent = sdk.ErrUnsupported, false
	}
	return e
}

// Lost tells that the connection broke, as against an error that the connector sent over it.
func Lost(err error) bool {
	st, ok := status.FromError(err)
	return ok && st.Code() == codes.Unavailable && len(st.Details()) == 0
}

func codeOf(t sdk.ErrorType) codes.Code {
	switch t {
	case sdk.ErrAuth:
		return codes.Unauthenticated
	case sdk.ErrPermission, sdk.ErrBlocked, sdk.ErrNotInPlan:
		return codes.PermissionDenied
	case sdk.ErrNotFound:
		return codes.NotFound
	case sdk.ErrThrottled, sdk.ErrTooLarge:
		return codes.ResourceExhausted
	case sdk.ErrExpired, sdk.ErrConflict, sdk.ErrNotReady:
		return codes.FailedPrecondition
	case sdk.ErrInvalid:
		return codes.InvalidArgument
	case sdk.ErrUnavailable:
		return codes.Unavailable
	case sdk.ErrUnsupported:
		return codes.Unimplemented
	}
	return codes.Internal
}
