package policy

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// explain makes CEL's first complaint one of ours. The tree is nil when the condition could not even be parsed.
func (l *language) explain(source string, parsed *cel.Ast, issues *cel.Issues) error {
	first := issues.Errors()[0]
	e := &Error{Line: max(first.Location.Line(), 1), Column: max(first.Location.Column()+1, 1), Message: first.Message}
	var at ast.Expr
	if parsed != nil {
		at = find(parsed.NativeRep().Expr(), first.ExprID)
	}
	switch name := quotedIn(e.Message); {
	case strings.HasPrefix(e.Message, "Syntax error:"):
		e.syntax(source)
	case strings.HasPrefix(e.Message, "undeclared reference to"):
		l.undeclared(e, name, at)
		e.backTo(source, name)
	case strings.HasPrefix(e.Message, "undefined field"):
		l.undefined(e, name, at)
		e.behindDot(source)
	case strings.HasPrefix(e.Message, "found no matching overload for"):
		l.overload(e)
		e.backTo(source, name)
	case strings.HasPrefix(e.Message, "expected type 'bool'"):
		e.Message = "something true or false is expected here, this is " + typeWord(lastQuoted(e.Message))
	case strings.Contains(e.Message, "does not support field selection"):
		e.Message = typeWord(name) + " has no fields"
		e.behindDot(source)
	case strings.Contains(e.Message, "cannot be range of a comprehension"):
		e.Message = "this is " + typeWord(name) + "; exists(), all() and their like go through a list"
	case strings.Contains(e.Message, "argument must be a simple name"), strings.Contains(e.Message, "argument is not an identifier"):
		e.Message, e.Hint = "the first argument names each item", "write file.access.exists(a, a.role == 'write')"
	}
	return e
}

// rest is the line that an error points into, from its beginning to the place and from the place on.
func (e *Error) rest(source string) (before, after string) {
	lines := strings.Split(source, "\n")
	if e.Line > len(lines) {
		return "", ""
	}
	line := []rune(lines[e.Line-1])
	n := min(e.Column-1, len(line))
	return string(line[:n]), string(line[n:])
}

// behindDot moves from the dot, where CEL sees a selection, to the field.
func (e *Error) behindDot(source string) {
	if _, after := e.rest(source); strings.HasPrefix(after, ".") {
		e.Column++
	}
}

// backTo moves from the parenthesis, where CEL sees a call, to the function's name.
func (e *Error) backTo(source, name string) {
	if before, after := e.rest(source); strings.HasPrefix(after, "(") && strings.HasSuffix(before, name) {
		e.Column -= len([]rune(name))
	}
}

var quoted = regexp.MustCompile(`'([^']*)'`)

func quotedIn(message string) string {
	if m := quoted.FindStringSubmatch(message); m != nil {
		return m[1]
	}
	return ""
}

func lastQuoted(message string) string {
	all := quoted.FindAllStringSubmatch(message, -1)
	if all == nil {
		return ""
	}
	return all[len(all)-1][1]
}

func find(in ast.Expr, id int64) (found ast.Expr) {
	ast.PostOrderVisit(in, ast.NewExprVisitor(func(e ast.Expr) {
		if e.ID() == id {
			found = e
		}
	}))
	return found
}

// syntax says what is likely to be meant by what CEL cannot read.
func (e *Error) syntax(source string) {
	text, _, _ := strings.Cut(strings.TrimPrefix(e.Message, "Syntax error: "), " expecting ")
	got := quotedIn(text)
	if _, cause, found := strings.Cut(text, "token recognition error at: "); found {
		got = strings.TrimSuffix(strings.TrimPrefix(cause, "'"), "'")
	}
	if missing, found := strings.CutPrefix(text, "missing '"); found {
		missing, _, _ = strings.Cut(missing, "'")
		e.Message = "a " + missing + " is missing here"
		return
	}
	before, _ := e.rest(source)
	switch word := strings.TrimSpace(got); {
	case word == "<EOF>":
		e.Message = "the condition ends too early"
		return
	case strings.HasPrefix(word, "="):
		e.Hint = "two values are compared by =="
	case strings.HasPrefix(word, "&") || strings.EqualFold(word, "and"):
		e.Hint = "and is written &&"
	case strings.HasPrefix(word, "|") || strings.EqualFold(word, "or"):
		e.Hint = "or is written ||"
	case strings.HasSuffix(strings.ToLower(before), "not "):
		e.Hint = "not is written !"
	case strings.HasPrefix(word, "'") || strings.HasPrefix(word, `"`):
		e.Message = "this text has no end: a quote is missing"
		return
	}
	e.Message = fmt.Sprintf("%q cannot be read here", syntax.Short(strings.TrimSpace(got)))
}

// undeclared names what is there instead of an unknown function or variable.
func (l *language) undeclared(e *Error, name string, at ast.Expr) {
	call := at != nil && at.Kind() == ast.CallKind
	switch {
	case name == "has":
		e.Message, e.Hint = "has() says nothing here: an absent field is unknown", "write known("+l.record+".field)"
	case call:
		e.Message, e.Hint = fmt.Sprintf("there is no function %s()", name), nearest(name, functionNames())
	case name == "change" || name == "before":
		e.Message = name + " says what happened to a record in a policy"
		if l.kind == wire.Kind_KIND_ACTIVITY {
			e.Message = "an activity is what happened, and does not change: there is no " + name
		}
	case wire.NewRecord(kindNamed(name)) != nil:
		e.Message, e.Hint = fmt.Sprintf("the record is %s, not %s", a(l.record), a(name)), fmt.Sprintf("write %s.…, or on = %q", l.record, name)
	case strings.EqualFold(name, "true") || strings.EqualFold(name, "false"):
		e.Message, e.Hint = fmt.Sprintf("there is nothing called %s", name), "write "+strings.ToLower(name)
	default:
		e.Message = fmt.Sprintf("there is nothing called %s: the record is named %s", name, l.record)
		e.Hint = nearest(name, l.names())
		if fields := fieldsOf(wire.NewRecord(l.kind).ProtoReflect().Descriptor()); slices.Contains(fields, name) {
			e.Hint = "write " + l.record + "." + name
		} else if e.Hint == "" {
			e.Hint = "a text stands in quotes: '" + name + "'"
		}
	}
}

func (l *language) names() []string {
	names := []string{l.record, "provider", "instance"}
	if l.changes {
		names = append(names, "change", "before")
	}
	return names
}

func functionNames() []string {
	names := []string{
		"known", "size", "duration", "timestamp", "string", "int", "in_cidr", "domain", "glob", "matches", "startsWith", "endsWith", "contains",
		"lowerAscii", "upperAscii", "split", "trim", "replace", "join", "exists", "all", "exists_one", "filter", "map",
	}
	for i := range theFunctions {
		names = append(names, theFunctions[i].name)
	}
	return names
}

// undefined names the fields there are, where the path to the misspelt one says of what.
func (l *language) undefined(e *Error, name string, at ast.Expr) {
	e.Message = fmt.Sprintf("there is no field %q", name)
	d := l.owner(at)
	if d == nil {
		e.Hint = suggestField(name)
		return
	}
	e.Message = fmt.Sprintf("%s has no field %q", typeWord(typeName(d)), name)
	e.Hint = syntax.Choices(name, "there are", withoutOurs(fieldsOf(d)))
}

func withoutOurs(fields []string) []string {
	return slices.DeleteFunc(fields, func(f string) bool { return f == "complete" })
}

// owner is the type of which a field is selected; nil where the path begins with anything but the record.
func (l *language) owner(at ast.Expr) protoreflect.MessageDescriptor {
	if at == nil || at.Kind() != ast.SelectKind {
		return nil
	}
	var path []string
	of := at.AsSelect().Operand()
	for ; of.Kind() == ast.SelectKind; of = of.AsSelect().Operand() {
		path = append(path, of.AsSelect().FieldName())
	}
	if of.Kind() != ast.IdentKind {
		return nil
	}
	var d protoreflect.MessageDescriptor
	switch of.AsIdent() {
	case l.record, "before":
		d = wire.NewRecord(l.kind).ProtoReflect().Descriptor()
	case "change":
		d = l.records.messages[typePrefix+"Change"]
	}
	slices.Reverse(path)
	for _, name := range path {
		if d == nil || d.Fields().ByTextName(name) == nil {
			return nil
		}
		d = d.Fields().ByTextName(name).Message()
	}
	return d
}

var applied = regexp.MustCompile(`^found no matching overload for '([^']+)' applied to '(.*)'$`)

// overload says which types do not go together.
func (l *language) overload(e *Error) {
	m := applied.FindStringSubmatch(e.Message)
	if m == nil {
		return
	}
	target, args, member := strings.Cut(m[2], ".(")
	if !member {
		target, args = "", strings.TrimPrefix(m[2], "(")
	}
	of := splitTypes(strings.TrimSuffix(args, ")"))
	of = slices.DeleteFunc(of, func(t string) bool { return t == hiddenType.String() })
	if target != "" {
		of = slices.Insert(of, 0, target)
	}
	words := make([]string, len(of))
	for i, t := range of {
		words[i] = typeWord(t)
	}
	symbol, isOperator := operators.FindReverse(m[1])
	switch f := functionOf(m[1]); {
	case f != nil && len(of) == 0:
		e.Message, e.Hint = m[1]+"() needs something to work on", "write "+f.usage
	case f != nil:
		e.Message, e.Hint = fmt.Sprintf("%s() cannot work on %s", m[1], strings.Join(words, " and ")), "write "+f.usage
	case isOperator && len(of) == 2:
		e.Message, e.Hint = fmt.Sprintf("%s cannot stand between %s and %s", symbol, words[0], words[1]), mixed(of[0], of[1])
	case m[1] == operators.LogicalNot || isOperator:
		e.Message = fmt.Sprintf("%s cannot be applied to %s", strings.TrimSpace(cmpSymbol(m[1], symbol)), strings.Join(words, " and "))
	default:
		e.Message, e.Hint = fmt.Sprintf("%s() cannot work on %s", m[1], strings.Join(words, " and ")), usages[m[1]]
	}
}

func cmpSymbol(name, symbol string) string {
	switch {
	case symbol != "":
		return symbol
	case name == operators.Negate:
		return "-"
	case name == operators.Conditional:
		return "? :"
	case name == operators.Index:
		return "[ ]"
	}
	return "!"
}

// mixed is what people mean who compare two types.
func mixed(a, b string) string {
	const text = "string"
	if a == text {
		a, b = b, a
	}
	switch {
	case strings.HasPrefix(a, "null") || strings.HasPrefix(b, "null"):
		return "nothing is null: what is absent is unknown; ask known(…)"
	case a == "double" || b == "double":
		return "only whole numbers are compared"
	case b == text && a == typePrefix+"Ref":
		return "write .email, .id or .name behind it"
	case b == text && a == "timestamp" || b == text && a == "google.protobuf.Timestamp":
		return "write timestamp('2026-11-22T10:00:00Z') or ago('90d')"
	case b == text && (a == "duration" || a == "google.protobuf.Duration"):
		return "write duration('15m')"
	case b == text && strings.HasPrefix(a, "list("):
		return "write 'text' in the list, or .exists(x, …)"
	case b == text && (a == "int" || a == "bool"):
		return "write it without quotes"
	}
	return ""
}

// usages are how functions of CEL are called.
var usages = map[string]string{ //nolint:gochecknoglobals // a table
	"startsWith": "write file.name.startsWith('text')", "endsWith": "write file.name.endsWith('.pem')", "contains": "write file.name.contains('text')",
	"matches": "write file.name.matches('^a.*z$')", "glob": "write file.name.glob('*.pem')", "in_cidr": "write activity.ip.in_cidr('10.0.0.0/8')",
	"domain": "write account.email.domain()", "known": "write known(file.owner)", "duration": "write duration('15m')",
	"timestamp": "write timestamp('2026-11-22T10:00:00Z')", "size": "write size(file.labels)",
}

// splitTypes splits "list(string), int" at its outer commas.
func splitTypes(s string) []string {
	var parts []string
	depth, start := 0, 0
	for i, c := range s {
		switch c {
		case '(':
			depth++
		case ')':
			depth--
		case ',':
			if depth == 0 {
				parts = append(parts, strings.TrimSpace(s[start:i]))
				start = i + 1
			}
		}
	}
	if rest := strings.TrimSpace(s[start:]); rest != "" {
		parts = append(parts, rest)
	}
	return parts
}

// typeWord says in words what a type is.
func typeWord(t string) string {
	switch t {
	case "string":
		return "text"
	case "int":
		return "a whole number"
	case "uint", "double":
		return "a number of another type"
	case "null_type", "null":
		return "null"
	case "bool":
		return "true or false"
	case "timestamp", "google.protobuf.Timestamp":
		return "a time"
	case "duration", "google.protobuf.Duration":
		return "a duration"
	case typePrefix + "Ref":
		return "a ref (who or what: .id .email .name)"
	case typePrefix + "Human":
		return "a person"
	case typePrefix + "HumanAccount":
		return "an account of a person (.provider .instance .account)"
	}
	if name, ok := strings.CutPrefix(t, typePrefix); ok {
		return a(strings.ToLower(name))
	}
	if inner, ok := strings.CutPrefix(t, "list("); ok {
		return "a list of " + plural(typeWord(strings.TrimSuffix(inner, ")")))
	}
	if strings.HasPrefix(t, "map(") {
		return "attributes"
	}
	return t
}

// a puts the article before a noun.
func a(noun string) string {
	if noun != "" && strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

func plural(s string) string {
	switch s {
	case typeWord(typePrefix + "HumanAccount"):
		return "accounts"
	case "text":
		return "texts"
	case "true or false":
		return s
	}
	_, noun, _ := strings.Cut(s, " ")
	noun, _, _ = strings.Cut(noun, " (")
	switch {
	case strings.HasSuffix(noun, "ss"):
		return noun + " entries"
	case strings.HasSuffix(noun, "y"):
		return strings.TrimSuffix(noun, "y") + "ies"
	}
	return noun + "s"
}
