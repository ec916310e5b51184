package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"testing"

	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
)

// watched measures what is committed.
type watched struct {
	*bolt.Store
	largest, commit int    // bytes
	heap            uint64 // the most that was live
	n               int
}

func (w *watched) Commit(ctx context.Context, all ...*store.Batch) ([]store.Result, error) {
	sum := 0
	for _, b := range all {
		for _, d := range b.Docs {
			if d.Bucket == bucketAlerts {
				w.largest = max(w.largest, len(d.Value))
			}
			sum += len(d.Value)
		}
	}
	w.commit = max(w.commit, sum)
	if w.n++; w.n%10 == 0 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		w.heap = max(w.heap, m.HeapAlloc)
	}
	return w.Store.Commit(ctx, all...)
}

// However many findings an alert has, neither memory nor a document grows with them.
func TestManyFindings(t *testing.T) {
	if testing.Short() {
		t.Skip("writes 100,000 findings")
	}
	const many = 100_000
	w := newWorld(t, "box/main")
	own := &watched{Store: w.own}
	w.all = New(Config{Store: own, Audit: w.audit, Now: w.all.Now})
	record := json.RawMessage(`{"name":"` + string(bytes.Repeat([]byte("x"), 300)) + `"}`)
	for from := 0; from < many; from += 5000 {
		var events []*event.Event
		for n := range 5000 {
			f := finding{"public", "box/main", fmt.Sprint(from + n), "zoe@acme.example"}
			events = append(events, f.event(w, opened, func(e *event.Event) { e.Record = record }))
		}
		w.tellAll(events)
	}
	w.handle()
	a := w.only(Filter{})
	if a.Findings != many || a.Total != many {
		t.Errorf("%d findings", a.Findings)
	}
	whole := 0
	for f, err := range Findings(t.Context(), w.own, a.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if f.Record != nil {
			whole++
		}
	}
	t.Logf("largest alert %d bytes, largest commit %d bytes, heap %d bytes", own.largest, own.commit, own.heap)
	if whole != KeptFindings || own.largest > 16<<10 || own.commit > 3*maxStepBytes || own.heap > 64<<20 {
		t.Errorf("%d findings are kept whole", whole)
	}
	// One that is kept and gone gives its place to the next.
	w.tell(finding{"public", "box/main", "0", "zoe@acme.example"}.event(w, gone, nil))
	w.tell(finding{"public", "box/main", "late", "zoe@acme.example"}.event(w, opened, nil))
	w.handle()
	a = w.only(Filter{})
	for f, err := range Findings(t.Context(), w.own, a.ID) {
		if err != nil {
			t.Fatal(err)
		}
		if f.Ref == "box/main/file/0" {
			t.Error("what gave way is still there")
		}
	}
}

// Records that are larger than what is kept are left out, and texts are cut.
func TestLargeTexts(t *testing.T) {
	w := newWorld(t, "box/main")
	long := string(bytes.Repeat([]byte("ä"), 100_000))
	w.tell(zoe1.event(w, opened, func(e *event.Event) {
		e.Title, e.Record, e.People = long, json.RawMessage(`"`+long+long+`"`), []string{long, "zoe@acme.example"}
	}), zoe1.event(w, gone, func(e *event.Event) { e.Reason = long }))
	w.handle()
	value, err := w.own.Doc(bucketAlerts, []byte(w.only(Filter{}).ID))
	if err != nil || len(value) > 16<<10 {
		t.Errorf("%d bytes %v", len(value), err)
	}
	a := w.only(Filter{})
	if fs := w.findings(a.ID); len(fs) != 1 || fs[0].Record != nil || fs[0].Evidence == nil || len(a.People) != 1 {
		t.Errorf("%+v", a.People)
	}
}
