package bolt

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/mooring-hq/mooring/agent/internal/store"
)

// rowsAt reads rows as they were at r.At, record by record out of current and history.
func (s *Store) rowsAt(ctx context.Context, r store.Range) iter.Seq2[store.Row, error] {
	return paged(ctx, s.main, spans(r), func(c *chunk[store.Row], tx *bbolt.Tx, sp span) ([]byte, error) {
		m := past{
			chunk: c, tx: tx, span: sp, time: nanos(r.At),
			now: tx.Bucket([]byte(tableNames[tCurrent])).Cursor(), then: tx.Bucket([]byte(tableNames[tHistory])).Cursor(),
		}
		return m.run()
	})
}

// past merges the two tables of a span.
type past struct {
	*chunk[store.Row]
	tx        *bbolt.Tx
	span      span
	now, then *bbolt.Cursor
	ck, cv    []byte
	hk, hv    []byte
	found     []store.Row
	time      int64
}

func (m *past) run() ([]byte, error) {
	m.ck, m.cv = m.now.Seek(m.span.lo)
	m.hk, m.hv = m.then.Seek(m.span.lo)
	for m.span.holds(m.ck) || m.span.holds(m.hk) {
		record := m.ck
		if !m.span.holds(m.ck) || m.span.holds(m.hk) && bytes.Compare(m.hk, m.ck) < 0 {
			record = m.hk
		}
		if record = bytes.Clone(recordOf(record)); record == nil {
			return nil, damaged(m.path, "a key of current or history has no id")
		}
		if m.full() {
			return record, nil
		}
		m.found = m.found[:0]
		if err := m.current(record); err != nil {
			return nil, err
		}
		if err := m.history(record); err != nil {
			return nil, err
		}
		slices.SortFunc(m.found, func(a, b store.Row) int { return cmp.Compare(a.Facet, b.Facet) })
		m.items = append(m.items, m.found...)
	}
	return nil, nil
}

// current takes the facets that are still what they were.
func (m *past) current(record []byte) error {
	for ; bytes.HasPrefix(m.ck, record); m.ck, m.cv = m.now.Next() {
		m.seen++
		v, _, ok := unseal(tCurrent, m.ck, m.cv)
		if !ok {
			return badRow(m.path, tCurrent, m.ck)
		}
		r, err := m.row(m.tx, m.ck, v)
		if err != nil {
			return err
		}
		if nanos(r.Since) <= m.time && nanos(r.FirstSeen) <= m.time {
			r.Volatile = nil // of now, not of then
			m.found = append(m.found, r)
		}
	}
	return nil
}

// history takes the versions that held then. Where a clock went backwards several may hold; the latest one speaks.
func (m *past) history(record []byte) error {
	current := len(m.found)
	for ; bytes.HasPrefix(m.hk, record); m.hk, m.hv = m.then.Next() {
		m.seen++
		v, _, ok := unseal(tHistory, m.hk, m.hv)
		if !ok {
			return badRow(m.path, tHistory, m.hk)
		}
		r, err := m.version(m.tx, m.hk, v)
		if err != nil {
			return err
		}
		if nanos(r.Since) > m.time || nanos(r.Until) <= m.time {
			continue
		}
		i := slices.IndexFunc(m.found, func(f store.Row) bool { return f.Facet == r.Facet })
		switch {
		case i < 0:
			m.found = append(m.found, r.Row)
		case i >= current:
			m.found[i] = r.Row
		}
	}
	return nil
}
