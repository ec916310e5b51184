package policy

import (
	"fmt"
	"reflect"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// message is a record, or a part of one, as a CEL value.
type message struct{ protoreflect.Message }

// ConvertToNative is part of ref.Val.
func (m *message) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("%s is not a %s", m.Type().TypeName(), t)
}

// ConvertToType is part of ref.Val.
func (m *message) ConvertToType(t ref.Type) ref.Val {
	return types.NewErr("%s is not a %s", m.Type().TypeName(), t.TypeName())
}

// Equal is part of ref.Val.
func (m *message) Equal(other ref.Val) ref.Val {
	o, ok := other.(*message)
	return types.Bool(ok && proto.Equal(m.Interface(), o.Interface()))
}

// Type is part of ref.Val.
func (m *message) Type() ref.Type { return types.NewObjectType(typeName(m.Descriptor())) }

// Value is part of ref.Val.
func (m *message) Value() any { return m.Message }
