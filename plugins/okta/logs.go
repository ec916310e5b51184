package main

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// The System Log is read in two ways. Forwards, by polling: in the order in which events appear, so that late ones come,
// too; there the next page never ends, and its address is the bookmark. Backwards, once, for the time before: bounded and
// newest first. The two meet at the last midnight: an event that happened before it and appeared after it is polled.

const (
	retention = 90 * 24 * time.Hour
	lookEvery = 50 // pages of the past, after which the present is looked at again
)

// logSpot is where a walk of the log stands.
type logSpot struct {
	poll string // where to go on forwards
	past string // where to go on backwards; "": there is no past left
}

func (p logSpot) String() string { return p.poll + " " + p.past }

func parseLogSpot(s string) (logSpot, error) {
	poll, past, ok := strings.Cut(s, " ")
	if !ok || poll == "" {
		return logSpot{}, sdk.Errorf(sdk.ErrExpired, "the checkpoint of listing system_log is of another version")
	}
	return logSpot{poll, past}, nil
}

// eventsSince asks for what appeared since a time.
func eventsSince(t time.Time, size int, filter string) string {
	pairs := []string{"since", timestamp(t), "sortOrder", "ASCENDING"}
	if filter != "" {
		pairs = append(pairs, "filter", filter)
	}
	return paged("/api/v1/logs", size, pairs...)
}

// systemLog goes on from the bookmark; without one it polls from the last midnight on, and reads the time before.
func systemLog(ctx context.Context, c *scan) error {
	size := c.size(maxEvents)
	first := logSpot{poll: string(c.w.Bookmark)}
	if first.poll == "" {
		from := c.w.From
		midnight := time.Now().UTC().Truncate(24 * time.Hour)
		if from.IsZero() {
			from = midnight.Add(-retention)
		}
		first.poll = eventsSince(midnight, size, "")
		if from.Before(midnight) {
			first.past = paged("/api/v1/logs", size, "since", timestamp(from), "until", timestamp(midnight), "sortOrder", "DESCENDING")
		} else {
			first.poll = eventsSince(from, size, "")
		}
	}
	at := first
	if resumed := c.w.Resume(first.String()); resumed != first.String() {
		var err error
		if at, err = parseLogSpot(resumed); err != nil {
			return err
		}
	}
	if err := c.forwards(ctx, &at, size, true); err != nil {
		return err
	}
	for n := 1; at.past != ""; n++ {
		if err := c.backwards(ctx, &at, size, n%lookEvery == 0); err != nil {
			return err
		}
	}
	return c.w.Complete(sdk.Next([]byte(at.poll)))
}

// forwards reads until there is nothing new. There is always a next page, so one that is not full is the end. With pages,
// each has its checkpoint; the last has one, too, so that no walk ends without its place in the log.
func (c *scan) forwards(ctx context.Context, at *logSpot, size int, pages bool) error {
	for range maxPages {
		got, a, err := c.events(ctx, at.poll)
		if err != nil {
			return err
		}
		if a.next == "" {
			return sdk.Errorf(sdk.ErrInternal, "the log gave no address for what comes next, so that it would be read twice or not at all")
		}
		at.poll = a.next
		if pages && got > 0 && c.w.EndPage(at.String()) == "" {
			return c.w.Complete()
		}
		if got < size {
			return nil
		}
	}
	return sdk.Errorf(sdk.ErrInternal, "the log has more than %d pages", maxPages)
}

// backwards reads one page of the past, and then looks at the present if told so.
func (c *scan) backwards(ctx context.Context, at *logSpot, size int, look bool) error {
	_, a, err := c.events(ctx, at.past)
	if err != nil {
		return err
	}
	at.past = a.next
	if look {
		if err := c.forwards(ctx, at, size, false); err != nil {
			return err
		}
	}
	if c.w.EndPage(at.String()) == "" {
		return c.w.Complete()
	}
	return nil
}

// events adds one page, and says how many it had.
func (c *scan) events(ctx context.Context, ref string) (int, answer, error) {
	list, a, err := getList[json.RawMessage](ctx, c.s, ref)
	if err != nil {
		return 0, a, logExpired(err, ref)
	}
	var fresh []event
	for _, raw := range list {
		var e event
		if json.Unmarshal(raw, &e) != nil {
			return 0, a, missing("log event", "the shape of one")
		}
		if err := e.check(); err != nil {
			return 0, a, err
		}
		if !c.s.KeepRaw {
			raw = nil
		}
		c.w.Add(e.activity(raw))
		if e.recent(a.date) {
			fresh = append(fresh, e)
		}
	}
	for _, h := range hintsOf(fresh) {
		c.w.Hint(h)
	}
	return len(list), a, nil
}

// logExpired: a position that Okta does not know any more is refused as invalid.
func logExpired(err error, ref string) error {
	if sdk.TypeOf(err) == sdk.ErrInvalid && strings.Contains(ref, "after=") {
		return sdk.Errorf(sdk.ErrExpired, "Okta does not know the position in the log any more: %w", err)
	}
	return err
}
