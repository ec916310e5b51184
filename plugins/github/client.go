package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	accept     = "application/vnd.github+json"
	apiVersion = "2022-11-28" // the newest also works; fields that one of them lacks are optional here
	maxPerPage = 100          // items; GitHub's own limit
)

// answer is what one request gave beside its body.
type answer struct {
	next   string // the page after this one, "" after the last
	etag   string
	same   bool // 304: the body is the one that the ETag was given for
	items  int  // in the list
	header http.Header
}

// get reads one answer of GitHub into out. With an etag it asks whether the answer changed; out stays as it is if not,
// and nil does not read it.
func get(ctx context.Context, s *sdk.Session, ref, etag string, out any) (answer, error) {
	u, err := resolve(s, ref)
	if err != nil {
		return answer{}, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return answer{}, sdk.Errorf(sdk.ErrInvalid, "not a request: %w", err)
	}
	if etag != "" {
		req.Header.Set("If-None-Match", etag)
	}
	return do(s, req, out)
}

func do(s *sdk.Session, req *http.Request, out any) (answer, error) {
	req.Header.Set("Accept", accept)
	req.Header.Set("X-Github-Api-Version", apiVersion)
	res, err := s.HTTP.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*sdk.Error](err); ok {
			err = e // without the URL that http.Client puts around it
		}
		return answer{}, err
	}
	defer func() { _ = res.Body.Close() }()
	a := answer{etag: res.Header.Get("Etag"), header: res.Header}
	switch {
	case res.StatusCode == http.StatusNotModified && req.Header.Get("If-None-Match") != "":
		a.same = true
		return a, nil
	case res.StatusCode < 200 || res.StatusCode > 299:
		return a, s.ResponseError(res)
	case strings.HasPrefix(res.Header.Get("X-Github-Sso"), "partial-results"):
		return a, &sdk.Error{
			Type: sdk.ErrPermission, Sent: true, Status: res.StatusCode, URL: sdk.PlainURL(req.URL),
			Message: "GitHub left rows out of this answer: the token is not authorised for single sign-on; " +
				"authorise it under Settings, Developer settings, Personal access tokens, Configure SSO",
		}
	}
	if a.next, err = nextPage(s, res.Header); err != nil || out == nil {
		return a, err
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

// getList reads one page of a list. null is not a list: it must not look like an empty one.
func getList[T any](ctx context.Context, s *sdk.Session, ref, etag string) ([]T, answer, error) {
	var items []T
	a, err := get(ctx, s, ref, etag, &items)
	if err == nil && items == nil && !a.same {
		err = notAList(ref)
	}
	a.items = len(items)
	return items, a, err
}

func notAList(ref string) error {
	path, _, _ := strings.Cut(ref, "?")
	return &sdk.Error{Type: sdk.ErrInternal, Message: "answer of " + path + " is not the list expected", Sent: true}
}

// missing says that GitHub left out what every such thing has, so that the answer cannot be trusted.
func missing(what, field string) error {
	return &sdk.Error{Type: sdk.ErrInternal, Message: "answer holds a " + what + " without " + field, Sent: true}
}

// nextPage reads the header Link. The URL is followed as it is, but never to another host.
func nextPage(s *sdk.Session, h http.Header) (string, error) {
	for _, line := range h.Values("Link") {
		for part := range strings.SplitSeq(line, ",") {
			target, params, _ := strings.Cut(part, ";")
			target = strings.TrimSpace(target)
			if !strings.Contains(params, `rel="next"`) || len(target) < 2 || target[0] != '<' {
				continue
			}
			next := strings.Trim(target, "<>")
			_, err := resolve(s, next)
			return next, err
		}
	}
	return "", nil
}

// resolve gives the absolute URL of a reference, which must stay at the host of base_url.
func resolve(s *sdk.Session, ref string) (string, error) {
	abs, err := s.Resolve(ref)
	if err != nil {
		return "", err
	}
	u, err := url.Parse(abs)
	base, baseErr := url.Parse(s.Settings["base_url"])
	if err != nil || baseErr != nil || u.Host != base.Host || u.Scheme != base.Scheme {
		return "", sdk.Errorf(sdk.ErrInternal, "GitHub points to a page outside %s", s.Settings["base_url"])
	}
	return abs, nil
}

// path builds a reference: %s in format are escaped path segments, query is "key=value" pairs.
func path(format string, segments ...string) string {
	for _, s := range segments {
		format = strings.Replace(format, "%s", url.PathEscape(s), 1)
	}
	return format
}

// orgPath is a path below the organisation.
func orgPath(s *sdk.Session, rest string) string {
	return path("/orgs/%s", s.Settings["organization"]) + rest
}

// paged adds the page size and what else belongs into the query.
func paged(ref string, size int, query ...string) string {
	return ref + "?" + strings.Join(append(query, "per_page="+strconv.Itoa(size)), "&")
}

// post sends JSON that only asks.
func post(ctx context.Context, s *sdk.Session, ref string, in, out any) error {
	u, err := resolve(s, ref)
	if err != nil {
		return err
	}
	body, err := json.Marshal(in)
	if err != nil {
		return sdk.Errorf(sdk.ErrInternal, "encoding a request: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u, strings.NewReader(string(body)))
	if err != nil {
		return sdk.Errorf(sdk.ErrInvalid, "not a request: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	_, err = do(s, req, out)
	return err
}
