// Package alert makes of findings what a person handles. It follows the outbox of every instance, gathers findings by
// policy and group into alerts in the agent's store, and passes on all events, for sinks to follow, in the same commit.
//
// It promises: a finding is in one alert, and counted once, however often its events come; an alert closes when its last
// finding does and says what fixed it; what a person did to an alert stands in the audit log before it counts; neither
// memory nor any document grows with the findings of one alert.
//
// It does not judge, and it does not send.
package alert

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/audit"
	"github.com/mooring-hq/mooring/agent/internal/store"
)

// The buckets of the agent's store.
const (
	bucketAlerts    = "alerts"          // ID → Alert
	bucketGroups    = "alert.groups"    // what gathers → ID of the alert that is not closed
	bucketFindings  = "alert.findings"  // ID of the alert, finding → Finding
	bucketOf        = "alert.of"        // finding that is open → ID of its alert
	bucketPositions = "alert.positions" // instance → how far its outbox is handled
	bucketEvents    = "events"          // what leaves the agent, appended
)

// The limits, each with its unit.
const (
	// KeptFindings are those of an alert that are kept with record and evidence; the others are counted.
	KeptFindings   = 50
	maxRecordBytes = 256 << 10 // of a record, and of evidence, kept with a finding; larger ones are not
	maxPeople      = 20        // of one alert
	maxInstances   = 20        // that are named in one alert
	maxIntents     = 20        // the same
	maxTextBytes   = 2 << 10   // a note, a name
	idLength       = 12        // hexadecimal digits
)

// The states of an alert.
const (
	Open     = "open"
	Resolved = "resolved" // by a person; a new finding opens it again
	Closed   = "closed"   // its last finding is gone
	Baseline = "baseline" // what a first look found: counted, nobody is woken
)

// The verdicts of whom resolves an alert.
const (
	TruePositive  = "true_positive"
	Benign        = "benign"
	FalsePositive = "false_positive"
)

// Alert is what a person handles.
type Alert struct {
	ID       string `json:"id"`
	Policy   string `json:"policy"`
	State    string `json:"state"`
	Severity string `json:"severity"`
	Title    string `json:"title"`
	// Group is what its findings have in common: an owner, a folder, an actor.
	Group     string   `json:"group,omitempty"`
	Instances []string `json:"instances,omitempty"`
	People    []string `json:"people,omitempty"`
	// Ref of the record that opened it.
	Ref     string     `json:"ref,omitempty"`
	Opened  time.Time  `json:"opened"`
	Updated time.Time  `json:"updated"`
	Closed  *time.Time `json:"closed,omitempty"`
	// Reason is what fixed the last finding that closed.
	Reason string `json:"reason,omitempty"`
	// Findings that match now, and how many there ever were.
	Findings int `json:"findings"`
	Total    int `json:"total"`
	// Intents of the policy's actions on its records, the first of them.
	Intents []string `json:"intents,omitempty"`

	Assignee   string      `json:"assignee,omitempty"`
	Resolution *Resolution `json:"resolution,omitempty"`
}

// row is an alert as it is stored.
type row struct {
	Alert
	// Version counts its changes; Last is the event behind the newest.
	Version int    `json:"version"`
	Last    string `json:"last,omitempty"`
	// Kept are the findings that are kept whole, the oldest first.
	Kept []kept `json:"kept,omitempty"`
	// By is the key that gathers its findings.
	By []byte `json:"by,omitempty"`
}

// Resolution is what a person made of an alert.
type Resolution struct {
	Verdict string    `json:"verdict"` // true_positive | benign | false_positive
	Note    string    `json:"note,omitempty"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
}

// kept names a finding of which record and evidence are kept.
type kept struct {
	Finding string `json:"finding"`
	Open    bool   `json:"open"`
}

// Finding is one record, or moment, that a policy matched. Of most findings of a large alert only the names are kept.
type Finding struct {
	Ref      string     `json:"ref"`
	Instance string     `json:"instance,omitempty"`
	Title    string     `json:"title,omitempty"`
	Found    time.Time  `json:"found"`
	Closed   *time.Time `json:"closed,omitempty"`
	// Reason says what fixed it.
	Reason string `json:"reason,omitempty"`
	// Record and Evidence as they were when it was found; Now is the evidence since, if it is another.
	Record   json.RawMessage `json:"record,omitempty"`
	Evidence json.RawMessage `json:"evidence,omitempty"`
	Now      json.RawMessage `json:"evidence_now,omitempty"`
	// Event that told of it last.
	Event string `json:"event"`
}

// Docs are documents for reading.
type Docs interface {
	Doc(bucket string, key []byte) ([]byte, error)
	Docs(ctx context.Context, bucket string, prefix []byte) iter.Seq2[store.Doc, error]
}

// Store is what the agent's store gives.
type Store interface {
	Docs
	Commit(ctx context.Context, batches ...*store.Batch) ([]store.Result, error)
}

// Outbox is what an instance's store gives.
type Outbox interface {
	Doc(bucket string, key []byte) ([]byte, error)
	DocsAfter(ctx context.Context, bucket string, after []byte) iter.Seq2[store.Doc, error]
	Commit(ctx context.Context, batches ...*store.Batch) ([]store.Result, error)
	Committed() <-chan struct{}
}

// Audit takes entries before anything is done.
type Audit interface {
	Append(entries ...audit.Entry) error
}

// ErrNotFound says that there is no such alert.
var ErrNotFound = errors.New("there is no such alert")

// InvalidError is something that cannot be done to an alert.
type InvalidError struct{ Text string }

func (e *InvalidError) Error() string { return e.Text }

func invalid(format string, args ...any) error { return &InvalidError{fmt.Sprintf(format, args...)} }

// Filter chooses alerts. The zero value is all.
type Filter struct {
	States     []string
	Severities []string
	Policy     string
	Instance   string // by id or name
}

func (f *Filter) takes(a *Alert) bool {
	return (len(f.States) == 0 || slices.Contains(f.States, a.State)) &&
		(len(f.Severities) == 0 || slices.Contains(f.Severities, a.Severity)) && (f.Policy == "" || f.Policy == a.Policy) && f.ofInstance(a)
}

func (f *Filter) ofInstance(a *Alert) bool {
	if f.Instance == "" {
		return true
	}
	for _, id := range a.Instances {
		if _, name, _ := strings.Cut(id, "/"); id == f.Instance || name == f.Instance {
			return true
		}
	}
	return false
}
