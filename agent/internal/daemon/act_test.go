package daemon

import (
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// TestFillOwner: actions that ask whose a file is are told: by id, else by address, else nothing.
func TestFillOwner(t *testing.T) {
	s, err := bolt.Open(bolt.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	b := &store.Batch{At: time.Now(), Home: store.Home{Listing: "files"}, Defines: []wire.Kind{sdk.KindFile}}
	for id, owner := range map[string]*wire.Ref{
		"by-id":      {Kind: sdk.KindAccount, Id: new("1000"), Email: new("ann@acme.example")},
		"by-address": {Kind: sdk.KindAccount, Email: new("ann@acme.example")},
		"in-drive":   sdk.To(sdk.KindFile, "0AB"),
		"unknown":    nil,
	} {
		body, err := (&wire.File{Id: id, Owner: owner}).MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		b.Records = append(b.Records, store.Record{Kind: sdk.KindFile, ID: []byte(id), Body: body})
	}
	if _, err := s.Commit(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	d := &wire.Description{Listings: []*wire.ListingSpec{{Name: "files", Defines: []wire.Kind{sdk.KindFile}}}}
	i := &instance{c: &config.Instance{Provider: "x", Name: "one", Description: d}, store: s}
	asks := &wire.ActionSpec{TargetKind: sdk.KindFile, Args: []*wire.SettingSpec{{Name: "to"}, {Name: "owner"}}}
	for id, want := range map[string]string{"by-id": "1000", "by-address": "ann@acme.example", "in-drive": "0AB", "unknown": "", "gone": ""} {
		got := i.fill(asks, i.source().Ref(sdk.KindFile, id))
		if got["owner"] != want || want == "" && len(got) > 0 {
			t.Errorf("%s: %v, want %q", id, got, want)
		}
	}
	silent := &wire.ActionSpec{TargetKind: sdk.KindFile, Args: []*wire.SettingSpec{{Name: "to"}}}
	if got := i.fill(silent, i.source().Ref(sdk.KindFile, "by-id")); len(got) > 0 {
		t.Errorf("an action that does not ask is told %v", got)
	}
}

// TestSameTenant: credentials for another tenant, and those of an instance nobody knows yet, change nothing.
func TestSameTenant(t *testing.T) {
	sales, other := &wire.CheckResponse{TenantId: "1", TenantName: "sales"}, &wire.CheckResponse{TenantId: "2", TenantName: "sales"}
	if err := sameTenant("x/one", sales, sales); err != nil {
		t.Error(err)
	}
	if err := sameTenant("x/one", sales, other); sdk.TypeOf(err) != sdk.ErrBlocked || !strings.Contains(err.Error(), `tenant "2"`) {
		t.Errorf("another tenant: %v", err)
	}
	if err := sameTenant("x/one", nil, other); sdk.TypeOf(err) != sdk.ErrNotReady {
		t.Errorf("not known yet: %v", err)
	}
}
