package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

func TestClassify(t *testing.T) {
	inAMinute := fmt.Sprint(time.Now().Add(time.Minute).Unix())
	for _, c := range []struct {
		name       string
		status     int
		header     http.Header
		body       string
		want       sdk.ErrorType
		permission string
		least      time.Duration // of RetryAfter
		most       time.Duration
	}{
		{name: "primary limit", status: 403, header: http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {inAMinute}}, body: `{"message":"API rate limit exceeded"}`, want: sdk.ErrThrottled, least: 50 * time.Second, most: time.Minute},
		{name: "primary limit, 429", status: 429, header: http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {inAMinute}}, want: sdk.ErrThrottled, least: 50 * time.Second, most: time.Minute},
		{name: "reset in the past", status: 403, header: http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {"1"}}, want: sdk.ErrThrottled, least: time.Second, most: time.Second},
		{name: "reset is nonsense", status: 403, header: http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {"99999999999"}}, want: sdk.ErrThrottled, least: time.Second, most: longestThrottle},
		{name: "secondary limit", status: 403, header: http.Header{"Retry-After": {"17"}, "X-Ratelimit-Remaining": {"4000"}}, body: `{"message":"You have exceeded a secondary rate limit"}`, want: sdk.ErrThrottled, least: 17 * time.Second, most: 17 * time.Second},
		{name: "secondary limit without a time", status: 429, header: http.Header{}, body: `{"message":"You have exceeded a secondary rate limit."}`, want: sdk.ErrThrottled, least: time.Minute, most: time.Minute},
		{name: "only retry-after", status: 403, header: http.Header{"Retry-After": {"5"}}, want: sdk.ErrThrottled, least: 5 * time.Second, most: 5 * time.Second},
		{name: "single sign-on", status: 403, header: http.Header{"X-Github-Sso": {"required; url=https://github.com/orgs/acme/sso?authorization_request=SECRET"}}, want: sdk.ErrPermission, permission: "single sign-on"},
		{name: "App's permission", status: 403, header: http.Header{"X-Accepted-Github-Permissions": {"members=read"}}, body: `{"message":"Resource not accessible by integration"}`, want: sdk.ErrPermission, permission: "members:read"},
		{name: "scope", status: 403, header: http.Header{"X-Oauth-Scopes": {"gist"}, "X-Accepted-Oauth-Scopes": {"admin:org, read:org"}}, want: sdk.ErrPermission, permission: "admin:org or read:org"},
		{name: "scope held, person may not", status: 403, header: http.Header{"X-Oauth-Scopes": {"read:org"}, "X-Accepted-Oauth-Scopes": {"admin:org, read:org"}}, want: sdk.ErrPermission},
		{name: "bad token", status: 401, body: `{"message":"Bad credentials"}`, want: sdk.ErrAuth},
		{name: "not found", status: 404, body: `{"message":"Not Found"}`, want: sdk.ErrNotFound},
		{name: "conflict", status: 409, body: `{"message":"Git Repository is empty."}`, want: sdk.ErrConflict},
		{name: "invalid", status: 422, body: `{"message":"Validation Failed","errors":[{"code":"invalid"}]}`, want: sdk.ErrInvalid},
		{name: "gone", status: 410, body: `{"message":"gone"}`, want: sdk.ErrExpired},
		{name: "legal", status: 451, body: `{"message":"Repository access blocked"}`, want: sdk.ErrBlocked},
		{name: "server error", status: 502, body: `{"message":"Server Error"}`, want: sdk.ErrUnavailable},
		{name: "no JSON", status: 503, body: `<html>`, want: sdk.ErrUnavailable},
		{name: "SCIM", status: 404, body: `{"schemas":[],"detail":"Resource not found"}`, want: sdk.ErrNotFound},
	} {
		h := c.header
		if h == nil {
			h = http.Header{}
		}
		e := sdk.Classify(classify, &http.Response{StatusCode: c.status, Header: h}, []byte(c.body))
		if e.Type != c.want || e.Permission != c.permission || e.RetryAfter < c.least || e.RetryAfter > max(c.most, 0) {
			t.Errorf("%s: %s, permission %q, retry after %s", c.name, e.Type, e.Permission, e.RetryAfter)
		}
		if e.Status != c.status || e.Message == "" {
			t.Errorf("%s: %+v", c.name, e)
		}
	}
}
