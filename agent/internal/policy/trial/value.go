package trial

import (
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// message fills a message from an object.
func (r *reader) message(m protoreflect.Message, o *hclsyntax.ObjectConsExpr) {
	for _, item := range o.Items {
		name, ok := keyOf(item.KeyExpr)
		if !ok {
			r.Errorf(item.KeyExpr.Range(), "", "this is not the name of a field")
			continue
		}
		r.set(m, name, item.KeyExpr.Range(), item.ValueExpr)
	}
}

func keyOf(e hclsyntax.Expression) (string, bool) {
	if name := hcl.ExprAsKeyword(e); name != "" {
		return name, true
	}
	if k, ok := e.(*hclsyntax.ObjectConsKeyExpr); ok {
		return syntax.Text(k.Wrapped)
	}
	return syntax.Text(e)
}

// set fills one field.
func (r *reader) set(m protoreflect.Message, name string, at hcl.Range, e hclsyntax.Expression) {
	fd := m.Descriptor().Fields().ByTextName(name)
	if fd == nil {
		r.Errorf(at, syntax.Choices(name, "there are", fieldsOf(m.Descriptor())), "%s has no field %q", kindName(m.Descriptor()), syntax.Short(name))
		return
	}
	switch {
	case fd.IsList():
		r.list(m, fd, e)
	case fd.Message() != nil:
		r.inner(m, fd, e)
	default:
		r.scalar(m, fd, e)
	}
}

func kindName(d protoreflect.MessageDescriptor) string { return strings.ToLower(string(d.Name())) }

func fieldsOf(d protoreflect.MessageDescriptor) []string {
	var names []string
	for n := range d.Fields().Len() {
		names = append(names, string(d.Fields().Get(n).Name()))
	}
	return names
}

func (r *reader) wrong(fd protoreflect.FieldDescriptor, e hclsyntax.Expression, want string) {
	r.Errorf(e.Range(), "", "%s must be %s; this is %s", fd.Name(), want, syntax.Describe(e))
}

func (r *reader) scalar(m protoreflect.Message, fd protoreflect.FieldDescriptor, e hclsyntax.Expression) {
	switch fd.Kind() { //nolint:exhaustive // records have no others
	case protoreflect.BoolKind:
		if b, ok := syntax.Bool(e); ok {
			m.Set(fd, protoreflect.ValueOfBool(b))
			return
		}
		r.wrong(fd, e, "true or false")
	case protoreflect.Int64Kind:
		if n, ok := syntax.Number(e); ok {
			i, _ := n.Int64()
			m.Set(fd, protoreflect.ValueOfInt64(i))
			return
		}
		r.wrong(fd, e, "a number")
	default:
		r.text(m, fd, e)
	}
}

func (r *reader) text(m protoreflect.Message, fd protoreflect.FieldDescriptor, e hclsyntax.Expression) {
	s, ok := syntax.Text(e)
	if !ok {
		r.wrong(fd, e, "text")
		return
	}
	switch fd.Kind() { //nolint:exhaustive // the rest is text
	case protoreflect.EnumKind:
		k, known := sdk.ParseKind(s)
		if !known {
			r.Errorf(e.Range(), "", "there is no kind %q", syntax.Short(s))
		}
		m.Set(fd, protoreflect.ValueOfEnum(protoreflect.EnumNumber(k)))
		return
	case protoreflect.BytesKind:
		m.Set(fd, protoreflect.ValueOfBytes([]byte(s)))
		return
	}
	words := sdk.Vocabulary(kindName(m.Descriptor()) + "." + string(fd.Name()))
	if words != nil && s != "unknown" && !slices.Contains(words, s) {
		r.Errorf(e.Range(), syntax.Choices(s, "there are", words), "%s is never %q", fd.Name(), syntax.Short(s))
	}
	m.Set(fd, protoreflect.ValueOfString(s))
}

// inner fills a field that is a message.
func (r *reader) inner(m protoreflect.Message, fd protoreflect.FieldDescriptor, e hclsyntax.Expression) {
	switch fd.Message().Name() {
	case "Timestamp":
		t := timestamppb.New(r.time(e, string(fd.Name())))
		m.Set(fd, protoreflect.ValueOfMessage(t.ProtoReflect()))
		return
	case "Strings", "AccessList":
		r.whole(m.Mutable(fd).Message(), fd, e)
		return
	case "Ref":
		if s, ok := syntax.Text(e); ok {
			m.Set(fd, protoreflect.ValueOfMessage(shortRef(string(fd.Name()), s).ProtoReflect()))
			return
		}
	}
	o, ok := e.(*hclsyntax.ObjectConsExpr)
	if !ok {
		r.wrong(fd, e, "an object")
		return
	}
	inner := m.Mutable(fd).Message()
	r.message(inner, o)
	kindOfRef(string(fd.Name()), inner)
}

// whole fills a list whose emptiness means something: one that is written out is complete, unless complete = false says that
// there may be more.
func (r *reader) whole(m protoreflect.Message, as protoreflect.FieldDescriptor, e hclsyntax.Expression) {
	if o, ok := e.(*hclsyntax.ObjectConsExpr); ok {
		r.message(m, o)
		return
	}
	if _, ok := syntax.List(e); !ok {
		r.wrong(as, e, "a list")
		return
	}
	r.list(m, m.Descriptor().Fields().ByName("items"), e)
	m.Set(m.Descriptor().Fields().ByName("complete"), protoreflect.ValueOfBool(true))
}

func (r *reader) list(m protoreflect.Message, fd protoreflect.FieldDescriptor, e hclsyntax.Expression) {
	l := m.Mutable(fd).List()
	if fd.Message() != nil && fd.Message().Name() == "Attribute" {
		r.attributes(l, fd, e)
		return
	}
	items, ok := syntax.List(e)
	if !ok {
		r.wrong(fd, e, "a list")
		return
	}
	for _, item := range items {
		s, isText := syntax.Text(item)
		o, isObject := item.(*hclsyntax.ObjectConsExpr)
		switch {
		case fd.Message() == nil && isText:
			l.Append(protoreflect.ValueOfString(s))
		case fd.Message() != nil && isObject:
			inner := l.NewElement()
			r.message(inner.Message(), o)
			kindOfRef(string(fd.Name()), inner.Message())
			l.Append(inner)
		case fd.Message() != nil && fd.Message().Name() == "Ref" && isText:
			l.Append(protoreflect.ValueOfMessage(shortRef(string(fd.Name()), s).ProtoReflect()))
		default:
			r.Errorf(item.Range(), "", "an item of %s cannot be %s", fd.Name(), syntax.Describe(item))
		}
	}
}

// attributes reads an object of names and texts.
func (r *reader) attributes(l protoreflect.List, fd protoreflect.FieldDescriptor, e hclsyntax.Expression) {
	o, ok := e.(*hclsyntax.ObjectConsExpr)
	if !ok {
		r.wrong(fd, e, "an object of names and texts")
		return
	}
	for _, item := range o.Items {
		name, okName := keyOf(item.KeyExpr)
		text, okText := syntax.Text(item.ValueExpr)
		if !okName || !okText {
			r.Errorf(item.KeyExpr.Range(), "", "an attribute has a name and a text")
			continue
		}
		l.Append(protoreflect.ValueOfMessage((&wire.Attribute{Name: name, Value: text}).ProtoReflect()))
	}
}

// time reads "2026-11-22T10:00:00Z", or "-90d": that long before now.
func (r *reader) time(e hclsyntax.Expression, name string) time.Time {
	s, _ := syntax.Text(e)
	if s != "" && strings.Contains("+-", s[:1]) {
		d, err := syntax.ParseDuration(s[1:])
		switch {
		case err != nil:
		case s[0] == '-':
			return r.now.Add(-d)
		default:
			return r.now.Add(d)
		}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		r.Errorf(e.Range(), `write "2026-11-22T10:00:00Z", or "-90d" for that long ago`, "%s is not a time", name)
	}
	return t
}

// shortRef is what a text means where a ref belongs: an address, or an id.
func shortRef(field, s string) *wire.Ref {
	ref := &wire.Ref{Kind: refKind(field)}
	if strings.Contains(s, "@") {
		ref.Email = &s
	} else {
		ref.Id = &s
	}
	return ref
}

// kindOfRef gives a ref without a kind that which its field mostly has.
func kindOfRef(field string, m protoreflect.Message) {
	ref, ok := m.Interface().(*wire.Ref)
	if ok && ref.Kind == wire.Kind_KIND_UNSPECIFIED {
		ref.Kind = refKind(field)
	}
}

func refKind(field string) wire.Kind {
	switch field {
	case "app":
		return wire.Kind_KIND_APP
	case "container", "via":
		return wire.Kind_KIND_GROUP
	case "parent", "resource", "targets":
		return wire.Kind_KIND_FILE
	}
	return wire.Kind_KIND_ACCOUNT
}
