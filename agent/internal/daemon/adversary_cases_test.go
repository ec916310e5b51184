package daemon

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// each gives a listing whose records are others, all or every second of them; nil: it lacks one.
func each[R sdk.Record](listing string, step int, other func(n int, r R) sdk.Record) func(snapshot) {
	return func(s snapshot) {
		var out []sdk.Record
		for n, r := range s[listing] {
			typed, ok := r.(R)
			if !ok || n%step != 0 {
				out = append(out, r)
				continue
			}
			if o := other(n, typed); o != nil {
				out = append(out, o)
			}
		}
		s[listing] = out
	}
}

func account(change func(n int, a *sdk.Account)) func(int, *sdk.Account) sdk.Record {
	return func(n int, a *sdk.Account) sdk.Record { change(n, a); return a }
}

func member(change func(n int, m *sdk.Membership)) func(int, *sdk.Membership) sdk.Record {
	return func(n int, m *sdk.Membership) sdk.Record { change(n, m); return m }
}

func document(change func(n int, f *sdk.File)) func(int, *sdk.File) sdk.Record {
	return func(n int, f *sdk.File) sdk.Record { change(n, f); return f }
}

func anyone() *wire.AccessList {
	return &wire.AccessList{Complete: true, Items: []*wire.Access{
		{Principal: &wire.Ref{Kind: sdk.KindAccount}, Role: new("read"), LinkScope: new("anyone")},
	}}
}

// twists are what a provider's lists may be all of a sudden, each for all records of a listing or for every second.
func twists(step int) map[string]func(snapshot) {
	return map[string]func(snapshot){
		"accounts gone":          each("accounts", step, func(int, *sdk.Account) sdk.Record { return nil }),
		"accounts renamed":       each("accounts", step, account(func(_ int, a *sdk.Account) { a.Id = "x" + a.Id })),
		"accounts of one id":     each("accounts", step, account(func(_ int, a *sdk.Account) { a.Id = "a000" })),
		"accounts suspended":     each("accounts", step, account(func(_ int, a *sdk.Account) { a.Status = new("suspended") })),
		"accounts deleted":       each("accounts", step, account(func(_ int, a *sdk.Account) { a.Status = new("deleted") })),
		"accounts blank":         each("accounts", step, func(_ int, a *sdk.Account) sdk.Record { return &sdk.Account{Id: a.GetId()} }),
		"accounts without mfa":   each("accounts", step, account(func(_ int, a *sdk.Account) { a.Mfa = new("off") })),
		"e-mails of strangers":   each("accounts", step, account(func(_ int, a *sdk.Account) { a.Email = new(a.GetId() + "@evil.example") })),
		"e-mails of one":         each("accounts", step, account(func(_ int, a *sdk.Account) { a.Email = new("a001@acme.example") })),
		"renamed and suspended":  each("accounts", step, account(func(_ int, a *sdk.Account) { a.Id, a.Status = "x"+a.Id, new("suspended") })),
		"groups gone":            each("groups", step, func(int, *sdk.Group) sdk.Record { return nil }),
		"groups renamed":         each("groups", step, func(_ int, g *sdk.Group) sdk.Record { g.Id, g.Name = "x"+g.Id, new("x"); return g }),
		"members gone":           each("members", step, func(int, *sdk.Membership) sdk.Record { return nil }),
		"members renamed":        each("members", step, member(func(_ int, m *sdk.Membership) { m.Id = "x" + m.Id })),
		"members of one id":      each("members", step, member(func(_ int, m *sdk.Membership) { m.Id = "ma000" })),
		"members elsewhere":      each("members", step, member(func(_ int, m *sdk.Membership) { m.Container = sdk.To(sdk.KindGroup, "board") })),
		"members nobody knows":   each("members", step, member(func(_ int, m *sdk.Membership) { m.Member = sdk.To(sdk.KindAccount, "nobody") })),
		"members are groups":     each("members", step, member(func(_ int, m *sdk.Membership) { m.Member.Kind = sdk.KindGroup })),
		"members are owners":     each("members", step, member(func(_ int, m *sdk.Membership) { m.Role = new("owner") })),
		"files gone":             each("files", step, func(int, *sdk.File) sdk.Record { return nil }),
		"files renamed":          each("files", step, document(func(_ int, f *sdk.File) { f.Id = "x" + f.Id })),
		"files open":             each("files", step, document(func(_ int, f *sdk.File) { f.AccessLevel, f.Access = nil, anyone() })),
		"files said to be open":  each("files", step, document(func(_ int, f *sdk.File) { f.AccessLevel = new("public") })),
		"files without access":   each("files", step, document(func(_ int, f *sdk.File) { f.Access = &wire.AccessList{Complete: true} })),
		"files of nobody":        each("files", step, document(func(_ int, f *sdk.File) { f.Owner = nil })),
		"files of a stranger":    each("files", step, document(func(_ int, f *sdk.File) { f.Owner = sdk.To(sdk.KindAccount, "nobody") })),
		"renamed and open":       each("files", step, document(func(_ int, f *sdk.File) { f.Id, f.AccessLevel = "x"+f.Id, new("public") })),
		"accounts, members gone": both(each("accounts", step, func(int, *sdk.Account) sdk.Record { return nil }), each("members", step, func(int, *sdk.Membership) sdk.Record { return nil })),
	}
}

func both(one, other func(snapshot)) func(snapshot) {
	return func(s snapshot) { one(s); other(s) }
}

// swaps concern all at once.
func swaps() map[string]func(snapshot) {
	return map[string]func(snapshot){
		"everything gone":     func(s snapshot) { clear(s) },
		"each record twice":   func(s snapshot) { double(s) },
		"kinds swapped":       func(s snapshot) { s["accounts"], s["files"] = s["files"], s["accounts"] },
		"members as accounts": func(s snapshot) { s["accounts"] = s["members"] },
		"backwards":           func(s snapshot) { slices.Reverse(s["accounts"]); slices.Reverse(s["files"]) },
		"e-mails swapped":     func(s snapshot) { swapEmails(s["accounts"]) },
		"ids swapped":         func(s snapshot) { swapIDs(s["accounts"]) },
	}
}

func double(s snapshot) {
	for l, records := range s {
		s[l] = slices.Concat(records, records)
	}
}

func swapEmails(accounts []sdk.Record) {
	for n := 0; n+1 < len(accounts); n += 2 {
		a, b := accounts[n].(*sdk.Account), accounts[n+1].(*sdk.Account)
		a.Email, b.Email = b.Email, a.Email
	}
}

func swapIDs(accounts []sdk.Record) {
	for n := 0; n+1 < len(accounts); n += 2 {
		a, b := accounts[n].(*sdk.Account), accounts[n+1].(*sdk.Account)
		a.Id, b.Id = b.Id, a.Id
	}
}

func copied(s snapshot) snapshot {
	out := snapshot{}
	for l, records := range s {
		for _, r := range records {
			out[l] = append(out[l], proto.Clone(r.(proto.Message)).(sdk.Record)) //nolint:forcetypeassert // a clone is of its own type
		}
	}
	return out
}

// TestListsThatLie: whatever the lists say all of a sudden, of the instance itself or of the one that policies ask about people,
// no action that cannot wait for a person is carried out; when they are right again, what one record is about is done at once.
func TestListsThatLie(t *testing.T) {
	cases := map[string]func(main, hr snapshot){}
	for name, twist := range swaps() {
		cases[name] = func(main, _ snapshot) { twist(main) }
		cases["hr: "+name] = func(_, hr snapshot) { twist(hr) }
	}
	for word, step := range map[string]int{"all ": 1, "half of ": 2, "a third of ": 3} {
		if step > 1 && testing.Short() {
			continue
		}
		for name, twist := range twists(step) {
			cases[word+name] = func(main, _ snapshot) { twist(main) }
		}
		for _, name := range []string{"accounts gone", "accounts suspended", "accounts renamed", "renamed and suspended", "e-mails of one"} {
			twist := twists(step)[name]
			cases["hr: "+word+name] = func(_, hr snapshot) { twist(hr) }
		}
	}
	if len(cases) < 50 && !testing.Short() {
		t.Fatalf("%d cases", len(cases))
	}
	for name, twist := range cases {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { lie(t, twist) })
		})
	}
}

func lie(t *testing.T, twist func(main, hr snapshot)) {
	t.Helper()
	g := newGoverned(t, &config.Config{Policies: enforcing()})
	for range 2 {
		g.pass(sound(), personnel())
	}
	if did := g.main.done(); did != nil {
		t.Fatalf("a first look leads to %v", did)
	}
	main, hr := sound(), personnel()
	twist(main, hr)
	for range 3 {
		g.pass(copied(main), copied(hr))
	}
	g.pass(sound(), personnel())
	g.pass(sound(), personnel())
	if did := g.main.done(); did != nil {
		t.Errorf("%d actions nobody approved were carried out: %v", len(did), did[:min(len(did), 5)])
	}
	time.Sleep(2 * time.Hour)
	g.pass(sound(), personnel())
	main, hr = sound(), personnel()
	main["files"][3].(*sdk.File).AccessLevel = new("public")   //nolint:forcetypeassert // see sound
	main["accounts"][5].(*sdk.Account).Mfa = new("off")        //nolint:forcetypeassert // the same
	hr["accounts"][9].(*sdk.Account).Status = new("suspended") //nolint:forcetypeassert // the same
	main["accounts"] = append(main["accounts"], &sdk.Account{Id: "new"})
	g.pass(main, hr)
	want := []string{"make_private fa003", "suspend a005", "suspend a009", "suspend new", "suspend new"}
	if did := g.main.done(); !slices.Equal(did, want) {
		t.Errorf("real changes lead to %v, want %v", did, want)
	}
}
