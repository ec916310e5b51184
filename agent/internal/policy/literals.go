package policy

import (
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// checkLiterals looks at every text written in a condition where we know what it must be. Durations in days and weeks are
// rewritten into hours, which is all CEL knows.
func checkLiterals(parsed *cel.Ast, kind wire.Kind) error {
	c := &literals{tree: parsed.NativeRep(), kind: kind, factory: ast.NewExprFactory()}
	ast.PostOrderVisit(c.tree.Expr(), ast.NewExprVisitor(c.visit))
	if c.err == nil {
		return nil
	}
	return c.err
}

type literals struct {
	tree    *ast.AST
	kind    wire.Kind
	factory ast.ExprFactory
	err     *Error
}

func (c *literals) fail(at ast.Expr, format string, args ...any) {
	if c.err != nil {
		return
	}
	l := c.tree.SourceInfo().GetStartLocation(at.ID())
	c.err = &Error{Line: l.Line(), Column: l.Column() + 1, Message: fmt.Sprintf(format, args...)}
}

func (c *literals) visit(e ast.Expr) {
	if e.Kind() != ast.CallKind {
		return
	}
	call := e.AsCall()
	switch args := call.Args(); call.FunctionName() {
	case operators.Equals, operators.NotEquals:
		c.vocabulary(args[0], args[1])
		c.vocabulary(args[1], args[0])
	case operators.In:
		if args[1].Kind() == ast.ListKind {
			for _, item := range args[1].AsList().Elements() {
				c.vocabulary(args[0], item)
			}
		}
	case "duration", "ago":
		if len(args) == 1 {
			c.duration(e, call.FunctionName(), args[0])
		}
	case "timestamp":
		c.text(args, 0, "a time such as 2026-11-22T10:00:00Z", func(s string) error { _, err := time.Parse(time.RFC3339, s); return err })
	case "matches":
		c.text(args, len(args)-1, "a regular expression", func(s string) error { _, err := regexp.Compile(s); return err })
	case "in_cidr":
		c.text(args, 0, "a CIDR prefix such as 10.0.0.0/8", func(s string) error { _, err := netip.ParsePrefix(s); return err })
	case "glob":
		c.text(args, 0, "a pattern such as *.pem", func(s string) error { _, err := path.Match(s, ""); return err })
	}
}

func (c *literals) text(args []ast.Expr, n int, expected string, check func(string) error) {
	if n < 0 || n >= len(args) {
		return
	}
	if s, ok := literal(args[n]); ok {
		if err := check(s); err != nil {
			c.fail(args[n], "%q is not %s", s, expected)
		}
	}
}

func literal(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	s, ok := e.AsLiteral().(types.String)
	return string(s), ok
}

// duration checks a literal, and lets ago("90d") take one.
func (c *literals) duration(call ast.Expr, name string, arg ast.Expr) {
	s, ok := literal(arg)
	if !ok {
		return
	}
	d, err := parseDuration(s)
	if err != nil {
		c.fail(arg, "%q is not a duration: write 90d, 12h or 15m", s)
		return
	}
	seconds := c.factory.NewLiteral(arg.ID(), types.String(strconv.FormatInt(int64(d/time.Second), 10)+"s"))
	if name == "duration" {
		arg.SetKindCase(seconds)
		return
	}
	id := call.ID() + 1<<40 // an id of its own
	call.SetKindCase(c.factory.NewCall(call.ID(), "ago", c.factory.NewCall(id, "duration", seconds)))
}

func parseDuration(s string) (time.Duration, error) {
	for suffix, hours := range map[string]int{"d": 24, "w": 7 * 24} {
		if n, isUnit := strings.CutSuffix(s, suffix); isUnit {
			v, err := strconv.Atoi(n)
			if err != nil || v < 0 || v > 36500 {
				return 0, fmt.Errorf("not a number of days: %q", n)
			}
			return time.Duration(v*hours) * time.Hour, nil
		}
	}
	return time.ParseDuration(s)
}

// vocabulary refuses a word that a closed vocabulary does not have: it could never match.
func (c *literals) vocabulary(field, word ast.Expr) {
	s, ok := literal(word)
	if !ok || field.Kind() != ast.SelectKind {
		return
	}
	sel := field.AsSelect()
	if sel.Operand().Kind() != ast.IdentKind || sel.Operand().AsIdent() != sdk.KindName(c.kind) {
		return
	}
	words := sdk.Vocabulary(sdk.KindName(c.kind) + "." + sel.FieldName())
	if words == nil || slices.Contains(words, s) || s == "unknown" {
		return
	}
	c.fail(word, "%s.%s is never %q; it is one of %s", sdk.KindName(c.kind), sel.FieldName(), s, strings.Join(words, ", "))
}
