package main

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"io"

	"github.com/mooring-hq/mooring/sdk"
)

// maxBookmarkJSON bounds what a bookmark unpacks to.
const maxBookmarkJSON = 4 << 20 // bytes

// visit is one page that a complete walk read.
type visit struct {
	URL  string `json:"u"`
	ETag string `json:"e"`
}

// bookmark is every page of the walk with its ETag, packed. There is none when it would not be proof: the walk was
// resumed, a page had no ETag, a last page was full; when it is too big (about 1,500 pages); or when the credential is
// an App's, whose token, and with it every ETag, changes each hour: asking would only cost a second request.
func (c *scan) bookmark() []sdk.Completion {
	if c.part || len(c.seen) == 0 || usesApp(c.s) {
		return nil
	}
	raw, err := json.Marshal(c.seen)
	if err != nil {
		return nil
	}
	var packed bytes.Buffer
	z, _ := flate.NewWriter(&packed, flate.BestSpeed) // fails only on an unknown level
	_, _ = z.Write(raw)                               // a buffer takes all
	_ = z.Close()
	if packed.Len() > sdk.MaxCheckpointBytes {
		return nil
	}
	return []sdk.Completion{sdk.Next(packed.Bytes())}
}

func unpack(bookmark []byte) ([]visit, error) {
	var seen []visit
	r := io.LimitReader(flate.NewReader(bytes.NewReader(bookmark)), maxBookmarkJSON)
	if err := json.NewDecoder(r).Decode(&seen); err != nil || len(seen) == 0 {
		return nil, sdk.Errorf(sdk.ErrExpired, "the bookmark is of another version")
	}
	return seen, nil
}

// unchanged answers a delta walk: when every page is still the same, nothing changed. GitHub does not say what did, so
// the first page that is not the same ends it, and the host lists anew.
func unchanged(ctx context.Context, c *scan) error {
	seen, err := unpack(c.w.Bookmark)
	if err != nil {
		return err
	}
	for _, v := range seen {
		a, err := get(ctx, c.s, v.URL, v.ETag, nil)
		if err != nil {
			return err
		}
		if !a.same {
			return sdk.Errorf(sdk.ErrExpired, "listing %s changed since the bookmark", c.w.Listing)
		}
	}
	return c.w.Complete(sdk.Next(c.w.Bookmark))
}
