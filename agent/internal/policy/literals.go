package policy

import (
	"fmt"
	"net/netip"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
)

// checkTexts looks at every text that a function is given, where we know what it must be. Durations in days and weeks are
// rewritten into seconds, for CEL knows only hours.
func checkTexts(parsed *cel.Ast) error {
	c := &literals{tree: parsed.NativeRep(), factory: ast.NewExprFactory()}
	ast.PostOrderVisit(c.tree.Expr(), ast.NewExprVisitor(c.visit))
	if c.err == nil {
		return nil
	}
	return c.err
}

type literals struct {
	tree    *ast.AST
	factory ast.ExprFactory
	err     *Error
}

func (c *literals) fail(at ast.Expr, format string, args ...any) {
	if c.err == nil {
		c.err = errorAt(c.tree, at, format, args...)
	}
}

// errorAt points at an expression.
func errorAt(tree *ast.AST, at ast.Expr, format string, args ...any) *Error {
	l := tree.SourceInfo().GetStartLocation(at.ID())
	return &Error{Line: l.Line(), Column: l.Column() + 1, Message: fmt.Sprintf(format, args...)}
}

func (c *literals) visit(e ast.Expr) {
	if e.Kind() != ast.CallKind {
		return
	}
	call := e.AsCall()
	switch args := call.Args(); call.FunctionName() {
	case "duration", "ago":
		if len(args) > 0 {
			c.duration(e, call.FunctionName(), args[len(args)-1])
		}
	case "timestamp":
		c.text(args, 0, "a time such as 2026-11-22T10:00:00Z", func(s string) error { _, err := time.Parse(time.RFC3339, s); return err })
	case "matches":
		c.text(args, len(args)-1, "a regular expression", func(s string) error { _, err := regexp.Compile(s); return err })
		c.globMeant(args)
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

// globMeant: who writes a pattern for files where a regular expression belongs is told.
func (c *literals) globMeant(args []ast.Expr) {
	if s, ok := literal(args[len(args)-1]); ok && c.err != nil && c.err.Hint == "" && strings.HasPrefix(s, "*") {
		c.err.Hint = fmt.Sprintf("write glob('%s')", s)
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
	call.SetKindCase(c.factory.NewCall(call.ID(), "ago", call.AsCall().Args()[0], c.factory.NewCall(id, "duration", seconds)))
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
