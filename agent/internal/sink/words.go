package sink

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/mooring-hq/mooring/agent/internal/event"
)

// The most that people are shown of one thing, in bytes.
const (
	maxTitle  = 200
	maxValue  = 500
	maxReason = 1_500
)

// fact is one thing about an event, for people.
type fact struct{ Name, Value string }

// kinds of events in words.
var kinds = map[event.What]string{ //nolint:gochecknoglobals // a table
	event.FindingOpened: "Finding", event.FindingChanged: "Finding changed", event.FindingClosed: "Finding closed",
	event.Baseline: "First look", event.ActionProposed: "Action waits for approval", event.ActionSettled: "Action",
	event.ActionUnsure: "Action needs a look", event.PolicyFailed: "Policy failed", event.AlertOpened: "Alert",
	event.AlertUpdated: "Alert changed", event.AlertClosed: "Alert closed", event.DecisionMade: "Decision",
	event.HealthChanged: "Health",
}

// headline says in one line what happened.
func headline(e *event.Event) string {
	title := cmp.Or(plain(e.Title, maxTitle), string(e.What))
	if kind := kinds[e.What]; kind != "" {
		title = kind + ": " + title
	}
	return title
}

// facts are what a person wants to know of an event, the most important first.
func facts(e *event.Event) []fact {
	var all []fact
	add := func(name, value string, most int) {
		if value = plain(value, most); value != "" {
			all = append(all, fact{name, value})
		}
	}
	add("Severity", e.Severity, maxValue)
	add("State", e.State, maxValue)
	add("Reason", e.Reason, maxReason)
	add("Policy", e.Policy, maxValue)
	add("Instance", e.Instance, maxValue)
	add("Record", e.Ref, maxValue)
	add("Group", e.Group, maxValue)
	add("People", strings.Join(e.People[:min(len(e.People), 10)], ", "), maxValue)
	if e.Count > 0 {
		add("Findings", strconv.Itoa(e.Count), maxValue)
	}
	add("Action", e.Action, maxValue)
	add("By", e.Actor, maxValue)
	add("Time", e.Time.UTC().Format(time.DateTime)+" UTC", maxValue)
	return all
}

// hint is the command that shows more.
func hint(e *event.Event) string {
	switch {
	case e.What == event.ActionProposed && e.Intent != "":
		return "mooring approve " + plain(e.Intent, maxValue)
	case e.Intent != "":
		return "mooring actions " + plain(e.Intent, maxValue)
	case e.Alert != "":
		return "mooring alerts " + plain(e.Alert, maxValue)
	case e.Ref != "":
		return "mooring timeline " + plain(e.Ref, maxValue)
	}
	return ""
}

// plain is one line of printable characters: names of files and people are hostile. What could turn the direction of text
// around goes, too.
func plain(s string, most int) string {
	s = strings.Join(strings.Fields(strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return -1
		case !unicode.IsPrint(r):
			return ' '
		}
		return r
	}, s)), " ")
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// summary is a batch in one line.
func summary(batch []item) string {
	if len(batch) == 1 {
		return headline(batch[0].Event)
	}
	return fmt.Sprintf("%d events, the first: %s", len(batch), headline(batch[0].Event))
}
