package googleworkspacetest

import (
	"sort"
	"strconv"
	"strings"
	"time"
)

// applications are those that Google keeps logs of; the fake's are empty where the tenant has none.
const applications = " access_evaluation access_transparency admin admin_data_action assignments calendar chat chrome classroom cloud_search " +
	"contacts context_aware_access data_studio data_migration directory_sync drive gcp gmail gplus graduation groups groups_enterprise " +
	"jamboard keep ldap login meet meet_hardware mobile profile rules saml token user_accounts vault gemini_in_workspace_apps tasks " +
	"takeout voice chrome_sync workspace_studio gemini_notebook "

// logKept is how long Google keeps its logs.
const logKept = 180 * 24 * time.Hour

func (s *Server) reportsRoutes(add func(string, need, handler)) {
	n := need{scopes: []string{"admin.reports.audit.readonly"}, admin: true, quota: (*call).reportsQuota}
	const path = "/admin/reports/v1/activity/users/{key}/applications/{app}"
	add("GET "+path, n, (*call).getActivities)
	add("POST "+path+"/watch", n, (*call).watchReports)
	add("POST /admin/reports_v1/channels/stop", n, (*call).stopChannel)
}

func (c *call) reportsQuota() *problem {
	if p := c.take("reports "+c.subject.ID, 1, c.limits.Reports); p != nil {
		return p
	}
	q := c.r.URL.Query()
	filtered := c.r.PathValue("key") != "all" && c.r.PathValue("key") != ""
	for _, name := range []string{"actorIpAddress", "eventName", "filters", "orgUnitID", "groupIdFilter"} {
		filtered = filtered || q.Get(name) != ""
	}
	if !filtered {
		return nil
	}
	return c.take("filtered "+c.subject.ID, 1, c.limits.Filtered)
}

// span is the part of a log that a request asks for.
type span struct {
	from, until time.Time
	event       string
	filters     [][2]string // name == value
	user        string
}

func (c *call) getActivities() (any, *problem) {
	app := c.r.PathValue("app")
	if !strings.Contains(applications, " "+app+" ") {
		return nil, invalid("applicationName")
	}
	size, p := c.size("maxResults", 1000, 1000, true)
	if p != nil {
		return nil, p
	}
	s, p := c.span(app)
	if p != nil {
		return nil, p
	}
	var log List[Activity]
	if c.cfg.Tenant.Log != nil {
		log = c.cfg.Tenant.Log(app)
	}
	n := log.len()
	first := sort.Search(n, func(i int) bool { return !log.At(i).Time.Before(s.from) })
	last := sort.Search(n, func(i int) bool { return log.At(i).Time.After(s.until) })
	now := c.cfg.Now()
	// A page token counts from the old end of the log, so that what is logged meanwhile shifts nothing.
	at, p := c.place()
	if p != nil {
		return nil, p
	}
	if at == 0 || at > last {
		at = last
	}
	var items []any
	for at--; at >= first && len(items) < size; at-- {
		a := log.At(at)
		if len(a.Events) > 0 && !a.Seen.After(now) && s.has(&a) { // without events it is none of this log
			items = append(items, c.activity(app, &a))
		}
	}
	next := ""
	if at >= first && len(items) >= size {
		next = c.pageToken(at + 1)
	}
	out := object{"kind": "admin#reports#activities"}
	out.set("items", items, len(items) > 0)
	return out.set("nextPageToken", next, next != ""), nil
}

func (c *call) span(app string) (s span, p *problem) {
	q := c.r.URL.Query()
	now := c.cfg.Now()
	s.from, s.until = now.Add(-logKept), now
	for name, t := range map[string]*time.Time{"startTime": &s.from, "endTime": &s.until} {
		v := q.Get(name)
		if v == "" {
			continue
		}
		parsed, err := time.Parse(time.RFC3339, v)
		if err != nil {
			return s, invalid(name)
		}
		*t = parsed
	}
	if s.until.Before(s.from) {
		return s, invalid("Start time can not be after end time")
	}
	if app == "gmail" && (q.Get("startTime") == "" || q.Get("endTime") == "" || s.until.Sub(s.from) > 30*24*time.Hour) {
		return s, invalid("gmail needs startTime and endTime of at most 30 days")
	}
	if oldest := now.Add(-logKept); s.from.Before(oldest) {
		s.from = oldest
	}
	s.event = q.Get("eventName")
	if f := q.Get("filters"); f != "" {
		if s.event == "" {
			return s, invalid("filters need eventName")
		}
		for part := range strings.SplitSeq(f, ",") {
			name, value, ok := strings.Cut(part, "==")
			if !ok {
				return s, invalid("filters")
			}
			s.filters = append(s.filters, [2]string{name, value})
		}
	}
	if key := c.r.PathValue("key"); key != "all" {
		s.user = key
	}
	return s, nil
}

func (s *span) has(a *Activity) bool {
	if s.user != "" && s.user != a.ActorID && lower(s.user) != lower(a.Actor) {
		return false
	}
	if s.event == "" {
		return true
	}
	for i := range a.Events {
		e := &a.Events[i]
		ok := strings.EqualFold(e.Name, s.event)
		for _, f := range s.filters {
			ok = ok && e.param(f[0]) == f[1]
		}
		if ok {
			return true
		}
	}
	return false
}

func (e *Event) param(name string) string {
	for i := range e.Params {
		if e.Params[i].Name == name {
			return e.Params[i].Value
		}
	}
	return ""
}

func (c *call) activity(app string, a *Activity) object {
	actor := object{}
	actor.set("email", a.Actor, a.Actor != "")
	actor.set("profileId", a.ActorID, a.ActorID != "")
	if a.Key != "" {
		actor["callerType"], actor["key"] = "KEY", a.Key
	}
	actor.set("applicationInfo", object{"oauthClientId": a.ClientID, "applicationName": a.AppName}, a.ClientID != "")
	var events []any
	for i := range a.Events {
		e := &a.Events[i]
		var params []any
		for j := range e.Params {
			params = append(params, e.Params[j].object())
		}
		events = append(events, object{"type": e.Type, "name": e.Name}.set("parameters", params, len(params) > 0))
	}
	o := object{
		"kind": "admin#reports#activity", "actor": actor, "events": events,
		"id": object{
			"time": a.Time.UTC().Format("2006-01-02T15:04:05.000Z"), "uniqueQualifier": strconv.FormatInt(a.Qualifier, 10),
			"applicationName": app, "customerId": c.cfg.Tenant.CustomerID,
		},
	}
	o.set("ipAddress", a.IP, a.IP != "")
	return o.set("networkInfo", object{"regionCode": a.Region}, a.Region != "")
}

func (p *Param) object() object {
	o := object{"name": p.Name}
	switch {
	case p.Bool != nil:
		o["boolValue"] = *p.Bool
	case p.Int != nil:
		o["intValue"] = strconv.FormatInt(*p.Int, 10)
	case len(p.Values) > 0:
		o["multiValue"] = anys(p.Values)
	default:
		o["value"] = p.Value
	}
	return o
}
