package policy

import (
	"fmt"
	"sync"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// language is what conditions on a kind are written in.
type language struct {
	env     *cel.Env
	records *records
	kind    wire.Kind
	record  string // the name of the record
	changes bool   // change and before may be asked
}

// shared builds the part of the language that is the same for every kind, once.
var shared = sync.OnceValues(func() (*language, error) {
	rec, err := newRecords()
	if err != nil {
		return nil, err
	}
	var macros []cel.Macro
	for _, m := range cel.StandardMacros {
		if m.Function() != "has" {
			macros = append(macros, m)
		}
	}
	options := []cel.EnvOption{
		cel.CustomTypeAdapter(rec), cel.CustomTypeProvider(rec), cel.ClearMacros(), ext.Strings(), cel.DefaultUTCTimeZone(true),
		cel.Variable(hidden, hiddenType), cel.Variable("provider", cel.StringType), cel.Variable("instance", cel.StringType),
		cel.Function("known", cel.Overload("known_any", []*cel.Type{cel.DynType}, cel.BoolType, cel.OverloadIsNonStrict(),
			cel.UnaryBinding(func(v ref.Val) ref.Val { return types.Bool(!types.IsUnknownOrError(v)) }))),
		cel.Function("in_cidr", cel.MemberOverload("string_in_cidr", []*cel.Type{cel.StringType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(inCIDR))),
		cel.Function("domain", cel.MemberOverload("string_domain", []*cel.Type{cel.StringType}, cel.StringType,
			cel.UnaryBinding(domain))),
		cel.Function("glob", cel.MemberOverload("string_glob", []*cel.Type{cel.StringType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(glob))),
	}
	for i := range theFunctions {
		f := &theFunctions[i]
		macros = append(macros, f.macro())
		options = append(options, f.declare())
	}
	env, err := cel.NewEnv(append(options, cel.Macros(macros...))...)
	return &language{env: env, records: rec}, err
})

// macro puts the hidden argument before the others.
func (f *function) macro() cel.Macro {
	return cel.GlobalMacro(f.name, len(f.takes[0]), func(h cel.MacroExprFactory, _ ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
		return h.NewCall(f.name, append([]ast.Expr{h.NewIdent(hidden)}, args...)...), nil
	})
}

func (f *function) declare() cel.EnvOption {
	options := []cel.FunctionOpt{cel.SingletonFunctionBinding(func(args ...ref.Val) ref.Val {
		in, ok := args[0].(hiddenValue)
		if !ok {
			return types.NewErr("%s has no context", f.name)
		}
		var of [2]value
		for i, a := range args[1:] {
			of[i] = fromCEL(a)
		}
		return toCEL(f.do(in.judgement, of[0], of[1]))
	})}
	for i, takes := range f.takes {
		options = append(options, cel.Overload(fmt.Sprintf("%s_%d", f.name, i), append([]*cel.Type{hiddenType}, takes...), f.gives))
	}
	return cel.Function(f.name, options...)
}

// environment is the language of a kind.
func environment(kind wire.Kind, changes bool) (*language, error) {
	l, err := shared()
	if err != nil {
		return nil, err
	}
	name := sdk.KindName(kind)
	options := []cel.EnvOption{cel.Variable(name, kindType(kind))}
	changes = changes && kind != wire.Kind_KIND_ACTIVITY
	if changes {
		options = append(options, cel.Variable("before", kindType(kind)), cel.Variable("change", cel.ObjectType(typePrefix+"Change")))
	}
	env, err := l.env.Extend(options...)
	return &language{env, l.records, kind, name, changes}, err
}
