// Package syntax reads HCL as plain data: blocks, attributes, text, numbers, booleans and lists.
//
// It promises that any bytes at all end in a tree or in diagnostics with a position, within named limits, and that
// nothing is evaluated: there are no variables, no arithmetic and no templates, so reading a file has no effect and
// cannot leak. It does not know what a block means; package config and package catalog do.
package syntax

import (
	"fmt"
	"regexp"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// Limits of one file. They are checked on the tokens, before the recursive parser sees them.
const (
	MaxNesting   = 64
	MaxBlocks    = 10_000
	maxOperators = 10_000 // each may be one more level of the parser's recursion
	maxTokens    = 500_000
	maxItems     = 10_000 // of a list
)

// Parse reads one file. The body is nil when there are errors.
func Parse(src []byte, filename string, maxBytes int) (*hclsyntax.Body, *hcl.File, hcl.Diagnostics) {
	shell := &hcl.File{Body: hcl.EmptyBody(), Bytes: src}
	start := hcl.Pos{Line: 1, Column: 1}
	if len(src) > maxBytes {
		return nil, shell, hcl.Diagnostics{Errorf(At(filename), "split it: a folder of *.hcl files is read as one configuration",
			"the file has %d bytes; at most %d are read", len(src), maxBytes)}
	}
	tokens, _ := hclsyntax.LexConfig(src, filename, start)
	if d := tooDeep(tokens); d != nil {
		return nil, shell, hcl.Diagnostics{d}
	}
	file, diags := hclsyntax.ParseConfig(src, filename, start)
	body, ok := file.Body.(*hclsyntax.Body)
	if diags.HasErrors() || !ok {
		return nil, shell, first(diags, filename)
	}
	return body, file, nil
}

// first keeps the first error: those behind it are mostly its echo.
func first(diags hcl.Diagnostics, filename string) hcl.Diagnostics {
	var best *hcl.Diagnostic
	for _, d := range diags {
		if d.Subject == nil {
			d.Subject = At(filename).Ptr()
		}
		if d.Severity == hcl.DiagError && (best == nil || d.Subject.Start.Byte < best.Subject.Start.Byte) {
			best = d
		}
	}
	best.Detail = longQuote.ReplaceAllString(best.Detail, `"…"`)
	return hcl.Diagnostics{best}
}

// longQuote is a word of the file that the parser repeats and that may be a pasted token.
var longQuote = regexp.MustCompile(`"[^"\s]{16,}"`)

// tooDeep finds what would make the parser recurse, or run, without bound.
func tooDeep(tokens hclsyntax.Tokens) *hcl.Diagnostic {
	if len(tokens) > maxTokens {
		return Errorf(tokens[maxTokens].Range, "split the file", "more than %d words and signs", maxTokens)
	}
	depth, blocks, operators := 0, 0, 0
	for _, t := range tokens {
		switch t.Type {
		case hclsyntax.TokenOBrace:
			blocks++
			depth++
		case hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			operators++
			depth++
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenTemplateSeqEnd:
			depth--
		case hclsyntax.TokenBang, hclsyntax.TokenMinus, hclsyntax.TokenQuestion, hclsyntax.TokenStar:
			operators++
		}
		switch {
		case depth > MaxNesting:
			return Errorf(t.Range, "close a bracket or brace that is open", "nested deeper than %d levels", MaxNesting)
		case blocks > MaxBlocks:
			return Errorf(t.Range, "split the configuration", "more than %d blocks", MaxBlocks)
		case operators > maxOperators:
			return Errorf(t.Range, "a configuration holds plain values", "more than %d operators and brackets", maxOperators)
		}
	}
	return nil
}

// At is the beginning of a file, for what concerns it as a whole.
func At(filename string) hcl.Range {
	p := hcl.Pos{Line: 1, Column: 1}
	return hcl.Range{Filename: filename, Start: p, End: p}
}

// Errorf makes an error: what is wrong, and in hint what to do.
func Errorf(at hcl.Range, hint, format string, args ...any) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf(format, args...), Detail: hint, Subject: &at}
}
