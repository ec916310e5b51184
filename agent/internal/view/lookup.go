package view

import (
	"context"

	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// maxCached is how many records of a kind a reader keeps while it looks things up.
const maxCached = 10_000

// lookups is what derived fields asked of other records, kept for the next question.
type lookups struct {
	cache map[wire.Kind]map[string]wire.RecordMessage
	roles map[string][]*wire.Role // account → privileged roles held
	ready bool                    // roles were read
	err   error                   // the first one: what rests on it is not to be trusted
}

func (l *lookups) reset() { *l = lookups{cache: map[wire.Kind]map[string]wire.RecordMessage{}} }

// broken gives the error of a look-up, once.
func (l *lookups) broken() (err error) {
	err, l.err = l.err, nil
	return err
}

// lookup gives the functions that records of a kind need.
func (r *Reader) lookup(ctx context.Context, k wire.Kind) record.Lookup {
	switch k { //nolint:exhaustive // the others derive nothing
	case wire.Kind_KIND_ACCOUNT:
		return record.Lookup{Roles: func(account string) ([]*wire.Role, bool) { return r.rolesOf(ctx, account) }}
	case wire.Kind_KIND_FILE:
		return record.Lookup{Account: func(id string) *wire.Account { return r.account(ctx, id) }}
	}
	return record.Lookup{}
}

func (r *Reader) account(ctx context.Context, id string) *wire.Account {
	a, _ := r.get(ctx, wire.Kind_KIND_ACCOUNT, id).(*wire.Account)
	return a
}

func (r *Reader) get(ctx context.Context, k wire.Kind, id string) wire.RecordMessage {
	if m, known := r.cache[k][id]; known {
		return m
	}
	var rows []store.Row
	for row, err := range r.src.Store.Rows(ctx, store.Range{Kind: k, ID: id, At: r.at}) {
		if err != nil {
			r.err = err
			return nil
		}
		rows = append(rows, row)
	}
	var m wire.RecordMessage
	if len(rows) > 0 {
		if m, r.err = merged(k, id, r.ordered(rows)); r.err != nil {
			return nil
		}
	}
	if r.cache[k] == nil || len(r.cache[k]) >= maxCached {
		r.cache[k] = map[string]wire.RecordMessage{}
	}
	r.cache[k][id] = m
	return m
}

// rolesOf gives the privileged roles of an account. It is complete when the memberships of roles were listed at all.
func (r *Reader) rolesOf(ctx context.Context, account string) ([]*wire.Role, bool) {
	if !r.ready {
		r.ready = true
		r.loadRoles(ctx)
	}
	return r.roles[account], r.roles != nil
}

// loadRoles reads the members of privileged roles: few, whatever the size of the tenant.
func (r *Reader) loadRoles(ctx context.Context) {
	privileged := map[string]*wire.Role{}
	for row, err := range r.src.Store.Rows(ctx, store.Range{Kind: wire.Kind_KIND_ROLE, At: r.at}) {
		if err != nil {
			r.err = err
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
	for row, err := range r.src.Store.Rows(ctx, store.Range{Kind: wire.Kind_KIND_MEMBERSHIP, At: r.at}) {
		if err != nil {
			r.err = err
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
	r.roles = roles
}
