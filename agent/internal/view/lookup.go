package view

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// maxCached is how many records of a kind a reader keeps while it looks things up.
const maxCached = 10_000

// lookups is what was read of other records, kept for the next question.
type lookups struct {
	cache      map[wire.Kind]map[string]wire.RecordMessage
	bonds      map[wire.Kind]*bonds              // by the kind of the container
	groups     map[string]*wire.Group            // with their derived fields
	addresses  map[wire.Kind]map[string][]string // of accounts and groups → ids, also of former bearers
	privileged map[string]*wire.Role             // nil: not read
	err        error                             // the first one: what rests on it is not to be trusted
}

func (l *lookups) reset() {
	*l = lookups{
		cache: map[wire.Kind]map[string]wire.RecordMessage{}, bonds: map[wire.Kind]*bonds{},
		addresses: map[wire.Kind]map[string][]string{}, groups: map[string]*wire.Group{},
	}
}

// fail keeps the first error.
func (l *lookups) fail(err error) {
	if l.err == nil {
		l.err = err
	}
}

// Err gives the error of the look-ups since it was asked last. What was found meanwhile may be less than there is.
func (l *lookups) Err() (err error) {
	err, l.err = l.err, nil
	return err
}

// lookup gives the functions that records of a kind need.
func (r *Reader) lookup(ctx context.Context, k wire.Kind) record.Lookup {
	switch k { //nolint:exhaustive // the others derive nothing
	case wire.Kind_KIND_ACCOUNT:
		return record.Lookup{Roles: func(account string) ([]*wire.Role, bool) { return r.roles(ctx, account) }}
	case wire.Kind_KIND_GROUP:
		return record.Lookup{Members: func(group string) ([]*wire.Account, bool) { return r.members(ctx, group) }}
	case wire.Kind_KIND_FILE:
		return record.Lookup{
			Account: func(id string) *wire.Account { return r.account(ctx, id) },
			Group:   func(ref *wire.Ref) *wire.Group { return r.Group(ctx, ref) },
		}
	}
	return record.Lookup{}
}

// Account finds an account by its id, or else by its address, with its derived fields; nil: there is none.
func (r *Reader) Account(ctx context.Context, ref *wire.Ref) *wire.Account {
	a := r.account(ctx, r.resolve(ctx, wire.Kind_KIND_ACCOUNT, ref))
	if a != nil && a.Admin == nil {
		r.org.Derive(a, r.lookup(ctx, wire.Kind_KIND_ACCOUNT))
	}
	return a
}

// Group finds a group likewise.
func (r *Reader) Group(ctx context.Context, ref *wire.Ref) *wire.Group {
	id := r.resolve(ctx, wire.Kind_KIND_GROUP, ref)
	if g, known := r.groups[id]; known {
		return g
	}
	g := r.group(ctx, id)
	if g != nil {
		r.org.Derive(g, r.lookup(ctx, wire.Kind_KIND_GROUP))
	}
	if len(r.groups) >= maxCached {
		clear(r.groups)
	}
	r.groups[id] = g
	return g
}

// File finds a file, folder or repository by its id, with its derived fields; nil: there is none.
func (r *Reader) File(ctx context.Context, ref *wire.Ref) *wire.File {
	if ref.GetId() == "" {
		return nil
	}
	f, _ := r.get(ctx, wire.Kind_KIND_FILE, ref.GetId()).(*wire.File)
	if f != nil {
		r.org.Derive(f, r.lookup(ctx, wire.Kind_KIND_FILE)) // every time: on whom it rests may have changed
	}
	return f
}

// group gives a group as its own facets say it is.
func (r *Reader) group(ctx context.Context, id string) *wire.Group {
	if id == "" {
		return nil
	}
	g, _ := r.get(ctx, wire.Kind_KIND_GROUP, id).(*wire.Group)
	return g
}

// account gives an account as its own facets say it is, and whether it is external: what files and groups ask.
func (r *Reader) account(ctx context.Context, id string) *wire.Account {
	if id == "" {
		return nil
	}
	a, _ := r.get(ctx, wire.Kind_KIND_ACCOUNT, id).(*wire.Account)
	if a != nil && a.External == nil {
		a.External = r.org.External(a.GetEmail())
	}
	return a
}

// resolve gives the id that a ref has, or that of who bears its address; of several the first.
func (r *Reader) resolve(ctx context.Context, k wire.Kind, ref *wire.Ref) string {
	email := record.Email(ref.GetEmail())
	if ref.GetId() != "" || email == "" {
		return ref.GetId()
	}
	if r.addresses[k] == nil {
		r.addresses[k] = map[string][]string{}
		for row, err := range r.src.Store.Rows(ctx, store.Range{Kind: k, At: r.at}) {
			if err != nil {
				r.fail(err)
				delete(r.addresses, k)
				return ""
			}
			r.address(row)
		}
	}
	for _, id := range r.addresses[k][email] {
		if m, ok := r.get(ctx, k, id).(interface{ GetEmail() string }); ok && record.Email(m.GetEmail()) == email {
			return id
		}
	}
	return ""
}

// address notes whose an address is.
func (r *Reader) address(row store.Row) {
	const accountEmail, groupEmail = 4, 3
	field := record.FieldSet(accountEmail)
	if row.Kind == wire.Kind_KIND_GROUP {
		field = record.FieldSet(groupEmail)
	}
	part, err := record.Part(nil, row.Body, field)
	if err != nil {
		return
	}
	m, err := record.Decode(row.Kind, "", record.Facet{Body: part})
	if err != nil {
		return
	}
	e, ok := m.(interface{ GetEmail() string })
	if !ok || record.Email(e.GetEmail()) == "" {
		return
	}
	email := strings.Clone(record.Email(e.GetEmail()))
	ids := r.addresses[row.Kind][email]
	if at, known := slices.BinarySearch(ids, row.ID); !known {
		r.addresses[row.Kind][email] = slices.Insert(ids, at, row.ID)
	}
}

func (r *Reader) get(ctx context.Context, k wire.Kind, id string) wire.RecordMessage {
	if m, known := r.cache[k][id]; known {
		return m
	}
	m, err := r.read(ctx, k, id, r.at)
	if err != nil {
		r.fail(err)
		return nil
	}
	if r.cache[k] == nil || len(r.cache[k]) >= maxCached {
		r.cache[k] = map[string]wire.RecordMessage{}
	}
	r.cache[k][id] = m
	return m
}

// read gives a record without derived fields; nil when there is none.
func (r *Reader) read(ctx context.Context, k wire.Kind, id string, at time.Time) (wire.RecordMessage, error) {
	var rows []store.Row
	for row, err := range r.src.Store.Rows(ctx, store.Range{Kind: k, ID: id, At: at}) {
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	return merged(k, id, r.ordered(rows))
}

// Forget lets go of what a change made untrue. A reader that lives on is told every entry of the log.
func (r *Reader) Forget(ctx context.Context, e store.Entry) {
	k := e.Kind
	if e.What == store.Baseline {
		delete(r.cache, k)
		delete(r.addresses, k)
	}
	switch k { //nolint:exhaustive // nothing rests on the others
	case wire.Kind_KIND_FILE:
		delete(r.cache[k], e.ID)
	case wire.Kind_KIND_ROLE:
		r.privileged = nil
		delete(r.cache, wire.Kind_KIND_ACCOUNT)
	case wire.Kind_KIND_MEMBERSHIP:
		r.rebind(ctx, e)
		clear(r.groups)
		delete(r.cache, wire.Kind_KIND_ACCOUNT)
	case wire.Kind_KIND_ACCOUNT, wire.Kind_KIND_GROUP:
		delete(r.cache[k], e.ID)
		clear(r.groups)
		if k == wire.Kind_KIND_GROUP {
			delete(r.cache, wire.Kind_KIND_ACCOUNT) // whose groups hold roles may be administrators by them
		}
		if r.addresses[k] == nil || e.ID == "" {
			return
		}
		for row, err := range r.src.Store.Rows(ctx, store.Range{Kind: k, ID: e.ID}) {
			if err != nil {
				r.fail(err)
				delete(r.addresses, k)
				return
			}
			r.address(row)
		}
	}
}
