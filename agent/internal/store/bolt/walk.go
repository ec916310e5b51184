package bolt

import (
	"encoding/binary"
	"fmt"
	"os"
)

// verifyStructure looks at what bbolt is going to walk without looking: both meta pages and every branch page.
func (f *file) verifyStructure() error {
	info, err := f.os.Stat()
	if err != nil {
		return fmt.Errorf("open store file %s: %w", f.path, err)
	}
	t, err := newTree(f.path, f.os, f.db.Info().PageSize, info.Size())
	if err != nil {
		return err
	}
	return t.bucket("", t.meta.root, nil)
}

// bucket walks one bucket: of a page, or, when the root is 0, inline.
func (t *tree) bucket(name string, root uint64, inline []byte) error {
	if root == 0 {
		if len(inline) < pageHeader {
			return damaged(t.path, "bucket %q is cut off", name)
		}
		p := newPage(0, inline)
		if p.flags != leafPage {
			return damaged(t.path, "bucket %q has no leaf", name)
		}
		return t.elements(name, p, bounds{})
	}
	if name != "" && t.leaf == nil {
		depth, err := t.depth(root)
		if err != nil {
			return err
		}
		return t.branches(root, depth)
	}
	depth := -1
	return t.page(name, root, 0, &depth, bounds{})
}

// depth follows the first element of each branch down to a leaf.
func (t *tree) depth(root uint64) (int, error) {
	probe := &tree{path: t.path, r: t.r, meta: t.meta, seen: make([]uint64, len(t.seen))}
	for depth, id := 0, root; depth < maxDepth; depth++ {
		p, err := probe.read(id)
		if err != nil {
			return 0, err
		}
		switch {
		case p.flags == leafPage:
			return depth, nil
		case p.flags != branchPage:
			return 0, damaged(t.path, "page %d is neither branch nor leaf", id)
		}
		if _, id, err = probe.branch(p, 0); err != nil {
			return 0, err
		}
	}
	return 0, damaged(t.path, "its tree is deeper than %d pages", maxDepth)
}

// branches reads the branch pages only: all leaves of a tree are equally deep, so that those are known unread.
func (t *tree) branches(id uint64, depth int) error {
	if depth == 0 {
		return t.mark(id)
	}
	p, err := t.read(id)
	if err != nil {
		return err
	}
	if p.flags != branchPage || p.count == 0 {
		return damaged(t.path, "page %d is no branch", id)
	}
	for i := range p.count {
		_, child, err := t.branch(p, i)
		if err != nil {
			return err
		}
		if err := t.branches(child, depth-1); err != nil {
			return err
		}
	}
	if len(p.b) == t.meta.pageSize {
		t.spare = p.b
	}
	return nil
}

// page walks a page and those below it, in the order of keys.
func (t *tree) page(name string, id uint64, depth int, leaves *int, b bounds) error {
	p, err := t.read(id)
	if err != nil {
		return err
	}
	switch {
	case p.flags == leafPage && (*leaves < 0 || *leaves == depth):
		*leaves = depth
		return t.elements(name, p, b)
	case p.flags != branchPage || p.count == 0 || depth >= maxDepth:
		return damaged(t.path, "page %d is neither branch nor leaf, or stands too deep", id)
	}
	key, child, err := t.branch(p, 0)
	for i := range p.count {
		if err != nil {
			return err
		}
		if err := b.order(t, p, i, nil, key); err != nil {
			return err
		}
		below := bounds{lo: key, hi: b.hi}
		var next []byte
		var nextChild uint64
		if i+1 < p.count {
			if next, nextChild, err = t.branch(p, i+1); err != nil {
				return err
			}
			below.hi = next
		}
		if err := t.page(name, child, depth+1, leaves, below); err != nil {
			return err
		}
		key, child, b.lo = next, nextChild, key
	}
	return nil
}

func (t *tree) elements(name string, p page, b bounds) error {
	var last []byte
	for i := range p.count {
		key, value, isBucket, err := t.entry(p, i)
		if err != nil {
			return err
		}
		if err := b.order(t, p, i, last, key); err != nil {
			return err
		}
		last = key
		switch {
		case isBucket != (name == ""):
			return damaged(t.path, "element %d of page %d is of the wrong type", i, p.id)
		case isBucket && len(value) < bucketHeader:
			return damaged(t.path, "bucket %q is cut off", key)
		case isBucket:
			err = t.bucket(string(key), binary.LittleEndian.Uint64(value), value[bucketHeader:])
		case t.leaf != nil:
			err = t.leaf(name, key, value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// free reads the list of free pages: together with those of the trees they must be all pages.
func (t *tree) free() error {
	if t.meta.freelist == noFreelist {
		return nil
	}
	p, err := t.read(t.meta.freelist)
	if err != nil {
		return err
	}
	list, n := p.b[pageHeader:], uint64(p.count)
	if p.count == 0xffff {
		n, list = binary.LittleEndian.Uint64(list), list[8:]
	}
	if p.flags != freelistPage || n > uint64(len(list))/8 {
		return damaged(t.path, "page %d is no list of free pages", p.id)
	}
	for i := range n {
		if err := t.mark(binary.LittleEndian.Uint64(list[8*i:])); err != nil {
			return err
		}
	}
	for id := range t.meta.pages {
		if t.seen[id/64]&(1<<(id%64)) == 0 {
			return damaged(t.path, "page %d is neither used nor free", id)
		}
	}
	return nil
}

// fileSize gives the bytes of an open file.
func fileSize(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
