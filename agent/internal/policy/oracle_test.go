package policy

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// This is how conditions are read by somebody who knows neither CEL nor our steps: a tree of closures over Go's own types.
// nil is what is not known.

// scene is what a generated condition is asked about.
type scene struct {
	file, before *wire.File
	change       *Change
	provider     string
	now          time.Time
	groups       map[string][]string // of the accounts that are known, by id
	vars         map[string]any      // *wire.Access or string
}

// term is a piece of a condition, and what it means.
type term struct {
	source string
	means  func(*scene) any
}

func constantTerm(source string, v any) term { return term{source, func(*scene) any { return v }} }

// ptr is what an optional field holds.
func ptr[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

func and(x, y any) any {
	switch {
	case x == false || y == false:
		return false
	case x == true && y == true:
		return true
	}
	return nil
}

func not(x any) any {
	if b, ok := x.(bool); ok {
		return !b
	}
	return nil
}

func or(x, y any) any { return not(and(not(x), not(y))) }

// ordered compares two of a type: -1, 0 or 1.
func ordered(x, y any) (int, bool) {
	switch a := x.(type) {
	case string:
		b, ok := y.(string)
		return strings.Compare(a, b), ok
	case int64:
		b, ok := y.(int64)
		return map[bool]int{true: -1, false: 1}[a < b] * map[bool]int{true: 0, false: 1}[a == b], ok
	case time.Time:
		b, ok := y.(time.Time)
		return a.Compare(b), ok
	case time.Duration:
		b, ok := y.(time.Duration)
		return map[bool]int{true: -1, false: 1}[a < b] * map[bool]int{true: 0, false: 1}[a == b], ok
	}
	return 0, false
}

func comparison(op string, x, y term) term {
	return term{x.source + " " + op + " " + y.source, func(s *scene) any {
		n, ok := ordered(x.means(s), y.means(s))
		if !ok {
			return nil
		}
		switch op {
		case "==":
			return n == 0
		case "!=":
			return n != 0
		case "<":
			return n < 0
		case "<=":
			return n <= 0
		case ">":
			return n > 0
		}
		return n >= 0
	}}
}

func sum(op string, x, y term) term {
	return term{"(" + x.source + " " + op + " " + y.source + ")", func(s *scene) any {
		switch a := x.means(s).(type) {
		case int64:
			b, ok := y.means(s).(int64)
			if !ok {
				return nil
			}
			if op == "-" {
				if b == math.MinInt64 {
					return nil
				}
				b = -b
			}
			if c := a + b; (c > a) == (b > 0) {
				return c
			}
		case string:
			if b, ok := y.means(s).(string); ok {
				return a + b
			}
		case time.Time:
			if b, ok := y.means(s).(time.Duration); ok && op == "+" {
				return a.Add(b)
			} else if ok {
				return a.Add(-b)
			}
		}
		return nil
	}}
}

// onText is a function of a text; do says nothing where there is nothing to say.
func onText(x term, source string, do func(string) any) term {
	return term{x.source + source, func(s *scene) any {
		if text, ok := x.means(s).(string); ok {
			return do(text)
		}
		return nil
	}}
}

func texts2(name string, x, y term, do func(a, b string) bool) term {
	return term{x.source + "." + name + "(" + y.source + ")", func(s *scene) any {
		a, okA := x.means(s).(string)
		b, okB := y.means(s).(string)
		if !okA || !okB {
			return nil
		}
		return do(a, b)
	}}
}

func choice(test, then, otherwise term) term {
	return term{"(" + test.source + " ? " + then.source + " : " + otherwise.source + ")", func(s *scene) any {
		switch test.means(s) {
		case true:
			return then.means(s)
		case false:
			return otherwise.means(s)
		}
		return nil
	}}
}

// loop goes through a list by one of CEL's macros.
func loop(macro, variable, list string, of func(*scene) []any, pred term) term {
	return term{list + "." + macro + "(" + variable + ", " + pred.source + ")", func(s *scene) any {
		items := of(s)
		if items == nil {
			return nil
		}
		before := s.vars[variable]
		defer func() { s.vars[variable] = before }()
		var said []any
		for _, item := range items {
			s.vars[variable] = item
			said = append(said, pred.means(s))
		}
		switch {
		case macro == "exists_one" && slices.Contains(said, nil):
			return nil
		case macro == "exists_one":
			return len(slices.DeleteFunc(said, func(v any) bool { return v == false })) == 1
		case macro == "exists" && slices.Contains(said, true):
			return true
		case macro == "all" && slices.Contains(said, false):
			return false
		case slices.Contains(said, nil):
			return nil
		}
		return macro == "all"
	}}
}

// access and labels are the lists of a file; nil: not known.
func accessOf(s *scene) []any {
	if s.file.Access == nil {
		return nil
	}
	all := []any{}
	for _, a := range s.file.Access.Items {
		all = append(all, a)
	}
	return all
}

func labelsOf(s *scene) []any {
	if s.file.Labels == nil {
		return nil
	}
	all := []any{}
	for _, l := range s.file.Labels.Items {
		all = append(all, l)
	}
	return all
}

func email(r *wire.Ref) any {
	if r == nil {
		return nil
	}
	return ptr(r.Email)
}

func kindWord(r *wire.Ref) any {
	if r == nil {
		return nil
	}
	return []string{"", "account", "group", "role"}[r.Kind]
}

func attributeOf(name string) func(*scene) any {
	return func(s *scene) any {
		var found any
		for _, a := range s.file.Attributes {
			if a.Name == name {
				found = a.Value
			}
		}
		return found
	}
}

func distinctAttributes(s *scene) any {
	names := map[string]bool{}
	for _, a := range s.file.Attributes {
		names[a.Name] = true
	}
	return int64(len(names))
}

func runes(text string) any { return int64(utf8.RuneCountInString(text)) }

// inTen: the address begins with 10. What is none says nothing.
func inTen(text string) any {
	parts := strings.Split(text, ".")
	if len(parts) != 4 {
		return nil
	}
	for _, p := range parts {
		if n, err := strconv.ParseUint(p, 10, 8); err != nil || strconv.FormatUint(n, 10) != p {
			return nil
		}
	}
	return parts[0] == "10"
}

func domainWord(text string) any {
	n := strings.LastIndex(text, "@")
	if n < 0 {
		return ""
	}
	return strings.ToLower(text[n+1:])
}

// inGroup: the account that the owner means is known by its id, or else by its address.
func inGroup(group string) func(*scene) any {
	return func(s *scene) any {
		o := s.file.Owner
		if o == nil || o.Kind != wire.Kind_KIND_ACCOUNT || o.Email == nil {
			return nil
		}
		groups, known := s.groups[strings.ToLower(*o.Email)]
		switch {
		case slices.Contains(groups, group):
			return true
		case !known || len(groups) == 0: // of who is in none it is not known whether these are all
			return nil
		}
		return false
	}
}

func partyOf(x term) term {
	return term{"party(" + x.source + ")", func(s *scene) any {
		text, ok := x.means(s).(string)
		if !ok || text == "" {
			return nil
		}
		if d := text[strings.LastIndex(text, "@")+1:]; strings.EqualFold(d, "acme.example") {
			return "ours"
		} else if d == "" {
			return nil
		}
		return "other"
	}}
}

// file is a file of which only some is known.
func (a *author) file() *wire.File {
	maybe := func() bool { return a.IntN(3) > 0 }
	text := func() *string {
		if !maybe() {
			return nil
		}
		return new(a.one("a", "key.pem", "x@acme.example", "X@Acme.Example", "10.1.2.3", "", "ä"))
	}
	at := func() *timestamppb.Timestamp {
		if !maybe() {
			return nil
		}
		return timestamppb.New(time.Date(2026, 11, 19+a.IntN(3), 0, 0, 0, a.IntN(2), time.UTC))
	}
	ref := func() *wire.Ref {
		if !maybe() {
			return nil
		}
		return &wire.Ref{Kind: wire.Kind(1 + a.IntN(3)), Email: text(), Name: text()}
	}
	f := &wire.File{Id: a.one("f", ""), Name: text(), Path: text(), Owner: ref(), ModifiedBy: ref(), CreatedAt: at(), ModifiedAt: at()}
	if maybe() {
		f.SizeBytes = new(int64(a.IntN(3000)))
	}
	if maybe() {
		f.Trashed = new(a.IntN(2) == 0)
	}
	if maybe() {
		f.Labels = &wire.Strings{Complete: true}
		for range a.IntN(3) {
			f.Labels.Items = append(f.Labels.Items, a.one("a", "key.pem", "link"))
		}
	}
	if maybe() {
		f.Access = &wire.AccessList{Complete: true}
		for range a.IntN(4) {
			f.Access.Items = append(f.Access.Items, &wire.Access{Principal: ref(), Role: text(), Via: text()})
		}
	}
	for range a.IntN(3) {
		f.Attributes = append(f.Attributes, &wire.Attribute{Name: a.one("branch", "a"), Value: a.one("a", "main")})
	}
	return f
}
