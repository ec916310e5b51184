package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// derivation says what a derived field stands on.
type derivation struct {
	fields []string // of the record itself
	kinds  []wire.Kind
}

// derived are the fields that the host computes, by their CEL type and name.
var derived = map[string]derivation{ //nolint:gochecknoglobals // a table
	"Account.admin":    {nil, []wire.Kind{wire.Kind_KIND_GROUP, wire.Kind_KIND_ROLE, wire.Kind_KIND_MEMBERSHIP}},
	"Account.external": {[]string{"email"}, nil},
	"Group.external_members": {
		nil, []wire.Kind{wire.Kind_KIND_ACCOUNT, wire.Kind_KIND_GROUP, wire.Kind_KIND_MEMBERSHIP},
	},
	"File.access_level": {
		[]string{"access", "owner"}, []wire.Kind{wire.Kind_KIND_ACCOUNT, wire.Kind_KIND_GROUP, wire.Kind_KIND_MEMBERSHIP},
	},
}

// named are texts of a condition, of which one is meant, and where the first stands.
type named struct {
	texts        []string
	line, column int
}

// inspector goes through a checked condition once, for what it reads and for words that a closed vocabulary does not have.
type inspector struct {
	*language
	tree      *ast.AST
	err       *Error
	fields    map[string]bool
	kinds     map[wire.Kind]bool
	seen      Reads
	parts     map[int64]bool // names of the record, or of change, of which only fields are read
	providers []named
	above     map[string]bool // fields read of parents; nil: any
}

func (l *language) inspect(checked *cel.Ast) (*inspector, error) {
	i := &inspector{
		language: l, tree: checked.NativeRep(), fields: map[string]bool{}, kinds: map[wire.Kind]bool{}, parts: map[int64]bool{}, above: map[string]bool{},
	}
	ast.PostOrderVisit(i.tree.Expr(), ast.NewExprVisitor(i.visit))
	ast.PostOrderVisit(i.tree.Expr(), ast.NewExprVisitor(i.whole))
	if i.err != nil {
		return nil, i.err
	}
	return i, nil
}

func (i *inspector) reads() Reads {
	r := i.seen
	r.Fields, r.Kinds = slices.Sorted(maps.Keys(i.fields)), slices.Sorted(maps.Keys(i.kinds))
	if i.kinds[wire.Kind_KIND_FILE] && i.above != nil {
		r.Looked = map[wire.Kind][]string{wire.Kind_KIND_FILE: slices.Sorted(maps.Keys(i.above))}
	}
	return r
}

func (i *inspector) visit(e ast.Expr) {
	switch e.Kind() { //nolint:exhaustive // the others read nothing
	case ast.IdentKind:
		if name := e.AsIdent(); i.changes && (name == "change" || name == "before") {
			i.seen.Change = true
		}
	case ast.SelectKind:
		i.selection(e.AsSelect())
	case ast.CallKind:
		i.call(e.AsCall())
	}
}

// whole: who names the record without a field reads all of it, and who asks for a change that may be of any field, too.
func (i *inspector) whole(e ast.Expr) {
	if e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "parent" && !i.parts[e.ID()] {
		i.above = nil
	}
	if e.Kind() != ast.IdentKind || i.parts[e.ID()] || e.AsIdent() != i.record && (!i.changes || e.AsIdent() != "change" && e.AsIdent() != "before") {
		return
	}
	fields := wire.NewRecord(i.kind).ProtoReflect().Descriptor().Fields()
	for n := range fields.Len() {
		i.fields[string(fields.Get(n).Name())] = true
	}
}

func (i *inspector) typeOf(e ast.Expr) string {
	return strings.TrimPrefix(i.tree.GetType(e.ID()).TypeName(), typePrefix)
}

func (i *inspector) selection(s ast.SelectExpr) {
	of := s.Operand()
	from := derived[i.typeOf(of)+"."+s.FieldName()]
	for _, k := range from.kinds {
		i.kinds[k] = true
	}
	if of.Kind() == ast.CallKind && of.AsCall().FunctionName() == "parent" {
		i.parts[of.ID()] = true
		for _, f := range append(slices.Clone(from.fields), s.FieldName()) {
			i.above[f] = true
		}
	}
	if of.Kind() == ast.IdentKind && (of.AsIdent() == i.record || i.changes && of.AsIdent() == "before") {
		i.parts[of.ID()] = true
		i.field(append(slices.Clone(from.fields), s.FieldName())...)
	}
}

func (i *inspector) field(names ...string) {
	for _, n := range names {
		i.fields[n] = true
	}
}

func (i *inspector) call(c ast.CallExpr) {
	args := c.Args()
	switch name := c.FunctionName(); {
	case name == operators.Equals || name == operators.NotEquals:
		i.compared(args[0], args[1])
		i.compared(args[1], args[0])
		if name == operators.Equals {
			i.came(args[0], args[1])
			i.came(args[1], args[0])
		}
	case name == operators.In:
		i.among(args[0], args[1])
	case functionOf(name) != nil:
		i.function(functionOf(name), args)
	}
}

func (i *inspector) function(f *function, args []ast.Expr) {
	for _, k := range f.reads.Kinds {
		i.kinds[k] = true
	}
	i.seen.Now = i.seen.Now || f.reads.Now
	i.seen.People = i.seen.People || f.reads.People
	i.seen.Verdicts = i.seen.Verdicts || f.reads.Verdicts
	for _, a := range args {
		if fields := f.fields[i.typeOf(a)]; fields != nil && a.Kind() == ast.IdentKind && a.AsIdent() == i.record {
			i.parts[a.ID()] = true
			i.field(fields...)
		}
	}
}

// among looks at what a list of words, or of fields that changed, may hold.
func (i *inspector) among(one, list ast.Expr) {
	if list.Kind() == ast.ListKind {
		before := len(i.providers)
		for _, item := range list.AsList().Elements() {
			i.compared(one, item)
		}
		for _, p := range i.providers[min(before+1, len(i.providers)):] {
			i.providers[before].texts = append(i.providers[before].texts, p.texts...)
		}
		i.providers = i.providers[:min(before+1, len(i.providers))]
		return
	}
	word, ok := literal(one)
	if !ok || list.Kind() != ast.SelectKind || i.typeOf(list.AsSelect().Operand()) != "Change" {
		return
	}
	d := wire.NewRecord(i.kind).ProtoReflect().Descriptor()
	i.parts[list.AsSelect().Operand().ID()] = true
	i.field(word)
	_, host := derived[string(d.Name())+"."+word]
	switch {
	case d.Fields().ByTextName(word) == nil:
		i.fail(one, nearest(word, fieldsOf(d)), "%s has no field %q, so it never changes", a(i.record), word)
	case host && word != "admin":
		i.fail(one, fmt.Sprintf("write before.%s != %s.%s", word, i.record, word), "%s follows from other fields: no change names it", word)
	}
}

// came: who asks whether a record was created or deleted is told so whatever changes.
func (i *inspector) came(what, to ast.Expr) {
	word, _ := literal(to)
	if what.Kind() == ast.SelectKind && i.typeOf(what.AsSelect().Operand()) == "Change" && (word == Created || word == Deleted) {
		i.parts[what.AsSelect().Operand().ID()] = true
	}
}

// compared refuses a word that a closed vocabulary does not have: it could never match.
func (i *inspector) compared(field, to ast.Expr) {
	word, ok := literal(to)
	if !ok {
		return
	}
	owner, name := "", ""
	switch field.Kind() { //nolint:exhaustive // the others have no vocabulary
	case ast.SelectKind:
		owner, name = i.typeOf(field.AsSelect().Operand()), field.AsSelect().FieldName()
	case ast.IdentKind:
		name = field.AsIdent()
	case ast.CallKind:
		name = field.AsCall().FunctionName()
	}
	if name == "provider" && (owner == "HumanAccount" || owner == "" && field.Kind() == ast.IdentKind) {
		l := i.tree.SourceInfo().GetStartLocation(to.ID())
		i.providers = append(i.providers, named{[]string{word}, l.Line(), l.Column() + 1})
	}
	words := vocabulary(owner, name)
	if words == nil || slices.Contains(words, word) || word == "unknown" {
		return
	}
	hint := nearest(word, words)
	if owner == "File" && name == "access_level" && word == "shared" {
		hint = "write file.access_level != 'private'"
	}
	i.fail(to, hint, "%s is never %q; it is one of %s", i.say(field), word, strings.Join(words, ", "))
}

// vocabulary gives the words of a field, or of a function when there is no owner; nil where any text may stand.
func vocabulary(owner, name string) []string {
	switch owner + "." + name {
	case "Ref.kind":
		var kinds []string
		for k := wire.Kind_KIND_ACCOUNT; k <= wire.Kind_KIND_OTHER; k++ {
			kinds = append(kinds, sdk.KindName(k))
		}
		return kinds
	case "Change.what":
		return []string{Created, Updated, Filled, Deleted}
	case ".verdict":
		return []string{"approved", "banned", "none"}
	}
	return sdk.Vocabulary(strings.ToLower(owner) + "." + name)
}

// say writes a field as the condition does, as far as it is a path.
func (i *inspector) say(e ast.Expr) string {
	switch e.Kind() { //nolint:exhaustive // the others have no short name
	case ast.IdentKind:
		return e.AsIdent()
	case ast.SelectKind:
		return i.say(e.AsSelect().Operand()) + "." + e.AsSelect().FieldName()
	case ast.CallKind:
		return e.AsCall().FunctionName() + "()"
	}
	return "it"
}

func (i *inspector) fail(at ast.Expr, hint, format string, args ...any) {
	if i.err == nil {
		i.err = errorAt(i.tree, at, format, args...)
		i.err.Hint = hint
	}
}

func fieldsOf(d protoreflect.MessageDescriptor) []string {
	var names []string
	for n := range d.Fields().Len() {
		names = append(names, string(d.Fields().Get(n).Name()))
	}
	return names
}
