package main

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	activitiesPerPage = 1000
	maxLogPages       = 200 // of one look of a delta walk
	nobody            = "105250506097979753968"
)

// activity is one entry of an audit log: several events of one moment.
type activity struct {
	ID struct {
		Time        when   `json:"time"`
		Qualifier   string `json:"uniqueQualifier"`
		Application string `json:"applicationName"`
		Customer    string `json:"customerId"`
	} `json:"id"`
	Actor struct {
		Email       string `json:"email"`
		Profile     string `json:"profileId"`
		CallerType  string `json:"callerType"`
		Key         string `json:"key"`
		Application struct {
			Name         string `json:"applicationName"`
			Client       string `json:"oauthClientId"`
			Impersonates *bool  `json:"impersonation"`
		} `json:"applicationInfo"`
	} `json:"actor"`
	IP      string `json:"ipAddress"`
	Network struct {
		Region string `json:"regionCode"`
	} `json:"networkInfo"`
	Agent  *bool   `json:"isAgenticAction"`
	Events []event `json:"events"`
}

// event is one thing that happened.
type event struct {
	Type       string      `json:"type"`
	Name       string      `json:"name"`
	Parameters []parameter `json:"parameters"`
}

type parameter struct {
	Name  string          `json:"name"`
	Value string          `json:"value"`
	Bool  *bool           `json:"boolValue"`
	Int   json.RawMessage `json:"intValue"`
	Multi []string        `json:"multiValue"`
}

func (p *parameter) text() string {
	switch {
	case p.Value != "":
		return p.Value
	case p.Bool != nil:
		return strconv.FormatBool(*p.Bool)
	case len(p.Int) > 0:
		return strings.Trim(string(p.Int), `"`)
	}
	return strings.Join(p.Multi, " ")
}

// text is a parameter's value, "" when it is not there.
func (e *event) text(name string) string {
	for i := range e.Parameters {
		if e.Parameters[i].Name == name {
			return e.Parameters[i].text()
		}
	}
	return ""
}

// first is the first of some parameters that has a value.
func (e *event) first(names ...string) string {
	for _, n := range names {
		if v := e.text(n); v != "" {
			return v
		}
	}
	return ""
}

func (e *event) list(name string) []string {
	for i := range e.Parameters {
		if e.Parameters[i].Name == name {
			if p := &e.Parameters[i]; len(p.Multi) > 0 {
				return p.Multi
			}
			return strings.Fields(e.Parameters[i].text())
		}
	}
	return nil
}

func (e *event) is(name string) bool { return e.text(name) == "true" }

// profile is the actor's user id. Google writes a certain number where there is none.
func (a *activity) profile() string {
	if a.Actor.Profile == nobody || a.Actor.Profile == "0" {
		return ""
	}
	return a.Actor.Profile
}

// logQuery says which part of a log is read.
type logQuery struct {
	app         string
	from, until time.Time
	event       string // only this one; counts against a smaller quota
	filter      string
	fields      string // of items; "" is all
	size        int
}

// logPage reads one page of a log, newest first.
func (c *client) logPage(ctx context.Context, l logQuery, token string, out any) error {
	q := query("maxResults", strconv.Itoa(l.size), "pageToken", token, "eventName", l.event, "filters", l.filter)
	for name, t := range map[string]time.Time{"startTime": l.from, "endTime": l.until} {
		if !t.IsZero() {
			q.Set(name, t.UTC().Format("2006-01-02T15:04:05.000Z"))
		}
	}
	if l.fields != "" {
		q.Set("fields", "nextPageToken,items("+l.fields+")")
	}
	return c.do(ctx, directory(c.admin(scopeAudit), q, "/admin/reports/v1/activity/users/all/applications/%s", l.app), out)
}

// eventFields are what tells which thing an event is about.
const eventFields = "id(time,uniqueQualifier),actor(email,profileId),events(type,name,parameters(name,value,boolValue,multiValue))"

// readLog gives every event of a part of a log. whole is false when there were more pages than that.
func (c *client) readLog(ctx context.Context, l logQuery, pages int, each func(*activity, *event) error) (whole bool, err error) {
	if l.fields == "" {
		l.fields = eventFields
	}
	if l.size == 0 {
		l.size = activitiesPerPage
	}
	for token, n := "", 0; n < pages; n++ {
		var p struct {
			Items []*activity `json:"items"`
			Next  string      `json:"nextPageToken"`
		}
		if err := c.logPage(ctx, l, token, &p); err != nil {
			return false, err
		}
		for _, a := range p.Items {
			if a == nil {
				return false, missing("log entry", "anything")
			}
			for i := range a.Events {
				if err := each(a, &a.Events[i]); err != nil {
					return false, err
				}
			}
		}
		if p.Next == "" {
			return true, nil
		}
		if p.Next == token {
			return false, sdk.Errorf(sdk.ErrInternal, "Google gave the same page token twice for the log %s", l.app)
		}
		token = p.Next
	}
	return false, nil
}

// eachEvent reads what a delta walk follows.
func (sc *scan) eachEvent(ctx context.Context, app string, from, until time.Time, each func(*activity, *event) error) error {
	whole, err := sc.readLog(ctx, logQuery{app: app, from: from, until: until}, maxLogPages, each)
	if err == nil && !whole {
		err = sc.tooMuch()
	}
	return err
}

// mix makes a stamp of events, whatever their order.
type mix struct{ sum uint64 }

func (m *mix) add(a *activity, e *event) {
	h := fnv.New64a()
	_, _ = h.Write([]byte(sdk.ID(a.ID.Time.String(), a.ID.Qualifier, e.Name))) // never fails
	m.sum += h.Sum64()
}

func (m *mix) stamp() string { return touchedStamp + strconv.FormatUint(m.sum, 16) }

// touchedStamp begins the stamps of what a log named.
const touchedStamp = "t"
