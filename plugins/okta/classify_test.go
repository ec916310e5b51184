package main

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

func TestClassify(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	rate := func(limit, remaining string, in time.Duration) http.Header {
		return http.Header{
			"X-Rate-Limit-Limit": {limit}, "X-Rate-Limit-Remaining": {remaining}, "Date": {now.Format(http.TimeFormat)},
			"X-Rate-Limit-Reset": {strconv.FormatInt(now.Add(in).Unix(), 10)},
		}
	}
	scope := http.Header{"Www-Authenticate": {`Bearer realm="x", scope="okta.users.read", error="insufficient_scope", resource="/api/v1/users"`}}
	for name, c := range map[string]struct {
		status     int
		header     http.Header
		body       string
		want       sdk.ErrorType
		wait       time.Duration
		permission string
	}{
		"window":         {429, rate("600", "0", 20*time.Second), `{"errorCode":"E0000047","errorSummary":"too many"}`, sdk.ErrThrottled, 20 * time.Second, ""},
		"at once":        {429, rate("0", "0", 60*time.Second), `{"errorCode":"E0000047"}`, sdk.ErrThrottled, concurrentPause, ""},
		"long past":      {429, rate("600", "0", -time.Hour), "", sdk.ErrThrottled, time.Second, ""},
		"wrong clock":    {429, rate("600", "0", 48*time.Hour), "", sdk.ErrThrottled, longestPause, ""},
		"says nothing":   {429, http.Header{}, "", sdk.ErrThrottled, ratePause, ""},
		"retry after":    {429, http.Header{"Retry-After": {"7"}}, "", sdk.ErrThrottled, 7 * time.Second, ""},
		"scope":          {403, scope, `{"errorCode":"E0000006","errorSummary":"no"}`, sdk.ErrPermission, 0, "okta.users.read"},
		"role":           {403, http.Header{}, `{"errorCode":"E0000006","errorSummary":"no"}`, sdk.ErrPermission, 0, ""},
		"feature is off": {403, http.Header{}, `{"errorCode":"E0000015","errorSummary":"no"}`, sdk.ErrNotInPlan, 0, ""},
		"wrong status":   {403, http.Header{}, `{"errorCode":"E0000038","errorSummary":"no"}`, sdk.ErrConflict, 0, ""},
		"is active":      {403, http.Header{}, `{"errorCode":"E0000016","errorSummary":"no"}`, sdk.ErrConflict, 0, ""},
		"not locked":     {403, http.Header{}, `{"errorCode":"E0000032","errorSummary":"no"}`, sdk.ErrConflict, 0, ""},
		"gone":           {404, http.Header{}, `{"errorCode":"E0000007","errorSummary":"no"}`, sdk.ErrNotFound, 0, ""},
		"no operation":   {404, http.Header{}, `{"errorCode":"E0000022","errorSummary":"no"}`, sdk.ErrNotFound, 0, ""},
		"token":          {401, http.Header{}, `{"errorCode":"E0000011","errorSummary":"no"}`, sdk.ErrAuth, 0, ""},
		"down":           {503, http.Header{}, "<html>", sdk.ErrUnavailable, 0, ""},
		"list as text":   {400, http.Header{}, `{"errorCode":["a"],"errorSummary":7,"errorCauses":"x"}`, sdk.ErrInvalid, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			res := &http.Response{StatusCode: c.status, Header: c.header, Body: http.NoBody}
			e := classify(res, []byte(c.body))
			if e.Type != c.want || e.Permission != c.permission || e.RetryAfter < c.wait-time.Second || e.RetryAfter > c.wait {
				t.Errorf("%s after %s, permission %q; want %s after %s, %q", e.Type, e.RetryAfter, e.Permission, c.want, c.wait, c.permission)
			}
			if isGone(e) != (name == "gone") {
				t.Errorf("gone: %v", isGone(e))
			}
		})
	}
}

func TestQuotaKey(t *testing.T) {
	for path, want := range map[string]string{
		"/api/v1/users": "", "/api/v1/users/00u1": "one", "/api/v1/users/00u1/roles": "below", "/api/v1/groups": "",
		"/api/v1/groups/00g1": "one", "/api/v1/groups/rules": "", "/api/v1/groups/00g1/users": "", "/api/v1/apps": "",
		"/api/v1/apps/0oa1": "one", "/api/v1/apps/0oa1/users": "", "/api/v1/logs": "", "/oauth2/v1/token": "", "/": "",
	} {
		if got := quotaKey("GET", path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
