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
	private := map[string][]span{}
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
		f := files[at.Filename]
		if _, known := private[at.Filename]; !known {
			private[at.Filename] = spansOf(f)
		}
		if line, from, width, ok := excerpt(f, at, d.Extra, private[at.Filename]); ok {
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

// excerpt is the line where a range begins, and which of its characters the range covers. Of a long line it is the part
// around the range.
func excerpt(f *hcl.File, at hcl.Range, extra any, private []span) (line string, from, width int, ok bool) {
	if f == nil || at.Start.Byte > len(f.Bytes) || at.Start.Byte > at.End.Byte {
		return "", 0, 0, false
	}
	begin, end := window(f.Bytes, at.Start.Byte)
	if _, is := extra.(hidden); is {
		private = append([]span{{at.Start.Byte, at.End.Byte}}, private...)
	}
	shown := conceal(f, begin, end, private)
	if strings.TrimSpace(string(shown)) == "" {
		return "", 0, 0, false
	}
	from = utf8.RuneCount(shown[:at.Start.Byte-begin])
	width = utf8.RuneCount(shown[at.Start.Byte-begin : max(at.Start.Byte, min(at.End.Byte, end))-begin])
	runes := []rune(printable(strings.TrimRight(string(shown), "\r")))
	if from >= maxShown {
		cut := from - maxShown/2
		runes, from = runes[min(cut, len(runes)):], from-cut
	}
	runes = runes[:min(len(runes), maxShown)]
	return string(runes), from, max(1, min(width, len(runes)-from)), true
}

// window is the line around a place, at most as much of it as can be shown.
func window(src []byte, place int) (begin, end int) {
	const most = maxShown * utf8.UTFMax // bytes on each side
	low, high := max(0, place-most), min(len(src), place+most)
	begin = low + bytes.LastIndexByte(src[low:place], '\n') + 1
	for begin == low && begin < place && !utf8.RuneStart(src[begin]) {
		low, begin = low+1, begin+1
	}
	end = high
	if n := bytes.IndexByte(src[place:high], '\n'); n >= 0 {
		end = place + n
	}
	return begin, end
}

// span is a piece of a file that is not to be shown.
type span struct{ from, to int }

// conceal gives a piece of a file with stars in place of what may be a credential.
func conceal(f *hcl.File, begin, end int, private []span) []byte {
	line := bytes.Clone(f.Bytes[begin:end])
	if _, parsed := f.Body.(*hclsyntax.Body); !parsed { // nobody knows what it is: whatever looks like a token
		for _, found := range tokenLike.FindAllIndex(line, -1) {
			if !harmless[string(line[found[0]:found[1]])] {
				private = append(private, span{begin + found[0], begin + found[1]})
			}
		}
	}
	for _, s := range private {
		for k := max(s.from, begin); k < min(s.to, end); k++ {
			if c := line[k-begin]; c != ' ' && c != '\t' && c != '\r' && c != '}' {
				line[k-begin] = '*'
			}
		}
	}
	return line
}

// spansOf finds what is not to be shown of a file that could be parsed: of each private attribute all but its name and a
// reference, since what stands around them may be a comment with an older value.
func spansOf(f *hcl.File) []span {
	if f == nil {
		return nil
	}
	body, ok := f.Body.(*hclsyntax.Body)
	if !ok {
		return nil
	}
	var spans []span
	walk(body, false, func(a *hclsyntax.Attribute) {
		value, end := a.Expr.Range(), len(f.Bytes)
		if n := bytes.IndexByte(f.Bytes[value.End.Byte:], '\n'); n >= 0 {
			end = value.End.Byte + n
		}
		spans = append(spans, span{a.NameRange.End.Byte, a.EqualsRange.Start.Byte})
		if isReference(a.Expr) {
			spans = append(spans, span{a.EqualsRange.End.Byte, value.Start.Byte}, span{value.End.Byte, end})
		} else {
			spans = append(spans, span{a.EqualsRange.End.Byte, end})
		}
	})
	return spans
}

var (
	tokenLike     = regexp.MustCompile(`[A-Za-z0-9+/_.~=!$%^&*-]{8,}`)
	sensitiveName = regexp.MustCompile(`(?i)token|secret|passw|passphrase|private_?key|api_?key|credential|^proxy$|^url$`)
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
		walk(b.Body, inside || b.Type == "credentials" || b.Type == "headers", found)
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
