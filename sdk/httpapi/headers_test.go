package httpapi

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 250e6, time.UTC) //nolint:gochecknoglobals // a constant

func headerOf(lines ...string) http.Header {
	h := http.Header{}
	for _, l := range lines {
		name, value, _ := strings.Cut(l, ": ")
		h.Add(name, value)
	}
	return h
}

func epoch(d time.Duration) string { return strconv.FormatInt(noon.Add(d).Unix(), 10) }

func TestReadHeaders(t *testing.T) {
	const unknown = -1
	never := time.Duration(-1)
	skewed := noon.Add(time.Hour).Truncate(time.Second)
	for _, c := range []struct {
		name, dialect    string
		headers          []string
		limit, remaining int64
		reset            time.Duration // from noon
		none             bool
	}{
		{"github", "github", []string{"x-ratelimit-limit: 5000", "x-ratelimit-remaining: 4987", "x-ratelimit-reset: " + epoch(time.Hour)}, 5000, 4987, time.Hour - 250*time.Millisecond, false},
		{"github, used instead of remaining", "github", []string{"x-ratelimit-limit: 30", "x-ratelimit-used: 31"}, 30, 0, never, false},
		{"github, switched off", "github", []string{"x-ratelimit-limit: 0", "x-ratelimit-remaining: 0"}, unknown, unknown, never, true},
		{"github reads no okta", "github", []string{"x-rate-limit-limit: 600"}, unknown, unknown, never, true},
		{"okta", "okta", []string{"X-Rate-Limit-Limit: 600", "X-Rate-Limit-Remaining: 0", "X-Rate-Limit-Reset: " + epoch(42*time.Second)}, 600, 0, 41750 * time.Millisecond, false},
		{"ratelimit, separate", "ratelimit", []string{"RateLimit-Limit: 100, 100;w=60", "RateLimit-Remaining: 7", "RateLimit-Reset: 50"}, 100, 7, 50 * time.Second, false},
		{"ratelimit, combined", "ratelimit", []string{`RateLimit-Policy: "burst";q=100;w=60,"daily";q=1000;w=86400`, `RateLimit: "daily";r=900;t=8000, "burst";r=5;t=30`}, 100, 5, 30 * time.Second, false},
		{"ratelimit, combined, in two headers", "ratelimit", []string{`RateLimit: "a";r=9;t=8`, `RateLimit: "b;x,y";r=4;t=3`}, unknown, 4, 3 * time.Second, false},
		{"ratelimit, old combined", "ratelimit", []string{"RateLimit: limit=10, remaining=1, reset=7"}, 10, 1, 7 * time.Second, false},
		{"ratelimit, combined nonsense", "ratelimit", []string{`RateLimit: "unfinished;r=`}, unknown, unknown, never, true},
		{"detect github", "", []string{"X-RateLimit-Remaining: 3"}, unknown, 3, never, false},
		{"detect okta", "", []string{"X-Rate-Limit-Remaining: 3"}, unknown, 3, never, false},
		{"detect ratelimit", "", []string{`RateLimit: "x";r=3;t=1`}, unknown, 3, time.Second, false},
		{"detect nothing", "", []string{"Retry-After: 3"}, unknown, unknown, never, true},
		{"none", "none", []string{"X-RateLimit-Remaining: 3"}, unknown, unknown, never, true},
		{"retry_after", "retry_after", []string{"X-RateLimit-Remaining: 3"}, unknown, unknown, never, true},

		{"reset under a second away", "okta", []string{"X-Rate-Limit-Reset: " + epoch(time.Second)}, unknown, unknown, 750 * time.Millisecond, false},
		{"reset in fractions", "ratelimit", []string{"RateLimit-Reset: 0.25"}, unknown, unknown, 250 * time.Millisecond, false},
		{"reset in the past", "okta", []string{"X-Rate-Limit-Reset: " + epoch(-time.Hour)}, unknown, unknown, 0, false},
		{"reset negative", "ratelimit", []string{"RateLimit-Reset: -5"}, unknown, unknown, 0, false},
		{"reset relative where absolute is usual", "okta", []string{"X-Rate-Limit-Reset: 17"}, unknown, unknown, 17 * time.Second, false},
		{"reset absolute where relative is usual", "ratelimit", []string{"RateLimit-Reset: " + epoch(20*time.Second)}, unknown, unknown, 19750 * time.Millisecond, false},
		{"reset in milliseconds", "github", []string{"X-RateLimit-Reset: " + strconv.FormatInt(noon.Add(3*time.Second).UnixMilli(), 10)}, unknown, unknown, 3 * time.Second, false},
		{"reset as HTTP date", "github", []string{"X-RateLimit-Reset: " + noon.Add(90*time.Second).Format(http.TimeFormat)}, unknown, unknown, 89750 * time.Millisecond, false},
		{"reset as RFC 3339", "github", []string{"X-RateLimit-Reset: " + noon.Add(90*time.Second).Format(time.RFC3339Nano)}, unknown, unknown, 90 * time.Second, false},
		{"reset in the year 9999", "github", []string{"X-RateLimit-Reset: 253402300799"}, unknown, unknown, sdk.MaxWait, false},
		{"reset far away", "ratelimit", []string{"RateLimit-Reset: 99999999"}, unknown, unknown, sdk.MaxWait, false},
		{"reset infinite", "ratelimit", []string{"RateLimit-Reset: Inf"}, unknown, unknown, never, true},
		{"reset not a number", "ratelimit", []string{"RateLimit-Reset: soon", "RateLimit-Limit: NaN"}, unknown, unknown, never, true},
		{"remaining negative", "okta", []string{"X-Rate-Limit-Limit: 10", "X-Rate-Limit-Remaining: -3"}, 10, 0, never, false},
		{"remaining huge", "okta", []string{"X-Rate-Limit-Limit: 10", "X-Rate-Limit-Remaining: 99999999999999999999999"}, 10, unknown, never, false},
		{"limit without remaining", "github", []string{"X-RateLimit-Limit: 1000", "X-RateLimit-Reset: " + epoch(time.Second)}, 1000, unknown, 750 * time.Millisecond, false},

		{"provider an hour ahead", "okta", []string{"Date: " + skewed.Format(http.TimeFormat), "X-Rate-Limit-Reset: " + epoch(time.Hour+10*time.Second)}, unknown, unknown, 10 * time.Second, false},
		{"provider an hour behind", "okta", []string{"Date: " + noon.Add(-time.Hour).Format(http.TimeFormat), "X-Rate-Limit-Reset: " + epoch(10*time.Second-time.Hour)}, unknown, unknown, 10 * time.Second, false},
		{"provider in step", "okta", []string{"Date: " + noon.Format(http.TimeFormat), "X-Rate-Limit-Reset: " + epoch(10*time.Second)}, unknown, unknown, 9750 * time.Millisecond, false},
		{"skew leaves relative alone", "ratelimit", []string{"Date: " + skewed.Format(http.TimeFormat), "RateLimit-Reset: 10"}, unknown, unknown, 10 * time.Second, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, ok := read(c.dialect, headerOf(c.headers...), noon)
			if ok == c.none {
				t.Fatalf("understood: %v", ok)
			}
			if r.limit != c.limit || r.remaining != c.remaining {
				t.Errorf("limit %d remaining %d, want %d and %d", r.limit, r.remaining, c.limit, c.remaining)
			}
			got := never
			if !r.reset.IsZero() {
				got = r.reset.Sub(noon)
			}
			if got != c.reset {
				t.Errorf("reset in %s, want %s", got, c.reset)
			}
		})
	}
}

func TestRetryAfter(t *testing.T) {
	for _, c := range []struct {
		value string
		want  time.Duration
		ok    bool
	}{
		{"0", 0, true},
		{"1", time.Second, true},
		{"0.5", 500 * time.Millisecond, true},
		{"3600", time.Hour, true},
		{"-1", 0, true},
		{noon.Add(time.Minute).Format(http.TimeFormat), 59750 * time.Millisecond, true},
		{noon.Add(-time.Minute).Format(http.TimeFormat), 0, true},
		{epoch(time.Minute), 59750 * time.Millisecond, true},
		{"1e300", sdk.MaxWait, true},
		{"a while", 0, false},
		{"", 0, false},
	} {
		got, ok := retryAfter(headerOf("Retry-After: "+c.value), noon)
		if got != c.want || ok != c.ok {
			t.Errorf("%q: %s %v, want %s %v", c.value, got, ok, c.want, c.ok)
		}
	}
}

func FuzzReadHeaders(f *testing.F) {
	for _, s := range []string{"1", "-1", "1e400", "100, 100;w=60", `"a";r=1;t=2`, "limit=1, remaining=2, reset=3", "Sun, 22 Nov 2026 12:00:00 GMT", `"\`, ";;,=", "9223372036854775807"} {
		f.Add(s, s, s)
	}
	f.Fuzz(func(t *testing.T, a, b, date string) {
		h := http.Header{"Date": {date}, "Retry-After": {a}}
		for _, prefix := range []string{"X-Ratelimit-", "X-Rate-Limit-", "Ratelimit-"} {
			h[prefix+"Limit"], h[prefix+"Remaining"], h[prefix+"Reset"] = []string{a}, []string{b}, []string{a, b}
		}
		h["Ratelimit"], h["Ratelimit-Policy"] = []string{a, b}, []string{b, a}
		for _, d := range []string{"", "github", "okta", "ratelimit", "none"} {
			r, _ := read(d, h, noon)
			if r.limit < -1 || r.limit == 0 || r.remaining < -1 {
				t.Errorf("%s: %+v", d, r)
			}
			if !r.reset.IsZero() && (r.reset.Before(noon) || r.reset.After(noon.Add(sdk.MaxWait))) {
				t.Errorf("%s: reset %s", d, r.reset)
			}
		}
		if d, _ := retryAfter(h, noon); d < 0 || d > sdk.MaxWait {
			t.Errorf("retry after %s", d)
		}
	})
}
