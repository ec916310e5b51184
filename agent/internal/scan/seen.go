package scan

import (
	"bufio"
	"bytes"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const (
	seenMemoryBytes = 1 << 20 // held before it spills
	seenReadBytes   = 4 << 10 // per run, while merging
)

// TempPattern is how the files in Config.TempDir are named. They have no name any more as soon as they are open.
const TempPattern = "seen-*"

// seen is the set of records that the walks of a round gave, by key. It lives as long as the round in this process: a
// restarted connector keeps it, a restarted agent loses it and then proves no absence.
//
// Every commit adds its keys in order, so the set is a number of sorted runs; a commit that goes on behind the last one
// only lengthens its run. Beyond a bound the runs lie in an unlinked file.
type seen struct {
	dir   string
	file  *os.File
	size  int64
	buf   []byte // the end of the file, not yet written
	runs  []seenRun
	last  []byte // the greatest key of the last run
	count int    // keys in all runs; each is once in its run
	// scratch is for the key at hand.
	scratch []byte
}

type seenRun struct{ from, to int64 }

func newSeen(dir string) *seen { return &seen{dir: dir} }

// seenKey orders as the store does: by kind, then id.
func seenKey(b []byte, kind wire.Kind, id []byte) []byte {
	return append(append(b, byte(kind)), id...)
}

// add takes the keys of a sorted batch.
func (s *seen) add(records []store.Record) error {
	key := s.scratch
	first := true
	for i := range records {
		if records[i].Op != store.Put { // a tombstone is no sight
			continue
		}
		key = seenKey(key[:0], records[i].Kind, records[i].ID)
		if len(s.runs) == 0 || (first && bytes.Compare(key, s.last) <= 0) {
			at := s.size + int64(len(s.buf))
			s.runs = append(s.runs, seenRun{at, at})
		}
		s.buf = binary.AppendUvarint(s.buf, uint64(len(key)))
		s.buf = append(s.buf, key...)
		s.count++
		first = false
	}
	s.scratch = key
	if first {
		return nil
	}
	s.last = append(s.last[:0], key...)
	s.runs[len(s.runs)-1].to = s.size + int64(len(s.buf))
	if len(s.buf) >= seenMemoryBytes {
		return s.spill()
	}
	return nil
}

func (s *seen) spill() error {
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, TempPattern)
		if err != nil {
			return fmt.Errorf("keeping what was seen: %w", err)
		}
		s.file = f
		if err := os.Remove(f.Name()); err != nil {
			return fmt.Errorf("keeping what was seen: %w", err)
		}
	}
	if _, err := s.file.WriteAt(s.buf, s.size); err != nil {
		return fmt.Errorf("keeping what was seen: %w", err)
	}
	s.size += int64(len(s.buf))
	s.buf = s.buf[:0]
	return nil
}

func (s *seen) close() {
	if s.file != nil {
		_ = s.file.Close()
	}
}

// distinct is the number of different keys.
func (s *seen) distinct() (int, error) {
	if len(s.runs) <= 1 {
		return s.count, nil
	}
	m, err := s.merge()
	if err != nil {
		return 0, err
	}
	n := 0
	var last []byte
	for m.key != nil {
		if n == 0 || !bytes.Equal(m.key, last) {
			n++
			last = append(last[:0], m.key...)
		}
		if err := m.advance(); err != nil {
			return 0, err
		}
	}
	return n, nil
}

// merge gives the keys in order; one that is in several runs comes as often.
func (s *seen) merge() (*seenMerge, error) {
	m := &seenMerge{}
	for _, r := range s.runs {
		cur := &seenCursor{r: bufio.NewReaderSize(s.section(r), min(seenReadBytes, int(r.to-r.from)+16))}
		ok, err := cur.next()
		if err != nil {
			return nil, err
		}
		if ok {
			m.heap = append(m.heap, cur)
		}
	}
	heap.Init(&m.heap)
	return m, m.advance()
}

// section reads a run, from the file and from memory.
func (s *seen) section(r seenRun) io.Reader {
	var parts []io.Reader
	if r.from < s.size {
		parts = append(parts, io.NewSectionReader(s.file, r.from, min(r.to, s.size)-r.from))
	}
	if r.to > s.size {
		parts = append(parts, bytes.NewReader(s.buf[max(r.from, s.size)-s.size:r.to-s.size]))
	}
	return io.MultiReader(parts...)
}

type seenCursor struct {
	r   *bufio.Reader
	key []byte
}

func (c *seenCursor) next() (bool, error) {
	n, err := binary.ReadUvarint(c.r)
	if errors.Is(err, io.EOF) {
		return false, nil
	}
	if err != nil || n > maxIDBytes+1 {
		return false, fmt.Errorf("reading what was seen: length %d: %w", n, err)
	}
	if cap(c.key) < int(n) {
		c.key = make([]byte, n, 2*n)
	}
	c.key = c.key[:n]
	if _, err := io.ReadFull(c.r, c.key); err != nil {
		return false, fmt.Errorf("reading what was seen: %w", err)
	}
	return true, nil
}

type seenHeap []*seenCursor

func (h seenHeap) Len() int           { return len(h) }
func (h seenHeap) Less(i, j int) bool { return bytes.Compare(h[i].key, h[j].key) < 0 }
func (h seenHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *seenHeap) Push(x any)        { *h = append(*h, x.(*seenCursor)) } //nolint:forcetypeassert // ours
func (h *seenHeap) Pop() any {
	old := *h
	x := old[len(old)-1]
	*h = old[:len(old)-1]
	return x
}

// seenMerge walks the set beside the rows of the store.
type seenMerge struct {
	heap seenHeap
	key  []byte // nil: at the end
}

// has says whether a key was seen. Keys must be asked for in ascending order.
func (m *seenMerge) has(key []byte) (bool, error) {
	for m.key != nil && bytes.Compare(m.key, key) < 0 {
		if err := m.advance(); err != nil {
			return false, err
		}
	}
	return m.key != nil && bytes.Equal(m.key, key), nil
}

func (m *seenMerge) advance() error {
	if len(m.heap) == 0 {
		m.key = nil
		return nil
	}
	c := m.heap[0]
	m.key = append(m.key[:0], c.key...)
	ok, err := c.next()
	if err != nil {
		return err
	}
	if ok {
		heap.Fix(&m.heap, 0)
	} else {
		heap.Pop(&m.heap)
	}
	return nil
}
