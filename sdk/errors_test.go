package sdk_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/sdk"
)

func TestErrorsCrossTheWire(t *testing.T) {
	whole := &sdk.Error{
		Type: sdk.ErrThrottled, Message: "slow down", Sent: true, RetryAfter: 3 * time.Second, RequestID: "r1", Permission: "p",
		Capability: "list:users", URL: "https://x.example/y", Field: "token", Status: 429,
	}
	if diff := cmp.Diff(error(whole), sdk.ErrorFromWire(sdk.ErrorToWire(whole))); diff != "" {
		t.Error(diff)
	}
	var back *sdk.Error
	if err := sdk.ErrorFromWire(sdk.ErrorToWire(fmt.Errorf("listing users: %w", whole))); !errors.As(err, &back) ||
		back.Type != sdk.ErrThrottled || !strings.HasPrefix(back.Message, "listing users: ") || back.RetryAfter != 3*time.Second {
		t.Errorf("wrapped: %#v", err)
	}
	if err := sdk.ErrorFromWire(sdk.ErrorToWire(io.ErrUnexpectedEOF)); !errors.As(err, &back) || back.Type != sdk.ErrInternal || !back.Sent {
		t.Errorf("what is not typed may have been sent: %#v", err)
	}
	if sdk.ErrorToWire(nil) != nil || sdk.ErrorFromWire(nil) != nil || sdk.TypeOf(nil) != "" || sdk.TypeOf(io.EOF) != sdk.ErrInternal {
		t.Error("nil is no error")
	}
	cause := sdk.Errorf(sdk.ErrInvalid, "reading: %w", io.EOF)
	if !errors.Is(cause, io.EOF) || cause.Sent {
		t.Errorf("%#v", cause)
	}
	if got := (&sdk.Error{Type: sdk.ErrAuth}).Error(); got != "auth" {
		t.Errorf("%q", got)
	}
	if got := whole.Error(); got != "slow down (needs permission p) (retry after 3s) (request r1)" {
		t.Errorf("%q", got)
	}
}

func response(status int, header ...string) *http.Response {
	u := &url.URL{Scheme: "https", User: url.UserPassword("u", "p"), Host: "x.example", Path: "/y", RawQuery: "key=secret"}
	res := &http.Response{StatusCode: status, Header: http.Header{}, Request: &http.Request{URL: u}, Body: http.NoBody}
	for i := 0; i+1 < len(header); i += 2 {
		res.Header.Set(header[i], header[i+1])
	}
	return res
}

func TestClassify(t *testing.T) {
	for status, want := range map[int]sdk.ErrorType{
		400: sdk.ErrInvalid, 401: sdk.ErrAuth, 402: sdk.ErrInternal, 403: sdk.ErrPermission, 404: sdk.ErrNotFound,
		408: sdk.ErrUnavailable, 409: sdk.ErrConflict, 410: sdk.ErrExpired, 412: sdk.ErrConflict, 413: sdk.ErrTooLarge,
		422: sdk.ErrInvalid, 429: sdk.ErrThrottled, 500: sdk.ErrUnavailable, 501: sdk.ErrUnsupported, 502: sdk.ErrUnavailable,
		503: sdk.ErrUnavailable, 504: sdk.ErrUnavailable, 599: sdk.ErrUnavailable, 304: sdk.ErrInternal,
	} {
		e := sdk.Classify(nil, response(status, "Retry-After", "5", "X-Request-Id", "r1"), nil)
		if e.Type != want || !e.Sent || e.Status != status || e.RetryAfter != 5*time.Second || e.RequestID != "r1" || e.Message == "" {
			t.Errorf("%d: %#v, want %s", status, e, want)
		}
		if e.URL != "https://x.example/y" {
			t.Errorf("URL %q has more than it may", e.URL)
		}
	}
	rule := func(res *http.Response, body []byte) *sdk.Error {
		if strings.Contains(string(body), "slow") {
			return &sdk.Error{Type: sdk.ErrThrottled, Message: "too fast", RetryAfter: time.Minute}
		}
		return nil
	}
	s := &sdk.Session{Classify: rule}
	res := response(403, "Retry-After", "5")
	res.Body = io.NopCloser(strings.NewReader("slow"))
	if e := s.ResponseError(res); e.Type != sdk.ErrThrottled || e.Message != "too fast" || e.RetryAfter != time.Minute || e.Status != 403 {
		t.Errorf("by rule: %#v", e)
	}
	if e := s.ResponseError(response(403)); e.Type != sdk.ErrPermission {
		t.Errorf("a rule without opinion: %#v", e)
	}
}

func TestRetryAfterForms(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, "0.5": 500 * time.Millisecond, "-3": 0, " 2 ": 2 * time.Second, "soon": 0,
		now.Add(time.Minute).Format(http.TimeFormat): time.Minute, now.Add(-time.Minute).Format(http.TimeFormat): 0,
		"99999999": sdk.MaxWait, "1e300": sdk.MaxWait, "Inf": sdk.MaxWait, "-Inf": 0, "NaN": 0,
	} {
		if got := sdk.RetryAfter(http.Header{"Retry-After": {text}}, now); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestDecodeJSON(t *testing.T) {
	for body, want := range map[string]sdk.ErrorType{
		`{"a":1}`: "", "\n {\"a\":1} ": "", `[]`: sdk.ErrInternal, ``: sdk.ErrUnavailable, `{"a":`: sdk.ErrUnavailable, `  `: sdk.ErrUnavailable,
		`null`: sdk.ErrInternal, " \n null": sdk.ErrInternal, `<html>`: sdk.ErrInternal, `nul`: sdk.ErrUnavailable,
	} {
		res := response(200)
		res.Body = io.NopCloser(strings.NewReader(body))
		var out struct{ A int }
		err := sdk.DecodeJSON(res, &out)
		if sdk.TypeOf(err) != want || want == "" && out.A != 1 {
			t.Errorf("%q: %v of type %s, want %s", body, err, sdk.TypeOf(err), want)
		}
	}
}

func TestResolve(t *testing.T) {
	s := &sdk.Session{Settings: sdk.Settings{"base_url": "https://x.example/api/v3"}}
	for ref, want := range map[string]string{
		"/users?limit=1": "https://x.example/api/v3/users?limit=1", "https://y.example/z?q=%2F": "https://y.example/z?q=%2F",
		"/a%2Fb": "https://x.example/api/v3/a%2Fb", "": "https://x.example/api/v3",
	} {
		if got, err := s.Resolve(ref); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", ref, got, err, want)
		}
	}
	if _, err := s.Resolve("%zz"); sdk.TypeOf(err) != sdk.ErrInvalid {
		t.Errorf("%v", err)
	}
	if _, err := (&sdk.Session{}).Resolve("/x"); sdk.TypeOf(err) != sdk.ErrInvalid {
		t.Errorf("%v", err)
	}
}
