package policy

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// author writes conditions on files at random.
type author struct {
	*rand.Rand
	variables []string // of the loops around
}

func (a *author) one(of ...string) string { return of[a.IntN(len(of))] }

func (a *author) boolean(depth int) string {
	if depth <= 0 {
		return a.one("file.trashed", "file.quarantined", "true", "false", "known(file.owner)", "known(file.name)")
	}
	d := depth - 1
	switch a.IntN(16) {
	case 0, 1:
		return "(" + a.boolean(d) + " && " + a.boolean(d) + ")"
	case 2, 3:
		return "(" + a.boolean(d) + " || " + a.boolean(d) + ")"
	case 4:
		return "!(" + a.boolean(d) + ")"
	case 5:
		return "(" + a.boolean(d) + " ? " + a.boolean(d) + " : " + a.boolean(d) + ")"
	case 6:
		return a.text(d) + a.one(" == ", " != ", " < ", " >= ") + a.text(d)
	case 7:
		return a.number(d) + a.one(" == ", " != ", " < ", " <= ", " > ", " >= ") + a.number(d)
	case 8:
		return a.time(d) + a.one(" < ", " > ", " == ", " != ") + a.time(d)
	case 9:
		return a.text(d) + a.one(".startsWith", ".endsWith", ".contains") + "(" + a.text(0) + ")"
	case 10:
		return a.text(d) + " in " + a.one("['a', 'key.pem', 'x@acme.example']", "file.labels", "file.attributes", "['link', 'public']")
	case 11:
		return "known(" + a.one(a.text(d), a.boolean(d), a.number(d)) + ")"
	case 12:
		return a.text(d) + a.one(".glob('*.pem')", ".matches('^k.*m$')", ".in_cidr('10.0.0.0/8')")
	case 13:
		return a.loop("file.access", d)
	case 14:
		return a.loop("file.labels", d)
	default:
		return a.boolean(0)
	}
}

// loop writes a macro whose variable may be used in it.
func (a *author) loop(list string, depth int) string {
	v := fmt.Sprintf("v%d", len(a.variables))
	a.variables = append(a.variables, v+" "+list)
	defer func() { a.variables = a.variables[:len(a.variables)-1] }()
	return list + "." + a.one("exists", "all", "exists_one") + "(" + v + ", " + a.boolean(depth) + ")"
}

func (a *author) text(depth int) string {
	if n := len(a.variables); n > 0 && a.IntN(2) == 0 {
		v, list, _ := strings.Cut(a.variables[a.IntN(n)], " ")
		if list == "file.labels" {
			return v
		}
		return a.one("("+v+".role + '')", v+".via", v+".principal.email", "("+v+".principal.kind + '')")
	}
	if depth > 0 && a.IntN(4) == 0 {
		return a.one("("+a.text(depth-1)+" + "+a.text(0)+")", a.text(depth-1)+".domain()", a.text(0)+".lowerAscii()",
			"("+a.boolean(depth-1)+" ? "+a.text(0)+" : "+a.text(0)+")")
	}
	return a.one("file.id", "file.name", "file.path", "file.owner.email", "file.owner.name", "file.modified_by.email", "(file.owner.kind + '')",
		"file.attributes['branch']", "file.attributes['none']", "'key.pem'", "'x@acme.example'", "'10.1.2.3'", "''")
}

func (a *author) number(depth int) string {
	if depth > 0 && a.IntN(3) == 0 {
		return a.one("("+a.number(depth-1)+" + "+a.number(0)+")", "("+a.number(depth-1)+" - "+a.number(0)+")", "size("+a.text(0)+")",
			"size(file.labels)", "size(file.access)", "size(file.attributes)")
	}
	return a.one("file.size_bytes", "0", "7", "2000", "9223372036854775807")
}

func (a *author) time(depth int) string {
	if depth > 0 && a.IntN(3) == 0 {
		return "(" + a.time(0) + a.one(" + ", " - ") + "duration('36h'))"
	}
	return a.one("file.created_at", "file.modified_at", "timestamp('2026-11-20T00:00:00Z')", "timestamp('2026-11-20T00:00:00Z')")
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

// TestGeneratedConditions: our steps say of every record what CEL's own interpreter says.
func TestGeneratedConditions(t *testing.T) {
	conditions, records := 10_000, 4
	if testing.Short() {
		conditions = 1_000
	}
	seed := uint64(time.Now().UnixNano())
	a := &author{Rand: rand.New(rand.NewPCG(seed, 0))}
	var verdicts [3]int
	interpreted := 0
	for range conditions {
		source := a.boolean(4)
		c, err := Compile(wire.Kind_KIND_FILE, source)
		if err != nil {
			t.Fatalf("seed %d: %s: %v", seed, source, err)
		}
		if c.step == nil {
			interpreted++
			continue
		}
		for range records {
			f := a.file()
			got, err := c.Judge(f, Context{})
			if err != nil {
				t.Fatalf("seed %d: %s: %v", seed, source, err)
			}
			want, err := c.interpret(f, &judgement{})
			if err != nil {
				t.Fatalf("seed %d: %s: %v", seed, source, err)
			}
			if got != want {
				t.Fatalf("seed %d: %s\nof %v\nis %d, CEL's interpreter says %d", seed, source, f, got, want)
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
