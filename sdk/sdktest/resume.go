package sdktest

import (
	"bytes"
	"context"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// resume proves that from every checkpoint exactly the rest comes: nothing lost, nothing twice.
func (k *kit) resume(t tester, l *listed) {
	if l.spec.GetResume() == wire.ListingSpec_WALK {
		t.Logf("listing %s resumes from its start", l.spec.GetName())
		return
	}
	for _, h := range l.walks {
		step := max(1, len(h.marks)/maxResumes)
		for i := 0; i < len(h.marks); i += step {
			k.resumeAt(t, l, h, h.marks[i])
		}
	}
}

func (k *kit) resumeAt(t tester, l *listed, h *healthy, m mark) {
	t.Helper()
	k.provider.expect(nil, 0, false, 0)
	w := k.scan(t.Context(), with(h.request, func(r *wire.ScanRequest) { r.Checkpoint = m.checkpoint }), nil)
	if !k.whole(t, l.spec, w) {
		t.Errorf("resumed after %d records", m.records)
		return
	}
	before := (&walk{records: h.records[:m.records]}).first()
	rest, got := (&walk{records: h.records[m.records:]}).first(), w.first()
	for id, e := range rest {
		switch g := got[id]; {
		case g == nil:
			t.Errorf("resumed after %d records: %s is lost", m.records, id)
			return
		case !bytes.Equal(g.GetRecord(), e.GetRecord()):
			t.Errorf("resumed after %d records: %s differs from that of the whole walk", m.records, id)
			return
		}
	}
	for id := range got {
		if rest[id] == nil && before[id] != nil {
			t.Errorf("resumed after %d records: %s comes a second time", m.records, id)
			return
		}
		if rest[id] == nil {
			t.Errorf("resumed after %d records: %s was not in the whole walk", m.records, id)
			return
		}
	}
	if want := len(h.shards) - m.shards; len(w.shards) != want {
		t.Errorf("resumed after %d records: %d shards, want %d", m.records, len(w.shards), want)
	}
}

// bookmark proves that where nothing changed, the walk from the bookmark says so.
func (k *kit) bookmark(t tester, l *listed) {
	if l.spec.GetType() == wire.ListingSpec_SNAPSHOT || l.spec.GetMaxWindow() != nil {
		return
	}
	given := 0
	for _, h := range l.walks {
		b := h.cert.GetBookmark()
		if b == nil {
			continue
		}
		given++
		k.provider.expect(nil, 0, false, 0)
		w := k.scan(t.Context(), deltaOf(h, b), nil)
		if !k.whole(t, l.spec, w) {
			t.Errorf("walked from its bookmark")
			continue
		}
		if most := len(h.records)/10 + smallDelta; len(w.records) > most {
			t.Errorf("nothing changed since the bookmark, but %d records come, of %d; at most %d are expected", len(w.records), len(h.records), most)
		}
		have := h.first()
		for _, g := range w.gone {
			if have[key{g.GetKind(), g.GetId()}] != nil {
				t.Errorf("nothing changed since the bookmark, but %s %s is said to be gone", sdk.KindName(g.GetKind()), g.GetId())
			}
		}
		if w.cert.GetBookmark() == nil {
			t.Errorf("the walk from a bookmark gives none itself, so the one after it would list everything")
		}
	}
	if given == 0 && len(l.walks) > 0 {
		t.Logf("listing %s gave no bookmark at this provider", l.spec.GetName())
	}
}

func deltaOf(h *healthy, bookmark []byte) *wire.ScanRequest {
	return with(h.request, func(r *wire.ScanRequest) { r.Mode, r.Bookmark = sdk.ModeDelta, bookmark })
}

// cancelled proves that a cancelled walk ends soon and without a certificate: after its first part, and while it waits
// for an answer.
func (k *kit) cancelled(t tester, l *listed) {
	h := mostOf(l.walks)
	if h == nil || h.requests == 0 {
		return
	}
	if len(h.parts) > 0 {
		k.provider.expect(nil, 0, false, 0)
		ctx, cancel := context.WithCancel(t.Context())
		var at time.Time
		w := k.scan(ctx, h.request, func(*walk) {
			if at.IsZero() {
				at = time.Now()
				cancel()
			}
		})
		cancel()
		k.ended(t, "cancelled after the first part", w, at)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	answerNow := make(chan struct{})
	k.provider.expect(slow(answerNow), 1, false, 0)
	var at time.Time
	over := make(chan struct{})
	go func() {
		defer close(over)
		select {
		case <-k.provider.arriving:
		case <-ctx.Done():
		}
		at = time.Now()
		cancel()
		time.AfterFunc(2*cancelTime, func() { close(answerNow) }) // for a walk that does not listen
	}()
	w := k.scan(ctx, h.request, nil)
	cancel()
	<-over
	k.ended(t, "cancelled while it waits for an answer", w, at)
}

func (k *kit) ended(t tester, when string, w *walk, at time.Time) {
	t.Helper()
	if took := time.Since(at); took > cancelTime {
		t.Errorf("%s: it went on for %s, at most %s are expected", when, took.Round(time.Millisecond), cancelTime)
	}
	if w.cert != nil || w.err == nil {
		t.Errorf("%s: certificate %v, error %v; only an error is expected", when, w.cert != nil, w.err)
	}
	for _, b := range w.bad {
		t.Errorf("%s: %s", when, b)
	}
	k.private(t, when, w)
}
