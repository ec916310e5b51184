package main

import (
	"context"
	"encoding/json"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// bookmark of a listing that follows Google's logs: everything that was logged before At was looked at, and Full is when
// the listing was last read whole.
type bookmark struct {
	At   time.Time `json:"at"`
	Full time.Time `json:"full"`
}

const (
	// wholeAgain: after that a listing that follows a log is read whole, for what the log left out.
	wholeAgain = 24 * time.Hour
	// slowLogs: how late an entry may come that a delta walk still finds. What comes later waits for wholeAgain.
	slowLogs = 3 * time.Hour
	// adminLogs come within minutes.
	adminLogs = 15 * time.Minute
	// maxTouched is how many things a delta walk looks at one by one; more, and reading all is cheaper.
	maxTouched = 200
)

// next makes it the walk's.
func (b bookmark) next() sdk.Completion { return sdk.Next(encode(b)) }

// follow gives the bookmark of a delta walk, and the time to read the log from.
func (sc *scan) follow(late time.Duration) (b bookmark, from time.Time, err error) {
	now := sc.now()
	if json.Unmarshal(sc.w.Bookmark, &b) != nil || b.At.IsZero() || b.At.After(now) {
		return b, from, sdk.Errorf(sdk.ErrExpired, "the bookmark of listing %s is of another version", sc.w.Listing)
	}
	if now.Sub(b.Full) >= wholeAgain {
		return b, from, sdk.Errorf(sdk.ErrExpired, "listing %s was last read whole at %s", sc.w.Listing, b.Full.Format(time.RFC3339))
	}
	from = b.At.Add(-late)
	b.At = now
	return b, from, nil
}

// blind ends a delta walk whose log may not be read: it says nothing, and the bookmark stays where it was, so that all is
// read whole a day after the last time.
func (sc *scan) blind(err error) error {
	if sdk.TypeOf(err) != sdk.ErrPermission {
		return err
	}
	return sc.w.Complete(sdk.Next(sc.w.Bookmark), sdk.Warning("the logs cannot be read without "+scopeAudit.url()+", so changes are seen once a day"))
}

// tooMuch ends a delta walk for which reading all is cheaper.
func (sc *scan) tooMuch() error {
	return sdk.Errorf(sdk.ErrExpired, "more changed in listing %s than is worth looking at one by one", sc.w.Listing)
}

// whole runs the steps of a full walk and certifies it with a bookmark of its start. steps gets a stamp for the shards
// below: after a full walk all of them are walked.
func (sc *scan) whole(ctx context.Context, steps func(stamp string) []step) error {
	note, err := sc.note(func() (string, error) { return num(sc.now().Unix()), nil })
	if err != nil {
		return err
	}
	if err := sc.pages(ctx, note, steps("f"+note)...); err != nil {
		return err
	}
	var began number
	_ = began.UnmarshalJSON([]byte(note)) // never fails
	if began <= 0 {                       // the walk had only its certificate left, and when it began is not known
		return sc.w.Complete()
	}
	at := time.Unix(int64(began), 0).UTC()
	return sc.w.Complete(bookmark{At: at, Full: at}.next())
}
