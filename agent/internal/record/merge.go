package record

import (
	"google.golang.org/protobuf/reflect/protoreflect"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Merge makes one record of its facets. They come in order of precedence: of each field the first facet that knows it
// speaks. A list is taken whole, never appended to; native and attributes are united by name.
func Merge(kind wire.Kind, id string, facets []Facet) (wire.RecordMessage, error) {
	if len(facets) == 0 {
		return Decode(kind, id, Facet{})
	}
	first, err := Decode(kind, id, facets[0])
	if err != nil {
		return nil, err
	}
	for _, f := range facets[1:] {
		next, err := Decode(kind, "", f)
		if err != nil {
			return nil, err
		}
		fill(first.ProtoReflect(), next.ProtoReflect())
	}
	return first, nil
}

// fill takes from src what dst does not know. src is given up: the two share memory afterwards.
func fill(dst, src protoreflect.Message) {
	src.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case !dst.Has(f):
			dst.Set(f, v)
		case named(f):
			unite(dst.Mutable(f).List(), v.List())
		}
		return true
	})
}

// named tells the lists whose entries have a name of their own.
func named(f protoreflect.FieldDescriptor) bool {
	return f.IsList() && f.Message() != nil && f.Message().FullName() == "mooring.wire.v1.Attribute"
}

func unite(dst, src protoreflect.List) {
	have := make(map[string]bool, dst.Len())
	for i := range dst.Len() {
		have[attributeName(dst.Get(i))] = true
	}
	for i := range src.Len() {
		if v := src.Get(i); !have[attributeName(v)] {
			dst.Append(v)
		}
	}
}

func attributeName(v protoreflect.Value) string {
	a, ok := v.Message().Interface().(*wire.Attribute)
	if !ok {
		return ""
	}
	return a.GetName()
}
