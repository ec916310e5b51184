package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/api"
)

// printRealtime tells by which means instances hear of changes before their next poll.
func printRealtime(s api.Status) {
	t := newTable("INSTANCE", "REALTIME", "BY", "STATE", "LAST HINT", "NOTES")
	for _, i := range s.Instances {
		r := i.Realtime
		if r == nil || r.Mode == "off" {
			continue
		}
		last := ""
		if r.LastHint != nil {
			last = api.Age(time.Since(*r.LastHint)) + " ago"
		}
		if len(r.Means) == 0 {
			t.row(i.Instance, r.Mode, "", "polls only", last, "")
		}
		for _, m := range r.Means {
			t.row(i.Instance, r.Mode, strings.TrimSpace(m.Name+" ("+m.Means+")"), stateOf(m), last, realtimeNotes(r, &m))
		}
	}
	if len(t.rows) > 0 {
		fmt.Println()
		t.print(os.Stdout)
	}
}

func stateOf(m api.RealtimeMeans) string {
	switch {
	case m.Means == "webhook" && m.Open:
		return api.Count(m.Subscriptions, "subscription", "subscriptions")
	case m.Means == "webhook" && m.Failing > 0:
		return "no subscription"
	case m.Means == "webhook":
		return "set up by hand"
	case m.Open:
		return "listening"
	}
	return "not listening"
}

func realtimeNotes(r *api.Realtime, m *api.RealtimeMeans) string {
	var parts []string
	if m.Problem != "" {
		parts = append(parts, m.Problem)
	}
	if m.Failing > 0 && m.Open {
		parts = append(parts, fmt.Sprintf("%d fail", m.Failing))
	}
	if m.Means == "webhook" && r.Problem != "" {
		parts = append(parts, "nothing is received: "+r.Problem)
	}
	if w := r.Webhooks; m.Means == "webhook" && w != nil {
		for _, n := range []struct {
			count int64
			what  string
		}{{w.Verified, "received"}, {w.Unverified, "not verified"}, {w.Refused, "refused"}, {w.Failed, "not answered"}} {
			if n.count > 0 {
				parts = append(parts, fmt.Sprintf("%d %s", n.count, n.what))
			}
		}
	}
	if m.URL != "" {
		parts = append(parts, "address: "+m.URL)
	}
	if r.Dropped > 0 {
		parts = append(parts, fmt.Sprintf("%d hints dropped", r.Dropped))
	}
	return strings.Join(parts, "; ")
}
