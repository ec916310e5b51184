package scan

import (
	"time"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const (
	maxHints    = 10_000           // waiting; more are dropped, and the next poll finds what they meant
	hintEvery   = 30 * time.Second // between two walks of a listing that hints asked for
	hintedFetch = 100              // refs fetched at once
	ofHint      = quota.Realtime
)

// hint is "look here now": never itself a record.
type hint struct {
	listing, shard string
	refs           []*wire.Ref
	full           bool
	asked          bool // by a person: at once
}

// takeHint queues a hint of the connector. Losing one loses nothing.
func (e *Engine) takeHint(h *wire.Hint) {
	e.queue(hint{listing: h.GetListing(), shard: h.GetShard(), refs: h.GetRefs()})
}

// Hint queues what a webhook said.
func (e *Engine) Hint(h *wire.Hint) { e.takeHint(h) }

// Want asks for a listing now; full ignores stamps and bookmarks.
func (e *Engine) Want(listing string, full bool) {
	e.queue(hint{listing: listing, full: full, asked: true})
}

func (e *Engine) queue(h hint) {
	select {
	case e.hints <- h:
	default:
		e.progress.hintDropped()
	}
}
