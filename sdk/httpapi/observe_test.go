package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func want(bucket, key string, cost int64) *wire.Want {
	return &wire.Want{Bucket: bucket, Key: key, Cost: cost}
}

func TestRequestsAreSortedIntoBuckets(t *testing.T) {
	buckets := []sdk.Bucket{
		{Name: "all"},
		{Name: "search", Match: []sdk.Match{{Path: "/search", Cost: 3}, {Path: "/find/"}}},
		{Name: "contents", Match: []sdk.Match{{Method: "GET", Path: "/repos/*/*/contents"}}, KeySource: "path"},
		{Name: "writes", Match: []sdk.Match{{Method: "post"}, {Method: "DELETE", Cost: 2}}, KeySource: "context"},
		{Name: "files", Match: []sdk.Match{{Host: "*.files.example"}}, KeySource: "host"},
	}
	for _, c := range []struct {
		method, url string
		wants       []*wire.Want
	}{
		{"GET", "https://api.example/v3/users", []*wire.Want{want("all", "", 1)}},
		{"GET", "https://api.example/v3/search/code?q=x", []*wire.Want{want("all", "", 1), want("search", "", 3)}},
		{"GET", "https://api.example/search", []*wire.Want{want("all", "", 1), want("search", "", 3)}},
		{"GET", "https://api.example/v3/searching", []*wire.Want{want("all", "", 1)}},
		{"GET", "https://api.example/v3/find", []*wire.Want{want("all", "", 1), want("search", "", 1)}},
		{"GET", "https://api.example/v3/repos/a/b/contents/x/y", []*wire.Want{want("all", "", 1), want("contents", "/repos/a/b/contents", 1)}},
		{"GET", "https://api.example/v3/repos/a%2Fb/c/contents", []*wire.Want{want("all", "", 1), want("contents", "/repos/a/b/c/contents", 1)}},
		{"PUT", "https://api.example/v3/repos/a/b/contents/x/y", []*wire.Want{want("all", "", 1)}},
		{"POST", "https://api.example/v3/users", []*wire.Want{want("all", "", 1), want("writes", "account-7", 1)}},
		{"DELETE", "https://api.example/v3/users", []*wire.Want{want("all", "", 1), want("writes", "account-7", 2)}},
		{"GET", "https://EU.files.example/1", []*wire.Want{want("all", "", 1), want("files", "eu.files.example", 1)}},
	} {
		b := newBench(t, "https://api.example/v3", withBuckets(buckets...), withHosts(sdk.Host{Pattern: "*.files.example"}))
		httpapi.SetBase(b.Transport, base(func(*http.Request) (*http.Response, error) { return plain(200, ""), nil }))
		if _, _, e := b.do(request(t, sdk.QuotaKey(t.Context(), "account-7"), c.method, c.url, "")); e != nil {
			t.Fatal(e)
		}
		if d := cmp.Diff([][]*wire.Want{c.wants}, b.host.wants, protocmp.Transform()); d != "" {
			t.Errorf("%s %s: %s", c.method, c.url, d)
		}
	}
}

func TestDefaultBucket(t *testing.T) {
	for _, buckets := range [][]sdk.Bucket{nil, {{Name: "search", Match: []sdk.Match{{Path: "/search"}}}}} {
		b := newBench(t, "https://api.example:8443", withBuckets(buckets...))
		httpapi.SetBase(b.Transport, base(func(*http.Request) (*http.Response, error) { return plain(200, ""), nil }))
		_, _, _ = b.get(t, "https://api.example:8443/x")
		if d := cmp.Diff([][]*wire.Want{{want("default", "api.example:8443", 1)}}, b.host.wants, protocmp.Transform()); d != "" {
			t.Error(d)
		}
	}
}

func TestWhatAnswersSay(t *testing.T) {
	const second = time.Second
	github := []sdk.Bucket{
		{Name: "core", Dialect: "github", Match: []sdk.Match{{Path: "/users"}}},
		{Name: "search", Dialect: "github", Match: []sdk.Match{{Path: "/search"}}},
		{Name: "secondary", Dialect: "retry_after"},
	}
	one := []sdk.Bucket{{Name: "one", Dialect: "ratelimit"}}
	state := func(bucket string, limit, remaining int64, reset, retry time.Duration) *wire.BucketState {
		s := &wire.BucketState{Bucket: bucket}
		if limit >= 0 {
			s.Limit = &limit
		}
		if remaining >= 0 {
			s.Remaining = &remaining
		}
		if reset >= 0 {
			s.ResetAt = timestamppb.New(time.Now().Add(reset))
		}
		if retry >= 0 {
			s.RetryAfter = durationpb.New(retry)
		}
		return s
	}
	for _, c := range []struct {
		name, path, headers string
		buckets             []sdk.Bucket
		status              int
		want                *wire.Observe
		states              func() []*wire.BucketState
	}{
		{name: "nothing", path: "/users", buckets: one, status: 200, want: &wire.Observe{Status: 200}},
		{
			name: "remaining", path: "/users", buckets: one, status: 200, headers: "RateLimit-Limit: 10|RateLimit-Remaining: 4|RateLimit-Reset: 2|X-Request-Id: r1",
			want:   &wire.Observe{Status: 200, RequestId: "r1"},
			states: func() []*wire.BucketState { return []*wire.BucketState{state("one", 10, 4, 2*second, -1)} },
		},
		{
			name: "not ready is no throttle", path: "/users", buckets: one, status: 202, headers: "Retry-After: 5",
			want: &wire.Observe{Status: 202},
		},
		{
			name: "not modified is free at GitHub", path: "/users", buckets: github, status: 304, headers: "X-RateLimit-Limit: 60|X-RateLimit-Remaining: 59",
			want:   &wire.Observe{Status: 304, Cost: []int64{0, 1}},
			states: func() []*wire.BucketState { return []*wire.BucketState{state("core", 60, 59, -1, -1)} },
		},
		{
			name: "another resource than matched", path: "/users", buckets: github, status: 200, headers: "X-RateLimit-Limit: 30|X-RateLimit-Remaining: 29|X-RateLimit-Resource: search",
			want:   &wire.Observe{Status: 200},
			states: func() []*wire.BucketState { return []*wire.BucketState{state("search", 30, 29, -1, -1)} },
		},
		{
			name: "an unknown resource", path: "/users", buckets: github, status: 200, headers: "X-RateLimit-Limit: 10|X-RateLimit-Remaining: 9|X-RateLimit-Resource: code_search",
			want: &wire.Observe{Status: 200},
		},
		{
			name: "primary limit", path: "/users", buckets: github, status: 429, headers: "X-RateLimit-Limit: 60|X-RateLimit-Remaining: 0|X-RateLimit-Reset: 9|Retry-After: 9",
			want:   &wire.Observe{Status: 429, Throttled: true},
			states: func() []*wire.BucketState { return []*wire.BucketState{state("core", 60, 0, 9*second, 9*second)} },
		},
		{
			name: "secondary limit", path: "/users", buckets: github, status: 429, headers: "X-RateLimit-Limit: 60|X-RateLimit-Remaining: 50|Retry-After: 60",
			want: &wire.Observe{Status: 429, Throttled: true},
			states: func() []*wire.BucketState {
				return []*wire.BucketState{state("core", 60, 50, -1, -1), state("secondary", -1, -1, -1, 60*second)}
			},
		},
		{
			name: "throttled although something is left", path: "/users", buckets: one, status: 429, headers: "RateLimit-Remaining: 4|Retry-After: 1",
			want:   &wire.Observe{Status: 429, Throttled: true},
			states: func() []*wire.BucketState { return []*wire.BucketState{state("one", -1, 4, -1, second)} },
		},
		{name: "throttled without a word", path: "/users", buckets: one, status: 429, want: &wire.Observe{Status: 429, Throttled: true}},
		{
			name: "limit zero", path: "/users", buckets: one, status: 429, headers: "RateLimit-Limit: 0|RateLimit-Remaining: 0|Retry-After: 2",
			want:   &wire.Observe{Status: 429, Throttled: true},
			states: func() []*wire.BucketState { return []*wire.BucketState{state("one", -1, -1, -1, 2*second)} },
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, "https://api.example", withBuckets(c.buckets...))
				httpapi.SetBase(b.Transport, base(func(*http.Request) (*http.Response, error) {
					var headers []string
					for h := range strings.SplitSeq(c.headers, "|") {
						name, value, _ := strings.Cut(h, ": ")
						headers = append(headers, name, value)
					}
					return plain(c.status, "", headers...), nil
				}))
				req := request(t, inCall(t.Context()), "POST", "https://api.example"+c.path, "") // once, whatever comes
				if _, _, e := b.do(req); e != nil {
					t.Fatal(e)
				}
				c.want.Id, c.want.CallId, c.want.Sent = 1, "call", true
				if c.states != nil {
					c.want.States = c.states()
				}
				got := b.host.sent()
				if d := cmp.Diff([]*wire.Observe{c.want}, got, protocmp.Transform(), protocmp.IgnoreFields(&wire.Observe{}, "took")); d != "" {
					t.Error(d)
				}
				time.Sleep(2 * httpapi.MaxHold)
			})
		})
	}
}
