// Package policy reads conditions over records, written in CEL, judges records by them, and makes policies of what the
// configuration says.
//
// It promises: a condition is checked against the record types when it is read, so a misspelt field, a word that a closed
// vocabulary does not have, a bad duration, date, address or pattern is an error with a column; unknown is not a match:
// a condition whose outcome rests on a field that nobody filled ends undetermined.
//
// It does not read the store: other records are found by a Look, which its caller gives. It keeps nothing between two records,
// so counting what repeats is its caller's too.
package policy

import (
	"fmt"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"

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
	// providers that its texts name.
	providers []named
}

// Error is what is wrong with a condition.
type Error struct {
	Line, Column int // from 1
	Message      string
	// Hint says what to write instead; it may be empty.
	Hint string
}

func (e *Error) Error() string {
	text := e.Message
	if e.Hint != "" {
		text += "; " + e.Hint
	}
	if e.Line > 1 {
		return fmt.Sprintf("line %d column %d: %s", e.Line, e.Column, text)
	}
	return fmt.Sprintf("column %d: %s", e.Column, text)
}

// Compile reads a condition on records of a kind; the record is named by its kind: file.name.endsWith(".pem").
func Compile(kind wire.Kind, source string) (*Condition, error) { return compile(kind, source, false) }

// CompileRule reads the condition of a policy, which may also ask what just changed.
func CompileRule(kind wire.Kind, source string) (*Condition, error) {
	return compile(kind, source, true)
}

// compile: in a policy, a condition may also ask what just changed.
func compile(kind wire.Kind, source string, changes bool) (*Condition, error) {
	if err := checkSource(kind, source); err != nil {
		return nil, err
	}
	l, err := environment(kind, changes)
	if err != nil {
		return nil, fmt.Errorf("building the language of conditions: %w", err)
	}
	parsed, issues := l.env.Parse(source)
	if issues.Err() != nil {
		return nil, l.explain(source, nil, issues)
	}
	if err := checkTexts(parsed); err != nil {
		return nil, err
	}
	checked, issues := l.env.Check(parsed)
	if issues.Err() != nil {
		return nil, l.explain(source, parsed, issues)
	}
	if checked.OutputType() != cel.BoolType {
		return nil, &Error{Line: 1, Column: 1, Message: "a condition is true or false, this one is " + typeWord(checked.OutputType().String())}
	}
	seen, err := l.inspect(checked)
	if err != nil {
		return nil, err
	}
	program, err := l.env.Program(checked, cel.CostLimit(maxCost), cel.EvalOptions(cel.OptOptimize))
	if err != nil {
		return nil, &Error{Line: 1, Column: 1, Message: err.Error()}
	}
	c := &Condition{Kind: kind, Source: source, name: l.record, program: program, reads: seen.reads(), providers: seen.providers}
	c.step = build(checked, l)
	return c, nil
}

func checkSource(kind wire.Kind, source string) error {
	switch {
	case kind == wire.Kind_KIND_PERSON:
		return &Error{Line: 1, Column: 1, Message: "people are made of accounts: judge accounts, and ask person(account)"}
	case wire.NewRecord(kind) == nil:
		return &Error{Line: 1, Column: 1, Message: "there are no records of kind " + sdk.KindName(kind)}
	case len(source) > maxSourceBytes:
		return &Error{Line: 1, Column: 1, Message: fmt.Sprintf("a condition of %d bytes, at most %d are expected", len(source), maxSourceBytes)}
	case strings.TrimSpace(source) == "":
		return &Error{Line: 1, Column: 1, Message: "the condition is empty"}
	}
	return nil
}

// Judge says whether a record matches. An error is one of evaluation: too costly.
func (c *Condition) Judge(m wire.RecordMessage, in Context) (Verdict, error) {
	f, _ := frames.Get().(*frame)
	defer func() { *f = frame{}; frames.Put(f) }()
	f.in.Context = in
	if c.step == nil {
		return c.interpret(m, &f.in)
	}
	f.record = m.ProtoReflect()
	v := c.step(f)
	if err := f.tooCostly(); err != nil {
		return Undetermined, err
	}
	switch {
	case v.is(true):
		return Match, nil
	case v.is(false):
		return NoMatch, nil
	}
	return Undetermined, nil
}

func (f *frame) tooCostly() error {
	if f.rounds > maxRounds {
		return fmt.Errorf("the condition costs too much on one record: more than %d rounds over lists", maxRounds)
	}
	return f.in.tooCostly()
}

func (j *judgement) tooCostly() error {
	if j.looks > maxLooks {
		return fmt.Errorf("the condition costs too much on one record: it asks for more than %d others", maxLooks)
	}
	return nil
}

// Reads says what the condition looks at.
func (c *Condition) Reads() Reads { return c.reads }

// interpret is Judge by CEL's own interpreter.
func (c *Condition) interpret(m wire.RecordMessage, in *judgement) (Verdict, error) {
	out, _, err := c.program.Eval(c.variables(m, in))
	if costly := in.tooCostly(); costly != nil {
		return Undetermined, costly
	}
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

// variables are what a condition can name.
func (c *Condition) variables(m wire.RecordMessage, in *judgement) map[string]any {
	v := map[string]any{
		c.name: m.ProtoReflect(), hidden: hiddenValue{in}, "provider": unknown(), "instance": unknown(), "before": unknown(), "change": unknown(),
	}
	if in.Ref.Provider != "" {
		v["provider"] = in.Ref.Provider
	}
	if in.Ref.Instance != "" {
		v["instance"] = in.Ref.Instance
	}
	if in.Before != nil {
		v["before"] = in.Before.ProtoReflect()
	}
	if made, err := theComputed(); err == nil && in.Change != nil {
		v["change"] = made.changed(in.Change)
	}
	return v
}
