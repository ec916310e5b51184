package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/bbolt"

	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Commit writes batches in one transaction. Activities are made durable in their day files first; they count, and are
// given to readers, from the moment at which the instance's file has the log row that announces them.
func (s *Store) Commit(ctx context.Context, batches ...*store.Batch) ([]store.Result, error) {
	if s.readOnly {
		return nil, errors.New("commit: the store is open for reading only")
	}
	for _, b := range batches {
		if err := check(b); err != nil {
			return nil, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	results := make([]store.Result, len(batches))
	news, err := s.commitActivities(batches, results)
	if err != nil {
		return nil, err
	}
	if len(news) == 0 {
		same, err := s.unchanged(batches, results)
		if same || err != nil {
			return results, err
		}
	}
	if err := s.write(batches, results, news); err != nil {
		return results, err
	}
	s.told.tell()
	return results, nil
}

// unchanged compares without a write transaction, so that nothing is written when nothing is to be.
func (s *Store) unchanged(batches []*store.Batch, results []store.Result) (bool, error) {
	same := true
	counts := make([]int, len(batches))
	err := s.main.view(func(tx *bbolt.Tx) error {
		defer s.plan.stop()
		for i, b := range batches {
			for d := range b.Docs {
				if same = !b.Docs[d].Append && sameDoc(tx, &b.Docs[d]); !same {
					return nil
				}
			}
			if len(b.Records) == 0 {
				continue
			}
			home, known := findHome(tx, b.Home)
			s.plan.start(s.main.path, tx.Bucket([]byte(tableNames[tCurrent])).Cursor(), b.Home, home, known)
			for rest := b.Records; len(rest) > 0; {
				n, err := s.plan.run(rest, true)
				if err != nil {
					return err
				}
				if same = len(s.plan.steps) == 0; !same {
					return nil
				}
				s.plan.placed = false
				rest = rest[n:]
			}
			counts[i] = s.plan.same
		}
		return nil
	})
	if err != nil || !same {
		return false, err
	}
	for i, n := range counts {
		results[i].Unchanged += n
	}
	return true, nil
}

func sameDoc(tx *bbolt.Tx, d *store.Doc) bool {
	key := docKey(d.Bucket, d.Key)
	stored := tx.Bucket([]byte(tableNames[tDocs])).Get(key)
	if stored == nil || d.Value == nil {
		return stored == nil && d.Value == nil
	}
	value, _, ok := unseal(tDocs, key, stored)
	return ok && bytes.Equal(value, d.Value)
}

func findHome(tx *bbolt.Tx, h store.Home) (uint32, bool) {
	key := appendHome(nil, h)
	v, _, ok := unseal(tHomeIDs, key, tx.Bucket([]byte(tableNames[tHomeIDs])).Get(key))
	if !ok || len(v) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(v), true
}

// write is the commit to the instance's own file.
func (s *Store) write(batches []*store.Batch, results []store.Result, news []dayNews) error {
	defer s.plan.stop()
	return s.main.update(&s.arena, func(w *writer) error {
		// First, because the day files already know these sequences.
		for _, n := range news {
			if err := w.announce(n); err != nil {
				return err
			}
		}
		var looks firstLooks
		for i, b := range batches {
			a := applier{writer: w, batch: b, result: &results[i], at: nanos(b.At), looks: &looks}
			before := w.bytes
			if err := a.records(&s.plan); err != nil {
				return err
			}
			for d := range b.Docs {
				if err := w.doc(&b.Docs[d]); err != nil {
					return err
				}
			}
			results[i].Bytes += w.bytes - before
		}
		return looks.log(w)
	})
}

// sequences is the bucket with the last number of each bucket that documents are appended to.
const sequences = "sequences"

// next numbers a document that is appended.
func (w *writer) next(bucket string) ([]byte, error) {
	at := docKey(sequences, []byte(bucket))
	last, stored, err := w.get(tDocs, at)
	if err != nil {
		return nil, err
	}
	var n uint64
	if len(last) == 8 { //nolint:mnd // bytes
		n = binary.BigEndian.Uint64(last)
	}
	number := binary.BigEndian.AppendUint64(nil, n+1)
	return number, w.put(tDocs, at, number, stored)
}

func (w *writer) doc(d *store.Doc) error {
	key := docKey(d.Bucket, d.Key)
	if d.Append {
		number, err := w.next(d.Bucket)
		if err != nil {
			return err
		}
		key = docKey(d.Bucket, number)
	}
	value, stored, err := w.get(tDocs, key)
	switch {
	case err != nil:
		return err
	case d.Value == nil && stored == nil, d.Value != nil && stored != nil && bytes.Equal(value, d.Value):
		return nil
	case d.Value == nil:
		return w.remove(tDocs, key, stored)
	}
	return w.put(tDocs, key, d.Value, stored)
}

func docKey(bucket string, key []byte) []byte {
	k := make([]byte, 0, len(bucket)+1+len(key))
	return append(append(append(k, bucket...), 0), key...)
}

// firstLooks counts what baselines saw: one row of the log per kind, facet and commit.
type firstLooks []store.Entry

func (l *firstLooks) add(b *store.Batch, kind wire.Kind) {
	for i := range *l {
		if e := &(*l)[i]; e.Kind == kind && e.Facet == b.Home.Listing {
			e.Count++
			return
		}
	}
	*l = append(*l, store.Entry{At: b.At, What: store.Baseline, Kind: kind, Facet: b.Home.Listing, Reason: b.Reason, Count: 1})
}

func (l firstLooks) log(w *writer) error {
	for i := range l {
		if _, err := w.log(&l[i], notice{}); err != nil {
			return err
		}
	}
	return nil
}

// applier writes one batch.
type applier struct {
	*writer
	batch  *store.Batch
	result *store.Result
	at     int64
	home   uint32
	looks  *firstLooks
	keyBuf []byte
}

func (a *applier) records(p *planner) error {
	if !slices.ContainsFunc(a.batch.Records, func(r store.Record) bool { return r.Kind != wire.Kind_KIND_ACTIVITY }) {
		return nil
	}
	for rest := a.batch.Records; len(rest) > 0; {
		home, known := findHome(a.tx, a.batch.Home)
		p.start(a.f.path, a.bucket(tCurrent).Cursor(), a.batch.Home, home, known)
		n, err := p.run(rest, false)
		if err != nil {
			return err
		}
		a.result.Unchanged += p.same
		if err := a.apply(rest[:n], p.steps); err != nil {
			return err
		}
		rest = rest[n:]
	}
	return nil
}

func (a *applier) apply(records []store.Record, steps []step) error {
	if len(steps) == 0 {
		return nil
	}
	var err error
	if a.home, err = a.writer.home(a.batch.Home); err != nil {
		return err
	}
	a.bucket(tCurrent).FillPercent = insertFill
	if 2*len(steps) > len(records) && steps[0].deed == create {
		a.bucket(tCurrent).FillPercent = appendFill
	}
	for i := range steps {
		if err := a.step(&records[steps[i].record], &steps[i]); err != nil {
			return fmt.Errorf("commit of %s: %w", a.batch.Home.Listing, err)
		}
	}
	return nil
}

func (a *applier) step(r *store.Record, s *step) error {
	switch s.deed {
	case create:
		return a.create(r, s)
	case renew:
		return a.renew(r, s)
	case change:
		return a.change(r, s)
	}
	return a.withdraw(r, s)
}

func (a *applier) create(r *store.Record, s *step) error {
	a.keyBuf = append(appendRecord(a.keyBuf[:0], r.Kind, r.ID), a.batch.Home.Listing...)
	if err := a.putRow(a.keyBuf, r, row{firstSeen: a.at, since: a.at}, nil); err != nil {
		return err
	}
	what := store.Created
	if s.others || !slices.Contains(a.batch.Defines, r.Kind) {
		what = store.Filled
		a.result.Filled++
	} else {
		a.result.Created++
	}
	if !s.others {
		a.st.kinds[r.Kind]++
	}
	if a.batch.Baseline {
		a.looks.add(a.batch, r.Kind)
		return nil
	}
	var fields []string
	if what == store.Filled {
		fields = differing(r.Kind, nil, r.Body)
	}
	return a.entry(what, r, a.batch.Home.Listing, fields, "")
}

// putRow writes a row with the record's body and volatile fields and the batch's home.
func (a *applier) putRow(key []byte, r *store.Record, v row, old []byte) error {
	v.home, v.body, v.volatile = a.home, r.Body, r.Volatile
	b := a.begin(tCurrent, key, rowHeader+len(v.body)+len(v.volatile))
	return a.end(tCurrent, appendRow(b, v), len(key), old)
}

// stored gives the row of a step, checked: what is damaged must not become history.
func (a *applier) stored(s *step) (row, error) {
	v, _, ok := unseal(tCurrent, s.key, s.old)
	if !ok {
		return row{}, badRow(a.f.path, tCurrent, s.key)
	}
	was, err := parseRow(v)
	if err != nil {
		return row{}, badRow(a.f.path, tCurrent, s.key)
	}
	return was, nil
}

func (a *applier) renew(r *store.Record, s *step) error {
	was, err := a.stored(s)
	if err != nil {
		return err
	}
	if was.home != a.home {
		a.result.Moved++
	} else {
		a.result.Volatile++
	}
	return a.putRow(s.key, r, was, s.old)
}

func (a *applier) change(r *store.Record, s *step) error {
	was, err := a.stored(s)
	if err != nil {
		return err
	}
	fields, filled, err := record.Diff(r.Kind, was.body, r.Body)
	if err == nil && filled {
		// Since stays: what became visible may have been so all the time, and no version covers the time before.
		if err := a.putRow(s.key, r, was, s.old); err != nil {
			return err
		}
		if len(fields) == 0 { // only the encoding differs
			a.result.Volatile++
			return nil
		}
		a.result.Filled++
		return a.entry(store.Filled, r, a.batch.Home.Listing, fields, "")
	}
	// Bytes that cannot be read have changed all the same; the entry then names no fields.
	until := max(a.at, was.since)
	if err := a.version(s.key, was, until, false); err != nil {
		return err
	}
	if err := a.putRow(s.key, r, row{firstSeen: was.firstSeen, since: until}, s.old); err != nil {
		return err
	}
	a.result.Updated++
	return a.entry(store.Updated, r, a.batch.Home.Listing, fields, "")
}

func (a *applier) withdraw(r *store.Record, s *step) error {
	was, err := a.stored(s)
	if err != nil {
		return err
	}
	if err := a.version(s.key, was, max(a.at, was.since), true); err != nil {
		return err
	}
	facet := string(s.key[len(r.ID)+2:])
	if err := a.remove(tCurrent, s.key, s.old); err != nil {
		return err
	}
	switch {
	case !s.others:
		a.st.kinds[r.Kind]--
		a.result.Deleted++
		return a.entry(store.Deleted, r, a.batch.Home.Listing, nil, a.batch.Reason)
	case r.Op == store.DropFacet:
		a.result.Filled++
		return a.entry(store.Filled, r, facet, differing(r.Kind, was.body, nil), a.batch.Reason)
	}
	return nil // a facet of a record that is being deleted: its last one is logged
}

// version writes what a facet was into history, without its volatile fields.
func (a *applier) version(rowKey []byte, was row, until int64, deleted bool) error {
	a.st.lastNumber++
	was.volatile = []byte{0}
	if deleted {
		was.volatile = []byte{1}
	}
	key := appendVersionKey(make([]byte, 0, len(rowKey)+versionTail), rowKey, until, a.st.lastNumber)
	b := a.begin(tHistory, key, rowHeader+len(was.body)+1)
	return a.end(tHistory, appendRow(b, was), len(key), nil)
}

func (a *applier) entry(what store.What, r *store.Record, facet string, fields []string, reason string) error {
	_, err := a.log(&store.Entry{
		At: a.batch.At, What: what, Kind: r.Kind, ID: string(r.ID), Facet: facet, Fields: fields, Reason: reason,
	}, notice{})
	return err
}

// differing names the fields that one of two bodies has alone; none when they cannot be read.
func differing(kind wire.Kind, before, after []byte) []string {
	fields, _, err := record.Diff(kind, before, after)
	if err != nil {
		return nil
	}
	return fields
}
