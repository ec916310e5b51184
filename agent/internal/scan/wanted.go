package scan

import (
	"context"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const (
	hintedFetch = 100    // refs fetched at once
	maxWanted   = 10_000 // waiting to be fetched; for more their listings are walked
)

// place is a listing, or one shard of it.
type place struct{ listing, shard string }

// wantedRef is a record to look at, and the places that hints named with it.
type wantedRef struct {
	ref    *wire.Ref
	places []place
}

// wantedRefs are the records that hints named. Only the loop touches it.
type wantedRefs struct {
	waiting map[string]*wantedRef
	order   []string
	busy    bool
	left    chan []place // what one turn could not settle
}

func newWantedRefs() wantedRefs {
	return wantedRefs{waiting: map[string]*wantedRef{}, left: make(chan []place)}
}

// want takes the refs of a hint; false when its listing has to be walked instead.
func (l *loop) want(h hint) bool {
	if j := l.jobs[h.listing]; j != nil && j.outcome.Round.LastComplete.IsZero() {
		return false // it is walked for the first time now
	}
	for _, r := range h.refs {
		if r.GetId() == "" || !l.e.fetchable(r.GetKind()) || len(r.GetId()) > maxIDBytes {
			return false
		}
	}
	w := &l.wanted
	if len(w.order)+len(h.refs) > maxWanted {
		return false
	}
	for _, r := range h.refs {
		key := refKey(r.GetKind(), r.GetId())
		one := w.waiting[key]
		if one == nil {
			one = &wantedRef{ref: r}
			w.waiting[key] = one
			w.order = append(w.order, key)
		}
		if p := (place{h.listing, h.shard}); h.listing != "" && !slices.Contains(one.places, p) {
			one.places = append(one.places, p)
		}
	}
	return true
}

// fetchWanted looks at the next of them, if nobody does.
func (l *loop) fetchWanted(ctx context.Context) {
	w := &l.wanted
	if w.busy || len(w.order) == 0 {
		return
	}
	w.busy = true
	turn := map[string]*wantedRef{}
	n := min(len(w.order), hintedFetch)
	for _, key := range w.order[:n] {
		turn[key] = w.waiting[key]
		delete(w.waiting, key)
	}
	w.order = slices.Delete(w.order, 0, n)
	l.wg.Go(func() {
		left := l.e.fetchHinted(ctx, turn)
		select {
		case w.left <- left:
		case <-ctx.Done():
		}
	})
}

// unresolved walks what fetching could not settle.
func (l *loop) unresolved(left []place) {
	l.wanted.busy = false
	for _, p := range left {
		l.lookAt(p.listing, p.shard)
	}
}

// fetchHinted looks at records at once: a hint said that they changed. What is absent is deleted. It gives the places
// whose word about them is still to be heard.
func (e *Engine) fetchHinted(ctx context.Context, turn map[string]*wantedRef) []place {
	var refs []*wire.Ref
	for _, w := range turn {
		refs = append(refs, w.ref)
	}
	err := e.Source.Fetch(ctx, quota.Realtime, refs, func(f *wire.FetchResponse) error {
		key := refKey(f.GetRef().GetKind(), f.GetRef().GetId())
		w := turn[key]
		if w == nil {
			return nil // nobody asked
		}
		switch f.GetState() {
		case wire.FetchResponse_FOUND:
			if err := e.takeFetched(ctx, f); err != nil {
				return err
			}
			w.places = slices.DeleteFunc(w.places, func(p place) bool { return gives(f, p.listing) })
		case wire.FetchResponse_ABSENT:
			w.places = nil
			return e.dropFetched(ctx, f.GetRef())
		case wire.FetchResponse_DENIED, wire.FetchResponse_FAILED, wire.FetchResponse_STATE_UNSPECIFIED:
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		e.Logger.Warn("looking at what a hint named did not succeed, their listings are walked", "error", err)
	}
	var left []place
	for _, w := range turn {
		for _, p := range w.places {
			if !slices.Contains(left, p) {
				left = append(left, p)
			}
		}
	}
	return left
}

// gives says whether an answer has a listing's facet.
func gives(f *wire.FetchResponse, listing string) bool {
	return slices.ContainsFunc(f.GetEnvelopes(), func(env *wire.Envelope) bool { return env.GetListing() == listing })
}

// dropFetched deletes a record that fetching proved absent, with the marks of its facets.
func (e *Engine) dropFetched(ctx context.Context, r *wire.Ref) error {
	b := &store.Batch{
		At: time.Now(), Reason: "fetched and absent",
		Records: []store.Record{{Op: store.Delete, Kind: r.GetKind(), ID: []byte(r.GetId())}},
	}
	for row, err := range e.Store.Rows(ctx, store.Range{Kind: r.GetKind(), ID: r.GetId()}) {
		if err != nil {
			return err
		}
		b.Home.Listing = row.Facet
		key := unconfirmedKey(row.Kind, row.ID, row.Facet)
		e.mu.Lock()
		_, marked := e.unconfirmed[hashKey(key)]
		delete(e.unconfirmed, hashKey(key))
		e.mu.Unlock()
		if marked {
			b.Docs = append(b.Docs, noDoc(bucketUnconfirmed, key))
		}
	}
	if b.Home.Listing == "" {
		return nil // nobody knew it
	}
	results, err := e.committer.commit(b)
	if err == nil {
		e.countRows(b.Home.Listing, results[0])
	}
	return err
}
