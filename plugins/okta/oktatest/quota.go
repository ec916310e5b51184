package oktatest

import (
	"net/http"
	"strconv"
	"time"
)

// numbers are requests per minute, as the vendor last published them. The bucket of a route stands beside the route.
func (l *Limits) number(bucket string) int {
	if n, ok := l.Per[bucket]; ok {
		return n
	}
	free := l.Plan == Free
	of := func(workforce, integrator int) int {
		if free {
			return integrator
		}
		return workforce
	}
	switch bucket {
	case "users", "user write":
		return of(600, 100)
	case "user":
		return of(2000, 100)
	case "groups":
		return of(500, 100)
	case "group":
		return of(1000, 100)
	case "apps":
		return of(100, 20)
	case "app":
		return of(500, 100)
	case "logs":
		return of(120, 20)
	case "token":
		return of(2400, 300)
	}
	return of(1200, 100)
}

func (l *Limits) concurrent() int {
	switch {
	case l.Concurrent > 0:
		return l.Concurrent
	case l.Plan == Free:
		return 35
	}
	return 75
}

func (l *Limits) percent() int {
	if l.Percent > 0 {
		return l.Percent
	}
	return 50
}

func (l *Limits) window() time.Duration {
	if l.Window > 0 {
		return l.Window
	}
	return time.Minute
}

// enter counts a request that runs; false when too many do.
func (c *call) enter() bool {
	n := c.s.running.Add(1)
	if c.s.cfg.Limits.Off || int(n) <= c.s.cfg.Limits.concurrent() {
		return true
	}
	c.tooMany(0, 0, c.s.now().Add(c.s.cfg.Limits.window()))
	return false
}

// noLimit is what the headers say where there is none.
const noLimit = 10_000_000

// pay takes a request from its bucket: one of the organisation, and the part of it that one app or token may use. The
// headers show the part.
func (c *call) pay(bucket, who string) bool {
	l := &c.s.cfg.Limits
	now, org := c.s.now(), l.number(bucket)
	if l.Off { // the headers are always there
		c.limitHeaders(noLimit, noLimit-1, now.Truncate(l.window()).Add(l.window()))
		return true
	}
	part := max(1, org*l.percent()/100)
	remaining, reset, ok := c.s.windows.Take(who+"/"+bucket, 1, part, l.window(), now)
	if ok {
		var left int
		if left, reset, ok = c.s.windows.Take("org/"+bucket, 1, org, l.window(), now); left < remaining {
			remaining = left
		}
	}
	if !ok {
		c.tooMany(part, 0, reset)
		return false
	}
	c.limitHeaders(part, remaining, reset)
	return true
}

func (c *call) limitHeaders(limit, remaining int, reset time.Time) {
	h := c.w.Header()
	h.Set("X-Rate-Limit-Limit", strconv.Itoa(limit))
	h.Set("X-Rate-Limit-Remaining", strconv.Itoa(remaining))
	h.Set("X-Rate-Limit-Reset", strconv.FormatInt(reset.Unix(), 10))
}

// tooMany has no Retry-After. A limit of 0 stands for too many requests at once.
func (c *call) tooMany(limit, remaining int, reset time.Time) {
	c.limitHeaders(limit, remaining, reset)
	c.fail(http.StatusTooManyRequests, "E0000047", "API call exceeded rate limit due to too many requests.")
}
