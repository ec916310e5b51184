package scan

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func TestLooks(t *testing.T) {
	s, err := bolt.Open(bolt.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	at := time.Date(2026, 11, 22, 1, 2, 3, 0, time.UTC)
	docs := []store.Doc{
		jsonDoc(bucketShards, docKey("members", "a"), shardState{Listing: "members", Key: "a", WalkedAt: at, Unproven: true, Skipped: []string{"x"}}),
		jsonDoc(bucketShards, docKey("members", "b"), shardState{Listing: "members", Key: "b", Unavailable: true, Reason: "closed", Retired: true}),
		jsonDoc(bucketShards, docKey("members2", "c"), shardState{Listing: "members2", Key: "c", WalkedAt: at}),
		jsonDoc(bucketUnconfirmed, unconfirmedKey(wire.Kind_KIND_FILE, "f", "files"), absence{}),
	}
	if _, err := s.Commit(context.Background(), &store.Batch{At: at, Docs: docs}); err != nil {
		t.Fatal(err)
	}
	want := map[string]Look{"a": {At: at, Unproven: true, Skipped: []string{"x"}}, "b": {Unavailable: true, Reason: "closed", Retired: true}}
	got, err := LooksAt(t.Context(), s, "members")
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(d, err)
	}
	for key, want := range map[string]Look{"a": want["a"], "nowhere": {}} {
		if got, err := LookAt(s, "members", key); !cmp.Equal(got, want) || err != nil {
			t.Errorf("%s: %v, %v", key, got, err)
		}
	}
	u, err := LoadUnconfirmed(t.Context(), s)
	if err != nil || !u.Has(wire.Kind_KIND_FILE, "f", "files") || u.Has(wire.Kind_KIND_FILE, "f", "other") || u.Has(wire.Kind_KIND_GROUP, "f", "files") {
		t.Error(u, err)
	}
}
