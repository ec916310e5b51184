package policy

import (
	"slices"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mooring-hq/mooring/sdk"
)

// step computes one value: a condition is a tree of them. CEL's own interpreter, which does all that we do not, takes some
// ten microseconds for three terms, and every change of every record is judged by every policy.
type step func(f *frame) value

// maxSlots is how many variables of exists() and its like may be in each other.
const maxSlots = 16

// frame is what one judgement works on.
type frame struct {
	record protoreflect.Message
	in     judgement
	slots  [maxSlots]value
	rounds int // of loops
}

var frames = sync.Pool{New: func() any { return new(frame) }} //nolint:gochecknoglobals // memory that is used again

// builder makes steps of a checked condition.
type builder struct {
	*language
	tree  *ast.AST
	slots map[string]int // of the variables in force
	depth int
}

// build gives the steps of a condition, or nil where it has something that only CEL's interpreter can do.
func build(checked *cel.Ast, l *language) step {
	b := &builder{language: l, tree: checked.NativeRep(), slots: map[string]int{}}
	return b.expr(b.tree.Expr())
}

func (b *builder) expr(e ast.Expr) step {
	switch e.Kind() {
	case ast.LiteralKind:
		return literalStep(e)
	case ast.IdentKind:
		return b.ident(e.AsIdent())
	case ast.SelectKind:
		return b.selection(e.AsSelect())
	case ast.CallKind:
		return b.call(e)
	case ast.ComprehensionKind:
		return b.loop(e.AsComprehension())
	}
	return nil
}

func constant(v value) step { return func(*frame) value { return v } }

func literalStep(e ast.Expr) step {
	switch v := e.AsLiteral().(type) {
	case types.Bool:
		return constant(ofBool(bool(v)))
	case types.Int:
		return constant(ofInt(int64(v)))
	case types.String:
		return constant(ofString(string(v)))
	}
	return nil
}

func (b *builder) ident(name string) step {
	if slot, ok := b.slots[name]; ok {
		return func(f *frame) value { return f.slots[slot] }
	}
	switch name {
	case b.record:
		return func(f *frame) value { return value{kind: recordValue, p: f.record} }
	case "provider":
		return func(f *frame) value { return ofKnown(f.in.Ref.Provider) }
	case "instance":
		return func(f *frame) value { return ofKnown(f.in.Ref.Instance) }
	case "before":
		return func(f *frame) value {
			if f.in.Before == nil {
				return value{}
			}
			return value{kind: recordValue, p: f.in.Before.ProtoReflect()}
		}
	case "change":
		return changeStep()
	}
	return nil
}

func ofKnown(s string) value {
	if s == "" {
		return value{}
	}
	return ofString(s)
}

func changeStep() step {
	made, err := theComputed()
	if err != nil {
		return nil
	}
	return func(f *frame) value {
		if f.in.Change == nil {
			return value{}
		}
		return value{kind: recordValue, p: made.changed(f.in.Change)}
	}
}

// selection reads a field.
func (b *builder) selection(s ast.SelectExpr) step {
	if s.IsTestOnly() {
		return nil
	}
	d, ok := b.records.messages[b.tree.GetType(s.Operand().ID()).TypeName()]
	if !ok {
		return nil
	}
	fd := d.Fields().ByTextName(s.FieldName())
	if fd == nil {
		return nil
	}
	read := reader(fd)
	if s.Operand().Kind() == ast.IdentKind && s.Operand().AsIdent() == b.record && !b.shadowed() {
		return func(f *frame) value { return read(f.record) }
	}
	of := b.expr(s.Operand())
	if of == nil {
		return nil
	}
	return func(f *frame) value {
		m, ok := of(f).p.(protoreflect.Message)
		if !ok {
			return value{}
		}
		return read(m)
	}
}

func (b *builder) shadowed() bool { _, ok := b.slots[b.record]; return ok }

// reader gives the value of a field as records.FindStructFieldType does.
func reader(fd protoreflect.FieldDescriptor) func(protoreflect.Message) value {
	kind := listValue
	if isAttributes(fd) {
		kind = attributesValue
	}
	switch {
	case fd.IsList():
		plain := fd.Message() == nil || kind == attributesValue || isComputed(fd)
		return func(m protoreflect.Message) value {
			if l := m.Get(fd).List(); plain || l.Len() > 0 {
				return value{kind: kind, p: l}
			}
			return value{}
		}
	case fd.Message() == nil:
		absent := value{}
		if fd.Kind() == protoreflect.StringKind && !fd.HasPresence() {
			absent = ofString("")
		}
		return func(m protoreflect.Message) value {
			if !m.Has(fd) {
				return absent
			}
			return scalar(fd, m.Get(fd))
		}
	}
	items := fd.Message().Fields().ByName("items")
	if name := fd.Message().Name(); name != "Strings" && name != "AccessList" {
		items = nil
	}
	return func(m protoreflect.Message) value {
		switch {
		case !m.Has(fd):
			return value{}
		case items != nil:
			return value{kind: listValue, p: m.Get(fd).Message().Get(items).List()}
		}
		return ofMessage(m.Get(fd).Message())
	}
}

func scalar(fd protoreflect.FieldDescriptor, v protoreflect.Value) value {
	switch fd.Kind() {
	case protoreflect.StringKind:
		return ofString(v.String())
	case protoreflect.BoolKind:
		return ofBool(v.Bool())
	case protoreflect.Int64Kind:
		return ofInt(v.Int())
	case protoreflect.EnumKind:
		return ofString(sdk.KindName(sdk.Kind(v.Enum())))
	case protoreflect.BytesKind:
		return ofString(string(v.Bytes()))
	}
	return value{}
}

// item is an entry of a list.
func item(l protoreflect.List, i int) value {
	switch v := l.Get(i).Interface().(type) {
	case protoreflect.Message:
		return ofMessage(v)
	case string:
		return ofString(v)
	}
	return value{}
}

// loop is what CEL makes of exists(), all() and their like.
func (b *builder) loop(c ast.ComprehensionExpr) step {
	over := b.expr(c.IterRange())
	if over == nil || c.HasIterVar2() || b.kindOf(c.IterRange()) != types.ListKind || b.depth+2 > maxSlots {
		return nil
	}
	start := b.expr(c.AccuInit())
	one, sum := b.depth, b.depth+1
	defer b.name(c.IterVar(), one)()
	defer b.name(c.AccuVar(), sum)()
	b.depth += 2
	more, next, result := b.expr(c.LoopCondition()), b.expr(c.LoopStep()), b.expr(c.Result())
	b.depth -= 2
	if slices.ContainsFunc([]step{start, more, next, result}, func(s step) bool { return s == nil }) {
		return nil
	}
	return func(f *frame) value {
		l := over(f)
		if l.kind != listValue {
			return value{}
		}
		f.slots[sum] = start(f)
		for i := range l.list().Len() {
			if f.rounds++; f.rounds > maxRounds || !more(f).is(true) {
				break
			}
			f.slots[one] = item(l.list(), i)
			f.slots[sum] = next(f)
		}
		return result(f)
	}
}

// name gives a variable its slot; what comes back takes it away again.
func (b *builder) name(variable string, slot int) (restore func()) {
	before, had := b.slots[variable]
	b.slots[variable] = slot
	return func() {
		if had {
			b.slots[variable] = before
		} else {
			delete(b.slots, variable)
		}
	}
}
