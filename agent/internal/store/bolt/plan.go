package bolt

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// deed is what has to be done about a record.
type deed uint8

const (
	create   deed = iota + 1 // the facet is new
	renew                    // only volatile fields or the home differ
	change                   // the body differs
	withdraw                 // the facet goes
)

// step is one deed. Records without a step are unchanged.
type step struct {
	record int
	deed   deed
	// others: the record has further facets, or, at a withdrawal, will have.
	others bool
	// key and old are the stored row's, with its checksum; they live as long as the transaction.
	key, old []byte
}

// planner merges sorted records with the rows that stand in the file: one cursor goes along both, so that an unchanged
// record costs a step of the cursor and two comparisons.
type planner struct {
	path   string
	facet  []byte
	home   uint32
	known  bool // the home has a number
	c      *bbolt.Cursor
	k, v   []byte
	placed bool
	buf    []byte
	steps  []step
	same   int
}

func (p *planner) start(path string, c *bbolt.Cursor, h store.Home, home uint32, known bool) {
	p.path, p.facet, p.home, p.known = path, append(p.facet[:0], h.Listing...), home, known
	p.c, p.placed, p.same = c, false, 0
	p.steps = p.steps[:0]
}

// stop lets go of what belongs to the transaction.
func (p *planner) stop() {
	clear(p.steps[:cap(p.steps)])
	p.c, p.k, p.v, p.steps = nil, nil, nil, p.steps[:0]
}

// run plans records from the first on and gives how many it took. It stops before one that does not sort behind its
// predecessor, since what that does must be written first; and, with firstOnly, at the first step.
func (p *planner) run(records []store.Record, firstOnly bool) (int, error) {
	last := -1
	for i := range records {
		r := &records[i]
		if r.Kind == wire.Kind_KIND_ACTIVITY {
			continue
		}
		if last >= 0 && !sorted(&records[last], r) {
			return i, nil
		}
		last = i
		if err := p.record(i, r); err != nil {
			return i, err
		}
		if firstOnly && len(p.steps) > 0 {
			return i, nil
		}
	}
	return len(records), nil
}

func sorted(a, b *store.Record) bool {
	return a.Kind < b.Kind || a.Kind == b.Kind && bytes.Compare(a.ID, b.ID) < 0
}

// seek brings the cursor to the first row that is not before those of a record. Near ones are stepped to.
func (p *planner) seek(kind wire.Kind, id []byte) {
	const near = 8
	if p.placed {
		for range near {
			if p.k == nil || compareRecord(p.k, kind, id) >= 0 {
				return
			}
			p.k, p.v = p.c.Next()
		}
	}
	p.buf = appendRecord(p.buf[:0], kind, id)
	p.k, p.v = p.c.Seek(p.buf)
	p.placed = true
}

func (p *planner) record(i int, r *store.Record) error {
	p.seek(r.Kind, r.ID)
	if r.Op == store.Delete {
		return p.remove(i, r)
	}
	others, own := false, false
	var key, old []byte
	for p.k != nil && compareRecord(p.k, r.Kind, r.ID) == 0 {
		if bytes.Equal(p.k[len(r.ID)+2:], p.facet) {
			own, key, old = true, p.k, p.v
		} else {
			others = true
		}
		if own && (r.Op == store.Put || others) {
			break
		}
		p.k, p.v = p.c.Next()
	}
	switch {
	case r.Op == store.DropFacet && own:
		p.steps = append(p.steps, step{record: i, deed: withdraw, others: others, key: key, old: old})
	case r.Op == store.Put && !own:
		p.steps = append(p.steps, step{record: i, deed: create, others: others})
	case r.Op == store.Put:
		return p.compare(i, r, key, old)
	}
	return nil
}

func (p *planner) compare(i int, r *store.Record, key, old []byte) error {
	if len(old) < sumBytes {
		return badRow(p.path, tCurrent, key)
	}
	was, err := parseRow(old[:len(old)-sumBytes])
	if err != nil {
		return badRow(p.path, tCurrent, key)
	}
	d := deed(0)
	switch {
	case !bytes.Equal(was.body, r.Body):
		d = change
	case !p.known || was.home != p.home || !bytes.Equal(was.volatile, r.Volatile):
		d = renew
	default:
		p.same++
		return nil
	}
	p.steps = append(p.steps, step{record: i, deed: d, key: key, old: old})
	return nil
}

// remove plans to withdraw all facets of a record, the last of them without others.
func (p *planner) remove(i int, r *store.Record) error {
	first := len(p.steps)
	for p.k != nil && compareRecord(p.k, r.Kind, r.ID) == 0 {
		p.steps = append(p.steps, step{record: i, deed: withdraw, others: true, key: p.k, old: p.v})
		p.k, p.v = p.c.Next()
	}
	if len(p.steps) > first {
		p.steps[len(p.steps)-1].others = false
	}
	return nil
}

// check says what a record on its way in must be.
func check(b *store.Batch) error {
	switch h := b.Home; {
	case len(h.Listing) > maxFacetBytes || bytes.IndexByte([]byte(h.Listing), 0) >= 0:
		return fmt.Errorf("commit: listing %.64q: at most %d bytes without a zero are expected", h.Listing, maxFacetBytes)
	case len(b.Records) > 0 && h.Listing == "":
		return fmt.Errorf("commit: %d records without a listing: the home's listing names their facet", len(b.Records))
	case len(h.Listing)+len(h.Shard)+len(h.Fingerprint) > maxHomeBytes:
		return fmt.Errorf("commit: home of listing %s: at most %d bytes are expected", h.Listing, maxHomeBytes)
	}
	for i := range b.Records {
		r := &b.Records[i]
		if r.Kind <= wire.Kind_KIND_UNSPECIFIED || r.Kind >= 16 {
			return fmt.Errorf("commit: a record of kind %d: it is not one that can be kept", r.Kind)
		}
		if len(r.ID) == 0 || len(r.ID) > maxIDBytes || bytes.IndexByte(r.ID, 0) >= 0 {
			return fmt.Errorf("commit: a record of %s has the id %.64q: 1 to %d bytes without a zero are expected",
				b.Home.Listing, r.ID, maxIDBytes)
		}
	}
	for i := range b.Docs {
		d := &b.Docs[i]
		if d.Bucket == "" || bytes.IndexByte([]byte(d.Bucket), 0) >= 0 || len(d.Bucket)+len(d.Key) > maxDocKeyBytes {
			return fmt.Errorf("commit: document %.64q in bucket %.64q: a bucket without a zero, and at most %d bytes for both, are expected",
				d.Key, d.Bucket, maxDocKeyBytes)
		}
	}
	return nil
}
