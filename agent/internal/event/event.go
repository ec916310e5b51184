// Package event says what the agent tells of itself: what policies found, what became of actions, who decided what, how the
// agent is. An instance's events stand in its own store, written with what they tell of, in one commit; package alert
// follows them, makes alerts of findings, and puts all that leaves the agent into the agent's file, where sinks follow it.
//
// It promises: an event has an identity that a repetition does not change, and events of one subject have one order. It
// holds what is told, and does not decide, send or keep anything.
package event

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
)

// What happened.
type What string

// The events of an instance's store.
const (
	FindingOpened  What = "finding.opened"
	FindingChanged What = "finding.changed" // it goes on matching, with other evidence
	FindingClosed  What = "finding.closed"  // Reason says what fixed it
	Baseline       What = "baseline"        // a first look of a policy: Count findings, none of which is an alert of its own
	ActionProposed What = "action.proposed" // it waits for approval
	ActionSettled  What = "action.settled"  // done, refused, rejected, expired: Reason
	ActionUnsure   What = "action.unsure"   // nobody knows whether it was done: a person has to look
	PolicyFailed   What = "policy.failed"   // a condition could not be judged: too costly
)

// The events that only the agent's file has.
const (
	AlertOpened   What = "alert.opened"
	AlertUpdated  What = "alert.updated"
	AlertClosed   What = "alert.closed"
	DecisionMade  What = "decision.made"
	HealthChanged What = "health.changed" // of an instance, a connector, a sink, the disk
)

// Event is one thing that happened. Empty fields do not apply.
type Event struct {
	// ID is the same however often the event is told: made of what happened, never of a clock.
	ID   string    `json:"id"`
	Time time.Time `json:"time"`
	What What      `json:"what"`
	// Subject orders: events of one subject are sent one after the other.
	Subject  string `json:"subject"`
	Severity string `json:"severity,omitempty"` // info | low | medium | high | critical
	Title    string `json:"title"`
	Reason   string `json:"reason,omitempty"`
	Instance string `json:"instance,omitempty"` // provider/name
	Policy   string `json:"policy,omitempty"`
	// Ref of the record, or of the action's target.
	Ref string `json:"ref,omitempty"`
	// Group is what findings of a policy are gathered by: an owner, a folder, an actor.
	Group string `json:"group,omitempty"`
	// People concerned, as e-mail addresses: the owner first, then the last editor or the actor.
	People []string `json:"people,omitempty"`
	Alert  string   `json:"alert,omitempty"`
	Action string   `json:"action,omitempty"`
	Intent string   `json:"intent,omitempty"`
	// Actor who decided: policy/NAME, or a person.
	Actor    string `json:"actor,omitempty"`
	State    string `json:"state,omitempty"` // of the alert or intent afterwards
	Count    int    `json:"count,omitempty"` // findings
	Baseline bool   `json:"baseline,omitempty"`
	// Record as it was, as JSON of the command line's form; Evidence are the fields that the condition read.
	Record   json.RawMessage `json:"record,omitempty"`
	Evidence json.RawMessage `json:"evidence,omitempty"`
}

// Bucket of a store in which events stand, by sequence.
const Bucket = "outbox"

// Doc is an event as it is committed. Sequences of one store ascend.
func Doc(sequence uint64, e *Event) (store.Doc, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return store.Doc{}, fmt.Errorf("event %s: %w", e.ID, err)
	}
	return store.Doc{Bucket: Bucket, Key: Key(sequence), Value: b}, nil
}

// Key of a sequence; keys sort as sequences do.
func Key(sequence uint64) []byte { return binary.BigEndian.AppendUint64(nil, sequence) }

// Sequence of a key.
func Sequence(key []byte) uint64 {
	if len(key) != 8 { //nolint:mnd // bytes
		return 0
	}
	return binary.BigEndian.Uint64(key)
}

// Parse reads what Doc wrote.
func Parse(d store.Doc) (*Event, error) {
	e := &Event{}
	if err := json.Unmarshal(d.Value, e); err != nil {
		return nil, fmt.Errorf("event %d: %w", Sequence(d.Key), err)
	}
	return e, nil
}
