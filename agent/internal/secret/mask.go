package secret

import (
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

const (
	minMaskBytes     = 4  // shorter values would blacken every line
	minMaskLineBytes = 16 // of the lines of a value with several, such as a PEM key
)

// Mask gives a function that replaces the values in a text, also where they are escaped for JSON or a URL, or written in
// hex or base64 (alone or inside something longer, as in basic authentication). It is for text that others wrote; values
// under four bytes are left alone.
func Mask(values ...Value) func(string) string {
	seen := map[string]bool{}
	var forms []string
	for _, v := range values {
		for _, f := range formsOf(v.Reveal()) {
			if len(f) >= minMaskBytes && !seen[f] {
				seen[f] = true
				forms = append(forms, f)
			}
		}
	}
	if len(forms) == 0 {
		return func(s string) string { return s }
	}
	// At one place the earlier form wins, so the longest comes first.
	slices.SortFunc(forms, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	pairs := make([]string, 0, 2*len(forms))
	for _, f := range forms {
		pairs = append(pairs, f, Redacted)
	}
	return strings.NewReplacer(pairs...).Replace
}

func formsOf(s string) []string {
	if len(s) < minMaskBytes {
		return nil
	}
	forms := encodings(s)
	if lines := strings.FieldsFunc(s, func(r rune) bool { return r == '\n' || r == '\r' }); len(lines) > 1 {
		for _, line := range lines {
			if len(line) >= minMaskLineBytes {
				forms = append(forms, encodings(line)...)
			}
		}
	}
	return forms
}

func encodings(s string) []string {
	quoted, _ := json.Marshal(s) // a string always marshals
	x := hex.EncodeToString([]byte(s))
	forms := []string{s, string(quoted[1 : len(quoted)-1]), url.QueryEscape(s), url.PathEscape(s), x, strings.ToUpper(x)}
	for _, e := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		forms = append(forms, e.EncodeToString([]byte(s)))
		for shift := range 3 {
			forms = append(forms, inner(e, s, shift))
		}
	}
	return forms
}

// inner is the part of the base64 of a longer text that depends on s alone, when shift bytes (modulo 3) stand before it.
func inner(e *base64.Encoding, s string, shift int) string {
	b := e.EncodeToString([]byte(strings.Repeat("\x00", shift) + s))
	first := (shift*8 + 5) / 6       // characters that also hold what stands before
	last := (shift + len(s)) * 8 / 6 // characters that hold nothing of what follows
	return b[first:max(first, last)]
}
