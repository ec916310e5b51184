package policy

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/record"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// author writes conditions on files at random, each with what it means.
type author struct {
	*rand.Rand
	variables []string // of the loops around: "v0 access", "v1 labels"
}

func (a *author) one(of ...string) string { return of[a.IntN(len(of))] }

func (a *author) term(of ...term) term { return of[a.IntN(len(of))] }

func (a *author) boolean(depth int) term {
	if depth <= 0 {
		return a.term(
			term{"file.trashed", func(s *scene) any { return ptr(s.file.Trashed) }},
			term{"file.quarantined", func(s *scene) any { return ptr(s.file.Quarantined) }},
			constantTerm("true", true), constantTerm("false", false),
			term{"known(file.owner)", func(s *scene) any { return s.file.Owner != nil }},
			term{"known(file.name)", func(s *scene) any { return s.file.Name != nil }},
			term{"before.trashed", func(s *scene) any {
				if s.before == nil {
					return nil
				}
				return ptr(s.before.Trashed)
			}},
			term{"known(before)", func(s *scene) any { return s.before != nil }},
			term{"in_group(file.owner, 'Admins')", inGroup("Admins")},
		)
	}
	d := depth - 1
	switch a.IntN(17) {
	case 0, 1, 2, 3:
		x, y, op := a.boolean(d), a.boolean(d), a.one("&&", "||")
		return term{"(" + x.source + " " + op + " " + y.source + ")", func(s *scene) any {
			if op == "&&" {
				return and(x.means(s), y.means(s))
			}
			return or(x.means(s), y.means(s))
		}}
	case 4:
		x := a.boolean(d)
		return term{"!(" + x.source + ")", func(s *scene) any { return not(x.means(s)) }}
	case 5:
		return choice(a.boolean(d), a.boolean(d), a.boolean(d))
	case 6:
		return comparison(a.one("==", "!=", "<", ">="), a.text(d), a.text(d))
	case 7:
		return comparison(a.one("==", "!=", "<", "<=", ">", ">="), a.number(d), a.number(d))
	case 8:
		return comparison(a.one("==", "!=", "<", ">"), a.time(d), a.time(d))
	case 9:
		x, y := a.text(d), a.text(0)
		switch a.IntN(3) {
		case 0:
			return texts2("startsWith", x, y, strings.HasPrefix)
		case 1:
			return texts2("endsWith", x, y, strings.HasSuffix)
		}
		return texts2("contains", x, y, strings.Contains)
	case 10:
		return a.among(a.text(d))
	case 11:
		x := a.term(a.text(d), a.boolean(d), a.number(d), a.time(d))
		return term{"known(" + x.source + ")", func(s *scene) any { return x.means(s) != nil }}
	case 12:
		return a.pattern(a.text(d))
	case 13:
		return a.loop("file.access", accessOf, d)
	case 14:
		return a.loop("file.labels", labelsOf, d)
	case 15:
		return a.changed()
	}
	return a.boolean(0)
}

// among writes in.
func (a *author) among(x term) term {
	in := func(list string, has func(s *scene, text string) any) term {
		return term{x.source + " in " + list, func(s *scene) any {
			if text, ok := x.means(s).(string); ok {
				return has(s, text)
			}
			return nil
		}}
	}
	switch a.IntN(3) {
	case 0:
		return in("['a', 'key.pem', 'x@acme.example']", func(_ *scene, t string) any { return t == "a" || t == "key.pem" || t == "x@acme.example" })
	case 1:
		return in("file.labels", func(s *scene, t string) any {
			labels := labelsOf(s)
			if labels == nil {
				return nil
			}
			for _, l := range labels {
				if l == t {
					return true
				}
			}
			return false
		})
	}
	return in("file.attributes", func(s *scene, t string) any { return attributeOf(t)(s) != nil })
}

func (a *author) pattern(x term) term {
	switch a.IntN(3) {
	case 0:
		return onText(x, ".glob('*.pem')", func(t string) any { return strings.HasSuffix(t, ".pem") && !strings.Contains(t, "/") })
	case 1:
		return onText(x, ".matches('^k.*m$')", func(t string) any { return len(t) > 1 && t[0] == 'k' && t[len(t)-1] == 'm' })
	}
	return onText(x, ".in_cidr('10.0.0.0/8')", inTen)
}

func (a *author) changed() term {
	what := a.one(Created, Updated, Filled, Deleted)
	if a.IntN(2) == 0 {
		return term{"change.what == '" + what + "'", func(s *scene) any {
			if s.change == nil {
				return nil
			}
			return s.change.What == what
		}}
	}
	return term{"'trashed' in change.fields", func(s *scene) any {
		if s.change == nil {
			return nil
		}
		return len(s.change.Fields) > 0 // the only field that ever changes here
	}}
}

// loop writes a macro whose variable may be used in it.
func (a *author) loop(list string, of func(*scene) []any, depth int) term {
	v := fmt.Sprintf("v%d", len(a.variables))
	a.variables = append(a.variables, v+" "+list)
	defer func() { a.variables = a.variables[:len(a.variables)-1] }()
	return loop(a.one("exists", "all", "exists_one"), v, list, of, a.boolean(depth))
}

func (a *author) text(depth int) term {
	if n := len(a.variables); n > 0 && a.IntN(2) == 0 {
		return a.ofVariable(a.variables[a.IntN(n)])
	}
	if depth > 0 && a.IntN(4) == 0 {
		switch a.IntN(5) {
		case 0:
			return sum("+", a.text(depth-1), a.text(0))
		case 1:
			return onText(a.text(depth-1), ".domain()", domainWord)
		case 2:
			return onText(a.text(0), ".lowerAscii()", func(t string) any {
				return strings.Map(func(r rune) rune {
					if r >= 'A' && r <= 'Z' {
						r += 'a' - 'A'
					}
					return r
				}, t)
			})
		case 3:
			return sum("+", partyOf(a.text(0)), constantTerm("''", ""))
		}
		return choice(a.boolean(depth-1), a.text(0), a.text(0))
	}
	return a.term(
		term{"file.id", func(s *scene) any { return s.file.Id }}, term{"file.name", func(s *scene) any { return ptr(s.file.Name) }},
		term{"file.path", func(s *scene) any { return ptr(s.file.Path) }}, term{"file.owner.email", func(s *scene) any { return email(s.file.Owner) }},
		term{"file.modified_by.email", func(s *scene) any { return email(s.file.ModifiedBy) }},
		term{"(file.owner.kind + '')", func(s *scene) any { return kindWord(s.file.Owner) }},
		term{"file.attributes['branch']", attributeOf("branch")}, term{"file.attributes['none']", attributeOf("none")},
		term{"(provider + '')", func(s *scene) any {
			if s.provider == "" {
				return nil
			}
			return s.provider
		}},
		constantTerm("'key.pem'", "key.pem"), constantTerm("'x@acme.example'", "x@acme.example"), constantTerm("'10.1.2.3'", "10.1.2.3"),
		constantTerm("''", ""),
	)
}

func (a *author) ofVariable(named string) term {
	v, list, _ := strings.Cut(named, " ")
	if list == "file.labels" {
		return term{v, func(s *scene) any { return s.vars[v] }}
	}
	entry := func(s *scene) *wire.Access { e, _ := s.vars[v].(*wire.Access); return e }
	return a.term(
		term{"(" + v + ".role + '')", func(s *scene) any { return ptr(entry(s).Role) }}, term{v + ".via", func(s *scene) any { return ptr(entry(s).Via) }},
		term{v + ".principal.email", func(s *scene) any { return email(entry(s).Principal) }},
		term{"(" + v + ".principal.kind + '')", func(s *scene) any { return kindWord(entry(s).Principal) }},
	)
}

func (a *author) number(depth int) term {
	if depth > 0 && a.IntN(3) == 0 {
		switch a.IntN(5) {
		case 0, 1:
			return sum(a.one("+", "-"), a.number(depth-1), a.number(0))
		case 2:
			x := a.text(0)
			return term{"size(" + x.source + ")", onText(x, "", runes).means}
		case 3:
			return term{"size(file.attributes)", distinctAttributes}
		}
		return term{"size(file.labels)", func(s *scene) any {
			if s.file.Labels == nil {
				return nil
			}
			return int64(len(s.file.Labels.Items))
		}}
	}
	return a.term(
		term{"file.size_bytes", func(s *scene) any { return ptr(s.file.SizeBytes) }}, constantTerm("0", int64(0)), constantTerm("7", int64(7)),
		constantTerm("2000", int64(2000)), constantTerm("9223372036854775807", int64(9223372036854775807)),
	)
}

func (a *author) time(depth int) term {
	if depth > 0 && a.IntN(3) == 0 {
		return sum(a.one("+", "-"), a.time(0), constantTerm("duration('36h')", 36*time.Hour))
	}
	at := func(t *timestamppb.Timestamp) any {
		if t == nil {
			return nil
		}
		return t.AsTime()
	}
	day := time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)
	return a.term(
		term{"file.created_at", func(s *scene) any { return at(s.file.CreatedAt) }}, term{"file.modified_at", func(s *scene) any { return at(s.file.ModifiedAt) }},
		constantTerm("timestamp('2026-11-20T00:00:00Z')", day), term{"now()", func(s *scene) any { return s.now }},
		term{"ago('1d')", func(s *scene) any { return s.now.Add(-24 * time.Hour) }},
	)
}

// scene is one of which only some is known.
func (a *author) scene() *scene {
	s := &scene{
		file: a.file(), provider: a.one("", "a", "key.pem"), now: time.Date(2026, 11, 20+a.IntN(2), 0, 0, 0, 0, time.UTC), vars: map[string]any{},
		groups: map[string][]string{"x@acme.example": {"Admins"}, "a": {"Others"}},
	}
	if a.IntN(2) == 0 {
		s.before = a.file()
	}
	if a.IntN(2) == 0 {
		s.change = &Change{What: a.one(Created, Updated, Filled, Deleted)}
		if a.IntN(2) == 0 {
			s.change.Fields = []string{"trashed"}
		}
	}
	return s
}

// context is a scene as the agent gives it.
func (s *scene) context() Context {
	w := &world{groups: map[string][]*wire.Group{}, parties: NewParties(config.Organization{Domains: []string{"acme.example"}})}
	for address, groups := range s.groups {
		w.accounts = append(w.accounts, &wire.Account{Id: address, Email: new(address)})
		for _, g := range groups {
			w.groups[address] = append(w.groups[address], &wire.Group{Id: "id of " + g, Name: new(g)})
		}
	}
	in := Context{Look: w, Change: s.change, Now: s.now, Ref: record.Ref{Provider: s.provider}}
	if s.before != nil {
		in.Before = s.before
	}
	return in
}

// TestGeneratedConditions: our steps, and CEL's own interpreter, say of every record what the condition means.
func TestGeneratedConditions(t *testing.T) {
	conditions, scenes := 10_000, 4
	if testing.Short() {
		conditions = 1_000
	}
	seed := uint64(time.Now().UnixNano())
	a := &author{Rand: rand.New(rand.NewPCG(seed, 0))}
	var verdicts [3]int
	interpreted := 0
	for range conditions {
		wrote := a.boolean(4)
		c, err := compile(wire.Kind_KIND_FILE, wrote.source, true)
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, wrote.source, err)
		}
		if c.step == nil {
			interpreted++
		}
		for range scenes {
			s := a.scene()
			want := map[any]Verdict{true: Match, false: NoMatch, nil: Undetermined}[wrote.means(s)]
			got, err := c.Judge(s.file, s.context())
			if err != nil || got != want {
				t.Fatalf("seed %d: %s\nof %+v\nis %d, %v, and means %d", seed, wrote.source, s, got, err, want)
			}
			if got, err = c.interpret(s.file, &judgement{Context: s.context()}); err != nil || got != want {
				t.Fatalf("seed %d: %s\nof %+v\nis %d to CEL's interpreter, %v, and means %d", seed, wrote.source, s, got, err, want)
			}
			verdicts[got]++
		}
	}
	t.Logf("%d conditions, %d only for the interpreter; no match %d, match %d, undetermined %d", conditions, interpreted, verdicts[NoMatch],
		verdicts[Match], verdicts[Undetermined])
	if interpreted > conditions/5 || min(verdicts[0], verdicts[1], verdicts[2]) < conditions/20 {
		t.Error("this says too little of the steps")
	}
}

// TestLoopsAreBounded: a list in a list in a list cannot keep the agent busy.
func TestLoopsAreBounded(t *testing.T) {
	c, err := Compile(wire.Kind_KIND_FILE, `file.labels.all(a, file.labels.all(b, file.labels.all(c, a + b + c != 'x')))`)
	if err != nil || c.step == nil {
		t.Fatal(c, err)
	}
	f := &wire.File{Labels: &wire.Strings{Items: strings.Split(strings.Repeat("l ", 500), " ")}}
	if v, err := c.Judge(f, Context{}); err == nil || v != Undetermined {
		t.Errorf("got %v, %v", v, err)
	}
}
