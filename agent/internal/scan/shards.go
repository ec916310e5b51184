package scan

import (
	"cmp"
	"slices"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// keepShard takes what a page said of a shard, and gives the document to commit with the page.
func (e *Engine) keepShard(found *wire.Shard, parentKey string) store.Doc {
	e.mu.Lock()
	defer e.mu.Unlock()
	shards := e.shardsOf(found.GetListing())
	s := shards[found.GetKey()]
	if s == nil {
		s = &shardState{Listing: found.GetListing(), Key: found.GetKey()}
		shards[s.Key] = s
	}
	s.ParentKey, s.Name, s.Stamp = parentKey, found.GetName(), found.GetStamp()
	s.Data = append([]byte(nil), found.GetData()...)
	s.Unavailable, s.Reason = found.GetState() == wire.Shard_UNAVAILABLE, found.GetReason()
	s.Misses, s.Retired = 0, false
	return jsonDoc(bucketShards, docKey(s.Listing, s.Key), *s)
}

// retire counts the shards of child listings that a complete round of their parent did not name. At the second time they
// are retired, with the shards below them.
func (e *Engine) retire(l *listing, r *roundRun) []store.Doc {
	if r.delta || !r.Complete {
		return nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var docs []store.Doc
	for _, child := range l.children {
		for key, s := range e.shards[child.GetName()] {
			if s.Retired || r.named[child.GetName()][key] || !r.proof[s.ParentKey] {
				continue
			}
			s.Misses++
			if s.Misses >= settledMisses {
				docs = append(docs, e.retireShard(child, s)...)
				continue
			}
			docs = append(docs, jsonDoc(bucketShards, docKey(s.Listing, s.Key), *s))
		}
	}
	return docs
}

// retireShard needs the lock.
func (e *Engine) retireShard(l *listing, s *shardState) []store.Doc {
	s.Retired = true
	docs := []store.Doc{
		jsonDoc(bucketShards, docKey(s.Listing, s.Key), *s),
		noDoc(bucketCheckpoints, docKey(s.Listing, s.Key)),
	}
	for _, child := range l.children {
		for _, below := range e.shards[child.GetName()] {
			if below.ParentKey == s.Key && !below.Retired {
				docs = append(docs, e.retireShard(child, below)...)
			}
		}
	}
	return docs
}

// sortShards puts those never walked first, then the longest ago: a crash in the middle costs nobody twice.
func sortShards(shards []*shardState) {
	slices.SortFunc(shards, func(a, b *shardState) int {
		return cmp.Or(a.WalkedAt.Compare(b.WalkedAt), cmp.Compare(a.Key, b.Key))
	})
}

// Places are the shards of a listing that can be listed now, and one with an empty key where it has none. It is false when
// that is not known: before the first check, or while the listing is silent.
func (e *Engine) Places(name string) ([]*wire.Shard, bool) {
	l := e.listings[name]
	if l == nil || !l.enabled() {
		return nil, true
	}
	e.mu.Lock()
	checked := e.check != nil
	e.mu.Unlock()
	if !checked || e.silent(l) {
		return nil, false
	}
	if l.parent == nil {
		return []*wire.Shard{{Listing: name}}, true
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var places []*wire.Shard
	for _, s := range e.shards[name] {
		if !s.Retired && !s.Unavailable {
			places = append(places, &wire.Shard{Listing: name, Key: s.Key, Stamp: s.Stamp, Name: s.Name, Data: s.Data, ParentKey: s.ParentKey})
		}
	}
	slices.SortFunc(places, func(a, b *wire.Shard) int { return cmp.Compare(a.GetKey(), b.GetKey()) })
	return places, true
}
