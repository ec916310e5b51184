package judge

import (
	"context"

	"github.com/mooring-hq/mooring/agent/internal/policy"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

var (
	_ policy.Look  = look{}
	_ policy.Files = look{}
)

// look finds what conditions ask of other records: of this instance in its store, of others elsewhere.
type look struct {
	ctx context.Context //nolint:containedctx // of Run, during which it lives
	j   *Judge
}

// Account is part of policy.Look.
func (l look) Account(ref *wire.Ref) *wire.Account {
	switch {
	case ref == nil:
		return nil
	case l.here(ref):
		return l.j.reader.Account(l.ctx, ref)
	case l.j.Elsewhere != nil:
		return l.j.Elsewhere.Account(ref.GetInstance(), ref)
	}
	return nil
}

// here says whether a ref is of this instance.
func (l look) here(ref *wire.Ref) bool {
	i := ref.GetInstance()
	return i == "" || i == l.j.id()
}

// Group is part of policy.Look.
func (l look) Group(ref *wire.Ref) *wire.Group {
	if ref == nil || !l.here(ref) {
		return nil
	}
	return l.j.reader.Group(l.ctx, ref)
}

// File is part of policy.Files.
func (l look) File(ref *wire.Ref) *wire.File {
	if ref == nil || !l.here(ref) {
		return nil
	}
	return l.j.reader.File(l.ctx, ref)
}

// Groups is part of policy.Look.
func (l look) Groups(account *wire.Account) (groups []*wire.Group, all bool) {
	return l.j.reader.Groups(l.ctx, account)
}

// Person is part of policy.Look.
func (l look) Person(ref *wire.Ref) (accounts []policy.PersonAccount, known bool) {
	if l.j.Elsewhere == nil || ref == nil || !l.here(ref) {
		return nil, false
	}
	return l.j.Elsewhere.Person(l.j.refOf(wire.Kind_KIND_ACCOUNT, ref.GetId()), ref.GetEmail())
}

// Party is part of policy.Look.
func (l look) Party(domain string) (name string, known bool) {
	if l.j.Elsewhere == nil {
		return "", false
	}
	return l.j.Elsewhere.Party(domain)
}

// Verdict is part of policy.Look.
func (l look) Verdict(app *wire.Ref) (verdict string, known bool) {
	if l.j.Elsewhere == nil || app.GetId() == "" {
		return "", false
	}
	return l.j.Elsewhere.Verdict(l.j.refOf(wire.Kind_KIND_APP, app.GetId()))
}

// Country is part of policy.Look.
func (l look) Country(ip string) (code string, known bool) {
	if l.j.Elsewhere == nil {
		return "", false
	}
	return l.j.Elsewhere.Country(ip)
}
