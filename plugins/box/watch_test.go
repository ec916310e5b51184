package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/mooring-hq/mooring/plugins/box/boxtest"
	"github.com/mooring-hq/mooring/sdk"
)

// watched runs Watch until a hint fits.
func watched(t *testing.T, s *sdk.Session, begun func(), fits func(sdk.Hint) bool) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	found := errors.New("found")
	done := make(chan error, 1)
	go func() {
		done <- connector{}.Watch(ctx, s, []string{"users", "groups", "files", "events"}, func(h sdk.Hint) error {
			if fits(h) {
				return found
			}
			return nil
		})
	}()
	begun()
	if err := <-done; !errors.Is(err, found) {
		return err
	}
	return nil
}

// until waits for a request to the fake.
func until(t *testing.T, w *world, pattern string, n int) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); w.fake.Stats().Calls(pattern) < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s was not asked for", pattern)
		}
	}
}

// TestWatchFetches: a change on the fake comes as a hint within a look, and Fetch gives the record as a walk would.
func TestWatchFetches(t *testing.T) {
	w := start(t, newContent(), nil)
	s := w.session(t, nil)
	whole := must(t, walk(t, s, shardOf(shard("files", "1000"))))
	var ref *sdk.Ref
	err := watched(t, s, func() {
		until(t, w, "GET /2.0/events", 1)
		w.happen(boxtest.Event{Type: "EDIT", By: someone(1), Source: boxtest.ItemSource(&w.items[2], &w.items[1])})
	}, func(h sdk.Hint) bool {
		if len(h.Refs) > 0 {
			ref = h.Refs[0]
		}
		return ref != nil
	})
	if err != nil || ref.GetId() != "102" {
		t.Fatalf("ref %v, %v", ref, err)
	}
	got := fetchOne(t, s, ref)
	if got.State != sdk.Found {
		t.Fatalf("fetched %v: %v", got.State, got.Err)
	}
	f, want := got.Records["files"].(*sdk.File), record[*sdk.File](t, whole, sdk.KindFile, "102")
	want.Id = "102" // travels beside the record
	slices.SortFunc(f.GetAccess().GetItems(), func(a, b *sdk.Access) int { return compare(a, b) })
	slices.SortFunc(want.GetAccess().GetItems(), func(a, b *sdk.Access) int { return compare(a, b) })
	if !proto.Equal(f, want) {
		t.Errorf("fetched %v\nwalked  %v", f, want)
	}
}

func compare(a, b *sdk.Access) int {
	if x, y := a.GetPrincipal().GetId()+a.GetLinkScope(), b.GetPrincipal().GetId()+b.GetLinkScope(); x < y {
		return -1
	} else if x > y {
		return 1
	}
	return 0
}

func fetchOne(t *testing.T, s *sdk.Session, r *sdk.Ref) sdk.Fetched {
	t.Helper()
	var got []sdk.Fetched
	err := connector{}.Fetch(t.Context(), s, []*sdk.Ref{r}, func(f sdk.Fetched) error {
		got = append(got, f)
		return nil
	})
	if err != nil || len(got) != 1 {
		t.Fatalf("fetched %v, %v", got, err)
	}
	return got[0]
}

func TestFetch(t *testing.T) {
	w := start(t, newContent(), nil)
	s := w.session(t, nil)
	for name, c := range map[string]struct {
		ref   *sdk.Ref
		state any
	}{
		"user":               {sdk.To(sdk.KindAccount, "1003"), sdk.Found},
		"no user":            {sdk.To(sdk.KindAccount, "4711"), sdk.Denied},
		"group":              {sdk.To(sdk.KindGroup, "300"), sdk.Found},
		"no group":           {sdk.To(sdk.KindGroup, "399"), sdk.Absent},
		"folder":             {itemRef("folder", "101", "1000"), sdk.Found},
		"file in the trash":  {itemRef("file", "131", "1000"), sdk.Denied},
		"another's file":     {itemRef("file", "130", "1000"), sdk.Denied},
		"file of nobody":     {sdk.To(sdk.KindFile, "130"), sdk.Denied},
		"an odd ref":         {itemRef("web_link", "120", "1000"), sdk.Denied},
		"another sort of it": {sdk.To(sdk.KindRole, "admin"), sdk.Failed},
	} {
		if got := fetchOne(t, s, c.ref); got.State != c.state {
			t.Errorf("%s: %v (%v), want %v", name, got.State, got.Err, c.state)
		}
	}
}

// TestFetchTogether: the folders above are asked for once, and each file has all of their access.
func TestFetchTogether(t *testing.T) {
	w := start(t, newContent(), nil)
	s := w.session(t, nil)
	w.change(func() { w.items = append(w.items, thing(boxtest.File, 104, "b.txt", "101", someone(0))) })
	var access [][]string
	w.calls()
	err := connector{}.Fetch(t.Context(), s, []*sdk.Ref{itemRef("file", "102", "1000"), itemRef("file", "104", "1000")}, func(f sdk.Fetched) error {
		access = append(access, accessOf(f.Records["files"].(*sdk.File)))
		return nil
	})
	if err != nil || len(access) != 2 || !slices.Equal(access[0], access[1]) || len(access[0]) != 3 {
		t.Errorf("access %q, %v", access, err)
	}
	// a token, two files, two folders above, and who reaches the upper one
	if calls := w.calls(); len(calls) != 6 {
		t.Errorf("%d calls: %q", len(calls), calls)
	}
}

// TestFetchTrashed: without a view of the trash, what is in it is gone.
func TestFetchTrashed(t *testing.T) {
	for scope, want := range map[string]any{boxtest.WriteAll: sdk.Absent, "none": sdk.Denied} {
		w := start(t, newContent(), func(c *boxtest.Config) { c.App.Scopes = without(scope) })
		if got := fetchOne(t, w.session(t, nil), itemRef("file", "131", "1000")); got.State != want {
			t.Errorf("without %s: %v (%v), want %v", scope, got.State, got.Err, want)
		}
	}
}

func TestHints(t *testing.T) {
	file := func(kind string) map[string]any {
		return map[string]any{"item_type": kind, "item_id": "5", "item_name": "x", "owned_by": map[string]any{"id": "7"}}
	}
	for name, c := range map[string]struct {
		event    map[string]any
		ref      string
		listings []string
	}{
		"file":     {map[string]any{"event_type": "UPLOAD", "source": file("file")}, "file/7", []string{"events"}},
		"folder":   {map[string]any{"event_type": "RENAME", "source": file("folder")}, "folder/7", []string{"files 7", "events"}},
		"deleted":  {map[string]any{"event_type": "DELETE", "source": file("file")}, "file/7", []string{"trash 7", "events"}},
		"read":     {map[string]any{"event_type": "PREVIEW", "source": file("file")}, "", []string{"events"}},
		"new user": {map[string]any{"event_type": "NEW_USER", "source": map[string]any{"type": "user", "id": "5"}}, "-", []string{"users", "events"}},
		"member": {
			map[string]any{"event_type": "GROUP_ADD_USER", "source": map[string]any{"type": "group", "id": "5"}, "additional_details": map[string]any{"user_id": "3"}},
			"", []string{"groups", "events"},
		},
	} {
		c.event["event_id"], c.event["created_at"] = "1", "2026-01-01T00:00:00Z"
		events, err := decodeEvents([]jsonRaw{marshal(t, c.event)})
		if err != nil {
			t.Fatal(err)
		}
		ref, listings := "", []string(nil)
		for _, h := range hintsOf(events, time.Now()) {
			for _, r := range h.Refs {
				if ref = r.GetName(); r.GetKind() == sdk.KindAccount {
					ref = "-"
				}
			}
			if len(h.Refs) == 0 {
				listings = append(listings, strings.TrimSpace(h.Listing+" "+h.Shard))
			}
		}
		if ref != c.ref || !slices.Equal(listings, c.listings) {
			t.Errorf("%s: ref %q, listings %q; want %q, %q", name, ref, listings, c.ref, c.listings)
		}
	}
}

// TestLongPoll: without the scope for the enterprise's stream, the credential's own user is waited for.
func TestLongPoll(t *testing.T) {
	w := start(t, newContent(), func(c *boxtest.Config) { c.App.Scopes = without(boxtest.ManageEnterprise) })
	err := watched(t, w.session(t, nil), func() {
		until(t, w, "OPTIONS /2.0/events", 1)
		w.happen(boxtest.Event{Type: "UPLOAD", By: someone(1), Source: boxtest.ItemSource(&w.items[2], nil), Concerns: []string{serviceID}})
		for waiting := true; waiting; waiting = w.fake.Stats().Calls("GET /realtime/subscribe") == 0 {
			time.Sleep(time.Millisecond)
			w.fake.Notify()
		}
	}, func(h sdk.Hint) bool { return len(h.Refs) > 0 && h.Refs[0].GetId() == "102" })
	if err != nil {
		t.Error(err)
	}
}

// TestWatchWaits: between two looks there are seconds, and the end is at once.
func TestWatchWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		began := time.Now()
		go func() {
			time.Sleep(time.Second)
			cancel()
		}()
		if err := sleep(ctx, watchEvery); !errors.Is(err, context.Canceled) || time.Since(began) != time.Second {
			t.Errorf("ended with %v after %s", err, time.Since(began))
		}
	})
}
