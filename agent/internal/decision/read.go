package decision

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/record"
)

// All reads every decision that was ever made, in the order of their IDs.
func All(ctx context.Context, s Docs) iter.Seq2[*Decision, error] {
	return func(yield func(*Decision, error) bool) {
		for doc, err := range s.Docs(ctx, Bucket, nil) {
			d := &Decision{}
			if err == nil {
				if err = json.Unmarshal(doc.Value, d); err != nil {
					err = fmt.Errorf("decision %s: %w", doc.Key, err)
				}
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if !yield(d, nil) {
				return
			}
		}
	}
}

// told is the event of a decision.
func told(d *Decision, how, actor, reason string, at time.Time) *event.Event {
	e := &event.Event{
		ID: "decision-" + d.ID + "-" + how, Time: at, What: event.DecisionMade, Subject: "decision/" + d.ID, Severity: "info",
		Title: d.Title(), Reason: reason, Policy: d.Policy, Ref: d.Ref, Group: d.Group, Alert: d.Alert, Actor: actor, State: how,
	}
	if d.Person != "" && record.Email(d.Person) == d.Person {
		e.People = []string{d.Person}
	}
	e.Instance = d.instance()
	return e
}

// instance that it is about; "" when it is about several, or none.
func (d *Decision) instance() string {
	if ref, err := record.ParseRef(d.Ref); err == nil {
		return ref.Provider + "/" + ref.Instance
	}
	return d.Instance
}

// Title says in words what was decided.
func (d *Decision) Title() string {
	switch d.What {
	case Exception:
		on := map[string]string{ScopeRef: d.Ref, ScopeGroup: d.Group, ScopePolicy: "everything"}[d.Scope]
		if d.Instance != "" {
			on += " of " + d.Instance
		}
		return fmt.Sprintf("policy %s does not mind %s", d.Policy, on)
	case AppVerdict:
		return fmt.Sprintf("app %s is %s", d.Ref, d.Verdict)
	case Owner:
		return fmt.Sprintf("%s is owned by %s", d.Ref, d.Person)
	case Link:
		if d.Person == "-" {
			return fmt.Sprintf("account %s is nobody's", d.Ref)
		}
		return fmt.Sprintf("account %s is %s's", d.Ref, d.Person)
	}
	return string(d.What)
}
