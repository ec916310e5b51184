package policy

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/record"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// TestGroups: what belongs together is told apart by an address where there is one, else by an id, and not at all by what is
// not known.
func TestGroups(t *testing.T) {
	ann, two := &wire.Ref{Id: new("1"), Email: new("Ann@acme.example")}, &wire.Ref{Id: new("2")}
	for _, c := range []struct {
		group string
		m     wire.RecordMessage
		want  string
	}{
		{"owner", &wire.File{Id: "f", Owner: ann}, "ann@acme.example"},
		{"owner", &wire.File{Id: "f", Owner: two}, "2"},
		{"owner", &wire.File{Id: "f"}, ""},
		{"owner", &wire.Grant{Id: "g", Account: ann, CreatedBy: two}, "ann@acme.example"},
		{"owner", &wire.Grant{Id: "g", CreatedBy: two}, "2"},
		{"owner", &wire.Account{Id: "a", Name: new("ann")}, "a"},
		{"owner", &wire.Account{Id: "a", Email: new("Ann@acme.example")}, "ann@acme.example"},
		{"owner", &wire.Membership{Id: "m", Member: two}, "2"},
		{"actor", &wire.Activity{Id: "e", Actor: ann}, "ann@acme.example"},
		{"owner", &wire.Activity{Id: "e", Actor: two}, "2"},
		{"folder", &wire.File{Id: "f", Parent: two, Path: new("a/b")}, "2"},
		{"folder", &wire.File{Id: "f", Path: new("a/b/c.txt")}, "a/b"},
		{"folder", &wire.File{Id: "f", Path: new("c.txt")}, ""},
		{"record", &wire.App{Id: "app"}, "app"},
		{"none", &wire.App{Id: "app"}, ""},
	} {
		if got := (&Policy{Group: c.group}).GroupOf(c.m); got != c.want {
			t.Errorf("%s of %v: %q, want %q", c.group, c.m, got, c.want)
		}
	}
	for kind, want := range map[wire.Kind]string{
		wire.Kind_KIND_FILE: "owner", wire.Kind_KIND_ACTIVITY: "actor", wire.Kind_KIND_APP: "record", wire.Kind_KIND_SETTING: "record",
	} {
		if got := defaultGroup(kind); got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
	}
}

// TestRepeatCounts: whose an activity is, and what it adds.
func TestRepeatCounts(t *testing.T) {
	a := &wire.Activity{
		Id: "e", Actor: &wire.Ref{Id: new("1"), Email: new("Ann@acme.example")}, Ip: new("203.0.113.7"), Location: new("Portugal"), SessionId: new("s"),
		Targets: []*wire.Ref{{Id: new("f2")}, {Id: new("f1")}, {Id: new("f2")}, {}}, App: &wire.Ref{Id: new("app")}, UserAgent: new("u"), Action: new("x"),
	}
	in := Context{Look: acme(), Ref: record.Ref{Provider: "github", Instance: "sales"}}
	for by, want := range map[string][]string{
		"actor": {"ann@acme.example"}, "target": {"f1", "f2"}, "ip": {"203.0.113.7"}, "app": {"app"}, "session": {"s"}, "location": {"Portugal"},
		"country": {"fr"}, "user_agent": {"u"}, "action": {"x"}, "instance": {"github/sales"},
	} {
		if diff := cmp.Diff(want, (&Repeat{By: by}).Keys(a, in)); diff != "" {
			t.Errorf("%s: %s", by, diff)
		}
		if by == "instance" {
			continue
		}
		if got := (&Repeat{By: by}).Keys(&wire.Activity{Id: "e"}, in); len(got) != 0 {
			t.Errorf("%s of what is not known: %v", by, got)
		}
	}
	if len(RepeatFields()) != 10 {
		t.Error("a field has no case here")
	}
	a.Ip = new("198.51.100.1")
	if got := (&Repeat{Distinct: "country"}).Values(a, in); !cmp.Equal(got, []string{"pt"}) {
		t.Errorf("where no database knows the address, the provider's word counts: %v", got)
	}
	if got := (&Repeat{}).Values(a, in); !cmp.Equal(got, []string{"e"}) {
		t.Errorf("each counts: %v", got)
	}
}

func TestParties(t *testing.T) {
	p := NewParties(config.Organization{
		Domains: []string{"acme.example"}, Personal: []string{"freemail.example"}, Partners: []config.Partner{{Name: "globex", Domains: []string{"globex.example"}}},
	}, "reported.example")
	for domain, want := range map[string]string{
		"acme.example": Ours, "ACME.example.": Ours, "gmail.com": Personal, "freemail.example": Personal, "globex.example": "globex", "mail.globex.example": "globex",
		"sub.acme.example": Other, "x.gmail.com": Other, "reported.example": Other, "example": Other, "": Other, "notglobex.example": Other,
	} {
		if got, known := p.Party(domain); got != want || !known {
			t.Errorf("%q: %s %v, want %s", domain, got, known, want)
		}
	}
	reported := NewParties(config.Organization{}, "Acme.example")
	if got, known := reported.Party("acme.example"); got != Ours || !known {
		t.Errorf("what the providers report counts where nothing is written: %s", got)
	}
	nobody := NewParties(config.Organization{})
	if _, known := nobody.Party("acme.example"); known {
		t.Error("it may be ours")
	}
	if got, known := nobody.Party("gmail.com"); got != Personal || !known {
		t.Error("gmail.com is never ours", got)
	}
}

// TestNow: one judgement has one time, and it is the clock's where nobody says.
func TestNow(t *testing.T) {
	c, err := Compile(wire.Kind_KIND_FILE, `now() == now() && now() - duration('1h') == ago('1h') && since(now()) == duration('0s') && now() > timestamp('2026-01-01T00:00:00Z')`)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := c.Judge(&wire.File{Id: "f"}, Context{}); v != Match || err != nil {
		t.Error(v, err)
	}
	if v, err := c.Judge(&wire.File{Id: "f"}, Context{Now: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)}); v != NoMatch || err != nil {
		t.Error(v, err)
	}
}
