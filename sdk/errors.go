package sdk

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// ErrorType says what failed. The list is closed and only grows.
type ErrorType string

// The types of errors, and what the host does about each.
const (
	ErrAuth        ErrorType = "auth"        // the credential is wrong or expired: resolved anew once, then shown
	ErrPermission  ErrorType = "permission"  // the credential lacks a permission: the capability is off, shown
	ErrNotFound    ErrorType = "not_found"   // it does not exist
	ErrNotInPlan   ErrorType = "not_in_plan" // the tenant's plan lacks the feature
	ErrThrottled   ErrorType = "throttled"   // RetryAfter says how long
	ErrExpired     ErrorType = "expired"     // a bookmark or checkpoint is too old: the listing starts over
	ErrTooLarge    ErrorType = "too_large"   // the host asks again with half the window or page
	ErrConflict    ErrorType = "conflict"    // somebody else changed it meanwhile
	ErrInvalid     ErrorType = "invalid"     // the request or setting is wrong; Field names the setting
	ErrNotReady    ErrorType = "not_ready"   // ask again after RetryAfter
	ErrBlocked     ErrorType = "blocked"     // a rule of the agent's network forbids it
	ErrUnavailable ErrorType = "unavailable" // network or provider failure; repeated later
	ErrUnsupported ErrorType = "unsupported" // this connector cannot do it
	ErrInternal    ErrorType = "internal"    // a defect, here or in the provider's answer
)

// Error is a typed failure. It crosses the process boundary whole; nobody parses its text.
type Error struct {
	Type    ErrorType
	Message string
	// Sent is false when the request surely did not leave.
	Sent bool
	// RetryAfter is how long the provider wants to be left alone; 0: it did not say.
	RetryAfter time.Duration
	// RequestID is the provider's id of the request, to quote to its support.
	RequestID string
	// Permission is the permission it wanted.
	Permission string
	Capability string
	// URL is where, without query, userinfo or secret.
	URL string
	// Field is the setting that is wrong.
	Field string
	// Status is the HTTP status, 0 when there was none.
	Status int
	// Cause is kept on this side of the wire only.
	Cause error
}

// Errorf makes an error of a type. A %w operand becomes its cause.
func Errorf(t ErrorType, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Type: t, Message: err.Error(), Cause: errors.Unwrap(err)}
}

// Error prints the message and what helps to act on it.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	if e.Message == "" {
		b.WriteString(string(e.Type))
	}
	if e.Permission != "" {
		fmt.Fprintf(&b, " (needs permission %s)", e.Permission)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, " (retry after %s)", e.RetryAfter.Round(time.Second))
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request %s)", e.RequestID)
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Cause }

// TypeOf is the type of an error: that of the first *Error in its chain, else internal; "" for nil.
func TypeOf(err error) ErrorType {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Type
	}
	return ErrInternal
}

// ErrorToWire gives the message of an error. Errors that are not typed become internal and count as sent.
func ErrorToWire(err error) *wire.Error {
	if err == nil {
		return nil
	}
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return &wire.Error{Type: string(ErrInternal), Message: err.Error(), Sent: true}
	}
	w := &wire.Error{
		Type: string(e.Type), Message: err.Error(), Sent: e.Sent, RequestId: e.RequestID, Permission: e.Permission,
		Capability: e.Capability, Url: e.URL, Field: e.Field, Status: uint32(max(e.Status, 0)),
	}
	if same, ok := err.(*Error); ok && same == e { //nolint:errorlint // not wrapped: the details travel as fields
		w.Message = e.Message
	}
	if e.RetryAfter > 0 {
		w.RetryAfter = durationpb.New(e.RetryAfter)
	}
	return w
}

// ErrorFromWire gives the error of a message; nil for nil.
func ErrorFromWire(w *wire.Error) error {
	if w == nil {
		return nil
	}
	t := ErrorType(w.GetType())
	if t == "" {
		t = ErrInternal
	}
	return &Error{
		Type: t, Message: w.GetMessage(), Sent: w.GetSent(), RetryAfter: w.GetRetryAfter().AsDuration(),
		RequestID: w.GetRequestId(), Permission: w.GetPermission(), Capability: w.GetCapability(),
		URL: w.GetUrl(), Field: w.GetField(), Status: int(w.GetStatus()),
	}
}
