package scan

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// What absence takes.
const (
	settledMisses = 2  // rounds of its home that missed a record, before it can be deleted without being fetched
	heldRecords   = 20 // more than these and heldPercent missing at once are held for the next walk
	heldPercent   = 20
	sweepCommit   = 1_000 // records concluded on in one commit
)

func hashKey(k []byte) uint64 { return xxhash.Sum64(k) }

// missingDoc marks a facet as unconfirmed.
func (e *Engine) missingDoc(key []byte, a absence) store.Doc {
	e.mu.Lock()
	e.unconfirmed[hashKey(key)] = struct{}{}
	e.mu.Unlock()
	return jsonDoc(bucketUnconfirmed, key, a)
}

// confirmed takes the mark off facets that were seen again.
func (e *Engine) confirmed(records []store.Record, facet string) []store.Doc {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.unconfirmed) == 0 {
		return nil
	}
	var docs []store.Doc
	for i := range records {
		if records[i].Op != store.Put {
			continue
		}
		key := unconfirmedKey(records[i].Kind, string(records[i].ID), facet)
		if _, marked := e.unconfirmed[hashKey(key)]; marked {
			delete(e.unconfirmed, hashKey(key))
			docs = append(docs, noDoc(bucketUnconfirmed, key))
		}
	}
	return docs
}

// conclude draws what follows from the walks of a round: shards that are gone, records that are missing, and which of the
// missing ones are settled.
func (e *Engine) conclude(ctx context.Context, l *listing, r *roundRun) error {
	docs := e.retire(l, r)
	if len(docs) > 0 {
		if _, err := e.committer.commit(&store.Batch{At: time.Now(), Docs: docs}); err != nil {
			return err
		}
	}
	if l.feed() {
		return nil
	}
	if err := e.sweep(ctx, l, r); err != nil {
		return fmt.Errorf("%s: looking for what is missing: %w", l.GetName(), err)
	}
	if err := e.proven(l, r); err != nil {
		return err
	}
	// Another listing that settles meanwhile must find this round, else each could wait for the other until the next one.
	if e.anyUnconfirmed() {
		if err := e.saveRound(r); err != nil {
			return err
		}
	}
	if err := e.settleAbsent(ctx, l, r); err != nil {
		return fmt.Errorf("%s: settling what is missing: %w", l.GetName(), err)
	}
	return nil
}

func (e *Engine) anyUnconfirmed() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.unconfirmed) > 0
}

// proven notes that the sweep has looked for what the walks of this round did not give.
func (e *Engine) proven(l *listing, r *roundRun) error {
	e.mu.Lock()
	var docs []store.Doc
	for _, s := range e.shards[l.GetName()] {
		if s.Unproven && r.proof[s.Key] {
			s.Unproven = false
			docs = append(docs, jsonDoc(bucketShards, docKey(s.Listing, s.Key), *s))
		}
	}
	e.mu.Unlock()
	if len(docs) == 0 {
		return nil
	}
	_, err := e.committer.commit(&store.Batch{At: time.Now(), Docs: docs})
	return err
}

// countRows keeps the number of a facet's rows, once a sweep has counted them, and forgets it when a commit leaves it in
// doubt: a deletion takes rows of other facets along, and a filled field and a new row beside others count alike.
func (e *Engine) countRows(facet string, r store.Result) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if r.Created+r.Filled+r.Deleted > 0 {
		e.rowChanges++
	}
	switch n, known := e.rows[facet]; {
	case r.Deleted > 0:
		clear(e.rows)
	case r.Filled > 0:
		delete(e.rows, facet)
	case known:
		e.rows[facet] = n + r.Created
	}
}

// allSeen says that a round gave every row there is, without reading one: what it gave was put, nothing was deleted since
// the rows were counted, and there are as many of either.
func (e *Engine) allSeen(l *listing, s *seen) (bool, error) {
	e.mu.Lock()
	rows, known := e.rows[l.GetName()]
	e.mu.Unlock()
	if !known || s.count < rows {
		return false, nil
	}
	n, err := s.distinct()
	return n == rows, err
}

type missingRow struct {
	kind   wire.Kind
	id     string
	reason string
	counts bool // as a miss; else it is only unconfirmed
}

// sweep finds the rows that their home lists no more, and marks them.
func (e *Engine) sweep(ctx context.Context, l *listing, r *roundRun) error {
	if !e.canMiss(l, r) {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if all, err := e.allSeen(l, r.seen); all || err != nil {
		r.Missing, r.Held = 0, false
		return err
	}
	order, err := r.seen.merge()
	if err != nil {
		return err
	}
	changes := e.changesOfRows()
	var (
		missing []missingRow
		total   int
		key     []byte
	)
	for _, kind := range sortedKinds(l.kinds) {
		for row, err := range e.Store.Rows(ctx, store.Range{Kind: kind}) {
			if err != nil {
				return err
			}
			if row.Facet != l.GetName() {
				continue
			}
			total++
			key = seenKey(key[:0], row.Kind, []byte(row.ID))
			if reason, counts := e.unseen(l, r, row.Home); reason != "" {
				was, err := order.has(key)
				if err != nil {
					return err
				}
				if !was {
					missing = append(missing, missingRow{row.Kind, row.ID, reason, counts})
				}
			}
		}
	}
	e.mu.Lock()
	if e.rowChanges == changes { // else some row may have come or gone behind the count
		e.rows[l.GetName()] = total
	} else {
		delete(e.rows, l.GetName())
	}
	e.mu.Unlock()
	return e.mark(l, r, missing, total)
}

func (e *Engine) changesOfRows() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.rowChanges
}

// canMiss says whether this round can have missed anything at all.
func (e *Engine) canMiss(l *listing, r *roundRun) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.shards[l.GetName()] {
		if s.Retired || r.proof[s.Key] {
			return true
		}
	}
	return false
}

// unseen says why a row of a home is missing when the round did not give it; "" when the round says nothing about it.
// What was last seen with other eyes is unconfirmed, but that is no proof: only fetching it can be.
func (e *Engine) unseen(l *listing, r *roundRun, home store.Home) (reason string, counts bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.shards[l.GetName()][home.Shard]
	switch {
	case s != nil && s.Retired:
		return "its " + l.parent.GetName() + " shard is gone", true
	case r.proof[home.Shard]:
		return "not listed any more", home.Fingerprint == r.Fingerprint
	}
	return "", false
}

// mark notes the missing rows, or counts one more miss. Too many new ones at once are held.
func (e *Engine) mark(l *listing, r *roundRun, missing []missingRow, total int) error {
	r.Missing = len(missing)
	marks := make([]*absence, len(missing))
	fresh := 0
	for i, m := range missing {
		a, err := e.absenceOf(unconfirmedKey(m.kind, m.id, l.GetName()))
		if err != nil {
			return err
		}
		if a == nil {
			a = &absence{Listing: l.GetName(), Since: time.Now(), Reason: m.reason}
		}
		if m.counts {
			if a.Misses == 0 {
				fresh++
				a.Since = time.Now()
			}
			a.Misses++
			if a.Misses < settledMisses {
				r.Unsettled++
			}
		}
		marks[i] = a
	}
	r.Held = fresh > heldRecords && fresh*100 > total*heldPercent
	if r.Held {
		e.Logger.Warn("too much is missing at once: held for the next walk, nothing is deleted",
			"listing", l.GetName(), "missing", fresh, "of", total)
	}
	for chunk := range slices.Chunk(missing, sweepCommit) {
		docs := make([]store.Doc, len(chunk))
		for i, m := range chunk {
			marks[i].Held = r.Held && marks[i].Misses == 1
			docs[i] = e.missingDoc(unconfirmedKey(m.kind, m.id, l.GetName()), *marks[i])
		}
		marks = marks[len(chunk):]
		if _, err := e.committer.commit(&store.Batch{At: time.Now(), Docs: docs}); err != nil {
			return err
		}
	}
	return nil
}

// absenceOf reads a mark; nil when there is none.
func (e *Engine) absenceOf(key []byte) (*absence, error) {
	e.mu.Lock()
	_, marked := e.unconfirmed[hashKey(key)]
	e.mu.Unlock()
	if !marked {
		return nil, nil
	}
	b, err := e.Store.Doc(bucketUnconfirmed, key)
	if err != nil || b == nil {
		return nil, err
	}
	a := &absence{}
	return a, json.Unmarshal(b, a)
}
