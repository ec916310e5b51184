package sdktest

import (
	"bytes"
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// judgeRecords proves of each record that it is one the listing declared, in the words of the contract.
func (k *kit) judgeRecords(t tester, l *listed) {
	spec := l.spec
	told := map[string]bool{}
	tell := func(format string, args ...any) { // once for each thing that is wrong
		if text := fmt.Sprintf(format, args...); !told[text] && len(told) < 20 {
			told[text] = true
			t.Errorf("%s", text)
		}
	}
	for _, h := range l.walks {
		seen := map[key]*wire.Envelope{}
		for _, e := range h.records {
			if !slices.Contains(spec.GetDefines(), e.GetKind()) && !slices.Contains(spec.GetEnriches(), e.GetKind()) {
				tell("a record of kind %s comes, but the listing declares no such kind", sdk.KindName(e.GetKind()))
				continue
			}
			if first := seen[keyOf(e)]; first != nil && !bytes.Equal(first.GetRecord(), e.GetRecord()) {
				tell("%s comes twice in one walk, and not the same", keyOf(e))
			}
			seen[keyOf(e)] = e
			r, err := decode(e)
			if err != nil {
				tell("%s cannot be read: %v", keyOf(e), err)
				continue
			}
			judge(spec, r, e.GetKind(), tell)
		}
	}
}

// decode gives a record with its volatile fields.
func decode(e *wire.Envelope) (wire.RecordMessage, error) {
	r := wire.NewRecord(e.GetKind())
	if r == nil {
		return nil, fmt.Errorf("there is no kind %d", e.GetKind())
	}
	if err := r.UnmarshalVT(e.GetRecord()); err != nil {
		return nil, err
	}
	v := wire.NewRecord(e.GetKind())
	if err := v.UnmarshalVT(e.GetVolatile()); err != nil {
		return nil, err
	}
	proto.Merge(r, v)
	return r, nil
}

// ownFields are the vendor's, and need no declaration.
var ownFields = []string{"id", "native", "attributes", "raw"} //nolint:gochecknoglobals // a table

func judge(spec *wire.ListingSpec, r wire.RecordMessage, kind sdk.Kind, tell func(string, ...any)) {
	word := sdk.KindName(kind)
	r.ProtoReflect().Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		name := word + "." + string(f.Name())
		if allowed := sdk.Vocabulary(name); allowed != nil && !slices.Contains(allowed, v.String()) {
			tell("%s is %q; one of %q is expected, and the vendor's word in native", name, v.String(), allowed)
		}
		if len(spec.GetFields()) > 0 && !slices.Contains(ownFields, string(f.Name())) && !slices.Contains(spec.GetFields(), name) {
			tell("%s is filled, but not among the listing's Fields", name)
		}
		eachRef(v, f, func(ref *sdk.Ref) {
			if ref.GetId() == "" && ref.GetEmail() == "" && ref.GetName() == "" {
				tell("%s holds a ref without id, e-mail and name", name)
			}
		})
		return true
	})
	if file, ok := r.(*sdk.File); ok {
		for _, a := range file.GetAccess().GetItems() {
			if a.Role != nil && !slices.Contains(sdk.Vocabulary("access.role"), a.GetRole()) {
				tell("the role of an access is %q; one of %q is expected", a.GetRole(), sdk.Vocabulary("access.role"))
			}
			if a.LinkScope != nil && !slices.Contains(sdk.Vocabulary("access.link_scope"), a.GetLinkScope()) {
				tell("the link_scope of an access is %q; one of %q is expected", a.GetLinkScope(), sdk.Vocabulary("access.link_scope"))
			}
		}
	}
}

// eachRef gives the refs in a field.
func eachRef(v protoreflect.Value, f protoreflect.FieldDescriptor, do func(*sdk.Ref)) {
	if f.Kind() != protoreflect.MessageKind {
		return
	}
	one := func(m protoreflect.Message) {
		if ref, ok := m.Interface().(*sdk.Ref); ok {
			do(ref)
		}
	}
	if !f.IsList() {
		one(v.Message())
		return
	}
	for i := range v.List().Len() {
		one(v.List().Get(i).Message())
	}
}
