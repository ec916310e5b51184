package oktatest

import (
	"encoding/base64"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"time"

	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

const (
	day         = 24 * time.Hour
	kept        = 90 * day  // of the log; what is older is left out, silently
	sinceMost   = 180 * day // further back is an error
	sinceNormal = 7 * day
	eventsMost  = 1000
)

// position is a place in the log: the k-th entry of those that appeared at a time. A bounded query also has its end and
// direction.
type position struct {
	nanos   int64
	k       int
	bounded bool
	until   int64 // nanoseconds
	since   int64
	down    bool
}

func (p position) encode() string {
	return base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, "%d %d %t %d %d %t", p.nanos, p.k, p.bounded, p.since, p.until, p.down))
}

func decodePosition(s string) (p position, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return p, false
	}
	n, err := fmt.Sscanf(string(raw), "%d %d %t %d %d %t", &p.nanos, &p.k, &p.bounded, &p.since, &p.until, &p.down)
	return p, err == nil && n == 6 && p.k >= 0
}

// from is the index of the first event that appeared at a time or later.
func (s *Server) from(nanos int64) int {
	l := s.org.Log
	return sort.Search(l.len(), func(i int) bool { return l.At(i).Persisted.UnixNano() >= nanos })
}

// position of an index.
func (s *Server) position(i int) (nanos int64, k int) {
	l := s.org.Log
	if i >= l.len() {
		if i = l.len() - 1; i < 0 {
			return 0, 0
		}
		nanos = l.At(i).Persisted.UnixNano()
		return nanos, i + 1 - s.from(nanos)
	}
	nanos = l.At(i).Persisted.UnixNano()
	return nanos, i - s.from(nanos)
}

// getLogs answers in one of two modes. Polling, without an end: in the order in which events appear, and there is always a
// next page. Bounded: in the order in which they happened, and finite.
func (c *call) getLogs() {
	q := c.r.URL.Query()
	now := c.s.now()
	size := 100
	if text := q.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 || n > eventsMost {
			c.invalid("limit: must be between 0 and 1000")
			return
		}
		size = n
	}
	var filter expression
	if text := q.Get("filter"); text != "" {
		var err error
		if filter, err = parseFilter(text, "eventType", "actor.id", "outcome.result", "target.id"); err != nil {
			c.fail(http.StatusBadRequest, "E0000053", "Invalid filter")
			return
		}
	}
	p, ok := c.startOf(now)
	if !ok {
		return
	}
	var events []Event
	events, p = c.s.read(p, size, filter, now)
	more := !p.bounded || len(events) == size && c.s.anyLeft(p, filter, now)
	switch c.fault.Do {
	case fake.FaultShort:
		events, more = events[:len(events)/2], false
	case fake.FaultExpire:
		c.invalid("Invalid cursor")
		return
	}
	link := ""
	if more {
		link = c.at(map[string]string{"after": p.encode()}, "since", "until")
	}
	c.links(link)
	out := make([]object, len(events))
	for i := range events {
		out[i] = events[i].show()
	}
	c.object(http.StatusOK, out)
}

// startOf reads where a query begins.
func (c *call) startOf(now time.Time) (p position, ok bool) {
	q := c.r.URL.Query()
	if after := q.Get("after"); after != "" {
		if q.Get("since") != "" {
			c.invalid("The since and after parameters are mutually exclusive.")
			return p, false
		}
		if p, ok = decodePosition(after); !ok {
			c.invalid("Invalid after parameter.")
		}
		return p, ok
	}
	since, until := now.Add(-sinceNormal), now
	for name, t := range map[string]*time.Time{"since": &since, "until": &until} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		if *t = parseTime(text); t.IsZero() {
			c.invalid("Invalid parameter: " + name)
			return p, false
		}
	}
	if since.Before(now.Add(-sinceMost)) {
		c.invalid("Invalid parameter: The since parameter is over 180 days prior to the current day.")
		return p, false
	}
	if oldest := now.Add(-kept); since.Before(oldest) {
		since = oldest
	}
	p = position{nanos: since.UnixNano(), since: since.UnixNano()}
	p.down = q.Get("sortOrder") == "DESCENDING"
	if p.bounded = q.Get("until") != "" || p.down; p.bounded {
		p.until = until.UnixNano()
		if p.down {
			p.nanos = until.UnixNano()
		}
	}
	return p, true
}

// read gives up to size events from a position, and the position behind them.
func (s *Server) read(p position, size int, filter expression, now time.Time) (events []Event, next position) {
	l := s.org.Log
	next = p
	i := s.from(p.nanos) + p.k
	if p.down {
		i--
	}
	n := s.from(now.UnixNano() + 1) // what happens later is not there yet
	oldest := now.Add(-kept).UnixNano()
	start := i
	for ; len(events) < size && i >= 0 && i < n; i += step(p.down) {
		e := l.At(i)
		at := e.Persisted.UnixNano()
		if p.bounded && (at < p.since || !p.down && at >= p.until) || at < oldest && p.down {
			break
		}
		if s.shows(&p, &e, filter, oldest) {
			events = append(events, e)
		}
	}
	if i != start {
		if p.down {
			i++
		}
		next.nanos, next.k = s.position(i)
	}
	if p.bounded {
		slices.SortStableFunc(events, func(a, b Event) int {
			if p.down {
				a, b = b, a
			}
			return a.published().Compare(b.published())
		})
	}
	return events, next
}

func step(down bool) int {
	if down {
		return -1
	}
	return 1
}

func (s *Server) shows(p *position, e *Event, filter expression, oldest int64) bool {
	if e.UUID == "" || e.Persisted.UnixNano() < oldest {
		return false
	}
	if at := e.published().UnixNano(); p.bounded && (at < p.since || at >= p.until) {
		return false
	}
	return filter == nil || filter.holds(e.value)
}

func (s *Server) anyLeft(p position, filter expression, now time.Time) bool {
	events, _ := s.read(p, 1, filter, now)
	return len(events) > 0
}

func (e *Event) value(attribute string) string {
	switch attribute {
	case "eventType":
		return e.Type
	case "actor.id":
		return e.Actor.ID
	case "outcome.result":
		return or(e.Result, "SUCCESS")
	}
	if len(e.Targets) > 0 {
		return e.Targets[0].ID
	}
	return ""
}

func (p *Party) show() object {
	return object{"id": p.ID, "type": or(p.Type, "User"), "alternateId": p.AlternateID, "displayName": p.Name}
}

func (e *Event) show() object {
	targets := []object{}
	for i := range e.Targets {
		targets = append(targets, e.Targets[i].show())
	}
	outcome := object{"result": or(e.Result, "SUCCESS")}
	put(outcome, "reason", e.Reason)
	client := object{"ipAddress": e.IP, "device": "Computer", "zone": "null", "userAgent": object{"rawUserAgent": e.UserAgent, "os": "Linux", "browser": "FIREFOX"}}
	put(client, "geographicalContext", geo(e.Country))
	o := object{
		"uuid": e.UUID, "published": date(e.published()), "eventType": e.Type, "version": "0", "severity": or(e.Severity, "INFO"),
		"displayMessage": or(e.Message, e.Type), "actor": e.Actor.show(), "client": client, "outcome": outcome, "target": targets,
		"transaction":           object{"type": "WEB", "id": "t" + e.UUID, "detail": object{}},
		"debugContext":          object{"debugData": object{"requestUri": "/"}},
		"authenticationContext": object{"authenticationStep": 0, "externalSessionId": or(e.Session, "unknown")},
		"securityContext":       object{"isProxy": false},
		"request":               object{"ipChain": []object{{"ip": e.IP, "version": "V4"}}},
	}
	maps.Copy(o, e.Fields)
	return o
}

func geo(country string) any {
	if country == "" {
		return nil
	}
	return object{"country": country}
}
