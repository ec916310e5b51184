package httpapi

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// The dialects of quota headers.
const (
	dialectGitHub     = "github"
	dialectOkta       = "okta"
	dialectRateLimit  = "ratelimit"
	dialectRetryAfter = "retry_after"
	dialectNone       = "none"
)

// Numbers this large are no waiting time but a time on the clock, in the unit that puts it into our century.
const (
	epochSeconds = 1e8
	epochMillis  = 1e12
	epochMicros  = 1e15
	epochNanos   = 1e18
	epochMost    = 9e18
)

// A provider's Date has whole seconds and is under way for a while: a difference within these is no skew.
const (
	skewAhead  = 500 * time.Millisecond
	skewBehind = 3 * time.Second
)

// reading is what the headers of one answer say about a quota. Unknown numbers are -1, an unknown reset is zero.
type reading struct {
	limit, remaining int64
	reset            time.Time // by our clock
	resource         string    // whose quota it is, where the provider has several
}

// read understands quota headers by dialect; "" finds out which it is. false: they say nothing.
func read(dialect string, h http.Header, now time.Time) (reading, bool) {
	r := reading{limit: -1, remaining: -1}
	switch dialect {
	case dialectGitHub:
		r.limit, r.remaining = number(h.Get("X-Ratelimit-Limit")), number(h.Get("X-Ratelimit-Remaining"))
		if used := number(h.Get("X-Ratelimit-Used")); r.remaining < 0 && r.limit >= 0 && used >= 0 {
			r.remaining = max(r.limit-used, 0)
		}
		r.reset = moment(h.Get("X-Ratelimit-Reset"), h, now)
		r.resource = strings.TrimSpace(h.Get("X-Ratelimit-Resource"))
	case dialectOkta:
		r.limit, r.remaining = number(h.Get("X-Rate-Limit-Limit")), number(h.Get("X-Rate-Limit-Remaining"))
		r.reset = moment(h.Get("X-Rate-Limit-Reset"), h, now)
	case dialectRateLimit:
		if !combined(&r, h, now) {
			r.limit, r.remaining = number(h.Get("Ratelimit-Limit")), number(h.Get("Ratelimit-Remaining"))
			r.reset = moment(h.Get("Ratelimit-Reset"), h, now)
		}
	case "":
		for _, d := range []string{dialectGitHub, dialectOkta, dialectRateLimit} {
			if found, ok := read(d, h, now); ok {
				return found, true
			}
		}
	}
	if r.limit == 0 { // "no limit", or nonsense: in neither case a quota that lets nothing through for ever
		r.limit, r.remaining = -1, -1
	}
	return r, r.limit >= 0 || r.remaining >= 0 || !r.reset.IsZero()
}

// number reads the first number of a header like "100, 100;w=60"; -1 when there is none.
func number(s string) int64 {
	if i := strings.IndexAny(s, ",;"); i >= 0 {
		s = s[:i]
	}
	f, ok := float(s)
	if !ok || f >= math.MaxInt64 {
		return -1
	}
	return int64(max(f, 0))
}

func float(s string) (float64, bool) {
	f, err := strconv.ParseFloat(strings.Trim(s, " \t\""), 64)
	return f, err == nil && !math.IsNaN(f) && !math.IsInf(f, 0)
}

// moment reads a time: seconds from now, seconds or less since 1970, or a date. What is past is now; what is further
// away than sdk.MaxWait is taken to be that far. Zero: not understood.
func moment(s string, h http.Header, now time.Time) time.Time {
	if i := strings.IndexByte(s, ';'); i >= 0 {
		s = s[:i]
	}
	if s = strings.TrimSpace(s); s == "" {
		return time.Time{}
	}
	if f, ok := float(s); ok {
		if f < epochSeconds {
			return within(now.Add(seconds(f)), now)
		}
		return within(ours(sinceEpoch(f), h, now), now)
	}
	for _, layout := range []string{time.RFC3339Nano, time.RFC1123Z} {
		if t, err := time.Parse(layout, s); err == nil {
			return within(ours(t, h, now), now)
		}
	}
	if t, err := http.ParseTime(s); err == nil {
		return within(ours(t, h, now), now)
	}
	return time.Time{}
}

func sinceEpoch(f float64) time.Time {
	f = min(f, epochMost)
	switch {
	case f >= epochNanos:
		f /= 1e9
	case f >= epochMicros:
		f /= 1e6
	case f >= epochMillis:
		f /= 1e3
	}
	whole, part := math.Modf(f)
	return time.Unix(int64(whole), int64(part*1e9))
}

// ours corrects a time of the provider's clock, which the header Date shows, to our clock.
func ours(t time.Time, h http.Header, now time.Time) time.Time {
	date, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return t
	}
	if behind := now.Sub(date); behind >= -skewAhead && behind <= skewBehind {
		return t
	}
	return now.Add(t.Sub(date))
}

func within(t, now time.Time) time.Time {
	if t.Before(now) {
		return now
	}
	if latest := now.Add(sdk.MaxWait); t.After(latest) {
		return latest
	}
	return t
}

func seconds(f float64) time.Duration {
	return time.Duration(min(max(f, 0), sdk.MaxWait.Seconds()) * float64(time.Second))
}

// retryAfter reads the header Retry-After in all its forms; false when absent or not understood.
func retryAfter(h http.Header, now time.Time) (time.Duration, bool) {
	t := moment(h.Get("Retry-After"), h, now)
	return max(t.Sub(now), 0), !t.IsZero()
}
