package main

import (
	"context"
	"slices"
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
	shards  []*sdk.Shard
	gone    []string // kind and id
	hints   []*wire.Hint
	marks   [][]byte // checkpoints
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
	r.shards = append(r.shards, p.GetShards()...)
	for _, g := range p.GetTombstones() {
		r.gone = append(r.gone, sdk.KindName(g.GetKind())+" "+g.GetId())
	}
	r.hints = append(r.hints, p.GetHints()...)
	if p.Checkpoint != nil {
		r.marks = append(r.marks, p.GetCheckpoint())
	}
}

func (r *result) ids(kind sdk.Kind) []string {
	var ids []string
	for _, key := range r.order {
		if name, id, _ := cutKey(key); name == sdk.KindName(kind) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func cutKey(key string) (string, string, bool) {
	for i := range key {
		if key[i] == ' ' {
			return key[:i], key[i+1:], true
		}
	}
	return key, "", false
}

// walk runs one scan.
func walk(t *testing.T, s *sdk.Session, req *wire.ScanRequest) *result {
	t.Helper()
	return walkUntil(t, s, req, -1)
}

// walkUntil stops after so many pages, as a crash would.
func walkUntil(t *testing.T, s *sdk.Session, req *wire.ScanRequest, pages int) *result {
	t.Helper()
	r := &result{records: map[string]sdk.Record{}}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := sdk.NewWalk(ctx, req, func(part []byte) error {
		r.take(t, part)
		if pages >= 0 && len(r.marks) >= pages {
			cancel()
			return ctx.Err()
		}
		return nil
	})
	r.err = connector{}.Scan(ctx, s, w)
	r.cert = w.Certificate()
	return r
}

func full(listing string) *wire.ScanRequest {
	return &wire.ScanRequest{Listing: listing, Mode: wire.ScanMode_SCAN_MODE_FULL, Shard: &wire.Shard{Listing: listing}}
}

func shardOf(sh *sdk.Shard) *wire.ScanRequest {
	return &wire.ScanRequest{Listing: sh.GetListing(), Mode: wire.ScanMode_SCAN_MODE_FULL, Shard: sh}
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

// get a record that must be there.
func record[T sdk.Record](t *testing.T, r *result, kind sdk.Kind, id string) T {
	t.Helper()
	rec, ok := r.records[sdk.KindName(kind)+" "+id].(T)
	if !ok {
		t.Fatalf("no %s %q among %v", sdk.KindName(kind), id, r.order[:min(len(r.order), 20)])
	}
	return rec
}

func attribute(list []*sdk.Attribute, name string) string {
	for _, a := range list {
		if a.GetName() == name {
			return a.GetValue()
		}
	}
	return ""
}
