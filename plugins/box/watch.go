package main

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
)

const (
	watchEvery = 3 * time.Second // between two looks at the stream: 20 of the 1000 calls of a minute
	pollMost   = 12 * time.Minute
)

// Watch looks at the enterprise's stream every few seconds. Without the scope for it, it waits on the long-poll of the
// credential's own user, which tells of what that user sees.
func (connector) Watch(ctx context.Context, s *sdk.Session, listings []string, hint func(sdk.Hint) error) error {
	wanted := map[string]bool{}
	for _, l := range listings {
		wanted[l] = true
	}
	tell := func(h sdk.Hint) error {
		if h.Listing != "" && !wanted[h.Listing] {
			return nil
		}
		return hint(h)
	}
	err := watchStream(ctx, s, tell)
	if sdk.TypeOf(err) == sdk.ErrPermission {
		err = longPoll(ctx, s, tell)
	}
	return err
}

func watchStream(ctx context.Context, s *sdk.Session, tell func(sdk.Hint) error) error {
	for at := "now"; ; {
		p, err := read(ctx, s, streaming(at, nil))
		if err != nil {
			return err
		}
		events, err := decodeEvents(*p.Entries)
		if err != nil {
			return err
		}
		for _, h := range hintsOf(events, time.Now()) {
			if err := tell(h); err != nil {
				return err
			}
		}
		full := len(events) == maxEvents && string(p.Position) != at
		if at = string(p.Position); full {
			continue
		}
		if err := sleep(ctx, watchEvery); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hintsOf says where to look after events: at the items and users themselves, at the tree of a folder's owner, for what is in
// the folder changed with it, and at the groups, whose members no single look tells.
func hintsOf(events []event, now time.Time) []sdk.Hint {
	var hints []sdk.Hint
	seen := map[string]bool{}
	tell := func(key string, h sdk.Hint) {
		if !seen[key] {
			seen[key] = true
			h.SeenAt = now
			hints = append(hints, h)
		}
	}
	for i := range events {
		e := &events[i]
		reason := cut(e.Type, maxMessage)
		if id := e.userID(); id != "" && userEvents[e.Type] {
			tell("user "+id, sdk.Hint{Listing: "users", Refs: []*sdk.Ref{sdk.To(sdk.KindAccount, id)}, Reason: reason})
		}
		if e.Type == "NEW_USER" { // whose tree only the list names
			tell("users", sdk.Hint{Listing: "users", Reason: reason})
		}
		if e.Source.Type == "group" || e.Source.GroupID != "" || e.Details.GroupID != "" {
			tell("groups", sdk.Hint{Listing: "groups", Reason: reason})
		}
		owner, trash := e.touches()
		if kind, id := e.item(); owner != nil && id != "" {
			tell("item "+id, sdk.Hint{Listing: "files", Shard: owner.ID, Refs: []*sdk.Ref{itemRef(kind, id, owner.ID)}, Reason: reason})
			if kind == typeFolder {
				tell("tree "+owner.ID, sdk.Hint{Listing: "files", Shard: owner.ID, Reason: reason})
			}
			if trash {
				tell("trash "+owner.ID, sdk.Hint{Listing: "trash", Shard: owner.ID, Reason: reason})
			}
		}
		tell("events", sdk.Hint{Listing: "events", Reason: reason})
	}
	return hints
}

// itemRef refers to an item, with what Fetch needs to know: its type, and as whom to ask.
func itemRef(kind, id, owner string) *sdk.Ref {
	r := sdk.To(sdk.KindFile, id)
	r.Name = new(sdk.ID(kind, owner))
	return r
}

// longPoll waits for the user's own stream: OPTIONS gives a server, which answers when there is something.
func longPoll(ctx context.Context, s *sdk.Session, tell func(sdk.Hint) error) error {
	at, err := ownStream(ctx, s, "now", nil)
	for err == nil {
		var server string
		if server, err = pollServer(ctx, s); err != nil {
			break
		}
		var changed bool
		for err == nil && !changed {
			var again bool
			if changed, again, err = poll(ctx, s, server); again {
				break
			}
		}
		if err == nil && changed {
			at, err = ownStream(ctx, s, at, tell)
		}
	}
	return err
}

func pollServer(ctx context.Context, s *sdk.Session) (string, error) {
	var servers struct {
		Entries []struct {
			URL string `json:"url"`
		} `json:"entries"`
	}
	if err := send(ctx, s, http.MethodOptions, "/events", "", nil, &servers); err != nil {
		return "", err
	}
	if len(servers.Entries) == 0 || servers.Entries[0].URL == "" {
		return "", missing("long-poll server", "a URL")
	}
	return servers.Entries[0].URL, nil
}

// poll waits once. again: another server is to be asked for.
func poll(ctx context.Context, s *sdk.Session, server string) (changed, again bool, err error) {
	req, err := http.NewRequestWithContext(httpapi.LongPoll(sdk.NoAuth(ctx), pollMost), http.MethodGet, server, nil)
	if err != nil {
		return false, false, sdk.Errorf(sdk.ErrInternal, "Box names a long-poll server that is no URL")
	}
	var got struct {
		Message string `json:"message"`
	}
	if err := do(s, req, &got); err != nil {
		return false, false, err
	}
	return got.Message == "new_change", got.Message != "new_change", nil
}

// ownStream reads the user's own stream to its end and tells of what it holds.
func ownStream(ctx context.Context, s *sdk.Session, at string, tell func(sdk.Hint) error) (string, error) {
	for {
		p, err := read(ctx, s, "stream_type=changes&limit=500&stream_position="+url.QueryEscape(at))
		if err != nil {
			return "", err
		}
		events, err := decodeEvents(*p.Entries)
		if err != nil {
			return "", err
		}
		next := string(p.Position)
		if len(events) == 0 || next == at || tell == nil {
			return next, nil
		}
		for _, h := range hintsOf(events, time.Now()) {
			if err := tell(h); err != nil {
				return "", err
			}
		}
		at = next
	}
}
