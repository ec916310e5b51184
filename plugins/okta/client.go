package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
)

// The most entries that Okta gives in one page.
const (
	maxUsers     = 200
	maxGroups    = 200 // it would give 10,000, but asks for 200 where counts come with them
	maxMembers   = 1000
	maxRules     = 200
	maxAssignees = 100
	maxApps      = 200
	maxAppUsers  = 500
	maxAppGroups = 200
	maxTokens    = 200
	maxEvents    = 1000

	maxPages = 1_000_000 // of one list
)

// answer is what one request gave beside its body.
type answer struct {
	next   string    // the page after this one, "" after the last
	date   time.Time // Okta's clock
	header http.Header
}

// get reads one answer of Okta into out.
func get(ctx context.Context, s *sdk.Session, ref string, out any) (answer, error) {
	return call(ctx, s, http.MethodGet, ref, nil, out)
}

// call sends one request. in, when there is one, is sent as JSON; out, when there is one, is read from JSON.
func call(ctx context.Context, s *sdk.Session, method, ref string, in, out any) (answer, error) {
	u, err := resolve(s, ref)
	if err != nil {
		return answer{}, err
	}
	body := io.Reader(http.NoBody) // Okta wants a Content-Length of 0 where there is none
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			return answer{}, sdk.Errorf(sdk.ErrInternal, "encoding a request: %w", err)
		}
		body = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(sdk.QuotaKey(ctx, quotaKey(method, u.Path)), method, u.String(), body)
	if err != nil {
		return answer{}, sdk.Errorf(sdk.ErrInvalid, "not a request: %w", err)
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return do(s, req, out)
}

func do(s *sdk.Session, req *http.Request, out any) (answer, error) {
	req.Header.Set("Accept", "application/json")
	res, err := s.HTTP.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*sdk.Error](err); ok {
			err = e // without the URL that http.Client puts around it
		}
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	a := answer{header: res.Header}
	a.date, _ = http.ParseTime(res.Header.Get("Date")) // zero: not known
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return a, s.ResponseError(res)
	}
	if a.next = httpapi.NextLink(res); a.next != "" {
		if _, err := resolve(s, a.next); err != nil {
			return a, err
		}
	}
	if out == nil || res.StatusCode == http.StatusNoContent {
		return a, nil
	}
	return a, decode(res, out)
}

// decode reads an answer to its end, so that a connection that broke is noticed.
func decode(res *http.Response, out any) error {
	if err := sdk.DecodeJSON(res, out); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, io.LimitReader(res.Body, sdk.MaxErrorBytes)); err != nil {
		return &sdk.Error{Type: sdk.ErrUnavailable, Message: "answer is cut short", Sent: true, Status: res.StatusCode, Cause: err}
	}
	return nil
}

// resolve gives the absolute URL of a reference, which must stay at the host of base_url.
func resolve(s *sdk.Session, ref string) (*url.URL, error) {
	abs, err := s.Resolve(ref)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(abs)
	base, baseErr := url.Parse(s.Settings["base_url"])
	if err != nil || baseErr != nil || u.Host != base.Host || u.Scheme != base.Scheme || u.User != nil {
		return nil, &sdk.Error{Type: sdk.ErrInternal, Message: "Okta points to a page outside " + base.Host, Sent: true}
	}
	return u, nil
}

// path builds a reference: each %s in format is one escaped segment.
func path(format string, segments ...string) string {
	for _, s := range segments {
		format = strings.Replace(format, "%s", url.PathEscape(s), 1)
	}
	return format
}

// query adds parameters, given as name, value pairs, to a reference.
func query(ref string, pairs ...string) string {
	sep := "?"
	for i := 0; i+1 < len(pairs); i += 2 {
		ref += sep + pairs[i] + "=" + url.QueryEscape(pairs[i+1])
		sep = "&"
	}
	return ref
}

// paged is a reference with its page size and what else belongs into the query.
func paged(ref string, size int, pairs ...string) string {
	return query(ref, append([]string{"limit", strconv.Itoa(size)}, pairs...)...)
}

// missing says that Okta left out what every such thing has, so that the answer cannot be trusted.
func missing(what, field string) error {
	return &sdk.Error{Type: sdk.ErrInternal, Message: "answer holds a " + what + " without " + field, Sent: true}
}
