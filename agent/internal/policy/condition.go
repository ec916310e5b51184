// Package policy reads conditions over records, written in CEL, and judges records by them.
//
// It promises: a condition is checked against the record types when it is read, so a misspelt field, a word that a closed
// vocabulary does not have, a bad duration, date, address or pattern is an error with a column; unknown is not a match:
// a condition whose outcome rests on a field that nobody filled ends undetermined.
//
// It does not read the store, and it keeps nothing between two records.
package policy

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/ext"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Limits of a condition.
const (
	maxSourceBytes = 16 << 10
	maxCost        = 1_000_000 // CEL's own units, per record
	maxRounds      = 1_000_000 // of loops over lists, per record
)

// Verdict is what a condition says of a record.
type Verdict int

// The verdicts.
const (
	NoMatch Verdict = iota
	Match
	// Undetermined: the outcome rests on what is unknown.
	Undetermined
)

// Condition is a compiled condition on records of one kind. It is safe for concurrent use.
type Condition struct {
	Kind    wire.Kind
	Source  string
	name    string
	step    step        // nil where only CEL's interpreter will do
	program cel.Program // says the same, more slowly
	reads   Reads
}

// Error is what is wrong with a condition.
type Error struct {
	Line, Column int // from 1
	Message      string
	// Hint says what to write instead; it may be empty.
	Hint string
}

func (e *Error) Error() string {
	if e.Line > 1 {
		return fmt.Sprintf("line %d column %d: %s", e.Line, e.Column, e.Message)
	}
	return fmt.Sprintf("column %d: %s", e.Column, e.Message)
}

// Compile reads a condition on records of a kind; the record is named by its kind: file.name.endsWith(".pem").
func Compile(kind wire.Kind, source string) (*Condition, error) { return compile(kind, source, false) }

// compile: in a policy, a condition may also ask what just changed.
func compile(kind wire.Kind, source string, changes bool) (*Condition, error) {
	if len(source) > maxSourceBytes {
		return nil, &Error{Line: 1, Column: 1, Message: fmt.Sprintf("a condition of %d bytes, at most %d are expected", len(source), maxSourceBytes)}
	}
	if strings.TrimSpace(source) == "" {
		return nil, &Error{Line: 1, Column: 1, Message: "the condition is empty"}
	}
	env, rec, err := environment(kind)
	if err != nil {
		return nil, fmt.Errorf("building the language of conditions: %w", err)
	}
	parsed, issues := env.Parse(source)
	if issues.Err() != nil {
		return nil, explain(issues, kind)
	}
	if err := checkLiterals(parsed, kind); err != nil {
		return nil, err
	}
	checked, issues := env.Check(parsed)
	if issues.Err() != nil {
		return nil, explain(issues, kind)
	}
	if checked.OutputType() != cel.BoolType {
		return nil, &Error{Line: 1, Column: 1, Message: fmt.Sprintf("a condition is true or false, this one is a %s", checked.OutputType())}
	}
	program, err := env.Program(checked, cel.CostLimit(maxCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, &Error{Line: 1, Column: 1, Message: err.Error()}
	}
	c := &Condition{Kind: kind, Source: source, name: sdk.KindName(kind), program: program}
	c.step = build(checked, rec, c.name)
	return c, nil
}

// Judge says whether a record matches. An error is one of evaluation: too costly.
func (c *Condition) Judge(m wire.RecordMessage, in Context) (Verdict, error) {
	if c.step == nil {
		return c.interpret(m)
	}
	f, _ := frames.Get().(*frame)
	f.record, f.rounds = m.ProtoReflect(), 0
	v := c.step(f)
	over := f.rounds > maxRounds
	*f = frame{}
	frames.Put(f)
	switch {
	case over:
		return Undetermined, fmt.Errorf("the condition costs too much on one record: more than %d rounds over lists", maxRounds)
	case v.is(true):
		return Match, nil
	case v.is(false):
		return NoMatch, nil
	}
	return Undetermined, nil
}

// Reads says what the condition looks at.
func (c *Condition) Reads() Reads { return c.reads }

// interpret is Judge by CEL's own interpreter.
func (c *Condition) interpret(m wire.RecordMessage) (Verdict, error) {
	out, _, err := c.program.Eval(map[string]any{c.name: m.ProtoReflect()})
	switch {
	case err != nil && strings.Contains(err.Error(), "cost limit"):
		return Undetermined, fmt.Errorf("the condition costs too much on one record: %w", err)
	case err != nil:
		return Undetermined, nil //nolint:nilerr // a missing key, an index out of range: nothing is known there
	case out == types.True:
		return Match, nil
	case out == types.False:
		return NoMatch, nil
	}
	return Undetermined, nil
}

// shared builds the part of the language that is the same for every kind, once.
var shared = sync.OnceValues(func() (*language, error) {
	rec, err := newRecords()
	if err != nil {
		return nil, err
	}
	macros := make([]cel.Macro, 0, len(cel.StandardMacros))
	for _, m := range cel.StandardMacros {
		if m.Function() != "has" {
			macros = append(macros, m)
		}
	}
	env, err := cel.NewEnv(
		cel.CustomTypeAdapter(rec), cel.CustomTypeProvider(rec), cel.ClearMacros(), cel.Macros(macros...),
		ext.Strings(), cel.DefaultUTCTimeZone(true),
		cel.Function("known", cel.Overload("known_any", []*cel.Type{cel.DynType}, cel.BoolType, cel.OverloadIsNonStrict(),
			cel.UnaryBinding(func(v ref.Val) ref.Val { return types.Bool(!types.IsUnknownOrError(v)) }))),
		cel.Function("now", cel.Overload("now", nil, cel.TimestampType,
			cel.FunctionBinding(func(...ref.Val) ref.Val { return types.Timestamp{Time: time.Now()} }))),
		cel.Function("ago", cel.Overload("ago_duration", []*cel.Type{cel.DurationType}, cel.TimestampType,
			cel.UnaryBinding(ago))),
		cel.Function("in_cidr", cel.MemberOverload("string_in_cidr", []*cel.Type{cel.StringType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(inCIDR))),
		cel.Function("domain", cel.MemberOverload("string_domain", []*cel.Type{cel.StringType}, cel.StringType,
			cel.UnaryBinding(domain))),
		cel.Function("glob", cel.MemberOverload("string_glob", []*cel.Type{cel.StringType, cel.StringType}, cel.BoolType,
			cel.BinaryBinding(glob))),
	)
	return &language{env, rec}, err
})

// language is what conditions on every kind are written in.
type language struct {
	env     *cel.Env
	records *records
}

func environment(kind wire.Kind) (*cel.Env, *records, error) {
	l, err := shared()
	if err != nil {
		return nil, nil, err
	}
	env, err := l.env.Extend(cel.Variable(sdk.KindName(kind), kindType(kind)))
	return env, l.records, err
}

// explain makes CEL's first complaint one of ours.
func explain(issues *cel.Issues, kind wire.Kind) error {
	first := issues.Errors()[0]
	e := &Error{Line: first.Location.Line(), Column: first.Location.Column() + 1, Message: first.Message}
	name := sdk.KindName(kind)
	switch {
	case strings.Contains(e.Message, "undeclared reference to 'has'"):
		e.Message = "has() says nothing here, an absent field is unknown: write known(" + name + ".field)"
	case strings.HasPrefix(e.Message, "undeclared reference to"):
		e.Message += ": the record is named " + name + ", as in " + name + ".name"
	case strings.HasPrefix(e.Message, "undefined field '"):
		field := strings.TrimSuffix(strings.TrimPrefix(e.Message, "undefined field '"), "'")
		e.Message = fmt.Sprintf("there is no field %q%s", field, suggestField(field))
	}
	return e
}
