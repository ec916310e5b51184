package main

import (
	"cmp"
	"context"
	"errors"

	"github.com/mooring-hq/mooring/sdk"
)

// connector has no state.
type connector struct{}

// Scan reads one shard of one listing.
func (connector) Scan(ctx context.Context, s *sdk.Session, w *sdk.Walk) error {
	src := sourceOf(w.Listing)
	if src == nil {
		return sdk.Errorf(sdk.ErrUnsupported, "there is no listing %q", w.Listing)
	}
	return src.explain(src.scan(ctx, &scan{s: s, w: w}))
}

// scan is one walk.
type scan struct {
	s *sdk.Session
	w *sdk.Walk
}

// size is how many entries a page may have: Okta's own limit, or less when the host asks for less.
func (c *scan) size(most int) int {
	if c.w.PageSize > 0 {
		return min(c.w.PageSize, most)
	}
	return most
}

// delta: only what changed since the bookmark is asked for.
func (c *scan) delta() bool { return c.w.Mode == sdk.ModeDelta && len(c.w.Bookmark) > 0 }

// explain names the listing, and the scope or the role behind a refusal: Okta says of a scope which one it is, and of a
// role nothing.
func (src *source) explain(err error) error {
	e, ok := errors.AsType[*sdk.Error](err)
	if !ok {
		return err
	}
	told := *e
	if told.Type == sdk.ErrPermission && told.Permission == "" {
		told.Permission = src.spec.Permissions[0]
		if f, ok := errors.AsType[*failure](told.Cause); ok && f.code == codeForbidden {
			told.Permission = "role " + cmp.Or(src.role, "Read-only Administrator")
		}
	}
	if told.Capability == "" {
		told.Capability = "list:" + src.spec.Name
	}
	return &told
}
