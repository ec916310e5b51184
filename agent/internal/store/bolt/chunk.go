package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"iter"
	"time"

	"go.etcd.io/bbolt"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// chunk is what one read transaction copies out of the file. It is given to the consumer after the transaction has
// ended: a slow consumer holds nothing, and one that commits meanwhile is not in its own way.
type chunk[T any] struct {
	path  string
	items []T
	seen  int // rows looked at
	limit int
	bytes []byte // the block in use
	taken int    // bytes copied
	since time.Time
	homes map[uint32]store.Home
}

func newChunk[T any](path string, limit int) *chunk[T] {
	return &chunk[T]{path: path, limit: limit, since: time.Now(), homes: map[uint32]store.Home{}, items: make([]T, 0, limit)}
}

func (c *chunk[T]) full() bool {
	return c.seen >= c.limit || c.taken >= maxChunkBytes || c.seen&63 == 63 && time.Since(c.since) > maxChunkTime
}

// copy takes bytes out of the transaction. They share blocks, which are never written again.
func (c *chunk[T]) copy(b []byte) []byte {
	if cap(c.bytes)-len(c.bytes) < len(b) {
		c.bytes = make([]byte, 0, max(len(b), min(16<<10+2*cap(c.bytes), maxChunkBytes)))
	}
	n := len(c.bytes)
	c.taken += len(b)
	c.bytes = append(c.bytes, b...)
	return c.bytes[n:len(c.bytes):len(c.bytes)]
}

// scan reads the rows of spans, a chunk at a time. Between chunks writers go on; what was read is consistent per record,
// because a chunk ends only between records, and the next one begins at the key where this one ended, still there or not.
func scan[T any](ctx context.Context, f *file, t table, todo []span,
	take func(c *chunk[T], tx *bbolt.Tx, k, v []byte) error,
) iter.Seq2[T, error] {
	return paged(ctx, f, todo, func(c *chunk[T], tx *bbolt.Tx, sp span) (next []byte, err error) {
		cursor := tx.Bucket([]byte(tableNames[t])).Cursor()
		var last []byte
		for k, v := cursor.Seek(sp.lo); sp.holds(k); k, v = cursor.Next() {
			if c.full() && !sameRecord(t, last, k) {
				return bytes.Clone(k), nil
			}
			value, _, ok := unseal(t, k, v)
			if !ok {
				return nil, badRow(f.path, t, k)
			}
			if err := take(c, tx, k, value); err != nil {
				return nil, err
			}
			c.seen++
			last = k
		}
		return nil, nil
	})
}

func sameRecord(t table, a, b []byte) bool {
	return t == tCurrent && a != nil && bytes.Equal(recordOf(a), recordOf(b))
}

// paged gives what read collects of each span, a transaction at a time; read says where the next one begins.
func paged[T any](ctx context.Context, f *file, todo []span,
	read func(c *chunk[T], tx *bbolt.Tx, sp span) (next []byte, err error),
) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var zero T
		limit := firstChunkRows
		todo := append([]span(nil), todo...)
		for len(todo) > 0 {
			if err := ctx.Err(); err != nil {
				yield(zero, err)
				return
			}
			c := newChunk[T](f.path, limit)
			err := f.view(func(tx *bbolt.Tx) error {
				for len(todo) > 0 {
					next, err := read(c, tx, todo[0])
					if err != nil {
						return err
					}
					if next != nil {
						todo[0].lo = next
						return nil
					}
					todo = todo[1:]
				}
				return nil
			})
			for _, item := range c.items {
				if !yield(item, nil) {
					return
				}
			}
			if err != nil {
				yield(zero, err)
				return
			}
			limit = min(limit*8, maxChunkRows)
		}
	}
}

// row reads a row of current.
func (c *chunk[T]) row(tx *bbolt.Tx, k, v []byte) (store.Row, error) {
	r, err := parseRow(v)
	record := recordOf(k)
	if err != nil || record == nil {
		return store.Row{}, badRow(c.path, tCurrent, k)
	}
	home, err := c.home(tx, r.home)
	if err != nil {
		return store.Row{}, err
	}
	out := store.Row{
		Kind: wire.Kind(k[0]), ID: string(record[1 : len(record)-1]), Facet: home.Listing,
		FirstSeen: at(r.firstSeen), Since: at(r.since), Home: home,
	}
	if len(r.body) > 0 {
		out.Body = c.copy(r.body)
	}
	if facet := k[len(record):]; string(facet) != home.Listing {
		out.Facet = string(facet)
	}
	if len(r.volatile) > 0 {
		out.Volatile = c.copy(r.volatile)
	}
	return out, nil
}

// version reads a row of history.
func (c *chunk[T]) version(tx *bbolt.Tx, k, v []byte) (store.Version, error) {
	rowKey, until, ok := splitVersionKey(k)
	if !ok {
		return store.Version{}, badRow(c.path, tHistory, k)
	}
	r, err := c.row(tx, rowKey, v)
	if err != nil || len(r.Volatile) != 1 {
		return store.Version{}, badRow(c.path, tHistory, k)
	}
	deleted := r.Volatile[0] == 1
	r.Volatile = nil
	return store.Version{Row: r, Until: at(until), Deleted: deleted}, nil
}

// activity reads a row of a day file.
func (c *chunk[T]) activity(tx *bbolt.Tx, k, v []byte) (marked, error) {
	r, err := parseRow(v)
	if err != nil || len(k) <= 8 {
		return marked{}, badRow(c.path, tActivity, k)
	}
	m, ok := parseMark(r.volatile)
	if !ok {
		return marked{}, badRow(c.path, tActivity, k)
	}
	home, err := c.home(tx, r.home)
	return marked{mark: m, Row: store.Row{
		Kind: wire.Kind_KIND_ACTIVITY, ID: string(k[8:]), Facet: home.Listing, Body: c.copy(r.body),
		FirstSeen: at(r.firstSeen), Since: at(r.since), Home: home,
	}}, err
}

func (c *chunk[T]) home(tx *bbolt.Tx, number uint32) (store.Home, error) {
	if h, ok := c.homes[number]; ok {
		return h, nil
	}
	key := binary.BigEndian.AppendUint32(nil, number)
	v, _, ok := unseal(tHomes, key, tx.Bucket([]byte(tableNames[tHomes])).Get(key))
	if !ok {
		return store.Home{}, badRow(c.path, tHomes, key)
	}
	h, err := parseHome(v)
	if err != nil {
		return store.Home{}, badRow(c.path, tHomes, key)
	}
	c.homes[number] = h
	return h, nil
}
