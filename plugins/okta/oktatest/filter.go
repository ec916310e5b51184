package oktatest

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// expression is a filter of the vendor's: comparisons of attributes, with and, or, and parentheses.
type expression interface {
	// holds for what has these values.
	holds(value func(attribute string) string) bool
}

type comparison struct{ attribute, op, value string }

type junction struct {
	all   bool // and
	parts []expression
}

var errFilter = errors.New("invalid search criteria")

func (x comparison) holds(value func(string) string) bool {
	v := value(x.attribute)
	switch x.op {
	case "pr":
		return v != ""
	case "eq":
		return strings.EqualFold(v, x.value)
	case "sw":
		return hasPrefixFold(v, x.value)
	}
	n := strings.Compare(v, x.value)
	if a, b := parseTime(v), parseTime(x.value); !b.IsZero() {
		n = a.Compare(b)
	}
	switch x.op {
	case "gt":
		return n > 0
	case "ge":
		return n >= 0
	case "lt":
		return n < 0
	}
	return n <= 0
}

func (x junction) holds(value func(string) string) bool {
	for _, p := range x.parts {
		if p.holds(value) != x.all {
			return !x.all
		}
	}
	return x.all
}

func parseTime(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t
}

// maxFilter bounds an expression.
const maxFilter = 4 << 10 // bytes

// parseFilter reads an expression over the attributes that the endpoint knows.
func parseFilter(s string, known ...string) (expression, error) {
	if len(s) > maxFilter {
		return nil, errFilter
	}
	p := &parser{words: split(s), known: known}
	x, err := p.or()
	if err != nil || len(p.words) > 0 {
		return nil, errFilter
	}
	return x, nil
}

type parser struct {
	words []string
	known []string
	depth int
}

func (p *parser) next() string {
	if len(p.words) == 0 {
		return ""
	}
	w := p.words[0]
	p.words = p.words[1:]
	return w
}

func (p *parser) is(word string) bool {
	if len(p.words) > 0 && strings.EqualFold(p.words[0], word) {
		p.words = p.words[1:]
		return true
	}
	return false
}

func (p *parser) or() (expression, error) { return p.join("or", false, p.and) }

func (p *parser) and() (expression, error) { return p.join("and", true, p.one) }

func (p *parser) join(word string, all bool, part func() (expression, error)) (expression, error) {
	x, err := part()
	if err != nil {
		return nil, err
	}
	parts := []expression{x}
	for p.is(word) {
		if x, err = part(); err != nil {
			return nil, err
		}
		parts = append(parts, x)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return junction{all, parts}, nil
}

const maxDepth = 16

func (p *parser) one() (expression, error) {
	if p.is("(") {
		if p.depth++; p.depth > maxDepth {
			return nil, errFilter
		}
		x, err := p.or()
		if err == nil && !p.is(")") {
			err = errFilter
		}
		p.depth--
		return x, err
	}
	x := comparison{attribute: p.next(), op: strings.ToLower(p.next())}
	if !slices.Contains(p.known, x.attribute) {
		return nil, errFilter
	}
	switch x.op {
	case "pr":
		return x, nil
	case "eq", "sw", "gt", "ge", "lt", "le":
	default:
		return nil, errFilter
	}
	v := p.next()
	if len(v) < 2 || v[0] != '"' {
		return nil, errFilter
	}
	x.value = v[1 : len(v)-1]
	return x, nil
}

// split gives words, parentheses, and values with their quotes. What is not closed is left open, and so no value.
func split(s string) (words []string) {
	for {
		s = strings.TrimLeft(s, " ")
		switch {
		case s == "":
			return words
		case s[0] == '(' || s[0] == ')':
			words, s = append(words, s[:1]), s[1:]
		case s[0] == '"':
			end := strings.IndexByte(s[1:], '"')
			if end < 0 {
				return append(words, "\x00")
			}
			words, s = append(words, s[:end+2]), s[end+2:]
		default:
			end := strings.IndexAny(s, " ()\"")
			if end < 0 {
				end = len(s)
			}
			words, s = append(words, s[:end]), s[end:]
		}
	}
}

// simpleSince is the time of an expression that only asks for what was updated after it.
func simpleSince(x expression) (time.Time, bool) {
	c, ok := x.(comparison)
	if !ok || c.attribute != "lastUpdated" || c.op != "gt" {
		return time.Time{}, false
	}
	t := parseTime(c.value)
	return t, !t.IsZero()
}
