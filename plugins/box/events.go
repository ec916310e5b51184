package main

import (
	"context"
	"net/url"
	"time"
)

const (
	day         = 24 * time.Hour
	streamKept  = 14 * day // of admin_logs_streaming
	streamSafe  = 13 * day // what it surely still has
	logKept     = 365 * day
	pastWindow  = 7 * day
	oldestEvent = "0"
)

// activities follows the enterprise's stream, from the oldest event it has.
func activities(ctx context.Context, c *scan) error {
	c.w.Bookmark = orElse(c.w.Bookmark, oldestEvent)
	return c.follow(ctx, nil, c.addEvents)
}

func orElse(b []byte, otherwise string) []byte {
	if len(b) == 0 {
		return []byte(otherwise)
	}
	return b
}

// past reads what the stream no longer has from the enterprise's log. Younger windows are the stream's: they cost nothing.
func past(ctx context.Context, c *scan) error {
	if !c.w.From.Before(time.Now().Add(-streamSafe)) {
		return c.w.Complete()
	}
	query := "stream_type=admin_logs&limit=500&created_after=" + rfc3339(c.w.From) + "&created_before=" + rfc3339(c.w.Until)
	for at := c.w.Resume("first"); at != ""; {
		q := query
		if at != "first" {
			q += "&stream_position=" + url.QueryEscape(at)
		}
		p, err := read(ctx, c.s, q)
		if err != nil {
			return err
		}
		events, err := decodeEvents(*p.Entries)
		if err != nil {
			return err
		}
		switch moved := string(p.Position) != at; {
		case len(events) == 0 && (!moved || at == "first"):
			return c.w.Complete()
		case !moved:
			return stuck()
		}
		if err := c.addEvents(ctx, events); err != nil {
			return err
		}
		at = c.w.EndPage(string(p.Position))
	}
	return c.w.Complete()
}

func rfc3339(t time.Time) string { return url.QueryEscape(t.UTC().Format(time.RFC3339)) }

// addEvents hands over events, but for those of our own reading.
func (c *scan) addEvents(ctx context.Context, events []event) error {
	for i := range events {
		e := &events[i]
		if !c.w.From.IsZero() && e.Created.Before(c.w.From) || !c.w.Until.IsZero() && !e.Created.Before(c.w.Until) {
			continue
		}
		if e.reads() {
			if c.me == "" {
				me, err := whoami(ctx, c.s)
				if err != nil {
					return err
				}
				c.me = me.ID
			}
			if e.ours(c.me) {
				continue
			}
		}
		c.w.Add(e.record(c.s.KeepRaw))
	}
	return nil
}
