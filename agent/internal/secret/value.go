// Package secret keeps credentials from being printed: values that no formatter can reach, the references by which a
// configuration names them, and a mask for text that others wrote.
//
// It promises that a Value shows nothing however it is printed, encoded or logged, that a Reference resolves without a
// shell and within named limits, and that no error holds a value. It does not wipe memory: Go cannot.
package secret

import (
	"crypto/subtle"
	"encoding"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
)

// Redacted is printed in place of a value.
const Redacted = "[redacted]"

// Value is a secret. It holds a closure and not a string: fmt walks into the unexported fields of whatever struct a
// Value stands in without calling any method, and all it finds is the address of a function.
type Value struct {
	reveal func() string
}

// The methods below are for those printers that do call methods.
var (
	_ fmt.Formatter          = Value{}
	_ json.Marshaler         = Value{}
	_ encoding.TextMarshaler = Value{}
	_ slog.LogValuer         = Value{}
)

// New hides a string.
func New(s string) Value { return Value{reveal: func() string { return s }} }

// Reveal gives the string. Call it where it is sent, and nowhere else.
func (v Value) Reveal() string {
	if v.reveal == nil {
		return ""
	}
	return v.reveal()
}

// IsZero tells whether there is no secret.
func (v Value) IsZero() bool { return v.Reveal() == "" }

// Equal compares without telling by its time where two values differ.
func (v Value) Equal(w Value) bool {
	return subtle.ConstantTimeCompare([]byte(v.Reveal()), []byte(w.Reveal())) == 1
}

// String gives Redacted.
func (Value) String() string { return Redacted }

// Format writes Redacted for every verb.
func (Value) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, Redacted) }

// MarshalJSON gives Redacted.
func (Value) MarshalJSON() ([]byte, error) { return []byte(`"` + Redacted + `"`), nil }

// MarshalText gives Redacted.
func (Value) MarshalText() ([]byte, error) { return []byte(Redacted), nil }

// LogValue gives Redacted.
func (Value) LogValue() slog.Value { return slog.StringValue(Redacted) }
