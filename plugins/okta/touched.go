package main

import (
	"context"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// Many of Okta's lists say nothing of when they changed, but the System Log does: one call for what happened since a
// bookmark takes the place of listing all anew.

const (
	logReach     = 85 * 24 * time.Hour // how far back it is asked; Okta keeps 90 days
	maxTouched   = 100                 // things that are looked at one by one; when more changed, all is listed
	deletedEvery = 12 * time.Hour      // how often a listing asks the log for deletions
)

// touched gives what the log has of some types since a time, in the order in which it appeared there, and Okta's clock.
// An error of type expired says that the list has to be read anew.
func (c *scan) touched(ctx context.Context, since time.Time, types ...string) ([]event, time.Time, error) {
	if time.Since(since) > logReach {
		return nil, since, sdk.Errorf(sdk.ErrExpired, "listing %s was last read before what Okta's log still has", c.w.Listing)
	}
	raw, a, err := getList[event](ctx, c.s, eventsSince(since, c.size(maxEvents), typeFilter(types)))
	switch {
	case sdk.TypeOf(err) == sdk.ErrPermission:
		return nil, since, sdk.Errorf(sdk.ErrExpired, "without okta.logs.read nobody knows what changed in %s, so it is read anew", c.w.Listing)
	case err != nil:
		return nil, since, err
	case len(raw) >= c.size(maxEvents):
		return nil, since, sdk.Errorf(sdk.ErrExpired, "too much changed in %s to look at it one by one", c.w.Listing)
	}
	for i := range raw {
		if err := raw[i].check(); err != nil {
			return nil, since, err
		}
	}
	return raw, a.date, nil
}

// typeFilter is an expression for types of events; one that ends in a dot stands for all that begin so.
func typeFilter(types []string) string {
	var parts []string
	for _, t := range types {
		op := "eq"
		if strings.HasSuffix(t, ".") {
			op = "sw"
		}
		parts = append(parts, `eventType `+op+` "`+t+`"`)
	}
	return strings.Join(parts, " or ")
}

// stages is a bookmark of two times: from when to ask for changes, and from when to ask the log for deletions.
type stages struct{ changed, deleted time.Time }

func (b stages) next() []sdk.Completion {
	if b.changed.IsZero() {
		return nil
	}
	return []sdk.Completion{sdk.Next([]byte(b.changed.UTC().Format(time.RFC3339) + " " + b.deleted.UTC().Format(time.RFC3339)))}
}

// stages reads a bookmark.
func (c *scan) stages() (b stages, err error) {
	changed, deleted, _ := strings.Cut(string(c.w.Bookmark), " ")
	if b.changed, err = time.Parse(time.RFC3339, changed); err == nil {
		b.deleted, err = time.Parse(time.RFC3339, deleted)
	}
	if err != nil {
		return b, sdk.Errorf(sdk.ErrExpired, "the bookmark of listing %s is of another version", c.w.Listing)
	}
	return b, nil
}

// wholeSince is the bookmark of a walk that listed all, and so has no deletion to ask for.
func wholeSince(began time.Time) stages {
	if began.IsZero() {
		return stages{}
	}
	return stages{began.Add(-slack), began.Add(-slack)}
}

// deletions asks the log, now and then, for what was deleted: a filter by time cannot show that. They come by hints, too,
// but a hint may be lost. gone is called with the id of each; what is done is kept in the bookmark.
func (c *scan) deletions(ctx context.Context, b *stages, began time.Time, eventType, targetType string, gone func(id string)) error {
	b.changed = began.Add(-slack)
	if began.IsZero() || began.Sub(b.deleted) < deletedEvery {
		return nil
	}
	events, until, err := c.touched(ctx, b.deleted, eventType)
	switch sdk.TypeOf(err) {
	case "":
	case sdk.ErrExpired: // the next list of all will show it
		return nil
	default:
		return err
	}
	for i := range events {
		for _, id := range events[i].targets(targetType) {
			gone(id)
		}
	}
	if !until.IsZero() {
		b.deleted = until.Add(-slack)
	}
	return nil
}
