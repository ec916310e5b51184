package scan

import (
	"context"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// fetchBudget is how many missing records of a listing are looked up one by one after a round. When more are missing, one
// that could not be told lets the others go first for a while.
const (
	fetchBudget = 200
	askAgain    = 24 * time.Hour
)

// verdict on a facet that its home no longer lists.
type verdict int

const (
	wait       verdict = iota // not decided yet
	dropFacet                 // the record lives on, this side of it does not
	deleteIt                  // nothing lists it
	askForIt                  // another shard could hold it: fetch decides
	forgetMark                // the facet is not there any more, or was found
	keepMark                  // nobody could tell
)

// absent is one unconfirmed facet, judged.
type absent struct {
	key     []byte
	kind    wire.Kind
	id      string
	facet   string
	absence absence
	verdict verdict
	facets  []string // of the record, for the marks that a deletion takes with it
	// onlyPlace: no other listing or shard could hold it, and all of this one was looked at twice.
	onlyPlace bool
}

// settleAbsent decides about unconfirmed facets of the listing's kinds, each time a round that could know more has ended.
func (e *Engine) settleAbsent(ctx context.Context, l *listing, r *roundRun) error {
	rounds, err := e.lastRounds(ctx)
	if err != nil {
		return err
	}
	rounds[l.GetName()] = r.Round
	budget := fetchBudget
	for _, kind := range sortedKinds(l.kinds) {
		var group []absent
		err := loadDocs(ctx, e.Store, bucketUnconfirmed, []byte{byte(kind)}, func(key []byte, a *absence) error {
			one := absent{key: slices.Clone(key), absence: *a}
			one.kind, one.id, one.facet = splitUnconfirmed(key)
			if err := e.judge(ctx, &one, rounds); err != nil {
				return err
			}
			if one.verdict != wait {
				group = append(group, one)
			}
			if len(group) < sweepCommit {
				return nil
			}
			err := e.carryOut(ctx, group, &budget)
			group = group[:0]
			return err
		})
		if err != nil {
			return err
		}
		if err := e.carryOut(ctx, group, &budget); err != nil {
			return err
		}
	}
	return nil
}

func (e *Engine) lastRounds(ctx context.Context) (map[string]Round, error) {
	rounds := map[string]Round{}
	all, err := Rounds(ctx, e.Store)
	for _, r := range all {
		rounds[r.Listing] = r
	}
	return rounds, err
}

// judge decides about one facet.
func (e *Engine) judge(ctx context.Context, a *absent, rounds map[string]Round) error {
	home := e.listings[a.facet]
	if home == nil {
		return nil // a listing that this connector no longer has: its word stands as it is
	}
	alive, exists := false, false
	for row, err := range e.Store.Rows(ctx, store.Range{Kind: a.kind, ID: a.id}) {
		if err != nil {
			return err
		}
		a.facets = append(a.facets, row.Facet)
		exists = exists || row.Facet == a.facet
		if row.Facet != a.facet && e.vouches(row, a) {
			alive = true
			if rounds[row.Facet].LastComplete.After(a.absence.Since) {
				a.verdict = dropFacet
			}
		}
	}
	settled := a.absence.Misses >= settledMisses || (home.GetExclusive() && !a.absence.Held && a.absence.Misses > 0)
	switch {
	case !exists:
		a.verdict = forgetMark
	case !slices.Contains(home.GetDefines(), a.kind):
		if settled {
			a.verdict = dropFacet
		}
	case alive:
	case home.GetExclusive():
		if settled {
			a.verdict = deleteIt
		}
	case e.fetchable(a.kind) && (settled || !a.absence.Held):
		if e.fewUnconfirmed() || time.Since(a.absence.Asked) > askAgain {
			a.verdict = askForIt
		}
		// Nowhere else to be: with the budget spent, two looks are proof enough.
		a.onlyPlace = settled && e.lookedEverywhere(home, a.absence.Since) && !e.livesElsewhere(home, a.kind)
	case settled && e.othersLooked(home, a, rounds):
		a.verdict = deleteIt
	}
	return nil
}

// fewUnconfirmed: all that is missing fits the budget, so nobody has to wait for a turn.
func (e *Engine) fewUnconfirmed() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.unconfirmed) <= fetchBudget
}

// livesElsewhere says whether another listing could define a record of the kind.
func (e *Engine) livesElsewhere(home *listing, k wire.Kind) bool {
	for _, other := range e.order {
		if other != home && other.takesPart(k) && !other.GetExclusive() && !e.silent(other) {
			return true
		}
	}
	return false
}

// vouches says whether another facet still says that the record exists.
func (e *Engine) vouches(row store.Row, a *absent) bool {
	other := e.listings[row.Facet]
	if other == nil || !slices.Contains(other.GetDefines(), a.kind) {
		return false
	}
	key := unconfirmedKey(row.Kind, row.ID, row.Facet)
	e.mu.Lock()
	_, marked := e.unconfirmed[hashKey(key)]
	e.mu.Unlock()
	return !marked
}

// othersLooked says whether every other listing that could hold the record has looked since it was missed.
func (e *Engine) othersLooked(home *listing, a *absent, rounds map[string]Round) bool {
	for _, other := range e.order {
		if other == home || !other.takesPart(a.kind) || other.GetExclusive() || e.silent(other) {
			continue
		}
		if !rounds[other.GetName()].LastComplete.After(a.absence.Since) {
			return false
		}
	}
	return true
}

// lookedEverywhere says whether all shards of a listing were walked since: then no other shard can hold the record.
func (e *Engine) lookedEverywhere(l *listing, since time.Time) bool {
	if l.parent == nil {
		return true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.shards[l.GetName()] {
		if !s.Retired && (s.Unavailable || !s.WalkedAt.After(since)) {
			return false
		}
	}
	return true
}

func (e *Engine) fetchable(k wire.Kind) bool { return slices.Contains(e.Description.GetFetches(), k) }

// carryOut fetches what has to be asked for, and commits the decisions.
func (e *Engine) carryOut(ctx context.Context, group []absent, budget *int) error {
	if err := e.ask(ctx, group, budget); err != nil {
		return err
	}
	batches := map[string]*store.Batch{}
	var order []*store.Batch
	for i := range group {
		a := &group[i]
		if a.verdict == wait || a.verdict == askForIt {
			continue
		}
		b := batches[a.facet+"\x00"+a.absence.Reason]
		if b == nil {
			b = &store.Batch{At: time.Now(), Home: store.Home{Listing: a.facet}, Reason: a.absence.Reason}
			batches[a.facet+"\x00"+a.absence.Reason] = b
			order = append(order, b)
		}
		e.decide(b, a)
	}
	if len(order) == 0 {
		return nil
	}
	results, err := e.committer.commit(order...)
	for i, r := range results {
		e.countRows(order[i].Home.Listing, r)
	}
	return err
}

func (e *Engine) decide(b *store.Batch, a *absent) {
	gone := []string{a.facet}
	switch a.verdict {
	case keepMark:
		b.Docs = append(b.Docs, e.missingDoc(a.key, a.absence))
		return
	case dropFacet:
		b.Records = append(b.Records, store.Record{Op: store.DropFacet, Kind: a.kind, ID: []byte(a.id)})
	case deleteIt:
		b.Records = append(b.Records, store.Record{Op: store.Delete, Kind: a.kind, ID: []byte(a.id)})
		gone = append(a.facets, a.facet)
	}
	for _, facet := range gone {
		key := unconfirmedKey(a.kind, a.id, facet)
		e.mu.Lock()
		delete(e.unconfirmed, hashKey(key))
		e.mu.Unlock()
		b.Docs = append(b.Docs, noDoc(bucketUnconfirmed, key))
	}
}

// ask fetches the facets that another shard could hold: absent deletes, found and denied keep.
func (e *Engine) ask(ctx context.Context, group []absent, budget *int) error {
	var refs []*wire.Ref
	asked := map[string]*absent{}
	for i := range group {
		a := &group[i]
		if a.verdict != askForIt || asked[refKey(a.kind, a.id)] != nil {
			continue
		}
		if *budget <= 0 {
			if a.onlyPlace {
				a.verdict = deleteIt
			}
			continue
		}
		*budget--
		asked[refKey(a.kind, a.id)] = a
		refs = append(refs, &wire.Ref{Kind: a.kind, Id: new(a.id)})
	}
	if len(refs) == 0 {
		return nil
	}
	return e.Source.Fetch(ctx, quota.Delta, refs, func(f *wire.FetchResponse) error {
		a := asked[refKey(f.GetRef().GetKind(), f.GetRef().GetId())]
		if a == nil {
			return nil
		}
		switch f.GetState() {
		case wire.FetchResponse_ABSENT:
			a.verdict, a.absence.Reason = deleteIt, "fetched and absent"
		case wire.FetchResponse_FOUND:
			a.verdict = forgetMark
			return e.takeFetched(ctx, f)
		case wire.FetchResponse_DENIED, wire.FetchResponse_FAILED, wire.FetchResponse_STATE_UNSPECIFIED:
			a.absence.Asked = time.Now()
			a.verdict = keepMark
		}
		return nil
	})
}

func refKey(k wire.Kind, id string) string { return string(rune(k)) + id }

func sortedKinds(kinds []wire.Kind) []wire.Kind {
	s := slices.Clone(kinds)
	slices.Sort(s)
	return slices.Compact(s)
}
