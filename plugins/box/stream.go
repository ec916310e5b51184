package main

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	maxEvents = 500 // of a page; Box's own limit
	// maxEmpty pages in a row may hold nothing although the position moves: events of other types are filtered out.
	maxEmpty = 1000
)

// when is a time as Box writes it; what is not understood is unknown.
type when struct{ time.Time }

// UnmarshalJSON never fails.
func (w *when) UnmarshalJSON(b []byte) error {
	if t, err := time.Parse(time.RFC3339, strings.Trim(string(b), `"`)); err == nil {
		w.Time = t
	}
	return nil
}

// stream is one answer of a log.
type stream struct {
	Entries  *[]json.RawMessage `json:"entries"`
	Position cursor             `json:"next_stream_position"`
}

// read reads one page of a log.
func read(ctx context.Context, s *sdk.Session, query string) (*stream, error) {
	p := &stream{}
	if err := get(ctx, s, "/events?"+query, "", p); err != nil {
		return nil, err
	}
	if p.Entries == nil || p.Position == "" {
		return nil, missing("log", "entries and a position")
	}
	return p, nil
}

// now is the present end of the enterprise's log.
func (c *scan) now(ctx context.Context) (string, error) {
	p, err := read(ctx, c.s, streaming("now", nil))
	if err != nil {
		return "", err
	}
	return string(p.Position), nil
}

func streaming(position string, types []string) string {
	q := "stream_type=admin_logs_streaming&limit=500&stream_position=" + url.QueryEscape(position)
	if len(types) > 0 {
		q += "&event_type=" + strings.Join(types, ",")
	}
	return q
}

// follow reads the enterprise's log from the bookmark on and hands over its events, page by page. It ends with the page on
// which nothing is: a short one does not mean the end, and where types are asked for, neither does an empty one that moves on.
func (c *scan) follow(ctx context.Context, types []string, take func(context.Context, []event) error) error {
	at := c.w.Resume(string(c.w.Bookmark))
	if at == "" {
		return sdk.Errorf(sdk.ErrExpired, "the checkpoint of listing %s is not one of this connector", c.w.Listing)
	}
	for empty := 0; ; {
		p, err := read(ctx, c.s, streaming(at, types))
		if err != nil {
			return err
		}
		moved := string(p.Position) != at
		switch n := len(*p.Entries); {
		case n == 0 && (!moved || len(types) == 0):
			return c.w.Complete(sdk.Next([]byte(p.Position)))
		case !moved:
			return stuck()
		case n == 0:
			if empty++; empty > maxEmpty {
				return sdk.Errorf(sdk.ErrInternal, "Box gave %d empty pages of its log in a row", maxEmpty)
			}
		default:
			empty = 0
		}
		events, err := decodeEvents(*p.Entries)
		if err != nil {
			return err
		}
		if err := take(ctx, events); err != nil {
			return err
		}
		at = string(p.Position)
		if c.w.EndPage(at) == "" {
			return c.w.Complete()
		}
	}
}

// pack and unpack are checkpoints.
func pack(v any) string {
	b, _ := json.Marshal(v) // of strings and numbers
	return string(b)
}

func unpack(text string, into any) error {
	if json.Unmarshal([]byte(text), into) != nil {
		return sdk.Errorf(sdk.ErrExpired, "the checkpoint is not one of this connector")
	}
	return nil
}
