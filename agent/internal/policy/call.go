package policy

import (
	"math"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// call makes the step of an operator or function.
func (b *builder) call(e ast.Expr) step {
	c := e.AsCall()
	args := c.Args()
	if c.IsMemberFunction() {
		args = append([]ast.Expr{c.Target()}, args...)
	}
	if f := functionOf(c.FunctionName()); f != nil {
		return b.function(f, args[1:])
	}
	if s := b.withLiteral(c.FunctionName(), args); s != nil {
		return s
	}
	of := make([]step, len(args))
	for i, a := range args {
		if of[i] = b.expr(a); of[i] == nil {
			return nil
		}
	}
	if c.FunctionName() == "size" && b.kindOf(args[0]) == types.MapKind {
		return nil
	}
	switch len(of) {
	case 1:
		return unary(c.FunctionName(), of[0])
	case 2:
		return b.binary(c.FunctionName(), args, of[0], of[1])
	case 3:
		if c.FunctionName() == operators.Conditional {
			return conditional(of[0], of[1], of[2])
		}
	}
	return nil
}

// function calls one that needs more than its arguments. One of these that is not known makes the outcome unknown.
func (b *builder) function(f *function, args []ast.Expr) step {
	var of [2]step
	for i, a := range args {
		if of[i] = b.expr(a); of[i] == nil {
			return nil
		}
	}
	switch len(args) {
	case 0:
		return func(fr *frame) value { return f.do(&fr.in, value{}, value{}) }
	case 1:
		return func(fr *frame) value {
			v := of[0](fr)
			if v.kind == unknownValue {
				return v
			}
			return f.do(&fr.in, v, value{})
		}
	}
	return func(fr *frame) value {
		v, w := of[0](fr), of[1](fr)
		if v.kind == unknownValue || w.kind == unknownValue {
			return value{}
		}
		return f.do(&fr.in, v, w)
	}
}

func conditional(test, then, otherwise step) step {
	return func(f *frame) value {
		switch t := test(f); {
		case t.is(true):
			return then(f)
		case t.is(false):
			return otherwise(f)
		}
		return value{}
	}
}

// withLiteral makes the steps of functions whose last argument is a text that can be prepared.
func (b *builder) withLiteral(name string, args []ast.Expr) step {
	if len(args) == 0 {
		return nil
	}
	last := args[len(args)-1]
	if name == operators.In && last.Kind() == ast.ListKind {
		return b.inWords(args[0], last.AsList().Elements())
	}
	text, ok := literal(last)
	if !ok {
		return nil
	}
	switch name {
	case "duration":
		if d, err := time.ParseDuration(text); err == nil {
			return constant(ofDuration(d))
		}
	case "timestamp":
		if t, err := time.Parse(time.RFC3339, text); err == nil {
			return constant(ofTime(t))
		}
	case "matches":
		if r, err := regexp.Compile(text); err == nil {
			return b.onText(args[0], func(s string) value { return ofBool(r.MatchString(s)) })
		}
	case "glob":
		return b.onText(args[0], func(s string) value {
			match, err := path.Match(text, s)
			if err != nil {
				return value{}
			}
			return ofBool(match)
		})
	case "in_cidr":
		if net, err := netip.ParsePrefix(text); err == nil {
			return b.onText(args[0], func(s string) value {
				ip, err := netip.ParseAddr(s)
				if err != nil {
					return value{}
				}
				return ofBool(net.Contains(ip.Unmap()))
			})
		}
	}
	return nil
}

// onText computes something of a text.
func (b *builder) onText(e ast.Expr, do func(string) value) step {
	of := b.expr(e)
	if of == nil {
		return nil
	}
	return func(f *frame) value {
		v := of(f)
		if v.kind != stringValue {
			return value{}
		}
		return do(v.s)
	}
}

func (b *builder) inWords(e ast.Expr, elements []ast.Expr) step {
	words := make([]string, 0, len(elements))
	for _, one := range elements {
		w, ok := literal(one)
		if !ok {
			return nil
		}
		words = append(words, w)
	}
	if b.kindOf(e) != types.StringKind {
		return nil
	}
	return b.onText(e, func(s string) value { return ofBool(slices.Contains(words, s)) })
}

func unary(name string, of step) step {
	switch name {
	case operators.LogicalNot:
		return func(f *frame) value {
			v := of(f)
			if v.kind != boolValue {
				return value{}
			}
			return ofBool(v.n == 0)
		}
	case operators.NotStrictlyFalse:
		return func(f *frame) value { return ofBool(!of(f).is(false)) }
	case "known":
		return func(f *frame) value { return ofBool(of(f).kind != unknownValue) }
	case "domain":
		return func(f *frame) value {
			v := of(f)
			if v.kind != stringValue {
				return value{}
			}
			return ofString(domainOf(v.s))
		}
	case "size":
		return size(of)
	}
	return nil
}

func size(of step) step {
	return func(f *frame) value {
		switch v := of(f); v.kind {
		case stringValue:
			return ofInt(int64(utf8.RuneCountInString(v.s)))
		case listValue:
			return ofInt(int64(v.list().Len()))
		}
		return value{}
	}
}

func (b *builder) binary(name string, args []ast.Expr, x, y step) step {
	switch name {
	case operators.LogicalAnd:
		return logical(x, y, false)
	case operators.LogicalOr:
		return logical(x, y, true)
	case operators.In:
		if b.kindOf(args[0]) != types.StringKind {
			return nil
		}
		return in(x, y)
	case operators.Index:
		return index(x, y)
	case "startsWith":
		return texts(x, y, strings.HasPrefix)
	case "endsWith":
		return texts(x, y, strings.HasSuffix)
	case "contains":
		return texts(x, y, strings.Contains)
	}
	if !b.comparable(args) {
		return arithmetic(name, x, y)
	}
	if holds := order(name); holds != nil {
		return func(f *frame) value {
			n, ok := compare(x(f), y(f))
			if !ok {
				return value{}
			}
			return ofBool(holds(n))
		}
	}
	return arithmetic(name, x, y)
}

// comparable: both sides are of one simple type.
func (b *builder) comparable(args []ast.Expr) bool {
	first := b.kindOf(args[0])
	return first == b.kindOf(args[1]) && slices.Contains([]types.Kind{
		types.BoolKind, types.IntKind, types.StringKind, types.TimestampKind, types.DurationKind,
	}, first)
}

func (b *builder) kindOf(e ast.Expr) types.Kind { return b.tree.GetType(e.ID()).Kind() }

func order(name string) func(int) bool {
	switch name {
	case operators.Equals:
		return func(n int) bool { return n == 0 }
	case operators.NotEquals:
		return func(n int) bool { return n != 0 }
	case operators.Less:
		return func(n int) bool { return n < 0 }
	case operators.LessEquals:
		return func(n int) bool { return n <= 0 }
	case operators.Greater:
		return func(n int) bool { return n > 0 }
	case operators.GreaterEquals:
		return func(n int) bool { return n >= 0 }
	}
	return nil
}

// logical is && and ||: the side that decides does so whatever the other is, even when that is not known.
func logical(x, y step, decides bool) step {
	return func(f *frame) value {
		a := x(f)
		if a.is(decides) {
			return a
		}
		b := y(f)
		if b.is(decides) || a.kind == boolValue {
			if b.kind != boolValue {
				return value{}
			}
			return b
		}
		return value{}
	}
}

func texts(x, y step, holds func(s, part string) bool) step {
	return func(f *frame) value {
		a, b := x(f), y(f)
		if a.kind != stringValue || b.kind != stringValue {
			return value{}
		}
		return ofBool(holds(a.s, b.s))
	}
}

// in looks for a text in a list of texts, or among the names of attributes.
func in(x, y step) step {
	return func(f *frame) value {
		a, b := x(f), y(f)
		if a.kind != stringValue {
			return value{}
		}
		switch b.kind {
		case listValue:
			for i := range b.list().Len() {
				if item(b.list(), i).s == a.s {
					return ofBool(true)
				}
			}
			return ofBool(false)
		case attributesValue:
			_, found := attribute(b.list(), a.s)
			return ofBool(found)
		}
		return value{}
	}
}

// index reads an attribute.
func index(x, y step) step {
	return func(f *frame) value {
		a, b := x(f), y(f)
		if a.kind != attributesValue || b.kind != stringValue {
			return value{}
		}
		text, found := attribute(a.list(), b.s)
		if !found {
			return value{}
		}
		return ofString(text)
	}
}

// attribute finds the last of a name, as a map made of them would have it.
func attribute(l protoreflect.List, name string) (text string, found bool) {
	for i := l.Len() - 1; i >= 0; i-- {
		m := l.Get(i).Message()
		fields := m.Descriptor().Fields()
		if m.Get(fields.ByName("name")).String() == name {
			return m.Get(fields.ByName("value")).String(), true
		}
	}
	return "", false
}

// arithmetic is that of times, and of numbers as far as conditions need it.
func arithmetic(name string, x, y step) step {
	var do func(a, b value) value
	switch name {
	case operators.Add:
		do = add
	case operators.Subtract:
		do = subtract
	default:
		return nil
	}
	return func(f *frame) value { return do(x(f), y(f)) }
}

func add(a, b value) value {
	switch {
	case a.kind == intValue && b.kind == intValue:
		if b.n > 0 && a.n > math.MaxInt64-b.n || b.n < 0 && a.n < math.MinInt64-b.n {
			return value{}
		}
		return ofInt(a.n + b.n)
	case a.kind == timeValue && b.kind == durationValue:
		return ofTime(a.time().Add(time.Duration(b.n)))
	case a.kind == durationValue && b.kind == timeValue:
		return ofTime(b.time().Add(time.Duration(a.n)))
	case a.kind == durationValue && b.kind == durationValue:
		return ofDuration(time.Duration(a.n + b.n))
	case a.kind == stringValue && b.kind == stringValue:
		return ofString(a.s + b.s)
	}
	return value{}
}

func subtract(a, b value) value {
	switch {
	case a.kind == intValue && b.kind == intValue:
		if b.n < 0 && a.n > math.MaxInt64+b.n || b.n > 0 && a.n < math.MinInt64+b.n {
			return value{}
		}
		return ofInt(a.n - b.n)
	case a.kind == timeValue && b.kind == timeValue:
		return ofDuration(a.time().Sub(b.time()))
	case a.kind == durationValue && b.kind == durationValue:
		return ofDuration(time.Duration(a.n - b.n))
	case a.kind == timeValue && b.kind == durationValue:
		return ofTime(a.time().Add(-time.Duration(b.n)))
	}
	return value{}
}
