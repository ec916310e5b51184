package main

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/sdk"
)

// number is an integer as Google writes it: a JSON string, because it may have 64 bits, or a number. What is neither is 0.
type number int64

// UnmarshalJSON never fails: a number must not cost the record.
func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseInt(strings.Trim(string(b), `"`), 10, 64)
	if err == nil {
		*n = number(v)
	}
	return nil
}

func num(n int64) string { return strconv.FormatInt(n, 10) }

// when is a time as Google writes it: RFC 3339, in places seconds or milliseconds since 1970. What is not understood is
// unknown.
type when struct{ time.Time }

// milliseconds since 1970 are larger than this until the year 5138 in seconds.
const leastMillis = 100_000_000_000

// UnmarshalJSON never fails.
func (w *when) UnmarshalJSON(b []byte) error {
	s := strings.Trim(string(b), `"`)
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		if n >= leastMillis {
			w.Time = time.UnixMilli(n).UTC()
		} else if n > 0 {
			w.Time = time.Unix(n, 0).UTC()
		}
		return nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		w.Time = t.UTC()
	}
	return nil
}

// ts: Google writes 1970 where nothing ever happened.
func (w when) ts() *timestamppb.Timestamp {
	if w.Time.Unix() <= 0 {
		return nil
	}
	return sdk.At(w.Time)
}

// attrs makes attributes from pairs of name and value; empty values are left out.
func attrs(pairs ...string) []*sdk.Attribute {
	var list []*sdk.Attribute
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			list = append(list, &sdk.Attribute{Name: pairs[i], Value: pairs[i+1]})
		}
	}
	return list
}

// yes is "true" or nothing.
func yes(b bool) string {
	if b {
		return "true"
	}
	return ""
}

func truth(b *bool) string {
	if b == nil {
		return ""
	}
	return strconv.FormatBool(*b)
}

// ref refers to a record by what is known of it; nil when nothing is.
func ref(k sdk.Kind, id, email, name string) *sdk.Ref {
	if id == "" && email == "" && name == "" {
		return nil
	}
	r := &sdk.Ref{Kind: k}
	for _, f := range []struct {
		to **string
		v  string
	}{{&r.Id, id}, {&r.Email, email}, {&r.Name, name}} {
		if f.v != "" {
			*f.to = new(f.v)
		}
	}
	return r
}

// cut shortens a text, at a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

// encode never fails for what it is used for: structs of strings and numbers.
func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return b
}
