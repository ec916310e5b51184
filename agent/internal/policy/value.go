package policy

import (
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// valueKind is what a value is.
type valueKind uint8

const (
	unknownValue valueKind = iota // absent, or the outcome of what went wrong: neither is a match
	boolValue
	intValue
	stringValue
	timeValue
	durationValue
	recordValue
	listValue       // of messages or texts
	attributesValue // a list of pairs
)

// value is one value while a condition is judged. It is passed as it is, so that judging allocates nothing.
type value struct {
	kind  valueKind
	nanos int32 // of a time
	n     int64 // of a bool, an int, a duration; seconds of a time
	s     string
	p     any // protoreflect.Message or protoreflect.List
}

func ofBool(b bool) value {
	if b {
		return value{kind: boolValue, n: 1}
	}
	return value{kind: boolValue}
}

func ofInt(n int64) value              { return value{kind: intValue, n: n} }
func ofString(s string) value          { return value{kind: stringValue, s: s} }
func ofDuration(d time.Duration) value { return value{kind: durationValue, n: int64(d)} }
func ofTime(t time.Time) value {
	return value{kind: timeValue, n: t.Unix(), nanos: int32(t.Nanosecond())}
}
func (v value) is(b bool) bool          { return v.kind == boolValue && (v.n == 1) == b }
func (v value) time() time.Time         { return time.Unix(v.n, int64(v.nanos)) }
func (v value) list() protoreflect.List { l, _ := v.p.(protoreflect.List); return l }

func ofMessage(m protoreflect.Message) value {
	if t, ok := m.Interface().(*timestamppb.Timestamp); ok {
		return value{kind: timeValue, n: t.GetSeconds(), nanos: t.GetNanos()}
	}
	return value{kind: recordValue, p: m}
}

// compare orders two values of one kind. ok is false for what has no order, or is not known.
func compare(a, b value) (order int, ok bool) {
	if a.kind != b.kind {
		return 0, false
	}
	switch a.kind {
	case stringValue:
		return strings.Compare(a.s, b.s), true
	case timeValue, intValue, durationValue, boolValue:
		switch {
		case a.n != b.n:
			return sign(a.n < b.n), true
		case a.nanos != b.nanos:
			return sign(a.nanos < b.nanos), true
		}
		return 0, true
	}
	return 0, false
}

func sign(less bool) int {
	if less {
		return -1
	}
	return 1
}
