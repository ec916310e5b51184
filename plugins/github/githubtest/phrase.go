package githubtest

import (
	"fmt"
	"strings"
	"time"
)

// phrase is a search in the audit log.
type phrase struct {
	from, until time.Time // until is exclusive; zero: open
	terms       []term
}

type term struct {
	field, value string // field empty: anywhere
	not          bool
}

// parsePhrase reads words and qualifiers divided by spaces; quotes hold a value together.
func parsePhrase(s string) (phrase, error) {
	var p phrase
	for _, word := range words(s) {
		t := term{value: word}
		if rest, ok := strings.CutPrefix(t.value, "-"); ok {
			t.not, t.value = true, rest
		}
		if field, value, ok := strings.Cut(t.value, ":"); ok {
			t.field, t.value = field, value
		}
		if t.field == "created" && !t.not {
			if err := p.created(t.value); err != nil {
				return p, err
			}
			continue
		}
		p.terms = append(p.terms, t)
	}
	return p, nil
}

func words(s string) []string {
	var out []string
	var word strings.Builder
	quoted := false
	for _, r := range s {
		switch {
		case r == '"':
			quoted = !quoted
		case r == ' ' && !quoted:
			if word.Len() > 0 {
				out = append(out, word.String())
				word.Reset()
			}
		default:
			word.WriteRune(r)
		}
	}
	if word.Len() > 0 {
		out = append(out, word.String())
	}
	return out
}

// created reads >=D, >D, <=D, <D, A..B (each may be *) and D. A day without a time is the whole day.
func (p *phrase) created(v string) error {
	if a, b, ok := strings.Cut(v, ".."); ok {
		if a != "*" {
			from, _, err := moment(a)
			if err != nil {
				return err
			}
			p.from = from
		}
		if b != "*" {
			_, end, err := moment(b)
			if err != nil {
				return err
			}
			p.until = end
		}
		return nil
	}
	sign := strings.TrimRight(v[:min(2, len(v))], "0123456789-T")
	from, end, err := moment(v[len(sign):])
	if err != nil {
		return err
	}
	switch sign {
	case ">=":
		p.from = from
	case ">":
		p.from = end
	case "<":
		p.until = from
	case "<=":
		p.until = end
	case "":
		p.from, p.until = from, end
	default:
		return fmt.Errorf("created:%s: want >=, >, <=, < or a range", v)
	}
	return nil
}

// moment reads a day or a time: where it begins and ends. A time is good to the millisecond.
func moment(s string) (from, end time.Time, err error) {
	if t, err := time.Parse("2006-01-02", s); err == nil {
		return t, t.AddDate(0, 0, 1), nil
	}
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, t.Add(time.Millisecond), nil
		}
	}
	return from, end, fmt.Errorf("%q is not a date or an ISO 8601 time", s)
}

// holds says that an event fits all terms.
func (p *phrase) holds(e *Event, org *Org) bool {
	for _, t := range p.terms {
		if t.holds(e, org) == t.not {
			return false
		}
	}
	return true
}

func (t *term) holds(e *Event, org *Org) bool {
	switch t.field {
	case "action": // a category stands for all its actions
		return e.Action == t.value || strings.HasPrefix(e.Action, t.value+".")
	case "actor":
		return strings.EqualFold(e.Actor, t.value)
	case "org":
		return strings.EqualFold(org.Login, t.value)
	case "country":
		at, _ := e.Fields["actor_location"].(map[string]any)
		return at["country_code"] == t.value
	case "operation":
		return e.Fields["operation_type"] == t.value
	case "":
		return strings.Contains(e.Action, t.value) || strings.EqualFold(e.Actor, t.value)
	default:
		v, _ := e.Fields[t.field].(string)
		return strings.EqualFold(v, t.value)
	}
}
