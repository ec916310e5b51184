package api

import (
	"context"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// lookups answers what derived fields ask of other records. It reads what one question needs and keeps it for the next.
type lookups struct {
	ctx   context.Context //nolint:containedctx // of one query, during which it lives
	i     *Instance
	at    time.Time
	cache map[wire.Kind]map[string]wire.RecordMessage
	roles map[string][]*wire.Role // account → roles held directly or by the role's group
	ready bool
}

const maxCached = 10_000 // records a query keeps while it looks things up

func newLookup(ctx context.Context, i *Instance, at time.Time) *lookups {
	return &lookups{ctx: ctx, i: i, at: at, cache: map[wire.Kind]map[string]wire.RecordMessage{}}
}

// lookup gives the functions that records of a kind need.
func (l *lookups) lookup(k wire.Kind) record.Lookup {
	switch k {
	case wire.Kind_KIND_ACCOUNT:
		return record.Lookup{Roles: l.rolesOf}
	case wire.Kind_KIND_FILE:
		return record.Lookup{Account: func(id string) *wire.Account {
			a, _ := l.get(wire.Kind_KIND_ACCOUNT, id).(*wire.Account)
			return a
		}}
	default:
		return record.Lookup{}
	}
}

func (l *lookups) get(k wire.Kind, id string) wire.RecordMessage {
	if m, known := l.cache[k][id]; known {
		return m
	}
	var facets []record.Facet
	for row, err := range l.i.Store.Rows(l.ctx, store.Range{Kind: k, ID: id, At: l.at}) {
		if err != nil {
			return nil
		}
		facets = append(facets, record.Facet{Body: row.Body, Volatile: row.Volatile})
	}
	var m wire.RecordMessage
	if len(facets) > 0 {
		merged, err := record.Merge(k, id, facets)
		if err != nil {
			return nil
		}
		m = merged
	}
	if l.cache[k] == nil || len(l.cache[k]) >= maxCached {
		l.cache[k] = map[string]wire.RecordMessage{}
	}
	l.cache[k][id] = m
	return m
}

// rolesOf gives the privileged roles of an account. It is complete when the memberships of roles were listed at all.
func (l *lookups) rolesOf(account string) ([]*wire.Role, bool) {
	if !l.ready {
		l.ready = true
		l.loadRoles()
	}
	return l.roles[account], l.roles != nil
}

// loadRoles reads the members of privileged roles: few, whatever the size of the tenant.
func (l *lookups) loadRoles() {
	privileged := map[string]*wire.Role{}
	for row, err := range l.i.Store.Rows(l.ctx, store.Range{Kind: wire.Kind_KIND_ROLE, At: l.at}) {
		if err != nil {
			return
		}
		role := &wire.Role{}
		if role.UnmarshalVT(row.Body) == nil && role.GetPrivileged() {
			role.Id = row.ID
			privileged[row.ID] = role
		}
	}
	if len(privileged) == 0 {
		return
	}
	roles := map[string][]*wire.Role{}
	for row, err := range l.i.Store.Rows(l.ctx, store.Range{Kind: wire.Kind_KIND_MEMBERSHIP, At: l.at}) {
		if err != nil {
			return
		}
		m := &wire.Membership{}
		if m.UnmarshalVT(row.Body) != nil || m.GetContainer().GetKind() != wire.Kind_KIND_ROLE {
			continue
		}
		if role := privileged[m.GetContainer().GetId()]; role != nil && m.GetMember().GetKind() == wire.Kind_KIND_ACCOUNT {
			roles[m.GetMember().GetId()] = append(roles[m.GetMember().GetId()], role)
		}
	}
	l.roles = roles
}
