package plughost

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/go-hclog"

	"github.com/mooring-hq/mooring/sdk/serve/link"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Describe starts the connector, asks what it is, and stops it. Only its description is trusted, and only as a claim.
func Describe(ctx context.Context, path, sha256 string) (*wire.Description, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding the agent's own binary: %w", err)
	}
	return describe(ctx, self, path, sha256)
}

func describe(ctx context.Context, self, path, sha256 string) (_ *wire.Description, err error) {
	dir, err := os.MkdirTemp("", "mooring")
	if err != nil {
		return nil, fmt.Errorf("runtime folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	t := defaultTiming()
	images := newImages(filepath.Join(dir, "bin"))
	defer images.close()
	out := newLines(hclog.NewNullLogger())
	ctx, cancel := context.WithTimeout(ctx, t.start)
	defer cancel()
	l := &launcher{dir: dir, self: self, images: images, start: t.start, grace: t.grace}
	p, err := l.launch(ctx, path, sha256, LevelBasic, out)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	defer func() { p.close(err == nil) }()
	d, err := p.rpc.Describe(ctx, &wire.DescribeRequest{})
	if err != nil {
		return nil, fmt.Errorf("%s: asking for its description: %w", filepath.Base(path), link.Error(ctx, err))
	}
	return d, nil
}
