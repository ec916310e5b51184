// Package view reads records as they are shown and judged: the facets of one merged in the order in which listings speak, with
// the fields that the agent derives from other records.
//
// It promises: a record is there only when a listing that defines its kind says so, or one that its connector no longer has;
// what cannot be told stays unknown. It writes nothing and judges nothing. A Reader is for one goroutine.
package view

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Store is what is read of an instance's store.
type Store interface {
	Rows(ctx context.Context, r store.Range) iter.Seq2[store.Row, error]
	Activities(ctx context.Context, from, until time.Time) iter.Seq2[store.Row, error]
}

// Source is one instance to read.
type Source struct {
	Provider, Name string
	Description    *wire.Description
	Store          Store
}

// Ref is the address of a record of the instance.
func (s Source) Ref(k wire.Kind, id string) record.Ref {
	return record.Ref{Provider: s.Provider, Instance: s.Name, Kind: k, ID: id}
}

// Found is one record with all its facets merged and the derived fields in it.
type Found struct {
	Ref    record.Ref
	Record wire.RecordMessage
	// Rows it was made of.
	FirstSeen, Since time.Time
	Facets           []string
}

// Span is what part of the records is read.
type Span struct {
	Kind         wire.Kind
	ID           string // "": all
	After        string // starts behind this id; not for activities
	Since, Until time.Time
}

// Reader reads records of one instance, and keeps what it looked up for them.
type Reader struct {
	src   Source
	org   record.Organisation
	at    time.Time
	order map[string]int
	lookups
}

// New gives a reader of the records as they were at a time; zero: as they are.
func New(src Source, org record.Organisation, at time.Time) *Reader {
	r := &Reader{src: src, org: org, at: at, order: map[string]int{}}
	for n, l := range src.Description.GetListings() {
		r.order[l.GetName()] = n
	}
	r.reset()
	return r
}

// Records reads a span in the order of ids, activities in the order of their time.
func (r *Reader) Records(ctx context.Context, s Span) iter.Seq2[Found, error] {
	return func(yield func(Found, error) bool) {
		m := &merger{r: r, look: r.lookup(ctx, s.Kind)}
		for row, err := range r.rows(ctx, s) {
			if err != nil {
				yield(Found{}, err)
				return
			}
			if s.Kind == wire.Kind_KIND_ACTIVITY && s.ID != "" && row.ID != s.ID {
				continue
			}
			if len(m.rows) > 0 && (m.rows[0].ID != row.ID || s.Kind == wire.Kind_KIND_ACTIVITY) && !m.give(yield) {
				return
			}
			m.rows = append(m.rows, row)
		}
		if len(m.rows) > 0 {
			m.give(yield)
		}
	}
}

func (r *Reader) rows(ctx context.Context, s Span) iter.Seq2[store.Row, error] {
	if s.Kind == wire.Kind_KIND_ACTIVITY {
		return r.src.Store.Activities(ctx, s.Since, s.Until)
	}
	span := store.Range{Kind: s.Kind, ID: s.ID, At: r.at}
	if s.After != "" {
		span.After = &store.Position{Kind: s.Kind, ID: s.After}
	}
	return r.src.Store.Rows(ctx, span)
}

// Record reads one record that is no activity; nil when there is none.
func (r *Reader) Record(ctx context.Context, k wire.Kind, id string) (*Found, error) {
	for f, err := range r.Records(ctx, Span{Kind: k, ID: id}) {
		return &f, err
	}
	return nil, nil //nolint:nilnil // it is gone
}

// RecordAt reads one record as it was at a time, with the fields that other records of now give it; nil when there was none.
func (r *Reader) RecordAt(ctx context.Context, k wire.Kind, id string, at time.Time) (*Found, error) {
	m := &merger{r: r, look: r.lookup(ctx, k)}
	for row, err := range r.src.Store.Rows(ctx, store.Range{Kind: k, ID: id, At: at}) {
		if err != nil {
			return nil, err
		}
		m.rows = append(m.rows, row)
	}
	if len(m.rows) == 0 {
		return nil, nil //nolint:nilnil // there was none
	}
	var found *Found
	var err error
	m.give(func(f Found, e error) bool {
		found, err = &f, e
		return false
	})
	return found, err
}

// Activity makes the record of an activity's row.
func (r *Reader) Activity(row store.Row) (f Found, err error) {
	m := &merger{r: r, rows: []store.Row{row}}
	m.give(func(given Found, e error) bool {
		f, err = given, e
		return false
	})
	return f, err
}

// merger makes one record of the rows of an id.
type merger struct {
	r    *Reader
	look record.Lookup
	rows []store.Row
}

// give hands over the record of the rows gathered. Rows that only enrich are not a record: no listing defines it yet.
func (m *merger) give(yield func(Found, error) bool) bool {
	rows := m.rows
	m.rows = m.rows[len(m.rows):]
	if !slices.ContainsFunc(rows, m.r.defines) {
		return true
	}
	f := Found{Ref: m.r.src.Ref(rows[0].Kind, rows[0].ID), FirstSeen: rows[0].FirstSeen}
	for _, row := range m.r.ordered(rows) {
		f.Facets = append(f.Facets, row.Facet)
		if row.FirstSeen.Before(f.FirstSeen) {
			f.FirstSeen = row.FirstSeen
		}
		if row.Since.After(f.Since) {
			f.Since = row.Since
		}
	}
	var err error
	if f.Record, err = merged(f.Ref.Kind, f.Ref.ID, rows); err != nil {
		return yield(f, err)
	}
	m.r.org.Derive(f.Record, m.look)
	return yield(f, m.r.Err())
}

// ordered puts rows into the order in which listings speak.
func (r *Reader) ordered(rows []store.Row) []store.Row {
	slices.SortStableFunc(rows, func(a, b store.Row) int { return r.order[a.Facet] - r.order[b.Facet] })
	return rows
}

func merged(k wire.Kind, id string, rows []store.Row) (wire.RecordMessage, error) {
	facets := make([]record.Facet, len(rows))
	for n, row := range rows {
		facets[n] = record.Facet{Body: row.Body, Volatile: row.Volatile}
	}
	return record.Merge(k, id, facets)
}

func (r *Reader) defines(row store.Row) bool {
	if row.Kind == wire.Kind_KIND_ACTIVITY {
		return true
	}
	for _, l := range r.src.Description.GetListings() {
		if l.GetName() == row.Facet {
			return slices.Contains(l.GetDefines(), row.Kind)
		}
	}
	return true // a listing of an older connector: its word stands
}
