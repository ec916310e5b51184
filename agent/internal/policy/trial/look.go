package trial

import (
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// look finds what a test gives.
type look struct {
	*policy.Parties
	instance  string // of the records that are judged
	accounts  []given
	groups    []*wire.Group
	files     []*wire.File
	members   map[string][]string // by group
	verdicts  map[string]string
	countries map[string]string
}

// given is an account, and where it is.
type given struct {
	instance string
	*wire.Account
}

// lookups reads what surrounds the records.
func (r *reader) lookups() {
	o := r.organization
	o.Domains = append(slices.Clone(o.Domains), standard)
	for _, name := range r.objectKeys("partners") {
		o.Partners = append(o.Partners, config.Partner{Name: name[0], Domains: []string{name[1]}})
	}
	ref := r.test.context.Ref
	r.look = &look{
		Parties: policy.NewParties(o), instance: ref.Provider + "/" + ref.Instance, members: map[string][]string{},
		verdicts: r.texts("verdicts"), countries: r.texts("countries"),
	}
	for _, b := range r.Blocks("given") {
		r.given(b)
	}
	r.test.context.Look = r.look
}

// texts reads an object of texts.
func (r *reader) texts(name string) map[string]string {
	m := map[string]string{}
	for _, pair := range r.objectKeys(name) {
		m[pair[0]] = pair[1]
	}
	return m
}

func (r *reader) objectKeys(name string) (pairs [][2]string) {
	a := r.Attribute(name)
	if a == nil {
		return nil
	}
	o, ok := a.Expr.(*hclsyntax.ObjectConsExpr)
	if !ok {
		r.Errorf(a.Expr.Range(), "", "%s must be an object of texts; this is %s", name, syntax.Describe(a.Expr))
		return nil
	}
	for _, item := range o.Items {
		key, okKey := keyOf(item.KeyExpr)
		text, okText := syntax.Text(item.ValueExpr)
		if !okKey || !okText {
			r.Errorf(item.KeyExpr.Range(), "", "%s must be an object of texts", name)
			continue
		}
		pairs = append(pairs, [2]string{key, text})
	}
	return pairs
}

// given reads another record: given "account" "okta/main" { … }.
func (r *reader) given(b *hclsyntax.Block) {
	const hint = `write given "account" { … }, or given "account" "okta/main" { … }`
	if len(b.Labels) == 0 || len(b.Labels) > 2 {
		r.Errorf(b.TypeRange, hint, "given needs a kind, and may name an instance")
		return
	}
	instance := r.look.instance
	if len(b.Labels) == 2 {
		instance = b.Labels[1]
	}
	switch kind, _ := sdk.ParseKind(b.Labels[0]); kind { //nolint:exhaustive // conditions ask for no others
	case wire.Kind_KIND_ACCOUNT:
		m, _ := r.body(kind, b.Body, "given")
		r.derive(m)
		if a, ok := m.(*wire.Account); ok {
			r.look.accounts = append(r.look.accounts, given{instance, a})
		}
	case wire.Kind_KIND_GROUP:
		m, rest := r.body(kind, b.Body, "given", "members")
		g, ok := m.(*wire.Group)
		if !ok {
			return
		}
		r.look.groups = append(r.look.groups, g)
		if a := rest["members"]; a != nil {
			for _, item := range r.TextsOf(a) {
				r.look.members[g.GetId()] = append(r.look.members[g.GetId()], item.Text)
			}
		}
	case wire.Kind_KIND_FILE:
		m, _ := r.body(kind, b.Body, "given")
		r.derive(m)
		if f, ok := m.(*wire.File); ok {
			r.look.files = append(r.look.files, f)
		}
	default:
		r.Errorf(b.LabelRanges[0], hint, "conditions look for accounts, groups and files, not for %q", syntax.Short(b.Labels[0]))
	}
}

// Account is part of policy.Look.
func (l *look) Account(ref *wire.Ref) *wire.Account {
	for _, g := range l.accounts {
		if g.instance == l.instance && meant(ref, g.GetId(), g.GetEmail()) {
			return g.Account
		}
	}
	return nil
}

// meant tells whether a ref means what has this id and address.
func meant(ref *wire.Ref, id, email string) bool {
	if ref.GetId() != "" {
		return ref.GetId() == id
	}
	return email != "" && strings.EqualFold(ref.GetEmail(), email)
}

// File is part of policy.Files.
func (l *look) File(ref *wire.Ref) *wire.File {
	for _, f := range l.files {
		if f.GetId() == ref.GetId() {
			return f
		}
	}
	return nil
}

// Group is part of policy.Look.
func (l *look) Group(ref *wire.Ref) *wire.Group {
	for _, g := range l.groups {
		if meant(ref, g.GetId(), g.GetEmail()) {
			return g
		}
	}
	return nil
}

// Groups is part of policy.Look. Where a test gives groups, they are all.
func (l *look) Groups(a *wire.Account) (groups []*wire.Group, all bool) {
	for _, g := range l.groups {
		if members := l.members[g.GetId()]; slices.Contains(members, a.GetId()) || a.Email != nil && slices.Contains(members, a.GetEmail()) {
			groups = append(groups, g)
		}
	}
	return groups, len(l.groups) > 0
}

// Person is part of policy.Look: accounts of one address are one person's.
func (l *look) Person(ref *wire.Ref) (accounts []policy.PersonAccount, known bool) {
	email := record.Email(ref.GetEmail())
	if a := l.Account(ref); email == "" && a != nil {
		email = record.Email(a.GetEmail())
	}
	for _, g := range l.accounts {
		if email != "" && record.Email(g.GetEmail()) == email {
			provider, name, _ := strings.Cut(g.instance, "/")
			accounts = append(accounts, policy.PersonAccount{Provider: provider, Instance: name, Account: g.Account})
		}
	}
	return accounts, len(l.accounts) > 0 && email != ""
}

// Verdict is part of policy.Look.
func (l *look) Verdict(app *wire.Ref) (verdict string, known bool) {
	if v, ok := l.verdicts[app.GetId()]; ok {
		return v, true
	}
	return "none", true
}

// Country is part of policy.Look.
func (l *look) Country(ip string) (code string, known bool) {
	code, known = l.countries[ip]
	return code, known
}

// derive is what derived fields of the records stand on.
func (l *look) derive() record.Lookup {
	return record.Lookup{
		Account: func(id string) *wire.Account { return l.Account(&wire.Ref{Id: &id}) },
		Group:   l.Group,
	}
}
