package config

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	"github.com/mooring-hq/mooring/agent/internal/secret"
)

const (
	maxShown   = 160   // characters of a source line
	maxPrinted = 1_000 // diagnostics
	margin     = "    "

	red, yellow, bold, reset = "\x1b[31m", "\x1b[33m", "\x1b[1m", "\x1b[0m"
)

// Message is a diagnostic in one line, without its place: what is wrong, and after a colon what to do.
func Message(d *hcl.Diagnostic) string {
	text := lower(d.Summary)
	if d.Detail != "" {
		text = strings.TrimSuffix(text, ".") + ": " + d.Detail
	}
	if d.Severity == hcl.DiagWarning {
		text = "warning: " + text
	}
	return printable(strings.Join(strings.Fields(text), " "))
}

// Print writes each diagnostic as "file:line:col: message", and below it the line of the source with a mark. What may be
// a credential is shown as stars.
func Print(w io.Writer, diags hcl.Diagnostics, files map[string]*hcl.File, color bool) error {
	var out strings.Builder
	for n, d := range diags {
		if n == maxPrinted {
			fmt.Fprintf(&out, "… and %d more\n", len(diags)-n)
			break
		}
		at := syntax.At("")
		if d.Subject != nil {
			at = *d.Subject
		}
		paint := painter(color, d.Severity)
		fmt.Fprintf(&out, "%s:%d:%d: %s\n", printable(at.Filename), at.Start.Line, at.Start.Column, paint(bold, Message(d)))
		line, from, width, ok := excerpt(files[at.Filename], at, d.Extra)
		if ok {
			fmt.Fprintf(&out, "%s%s\n%s%s%s\n", margin, line, margin, strings.Repeat(" ", from), paint("", strings.Repeat("^", width)))
		}
	}
	_, err := io.WriteString(w, out.String())
	return err
}

func painter(color bool, severity hcl.DiagnosticSeverity) func(style, text string) string {
	hue := red
	if severity == hcl.DiagWarning {
		hue = yellow
	}
	return func(style, text string) string {
		switch {
		case !color:
			return text
		case style == "":
			return hue + text + reset
		}
		return style + text + reset
	}
}

// excerpt is the line where a range begins, and which of its characters the range covers.
func excerpt(f *hcl.File, at hcl.Range, extra any) (line string, from, width int, ok bool) {
	if f == nil || at.Start.Byte > len(f.Bytes) || at.Start.Byte > at.End.Byte {
		return "", 0, 0, false
	}
	begin := bytes.LastIndexByte(f.Bytes[:at.Start.Byte], '\n') + 1
	end := len(f.Bytes)
	if n := bytes.IndexByte(f.Bytes[begin:], '\n'); n >= 0 {
		end = begin + n
	}
	shown := conceal(f, begin, end, at, extra)
	if strings.TrimSpace(string(shown)) == "" {
		return "", 0, 0, false
	}
	from = utf8.RuneCount(shown[:at.Start.Byte-begin])
	width = max(1, utf8.RuneCount(shown[at.Start.Byte-begin:max(at.Start.Byte, min(at.End.Byte, end))-begin]))
	runes := []rune(printable(strings.TrimRight(string(shown), "\r")))
	if from >= maxShown { // a long line: show what is wrong
		cut := from - maxShown/2
		runes, from = runes[min(cut, len(runes)):], from-cut
	}
	runes = runes[:min(len(runes), maxShown)]
	return string(runes), from, max(1, min(width, len(runes)-from)), true
}

// conceal gives a line with stars in place of what may be a credential.
func conceal(f *hcl.File, begin, end int, at hcl.Range, extra any) []byte {
	line := bytes.Clone(f.Bytes[begin:end])
	star := func(from, to int) {
		for k := max(from, begin); k < min(to, end); k++ {
			if c := line[k-begin]; c != ' ' && c != '\t' && c != '\r' && c != '}' {
				line[k-begin] = '*'
			}
		}
	}
	if _, is := extra.(hidden); is {
		star(at.Start.Byte, at.End.Byte)
	}
	body, parsed := f.Body.(*hclsyntax.Body)
	if !parsed { // nobody knows what it is: whatever looks like a token
		for _, span := range tokenLike.FindAllIndex(line, -1) {
			if !harmless[string(line[span[0]:span[1]])] {
				star(begin+span[0], begin+span[1])
			}
		}
		return line
	}
	walk(body, false, func(a *hclsyntax.Attribute) {
		// All but the name: what stands around the value may be a comment with an older one.
		to := end
		if last := bytes.IndexByte(f.Bytes[a.Expr.Range().End.Byte:], '\n'); last >= 0 {
			to = a.Expr.Range().End.Byte + last
		}
		star(a.NameRange.End.Byte, a.EqualsRange.Start.Byte)
		if isReference(a.Expr) {
			star(a.EqualsRange.End.Byte, a.Expr.Range().Start.Byte)
			star(a.Expr.Range().End.Byte, to)
		} else {
			star(a.EqualsRange.End.Byte, to)
		}
	})
	return line
}

var (
	tokenLike     = regexp.MustCompile(`[A-Za-z0-9+/_.~=!$%^&*-]{8,}`)
	sensitiveName = regexp.MustCompile(`(?i)token|secret|passw|passphrase|private_?key|api_?key|credential|^proxy$`)
	harmless      = map[string]bool{
		"instance": true, "settings": true, "credentials": true, "organization": true, "data_dir": true, "connector_dirs": true,
		"realtime": true, "lookback": true, "severity": true, "protected": true, "no_proxy": true, "ca_files": true,
		"log_level": true, "log_format": true, "private_key": true,
	}
)

// walk finds the attributes whose values are not to be shown: in credentials, and what sounds like one.
func walk(body *hclsyntax.Body, inside bool, found func(*hclsyntax.Attribute)) {
	for _, a := range body.Attributes {
		if inside || sensitiveName.MatchString(a.Name) {
			found(a)
		}
	}
	for _, b := range body.Blocks {
		walk(b.Body, inside || b.Type == "credentials", found)
	}
}

func isReference(e hclsyntax.Expression) bool {
	call, ok := syntax.Call(e)
	if !ok || call.Name != "secret" || len(call.Args) != 1 {
		return false
	}
	text, ok := syntax.Text(call.Args[0])
	if !ok {
		return false
	}
	_, err := secret.Parse(text, "/")
	return err == nil
}

// printable keeps control characters away from the terminal. Each becomes one blank, so that marks stay in place.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || !unicode.IsPrint(r):
			return ' '
		case r == utf8.RuneError:
			return '?'
		}
		return r
	}, s)
}

// lower begins a sentence of the parser's as ours begin.
func lower(s string) string {
	if len(s) > 1 && s[0] >= 'A' && s[0] <= 'Z' && s[1] >= 'a' && s[1] <= 'z' {
		return string(s[0]|0x20) + s[1:]
	}
	return s
}
