package scan

import (
	"bytes"
	"slices"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// A commit ends at a part, at the first of these.
const (
	commitRecords = 10_000
	commitBytes   = 8 << 20
)

// buffer gathers what will be one commit of a walk. It owns copies of the parts' bytes, and is used again and again, so
// that a record costs no allocation.
type buffer struct {
	chunks  [][]byte
	bytes   int
	records []store.Record
	docs    []store.Doc
	scratch part
}

// chunkFor gives a place of n bytes that stays where it is until reset.
func (b *buffer) chunkFor(n int) []byte {
	const firstChunk, chunkBytes = 16 << 10, 1 << 20
	last := len(b.chunks) - 1
	if last < 0 || cap(b.chunks[last])-len(b.chunks[last]) < n {
		if last+1 < cap(b.chunks) && cap(b.chunks[:last+2][last+1]) >= n {
			b.chunks = b.chunks[:last+2]
			b.chunks[last+1] = b.chunks[last+1][:0]
		} else {
			size := chunkBytes
			if last < 0 {
				size = firstChunk // most shards are small
			}
			b.chunks = append(b.chunks, make([]byte, 0, max(n, size)))
		}
		last++
	}
	c := b.chunks[last]
	b.chunks[last] = c[:len(c)+n]
	return b.chunks[last][len(c) : len(c)+n]
}

// add copies a raw part and takes its records; the rest of it is in the part returned, which is valid until the next add.
func (b *buffer) add(raw []byte, allowed []wire.Kind) (*part, error) {
	own := b.chunkFor(len(raw))
	copy(own, raw)
	if err := decodePart(own, &b.scratch, allowed); err != nil {
		return nil, err
	}
	b.records = append(b.records, b.scratch.records...)
	b.bytes += len(raw)
	return &b.scratch, nil
}

func (b *buffer) full() bool { return len(b.records) >= commitRecords || b.bytes >= commitBytes }

func (b *buffer) empty() bool { return len(b.records) == 0 && len(b.docs) == 0 }

// sort orders the records as the store wants them; of two with one key the later stays.
func (b *buffer) sort() {
	if !slices.IsSortedFunc(b.records, compareRecords) {
		slices.SortStableFunc(b.records, compareRecords)
	}
	kept := b.records[:0]
	for i := range b.records {
		if n := len(kept); n > 0 && compareRecords(kept[n-1], b.records[i]) == 0 {
			kept[n-1] = b.records[i]
			continue
		}
		kept = append(kept, b.records[i])
	}
	b.records = kept
}

func compareRecords(x, y store.Record) int {
	if x.Kind != y.Kind {
		return int(x.Kind) - int(y.Kind)
	}
	return bytes.Compare(x.ID, y.ID)
}

func (b *buffer) reset() {
	if b.bytes > 2*commitBytes { // one giant page must not stay in memory
		*b = buffer{}
		return
	}
	b.chunks = b.chunks[:0]
	b.bytes = 0
	b.records = b.records[:0]
	b.docs = b.docs[:0]
}
