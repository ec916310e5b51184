package view

import (
	"context"
	"slices"

	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// party is who or what is a member: by id, or, when the provider gives none, by address.
type party struct {
	kind      wire.Kind
	id, email string
}

func partyOf(r *wire.Ref) party {
	if r.GetId() != "" {
		return party{kind: r.GetKind(), id: r.GetId()}
	}
	return party{email: record.Email(r.GetEmail())}
}

// bond is one membership.
type bond struct {
	container string
	member    party
}

// bonds are the memberships in containers of one kind, both ways. A hundred thousand take some twenty megabytes, so that they
// are read only when a derived field or a condition asks for them.
type bonds struct {
	of      map[string]bond // by the membership's id
	members map[string][]party
	in      map[party][]string
}

// bondsOf gives the memberships in containers of a kind, read at the first question.
func (r *Reader) bondsOf(ctx context.Context, k wire.Kind) *bonds {
	if b := r.bonds[k]; b != nil {
		return b
	}
	b := &bonds{of: map[string]bond{}, members: map[string][]party{}, in: map[party][]string{}}
	for row, err := range r.src.Store.Rows(ctx, store.Range{Kind: wire.Kind_KIND_MEMBERSHIP, At: r.at}) {
		if err != nil {
			r.fail(err)
			return b
		}
		b.add(k, row)
	}
	r.bonds[k] = b
	return b
}

// add takes a membership, when it is one in a container of the kind. One that is only asked for is none.
func (b *bonds) add(k wire.Kind, row store.Row) {
	const container, member, state = 2, 3, 8
	var scratch [256]byte
	part, err := record.Part(scratch[:0], row.Body, record.FieldSet(container, member, state))
	if err != nil {
		return
	}
	m := &wire.Membership{}
	if m.UnmarshalVT(part) != nil || m.GetContainer().GetKind() != k || m.GetContainer().GetId() == "" {
		return
	}
	if k == wire.Kind_KIND_GROUP && m.GetState() == "pending" {
		return
	}
	b.drop(row.ID)
	p := partyOf(m.GetMember())
	c := m.GetContainer().GetId()
	b.of[row.ID] = bond{c, p}
	b.members[c] = append(b.members[c], p)
	b.in[p] = append(b.in[p], c)
}

func (b *bonds) drop(id string) {
	old, had := b.of[id]
	if !had {
		return
	}
	delete(b.of, id)
	b.members[old.container] = without(b.members[old.container], old.member)
	b.in[old.member] = without(b.in[old.member], old.container)
}

// without takes one of equal ones away: the same member may be one twice, by two memberships.
func without[T comparable](list []T, v T) []T {
	if i := slices.Index(list, v); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}

// rebind brings the memberships up to date with a change of one.
func (r *Reader) rebind(ctx context.Context, e store.Entry) {
	if e.What == store.Baseline {
		clear(r.bonds)
		return
	}
	for k, b := range r.bonds {
		b.drop(e.ID)
		for row, err := range r.src.Store.Rows(ctx, store.Range{Kind: wire.Kind_KIND_MEMBERSHIP, ID: e.ID}) {
			if err != nil {
				r.fail(err)
				delete(r.bonds, k)
				break
			}
			b.add(k, row)
		}
	}
}

// Groups are those that an account is in, also through other groups. These are all when the account is in any: that it is in
// none cannot be told from that nobody looked.
func (r *Reader) Groups(ctx context.Context, account *wire.Account) (groups []*wire.Group, all bool) {
	for _, id := range r.groupIDs(ctx, account) {
		g := r.Group(ctx, &wire.Ref{Id: &id})
		if g == nil {
			g = &wire.Group{Id: id} // the membership is all that is known of it
		}
		groups = append(groups, g)
	}
	return groups, len(r.bondsOf(ctx, wire.Kind_KIND_GROUP).of) > 0
}

func (r *Reader) groupIDs(ctx context.Context, account *wire.Account) []string {
	b := r.bondsOf(ctx, wire.Kind_KIND_GROUP)
	var ids []string
	add := func(p party) {
		for _, id := range b.in[p] {
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	add(party{kind: wire.Kind_KIND_ACCOUNT, id: account.GetId()})
	if e := record.Email(account.GetEmail()); e != "" {
		add(party{email: e})
	}
	for n := 0; n < len(ids); n++ { // it grows; circles end because every group is added once
		add(party{kind: wire.Kind_KIND_GROUP, id: ids[n]})
		if e := record.Email(r.group(ctx, ids[n]).GetEmail()); e != "" {
			add(party{email: e})
		}
	}
	return ids
}

// members gives the accounts in a group, also those in its subgroups. These are all when each of the groups has members that
// are known: an empty one cannot be told from one that nobody looked into.
func (r *Reader) members(ctx context.Context, group string) (accounts []*wire.Account, all bool) {
	b := r.bondsOf(ctx, wire.Kind_KIND_GROUP)
	groups, seen := []string{group}, map[party]bool{}
	all = true
	for n := 0; n < len(groups); n++ {
		all = all && len(b.members[groups[n]]) > 0
		for _, p := range b.members[groups[n]] {
			if seen[p] {
				continue
			}
			seen[p] = true
			if sub := r.subgroup(ctx, p); sub != "" {
				if !slices.Contains(groups, sub) {
					groups = append(groups, sub)
				}
				continue
			}
			accounts = append(accounts, r.member(ctx, p))
		}
	}
	return accounts, all
}

// subgroup gives the id of a member that is a group; "" when it is none.
func (r *Reader) subgroup(ctx context.Context, p party) string {
	if p.kind == wire.Kind_KIND_GROUP {
		return p.id
	}
	return r.resolve(ctx, wire.Kind_KIND_GROUP, &wire.Ref{Email: &p.email})
}

// member gives what is known of a member that is no group: of one that has no account here, whether its address is ours.
func (r *Reader) member(ctx context.Context, p party) *wire.Account {
	if a := r.account(ctx, p.id); a != nil {
		return a
	}
	a := &wire.Account{Id: p.id, External: r.org.External(p.email)}
	if p.email != "" {
		a.Email = &p.email
	}
	return a
}

// roles gives the privileged roles of an account, held by itself or by a group it is in. These are all when privileged roles
// are known at all.
func (r *Reader) roles(ctx context.Context, account string) ([]*wire.Role, bool) {
	if r.privileged == nil && !r.loadRoles(ctx) || len(r.privileged) == 0 {
		return nil, false
	}
	b := r.bondsOf(ctx, wire.Kind_KIND_ROLE)
	held := b.in[party{kind: wire.Kind_KIND_ACCOUNT, id: account}]
	if r.heldByGroups(b) {
		if a := r.account(ctx, account); a != nil {
			for _, g := range r.groupIDs(ctx, a) {
				held = append(slices.Clip(held), b.in[party{kind: wire.Kind_KIND_GROUP, id: g}]...)
			}
		}
	}
	var roles []*wire.Role
	for _, id := range held {
		if role := r.privileged[id]; role != nil {
			roles = append(roles, role)
		}
	}
	return roles, true
}

// heldByGroups says whether a group holds a privileged role: only then all memberships of groups matter to who is an
// administrator.
func (r *Reader) heldByGroups(b *bonds) bool {
	for id := range r.privileged {
		if slices.ContainsFunc(b.members[id], func(p party) bool { return p.kind == wire.Kind_KIND_GROUP }) {
			return true
		}
	}
	return false
}

func (r *Reader) loadRoles(ctx context.Context) bool {
	privileged := map[string]*wire.Role{}
	for row, err := range r.src.Store.Rows(ctx, store.Range{Kind: wire.Kind_KIND_ROLE, At: r.at}) {
		if err != nil {
			r.fail(err)
			return false
		}
		role := &wire.Role{}
		if role.UnmarshalVT(row.Body) == nil && role.GetPrivileged() {
			role.Id = row.ID
			privileged[row.ID] = role
		}
	}
	r.privileged = privileged
	return true
}
