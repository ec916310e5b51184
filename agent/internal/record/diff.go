package record

import (
	"google.golang.org/protobuf/reflect/protoreflect"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Diff names the fields in which two bodies of one facet differ, in the order of the proto. No bytes means that nothing
// is known. filled says that every difference is between unknown and known: nothing was seen to change, more or less of
// it became visible.
func Diff(kind wire.Kind, before, after []byte) (changed []string, filled bool, err error) {
	a, err := Decode(kind, "", Facet{Body: before})
	if err != nil {
		return nil, false, err
	}
	b, err := Decode(kind, "", Facet{Body: after})
	if err != nil {
		return nil, false, err
	}
	filled = true
	x, y := a.ProtoReflect(), b.ProtoReflect()
	fields := x.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		was, is := x.Has(f), y.Has(f)
		switch {
		case was != is:
			changed = append(changed, string(f.Name()))
		case was && !equal(f, x, y):
			changed = append(changed, string(f.Name()))
			filled = false
		}
	}
	return changed, filled, nil
}

func equal(f protoreflect.FieldDescriptor, x, y protoreflect.Message) bool {
	return x.Get(f).Equal(y.Get(f))
}
