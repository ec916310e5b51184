package syntax

import (
	"math/big"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Text reads quoted text or a heredoc without interpolation.
func Text(e hclsyntax.Expression) (string, bool) {
	pieces, ok := Pieces(e)
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.Val.AsString())
	}
	return b.String(), ok
}

// Pieces gives the parts that a text is made of: the lines of a heredoc, for instance.
func Pieces(e hclsyntax.Expression) ([]*hclsyntax.LiteralValueExpr, bool) {
	t, ok := bare(e).(*hclsyntax.TemplateExpr)
	if !ok {
		return nil, false
	}
	var pieces []*hclsyntax.LiteralValueExpr
	for _, part := range t.Parts {
		l, ok := part.(*hclsyntax.LiteralValueExpr)
		if !ok || l.Val.IsNull() || l.Val.Type() != cty.String {
			return nil, false
		}
		pieces = append(pieces, l)
	}
	return pieces, true
}

// Bool reads true or false.
func Bool(e hclsyntax.Expression) (value, ok bool) {
	l, ok := bare(e).(*hclsyntax.LiteralValueExpr)
	if !ok || l.Val.IsNull() || l.Val.Type() != cty.Bool {
		return false, false
	}
	return l.Val.True(), true
}

// Number reads a number, with an optional minus.
func Number(e hclsyntax.Expression) (*big.Float, bool) {
	e = bare(e)
	if u, ok := e.(*hclsyntax.UnaryOpExpr); ok && u.Op == hclsyntax.OpNegate {
		n, ok := Number(u.Val)
		if !ok {
			return nil, false
		}
		return new(big.Float).Neg(n), true
	}
	l, ok := e.(*hclsyntax.LiteralValueExpr)
	if !ok || l.Val.IsNull() || l.Val.Type() != cty.Number {
		return nil, false
	}
	return l.Val.AsBigFloat(), true
}

// List reads the items of a list.
func List(e hclsyntax.Expression) ([]hclsyntax.Expression, bool) {
	t, ok := bare(e).(*hclsyntax.TupleConsExpr)
	if !ok {
		return nil, false
	}
	return t.Exprs, true
}

// Call reads a function call.
func Call(e hclsyntax.Expression) (*hclsyntax.FunctionCallExpr, bool) {
	c, ok := bare(e).(*hclsyntax.FunctionCallExpr)
	return c, ok
}

// Describe says what stands there, never its value.
func Describe(e hclsyntax.Expression) string {
	if _, ok := Text(e); ok {
		return "text"
	}
	if _, ok := Bool(e); ok {
		return "true or false"
	}
	if _, ok := Number(e); ok {
		return "a number"
	}
	switch e := bare(e).(type) {
	case *hclsyntax.TupleConsExpr, *hclsyntax.ForExpr:
		return "a list"
	case *hclsyntax.ObjectConsExpr:
		return "an object"
	case *hclsyntax.FunctionCallExpr:
		return "a function call"
	case *hclsyntax.TemplateExpr, *hclsyntax.TemplateWrapExpr:
		return "text with ${…} in it"
	case *hclsyntax.ScopeTraversalExpr:
		return "a word without quotes"
	case *hclsyntax.LiteralValueExpr:
		if e.Val.IsNull() {
			return "null"
		}
	}
	return "an expression"
}

func bare(e hclsyntax.Expression) hclsyntax.Expression {
	for {
		p, ok := e.(*hclsyntax.ParenthesesExpr)
		if !ok {
			return e
		}
		e = p.Expression
	}
}
