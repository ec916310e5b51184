package bolt

import (
	"fmt"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func TestSmoke(t *testing.T) {
	dir := t.TempDir()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	b := &store.Batch{At: time.Unix(1000, 0), Home: store.Home{Listing: "users"}, Defines: []wire.Kind{1}}
	for i := range 20000 {
		b.Records = append(b.Records, store.Record{Kind: 1, ID: fmt.Appendf(nil, "u%06d", i), Body: []byte{0x12, 1, 'a'}})
	}
	b.Records = append(b.Records, store.Record{Kind: wire.Kind_KIND_ACTIVITY, ID: []byte("x"), Time: 5e18, Body: []byte{0x12, 1, 'a'}})
	for range 2 {
		r, err := s.Commit(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(r)
	}
	n := 0
	for r, err := range s.Rows(t.Context(), store.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		_ = r
		n++
	}
	t.Log(n, s.Counts())
	for r, err := range s.Activities(t.Context(), time.Time{}, time.Time{}) {
		t.Log(r, err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	last, _ := s.Last()
	t.Log(last)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
