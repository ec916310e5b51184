package sdk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// told collects the parts of a walk.
type told struct {
	parts []*wire.Part
	sizes []int
}

func (p *told) send(t *testing.T) func([]byte) error {
	return func(b []byte) error {
		m := &wire.Part{}
		if err := m.UnmarshalVT(b); err != nil {
			t.Fatal(err)
		}
		p.parts, p.sizes = append(p.parts, m), append(p.sizes, len(b))
		return nil
	}
}

func (p *told) ids() []string {
	var ids []string
	for _, part := range p.parts {
		for _, e := range part.GetEnvelopes() {
			ids = append(ids, e.GetId())
		}
	}
	return ids
}

func newWalk(t *testing.T, checkpoint []byte) (*sdk.Walk, *told) {
	t.Helper()
	p := &told{}
	return sdk.NewWalk(t.Context(), &wire.ScanRequest{Listing: "users", Checkpoint: checkpoint}, p.send(t)), p
}

func TestWalkGivesPagesAndACertificate(t *testing.T) {
	w, got := newWalk(t, nil)
	if first := w.Resume("one"); first != "one" {
		t.Errorf("starts at %q", first)
	}
	w.Add(&sdk.Account{Id: "a"}, &sdk.Account{Id: "b"}, &sdk.Account{Id: "a", Name: new("twice in a page")}, &sdk.Group{Id: "a"})
	if next := w.EndPage("two"); next != "two" {
		t.Errorf("EndPage gives %q", next)
	}
	w.Add(&sdk.Account{Id: "a"}) // another page may repeat it
	w.Gone(sdk.KindAccount, "c")
	w.Left(sdk.KindAccount, "d")
	w.Found(&sdk.Shard{Listing: "files", Key: "1"})
	w.Hint(sdk.Hint{Listing: "users"})
	w.Total(4)
	if next := w.EndPage(""); next != "" {
		t.Errorf("the last EndPage gives %q", next)
	}
	if err := w.Complete(sdk.Next([]byte("token")), sdk.StoppedBy(wire.Certificate_NO_NEXT), sdk.SeenWith("eyes"),
		sdk.Skipped("drafts"), sdk.Warning("slow")); err != nil {
		t.Fatal(err)
	}
	c := w.Certificate()
	if c.GetPages() != 2 || c.GetRecords() != 4 || string(c.GetBookmark()) != "token" || c.GetTerminal() != wire.Certificate_NO_NEXT ||
		c.GetFingerprint() != "eyes" || c.GetSkipped()[0] != "drafts" || c.GetWarnings()[0] != "slow" {
		t.Errorf("certificate %v", c)
	}
	if ids := got.ids(); !slices.Equal(ids, []string{"a", "b", "a", "a"}) {
		t.Errorf("records %v", ids)
	}
	last := got.parts[1]
	if len(last.GetTombstones()) != 2 || last.GetTombstones()[0].GetProof() != wire.Tombstone_GONE || last.GetTombstones()[1].GetProof() != wire.Tombstone_LEFT ||
		len(last.GetShards()) != 1 || len(last.GetHints()) != 1 || last.GetTotalEstimate() != 4 {
		t.Errorf("last part %v", last)
	}
}

func TestCheckpointsLeadBack(t *testing.T) {
	w, got := newWalk(t, nil)
	w.EndPage("two")
	w.EndPage("")
	for i, want := range []string{"two", ""} {
		again, _ := newWalk(t, got.parts[i].GetCheckpoint())
		if at := again.Resume("one"); at != want {
			t.Errorf("checkpoint %d leads to %q, want %q", i, at, want)
		}
		if again.Complete() != nil || again.Certificate() == nil {
			t.Errorf("a walk that was resumed at checkpoint %d cannot complete", i)
		}
	}
}

func TestWalksThatMustNotComplete(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(w *sdk.Walk)
		want string
	}{
		"cursor twice":      {func(w *sdk.Walk) { w.EndPage("a"); w.EndPage("b"); w.EndPage("a") }, "same cursor twice"},
		"long cursor":       {func(w *sdk.Walk) { w.EndPage(strings.Repeat("x", sdk.MaxCheckpointBytes)) }, "cursor has 65537 bytes"},
		"no id":             {func(w *sdk.Walk) { w.Add(&sdk.Account{}) }, "id of 0 bytes"},
		"long id":           {func(w *sdk.Walk) { w.Add(&sdk.Account{Id: strings.Repeat("x", sdk.MaxIDBytes+1)}) }, "id of 1025 bytes"},
		"huge record":       {func(w *sdk.Walk) { w.Add(&sdk.Account{Id: "a", Name: new(strings.Repeat("x", sdk.MaxRecordBytes))}) }, "has 1048"},
		"no time":           {func(w *sdk.Walk) { w.Add(&sdk.Activity{Id: "a"}) }, "no time"},
		"no record":         {func(w *sdk.Walk) { w.Add(nobody{}) }, "the SDK's records"},
		"shard without key": {func(w *sdk.Walk) { w.Found(&sdk.Shard{Listing: "x"}) }, "key must be set"},
		"large shard": {func(w *sdk.Walk) {
			w.Found(&sdk.Shard{Listing: "x", Key: "k", Data: make([]byte, sdk.MaxShardDataBytes+1)})
		}, "at most 4096"},
	} {
		w, got := newWalk(t, nil)
		c.do(w)
		before := len(got.parts)
		if next := w.EndPage("after"); next != "" {
			t.Errorf("%s: EndPage gives %q after a failure", name, next)
		}
		w.Add(&sdk.Account{Id: "late"})
		err := w.Complete()
		if err == nil || !strings.Contains(err.Error(), c.want) || w.Certificate() != nil || len(got.parts) != before {
			t.Errorf("%s: error %v, want %q; certificate %v", name, err, c.want, w.Certificate())
		}
		if sdk.TypeOf(err) != sdk.ErrInternal {
			t.Errorf("%s: type %s", name, sdk.TypeOf(err))
		}
	}
	w, _ := newWalk(t, nil)
	if err := w.Complete(sdk.Next(make([]byte, sdk.MaxCheckpointBytes+1))); err == nil || w.Certificate() != nil {
		t.Error("a bookmark that is too long is certified")
	}
}

func TestWalkStops(t *testing.T) {
	gone := errors.New("the host is gone")
	w := sdk.NewWalk(t.Context(), &wire.ScanRequest{}, func([]byte) error { return gone })
	w.Add(&sdk.Account{Id: "a"})
	if next := w.EndPage("two"); next != "" {
		t.Errorf("EndPage gives %q although nobody takes parts", next)
	}
	if err := w.Complete(); !errors.Is(err, gone) || w.Certificate() != nil {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	w = sdk.NewWalk(ctx, &wire.ScanRequest{}, func([]byte) error { return nil })
	w.EndPage("two")
	cancel()
	if err := w.Complete(); !errors.Is(err, context.Canceled) || w.Certificate() != nil {
		t.Errorf("a cancelled walk: %v", err)
	}
}

func TestCompleteEndsThePage(t *testing.T) {
	w, got := newWalk(t, nil)
	w.Add(&sdk.Account{Id: "a"})
	if err := w.Complete(); err != nil || len(got.parts) != 1 || got.parts[0].Checkpoint == nil || w.Certificate().GetPages() != 1 {
		t.Errorf("%v, %d parts, certificate %v", err, len(got.parts), w.Certificate())
	}
	empty, none := newWalk(t, nil)
	if err := empty.Complete(); err != nil || len(none.parts) != 0 || empty.Certificate() == nil {
		t.Errorf("a walk without anything: %v, %d parts", err, len(none.parts))
	}
}

// A page of a hundred thousand files travels in parts, and only the last one has the checkpoint.
func TestPartsAreSplit(t *testing.T) {
	w, got := newWalk(t, nil)
	const n, size = 1000, 1000
	for i := range n {
		w.Add(&sdk.Account{Id: fmt.Sprint(i), Name: new(strings.Repeat("x", size))})
	}
	w.EndPage("next")
	if len(got.ids()) != n || len(got.parts) < n*size>>18 {
		t.Fatalf("%d records in %d parts", len(got.ids()), len(got.parts))
	}
	for i, p := range got.parts {
		last := i == len(got.parts)-1
		if (p.Checkpoint != nil) != last {
			t.Errorf("part %d of %d has a checkpoint: %v", i, len(got.parts), p.Checkpoint != nil)
		}
		if most := 256<<10 + 2*size; got.sizes[i] > most || !last && got.sizes[i] < 256<<10 {
			t.Errorf("part %d has %d bytes", i, got.sizes[i])
		}
	}
	if w.Certificate() != nil {
		t.Error("a certificate without Complete")
	}
}

// nobody looks like a record.
type nobody struct{}

func (nobody) GetId() string                              { return "x" }
func (nobody) SizeVT() int                                { return 0 }
func (nobody) MarshalToSizedBufferVT([]byte) (int, error) { return 0, nil }
