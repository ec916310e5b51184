package main

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// spot is where a walk stands: the checkpoint.
type spot struct {
	began time.Time // by Okta's clock
	ref   string
}

func (p spot) String() string {
	if p.ref == "" {
		return ""
	}
	return strconv.FormatInt(p.began.Unix(), 10) + " " + p.ref
}

func parseSpot(s, listing string) (spot, error) {
	seconds, ref, ok := strings.Cut(s, " ")
	n, err := strconv.ParseInt(seconds, 10, 64)
	if !ok || err != nil || ref == "" {
		return spot{}, sdk.Errorf(sdk.ErrExpired, "the checkpoint of listing %s is of another version", listing)
	}
	return spot{time.Unix(n, 0).UTC(), ref}, nil
}

// page is what a listing does with one page; it gives the reference of the next one.
type page func(ctx context.Context, ref string) (answer, error)

// walk reads page after page, from first or from where the walk was interrupted, and says when it began by Okta's clock.
// When the walk has to stop, Complete says why.
func (c *scan) walk(ctx context.Context, first string, read page) (began time.Time, err error) {
	resumed := c.w.Resume(first)
	at := spot{ref: resumed}
	if resumed != first && resumed != "" {
		if at, err = parseSpot(resumed, c.w.Listing); err != nil {
			return began, err
		}
		began = at.began
	}
	for n := 0; at.ref != ""; n++ {
		if n >= maxPages {
			return began, sdk.Errorf(sdk.ErrInternal, "listing %s has more than %d pages", c.w.Listing, maxPages)
		}
		a, err := read(ctx, at.ref)
		if err != nil {
			return began, err
		}
		if began.IsZero() && resumed == first {
			began = a.date
		}
		next := spot{began, a.next}
		if c.w.EndPage(next.String()) == "" {
			break
		}
		at = next
	}
	return began, nil
}

// each reads a page that is a list, and gives its entries one by one.
func each[T any](c *scan, add func(*T) error) page {
	return func(ctx context.Context, ref string) (answer, error) {
		items, a, err := getList[T](ctx, c.s, ref)
		for i := 0; err == nil && i < len(items); i++ {
			err = add(&items[i])
		}
		return a, err
	}
}

// getList reads one page of a list. null is not a list: it must not look like an empty one.
func getList[T any](ctx context.Context, s *sdk.Session, ref string) ([]T, answer, error) {
	var items []T
	a, err := get(ctx, s, ref, &items)
	return items, a, err
}

// slack is how much of the time before a walk is asked for again at the next one: Okta's servers do not agree on the
// second, and a change is stamped before it can be seen.
const slack = time.Minute

// bookmark is the time from which the next walk asks for changes; none where it is not known.
func bookmark(began time.Time) []sdk.Completion {
	if began.IsZero() {
		return nil
	}
	return []sdk.Completion{sdk.Next([]byte(began.Add(-slack).UTC().Format(time.RFC3339)))}
}

// since reads a bookmark.
func (c *scan) since() (time.Time, error) {
	t, err := time.Parse(time.RFC3339, string(c.w.Bookmark))
	if err != nil {
		return t, sdk.Errorf(sdk.ErrExpired, "the bookmark of listing %s is of another version", c.w.Listing)
	}
	return t, nil
}

// timestamp is a time in Okta's expressions.
func timestamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
