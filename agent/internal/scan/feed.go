package scan

import (
	"context"
	"fmt"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// feedState is how far a feed was read.
type feedState struct {
	Listing, Shard string
	// Window feeds: everything in [Floor, Position) was seen; Floor goes down to Start.
	Position, Floor, Start time.Time
	// Target is the end of the window being read: it stays over a restart, so that its checkpoint fits.
	Target time.Time
	// Cursor feeds.
	Bookmark []byte
}

const (
	minWindow     = time.Second // a smaller one is not asked for
	backfillSteps = 8           // windows of the past in one turn, so that the present is looked at in between
	longestWindow = 24 * time.Hour
)

// feed reads a feed on from where it is. more: the past has still to be read.
func (e *Engine) feed(ctx context.Context, l *listing, s *shardState, r *roundRun, p quota.Priority, line *line) (more bool, err error) {
	st, err := loadDoc[feedState](e.Store, bucketFeeds, docKey(l.GetName(), s.Key))
	if err != nil {
		return false, err
	}
	first := st == nil
	if first {
		st = &feedState{Listing: l.GetName(), Shard: s.Key}
	}
	if l.GetMaxWindow() == nil {
		if d := l.lookback(); first && d > 0 {
			st.Start = time.Now().Add(-d).Truncate(time.Second)
			if _, err := e.committer.commit(&store.Batch{At: time.Now(), Docs: []store.Doc{st.doc()}}); err != nil {
				return false, err
			}
		}
		return false, e.cursorFeed(ctx, l, s, r, st, first, p, line)
	}
	now := time.Now().Truncate(time.Second)
	if first {
		st.Position, st.Floor, st.Start = now, now, now.Add(-l.lookback())
		// From the first moment on nothing may be lost, even if the past takes days.
		if _, err := e.committer.commit(&store.Batch{At: now, Docs: []store.Doc{st.doc()}}); err != nil {
			return false, err
		}
	}
	if err := e.forward(ctx, l, s, r, st, now, p, line); err != nil {
		return false, err
	}
	for range backfillSteps {
		if !st.Floor.After(st.Start) {
			return false, nil
		}
		from := laterOf(st.Start, st.Floor.Add(-l.window()))
		err := e.window(ctx, l, s, r, st, from, st.Floor, quota.Full, line, func(reached time.Time) { st.Floor = reached })
		if err != nil {
			return false, err
		}
	}
	return st.Floor.After(st.Start), nil
}

func (l *listing) window() time.Duration {
	if d := l.GetMaxWindow().AsDuration(); d > 0 {
		return d
	}
	return longestWindow
}

// forward reads from the position to now, window by window, each with the overlap in which late events may appear.
func (e *Engine) forward(ctx context.Context, l *listing, s *shardState, r *roundRun, st *feedState, now time.Time,
	p quota.Priority, line *line,
) error {
	if kept := l.GetLookback().AsDuration(); kept > 0 && now.Sub(st.Position) > kept {
		lost := now.Add(-kept)
		if err := e.gap(l, st.Position, lost, "the provider keeps no more"); err != nil {
			return err
		}
		st.Position = lost
	}
	overlap := l.GetOverlap().AsDuration() + l.GetLateBy().AsDuration()
	for st.Position.Before(now) {
		from := st.Position.Add(-overlap)
		until := earlierOf(now, from.Add(l.window()))
		if !until.After(st.Position) { // the overlap fills the window
			from, until = st.Position, earlierOf(now, st.Position.Add(l.window()))
		}
		if st.Target.After(st.Position) {
			until = st.Target
		} else {
			st.Target = until
			if _, err := e.committer.commit(&store.Batch{At: now, Docs: []store.Doc{st.doc()}}); err != nil {
				return err
			}
		}
		err := e.window(ctx, l, s, r, st, from, until, p, line, func(time.Time) { st.Position = until })
		if err != nil {
			return err
		}
	}
	return nil
}

// window reads [from, until), in smaller windows where the provider finds it too large. The last certificate moves the
// state; parts of the past are read latest first, so that reached is always the lower end.
func (e *Engine) window(ctx context.Context, l *listing, s *shardState, r *roundRun, st *feedState, from, until time.Time,
	p quota.Priority, line *line, advance func(reached time.Time),
) error {
	w := &walk{
		e: e, l: l, shard: s, round: nil, mode: wire.ScanMode_SCAN_MODE_WINDOW, priority: p, from: from, until: until, line: line,
		baseline: r.LastComplete.IsZero(),
	}
	_, err := w.run(ctx)
	switch {
	case err == nil:
		advance(from)
		return w.end(st.doc())
	case sdk.TypeOf(err) == sdk.ErrTooLarge && until.Sub(from) > minWindow:
		middle := from.Add(until.Sub(from) / 2)
		if err := e.window(ctx, l, s, r, st, middle, until, p, line, func(time.Time) {}); err != nil {
			return err
		}
		return e.window(ctx, l, s, r, st, from, middle, p, line, advance)
	case sdk.TypeOf(err) == sdk.ErrExpired:
		if err := e.gap(l, from, until, err.Error()); err != nil {
			return err
		}
		advance(from)
		_, err := e.committer.commit(&store.Batch{At: time.Now(), Docs: []store.Doc{st.doc()}})
		return err
	}
	return fmt.Errorf("%s from %s until %s: %w", w, from.UTC().Format(time.RFC3339), until.UTC().Format(time.RFC3339), err)
}

// cursorFeed follows the provider's own stream.
func (e *Engine) cursorFeed(ctx context.Context, l *listing, s *shardState, r *roundRun, st *feedState, first bool,
	p quota.Priority, line *line,
) error {
	for attempt := 0; ; attempt++ {
		w := &walk{
			e: e, l: l, shard: s, mode: wire.ScanMode_SCAN_MODE_DELTA, priority: p, bookmark: st.Bookmark, line: line,
			baseline: r.LastComplete.IsZero(),
		}
		if len(st.Bookmark) == 0 {
			w.mode, w.priority = wire.ScanMode_SCAN_MODE_FULL, quota.Full
			w.from = st.Start
		}
		cert, err := w.run(ctx)
		if err == nil {
			st.Bookmark = cert.GetBookmark()
			return w.end(st.doc())
		}
		if sdk.TypeOf(err) != sdk.ErrExpired || attempt > 0 {
			return fmt.Errorf("%s: %w", w, err)
		}
		if !first {
			if err := e.gap(l, r.LastFinished, time.Now(), err.Error()); err != nil {
				return err
			}
		}
		st.Bookmark = nil
		docs := []store.Doc{st.doc(), noDoc(bucketCheckpoints, w.key())}
		if _, err := e.committer.commit(&store.Batch{At: time.Now(), Docs: docs}); err != nil {
			return err
		}
	}
}

func (f *feedState) doc() store.Doc { return jsonDoc(bucketFeeds, docKey(f.Listing, f.Shard), f) }

// gap records a time that is lost: shown, not hidden.
func (e *Engine) gap(l *listing, from, until time.Time, reason string) error {
	e.Logger.Warn("a gap in a feed", "listing", l.GetName(), "from", from, "until", until, "reason", reason)
	g := Gap{Listing: l.GetName(), From: from, Until: until, Reason: reason}
	key := docKey(l.GetName(), from.UTC().Format(time.RFC3339Nano))
	_, err := e.committer.commit(&store.Batch{At: time.Now(), Docs: []store.Doc{jsonDoc(bucketGaps, key, g)}})
	return err
}

// Gaps reads the times that feeds could not give.
func Gaps(ctx context.Context, s store.Store) ([]Gap, error) {
	var gaps []Gap
	err := loadDocs(ctx, s, bucketGaps, nil, func(_ []byte, g *Gap) error {
		gaps = append(gaps, *g)
		return nil
	})
	return gaps, err
}

func laterOf(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func earlierOf(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
