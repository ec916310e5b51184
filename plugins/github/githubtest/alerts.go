package githubtest

import (
	"encoding/base64"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// getAlerts has numbered pages, and cursors for who begins with an empty after.
func (c *call) getAlerts() {
	if !c.org.SecretScanning {
		c.notFound()
		return
	}
	alerts, ok := c.filteredAlerts()
	if !ok {
		return
	}
	q := c.values()
	if !q.Has("after") && !q.Has("before") {
		list(c, alerts, (*call).alert)
		return
	}
	per, n := c.perPage(), alerts.len()
	from := 0
	if v := q.Get("after"); v != "" {
		from = alertAt(alerts, v) + 1
	} else if v := q.Get("before"); v != "" {
		from = max(0, alertAt(alerts, v)-per)
	}
	to := min(from+per, n)
	c.alertLinks(alerts, from, to)
	c.b = append(c.b, '[')
	for i := from; i < to; i++ {
		a := alerts.At(i)
		c.entry(c.alert(comma(c.b), &a))
	}
	c.b = append(c.b, ']')
}

func (c *call) alertLinks(alerts List[Alert], from, to int) {
	var parts []string
	cursor := func(i int) string {
		a := alerts.At(i)
		return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(alertKey(&a))))
	}
	without := []string{"after", "before", "page"}
	if to < alerts.len() && to > from {
		parts = append(parts, c.link("next", without, "after="+cursor(to-1)))
	}
	if from > 0 && from < alerts.len() {
		parts = append(parts, c.link("prev", without, "before="+cursor(from)))
	}
	if len(parts) > 0 {
		c.h.Set("Link", strings.Join(parts, ", "))
	}
}

func alertKey(a *Alert) string { return a.Repo + "/" + strconv.Itoa(a.Number) }

// alertAt is the index of the alert a cursor names; behind the end where there is none.
func alertAt(alerts List[Alert], cursor string) int {
	key, err := base64.StdEncoding.DecodeString(cursor)
	n := alerts.len()
	for i := 0; err == nil && i < n; i++ {
		if a := alerts.At(i); alertKey(&a) == string(key) {
			return i
		}
	}
	return n - 1
}

// filteredAlerts are those the query asks for, newest first or as it says.
func (c *call) filteredAlerts() (List[Alert], bool) {
	state, types := c.query("state"), c.query("secret_type")
	validity, resolution := c.query("validity"), c.query("resolution")
	if state != "" && state != "open" && state != "resolved" {
		c.invalid("state", "Invalid request. state is not one of open, resolved.")
		return List[Alert]{}, false
	}
	in := func(list, v string) bool { return list == "" || slices.Contains(strings.Split(list, ","), v) }
	alerts := c.org.Alerts
	if state+types+validity+resolution != "" || c.who.repos != nil {
		name := strings.Join([]string{"alerts", state, types, validity, resolution}, " ") + c.viewer()
		if c.who.repos != nil {
			name += strconv.FormatInt(c.s.serial.Load(), 10) // tokens of one caller see different repositories: not kept
		}
		alerts = subset(c, c.org, name, alerts, func(a *Alert) bool {
			return in(state, orString(a.State, "open")) && in(types, a.SecretType) && in(resolution, a.Resolution) &&
				in(validity, orString(a.Validity, "unknown")) && (c.who.repos == nil || c.who.repos[lower(a.Repo)])
		})
	}
	by, asc := orString(c.query("sort"), "created"), c.query("direction") == "asc"
	if by == "created" && !asc {
		return alerts, true
	}
	name := strings.Join([]string{"alerts by", by, state, types, validity, resolution, c.query("direction"), c.viewer(), strconv.Itoa(alerts.len())}, " ")
	return sorted(c, c.org, name, alerts, func(a *Alert) time.Time {
		if by == "updated" {
			return a.UpdatedAt
		}
		return a.CreatedAt
	}, func(a, b time.Time) int {
		if asc {
			return a.Compare(b)
		}
		return b.Compare(a)
	}), true
}

// getAlertLocations knows the first location only.
func (c *call) getAlertLocations() {
	want := c.repo.Name + "/" + c.param("{alert_number}")
	a, ok := c.org.Alerts.find(want, func(a *Alert, key string) bool { return alertKey(a) == key })
	if !ok || !c.org.SecretScanning {
		c.notFound()
		return
	}
	var locations []Alert
	if a.Path != "" {
		locations = append(locations, a)
	}
	list(c, ListOf(locations...), func(c *call, b []byte, a *Alert) []byte {
		b = append(b, `{"type":"commit"`...)
		return append(c.location(key(b, "details"), a), '}')
	})
}
