package judge

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// tell puts an event into the batch.
func (j *Judge) tell(e event.Event) {
	e.Instance = j.id()
	b, err := json.Marshal(e)
	if err != nil { // a record that is no JSON: it is told without
		e.Record, e.Evidence = nil, nil
		b, _ = json.Marshal(e) //nolint:errchkjson // texts and numbers
	}
	j.batch.add(store.Doc{Bucket: event.Bucket, Append: true, Value: b})
}

// about is what all events of a finding say.
func about(f *Finding, instance string, what event.What, at time.Time) event.Event {
	e := event.Event{
		ID: name(string(what), instance, f.Policy, f.Ref, f.Key, f.Cause), Time: at, What: what,
		Subject: "finding/" + f.Policy + "/" + f.Ref, Severity: f.Severity, Title: f.Title, Policy: f.Policy, Ref: f.Ref, Group: f.Group,
		People: f.People, Actor: "policy/" + f.Policy, Count: f.Count, Baseline: f.Baseline, Record: f.Record, Evidence: f.Evidence,
	}
	if f.Key != "" {
		e.Subject += "/" + f.Key
	}
	if f.Mode == modeObserve {
		e.State = modeObserve
	}
	return e
}

func (j *Judge) opened(f *Finding, at time.Time) {
	j.tell(about(f, j.id(), event.FindingOpened, at))
}

// changed tells that a finding goes on with other evidence; c is what changed it.
func (j *Judge) changed(f *Finding, c cause) {
	e := about(f, j.id(), event.FindingChanged, c.at)
	e.ID = name(e.ID, c.id)
	j.tell(e)
}

func closed(f *Finding, instance, reason string, at time.Time) event.Event {
	e := about(f, instance, event.FindingClosed, at)
	e.Reason = reason
	return e
}

// tellBaselines tells how much first looks found, of the kinds over which they are over.
func (j *Judge) tellBaselines(over map[wire.Kind]bool) {
	for _, r := range j.rules {
		s := r.standing
		if !s.Looked || s.Pending != nil && s.Pending.Baseline || j.walking(r) || s.Baseline <= s.Told ||
			r.momentary && s.Baseline < tellFactor*s.Told || !over[r.Kind] {
			continue
		}
		id := name(string(event.Baseline), j.id(), r.Name, r.Hash, fmt.Sprint(s.Number), fmt.Sprint(s.Tellings))
		e := event.Event{
			ID: id, Time: j.Now(), What: event.Baseline, Subject: "baseline/" + r.Name + "/" + j.id(), Severity: r.Severity, Policy: r.Name,
			Title: fmt.Sprintf("%s: the first look at %s found %d", r.Name, j.id(), s.Baseline), Count: s.Baseline, Baseline: true,
			Actor: "policy/" + r.Name,
		}
		if r.Mode == modeObserve {
			e.State = modeObserve
		}
		j.tell(e)
		s.Told = s.Baseline
		s.Tellings++
	}
}

// failed tells, once an hour, that a condition could not be judged.
func (j *Judge) failed(r *rule, err error) {
	now := j.Now()
	hour := now.UTC().Truncate(time.Hour)
	if !r.standing.Failed.Before(hour) {
		return
	}
	r.standing.Failed, r.standing.Failure = hour, err.Error()
	j.tell(event.Event{
		ID: name(string(event.PolicyFailed), j.id(), r.Name, r.Hash, hour.Format(time.RFC3339)), Time: now, What: event.PolicyFailed,
		Subject: "policy/" + r.Name, Severity: "medium", Policy: r.Name, Title: "policy " + r.Name + " could not be judged", Reason: err.Error(),
	})
}

// differences says which of the fields that a condition read are others now: "access_level: public, now private".
func differences(before, after json.RawMessage) string {
	var was, is map[string]json.RawMessage
	_, _ = json.Unmarshal(before, &was), json.Unmarshal(after, &is) // what cannot be read is not there
	var names, list []string
	for n := range was {
		names = append(names, n)
	}
	for n := range is {
		if _, both := was[n]; !both {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	for _, n := range names {
		if a, b := shown(was[n]), shown(is[n]); a != b && len(list) < maxReason {
			list = append(list, n+": "+a+", now "+b)
		}
	}
	return strings.Join(list, "; ")
}

func shown(v json.RawMessage) string {
	if v == nil {
		return "unknown"
	}
	var s string
	if json.Unmarshal(v, &s) == nil {
		return cut(s)
	}
	return cut(string(v))
}
