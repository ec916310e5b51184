package policy

import (
	"fmt"
	"reflect"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// judgement is what the functions of one judgement work on. Steps have it in their frame; to CEL's interpreter it is a hidden
// first argument, which macros put there.
type judgement struct {
	Context
	looks int
}

// maxLooks is how many records one judgement may ask for. Each may be a read of the store.
const maxLooks = 1_000

// look gives what may be looked in, nil when there is nothing or it was asked too often.
func (j *judgement) look() Look {
	if j.looks++; j.looks > maxLooks {
		return nil
	}
	return j.Look
}

func (j *judgement) now() time.Time {
	if j.Now.IsZero() {
		j.Now = time.Now() // one judgement has one time
	}
	return j.Now
}

// The hidden argument. No condition can name it.
const hidden = "@in"

var hiddenType = cel.OpaqueType("context") //nolint:gochecknoglobals // a name

// hiddenValue is the judgement as a CEL value.
type hiddenValue struct{ *judgement }

func (hiddenValue) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("a context is not a %s", t)
}

func (hiddenValue) ConvertToType(t ref.Type) ref.Val {
	return types.NewErr("a context is not a %s", t.TypeName())
}
func (hiddenValue) Equal(ref.Val) ref.Val { return types.False }
func (hiddenValue) Type() ref.Type        { return hiddenType }
func (h hiddenValue) Value() any          { return h.judgement }

// fromCEL gives a function's argument as a step would.
func fromCEL(v ref.Val) value {
	switch v := v.(type) {
	case types.String:
		return ofString(string(v))
	case types.Duration:
		return ofDuration(v.Duration)
	case types.Timestamp:
		return ofTime(v.Time)
	case *message:
		return value{kind: recordValue, p: v.Message}
	}
	return value{}
}

// toCEL gives what a function says as a CEL value.
func toCEL(v value) ref.Val {
	switch v.kind {
	case boolValue:
		return types.Bool(v.n == 1)
	case intValue:
		return types.Int(v.n)
	case stringValue:
		return types.String(v.s)
	case timeValue:
		return types.Timestamp{Time: v.time().UTC()}
	case durationValue:
		return types.Duration{Duration: time.Duration(v.n)}
	case recordValue:
		if m, ok := v.p.(protoreflect.Message); ok {
			return &message{Message: m}
		}
	case unknownValue, listValue, attributesValue:
	}
	return unknown()
}

// unknown says that nothing is known, which is not an error.
func unknown() *types.Unknown { return types.NewUnknown(0, types.NewAttributeTrail("unknown")) }
