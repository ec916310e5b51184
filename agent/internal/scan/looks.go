package scan

import (
	"context"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Look is how well one shard of a listing was looked at last.
type Look struct {
	// At is when its last certificate came; zero: never.
	At time.Time
	// Unavailable: it exists and cannot be listed, for the reason.
	Unavailable bool
	Reason      string
	// Retired: its parent does not name it any more.
	Retired bool
	// Unproven: its last walk was whole, but nobody has looked for what it did not give.
	Unproven bool
	// Skipped names what the walk could not see.
	Skipped []string
}

// maxSkipped is how many of the things that the walks of one shard could not see are kept by name.
const maxSkipped = 10

// skipped is what is not seen of a shard after a walk. One that gives only changes does not see more than the one before.
func skipped(w *walk, cert *wire.Certificate) []string {
	var all []string
	if w.mode == wire.ScanMode_SCAN_MODE_DELTA {
		all = slices.Clone(w.shard.Skipped)
	}
	for _, what := range cert.GetSkipped() {
		if len(all) < maxSkipped && !slices.Contains(all, what) {
			all = append(all, what)
		}
	}
	return all
}

// inPart counts the shards of a listing that could only be listed in part.
func (e *Engine) inPart(l *listing) (n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.shards[l.GetName()] {
		if !s.Retired && len(s.Skipped) > 0 {
			n++
		}
	}
	return n
}

func (s *shardState) look() Look {
	return Look{At: s.WalkedAt, Unavailable: s.Unavailable, Reason: s.Reason, Retired: s.Retired, Unproven: s.Unproven, Skipped: s.Skipped}
}

// LookAt reads the look at one shard; the shard of a listing without parent is "".
func LookAt(s Documents, listing, shard string) (Look, error) {
	state, err := loadDoc[shardState](s, bucketShards, docKey(listing, shard))
	if state == nil {
		return Look{}, err
	}
	return state.look(), err
}

// LooksAt reads the looks at all shards of a listing, by their keys.
func LooksAt(ctx context.Context, s store.Store, listing string) (map[string]Look, error) {
	looks := map[string]Look{}
	err := loadDocs(ctx, s, bucketShards, docKey(listing, ""), func(_ []byte, state *shardState) error {
		looks[state.Key] = state.look()
		return nil
	})
	return looks, err
}

// Unconfirmed are the facets that their home no longer lists, and of which it is not settled yet whether they are gone.
type Unconfirmed map[string]bool

// Has says whether a facet is one of them.
func (u Unconfirmed) Has(kind wire.Kind, id, facet string) bool {
	return len(u) > 0 && u[string(unconfirmedKey(kind, id, facet))]
}

// LoadUnconfirmed reads them.
func LoadUnconfirmed(ctx context.Context, s store.Store) (Unconfirmed, error) {
	u := Unconfirmed{}
	for d, err := range s.Docs(ctx, bucketUnconfirmed, nil) {
		if err != nil {
			return nil, err
		}
		u[string(d.Key)] = true
	}
	return u, nil
}
