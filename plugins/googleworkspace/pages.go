package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

// maxPages of one walk. More means that Google does not end.
const maxPages = 1_000_000

// step is one list of a walk: it reads the page that a token names, "" being the first, and gives the token of the next.
type step func(ctx context.Context, token string) (next string, err error)

// pages gives the pages of the steps, one after the other. note goes into every checkpoint and comes back, so that a walk
// that goes on after a restart still knows what was so at its start. It does not certify.
func (sc *scan) pages(ctx context.Context, note string, steps ...step) error {
	first := mark(0, note, "")
	n := 0
	for cursor := sc.w.Resume(first); cursor != ""; n++ {
		i, _, token, ok := unmark(cursor)
		if !ok || i >= len(steps) {
			return sdk.Errorf(sdk.ErrExpired, "the checkpoint of listing %s is of another version", sc.w.Listing)
		}
		if n >= maxPages {
			return sdk.Errorf(sdk.ErrInternal, "listing %s has more than %d pages", sc.w.Listing, maxPages)
		}
		next, err := steps[i](ctx, token)
		switch {
		case err != nil:
			return sc.stale(err, token)
		case next != "" && next == token:
			return sdk.Errorf(sdk.ErrInternal, "Google gave the same page token twice for listing %s", sc.w.Listing)
		case next != "":
			cursor = sc.w.EndPage(mark(i, note, next))
		case i+1 < len(steps):
			cursor = sc.w.EndPage(mark(i+1, note, ""))
		default:
			cursor = sc.w.EndPage("")
		}
	}
	return nil
}

// stale: a page token that Google takes no more (they live for three days) means that the walk starts over.
func (sc *scan) stale(err error, token string) error {
	if token == "" || sdk.TypeOf(err) != sdk.ErrInvalid && sdk.TypeOf(err) != sdk.ErrExpired {
		return err
	}
	return &sdk.Error{Type: sdk.ErrExpired, Sent: true, Message: "Google does not know the page token of listing " + sc.w.Listing + " any more", Cause: err}
}

// note is what a walk wrote down at its start, or first where it starts now.
func (sc *scan) note(first func() (string, error)) (string, error) {
	if cursor := sc.w.Resume(freshCursor); cursor != freshCursor {
		if _, note, _, ok := unmark(cursor); ok {
			return note, nil
		}
		return "", nil
	}
	return first()
}

// freshCursor cannot be a checkpoint.
const freshCursor = "-"

func mark(i int, note, token string) string { return strconv.Itoa(i) + " " + note + " " + token }

func unmark(cursor string) (i int, note, token string, ok bool) {
	n, rest, ok := strings.Cut(cursor, " ")
	note, token, found := strings.Cut(rest, " ")
	i, err := strconv.Atoi(n)
	return i, note, token, ok && found && err == nil && i >= 0
}

// missing says that Google left out what every such thing has, so that the answer cannot be trusted.
func missing(what, field string) error {
	return &sdk.Error{Type: sdk.ErrInternal, Message: "answer holds a " + what + " without " + field, Sent: true}
}
