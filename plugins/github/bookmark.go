package main

import (
	"bytes"
	"compress/flate"
	"context"
	"crypto/sha256"
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

// visits are what a bookmark holds.
type visits struct {
	// Shard is a hash of what the parent listing said of the shard: records hold it too (a file its repository's visibility).
	Shard []byte  `json:"s"`
	Seen  []visit `json:"v"`
}

func shardHash(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:8]
}

// bookmark is every page of the walk with its ETag, packed. There is none when it would not be proof: the walk was
// resumed, a page had no ETag, a last page was full; when it is too big (about 1,500 pages); or when the credential is
// an App's, whose token, and with it every ETag, changes each hour: asking would only cost a second request.
func (c *scan) bookmark() []sdk.Completion {
	if c.part || len(c.seen) == 0 || usesApp(c.s) {
		return nil
	}
	raw, err := json.Marshal(visits{shardHash(c.w.Shard.Data), c.seen})
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

func unpack(bookmark []byte) (*visits, error) {
	var b visits
	r := io.LimitReader(flate.NewReader(bytes.NewReader(bookmark)), maxBookmarkJSON)
	if err := json.NewDecoder(r).Decode(&b); err != nil || len(b.Seen) == 0 {
		return nil, sdk.Errorf(sdk.ErrExpired, "the bookmark is of another version")
	}
	return &b, nil
}

// unchanged answers a delta walk: when every page is still the same, nothing changed. GitHub does not say what did, so
// the first page that is not the same ends it, and the host lists anew.
func unchanged(ctx context.Context, c *scan) error {
	b, err := unpack(c.w.Bookmark)
	if err != nil {
		return err
	}
	if !bytes.Equal(b.Shard, shardHash(c.w.Shard.Data)) {
		return sdk.Errorf(sdk.ErrExpired, "what holds for all of this shard changed since the bookmark")
	}
	for _, v := range b.Seen {
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
