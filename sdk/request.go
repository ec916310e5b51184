package sdk

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/mooring-hq/mooring/sdk/internal/call"
)

// MaxBodyBytes is the most that GetJSON reads of one answer.
const MaxBodyBytes = 64 << 20

// Safe marks requests that only read although their method does not say so (a search by POST): they may be repeated.
func Safe(ctx context.Context) context.Context {
	return call.With(ctx, func(o *call.Options) { o.Safe = true })
}

// NoAuth makes requests without credentials (a token endpoint).
func NoAuth(ctx context.Context) context.Context {
	return call.With(ctx, func(o *call.Options) { o.NoAuth = true })
}

// QuotaKey names the key of buckets whose KeySource is "context": an account, a region.
func QuotaKey(ctx context.Context, key string) context.Context {
	return call.With(ctx, func(o *call.Options) { o.QuotaKey = key })
}

// Audience names for which audience Method.Token is asked, in place of the host's own: a user to act as, an API.
func Audience(ctx context.Context, name string) context.Context {
	return call.With(ctx, func(o *call.Options) { o.Audience = name })
}

// Resolve gives the absolute URL of a reference relative to base_url. A path is put behind the base's own path.
func (s *Session) Resolve(ref string) (string, error) {
	u, err := url.Parse(ref)
	if err != nil {
		return "", Errorf(ErrInvalid, "not a URL reference: %q", ref)
	}
	if u.IsAbs() {
		return ref, nil
	}
	base, err := url.Parse(s.Settings["base_url"])
	if err != nil || base.Host == "" {
		return "", &Error{Type: ErrInvalid, Message: "setting base_url is not a URL", Field: "base_url"}
	}
	joined := base.JoinPath(u.EscapedPath())
	joined.RawQuery = u.RawQuery
	return joined.String(), nil
}

// GetJSON reads one JSON answer of at most MaxBodyBytes. ref is relative to base_url, or absolute. A status other than
// 2xx is an *Error.
func (s *Session) GetJSON(ctx context.Context, ref string, out any) error {
	u, err := s.Resolve(ref)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return Errorf(ErrInvalid, "not a request: %w", err)
	}
	req.Header.Set("Accept", "application/json")
	res, err := s.HTTP.Do(req)
	if err != nil {
		if e, ok := errors.AsType[*Error](err); ok {
			return e
		}
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		return s.ResponseError(res)
	}
	return DecodeJSON(res, out)
}

// DecodeJSON decodes the body of an answer of 2xx; a truncated or oversized body is an error, never a short answer, and
// so is null: decoding leaves out as it was, which would look like an empty page.
func DecodeJSON(res *http.Response, out any) error {
	body := &io.LimitedReader{R: res.Body, N: MaxBodyBytes + 1}
	text := bufio.NewReader(body)
	null := startsWithNull(text)
	err := json.NewDecoder(text).Decode(out)
	switch {
	case null && err == nil:
		return answerError(res, ErrInternal, "answer is null")
	case body.N <= 0:
		return answerError(res, ErrTooLarge, fmt.Sprintf("answer is larger than %d bytes", MaxBodyBytes))
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return answerError(res, ErrUnavailable, "answer is cut short")
	case err != nil:
		if e, ok := errors.AsType[*Error](err); ok {
			return e
		}
		return answerError(res, ErrInternal, "answer is not the JSON expected: "+err.Error())
	}
	return nil
}

func startsWithNull(r *bufio.Reader) bool {
	for {
		c, err := r.ReadByte()
		if err != nil {
			return false // decoding meets it again
		}
		switch c {
		case ' ', '\t', '\r', '\n':
			continue
		}
		_ = r.UnreadByte() // of what was just read
		return c == 'n'
	}
}

func answerError(res *http.Response, t ErrorType, msg string) *Error {
	e := &Error{Type: t, Message: msg, Sent: true, Status: res.StatusCode}
	if res.Request != nil && res.Request.URL != nil {
		e.URL = PlainURL(res.Request.URL)
	}
	return e
}

// PlainURL prints a URL without query, fragment and userinfo, which may hold secrets.
func PlainURL(u *url.URL) string {
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}
