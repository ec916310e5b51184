package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// maxPages of one walk: 10 million items. More means that GitHub does not end.
const maxPages = 100_000

// scan is one walk of one listing.
type scan struct {
	s     *sdk.Session
	w     *sdk.Walk
	size  int     // items per page
	seen  []visit // every page so far, for the bookmark
	part  bool    // the walk does not know all its pages: it was resumed, or one of them gave no ETag
	pages int
}

// step is one list of a walk: where it starts, and how a page of it becomes records.
type step struct {
	url  string
	read func(ctx context.Context, ref string) (answer, error)
}

// each is a step whose pages are JSON arrays.
func each[T any](c *scan, ref string, add func(*T) error) step {
	return step{url: ref, read: func(ctx context.Context, ref string) (answer, error) {
		items, a, err := getList[T](ctx, c.s, ref, "")
		for i := 0; err == nil && i < len(items); i++ {
			err = add(&items[i])
		}
		return a, err
	}}
}

// one is a step of a single answer that is no list.
func one[T any](c *scan, ref string, add func(*T) error) step {
	return step{url: ref, read: func(ctx context.Context, ref string) (answer, error) {
		var v T
		a, err := get(ctx, c.s, ref, "", &v)
		if err == nil {
			err = add(&v)
		}
		return a, err
	}}
}

// all reads a whole list before the walk, to join it in.
func all[T any](ctx context.Context, c *scan, ref string, add func(*T) error) error {
	for next := ref; next != ""; {
		st := each(c, next, add)
		a, err := c.read(ctx, st, next)
		if err != nil {
			return err
		}
		next = a.next
	}
	return nil
}

// read reads one page and remembers it for the bookmark.
func (c *scan) read(ctx context.Context, st step, ref string) (answer, error) {
	c.pages++
	if c.pages > maxPages {
		return answer{}, sdk.Errorf(sdk.ErrInternal, "listing %s has more than %d pages", c.w.Listing, maxPages)
	}
	a, err := st.read(ctx, ref)
	if err != nil {
		return a, err
	}
	c.seen = append(c.seen, visit{URL: ref, ETag: a.etag})
	// A full last page says nothing about a page after it, which its ETag does not cover.
	if a.etag == "" || a.next == "" && a.items >= c.size {
		c.part = true
	}
	return a, nil
}

// walk gives the pages of the steps, one after the other, without ending the walk. It says false when the walk has to
// stop; Complete then says why.
func (c *scan) walk(ctx context.Context, steps ...step) error {
	first := mark(0, steps[0].url)
	cursor := c.w.Resume(first)
	c.part = c.part || cursor != first
	for cursor != "" {
		i, ref, ok := unmark(cursor)
		if !ok || i >= len(steps) {
			return sdk.Errorf(sdk.ErrExpired, "the checkpoint of listing %s is of another version", c.w.Listing)
		}
		a, err := c.read(ctx, steps[i], ref)
		if err != nil {
			return err
		}
		next := ""
		switch {
		case a.next != "":
			next = mark(i, a.next)
		case i+1 < len(steps):
			next = mark(i+1, steps[i+1].url)
		}
		cursor = c.w.EndPage(next)
	}
	return nil
}

// finish walks the steps and certifies the walk, with a bookmark where one can be given.
func (c *scan) finish(ctx context.Context, steps ...step) error {
	if err := c.walk(ctx, steps...); err != nil {
		return err
	}
	return c.w.Complete(c.bookmark()...)
}

func mark(i int, ref string) string { return strconv.Itoa(i) + " " + ref }

func unmark(cursor string) (int, string, bool) {
	n, ref, ok := strings.Cut(cursor, " ")
	i, err := strconv.Atoi(n)
	return i, ref, ok && err == nil && i >= 0
}
