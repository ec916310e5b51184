package scan

import (
	"fmt"
	"testing"

	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func put(ids ...string) []store.Record {
	records := make([]store.Record, len(ids))
	for i, id := range ids {
		records[i] = store.Record{Kind: sdk.KindFile, ID: []byte(id)}
	}
	return records
}

func TestSeenCountsEachKeyOnce(t *testing.T) {
	for name, c := range map[string]struct {
		batches [][]store.Record
		want    int
	}{
		"nothing":             {nil, 0},
		"in order":            {[][]store.Record{put("a", "b"), put("c")}, 3},
		"out of order":        {[][]store.Record{put("c", "d"), put("a", "b")}, 4},
		"again":               {[][]store.Record{put("a", "b"), put("a", "c"), put("b")}, 3},
		"tombstones":          {[][]store.Record{{{Op: store.Delete, Kind: sdk.KindFile, ID: []byte("a")}}, put("b")}, 1},
		"the last one again":  {[][]store.Record{put("a"), put("a")}, 1},
		"of another kind":     {[][]store.Record{put("a"), {{Kind: sdk.KindGroup, ID: []byte("a")}}}, 2},
		"more than in memory": {[][]store.Record{many(60_000), many(60_000), put("a")}, 60_001},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSeen(t.TempDir())
			defer s.close()
			for _, b := range c.batches {
				if err := s.add(b); err != nil {
					t.Fatal(err)
				}
			}
			if n, err := s.distinct(); err != nil || n != c.want {
				t.Errorf("%d different keys, want %d (%v)", n, c.want, err)
			}
		})
	}
}

// A count of rows is used as long as every commit since says what it did to them; else the store is read.
func TestRowsInDoubtAreCountedAgain(t *testing.T) {
	const facet, other = "files", "shares"
	for name, c := range map[string]struct {
		commits map[string]store.Result
		want    bool // that two seen records are all there is, of two rows before
	}{
		"unchanged":           {map[string]store.Result{facet: {Unchanged: 2, Volatile: 1, Moved: 1, Updated: 1}}, true},
		"one more":            {map[string]store.Result{facet: {Created: 1}}, false},
		"a row beside others": {map[string]store.Result{facet: {Filled: 1}}, false},
		"of another listing":  {map[string]store.Result{other: {Created: 3, Filled: 1}}, true},
		// One that this round gave was deleted behind it: as many as were seen are left, but not the same.
		"deleted meanwhile":          {map[string]store.Result{facet: {Created: 1, Deleted: 1}}, false},
		"deleted by another listing": {map[string]store.Result{other: {Deleted: 1}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			e := New(Config{})
			e.rows[facet] = 2
			for of, r := range c.commits {
				e.countRows(of, r)
			}
			s := newSeen(t.TempDir())
			defer s.close()
			if err := s.add(put("a", "b")); err != nil {
				t.Fatal(err)
			}
			all, err := e.allSeen(&listing{ListingSpec: &wire.ListingSpec{Name: facet}}, s)
			if err != nil || all != c.want {
				t.Errorf("all is seen: %v, want %v (%v)", all, c.want, err)
			}
		})
	}
}

func many(n int) []store.Record {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("b%020d", i)
	}
	return put(ids...)
}
