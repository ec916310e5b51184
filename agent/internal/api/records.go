package api

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Found is one record with all its facets merged and the derived fields in it.
type Found struct {
	Ref    record.Ref
	Record wire.RecordMessage
	// Rows it was made of.
	FirstSeen, Since time.Time
	Facets           []string
}

// span is what part of the records is read.
type span struct {
	kind         wire.Kind
	id           string // "": all
	at           time.Time
	since, until time.Time // activities
}

// records reads the records of an instance in the order of their ids, activities in the order of their time.
func records(ctx context.Context, i *Instance, org record.Organisation, s span) iter.Seq2[Found, error] {
	return func(yield func(Found, error) bool) {
		m := newMerger(i, org, newLookup(ctx, i, s.at).lookup(s.kind))
		source := i.Store.Rows(ctx, store.Range{Kind: s.kind, ID: s.id, At: s.at})
		if s.kind == wire.Kind_KIND_ACTIVITY {
			source = i.Store.Activities(ctx, s.since, s.until)
		}
		for row, err := range source {
			if err != nil {
				yield(Found{}, err)
				return
			}
			if s.kind == wire.Kind_KIND_ACTIVITY && s.id != "" && row.ID != s.id {
				continue
			}
			if len(m.rows) > 0 && (m.rows[0].ID != row.ID || s.kind == wire.Kind_KIND_ACTIVITY) && !m.give(yield) {
				return
			}
			m.rows = append(m.rows, row)
		}
		if len(m.rows) > 0 {
			m.give(yield)
		}
	}
}

// merger makes one record of the rows of an id.
type merger struct {
	i     *Instance
	org   record.Organisation
	look  record.Lookup
	order map[string]int
	rows  []store.Row
}

func newMerger(i *Instance, org record.Organisation, look record.Lookup) *merger {
	m := &merger{i: i, org: org, look: look, order: map[string]int{}}
	for n, l := range i.Description.GetListings() {
		m.order[l.GetName()] = n
	}
	return m
}

// give hands over the record of the rows gathered. Rows that only enrich are not a record: no listing defines it yet.
func (m *merger) give(yield func(Found, error) bool) bool {
	rows := m.rows
	m.rows = m.rows[len(m.rows):]
	if !slices.ContainsFunc(rows, m.defines) {
		return true
	}
	slices.SortFunc(rows, func(a, b store.Row) int { return m.order[a.Facet] - m.order[b.Facet] })
	f := Found{
		Ref:       record.Ref{Provider: m.i.Provider, Instance: m.i.Name, Kind: rows[0].Kind, ID: rows[0].ID},
		FirstSeen: rows[0].FirstSeen,
	}
	facets := make([]record.Facet, len(rows))
	for n, r := range rows {
		facets[n] = record.Facet{Body: r.Body, Volatile: r.Volatile}
		f.Facets = append(f.Facets, r.Facet)
		if r.FirstSeen.Before(f.FirstSeen) {
			f.FirstSeen = r.FirstSeen
		}
		if r.Since.After(f.Since) {
			f.Since = r.Since
		}
	}
	var err error
	if f.Record, err = record.Merge(f.Ref.Kind, f.Ref.ID, facets); err != nil {
		return yield(f, err)
	}
	m.org.Derive(f.Record, m.look)
	return yield(f, nil)
}

func (m *merger) defines(r store.Row) bool {
	if r.Kind == wire.Kind_KIND_ACTIVITY {
		return true
	}
	for _, l := range m.i.Description.GetListings() {
		if l.GetName() == r.Facet {
			return slices.Contains(l.GetDefines(), r.Kind)
		}
	}
	return true // a listing of an older connector: its word stands
}
