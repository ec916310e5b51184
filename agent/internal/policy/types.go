package policy

import (
	"strings"

	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// records gives CEL the types of our records straight from their descriptors, so that a field added to the proto can be
// asked for at once. It differs from CEL's own protobuf types in what matters here: an absent field is unknown, and the
// wrapped lists are plain ones.
type records struct {
	*types.Registry
	messages map[string]protoreflect.MessageDescriptor // by CEL type name
}

const typePrefix = "mooring."

func newRecords() (*records, error) {
	registry, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	r := &records{Registry: registry, messages: map[string]protoreflect.MessageDescriptor{}}
	for k := wire.Kind_KIND_ACCOUNT; k <= wire.Kind_KIND_OTHER; k++ {
		r.add(wire.NewRecord(k).ProtoReflect().Descriptor())
	}
	made, err := theComputed()
	if err != nil {
		return nil, err
	}
	r.add(made.human)
	r.add(made.change)
	return r, nil
}

func (r *records) add(d protoreflect.MessageDescriptor) {
	name := typeName(d)
	if _, known := r.messages[name]; known {
		return
	}
	r.messages[name] = d
	for i := range d.Fields().Len() {
		if m := d.Fields().Get(i).Message(); m != nil && strings.HasPrefix(string(m.FullName()), "mooring.") {
			r.add(m)
		}
	}
}

func typeName(d protoreflect.MessageDescriptor) string { return typePrefix + string(d.Name()) }

func kindType(k wire.Kind) *types.Type {
	return types.NewObjectType(typeName(wire.NewRecord(k).ProtoReflect().Descriptor()))
}

// FindStructType is part of types.Provider.
func (r *records) FindStructType(name string) (*types.Type, bool) {
	if _, ok := r.messages[name]; ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return r.Registry.FindStructType(name)
}

// FindStructFieldNames is part of types.Provider.
func (r *records) FindStructFieldNames(name string) ([]string, bool) {
	d, ok := r.messages[name]
	if !ok {
		return r.Registry.FindStructFieldNames(name)
	}
	var names []string
	for i := range d.Fields().Len() {
		names = append(names, string(d.Fields().Get(i).Name()))
	}
	return names, true
}

// FindStructFieldType is part of types.Provider.
func (r *records) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	d, ok := r.messages[name]
	if !ok {
		return r.Registry.FindStructFieldType(name, field)
	}
	fd := d.Fields().ByTextName(field)
	if fd == nil {
		return nil, false
	}
	return &types.FieldType{
		Type:    fieldType(fd),
		IsSet:   func(any) bool { return false }, // has() is refused: known() says what it would
		GetFrom: func(from any) (any, error) { return get(fd, from), nil },
	}, true
}

// NativeToValue is part of types.Adapter.
func (r *records) NativeToValue(v any) ref.Val {
	if m, ok := v.(protoreflect.Message); ok {
		return &message{Message: m}
	}
	return r.Registry.NativeToValue(v)
}

func fieldType(fd protoreflect.FieldDescriptor) *types.Type {
	if fd.Message() != nil {
		switch fd.Message().Name() {
		case "Timestamp":
			return types.TimestampType
		case "Strings":
			return types.NewListType(types.StringType)
		case "AccessList":
			return types.NewListType(types.NewObjectType(typePrefix + "Access"))
		case "Attribute":
			return types.NewMapType(types.StringType, types.StringType)
		}
		t := types.NewObjectType(typeName(fd.Message()))
		if fd.IsList() {
			return types.NewListType(t)
		}
		return t
	}
	var t *types.Type
	switch fd.Kind() {
	case protoreflect.BoolKind:
		t = types.BoolType
	case protoreflect.Int64Kind:
		t = types.IntType
	default:
		t = types.StringType // strings, raw JSON, and kinds as words
	}
	if fd.IsList() {
		return types.NewListType(t)
	}
	return t
}

// get reads a field. What is absent is unknown, and so is everything below it.
func get(fd protoreflect.FieldDescriptor, from any) any {
	m, ok := from.(protoreflect.Message)
	if !ok {
		if u, isUnknown := from.(*types.Unknown); isUnknown {
			return u
		}
		return types.NewErr("no field %s", fd.Name())
	}
	if !m.Has(fd) {
		if fd.IsList() && (fd.Message() == nil || isComputed(fd)) || isAttributes(fd) {
			return nativeValue(fd, m.Get(fd)) // a plain repeated field has no unknown
		}
		if fd.Kind() == protoreflect.StringKind && !fd.HasPresence() {
			return ""
		}
		return types.NewUnknown(int64(fd.Number()), types.NewAttributeTrail(string(fd.Name())))
	}
	return nativeValue(fd, m.Get(fd))
}

func isAttributes(fd protoreflect.FieldDescriptor) bool {
	return fd.Message() != nil && fd.Message().Name() == "Attribute"
}

func nativeValue(fd protoreflect.FieldDescriptor, v protoreflect.Value) any {
	if fd.Message() != nil {
		return messageValue(fd, v)
	}
	switch fd.Kind() {
	case protoreflect.EnumKind:
		return sdk.KindName(wire.Kind(v.Enum()))
	case protoreflect.BytesKind:
		return string(v.Bytes())
	default:
		if fd.IsList() {
			return stringsOf(v.List())
		}
		return v.Interface()
	}
}

func messageValue(fd protoreflect.FieldDescriptor, v protoreflect.Value) any {
	switch {
	case isAttributes(fd):
		return attributesOf(v.List())
	case fd.IsList():
		return messagesOf(v.List())
	}
	m := v.Message()
	switch fd.Message().Name() {
	case "Timestamp":
		return m.Interface()
	case "Strings":
		return stringsOf(m.Get(fd.Message().Fields().ByName("items")).List())
	case "AccessList":
		return messagesOf(m.Get(fd.Message().Fields().ByName("items")).List())
	}
	return m
}

func stringsOf(l protoreflect.List) []string {
	out := make([]string, l.Len())
	for i := range out {
		out[i] = l.Get(i).String()
	}
	return out
}

func messagesOf(l protoreflect.List) []ref.Val {
	out := make([]ref.Val, l.Len())
	for i := range out {
		out[i] = &message{Message: l.Get(i).Message()}
	}
	return out
}

func attributesOf(l protoreflect.List) map[string]string {
	out := make(map[string]string, l.Len())
	for i := range l.Len() {
		m := l.Get(i).Message()
		fields := m.Descriptor().Fields()
		out[m.Get(fields.ByName("name")).String()] = m.Get(fields.ByName("value")).String()
	}
	return out
}
