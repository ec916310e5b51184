package main

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// result is what one walk gave.
type result struct {
	records map[string]sdk.Record // by kind and id
	order   []string
	gone    []*wire.Tombstone
	shards  []*sdk.Shard
	hints   []*wire.Hint
	marks   [][]byte
	cert    *wire.Certificate
	err     error
}

func (r *result) take(t *testing.T, part []byte) {
	t.Helper()
	var p wire.Part
	if err := p.UnmarshalVT(part); err != nil {
		t.Fatal(err)
	}
	for _, e := range p.GetEnvelopes() {
		rec := wire.NewRecord(e.GetKind())
		if err := rec.UnmarshalVT(e.GetRecord()); err != nil {
			t.Fatal(err)
		}
		key := sdk.KindName(e.GetKind()) + " " + e.GetId()
		r.records[key] = rec
		r.order = append(r.order, key)
	}
	r.gone = append(r.gone, p.GetTombstones()...)
	r.shards = append(r.shards, p.GetShards()...)
	r.hints = append(r.hints, p.GetHints()...)
	if p.Checkpoint != nil {
		r.marks = append(r.marks, p.GetCheckpoint())
	}
}

// walk runs one scan.
func walk(t *testing.T, c connector, s *sdk.Session, req *wire.ScanRequest) *result {
	t.Helper()
	r := &result{records: map[string]sdk.Record{}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := sdk.NewWalk(ctx, req, func(part []byte) error {
		r.take(t, part)
		return nil
	})
	r.err = c.Scan(ctx, s, w)
	r.cert = w.Certificate()
	return r
}

func full(listing string) *wire.ScanRequest {
	return &wire.ScanRequest{Listing: listing, Mode: wire.ScanMode_SCAN_MODE_FULL, Shard: &wire.Shard{Listing: listing}}
}

func shardOf(sh *sdk.Shard) *wire.ScanRequest {
	r := full(sh.GetListing())
	r.Shard = sh
	return r
}

func delta(listing string, bookmark []byte) *wire.ScanRequest {
	r := full(listing)
	r.Mode, r.Bookmark = wire.ScanMode_SCAN_MODE_DELTA, bookmark
	return r
}

func window(listing string, from, until time.Time) *wire.ScanRequest {
	r := full(listing)
	r.Mode, r.From, r.Until = wire.ScanMode_SCAN_MODE_WINDOW, timestamppb.New(from), timestamppb.New(until)
	return r
}

func must(t *testing.T, r *result) *result {
	t.Helper()
	if r.err != nil {
		t.Fatal(r.err)
	}
	if r.cert == nil {
		t.Fatal("the walk ended without error and without certificate")
	}
	return r
}

// record that must be there.
func record[T sdk.Record](t *testing.T, r *result, kind sdk.Kind, id string) T {
	t.Helper()
	rec, ok := r.records[sdk.KindName(kind)+" "+id].(T)
	if !ok {
		t.Fatalf("no %s %q among %v", sdk.KindName(kind), id, r.order[:min(len(r.order), 20)])
	}
	return rec
}

// shard that must be there.
func (r *result) shard(t *testing.T, key string) *sdk.Shard {
	t.Helper()
	i := slices.IndexFunc(r.shards, func(s *sdk.Shard) bool { return s.GetKey() == key })
	if i < 0 {
		t.Fatalf("no shard %q among %d", key, len(r.shards))
	}
	return r.shards[i]
}

// counted gives how many requests do makes, tokens left out.
func (w *world) counted(do func()) int {
	w.mu.Lock()
	w.calls = nil
	w.mu.Unlock()
	do()
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, c := range w.calls {
		if !strings.HasPrefix(c, "POST /token") {
			n++
		}
	}
	return n
}

// change the world.
func (w *world) change(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}
