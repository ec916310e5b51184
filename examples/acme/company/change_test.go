package company

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestHistory: ascending, the same when read later, and the leaver's downloads stand out.
func TestHistory(t *testing.T) {
	c := New(1, 500)
	h, later := c.HistoryUntil(now()), c.HistoryUntil(now().Add(49*time.Hour))
	seen, byLeaver := map[string]int{}, 0
	last := time.Time{}
	for i := range h.Len() {
		ch := h.At(i)
		if ch.Time.Before(last) || ch.Time.After(now()) {
			t.Fatalf("event %d is at %s, after one at %s", i, ch.Time, last)
		}
		last = ch.Time
		if _, twice := seen[ch.ID]; twice {
			t.Fatalf("event %d has an id that was there before", i)
		}
		seen[ch.ID] = i
		if ch.Kind == Downloaded && ch.Actor == c.Leaver() {
			byLeaver++
		}
	}
	if age := now().Sub(h.At(0).Time); age < HistoryDays*day || age > (HistoryDays+1)*day {
		t.Errorf("history goes back %s", age)
	}
	if now().Sub(last) > day {
		t.Errorf("history ends at %s", last)
	}
	if byLeaver < 20*burst {
		t.Errorf("the leaver downloaded %d times, want %d a week", byLeaver, burst)
	}
	again := 0
	for i := range later.Len() {
		ch := later.At(i)
		if n, ok := seen[ch.ID]; ok {
			again++
			if d := cmp.Diff(h.At(n), ch); d != "" {
				t.Fatalf("the past changed:\n%s", d)
			}
		}
	}
	if again < h.Len()*95/100 {
		t.Errorf("two days later only %d of %d are the same", again, h.Len())
	}
}
