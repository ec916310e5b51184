package githubtest

import (
	"net/http"
	"strconv"
	"sync"
	"time"
)

// slots is into how many parts the window of the secondary limit slides.
const slots = 60

// quotaKey names a window: whose, and of which resource or endpoint.
type quotaKey struct{ who, of string }

type window struct {
	used  int
	reset time.Time
}

// sliding counts points in the last PointsWindow.
type sliding struct {
	points [slots]int
	last   int64 // number of the newest slot
}

// quota keeps the limits of every credential.
type quota struct {
	mu      sync.Mutex
	limits  Limits
	windows map[quotaKey]*window
	points  map[quotaKey]*sliding
	active  map[string]int
	told    map[string]time.Time // who was told to wait, until when
}

func newQuota(l Limits) *quota {
	l.AuditLog = orDefault(l.AuditLog, auditLimit)
	l.Window = orDefault(l.Window, time.Hour)
	l.Concurrent = orDefault(l.Concurrent, concurrentLimit)
	l.Points = orDefault(l.Points, pointsLimit)
	l.PointsWindow = orDefault(l.PointsWindow, time.Minute)
	q := &quota{limits: l}
	q.clear()
	return q
}

func (q *quota) clear() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.windows, q.points = map[quotaKey]*window{}, map[quotaKey]*sliding{}
	q.active, q.told = map[string]int{}, map[string]time.Time{}
}

// window is the present one; it begins with the first request and ends on a whole second. The caller holds mu.
func (q *quota) window(k quotaKey, now time.Time) *window {
	w := q.windows[k]
	if w == nil {
		w = &window{}
		q.windows[k] = w
	}
	if !now.Before(w.reset) {
		w.used = 0
		w.reset = now.Add(q.limits.Window).Add(time.Second - 1).Truncate(time.Second)
	}
	return w
}

// take takes a point; false where none is left.
func (q *quota) take(k quotaKey, limit int, now time.Time) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.window(k, now)
	if limit >= 0 && w.used >= limit {
		return false
	}
	w.used++
	return true
}

func (q *quota) refund(k quotaKey, now time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w := q.window(k, now); w.used > 0 {
		w.used--
	}
}

func (q *quota) state(k quotaKey, now time.Time) (used int, reset time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := q.window(k, now)
	return w.used, w.reset
}

// enter checks the secondary limits; done ends what counts as concurrent.
func (q *quota) enter(who, endpoint string, cost, limit int, now time.Time) (done func(), ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.limits.Concurrent > 0 && q.active[who] >= q.limits.Concurrent {
		return nil, false
	}
	if limit > 0 {
		if q.limits.PointsShared {
			endpoint = "*"
		}
		k := quotaKey{who, endpoint}
		s := q.points[k]
		if s == nil {
			s = &sliding{}
			q.points[k] = s
		}
		if !s.take(cost, limit, now.UnixNano()/max(1, int64(q.limits.PointsWindow)/slots)) {
			return nil, false
		}
	}
	q.active[who]++
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		if q.active[who]--; q.active[who] <= 0 {
			delete(q.active, who)
		}
	}, true
}

func (s *sliding) take(cost, limit int, slot int64) bool {
	for i := max(s.last+1, slot-slots+1); i <= slot; i++ {
		s.points[i%slots] = 0
	}
	s.last = max(s.last, slot)
	sum := cost
	for _, n := range s.points {
		sum += n
	}
	if sum > limit {
		return false
	}
	s.points[s.last%slots] += cost
	return true
}

// tell notes that who has to wait; again says that it had been told before and did not.
func (q *quota) tell(who string, now, until time.Time) (again bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	again = now.Before(q.told[who])
	q.told[who] = until
	return again
}

// limit is the primary limit of a call.
func (c *call) limit() int {
	l := &c.s.quota.limits
	switch {
	case c.resource == "audit_log":
		return l.AuditLog
	case l.Core != 0:
		return l.Core
	case c.resource == "graphql" && c.who.kind == installed && c.who.org.Plan == Enterprise:
		return graphQLEnterprise
	case c.who.kind == anonymous:
		return anonymousLimit
	case c.who.kind != installed:
		return userLimit
	case c.who.org.Plan == Enterprise:
		return enterpriseLimit
	}
	o := c.who.org
	n := userLimit + 50*max(0, o.Repos.len()-20) + 50*max(0, o.Members.len()-20)
	return min(n, appLimitMax)
}

func (c *call) quotaKey() quotaKey { return quotaKey{c.who.quota, c.resource} }

// admit checks the limits and takes what the call costs.
func (c *call) admit() (done func(), ok bool) {
	q := c.s.quota
	cost, points := 5, q.limits.Points
	if c.route.resource == "graphql" {
		cost = 1 // a query
		if c.s.cfg.Limits.Points == 0 {
			points = graphQLPoints
		}
	}
	if c.r.Method == http.MethodGet || c.r.Method == http.MethodHead {
		cost = 1
	}
	c.resource = orString(c.route.resource, "core")
	done, ok = q.enter(c.who.quota, c.route.name, cost, points, c.now)
	if !ok {
		c.secondary()
		return nil, false
	}
	if c.route.free {
		return done, true
	}
	if !q.take(c.quotaKey(), c.limit(), c.now) {
		done()
		c.primary()
		return nil, false
	}
	c.charged = true
	return done, true
}

func (c *call) refund() {
	if c.charged {
		c.charged = false
		c.s.quota.refund(c.quotaKey(), c.now)
	}
}

// primary answers that the hour is used up.
func (c *call) primary() {
	_, reset := c.s.quota.state(c.quotaKey(), c.now)
	c.error(orDefault(c.s.cfg.Limits.Status, http.StatusForbidden), "API rate limit exceeded for "+c.who.name()+". If you reach out to GitHub Support for help, please include the request ID.")
	if c.resource == "graphql" { // says so with 200
		c.graphQLError("RATE_LIMITED", "API rate limit exceeded for "+c.who.name())
	}
	c.s.stats.limited(c.s.quota.tell(c.who.quota+" "+c.resource, c.now, reset))
}

// secondary answers that the client is too fast.
func (c *call) secondary() {
	wait := (c.s.quota.limits.PointsWindow + time.Second - 1).Truncate(time.Second)
	c.h.Set("Retry-After", strconv.Itoa(int(wait/time.Second)))
	c.error(orDefault(c.s.cfg.Limits.Status, http.StatusTooManyRequests), "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to GitHub Support for help, please include the request ID.")
	c.s.stats.limited(c.s.quota.tell(c.who.quota+" secondary", c.now, c.now.Add(wait)))
}

// limitHeaders says on every answer what is left.
func (c *call) limitHeaders() {
	used, reset := c.s.quota.state(c.quotaKey(), c.now)
	limit := c.limit()
	if limit < 0 {
		limit = used + 1_000_000 // a client must not think that nothing is left
	}
	if c.fault.Do == FaultPrimary {
		used = limit
	}
	c.h.Set("X-Ratelimit-Limit", strconv.Itoa(limit))
	c.h.Set("X-Ratelimit-Remaining", strconv.Itoa(max(0, limit-used)))
	c.h.Set("X-Ratelimit-Used", strconv.Itoa(used))
	c.h.Set("X-Ratelimit-Reset", strconv.FormatInt(reset.Unix(), 10))
	c.h.Set("X-Ratelimit-Resource", c.resource)
}
