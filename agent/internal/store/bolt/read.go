package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"iter"
	"math"
	"time"

	"go.etcd.io/bbolt"

	"github.com/mooring-hq/mooring/agent/internal/store"
)

// Doc reads one document.
func (s *Store) Doc(bucket string, key []byte) ([]byte, error) {
	var out []byte
	err := s.main.view(func(tx *bbolt.Tx) error {
		k := docKey(bucket, key)
		stored := tx.Bucket([]byte(tableNames[tDocs])).Get(k)
		if stored == nil {
			return nil
		}
		v, _, ok := unseal(tDocs, k, stored)
		if !ok {
			return badRow(s.main.path, tDocs, k)
		}
		out = append(make([]byte, 0, len(v)), v...)
		return nil
	})
	return out, err
}

// Docs reads the documents of a bucket whose keys begin with prefix.
func (s *Store) Docs(ctx context.Context, bucket string, prefix []byte) iter.Seq2[store.Doc, error] {
	lo := docKey(bucket, prefix)
	return s.docs(ctx, bucket, span{lo, after(lo)})
}

// DocsAfter reads the documents of a bucket whose keys are greater than one, in order.
func (s *Store) DocsAfter(ctx context.Context, bucket string, last []byte) iter.Seq2[store.Doc, error] {
	return s.docs(ctx, bucket, span{append(docKey(bucket, last), 0), after(docKey(bucket, nil))})
}

func (s *Store) docs(ctx context.Context, bucket string, of span) iter.Seq2[store.Doc, error] {
	return scan(ctx, s.main, tDocs, []span{of}, func(c *chunk[store.Doc], _ *bbolt.Tx, k, v []byte) error {
		key, value := c.copy(k[len(bucket)+1:]), c.copy(v)
		c.items = append(c.items, store.Doc{Bucket: bucket, Key: key, Value: value})
		return nil
	})
}

// Log reads the entries after a sequence.
func (s *Store) Log(ctx context.Context, last uint64) iter.Seq2[store.Entry, error] {
	if last == math.MaxUint64 {
		return func(func(store.Entry, error) bool) {}
	}
	lo := binary.BigEndian.AppendUint64(nil, last+1)
	return scan(ctx, s.main, tLog, []span{{lo, nil}}, func(c *chunk[store.Entry], _ *bbolt.Tx, k, v []byte) error {
		e, _, err := parseEntry(v)
		if err != nil || len(k) != 8 {
			return badRow(s.main.path, tLog, k)
		}
		e.Sequence = binary.BigEndian.Uint64(k)
		c.items = append(c.items, e)
		return nil
	})
}

// History reads what was replaced, of a range.
func (s *Store) History(ctx context.Context, r store.Range) iter.Seq2[store.Version, error] {
	return scan(ctx, s.main, tHistory, spans(r), func(c *chunk[store.Version], tx *bbolt.Tx, k, v []byte) error {
		version, err := c.version(tx, k, v)
		if err == nil {
			c.items = append(c.items, version)
		}
		return err
	})
}

// Rows reads facets.
func (s *Store) Rows(ctx context.Context, r store.Range) iter.Seq2[store.Row, error] {
	if !r.At.IsZero() {
		return s.rowsAt(ctx, r)
	}
	return scan(ctx, s.main, tCurrent, spans(r), func(c *chunk[store.Row], tx *bbolt.Tx, k, v []byte) error {
		row, err := c.row(tx, k, v)
		if err == nil {
			c.items = append(c.items, row)
		}
		return err
	})
}

// marked is an activity with the mark of its announcement.
type marked struct {
	store.Row
	mark mark
}

// Activities reads the activities of [from, until); a zero time is no bound.
func (s *Store) Activities(ctx context.Context, from, until time.Time) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		names, err := s.days.onDisk()
		if err != nil {
			yield(store.Row{}, err)
			return
		}
		known := marks{main: s.main}
		for _, day := range names {
			if !from.IsZero() && day < from.UTC().Format(dayLayout) || !until.IsZero() && day > until.UTC().Format(dayLayout) {
				continue
			}
			if !s.activitiesOf(ctx, day, timeSpan(from, until), known.announced, yield) {
				return
			}
		}
	}
}

// News reads the activities that an entry of the log announced as new, by time: each activity is the news of one entry. It
// is empty for other entries, and where retention was quicker.
func (s *Store) News(ctx context.Context, sequence uint64) iter.Seq2[store.Row, error] {
	return func(yield func(store.Row, error) bool) {
		var e store.Entry
		var told notice
		err := s.main.view(func(tx *bbolt.Tx) error {
			key := binary.BigEndian.AppendUint64(nil, sequence)
			stored := tx.Bucket([]byte(tableNames[tLog])).Get(key)
			if stored == nil {
				return nil
			}
			v, _, ok := unseal(tLog, key, stored)
			if e, told, ok = parsed(v, ok); !ok {
				return badRow(s.main.path, tLog, key)
			}
			return nil
		})
		if err != nil {
			yield(store.Row{}, err)
			return
		}
		if e.What != store.Activities || e.Count == 0 {
			return
		}
		sp := span{lo: appendTime(nil, told.first)}
		if told.last < math.MaxInt64 {
			sp.hi = appendTime(nil, told.last+1)
		}
		own := mark{sequence, told.nonce}
		s.activitiesOf(ctx, e.Day, sp, func(m mark) (bool, error) { return m == own, nil }, yield)
	}
}

func parsed(v []byte, ok bool) (store.Entry, notice, bool) {
	if !ok {
		return store.Entry{}, notice{}, false
	}
	e, told, err := parseEntry(v)
	return e, told, err == nil
}

func timeSpan(from, until time.Time) span {
	var sp span
	if !from.IsZero() {
		sp.lo = appendTime(nil, from.UnixNano())
	}
	if !until.IsZero() {
		sp.hi = appendTime(nil, until.UnixNano())
	}
	return sp
}

func (s *Store) activitiesOf(ctx context.Context, day string, sp span, visible func(mark) (bool, error), yield func(store.Row, error) bool) bool {
	f, err := s.days.acquire(day, false)
	if errors.Is(err, fs.ErrNotExist) {
		return true // retention was quicker
	}
	if err != nil {
		return yield(store.Row{}, err)
	}
	defer func() { _ = s.days.release(f) }() // an unused file that does not close in order has nothing to lose
	rows := scan(ctx, f.file, tActivity, []span{sp}, func(c *chunk[marked], tx *bbolt.Tx, k, v []byte) error {
		r, err := c.activity(tx, k, v)
		if err == nil {
			c.items = append(c.items, r)
		}
		return err
	})
	for r, err := range rows {
		give := err != nil
		if err == nil {
			give, err = visible(r.mark)
		}
		if (give || err != nil) && !yield(r.Row, err) {
			return false
		}
	}
	return true
}

// span is the keys from lo on and before hi; nil is no bound.
type span struct{ lo, hi []byte }

func (s span) holds(k []byte) bool { return k != nil && (s.hi == nil || bytes.Compare(k, s.hi) < 0) }

// after is the first key behind all that begin with p; nil when there is none.
func after(p []byte) []byte {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i] < 0xff {
			out := bytes.Clone(p[:i+1])
			out[i]++
			return out
		}
	}
	return nil
}

// spans turns a range of records into spans of keys, one for each kind.
func spans(r store.Range) []span {
	var out []span
	for kind := byte(1); kind < 16; kind++ {
		if r.Kind != 0 && byte(r.Kind) != kind {
			continue
		}
		lo := append([]byte{kind}, r.Prefix...)
		if r.ID != "" {
			lo = append(append([]byte{kind}, r.ID...), 0)
		}
		sp := span{lo, after(lo)}
		if p := r.After; p != nil {
			behind := after(append(append([]byte{byte(p.Kind)}, p.ID...), 0))
			if bytes.Compare(behind, sp.lo) > 0 {
				sp.lo = behind
			}
		}
		if bytes.Compare(sp.lo, sp.hi) < 0 {
			out = append(out, sp)
		}
	}
	return out
}
