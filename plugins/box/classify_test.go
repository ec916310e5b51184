package main

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

func TestClassify(t *testing.T) {
	for name, c := range map[string]struct {
		status  int
		header  string
		body    string
		want    sdk.ErrorType
		wait    time.Duration
		trashed bool
	}{
		"expired token":    {401, "Www-Authenticate: Bearer error=\"invalid_token\"", "", sdk.ErrAuth, 0, false},
		"no scope":         {403, "Www-Authenticate: Bearer realm=\"Service\", error=\"insufficient_scope\"", "", sdk.ErrPermission, 0, false},
		"no access":        {403, "", `{"code":"access_denied_insufficient_permissions","message":"Access denied"}`, sdk.ErrPermission, 0, false},
		"throttle":         {429, "Retry-After: 12", `{"code":"rate_limit_exceeded"}`, sdk.ErrThrottled, 12 * time.Second, false},
		"throttle, silent": {429, "", "", sdk.ErrThrottled, time.Second, false},
		"old position":     {400, "", `{"code":"bad_request","message":"Invalid stream_position"}`, sdk.ErrExpired, 0, false},
		"wrong marker":     {400, "", `{"message":"Invalid Marker"}`, sdk.ErrExpired, 0, false},
		"wrong request":    {400, "", `{"message":"limit"}`, sdk.ErrInvalid, 0, false},
		"wrong secret":     {400, "", `{"error":"invalid_client","error_description":"x"}`, sdk.ErrAuth, 0, false},
		"spent":            {400, "", `{"error":"invalid_grant","error_description":"Refresh token has expired"}`, sdk.ErrAuth, 0, false},
		"not found":        {404, "", `{"code":"not_found"}`, sdk.ErrNotFound, 0, false},
		"trashed":          {404, "", `{"code":"trashed"}`, sdk.ErrNotFound, 0, true},
		"conflict":         {409, "", `{"message":"exists"}`, sdk.ErrConflict, 0, false},
		"gone wrong":       {500, "", `{"message":"oops"}`, sdk.ErrUnavailable, 0, false},
		"not JSON":         {502, "", "<html>", sdk.ErrUnavailable, 0, false},
		"busy":             {503, "Retry-After: 3", "", sdk.ErrUnavailable, 3 * time.Second, false},
	} {
		res := &http.Response{StatusCode: c.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(""))}
		if key, value, ok := strings.Cut(c.header, ": "); ok {
			res.Header.Set(key, value)
		}
		e := sdk.Classify(classify, res, []byte(c.body))
		if e.Type != c.want || e.RetryAfter != c.wait || errors.Is(e, errTrashed) != c.trashed {
			t.Errorf("%s: %s, wait %s: %v", name, e.Type, e.RetryAfter, e)
		}
	}
	long := sdk.Classify(classify, &http.Response{StatusCode: 403, Header: http.Header{}}, []byte(`{"message":"`+strings.Repeat("é", 1000)+`"}`))
	if len(long.Message) > maxMessage || !strings.HasPrefix(long.Message, "é") {
		t.Errorf("%d bytes of Box's words", len(long.Message))
	}
}
