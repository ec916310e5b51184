package boxtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

// firstPosition is where positions start: beyond what a float64 holds exactly.
const firstPosition = 1 << 60

// maxLooked is how many entries one answer goes through at most. What is filtered out makes pages short.
const maxLooked = 20_000

func (e *Event) recorded() time.Time {
	if e.Recorded.IsZero() {
		return e.Created
	}
	return e.Recorded
}

// shownUntil is how many events are in the log at a time.
func (s *Server) shownUntil(now time.Time) int { return s.eventsBefore(now.Add(time.Nanosecond)) }

// eventsBefore is the index of the first event that was recorded at a time or later.
func (s *Server) eventsBefore(t time.Time) int {
	return sort.Search(s.ent.Events.len(), func(i int) bool {
		e := s.ent.Events.At(i)
		return !e.recorded().Before(t)
	})
}

// query is what a request asks of a log.
type query struct {
	stream        string
	limit         int
	position      int // index of an event
	given         bool
	types         []string
	after, before time.Time
	user          string // of a user's stream
	from, to      int    // the events of the log
}

func (c *call) events() {
	q, ok := c.query()
	if !ok {
		return
	}
	switch q.stream {
	case "admin_logs", "admin_logs_streaming":
		if !c.holds(ManageEnterprise) {
			c.lacksScope()
			return
		}
	case "all", "changes", "sync":
		q.user = c.user
	default:
		c.fail(http.StatusBadRequest, "Bad Request: stream_type")
		return
	}
	now := c.s.cfg.Now()
	kept := streamKept
	if q.stream == "admin_logs" {
		kept = logKept
	}
	q.to = c.s.shownUntil(now)
	q.from = min(c.s.eventsBefore(now.Add(-kept)), q.to)
	switch {
	case c.r.URL.Query().Get("stream_position") == "now":
		q.position, q.limit = q.to, 0
	case q.given && (q.position < 0 || q.position > q.to):
		c.fail(http.StatusBadRequest, "Invalid stream_position")
		return
	case !q.given:
		q.position = q.from
		if !q.after.IsZero() {
			q.position = max(q.from, c.s.createdFrom(q.after, q.to))
		}
	}
	q.position = max(q.position, q.from)
	c.answerEvents(q)
}

// query reads the parameters.
func (c *call) query() (query, bool) {
	v := c.r.URL.Query()
	q := query{stream: orDefault(v.Get("stream_type"), "all"), limit: eventsDefault}
	if l := v.Get("limit"); l != "" {
		n, err := atoi(l)
		if err != nil || n < 1 {
			c.fail(http.StatusBadRequest, "Bad Request: limit")
			return q, false
		}
		q.limit = min(n, eventsMax)
	}
	if most := c.s.cfg.Limits.Page; most > 0 {
		q.limit = min(q.limit, most)
	}
	if t := v.Get("event_type"); t != "" {
		q.types = strings.Split(t, ",")
	}
	switch p := v.Get("stream_position"); p {
	case "", "0", "now":
	default:
		n, err := strconv.ParseInt(p, 10, 64)
		if err != nil {
			c.fail(http.StatusBadRequest, "Invalid stream_position")
			return q, false
		}
		q.position, q.given = int(n-firstPosition), true
	}
	for name, at := range map[string]*time.Time{"created_after": &q.after, "created_before": &q.before} {
		text := v.Get(name)
		if text == "" {
			continue
		}
		t, err := time.Parse(time.RFC3339, text)
		if err != nil || q.stream != "admin_logs" {
			c.fail(http.StatusBadRequest, "Bad Request: "+name)
			return q, false
		}
		*at = t
	}
	return q, true
}

// createdFrom is the first event that may have been created at a time or later: late ones come after their time.
func (s *Server) createdFrom(t time.Time, to int) int { return min(s.eventsBefore(t), to) }

func (c *call) answerEvents(q query) {
	entries, next := c.pick(q)
	if q.stream == "admin_logs_streaming" {
		entries = c.disorder(q, entries)
	}
	shown := make([]any, 0, len(entries))
	for i := range entries {
		shown = append(shown, c.showEvent(&entries[i], q.user != ""))
	}
	at := strconv.Itoa(firstPosition + next)
	body := map[string]any{"chunk_size": len(shown), "entries": shown, "next_stream_position": at}
	if next%2 == 1 { // a number at times
		body["next_stream_position"] = json.Number(at)
	}
	c.ok(body)
}

// pick gives the events from the position on that fit, and where the next page starts.
func (c *call) pick(q query) (list []Event, next int) {
	i := q.position
	for looked := 0; i < q.to && len(list) < q.limit && looked < maxLooked; i, looked = i+1, looked+1 {
		e := c.s.ent.Events.At(i)
		if !q.before.IsZero() && !e.recorded().Before(q.before) && !e.Created.Before(q.before) {
			if e.recorded().Sub(q.before) > 48*time.Hour { // nothing comes later than that
				break
			}
			continue
		}
		if q.fits(&e) {
			list = append(list, e)
		}
	}
	return list, i
}

// fits: an entry without an id is none.
func (q *query) fits(e *Event) bool {
	if e.ID == "" {
		return false
	}
	if len(q.types) > 0 && !slices.Contains(q.types, e.Type) {
		return false
	}
	if q.user != "" && e.By.ID != q.user && !slices.Contains(e.Concerns, q.user) {
		return false
	}
	return (q.after.IsZero() || !e.Created.Before(q.after)) && (q.before.IsZero() || e.Created.Before(q.before))
}

// disorder: the stream gives events at least once, in any order.
func (c *call) disorder(q query, list []Event) []Event {
	for i := 1; i < len(list); i += 3 {
		list[i-1], list[i] = list[i], list[i-1]
	}
	if len(list) > 0 && len(list) < q.limit && q.position > q.from {
		if e := c.s.ent.Events.At(q.position - 1); q.fits(&e) {
			list = append(list, e)
		}
	}
	return list
}

// userTypes are the names that users' own streams have for some events.
var userTypes = map[string]string{
	"UPLOAD": "ITEM_UPLOAD", "DOWNLOAD": "ITEM_DOWNLOAD", "PREVIEW": "ITEM_PREVIEW", "DELETE": "ITEM_TRASH", "UNDELETE": "ITEM_UNDELETE_VIA_TRASH",
	"MOVE": "ITEM_MOVE", "RENAME": "ITEM_RENAME", "COPY": "ITEM_COPY", "SHARE": "ITEM_SHARED_CREATE", "UNSHARE": "ITEM_SHARED_UNSHARE",
}

func (c *call) showEvent(e *Event, own bool) any {
	obj := map[string]any{
		"type": "event", "event_id": e.ID, "event_type": e.Type, "created_at": e.Created.Format(time.RFC3339),
		"recorded_at": e.recorded().Format(time.RFC3339), "created_by": e.By.json(), "session_id": nil, "source": e.Source,
		"additional_details": e.Details, "ip_address": e.IP, "action_by": nil,
	}
	if e.Details == nil {
		obj["additional_details"] = map[string]any{}
	}
	if e.ActionBy != nil {
		obj["action_by"] = e.ActionBy.json()
	}
	if e.SessionID != "" {
		obj["session_id"] = e.SessionID
	}
	if e.By.ID == "" {
		obj["created_by"] = map[string]any{"type": "user", "id": "2", "name": "Unknown User", "login": ""}
	}
	if !own {
		return obj
	}
	if t := userTypes[e.Type]; t != "" {
		obj["event_type"] = t
	}
	if id, ok := e.Source["item_id"].(string); ok {
		obj["source"] = map[string]any{"type": e.Source["item_type"], "id": id, "name": e.Source["item_name"], "owned_by": e.Source["owned_by"]}
	}
	return obj
}

// polls are the long-polls that wait.
type polls struct {
	mu    sync.Mutex
	woken chan struct{}
}

func (p *polls) init() { p.woken = make(chan struct{}) }

// Notify tells all who poll that there is something new.
func (s *Server) Notify() {
	s.polls.mu.Lock()
	defer s.polls.mu.Unlock()
	close(s.polls.woken)
	s.polls.woken = make(chan struct{})
}

func (p *polls) next() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.woken
}

// realtime says where to poll.
func (c *call) realtime() {
	c.ok(map[string]any{"chunk_size": 1, "entries": []any{map[string]any{
		"type": "realtime_server", "ttl": "10", "max_retries": "10", "retry_timeout": int(c.s.cfg.PollWait/time.Second) + 10,
		"url": "http://" + c.r.Host + "/realtime/subscribe?channel=" + c.user + "&stream_type=all",
	}}})
}

// subscribe holds the request until something happens.
func (s *Server) subscribe(w http.ResponseWriter, r *http.Request) {
	if r.URL.Query().Get("channel") == "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	timer := time.NewTimer(s.cfg.PollWait)
	defer timer.Stop()
	message := "new_change"
	select {
	case <-s.polls.next():
	case <-timer.C:
		message = "reconnect"
	case <-r.Context().Done():
		return
	}
	answer(w, http.StatusOK, map[string]any{"version": 1, "message": message})
}
