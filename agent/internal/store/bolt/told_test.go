package bolt

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
)

// TestAppended: appended documents are in the order of their commits, also after some were deleted and the store was opened
// anew, and who follows is woken.
func TestAppended(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	put := func(values ...string) {
		t.Helper()
		woken := s.Committed()
		b := &store.Batch{At: time.Now()}
		for _, v := range values {
			b.Docs = append(b.Docs, store.Doc{Bucket: "out", Append: true, Value: []byte(v)})
		}
		b.Docs = append(b.Docs, store.Doc{Bucket: "outer", Key: []byte("x"), Value: []byte("not of it")})
		if _, err := s.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		select {
		case <-woken:
		default:
			t.Error("nobody was woken")
		}
	}
	after := func(n uint64) (values []string, keys []uint64) {
		t.Helper()
		for d, err := range s.DocsAfter(t.Context(), "out", binary.BigEndian.AppendUint64(nil, n)) {
			if err != nil {
				t.Fatal(err)
			}
			values, keys = append(values, string(d.Value)), append(keys, binary.BigEndian.Uint64(d.Key))
		}
		return values, keys
	}
	put("a", "b")
	put("a")
	if v, k := after(0); len(v) != 3 || v[2] != "a" || k[2] != 3 {
		t.Errorf("%q %d", v, k)
	}
	drop := &store.Batch{At: time.Now()}
	for n := range uint64(3) {
		drop.Docs = append(drop.Docs, store.Doc{Bucket: "out", Key: binary.BigEndian.AppendUint64(nil, n+1)})
	}
	if _, err := s.Commit(t.Context(), drop); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	put("c", "d")
	if v, k := after(4); len(v) != 1 || v[0] != "d" || k[0] != 5 {
		t.Errorf("%q %d", v, k)
	}
}
