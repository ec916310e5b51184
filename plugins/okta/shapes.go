package main

import (
	"encoding/json"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/sdk"
)

// when is a time as Okta writes it. What is not understood is unknown: a date must not cost the record.
type when struct{ time.Time }

// UnmarshalJSON never fails.
func (w *when) UnmarshalJSON(b []byte) error {
	if t, err := time.Parse(time.RFC3339, strings.Trim(string(b), `"`)); err == nil {
		w.Time = t.UTC()
	}
	return nil
}

func (w when) ts() *timestamppb.Timestamp { return sdk.At(w.Time) }

// text is a value that should be a string. Anything else is unknown: an organisation defines its own profile.
type text string

// UnmarshalJSON never fails.
func (t *text) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*t = text(s)
	}
	return nil
}

// attrs makes attributes of name, value pairs; empty values are left out.
func attrs(pairs ...string) []*sdk.Attribute {
	var a []*sdk.Attribute
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			a = append(a, &sdk.Attribute{Name: pairs[i], Value: pairs[i+1]})
		}
	}
	return a
}

// ref is nil when neither id nor name is known.
func ref(k sdk.Kind, id, name string) *sdk.Ref {
	if id == "" && name == "" {
		return nil
	}
	r := &sdk.Ref{Kind: k}
	if id != "" {
		r.Id = new(id)
	}
	if name != "" {
		r.Name = new(name)
	}
	return r
}

// cut shortens somebody else's words, at a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
