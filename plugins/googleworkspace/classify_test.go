package main

import (
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/sdk"
)

func answer(status int, path, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)),
		Request: &http.Request{URL: &url.URL{Scheme: "https", Host: "admin.googleapis.com", Path: path}},
	}
}

func legacy(reason string) string {
	return `{"error":{"code":403,"message":"words","errors":[{"domain":"x","reason":"` + reason + `","message":"words"}]}}`
}

func TestClassify(t *testing.T) {
	const users, reports, token = "/admin/directory/v1/users", "/admin/reports/v1/activity/users/all/applications/login", "/token"
	tests := []struct {
		name   string
		status int
		path   string
		body   string
		want   sdk.ErrorType
	}{
		{"a limit", 403, users, legacy("userRateLimitExceeded"), sdk.ErrThrottled},
		{"a limit of Drive", 403, "/drive/v3/files", legacy("rateLimitExceeded"), sdk.ErrThrottled},
		{"a limit, newer style", 403, users, `{"error":{"code":403,"message":"m","details":[{"@type":"t","reason":"RATE_LIMIT_EXCEEDED"}]}}`, sdk.ErrThrottled},
		{"too many at once", 403, users, legacy("quotaExceeded"), sdk.ErrThrottled},
		{"the day's limit", 403, "/drive/v3/files", legacy("dailyLimitExceeded"), sdk.ErrThrottled},
		{"429", 429, users, `{}`, sdk.ErrThrottled},
		{"the limit of the logs", 503, reports, `{}`, sdk.ErrThrottled},
		{"another 503", 503, users, `{}`, sdk.ErrUnavailable},
		{"no right", 403, users, legacy("forbidden"), sdk.ErrPermission},
		{"no scope", 403, users, legacy("insufficientPermissions"), sdk.ErrPermission},
		{"API switched off", 403, users, legacy("accessNotConfigured"), sdk.ErrPermission},
		{"a policy", 403, "/drive/v3/files", legacy("domainPolicy"), sdk.ErrPermission},
		{"unknown reason", 403, users, legacy("newReason"), sdk.ErrPermission},
		{"bad token", 401, users, legacy("authError"), sdk.ErrAuth},
		{"nobody", 404, users, legacy("notFound"), sdk.ErrNotFound},
		{"wrong page", 400, users, legacy("invalid"), sdk.ErrInvalid},
		{"scope not granted", 401, token, `{"error":"unauthorized_client","error_description":"d"}`, sdk.ErrPermission},
		{"suspended", 400, token, `{"error":"invalid_grant","error_description":"Account has been suspended"}`, sdk.ErrAuth},
		{"unknown robot", 401, token, `{"error":"invalid_client"}`, sdk.ErrAuth},
		{"not JSON", 500, users, `<html>`, sdk.ErrUnavailable},
		{"no body", 403, users, ``, sdk.ErrPermission},
	}
	for _, tt := range tests {
		e := sdk.Classify(classify, answer(tt.status, tt.path, ""), []byte(tt.body))
		if e.Type != tt.want || e.Status != tt.status || e.Message == "" {
			t.Errorf("%s: %s %q %d, want %s", tt.name, e.Type, e.Message, e.Status, tt.want)
		}
		if (e.Type == sdk.ErrThrottled) != (e.RetryAfter > 0) {
			t.Errorf("%s: come back after %s", tt.name, e.RetryAfter)
		}
	}
}

// FuzzClassify: no answer makes it fail, and none is taken for a success.
func FuzzClassify(f *testing.F) {
	f.Add(403, legacy("forbidden"))
	f.Add(401, `{"error":"unauthorized_client"}`)
	f.Add(400, `{"error":{"errors":[null],"details":null}}`)
	f.Add(500, `[`)
	f.Fuzz(func(t *testing.T, status int, body string) {
		if e := sdk.Classify(classify, answer(status, "/x", ""), []byte(body)); e == nil || e.Type == "" {
			t.Errorf("%d %q: %v", status, body, e)
		}
	})
}
