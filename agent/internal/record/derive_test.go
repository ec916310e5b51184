package record

import (
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func text[T any](p *T, f func(T) string) string {
	if p == nil {
		return "unknown"
	}
	return f(*p)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func TestExternal(t *testing.T) {
	cases := []struct{ domains, email, want string }{
		{"acme.example", "a@acme.example", "no"},
		{"ACME.example", "a@Acme.EXAMPLE", "no"},
		{"acme.example", "a@evil-acme.example", "yes"},
		{"acme.example", "a@eu.acme.example", "yes"},
		{"acme.example", "a@b@acme.example", "no"},
		{"acme.example", "", "unknown"},
		{"acme.example", "nobody", "unknown"},
		{"acme.example", "a@", "unknown"},
		{"", "a@acme.example", "unknown"},
	}
	for _, c := range cases {
		o := NewOrganisation()
		if c.domains != "" {
			o = NewOrganisation(c.domains)
		}
		a := &sdk.Account{Email: &c.email, External: new(true)}
		if c.email == "" {
			a.Email = nil
		}
		o.Derive(a, Lookup{})
		if got := text(a.External, yes); got != c.want {
			t.Errorf("%q of %q: %s, want %s", c.email, c.domains, got, c.want)
		}
	}
}

func TestAdmin(t *testing.T) {
	plain, root, odd := &sdk.Role{Privileged: new(false)}, &sdk.Role{Privileged: new(true)}, &sdk.Role{}
	cases := []struct {
		name  string
		said  *bool
		roles []*wire.Role
		all   bool
		want  string
	}{
		{"the vendor says no", new(false), []*wire.Role{root}, true, "no"},
		{"a privileged role", nil, []*wire.Role{odd, root}, false, "yes"},
		{"none of all", nil, []*wire.Role{plain}, true, "no"},
		{"no role at all", nil, nil, true, "no"},
		{"none of some", nil, []*wire.Role{plain}, false, "unknown"},
		{"a role nobody knows", nil, []*wire.Role{plain, odd}, true, "unknown"},
	}
	for _, c := range cases {
		a := &sdk.Account{Id: "a", Admin: c.said}
		NewOrganisation().Derive(a, Lookup{Roles: func(string) ([]*wire.Role, bool) { return c.roles, c.all }})
		if got := text(a.Admin, yes); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	a := &sdk.Account{}
	if NewOrganisation().Derive(a, Lookup{}); a.Admin != nil {
		t.Error("without a look-up admin is known")
	}
}

func TestExternalMembers(t *testing.T) {
	in, out, odd := &sdk.Account{External: new(false)}, &sdk.Account{External: new(true)}, &sdk.Account{}
	cases := []struct {
		members []*wire.Account
		all     bool
		want    string
	}{
		{[]*wire.Account{in, out}, false, "yes"},
		{[]*wire.Account{in}, true, "no"},
		{nil, true, "no"},
		{[]*wire.Account{in}, false, "unknown"},
		{[]*wire.Account{in, odd}, true, "unknown"},
	}
	for i, c := range cases {
		g := &sdk.Group{Id: "g"}
		NewOrganisation().Derive(g, Lookup{Members: func(string) ([]*wire.Account, bool) { return c.members, c.all }})
		if got := text(g.ExternalMembers, yes); got != c.want {
			t.Errorf("case %d: %s, want %s", i, got, c.want)
		}
	}
}

func TestAccessLevel(t *testing.T) {
	owner := &sdk.Access{Principal: sdk.To(sdk.KindAccount, "me"), Role: new("owner")}
	mail := func(m string) *sdk.Access {
		return &sdk.Access{Principal: &sdk.Ref{Kind: 1, Email: &m}, Role: new("read")}
	}
	group := func(id string) *sdk.Access {
		return &sdk.Access{Principal: sdk.To(sdk.KindGroup, id), Role: new("read")}
	}
	link := func(scope string) *sdk.Access { return &sdk.Access{LinkScope: &scope} }
	list := func(a ...*sdk.Access) *sdk.AccessList { return &sdk.AccessList{Items: a, Complete: true} }
	cases := []struct {
		name  string
		said  string
		list  *sdk.AccessList
		level string
	}{
		{"the connector says public", "public", list(owner), "public"},
		{"the connector may not say private", "private", nil, "unknown"},
		{"no list", "", nil, "unknown"},
		{"nobody", "", list(), "private"},
		{"the owner", "", list(owner), "private"},
		{"the owner's second entry", "", list(owner, owner), "private"},
		{"two owners", "", list(owner, &sdk.Access{Principal: &sdk.Ref{Email: new("a@acme.example")}, Role: new("owner")}), "internal"},
		{"one of us", "", list(owner, mail("a@acme.example")), "internal"},
		{"one of them", "", list(owner, mail("a@acme.example"), mail("x@other.example")), "external"},
		{"one of them, list cut", "", &sdk.AccessList{Items: []*sdk.Access{mail("x@other.example")}}, "external"},
		{"one of us, list cut", "", &sdk.AccessList{Items: []*sdk.Access{mail("a@acme.example")}}, "unknown"},
		{"somebody unknown", "", list(owner, &sdk.Access{Principal: sdk.To(sdk.KindAccount, "who")}), "unknown"},
		{"a guest", "", list(owner, &sdk.Access{Principal: sdk.To(sdk.KindAccount, "guest")}), "external"},
		{"a group of ours", "", list(owner, group("ours")), "internal"},
		{"a mixed group", "", list(owner, group("mixed")), "external"},
		{"a group by its address", "", list(owner, &sdk.Access{Principal: &sdk.Ref{Kind: sdk.KindGroup, Email: new("mixed@acme.example")}}), "external"},
		{"who may be a group", "", list(owner, &sdk.Access{Principal: &sdk.Ref{Email: new("mixed@acme.example")}}), "external"},
		{"a group nobody knows", "", list(owner, group("odd")), "unknown"},
		{"a link for us", "", list(owner, link("organization")), "internal"},
		{"a link for all, after one of them", "", list(mail("x@other.example"), link("anyone")), "link"},
		{"an app", "", list(owner, &sdk.Access{Principal: sdk.To(sdk.KindApp, "bot")}), "internal"},
	}
	look := Lookup{
		Account: func(id string) *wire.Account {
			if id == "guest" {
				return &wire.Account{External: new(true)}
			}
			return nil
		},
		Group: func(ref *wire.Ref) *wire.Group {
			id, _, _ := strings.Cut(ref.GetId()+ref.GetEmail(), "@")
			return map[string]*wire.Group{"ours": {ExternalMembers: new(false)}, "mixed": {ExternalMembers: new(true)}, "odd": {}}[id]
		},
	}
	for _, c := range cases {
		f := &sdk.File{Access: c.list}
		if c.said != "" {
			f.AccessLevel = &c.said
		}
		NewOrganisation("acme.example").Derive(f, look)
		if got := text(f.AccessLevel, func(s string) string { return s }); got != c.level {
			t.Errorf("%s: %s, want %s", c.name, got, c.level)
		}
	}
}
