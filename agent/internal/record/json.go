package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// JSON appends a record as one JSON object on one line, the stable form of every output:
//
//   - first "ref", unless the ref is empty, then the fields by their names in the proto and in its order;
//   - what is unknown is left out, so null never stands anywhere;
//   - kinds are words ("account"), times are RFC 3339 in UTC, 64-bit numbers are numbers;
//   - a list that is known to be complete is an array; one of which more may exist is {"items": […], "complete": false};
//   - native and attributes are one object of names and values; of two values of one name the first stands;
//   - raw is the provider's JSON as it is, or a string when it is not JSON.
func JSON(dst []byte, ref Ref, m wire.RecordMessage) []byte {
	dst = append(dst, '{')
	if ref != (Ref{}) {
		dst = appendString(append(dst, `"ref":`...), ref.String())
	}
	return append(appendFields(dst, m.ProtoReflect()), '}')
}

func appendFields(dst []byte, m protoreflect.Message) []byte {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if !m.Has(f) {
			continue
		}
		v := m.Get(f)
		if t, ok := timeOf(f, v); ok && !t.IsValid() {
			continue // hostile: no calendar has this time
		}
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, string(f.Name())), ':')
		dst = appendValue(dst, f, v)
	}
	return dst
}

func appendValue(dst []byte, f protoreflect.FieldDescriptor, v protoreflect.Value) []byte {
	switch {
	case named(f):
		return appendAttributes(dst, v.List())
	case f.IsList():
		return appendList(dst, f, v.List())
	}
	return appendSingle(dst, f, v)
}

func appendSingle(dst []byte, f protoreflect.FieldDescriptor, v protoreflect.Value) []byte {
	switch f.Kind() {
	case protoreflect.BoolKind:
		return strconv.AppendBool(dst, v.Bool())
	case protoreflect.Int64Kind, protoreflect.Int32Kind:
		return strconv.AppendInt(dst, v.Int(), 10)
	case protoreflect.StringKind:
		return appendString(dst, v.String())
	case protoreflect.BytesKind:
		return appendRaw(dst, v.Bytes())
	case protoreflect.EnumKind:
		return appendString(dst, sdk.KindName(wire.Kind(v.Enum())))
	case protoreflect.MessageKind:
		return appendMessage(dst, v.Message())
	}
	return appendString(dst, fmt.Sprint(v.Interface()))
}

func appendMessage(dst []byte, m protoreflect.Message) []byte {
	switch m := m.Interface().(type) {
	case *timestamppb.Timestamp:
		return appendString(dst, m.AsTime().Format(time.RFC3339Nano))
	case *wire.Strings:
		return appendSet(dst, m.ProtoReflect(), m.GetComplete())
	case *wire.AccessList:
		return appendSet(dst, m.ProtoReflect(), m.GetComplete())
	}
	return append(appendFields(append(dst, '{'), m), '}')
}

// appendSet writes a list whose emptiness means something.
func appendSet(dst []byte, m protoreflect.Message, complete bool) []byte {
	f := m.Descriptor().Fields().ByName("items")
	if complete {
		return appendList(dst, f, m.Get(f).List())
	}
	dst = appendList(append(dst, `{"items":`...), f, m.Get(f).List())
	return append(dst, `,"complete":false}`...)
}

func appendList(dst []byte, f protoreflect.FieldDescriptor, l protoreflect.List) []byte {
	dst = append(dst, '[')
	for i := range l.Len() {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendSingle(dst, f, l.Get(i))
	}
	return append(dst, ']')
}

func appendAttributes(dst []byte, l protoreflect.List) []byte {
	dst = append(dst, '{')
	seen := make(map[string]bool, l.Len())
	for i := range l.Len() {
		a, ok := l.Get(i).Message().Interface().(*wire.Attribute)
		if !ok || seen[a.GetName()] {
			continue
		}
		seen[a.GetName()] = true
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, a.GetName()), ':')
		dst = appendString(dst, a.GetValue())
	}
	return append(dst, '}')
}

func appendRaw(dst, raw []byte) []byte {
	var line bytes.Buffer
	if json.Valid(raw) && utf8.Valid(raw) && json.Compact(&line, raw) == nil {
		return append(dst, line.Bytes()...)
	}
	return appendString(dst, string(raw))
}

func timeOf(f protoreflect.FieldDescriptor, v protoreflect.Value) (*timestamppb.Timestamp, bool) {
	if f.IsList() || f.Kind() != protoreflect.MessageKind {
		return nil, false
	}
	t, ok := v.Message().Interface().(*timestamppb.Timestamp)
	return t, ok
}

// appendString quotes for JSON, without the escapes for HTML of encoding/json. Bytes that are no UTF-8 become U+FFFD.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r == '\n':
			dst = append(dst, '\\', 'n')
		case r == '\t':
			dst = append(dst, '\\', 't')
		case r == '\r':
			dst = append(dst, '\\', 'r')
		case r < 0x20 || r == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		case r == '\u2028' || r == '\u2029': // line ends to JavaScript
			dst = append(dst, '\\', 'u', '2', '0', '2', hex[r&15])
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}
