package scan

import (
	"fmt"
	"testing"

	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
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

func many(n int) []store.Record {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = fmt.Sprintf("b%020d", i)
	}
	return put(ids...)
}
