package main

import (
	"context"
	"errors"

	"github.com/mooring-hq/mooring/sdk"
)

// connector has no state.
type connector struct{}

// scan is one walk.
type scan struct {
	s    *sdk.Session
	w    *sdk.Walk
	size int
	me   string // whoever the credential is; asked for when an event needs it
}

// Scan reads one shard of one listing.
func (connector) Scan(ctx context.Context, s *sdk.Session, w *sdk.Walk) error {
	src := sourceOf(w.Listing)
	if src == nil {
		return sdk.Errorf(sdk.ErrUnsupported, "there is no listing %q", w.Listing)
	}
	c := &scan{s: s, w: w, size: maxPage}
	if w.PageSize > 0 && w.PageSize < maxPage {
		c.size = w.PageSize
	}
	return src.explain(src.scan(ctx, c))
}

// explain names what the listing needs where Box did not.
func (src *source) explain(err error) error {
	e, ok := errors.AsType[*sdk.Error](err)
	if !ok {
		return err
	}
	told := *e
	if told.Type == sdk.ErrPermission && told.Permission == "" && len(src.spec.Permissions) > 0 {
		told.Permission = src.spec.Permissions[0]
	}
	if told.Capability == "" {
		told.Capability = "list:" + src.spec.Name
	}
	return &told
}
