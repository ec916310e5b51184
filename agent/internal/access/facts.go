package access

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// put turns the facets of one record into edges. Of each field the first facet that knows it speaks.
type put struct {
	g *Graph
	Record
	n int32
}

func (p *put) facts() {
	switch p.Key.Kind {
	case wire.Kind_KIND_ACCOUNT:
		p.account()
	case wire.Kind_KIND_GROUP:
		p.group()
	case wire.Kind_KIND_ROLE:
		p.role()
	case wire.Kind_KIND_MEMBERSHIP:
		p.membership()
	case wire.Kind_KIND_FILE:
		p.file()
	case wire.Kind_KIND_GRANT:
		p.grant()
	case wire.Kind_KIND_UNSPECIFIED, wire.Kind_KIND_ACTIVITY, wire.Kind_KIND_APP, wire.Kind_KIND_SETTING, wire.Kind_KIND_OTHER,
		wire.Kind_KIND_PERSON:
	}
}

// first gives a field from the first facet that knows it, and that facet's home.
func first[M wire.RecordMessage, V any](p *put, get func(M) *V) (*V, int32) {
	for _, f := range p.Facets {
		if m, ok := f.Record.(M); ok {
			if v := get(m); v != nil {
				return v, p.g.home(f.Home)
			}
		}
	}
	return nil, p.g.list[p.n].home
}

// text is a field's text; what is unknown is empty.
func text[M wire.RecordMessage](p *put, get func(M) *string) string {
	s, _ := first(p, get)
	if s == nil {
		return ""
	}
	return *s
}

func (p *put) account() {
	switch s := text(p, func(a *wire.Account) *string { return a.Status }); s {
	case "suspended", "deleted", "invited":
		p.g.list[p.n].inactive = p.g.word("the account is " + s)
	}
	if email, home := first(p, func(a *wire.Account) *string { return a.Email }); email != nil {
		p.bears(*email, home)
	}
}

func (p *put) bears(email string, home int32) {
	if address := record.Email(email); address != "" {
		p.g.add(p.n, fact{thing: p.node(Address(p.Key.Instance, address)), holder: p.n, how: Bears, home: home})
	}
}

func (p *put) group() {
	if email, home := first(p, func(g *wire.Group) *string { return g.Email }); email != nil {
		p.bears(*email, home)
	}
	parent, home := first(p, func(g *wire.Group) *wire.Ref { return g.Parent })
	key, ok := p.target(parent)
	if !ok {
		return
	}
	inner := fact{thing: key, holder: p.n, how: Within, home: home}
	outer := fact{thing: p.n, holder: key, how: Inherits, home: home}
	switch text(p, func(g *wire.Group) *string { return g.Type }) {
	case "team", "group", "org_unit": // who is in the inner one is in the outer one
		p.g.add(p.n, inner)
	case "account", "project", "folder", "subscription", "organization": // what is given on the outer one holds in the inner one
		p.g.add(p.n, outer)
	default:
		inner.weak = "it is not known whether its members count in the group above it"
		outer.weak = "it is not known whether access to the group above it counts here"
		p.g.add(p.n, inner)
		p.g.add(p.n, outer)
	}
}

func (p *put) role() {
	if v, home := first(p, func(r *wire.Role) *bool { return r.Privileged }); v != nil && *v {
		p.g.add(p.n, fact{
			thing: p.node(Administrators(p.Key.Instance)), holder: p.n, how: Holds, home: home,
			weak: mayTake,
		})
	}
}

func (p *put) membership() {
	container, home := first(p, func(m *wire.Membership) *wire.Ref { return m.Container })
	member, _ := first(p, func(m *wire.Membership) *wire.Ref { return m.Member })
	holder, ok := p.target(member)
	if !ok {
		return
	}
	f := fact{holder: holder, how: Member, home: home, role: text(p, func(m *wire.Membership) *string { return m.Role })}
	switch s := text(p, func(m *wire.Membership) *string { return m.State }); s {
	case "eligible", "pending":
		f.weak = "the membership is " + s
	}
	if c := text(p, func(m *wire.Membership) *string { return m.Condition }); c != "" {
		f.weak = "only under a condition: " + c
	}
	if at, _ := first(p, func(m *wire.Membership) *timestamppb.Timestamp { return m.ExpiresAt }); at != nil {
		f.expires = at.AsTime()
	}
	if scope, _ := first(p, func(m *wire.Membership) *wire.Ref { return m.Scope }); scope != nil {
		f.pass = "the role holds only on a part"
		if thing, ok := p.target(scope); ok {
			on := f
			on.thing, on.how, on.pass = thing, Scoped, ""
			on.role = nameOf(container)
			p.g.add(p.n, on)
		}
	}
	switch container.GetKind() {
	case wire.Kind_KIND_ROLE:
		f.how = Holds
	case wire.Kind_KIND_APP:
		f.how, f.pass = Assigned, "the app decides what its users see"
	}
	if f.thing, ok = p.target(container); ok {
		p.g.add(p.n, f)
	}
}

func nameOf(r *wire.Ref) string {
	if n := r.GetName(); n != "" {
		return n
	}
	return r.GetId()
}

func (p *put) file() {
	list, home := first(p, func(f *wire.File) *wire.AccessList { return f.Access })
	nd := &p.g.list[p.n] // until the next node is made
	nd.ownList = p.OwnList || list != nil
	if list != nil {
		nd.list, nd.whole = home, list.GetComplete()
	}
	inherited := false
	for _, a := range list.GetItems() {
		inherited = inherited || a.GetInherited()
		p.entry(a, home)
	}
	p.owner(list.GetComplete())
	parent, home := first(p, func(f *wire.File) *wire.Ref { return f.Parent })
	key, ok := p.target(parent)
	if !ok || (list.GetComplete() && inherited) {
		return // the list names those of the folder too
	}
	f := fact{thing: p.n, holder: key, how: Inherits, home: home}
	switch {
	case list.GetComplete():
		f.weak = "its own access list does not name them"
	case p.OwnList || list != nil:
		f.weak = "its own access list is not known, it may be closed to those of its folder"
	}
	p.g.add(p.n, f)
}

func (p *put) entry(a *wire.Access, home int32) {
	f := fact{thing: p.n, how: Listed, role: a.GetRole(), home: home, expires: timeOf(a.GetExpiresAt())}
	switch a.GetLinkScope() {
	case "anyone":
		f.holder = p.node(Anyone())
	case "organization":
		f.holder = p.node(Everyone(p.Key.Instance))
	default:
		var ok bool
		if f.holder, ok = p.target(a.GetPrincipal()); !ok {
			return
		}
	}
	p.g.add(p.n, f)
}

// owner: a group or drive that owns a thing does not thereby show it to all in it.
func (p *put) owner(whole bool) {
	owner, home := first(p, func(f *wire.File) *wire.Ref { return f.Owner })
	f := fact{thing: p.n, how: Owns, role: "owner", home: home}
	if k := owner.GetKind(); contains(k) {
		if whole {
			return
		}
		f.weak = "it is of a " + sdk.KindName(k) + ", and its access list is not known"
	}
	var ok bool
	if f.holder, ok = p.target(owner); ok {
		p.g.add(p.n, f)
	}
}

func (p *put) grant() {
	f := fact{how: Token, home: p.g.list[p.n].home, holder: p.n}
	switch text(p, func(g *wire.Grant) *string { return g.State }) {
	case "inactive", "expired", "revoked":
		return
	case "pending":
		f.weak = "the grant waits for approval"
	}
	kind := text(p, func(g *wire.Grant) *string { return g.Type })
	if kind == "webhook" {
		return // it sends out what happens, and reads nothing
	}
	if at, _ := first(p, func(g *wire.Grant) *timestamppb.Timestamp { return g.ExpiresAt }); at != nil {
		f.expires = at.AsTime()
	}
	app, _ := first(p, func(g *wire.Grant) *wire.Ref { return g.App })
	if key, ok := p.target(app); ok {
		f.holder, f.how = key, Acts
	}
	resource, _ := first(p, func(g *wire.Grant) *wire.Ref { return g.Resource })
	account, _ := first(p, func(g *wire.Grant) *wire.Ref { return g.Account })
	var ok bool
	switch {
	case resource != nil:
		f.thing, ok = p.target(resource)
	case account != nil:
		if f.thing, ok = p.target(account); f.how == Token {
			return // a token of one's own opens what one can open
		}
		f.weak = "as far as its scopes reach"
	default:
		f.thing, ok = p.node(Administrators(p.Key.Instance)), true
		f.weak = "it is granted for the whole tenant, as far as its scopes reach"
	}
	if ok {
		p.g.add(p.n, f)
	}
}

func timeOf(t *timestamppb.Timestamp) time.Time {
	if t == nil || !t.IsValid() {
		return time.Time{}
	}
	return t.AsTime()
}

// node is that of a key.
func (p *put) node(k Key) int32 { return p.g.make(p.g.space(k.Instance, k.Kind), k.ID) }

// target is whom a ref of this record means.
func (p *put) target(r *wire.Ref) (int32, bool) {
	instance := p.Key.Instance
	if i := r.GetInstance(); i != "" {
		instance = i
	}
	if id := r.GetId(); id != "" && r.GetKind() != wire.Kind_KIND_UNSPECIFIED {
		return p.node(Key{instance, r.GetKind(), id}), true
	}
	if address := record.Email(r.GetEmail()); address != "" {
		return p.node(Address(instance, address)), true
	}
	return none, false
}
