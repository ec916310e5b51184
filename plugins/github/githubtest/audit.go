package githubtest

import (
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"
)

// auditQuery is a request for the audit log: a run of the list, read in one direction.
type auditQuery struct {
	phrase
	web, git bool
	asc      bool
	log      List[Event]
	lo, hi   int // of the list, by time
	gitFrom  time.Time
}

// getAuditLog pages with cursors that stand in the Link header only.
func (c *call) getAuditLog() {
	q, ok := c.auditQuery()
	if !ok {
		return
	}
	forward := q.asc
	at, before := c.query("after"), c.query("before")
	start := q.lo
	if !q.asc {
		start = q.hi - 1
	}
	if at == "" && before != "" {
		at, forward = before, !q.asc
	}
	if at != "" {
		if start, ok = q.position(at, forward); !ok {
			c.invalid("after", "Invalid cursor.")
			return
		}
	}
	found, more := q.take(c, start, forward, c.perPage())
	if forward != q.asc { // a page before: it was read backwards
		slices.Reverse(found)
	}
	if c.fault.Do == FaultShort {
		found, more = found[:len(found)/2], false
	}
	c.auditLinks(found, more, at != "", forward == q.asc)
	c.b = append(c.b, '[')
	for i := range found {
		c.entry(c.event(comma(c.b), &found[i]))
	}
	c.b = append(c.b, ']')
}

// auditQuery reads the parameters; without a date the last three months are searched.
func (c *call) auditQuery() (*auditQuery, bool) {
	q := &auditQuery{log: c.org.Audit, gitFrom: c.now.Add(-gitRetention)}
	var err error
	if q.phrase, err = parsePhrase(c.query("phrase")); err != nil {
		c.invalid("phrase", "Invalid search phrase: "+err.Error())
		return nil, false
	}
	switch include := orString(c.query("include"), "web"); include {
	case "web", "git", "all":
		q.web, q.git = include != "git", include != "web"
	default:
		c.invalid("include", "Invalid request. include is not one of web, git, all.")
		return nil, false
	}
	switch order := orString(c.query("order"), "desc"); order {
	case "asc", "desc":
		q.asc = order == "asc"
	default:
		c.invalid("order", "Invalid request. order is not one of asc, desc.")
		return nil, false
	}
	if q.from.IsZero() && q.until.IsZero() {
		q.from = c.now.Add(-auditDefault)
	}
	if oldest := c.now.Add(-auditRetention); q.from.Before(oldest) {
		q.from = oldest
	}
	n := q.log.len()
	q.lo = q.search(n, q.from)
	q.hi = n
	if !q.until.IsZero() {
		q.hi = q.search(n, q.until)
	}
	return q, true
}

// search is the first event at or after a time.
func (q *auditQuery) search(n int, t time.Time) int {
	return sort.Search(n, func(i int) bool { return !q.log.At(i).Time.Before(t) })
}

// position is where to go on from a cursor: time and id of the last event that was given.
func (q *auditQuery) position(cursor string, forward bool) (int, bool) {
	b, err := base64.StdEncoding.DecodeString(cursor)
	ms, id, ok := strings.Cut(string(b), "|")
	at, errMS := strconv.ParseInt(ms, 10, 64)
	if err != nil || !ok || errMS != nil {
		return 0, false
	}
	t := time.UnixMilli(at)
	first := max(q.lo, q.search(q.hi, t))
	end := first
	for ; end < q.hi; end++ {
		e := q.log.At(end)
		if e.Time.UnixMilli() != at {
			break
		}
		if e.ID == id && forward {
			return end + 1, true
		}
		if e.ID == id {
			return end - 1, true
		}
	}
	if forward { // the event is gone
		return first, true
	}
	return min(end, q.hi) - 1, true
}

// take collects events; more says that there are others behind them.
func (q *auditQuery) take(c *call, start int, forward bool, per int) (found []Event, more bool) {
	step := 1
	if !forward {
		step = -1
	}
	for i := start; i >= q.lo && i < q.hi; i += step {
		e := q.log.At(i)
		if e.ID == "" || e.Git && (!q.git || e.Time.Before(q.gitFrom)) || !e.Git && !q.web || !q.holds(&e, c.org) {
			continue
		}
		if len(found) == per {
			return found, true
		}
		found = append(found, e)
	}
	return found, false
}

func (c *call) auditLinks(found []Event, more, from, onward bool) {
	if len(found) == 0 {
		return
	}
	var parts []string
	if more || !onward {
		last := found[len(found)-1]
		if c.fault.Do == FaultRepeat && c.query("after") != "" {
			parts = append(parts, c.link("next", []string{"after", "before"}, "after="+url.QueryEscape(c.query("after"))+"&before="))
		} else {
			parts = append(parts, c.link("next", []string{"after", "before"}, "after="+eventCursor(&last)+"&before="))
		}
	}
	if from && (onward || more) {
		parts = append(parts, c.link("prev", []string{"after", "before"}, "after=&before="+eventCursor(&found[0])))
	}
	if len(parts) > 0 {
		c.h.Set("Link", strings.Join(parts, ", "))
	}
}

// eventCursor names an event as it stands in a query.
func eventCursor(e *Event) string {
	return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(strconv.FormatInt(e.Time.UnixMilli(), 10) + "|" + e.ID)))
}

// event appends an entry of the audit log.
func (c *call) event(b []byte, e *Event) []byte {
	b = append(b, '{')
	has := func(name string) bool { _, ok := e.Fields[name]; return ok }
	b = num(b, "@timestamp", e.Time.UnixMilli())
	b = str(b, "_document_id", e.ID)
	b = str(b, "action", e.Action)
	if e.Actor != "" && !has("actor") {
		b = str(b, "actor", e.Actor)
	}
	if e.ActorID != 0 && !has("actor_id") {
		b = num(b, "actor_id", e.ActorID)
	}
	if !has("org") {
		b = str(b, "org", c.org.Login)
	}
	if !has("org_id") {
		b = num(b, "org_id", c.org.ID)
	}
	if !e.Git && !has("created_at") {
		created := e.Created
		if created.IsZero() {
			created = e.Time
		}
		b = num(b, "created_at", created.UnixMilli())
	}
	for _, name := range slices.Sorted(maps.Keys(e.Fields)) {
		if name == "@timestamp" || name == "_document_id" || name == "action" {
			continue
		}
		b = append(appendString(comma(b), name), ':')
		b = appendAny(b, e.Fields[name])
	}
	return append(b, '}')
}

// getRateLimit shows every quota without using one.
func (c *call) getRateLimit() {
	b := append(key(append(c.b, '{'), "resources"), '{')
	for _, resource := range [...]string{"core", "search", "graphql", "scim", "audit_log"} {
		c.resource = resource
		b = c.rateLimit(key(b, resource))
	}
	c.resource = "core"
	b = append(b, '}')
	if c.r.Header.Get("X-GitHub-Api-Version") != "2026-03-10" {
		b = c.rateLimit(key(b, "rate"))
	}
	c.status = http.StatusOK
	c.b = append(b, '}')
}

func (c *call) rateLimit(b []byte) []byte {
	used, reset := c.s.quota.state(c.quotaKey(), c.now)
	limit := c.limit()
	if limit < 0 {
		limit = used + 1_000_000
	}
	b = num(append(b, '{'), "limit", int64(limit))
	b = num(b, "used", int64(used))
	b = num(b, "remaining", int64(max(0, limit-used)))
	return append(num(b, "reset", reset.Unix()), '}')
}
