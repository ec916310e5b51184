package storetest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/mooring-hq/mooring/agent/internal/store"
)

const manyRecords = 5000

func many(at int, name string) *store.Batch {
	b := batch(at)
	for i := range manyRecords {
		b.Records = append(b.Records, account(fmt.Sprintf("u%05d name=%s", i, name)))
	}
	return b
}

// readers read while writers go on: every record is whole and there once, in order, and a consumer may commit.
func readers(t *testing.T, open Open) {
	s := mustOpen(t, open, t.TempDir())
	second := many(1, "v")
	second.Home.Listing, second.Defines = "more", nil
	commit(t, s, many(1, "v"), second, batch(1, account("odd"))) // odd, so that no round number of rows ends a record
	var group sync.WaitGroup
	stop, cancel := context.WithCancel(t.Context())
	group.Go(func() {
		for n := 2; stop.Err() == nil; n++ {
			a, b := many(n, fmt.Sprint("v", n)), many(n, fmt.Sprint("v", n))
			b.Home.Listing, b.Defines = "more", nil
			if _, err := s.Commit(context.WithoutCancel(stop), a, b); err != nil {
				t.Error(err)
				return
			}
		}
	})
	for range 5 {
		readAll(t, s)
	}
	cancel()
	group.Wait()
	readWhole(t, mustOpen(t, open, t.TempDir()))
	n := 0
	for _, err := range s.Rows(t.Context(), store.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n%1000 == 0 {
			commit(t, s, batch(10_000+n, account(fmt.Sprintf("zz%05d", n)))) // must not wait for its own iterator
		}
	}
	readEnds(t, s)
}

// readWhole changes both facets of every record again and again under an iterator: none may be of two commits.
func readWhole(t *testing.T, s store.Store) {
	t.Helper()
	write := func(n int) {
		a := batch(n)
		for i := range 300 {
			a.Records = append(a.Records, account(fmt.Sprintf("u%05d name=v%d", i, n)))
		}
		b := *a
		b.Home.Listing = "more"
		commit(t, s, a, &b)
	}
	commit(t, s, batch(1, account("odd")))
	write(1)
	n, last := 1, store.Row{}
	for r, err := range s.Rows(t.Context(), store.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		if r.ID == last.ID && string(r.Body) != string(last.Body) {
			t.Fatalf("%s is of two commits: %q and %q", r.ID, last.Body, r.Body)
		}
		last = r
		if n++; n%16 == 0 {
			write(n)
		}
	}
	if n != 602 {
		t.Fatalf("%d rows, want 601", n-1)
	}
}

// readAll wants each record with both facets of one commit.
func readAll(t *testing.T, s store.Store) {
	t.Helper()
	rows := all(t, s.Rows(t.Context(), store.Range{}))
	if len(rows) != 1+2*manyRecords || rows[0].ID != "odd" {
		t.Fatalf("%d rows, want %d", len(rows), 1+2*manyRecords)
	}
	rows = rows[1:]
	for i := 0; i < len(rows); i += 2 {
		a, b := rows[i], rows[i+1]
		if want := fmt.Sprintf("u%05d", i/2); a.ID != want || b.ID != want || a.Facet != "more" || b.Facet != "users" {
			t.Fatalf("rows %d: %s %s, %s %s", i, a.ID, a.Facet, b.ID, b.Facet)
		}
		if string(a.Body) != string(b.Body) || !a.Since.Equal(b.Since) {
			t.Fatalf("%s is of two commits: %q and %q", a.ID, a.Body, b.Body)
		}
	}
}

// readEnds: an iterator can be left, ends with its context, and gives what can be kept.
func readEnds(t *testing.T, s store.Store) {
	t.Helper()
	var kept []store.Row
	for r, err := range s.Rows(t.Context(), store.Range{Prefix: "u"}) {
		if err != nil {
			t.Fatal(err)
		}
		if kept = append(kept, r); len(kept) == 3000 {
			break
		}
	}
	for i, r := range kept {
		if !strings.HasPrefix(r.ID, "u") || r.ID != fmt.Sprintf("u%05d", i/2) || !strings.HasPrefix(rowText(r), r.ID+" ") {
			t.Fatalf("row %d changed while it was kept: %s", i, rowText(r))
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	n, ended := 0, error(nil)
	for _, err := range s.Rows(ctx, store.Range{}) {
		if n++; n == 10 {
			cancel()
		}
		ended = err
	}
	cancel()
	if !errors.Is(ended, context.Canceled) {
		t.Fatalf("after the context ended, the iterator gave %d rows and %v", n, ended)
	}
}

// pages: After goes on where a page ended.
func pages(t *testing.T, open Open) {
	s := mustOpen(t, open, t.TempDir())
	commit(t, s, many(1, "v"), enrich(1, account("u00000"), account("u04999")))
	var got int
	var after *store.Position
	for {
		n := 0
		for r, err := range s.Rows(t.Context(), store.Range{After: after}) {
			if err != nil {
				t.Fatal(err)
			}
			if n >= 100 && r.ID != after.ID {
				break
			}
			after = &store.Position{Kind: r.Kind, ID: r.ID}
			n++
		}
		if n == 0 {
			break
		}
		got += n
	}
	if got != manyRecords+2 {
		t.Fatalf("%d rows over all pages, want %d", got, manyRecords+2)
	}
}

// reopen: what was committed is there after Close, and the log goes on.
func reopen(t *testing.T, open Open) {
	dir := t.TempDir()
	s, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	b := batch(1, account("a name=A"), event1("e", second(5), "login"))
	b.Docs = []store.Doc{{Bucket: "b", Key: []byte("k"), Value: []byte("v")}, {Bucket: "b", Key: []byte("e"), Value: []byte{}}}
	commit(t, s, b)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(t.Context(), b); err == nil {
		t.Fatal("a closed store commits")
	}
	s = mustOpen(t, open, dir)
	commit(t, s, batch(2, account("b name=B")))
	check(t, "rows", texts(all(t, s.Rows(t.Context(), store.Range{})), rowText), []string{"a users name=A since 1", "b users name=B since 2"})
	check(t, "log", texts(all(t, s.Log(t.Context(), 0)), entryText), []string{"activities 2026-11-22 × 1", "created a users", "created b users"})
	check(t, "docs", len(all(t, s.Docs(t.Context(), "b", nil))), 2)
}

// refused: what cannot be kept is refused, and nothing of the commit is kept.
func refused(t *testing.T, open Open) {
	good := account("a")
	for name, b := range map[string]*store.Batch{
		"no id":             batch(1, good, store.Record{Kind: good.Kind}),
		"a zero in the id":  batch(1, good, store.Record{Kind: good.Kind, ID: []byte("x\x00y")}),
		"a very long id":    batch(1, good, store.Record{Kind: good.Kind, ID: make([]byte, 5000)}),
		"no kind":           batch(1, good, store.Record{ID: []byte("x")}),
		"no listing":        change(batch(1, good), func(b *store.Batch) { b.Home.Listing = "" }),
		"a doc's bucket":    change(batch(1, good), func(b *store.Batch) { b.Docs = []store.Doc{{Key: []byte("k"), Value: []byte("v")}} }),
		"a zero in listing": change(batch(1, good), func(b *store.Batch) { b.Home.Listing = "x\x00y" }),
	} {
		t.Run(name, func(t *testing.T) {
			s := mustOpen(t, open, t.TempDir())
			if _, err := s.Commit(t.Context(), batch(1, account("b")), b); err == nil {
				t.Fatal("it was committed")
			}
			if rows := all(t, s.Rows(t.Context(), store.Range{})); len(rows) > 0 {
				t.Fatalf("%d rows of a refused commit", len(rows))
			}
		})
	}
	s := mustOpen(t, open, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Commit(ctx, batch(1, good)); !errors.Is(err, context.Canceled) {
		t.Fatalf("a commit whose context has ended gave %v", err)
	}
}
