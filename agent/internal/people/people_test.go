package people

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/sdk"
)

func TestReadMap(t *testing.T) {
	good := "\ufeffperson,account\n# a note\nAda@acme.example, box/main/account/1\n\n-,box/main/accounts/2\n\"Lovelace, Ada\",github/s/account/x/y\n"
	m, err := ReadMap(strings.NewReader(good))
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range map[string]string{"box/main/account/1": "ada@acme.example", "box/main/account/2": "", "github/s/account/x/y": "Lovelace, Ada"} {
		r, err := record.ParseRef(ref)
		if who, ok := m.person(r); who != want || !ok || err != nil {
			t.Errorf("%s is of %q, %v", ref, who, ok)
		}
	}
	if n := len(m.Refs()); n != 3 {
		t.Errorf("it names %d accounts", n)
	}
	const head = "person,account\n"
	for text, want := range map[string]string{
		"who,what\n":                                "1: the first line must be",
		head + "a@b.c\n":                            "2:",
		head + "a@b.c,box/main\n":                   "2: \"box/main\" is no ref",
		head + "a@b.c,box/main/group/1\n":           "2: box/main/group/1 is no account",
		head + ",box/main/account/1\n":              "2: whose is box/main/account/1?",
		head + "a,b/c/account/1\nd,b/c/account/1\n": "3: b/c/account/1 is of a in another line",
		head + "\"a,b\n":                            "2:",
	} {
		if _, err := ReadMap(strings.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v; want %s", text, err, want)
		}
	}
}

func FuzzReadMap(f *testing.F) {
	f.Add("person,account\na@b.c,box/main/account/1\n-,box/main/account/2\n")
	f.Add("person,account\n\"a\nb\",x")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := ReadMap(strings.NewReader(text))
		if err != nil && len(m.Refs()) != 0 {
			t.Errorf("%v, and yet %v", err, m.Refs())
		}
	})
}

// TestDisputes: what disagrees is shown at everybody it concerns, with the reason, and a name only suggests.
func TestDisputes(t *testing.T) {
	c := plantedCompany()
	p := Join(slices.Clone(c.accounts), c.rules(t))
	cases := []struct{ human, why string }{
		{"one name 3 a", "the same name"},
		{"a tag 3 a", "the same e-mail but for dots or a tag: kim3+box@acme.example"},
		{"a dot 3 b", "the same e-mail but for dots or a tag: j.doe3@acme.example"},
		{"a domain that is not ours 3 a", "the same e-mail, which does not count: eve3@mail.example"},
		{"one mailbox, two accounts of an app 3 a", "e-mail front.desk3@acme.example stands at several accounts of box/main"},
		{"one mailbox, two names 3 a", "their names have nothing in common: "},
		{"a recycled address, the old account is gone from the directory 3 a", "the external id of box/main/account/"},
		{"a wrong external id between two e-mails 3 b", "they hang together, but have different addresses: alice3@acme.example, bob3@acme.example"},
		{"a short external id 3 a", "the same external id, too short to be sure: 1003"},
	}
	for _, c2 := range cases {
		n := slices.IndexFunc(c.accounts, func(a Account) bool { return c.human[a.Ref] == c2.human })
		got := p.Suggest(c.accounts[n].Ref)
		if !slices.ContainsFunc(got, func(s Suggestion) bool { return strings.HasPrefix(s.Why, c2.why) }) {
			t.Errorf("%s: %v; want %s", c2.human, got, c2.why)
		}
	}
}

// TestWrongID: a wrong external id costs only the account that bears it.
func TestWrongID(t *testing.T) {
	c := plantedCompany()
	p := Join(slices.Clone(c.accounts), c.rules(t))
	refs := p.Bearing("ALICE4@acme.example")
	if len(refs) != 2 || p.Of(refs[0]) != p.Of(refs[1]) {
		t.Errorf("%v are of %v and %v", refs, p.Of(refs[0]), p.Of(refs[1]))
	}
	want := &Person{
		ID: "alice4@acme.example", Emails: []string{"alice4@acme.example"},
		Accounts: []Joined{{refs[0], "e-mail alice4@acme.example"}, {refs[1], "e-mail alice4@acme.example"}},
	}
	if d := cmp.Diff(want, p.Of(refs[0])); d != "" {
		t.Error(d)
	}
}

func TestStrangers(t *testing.T) {
	for names, want := range map[[2]string]bool{
		{"Mary Jones", "Peter Vance"}: true, {"Mary Jones", "Jones, Maria"}: false, {"Robert Smith", "Bob S."}: false,
		{"Rob Berg", "Robert Mountain"}: false, {"Mary Jones", "mjones"}: false, {"Mary Jones", ""}: false, {"Иван Петров", "Ivan Petrov"}: false,
		{"Lee Kim", "Park Min"}: true,
	} {
		if strangers(names[0], names[1]) != want || strangers(names[1], names[0]) != want {
			t.Errorf("%q: want strangers %v", names, want)
		}
	}
}

func TestFinding(t *testing.T) {
	ref := func(id string) record.Ref {
		return record.Ref{Provider: "p", Instance: "i", Kind: sdk.KindAccount, ID: id}
	}
	p := Join([]Account{
		{Ref: ref("1"), Name: "zoe", DisplayName: "Zoë Zhang", Email: "Zoe@x.y"},
		{Ref: ref("2"), Name: "bot", Type: "bot", Email: "zoe@x.y"},
	}, Rules{Ours: func(_, d string) bool { return d == "x.y" }})
	for name, want := range map[string]string{"ZOË ZHANG": "[p/i/account/1]", "Zoe": "[p/i/account/1]", "zoe@x.y": "[p/i/account/1]", "zo": "[]"} {
		if got := fmt.Sprint(p.Named(name)); got != want {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := fmt.Sprint(p.Bearing(" zoe@X.y")); got != "[p/i/account/1 p/i/account/2]" {
		t.Error(got)
	}
	if p.Of(ref("2")) != nil || p.Of(ref("3")) != nil || p.Account(ref("3")) != nil || len(p.All()) != 1 {
		t.Error("a bot is a person")
	}
}
