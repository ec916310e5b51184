package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"
	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/mooring-hq/mooring/agent/internal/store"
)

// writer is one write transaction of one file. All rows go through it, so that checksums and totals always fit.
type writer struct {
	f       *file
	tx      *bbolt.Tx
	buckets [tableEnd]*bbolt.Bucket
	st      state
	arena   *arena
	bytes   int64
}

// update runs fn in a write transaction and makes it durable. Nothing is written when fn put nothing. After a panic of
// bbolt the file stays unusable until it is opened again: what bbolt has in memory cannot be trusted any more.
func (f *file) update(a *arena, fn func(w *writer) error) error {
	if err := f.usable(); err != nil {
		return err
	}
	f.writing.Lock()
	defer f.writing.Unlock()
	defer a.reset()
	w := &writer{f: f, st: *f.state.Load(), arena: a}
	ended := false
	err := guarded(f.path, func() error {
		err := w.run(fn)
		ended = true
		return err
	})
	if !ended {
		return f.breakWith(err)
	}
	return err
}

func (w *writer) run(fn func(w *writer) error) error {
	var err error
	if w.tx, err = w.f.db.Begin(true); err != nil {
		return fmt.Errorf("write store file %s: %w", w.f.path, err)
	}
	if err = fn(w); err == nil && w.bytes > 0 {
		err = w.saveState()
	}
	if err != nil || w.bytes == 0 {
		return errors.Join(err, w.tx.Rollback())
	}
	if err := w.tx.Commit(); err != nil {
		return fmt.Errorf("write store file %s: %w", w.f.path, err)
	}
	w.f.state.Store(&w.st)
	return nil
}

func (w *writer) bucket(t table) *bbolt.Bucket {
	b := w.buckets[t]
	if b == nil {
		b = w.tx.Bucket([]byte(tableNames[t]))
		b.FillPercent = insertFill
		if t == tLog {
			b.FillPercent = appendFill
		}
		w.buckets[t] = b
	}
	return b
}

// put writes a value. old is what stood there with its checksum, nil when nothing did.
func (w *writer) put(t table, key, value, old []byte) error {
	r := w.begin(t, key, len(value))
	return w.end(t, append(r, value...), len(key), old)
}

// begin gives room in the arena for a row, with table and key in it; end puts it.
func (w *writer) begin(t table, key []byte, valueBytes int) []byte {
	return append(append(w.arena.room(1+len(key)+valueBytes+sumBytes), byte(t)), key...)
}

func (w *writer) end(t table, r []byte, keyBytes int, old []byte) error {
	sum := xxhash.Sum64(r)
	r = binary.LittleEndian.AppendUint64(r, sum)
	w.arena.keep(r)
	key, value := r[1:1+keyBytes], r[1+keyBytes:]
	if len(value) > maxValueBytes {
		return fmt.Errorf("store file %s: a value of %d bytes in %s, at most %d are kept", w.f.path, len(value), tableNames[t], maxValueBytes)
	}
	if old != nil {
		w.st.remove(t, sumOf(old))
	}
	if t != tMeta {
		w.st.add(t, sum)
	}
	w.bytes += int64(len(key) + len(value))
	if err := w.bucket(t).Put(key, value); err != nil {
		if errors.Is(err, bolterrors.ErrIncompatibleValue) { // flipped bits made a bucket of a row
			return badRow(w.f.path, t, key)
		}
		return fmt.Errorf("store file %s: put into %s: %w", w.f.path, tableNames[t], err)
	}
	return nil
}

// remove deletes a row; old is its value with the checksum.
func (w *writer) remove(t table, key, old []byte) error {
	w.st.remove(t, sumOf(old))
	w.bytes += int64(len(key))
	if err := w.bucket(t).Delete(key); err != nil {
		if errors.Is(err, bolterrors.ErrIncompatibleValue) {
			return badRow(w.f.path, t, key)
		}
		return fmt.Errorf("store file %s: delete from %s: %w", w.f.path, tableNames[t], err)
	}
	return nil
}

// get gives a value without its checksum, and with it for put and remove.
func (w *writer) get(t table, key []byte) (value, stored []byte, err error) {
	stored = w.bucket(t).Get(key)
	if stored == nil {
		return nil, nil, nil
	}
	value, _, ok := unseal(t, key, stored)
	if !ok {
		return nil, nil, badRow(w.f.path, t, key)
	}
	return value, stored, nil
}

func (w *writer) saveState() error {
	return w.put(tMeta, keyState, w.st.append(nil), nil)
}

// home gives the number of a home, a new one if it must.
func (w *writer) home(h store.Home) (uint32, error) {
	key := appendHome(nil, h)
	v, _, err := w.get(tHomeIDs, key)
	if err != nil {
		return 0, err
	}
	if len(v) == 4 {
		return binary.BigEndian.Uint32(v), nil
	}
	w.st.lastHome++
	number := binary.BigEndian.AppendUint32(nil, w.st.lastHome)
	if err := w.put(tHomeIDs, key, number, nil); err != nil {
		return 0, err
	}
	return w.st.lastHome, w.put(tHomes, number, key, nil)
}

// log appends an entry and gives its sequence.
func (w *writer) log(e *store.Entry, n notice) (uint64, error) {
	w.st.lastLog++
	key := binary.BigEndian.AppendUint64(make([]byte, 0, 8), w.st.lastLog)
	r := appendEntry(w.begin(tLog, key, entryBytes(e)), e, n)
	return w.st.lastLog, w.end(tLog, r, len(key), nil)
}

func entryBytes(e *store.Entry) int {
	n := 80 + len(e.ID) + len(e.Facet) + len(e.Reason) + len(e.Day)
	for _, f := range e.Fields {
		n += 2 + len(f)
	}
	return n
}

func sumOf(stored []byte) uint64 {
	return binary.LittleEndian.Uint64(stored[len(stored)-sumBytes:])
}
