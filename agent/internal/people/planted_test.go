package people

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/sdk"
)

// company is accounts of four apps with the humans behind them.
type company struct {
	accounts []Account
	human    map[record.Ref]string
	mapped   strings.Builder
	groups   map[string]bool
	n        int
}

var apps = [...][2]string{{"okta", "main"}, {"google", "main"}, {"box", "main"}, {"github", "sales"}}

const (
	okta = iota
	google
	box
	github
)

// oktaID is like those of a real Okta: long enough that no chance repeats it.
func oktaID(n int) string { return fmt.Sprintf("00u%017x", n*7919) }

// add gives a human an account and returns its ref.
func (c *company) add(app int, human string, a Account) record.Ref {
	c.n++
	if a.Ref.ID == "" {
		a.Ref.ID = fmt.Sprint(100_000 + c.n)
		if app == okta {
			a.Ref.ID = oktaID(c.n)
		}
	}
	a.Ref.Provider, a.Ref.Instance, a.Ref.Kind = apps[app][0], apps[app][1], sdk.KindAccount
	if a.Type == "" {
		a.Type = "user"
	}
	c.accounts = append(c.accounts, a)
	c.human[a.Ref] = human
	return a.Ref
}

func (c *company) rules(t *testing.T) Rules {
	t.Helper()
	m, err := ReadMap(strings.NewReader("person,account\n" + c.mapped.String()))
	if err != nil {
		t.Fatal(err)
	}
	return Rules{
		Ours:   func(_, domain string) bool { return domain == "acme.example" },
		Shared: func(e string) bool { return c.groups[e] }, Map: m,
	}
}

// ordinary is somebody whose accounts must be found to be one human's.
func (c *company) ordinary(i int) {
	who, name := fmt.Sprint("ordinary ", i), fmt.Sprintf("Ann%d Miller%d", i, i)
	email := fmt.Sprintf("ann.miller%d@acme.example", i)
	id := c.add(okta, who, Account{Name: email, DisplayName: name, Email: email})
	c.add(google, who, Account{DisplayName: fmt.Sprintf("Miller%d, Ann%d", i, i), Email: strings.ToUpper(email)})
	switch i % 3 {
	case 0:
		c.add(box, who, Account{DisplayName: name, Email: email, ExternalID: id.ID})
		c.add(github, who, Account{Name: fmt.Sprint("am", i), ExternalID: id.ID})
	case 1:
		c.add(github, who, Account{Name: fmt.Sprint("am", i), NameID: " " + email})
	case 2:
		gh := c.add(github, who, Account{Name: fmt.Sprint("am", i), Email: fmt.Sprintf("me%d@home.example", i)})
		fmt.Fprintf(&c.mapped, "%s,%s\n", email, gh)
	}
}

// traps are pairs of humans that something makes look like one. Each plants two or more humans of its own.
var traps = []struct {
	name  string
	plant func(c *company, a, b string, i int)
}{
	{"one name", func(c *company, a, b string, i int) {
		c.add(okta, a, Account{DisplayName: "John Smith", Email: fmt.Sprintf("john.smith%d@acme.example", i)})
		c.add(github, b, Account{DisplayName: "John Smith", Name: fmt.Sprintf("john.smith%d", i)})
	}},
	{"a tag", func(c *company, a, b string, i int) {
		c.add(okta, a, Account{DisplayName: "Kim Lee", Email: fmt.Sprintf("kim%d@acme.example", i)})
		c.add(box, b, Account{DisplayName: "Kim Lee", Email: fmt.Sprintf("kim%d+box@acme.example", i)})
	}},
	{"a dot", func(c *company, a, b string, i int) {
		c.add(okta, a, Account{Email: fmt.Sprintf("j.doe%d@acme.example", i)})
		c.add(box, b, Account{Email: fmt.Sprintf("jdoe%d@acme.example", i)})
	}},
	{"letters that look alike", func(c *company, a, b string, i int) {
		c.add(okta, a, Account{Email: fmt.Sprintf("paul.koch%d@acme.example", i)})
		lookalike := [...]string{"pаul.koch%d@acme.example", "paul.\u212aoch%d@acme.example", "paul.koch%d@ACME\u200b.example", "ｐaul.koch%d@acme.example"}
		c.add(box, b, Account{Email: fmt.Sprintf(lookalike[i%len(lookalike)], i)})
	}},
	{"a domain that is not ours", func(c *company, a, b string, i int) {
		c.add(google, a, Account{Email: fmt.Sprintf("eve%d@mail.example", i)})
		c.add(github, b, Account{Email: fmt.Sprintf("eve%d@mail.example", i)})
	}},
	{"a mailbox of a duty", func(c *company, a, b string, i int) {
		duties := [perTrap]string{"support", "it", "Billing+eu", "security", "info", "hr", "office", "sales", "team", "root", "noc", "help"}
		email := duties[i] + "@acme.example"
		c.add(box, a, Account{DisplayName: fmt.Sprint("Bo Berg", i), Email: email, Ref: record.Ref{ID: fmt.Sprint("duty", i)}})
		c.add(github, b, Account{DisplayName: fmt.Sprint("Bo Berg", i), Email: email, Ref: record.Ref{ID: fmt.Sprint("duty", i)}})
	}},
	{"a group's address", func(c *company, a, b string, i int) {
		email := fmt.Sprintf("project%d@acme.example", i)
		c.groups[email] = true
		c.add(box, a, Account{Email: email})
		c.add(github, b, Account{Email: email})
	}},
	{"one mailbox, two accounts of an app", func(c *company, a, b string, i int) {
		email := fmt.Sprintf("front.desk%d@acme.example", i)
		c.add(box, a, Account{Email: email})
		c.add(box, b, Account{Email: email})
		c.add(google, [...]string{a, b}[i%2], Account{Email: email})
	}},
	{"one mailbox, two names", func(c *company, a, b string, i int) {
		email := fmt.Sprintf("desk%d@acme.example", i)
		c.add(box, a, Account{DisplayName: "Mary Jones", Email: email})
		c.add(google, b, Account{DisplayName: "Peter Vance", Email: email})
	}},
	{"a recycled address, the old account is still in the directory", func(c *company, a, b string, i int) {
		email := fmt.Sprintf("jane%d@acme.example", i)
		old := c.add(okta, a, Account{DisplayName: "Jane Roe", Email: email})
		c.add(okta, b, Account{DisplayName: "Jane Roe", Email: email})
		c.add(box, a, Account{DisplayName: "Jane Roe", Email: email, ExternalID: old.ID})
	}},
	{"a recycled address, the old account is gone from the directory", func(c *company, a, b string, i int) {
		email := fmt.Sprintf("joe%d@acme.example", i)
		c.add(okta, b, Account{DisplayName: "Joe Roe", Email: email})
		c.add(box, a, Account{DisplayName: "Joe Roe", Email: email, ExternalID: oktaID(900_000 + i)})
	}},
	{"a wrong external id between two e-mails", func(c *company, a, b string, i int) {
		alice := c.add(okta, a, Account{Email: fmt.Sprintf("alice%d@acme.example", i)})
		c.add(box, a, Account{Email: fmt.Sprintf("alice%d@acme.example", i)})
		c.add(okta, b, Account{Email: fmt.Sprintf("bob%d@acme.example", i)})
		c.add(github, b, Account{Email: fmt.Sprintf("bob%d@acme.example", i), ExternalID: alice.ID})
	}},
	{"a wrong external id, nobody else in the directory", func(c *company, a, b string, i int) {
		alice := c.add(okta, a, Account{Email: fmt.Sprintf("alix%d@acme.example", i)})
		c.add(box, b, Account{Email: fmt.Sprintf("rob%d@acme.example", i)})
		c.add(github, b, Account{Email: fmt.Sprintf("rob%d@acme.example", i), ExternalID: alice.ID})
	}},
	{"an external id and a name id that disagree", func(c *company, a, b string, i int) {
		alice := c.add(okta, a, Account{Email: fmt.Sprintf("ada%d@acme.example", i)})
		c.add(okta, b, Account{Email: fmt.Sprintf("ben%d@acme.example", i)})
		c.add(github, b, Account{ExternalID: alice.ID, NameID: fmt.Sprintf("ben%d@acme.example", i)})
	}},
	{"a long chain", func(c *company, a, b string, i int) {
		first := c.add(okta, a, Account{Email: fmt.Sprintf("one%d@acme.example", i)})
		c.add(google, b, Account{Email: fmt.Sprintf("two%d@acme.example", i), ExternalID: first.ID})
		c.add(box, b, Account{Email: fmt.Sprintf("two%d@acme.example", i), NameID: fmt.Sprintf("persistent-%d-4711", i)})
		c.add(github, a, Account{NameID: fmt.Sprintf("persistent-%d-4711", i), ExternalID: first.ID})
	}},
	{"a chain without addresses", func(c *company, a, b string, i int) {
		first := c.add(okta, a, Account{Name: "first"})
		second := c.add(okta, b, Account{Name: "second"})
		c.add(github, a, Account{ExternalID: first.ID, NameID: fmt.Sprintf("persistent-%d-0815", i)})
		c.add(box, b, Account{ExternalID: second.ID, NameID: fmt.Sprintf("persistent-%d-0815", i)})
	}},
	{"two in the directory", func(c *company, a, b string, i int) {
		c.add(okta, a, Account{NameID: fmt.Sprintf("persistent-%d-2342", i)})
		c.add(github, a, Account{NameID: fmt.Sprintf("persistent-%d-2342", i), Email: fmt.Sprintf("lou%d@acme.example", i)})
		c.add(okta, b, Account{Email: fmt.Sprintf("lou%d@acme.example", i)})
	}},
	{"a short external id", func(c *company, a, b string, i int) {
		c.add(google, a, Account{Email: fmt.Sprintf("gus%d@acme.example", i), ExternalID: fmt.Sprint(1000 + i)})
		c.add(box, b, Account{ExternalID: fmt.Sprint(1000 + i)})
		c.add(github, b+" too", Account{Ref: record.Ref{ID: fmt.Sprint(1000 + i)}})
	}},
	{"a service account with a human's address", func(c *company, a, b string, i int) {
		c.add(okta, a, Account{Email: fmt.Sprintf("sam%d@acme.example", i)})
		c.add(box, b, Account{Email: fmt.Sprintf("sam%d@acme.example", i), Type: "service"})
		c.add(github, b+" too", Account{Email: fmt.Sprintf("sam%d@acme.example", i), Type: "bot"})
	}},
	{"a guest with a stranger's unverified address", func(c *company, a, b string, i int) {
		c.add(google, a, Account{Email: fmt.Sprintf("guest%d@partner.example", i), Type: "guest"})
		c.add(github, b, Account{Email: fmt.Sprintf("guest%d@partner.example", i)})
	}},
	{"a guest who writes the address otherwise", func(c *company, a, b string, i int) {
		c.add(google, a, Account{Email: fmt.Sprintf("v.isitor%d@partner.example", i), Type: "guest"})
		c.add(box, b, Account{Email: fmt.Sprintf("visitor%d@partner.example", i), Type: "guest"})
	}},
	{"the map file against an address", func(c *company, a, b string, i int) {
		email := fmt.Sprintf("max%d@acme.example", i)
		c.add(okta, a, Account{Email: email})
		gh := c.add(github, b, Account{Email: email})
		fmt.Fprintf(&c.mapped, "somebody else %d,%s\n", i, gh)
		bot := c.add(box, b+" too", Account{Email: email})
		fmt.Fprintf(&c.mapped, "-,%s\n", bot)
	}},
}

// Each trap is planted that often, among ordinary people, so that there are 200 and more.
const (
	perTrap       = 12
	ordinaryCount = 300
)

func plantedCompany() *company {
	c := &company{human: map[record.Ref]string{}, groups: map[string]bool{}}
	for i := range ordinaryCount {
		c.ordinary(i)
	}
	for _, trap := range traps {
		for i := range perTrap {
			id := fmt.Sprint(trap.name, " ", i)
			trap.plant(c, id+" a", id+" b", i)
		}
	}
	return c
}

// TestPlanted: of 200 and more near-duplicates none is joined wrongly, and all ordinary people are found whole.
func TestPlanted(t *testing.T) {
	c := plantedCompany()
	if n := len(traps) * perTrap; n < 200 {
		t.Fatalf("only %d near-duplicates", n)
	}
	p := Join(slices.Clone(c.accounts), c.rules(t))
	count := map[string]int{}
	for _, a := range c.accounts {
		count[c.human[a.Ref]]++
	}
	seen := map[record.Ref]bool{}
	for _, who := range p.All() {
		human := c.human[who.Accounts[0].Ref]
		for _, a := range who.Accounts {
			if c.human[a.Ref] != human {
				t.Errorf("%s is joined with %s, by %s", c.human[a.Ref], human, a.By)
			}
			if seen[a.Ref] {
				t.Errorf("%s is of two persons", a.Ref)
			}
			seen[a.Ref] = true
			if p.Of(a.Ref).ID != who.ID {
				t.Errorf("%s is of %s, not of %s", a.Ref, p.Of(a.Ref).ID, who.ID)
			}
		}
		if strings.HasPrefix(human, "ordinary") && len(who.Accounts) != count[human] {
			t.Errorf("%s is in parts: %v", human, who)
		}
	}
	ids := map[string]bool{}
	for _, who := range p.All() {
		if ids[who.ID] {
			t.Errorf("two persons are called %s", who.ID)
		}
		ids[who.ID] = true
	}
}

// TestOrder: the same accounts give the same persons in whatever order they come.
func TestOrder(t *testing.T) {
	c := plantedCompany()
	want := fmt.Sprint(Join(slices.Clone(c.accounts), c.rules(t)).All())
	r := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		shuffled := slices.Clone(c.accounts)
		r.Shuffle(len(shuffled), func(a, b int) { shuffled[a], shuffled[b] = shuffled[b], shuffled[a] })
		if got := fmt.Sprint(Join(shuffled, c.rules(t)).All()); got != want {
			t.Fatal("another order gives other persons")
		}
	}
}

func BenchmarkJoin(b *testing.B) {
	c := &company{human: map[record.Ref]string{}}
	for i := range 25_000 {
		c.ordinary(i * 3) // four accounts each
	}
	rules := Rules{Ours: func(_, domain string) bool { return domain == "acme.example" }}
	b.ReportAllocs()
	for b.Loop() {
		p := Join(slices.Clone(c.accounts), rules)
		p.Suggest(c.accounts[5].Ref)
	}
	b.ReportMetric(float64(len(c.accounts)), "accounts")
}
