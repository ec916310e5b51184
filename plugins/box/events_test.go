package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/plugins/box/boxtest"
	"github.com/mooring-hq/mooring/sdk"
)

type jsonRaw = json.RawMessage

func TestStream(t *testing.T) {
	w := start(t, newContent(), func(c *boxtest.Config) { c.Limits.Page = 20 })
	s := w.session(t, nil)
	r := must(t, walk(t, s, full("events")))
	if got := len(r.ids(sdk.KindActivity)); got != eventCount {
		t.Fatalf("%d activities, want %d", got, eventCount)
	}
	a := record[*sdk.Activity](t, r, sdk.KindActivity, "ev-0002")
	if a.GetType() != "file_upload" || a.GetAction() != "UPLOAD" || a.GetTargets()[0].GetId() != "102" || a.GetActor().GetId() != "1002" || a.GetIp() != "203.0.113.7" || len(a.GetRaw()) == 0 {
		t.Errorf("activity %v", a)
	}
	w.happen(boxtest.Event{Type: "FAILED_LOGIN", By: someone(1), Source: boxtest.UserSource(someone(1))})
	next := must(t, walk(t, s, delta("events", r.cert.GetBookmark())))
	if ids := next.ids(sdk.KindActivity); len(ids) > 2 || !strings.HasPrefix(ids[len(ids)-1], "now-") { // one may come again
		t.Errorf("after one more event come %v", ids)
	}
}

// TestStreamFrom leaves out what is older than was asked for.
func TestStreamFrom(t *testing.T) {
	w := start(t, newContent(), nil)
	req := full("events")
	req.From = timestamppb.New(w.events[60].Created)
	if got := must(t, walk(t, w.session(t, nil), req)).ids(sdk.KindActivity); len(got) != eventCount-60 || got[0] != "ev-0060" {
		t.Errorf("from the 60th on come %v", got)
	}
}

// TestOwnReading: what we download ourselves, as us or as somebody, is no activity; what we do otherwise is.
func TestOwnReading(t *testing.T) {
	c := newContent()
	c.events = nil
	w := start(t, c, nil)
	us := boxtest.Person{ID: serviceID, Name: "Mooring"}
	file := boxtest.ItemSource(&w.items[6], nil)
	w.happen(boxtest.Event{Type: "DOWNLOAD", By: us, Source: file})
	w.happen(boxtest.Event{Type: "DOWNLOAD", By: someone(1), ActionBy: &us, Source: file})
	w.happen(boxtest.Event{Type: "EDIT_USER", By: us, Source: boxtest.UserSource(someone(2))})
	w.happen(boxtest.Event{Type: "DOWNLOAD", By: someone(1), Source: file})
	w.happen(boxtest.Event{Type: "DOWNLOAD", Source: file}) // by somebody who has the link
	r := must(t, walk(t, w.session(t, nil), full("events")))
	if got, want := r.ids(sdk.KindActivity), []string{"now-2", "now-3", "now-4"}; !slices.Equal(got, want) {
		t.Errorf("activities %v, want %v", got, want)
	}
	if a := record[*sdk.Activity](t, r, sdk.KindActivity, "now-4"); a.Actor != nil || attribute(a.GetAttributes(), "anonymous") != "true" {
		t.Errorf("nobody is %v", a)
	}
}

// TestPast: windows that the stream still has cost nothing; older ones come from the log, late entries too.
func TestPast(t *testing.T) {
	c := newContent()
	now := time.Now().Truncate(time.Second)
	old := now.Add(-40 * day)
	c.events = nil
	for i := range 30 {
		c.events = append(c.events, boxtest.Event{ID: fmt.Sprintf("old-%02d", i), Type: "LOGIN", Created: old.Add(time.Duration(i) * time.Hour), By: someone(1), Source: boxtest.UserSource(someone(1))})
	}
	late := boxtest.Event{ID: "late", Type: "LOGIN", Created: old.Add(2 * time.Hour), Recorded: old.Add(29*time.Hour + time.Minute), By: someone(1), Source: boxtest.UserSource(someone(1))}
	c.events = append(c.events, late)
	w := start(t, c, func(c *boxtest.Config) { c.Limits.Page = 7 })
	s := w.session(t, nil)
	r := must(t, walk(t, s, window("past_events", old, old.Add(10*time.Hour))))
	want := []string{"late"}
	for i := range 10 {
		want = append(want, fmt.Sprintf("old-%02d", i))
	}
	slices.Sort(want)
	if got := r.ids(sdk.KindActivity); !slices.Equal(got, want) {
		t.Errorf("of ten hours come %v, want %v", got, want)
	}
	w.calls()
	must(t, walk(t, s, window("past_events", now.Add(-day), now)))
	if calls := w.calls(); len(calls) > 0 {
		t.Errorf("a window of today costs %v", calls)
	}
}

// TestEventShapes: both streams' shapes are read, and odd ones do no harm.
func TestEventShapes(t *testing.T) {
	for name, raw := range map[string]string{
		"enterprise": `{"event_id":"1","event_type":"UPLOAD","created_at":"2026-01-01T00:00:00Z","source":{"item_type":"file","item_id":"5","item_name":"a","owned_by":{"id":"7"}}}`,
		"user":       `{"event_id":"1","event_type":"ITEM_UPLOAD","created_at":"2026-01-01T00:00:00Z","source":{"type":"file","id":"5","name":"a","owned_by":{"id":"7"}}}`,
		"odd fields": `{"event_id":"1","event_type":"UPLOAD","created_at":"2026-01-01T00:00:00Z","ip_address":7,"additional_details":"x","source":{"item_type":"file","item_id":"5","item_name":{},"owned_by":{"id":"7"}}}`,
	} {
		events, err := decodeEvents([]jsonRaw{jsonRaw(raw)})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		owner, _ := events[0].touches()
		if kind, id := events[0].item(); kind != "file" || id != "5" || owner == nil || owner.ID != "7" {
			t.Errorf("%s: %s %s of %v", name, kind, id, owner)
		}
		if a := events[0].record(true); a.GetType() != "file_upload" || len(a.GetTargets()) != 1 {
			t.Errorf("%s: %v", name, a)
		}
	}
	for _, raw := range []string{`{}`, `null`, `7`, `{"event_id":"1"}`, `{"event_id":"1","created_at":"soon"}`} {
		if _, err := decodeEvents([]jsonRaw{jsonRaw(raw)}); err == nil {
			t.Errorf("%s passes for an event", raw)
		}
	}
	for _, raw := range []string{"null", "[]", "3", `"x"`, `{"type":7}`} {
		events, err := decodeEvents([]jsonRaw{jsonRaw(`{"event_id":"1","event_type":"NEW","created_at":"2026-01-01T00:00:00Z","source":` + raw + `}`)})
		if err != nil || len(events[0].targets()) > 0 {
			t.Errorf("source %s: %v", raw, err)
		}
	}
}

func TestActivityTypesAreWords(t *testing.T) {
	for event, word := range eventTypes {
		if !slices.Contains(sdk.Vocabulary("activity.type"), word) {
			t.Errorf("%s is %q, which is no type of activity", event, word)
		}
		if quiet[event] && plain[event] {
			t.Errorf("%s both changes the tree and does not", event)
		}
	}
}

func FuzzEvent(f *testing.F) {
	f.Add([]byte(`{"event_id":"1","event_type":"UPLOAD","created_at":"2026-01-01T00:00:00Z","source":{"item_type":"file","item_id":"5"}}`))
	f.Add([]byte(`{"event_id":"1","created_at":"2026-01-01T00:00:00Z","source":{"type":"user","id":"2"},"created_by":{"id":"2"},"action_by":{"id":"9"}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		events, err := decodeEvents([]jsonRaw{raw})
		if err != nil {
			return
		}
		e := &events[0]
		if a := e.record(true); a.GetId() == "" || a.GetTime() == nil {
			t.Errorf("an activity without id or time: %s", raw)
		}
		e.touches()
		hintsOf(events, time.Time{})
	})
}

func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"1152921504606848000", `"1152921504606848001"`, "null", `"a\"b"`, "[]", "1e30"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var c cursor
		if c.UnmarshalJSON([]byte(text)) == nil && len(c) > maxCursorBytes {
			t.Errorf("a cursor of %d bytes", len(c))
		}
	})
}

func TestCursorKeepsEveryDigit(t *testing.T) {
	for text, want := range map[string]cursor{"9007199254740993": "9007199254740993", `"9007199254740993"`: "9007199254740993", "null": "", `""`: ""} {
		var c cursor
		if err := c.UnmarshalJSON([]byte(text)); err != nil || c != want {
			t.Errorf("%s is read as %q (%v)", text, c, err)
		}
	}
}
