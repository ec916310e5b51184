package bolt

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"io"
)

// bbolt puts no checksum on its pages and trusts them: a branch that points to itself ends the process with an overflown
// stack, which nothing can catch. So the structure is read here, with plain reads and every length checked: the branches
// whenever a file is opened (one page in about a hundred), everything by Check. The layout is that of bbolt's file version 2.
const (
	pageHeader    = 16
	elementBytes  = 16
	bucketHeader  = 16
	metaBytes     = 64
	metaMagic     = 0xED0CDAED
	metaVersion   = 2
	branchPage    = 1
	leafPage      = 2
	metaPage      = 4
	freelistPage  = 16
	bucketElement = 1
	maxDepth      = 64
	maxPageBytes  = 64 << 10
	noFreelist    = 1<<64 - 1
)

type meta struct {
	pageSize                       int
	root, freelist, pages, version uint64 // version: the transaction's id
}

// tree reads the pages of one file as one transaction left them.
type tree struct {
	path string
	r    io.ReaderAt
	meta meta
	seen []uint64 // bits of the pages that something refers to
	// spare is a page that nobody needs any more: opening a file reads thousands.
	spare []byte
	leaf  func(table string, key, value []byte) error
}

// readMeta reads one of the two first pages.
func readMeta(r io.ReaderAt, page int, pageSize int64) (meta, error) {
	b := make([]byte, pageHeader+metaBytes)
	if _, err := r.ReadAt(b, int64(page)*pageSize); err != nil {
		return meta{}, fmt.Errorf("page %d: %w", page, err)
	}
	m := b[pageHeader:]
	sum := fnv.New64a()
	_, _ = sum.Write(m[:metaBytes-8]) // a hash takes everything
	le := binary.LittleEndian
	if le.Uint64(b) != uint64(page) || le.Uint16(b[8:]) != metaPage || le.Uint32(m) != metaMagic ||
		le.Uint32(m[4:]) != metaVersion || le.Uint64(m[56:]) != sum.Sum64() {
		return meta{}, fmt.Errorf("page %d does not match its checksum", page)
	}
	return meta{
		pageSize: int(le.Uint32(m[8:])), root: le.Uint64(m[16:]), freelist: le.Uint64(m[32:]),
		pages: le.Uint64(m[40:]), version: le.Uint64(m[48:]),
	}, nil
}

// newTree takes the newest of the two meta pages. Both must be whole: one that is not would hide the last commit.
func newTree(path string, r io.ReaderAt, pageSize int, size int64) (*tree, error) {
	a, err := readMeta(r, 0, int64(pageSize))
	if err != nil {
		return nil, damaged(path, "%v", err)
	}
	b, err := readMeta(r, 1, int64(pageSize))
	if err != nil {
		return nil, damaged(path, "%v", err)
	}
	if b.version > a.version {
		a = b
	}
	if a.pageSize != pageSize || a.pageSize > maxPageBytes || a.pages > uint64(size)/uint64(pageSize) {
		return nil, damaged(path, "it should have %d pages of %d bytes and has %d bytes", a.pages, a.pageSize, size)
	}
	t := &tree{path: path, r: r, meta: a, seen: make([]uint64, a.pages/64+1)}
	t.seen[0] = 3 // the meta pages
	return t, nil
}

// mark notes that something refers to a page. A page has one such.
func (t *tree) mark(id uint64) error {
	if id < 2 || id >= t.meta.pages {
		return damaged(t.path, "a page refers to page %d of %d", id, t.meta.pages)
	}
	if t.seen[id/64]&(1<<(id%64)) != 0 {
		return damaged(t.path, "page %d is referred to twice", id)
	}
	t.seen[id/64] |= 1 << (id % 64)
	return nil
}

// page is one page of a tree, its elements not yet checked.
type page struct {
	id    uint64
	flags uint16
	count int
	b     []byte
}

func (t *tree) read(id uint64) (page, error) {
	if err := t.mark(id); err != nil {
		return page{}, err
	}
	size := uint64(t.meta.pageSize)
	b := t.spare
	if t.spare = nil; b == nil {
		b = make([]byte, size)
	}
	if _, err := t.r.ReadAt(b, int64(id*size)); err != nil {
		return page{}, fmt.Errorf("read %s: page %d: %w", t.path, id, err)
	}
	if got := binary.LittleEndian.Uint64(b); got != id {
		return page{}, damaged(t.path, "page %d says that it is page %d", id, got)
	}
	overflow := uint64(binary.LittleEndian.Uint32(b[12:]))
	if overflow >= t.meta.pages-id {
		return page{}, damaged(t.path, "page %d goes on behind the end", id)
	}
	for i := range overflow {
		if err := t.mark(id + 1 + i); err != nil {
			return page{}, err
		}
	}
	if overflow > 0 {
		b = append(b, make([]byte, overflow*size)...)
		if _, err := t.r.ReadAt(b[size:], int64((id+1)*size)); err != nil {
			return page{}, fmt.Errorf("read %s: page %d: %w", t.path, id, err)
		}
	}
	return newPage(id, b), nil
}

func newPage(id uint64, b []byte) page {
	return page{id: id, flags: binary.LittleEndian.Uint16(b[8:]), count: int(binary.LittleEndian.Uint16(b[10:])), b: b}
}

// slice gives bytes of a page, counted from one of its elements; nil when they are not inside.
func (p page) slice(element int, pos, n uint32) []byte {
	from := uint64(element) + uint64(pos)
	if from+uint64(n) > uint64(len(p.b)) {
		return nil
	}
	return p.b[from : from+uint64(n)]
}

func (p page) element(i int) (int, bool) {
	at := pageHeader + i*elementBytes
	return at, at+elementBytes <= len(p.b)
}

// branch gives the key and the page of an element.
func (t *tree) branch(p page, i int) (key []byte, child uint64, err error) {
	if at, ok := p.element(i); ok {
		le := binary.LittleEndian
		key, child = p.slice(at, le.Uint32(p.b[at:]), le.Uint32(p.b[at+4:])), le.Uint64(p.b[at+8:])
	}
	if len(key) == 0 {
		return nil, 0, damaged(t.path, "element %d of page %d", i, p.id)
	}
	return key, child, nil
}

// entry gives the key and value of a leaf's element, and whether it is a bucket.
func (t *tree) entry(p page, i int) (key, value []byte, bucket bool, err error) {
	if at, ok := p.element(i); ok {
		le := binary.LittleEndian
		flags, pos, n := le.Uint32(p.b[at:]), le.Uint32(p.b[at+4:]), le.Uint32(p.b[at+8:])
		key = p.slice(at, pos, n)
		if uint64(pos)+uint64(n) < 1<<32 && flags <= bucketElement {
			value = p.slice(at, pos+n, le.Uint32(p.b[at+12:]))
		}
		bucket = flags == bucketElement
	}
	if len(key) == 0 || value == nil {
		return nil, nil, false, damaged(t.path, "element %d of page %d", i, p.id)
	}
	return key, value, bucket, nil
}

// bounds are the keys between which all keys of a page lie; nil is none.
type bounds struct{ lo, hi []byte }

func (b bounds) order(t *tree, p page, i int, last, key []byte) error {
	if i == 0 && bytes.Compare(key, b.lo) < 0 || i > 0 && bytes.Compare(key, last) <= 0 || b.hi != nil && bytes.Compare(key, b.hi) >= 0 {
		return damaged(t.path, "the keys of page %d are not in order at %d", p.id, i)
	}
	return nil
}
