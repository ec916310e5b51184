package main

import (
	"context"

	"github.com/mooring-hq/mooring/sdk"
)

// progress is a checkpoint of a list that takes a position in the log first.
type progress struct {
	Position string `json:"p,omitempty"`
	Marker   string `json:"m,omitempty"`
	Offset   int64  `json:"o,omitempty"`
	Begun    bool   `json:"b,omitempty"`
	Done     bool   `json:"d,omitempty"`
}

// begin gives where to go on. A whole walk first asks for the log's present position, from which the next walk starts;
// without access to the log there is none, and every walk is whole.
func (c *scan) begin(ctx context.Context) (progress, error) {
	var p progress
	text := c.w.Resume("{}")
	if text == "" {
		return progress{Done: true}, nil
	}
	if err := unpack(text, &p); err != nil {
		return p, err
	}
	if p.Begun || p.Done {
		return p, nil
	}
	position, err := c.now(ctx)
	if err != nil && sdk.TypeOf(err) != sdk.ErrPermission {
		return p, err
	}
	p.Position, p.Begun = position, true
	return p, nil
}

// complete ends a walk that began with begin.
func (c *scan) complete(p progress) error {
	if p.Position == "" {
		return c.w.Complete()
	}
	return c.w.Complete(sdk.Next([]byte(p.Position)))
}
