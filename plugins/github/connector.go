package main

import (
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
	c := &scan{s: s, w: w, size: maxPerPage}
	if w.PageSize > 0 && w.PageSize < maxPerPage {
		c.size = w.PageSize
	}
	read := src.scan
	if src.spec.Type == sdk.Delta && w.Mode == sdk.ModeDelta && len(w.Bookmark) > 0 {
		read = unchanged
	}
	return src.explain(read(ctx, c))
}

// explain says what "not found" means for this listing: GitHub hides behind it what the plan lacks.
func (src *source) explain(err error) error {
	e, ok := errors.AsType[*sdk.Error](err)
	if !ok {
		return err
	}
	told := *e
	if told.Type == sdk.ErrNotFound && src.absent != "" {
		told.Type, told.Message = src.absent, src.because
	}
	if told.Type == sdk.ErrPermission && told.Permission == "" && len(src.spec.Permissions) > 0 {
		told.Permission = src.spec.Permissions[0]
	}
	if told.Capability == "" {
		told.Capability = "list:" + src.spec.Name
	}
	return &told
}
