package main

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// connector keeps nothing but access tokens, which a restart obtains anew.
type connector struct {
	tokens *tokens
	now    func() time.Time
	pause  time.Duration // between two looks of Watch
	guests chan struct{} // whose turn it is to be let into a shared drive; see move
}

func newConnector() connector {
	return connector{tokens: &tokens{}, now: time.Now, pause: watchPause, guests: make(chan struct{}, 1)}
}

func (c connector) client(s *sdk.Session) *client {
	return &client{s: s, tokens: c.tokens, now: c.now}
}

// scan is one walk of one listing.
type scan struct {
	*client
	w     *sdk.Walk
	asked int // removed files that the log was asked for
}

// Scan reads one shard of one listing.
func (c connector) Scan(ctx context.Context, s *sdk.Session, w *sdk.Walk) error {
	src := sourceOf(w.Listing)
	if src == nil {
		return sdk.Errorf(sdk.ErrUnsupported, "there is no listing %q", w.Listing)
	}
	sc := &scan{client: c.client(s), w: w}
	return src.explain(src.scan(ctx, sc))
}

// size is how many items a page shall have.
func (sc *scan) size(most int) int {
	if sc.w.PageSize > 0 {
		return min(most, sc.w.PageSize)
	}
	return most
}

// explain names the capability and, where Google did not, the scope.
func (src *source) explain(err error) error {
	permission := ""
	if len(src.spec.Permissions) > 0 {
		permission = src.spec.Permissions[0]
	}
	return explain(err, "list:"+src.spec.Name, permission)
}

func explain(err error, capability, permission string) error {
	e, ok := errors.AsType[*sdk.Error](err)
	if !ok {
		return err
	}
	told := *e
	told.Capability = cmp.Or(told.Capability, capability)
	if told.Type == sdk.ErrPermission {
		told.Permission = cmp.Or(told.Permission, permission)
	}
	return &told
}
