package config

import (
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
)

// Source is text with the places it came from, so that whoever compiles it can point into the file.
type Source struct {
	Text string
	// Range of the whole expression, quotes included.
	Range hcl.Range
	parts []part
}

// part is a piece of the text and where it begins.
type part struct {
	offset int // in Text
	start  hcl.Pos
	raw    string // as it stands in the file
	escape func(raw string) int
}

func newSource(e hclsyntax.Expression, src []byte) Source {
	s := Source{Range: e.Range()}
	pieces, _ := syntax.Pieces(e)
	heredoc := strings.HasPrefix(string(s.Range.SliceBytes(src)), "<<")
	for _, piece := range pieces {
		value, raw := piece.Val.AsString(), string(piece.SrcRange.SliceBytes(src))
		if heredoc {
			s.addLines(value, raw, piece.SrcRange.Start)
		} else {
			s.parts = append(s.parts, part{len(s.Text), piece.SrcRange.Start, raw, quotedEscape})
			s.Text += value
		}
	}
	return s
}

// addLines adds the lines of a heredoc. Their common indentation is not in the text, so each line is a part.
func (s *Source) addLines(value, raw string, start hcl.Pos) {
	lines := strings.SplitAfter(raw, "\n")
	for k, text := range strings.SplitAfter(value, "\n") {
		if k >= len(lines) {
			break
		}
		indent := max(0, len(unescape.Replace(lines[k]))-len(text))
		at := hcl.Pos{Line: start.Line, Column: start.Column + indent, Byte: start.Byte + indent}
		s.parts = append(s.parts, part{len(s.Text), at, lines[k][indent:], templateEscape})
		s.Text += text
		start = hcl.Pos{Line: start.Line + 1, Column: 1, Byte: start.Byte + len(lines[k])}
	}
}

var unescape = strings.NewReplacer("$${", "${", "%%{", "%{")

// At gives the place of a line and column of the text, both from 1 and columns in characters.
func (s Source) At(line, column int) hcl.Range {
	offset := 0
	for ; line > 1; line-- {
		n := strings.IndexByte(s.Text[offset:], '\n')
		if n < 0 {
			break
		}
		offset += n + 1
	}
	for ; column > 1 && offset < len(s.Text) && s.Text[offset] != '\n'; column-- {
		_, n := utf8.DecodeRuneInString(s.Text[offset:])
		offset += n
	}
	at := s.Range
	for _, p := range s.parts {
		if p.offset <= offset {
			at.Start = p.at(s.Text[p.offset:offset])
		}
	}
	at.End = at.Start
	return at
}

// at moves on from the beginning of the part by the text before; an escape is longer in the file than in the text.
func (p part) at(before string) hcl.Pos {
	pos, raw := p.start, p.raw
	for before != "" && raw != "" {
		_, n := utf8.DecodeRuneInString(before)
		before = before[n:]
		width := p.escape(raw)
		pos.Column += utf8.RuneCountInString(raw[:width])
		pos.Byte += width
		raw = raw[width:]
	}
	return pos
}

// quotedEscape is how many bytes of the file the next character of a quoted text takes.
func quotedEscape(raw string) int {
	switch {
	case strings.HasPrefix(raw, `\u`) && len(raw) >= len(`\u0000`):
		return len(`\u0000`)
	case strings.HasPrefix(raw, `\U`) && len(raw) >= len(`\U00000000`):
		return len(`\U00000000`)
	case len(raw) >= 2 && raw[0] == '\\':
		return 2
	}
	return templateEscape(raw)
}

// templateEscape is the same for a heredoc, which has no backslashes.
func templateEscape(raw string) int {
	if strings.HasPrefix(raw, "$${") || strings.HasPrefix(raw, "%%{") {
		return 2
	}
	_, n := utf8.DecodeRuneInString(raw)
	return n
}
