package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	apiRoot   = "/2.0"
	maxPage   = 1000   // entries of a list; Box's own limit
	maxOffset = 10_000 // Box answers 400 beyond
	maxPages  = 10_000 // of a list inside one step of a walk
)

// get reads one answer. as is the user to ask as, "" for the credential's own.
func get(ctx context.Context, s *sdk.Session, ref, as string, out any) error {
	return send(ctx, s, http.MethodGet, ref, as, nil, out)
}

func send(ctx context.Context, s *sdk.Session, method, ref, as string, body io.Reader, out any) error {
	u, err := s.Resolve(apiRoot + ref)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, method, u, body)
	if err != nil {
		return sdk.Errorf(sdk.ErrInvalid, "not a request: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	req.Header.Set("Box-Notifications", "off") // nobody gets a mail because we read
	if as != "" {
		req.Header.Set("As-User", as)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return do(s, req, out)
}

func do(s *sdk.Session, req *http.Request, out any) error {
	res, err := s.HTTP.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*sdk.Error](err); ok {
			err = e // without the URL that http.Client puts around it
		}
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return s.ResponseError(res)
	}
	if out == nil {
		return nil
	}
	if err := sdk.DecodeJSON(res, out); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, sdk.MaxErrorBytes)); err != nil { // so that a broken connection is noticed
		return &sdk.Error{Type: sdk.ErrUnavailable, Message: "answer is cut short", Sent: true, Status: res.StatusCode, Cause: err}
	}
	return nil
}

// page is one answer of a list.
type page[T any] struct {
	Entries *[]T   `json:"entries"`
	Next    cursor `json:"next_marker"`
	Total   *int64 `json:"total_count"`
	Offset  int64  `json:"offset"`
}

// list reads one page. What is not a list must not look like an empty one.
func list[T any](ctx context.Context, s *sdk.Session, ref, as string) (*page[T], error) {
	p := &page[T]{}
	if err := get(ctx, s, ref, as, p); err != nil {
		return nil, err
	}
	if p.Entries == nil {
		path, _, _ := strings.Cut(ref, "?")
		return nil, &sdk.Error{Type: sdk.ErrInternal, Message: "answer of " + path + " is not the list expected", Sent: true}
	}
	return p, nil
}

// all reads a list to its end.
func all[T any](ctx context.Context, s *sdk.Session, ref, as string) ([]T, error) {
	var items []T
	next := ""
	for range maxPages {
		p, err := list[T](ctx, s, ref+marked(next), as)
		if err != nil {
			return nil, err
		}
		items = append(items, *p.Entries...)
		switch string(p.Next) {
		case "":
			return items, nil
		case next:
			return nil, stuck()
		}
		next = string(p.Next)
	}
	return nil, sdk.Errorf(sdk.ErrInternal, "a list of Box has more than %d pages", maxPages)
}

func stuck() error {
	return &sdk.Error{Type: sdk.ErrInternal, Message: "Box gave the same cursor twice, so this list would not end", Sent: true}
}

// cursor is a marker or a position: a string, or a number that may not fit a float64.
type cursor string

// UnmarshalJSON takes a string, a number, or null.
func (c *cursor) UnmarshalJSON(b []byte) error {
	text := string(b)
	if text == "null" {
		text = ""
	} else if unquoted, err := strconv.Unquote(text); err == nil {
		text = unquoted
	}
	if len(text) > maxCursorBytes || strings.ContainsAny(text, "{}[]") {
		return &sdk.Error{Type: sdk.ErrInternal, Message: "answer has a cursor that is none", Sent: true}
	}
	*c = cursor(text)
	return nil
}

const maxCursorBytes = 4096

// marked adds a marker to a reference that has a query.
func marked(marker string) string {
	if marker == "" {
		return ""
	}
	return "&marker=" + url.QueryEscape(marker)
}

// path builds a reference: %s in format are escaped path segments.
func path(format string, segments ...string) string {
	for _, s := range segments {
		format = strings.Replace(format, "%s", url.PathEscape(s), 1)
	}
	return format
}

func (c *scan) limit() string { return "limit=" + strconv.Itoa(c.size) }

// missing says that Box left out what every such thing has, so that the answer cannot be trusted.
func missing(what, field string) error {
	return &sdk.Error{Type: sdk.ErrInternal, Message: "answer holds a " + what + " without " + field, Sent: true}
}
