package alert

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
)

// batch applies events to alerts, in memory over what is stored, and gives what is to be committed.
type batch struct {
	from   Docs
	docs   map[string]store.Doc // by bucket and key: what is going to be written
	order  []string             // of them
	alerts map[string]*changing // by ID
	turn   []*changing          // in the order in which they were first touched
	recent map[string]string    // policy and record → alert, of findings that are not committed yet
	out    []store.Doc          // events
}

// changing is an alert in a batch.
type changing struct {
	*row
	opened, updated, closed bool
	noted                   bool   // something that nobody is told of
	why                     string // of an update
	by                      string // the person, of one that a person made
	last                    *event.Event
}

func newBatch(from Docs) *batch {
	return &batch{from: from, docs: map[string]store.Doc{}, alerts: map[string]*changing{}, recent: map[string]string{}}
}

// read gives a document as it will be.
func (b *batch) read(bucket string, key []byte) ([]byte, error) {
	if d, ok := b.docs[bucket+"\x00"+string(key)]; ok {
		return d.Value, nil
	}
	return b.from.Doc(bucket, key)
}

func (b *batch) put(d store.Doc) {
	at := d.Bucket + "\x00" + string(d.Key)
	if _, again := b.docs[at]; !again {
		b.order = append(b.order, at)
	}
	b.docs[at] = d
}

func (b *batch) write(bucket string, key []byte, v any) error {
	d, err := document(bucket, key, v)
	if err == nil {
		b.put(d)
	}
	return err
}

func (b *batch) drop(bucket string, key []byte) { b.put(store.Doc{Bucket: bucket, Key: key}) }

// tell puts an event behind the others.
func (b *batch) tell(e *event.Event) error {
	value, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("event %s: %w", e.ID, err)
	}
	b.out = append(b.out, store.Doc{Bucket: bucketEvents, Append: true, Value: value})
	return nil
}

// alert gives an alert by its ID; nil when there is none.
func (b *batch) alert(id string) (*changing, error) {
	if a := b.alerts[id]; a != nil {
		return a, nil
	}
	value, err := b.from.Doc(bucketAlerts, []byte(id))
	if err != nil || value == nil {
		return nil, err
	}
	a, err := parse[row](value, nil)
	if err != nil {
		return nil, err
	}
	return b.add(a), nil
}

func (b *batch) add(a *row) *changing {
	c := &changing{row: a}
	b.alerts[a.ID] = c
	b.turn = append(b.turn, c)
	return c
}

// current gives the alert that gathers by a key; nil when there is none, or it is closed.
func (b *batch) current(by []byte) (*changing, error) {
	id, err := b.read(bucketGroups, by)
	if err != nil || id == nil {
		return nil, err
	}
	a, err := b.alert(string(id))
	if err != nil || a == nil || a.State == Closed {
		return nil, err
	}
	return a, nil
}

// gatherBy is the key of the alert that a finding, or a baseline, belongs to. A group that is a human's address is the same
// in all instances; any other means something in its own only. Findings of no group are one alert of the policy.
func gatherBy(e *event.Event) []byte {
	switch {
	case e.What == event.Baseline || e.Baseline:
		return []byte(Baseline + "\x00" + e.Policy + "\x00" + e.Instance)
	case e.Group == "" || record.Email(e.Group) == e.Group:
		return []byte("all\x00" + e.Policy + "\x00" + e.Group)
	}
	return []byte("one\x00" + e.Policy + "\x00" + e.Instance + "\x00" + e.Group)
}

// findingOf names a finding the same in all its events; the findings of one policy on one record begin with the same.
func findingOf(e *event.Event) string { return recordOf(e) + digest(partBytes, e.Subject) }

func recordOf(e *event.Event) string { return digest(partBytes, e.Policy, e.Ref) }

const partBytes = 8 // of a name of two parts

// about gives the alert with a finding of the same policy on the same record; nil when there is none.
func (b *batch) about(ctx context.Context, e *event.Event) (*changing, error) {
	record := recordOf(e)
	if id := b.recent[record]; id != "" {
		return b.alert(id)
	}
	for d, err := range b.from.Docs(ctx, bucketOf, []byte(record)) {
		if err != nil {
			return nil, err
		}
		if id, err := b.read(bucketOf, d.Key); err != nil || id != nil {
			return b.alert(string(id))
		}
	}
	return nil, nil
}

func digest(n int, parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		_, _ = fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:n])
}

// open makes the alert of an event, or opens again the one that is gone because the instance's store is from the past.
func (b *batch) open(e *event.Event, state string) (*changing, error) {
	by := gatherBy(e)
	id := digest(idLength/2, string(by), e.ID)
	a, err := b.alert(id)
	for n := 1; err == nil && a != nil && !bytes.Equal(a.By, by); n++ { // IDs are short, for people
		id = digest(idLength/2, string(by), e.ID, strconv.Itoa(n))
		a, err = b.alert(id)
	}
	if err != nil {
		return nil, err
	}
	if a == nil {
		a = b.add(&row{By: by, Alert: Alert{
			ID: id, Policy: e.Policy, Group: e.Group, Severity: e.Severity, Title: short(e.Title), Ref: e.Ref, Opened: e.Time,
		}})
	}
	a.State, a.Closed, a.opened = state, nil, true
	b.put(store.Doc{Bucket: bucketGroups, Key: by, Value: []byte(id)})
	return a, nil
}

var severities = []string{"info", "low", "medium", "high", "critical"}

// Severities in ascending order.
func Severities() []string { return slices.Clone(severities) }

// touch takes from an event what an alert says of all its findings.
func (c *changing) touch(e *event.Event) {
	c.last, c.updated = e, true
	if e.Time.After(c.Updated) {
		c.Updated = e.Time
	}
	if slices.Index(severities, e.Severity) > slices.Index(severities, c.Severity) {
		c.Severity = e.Severity
	}
	c.People = join(c.People, e.People, maxPeople)
	if e.Instance != "" {
		c.Instances = join(c.Instances, []string{e.Instance}, maxInstances)
	}
}

func join(to, from []string, most int) []string {
	for _, s := range from {
		if len(to) < most && len(s) <= maxTextBytes && !slices.Contains(to, s) {
			to = append(to, s)
		}
	}
	return to
}

// short cuts a text that is longer than anybody reads.
func short(s string) string {
	if len(s) > maxTextBytes {
		s = strings.ToValidUTF8(s[:maxTextBytes-len("…")], "") + "…"
	}
	return s
}

// close ends an alert whose last finding is gone.
func (b *batch) close(c *changing, e *event.Event) error {
	at := e.Time
	c.State, c.Closed, c.closed = Closed, &at, true
	id, err := b.read(bucketGroups, c.By)
	if err == nil && bytes.Equal(id, []byte(c.ID)) {
		b.drop(bucketGroups, c.By)
	}
	return err
}

// finish tells what became of the alerts, and gives all documents to commit.
func (b *batch) finish() ([]store.Doc, error) {
	for _, c := range b.turn {
		told := c.opened || c.updated || c.closed
		if !told && !c.noted {
			continue // only looked at
		}
		c.Version++
		if c.last != nil {
			c.Last = c.last.ID
		}
		if told {
			if err := b.announce(c); err != nil {
				return nil, err
			}
		}
		if err := b.write(bucketAlerts, []byte(c.ID), c.row); err != nil {
			return nil, err
		}
	}
	docs := make([]store.Doc, 0, len(b.order)+len(b.out))
	for _, at := range b.order {
		docs = append(docs, b.docs[at])
	}
	return append(docs, b.out...), nil
}

// announce tells at most that an alert was opened, and that it was closed; else that it is another.
func (b *batch) announce(c *changing) error {
	var all []event.What
	if c.opened {
		all = append(all, event.AlertOpened)
	}
	if c.closed {
		all = append(all, event.AlertClosed)
	}
	if len(all) == 0 && (!c.isBaseline() || c.by != "") { // of which nobody minds each
		all = append(all, event.AlertUpdated)
	}
	for _, what := range all {
		if err := b.tell(c.event(what)); err != nil {
			return err
		}
	}
	return nil
}

func (c *changing) isBaseline() bool { return bytes.HasPrefix(c.By, []byte(Baseline+"\x00")) }

// event tells of an alert as it is.
func (c *changing) event(what event.What) *event.Event {
	e := &event.Event{
		ID:   "alert-" + c.ID + "-" + digest(8, string(what), fmt.Sprint(c.Version), c.Last), //nolint:mnd // bytes
		Time: c.Updated, What: what, Subject: "alert/" + c.ID, Severity: c.Severity, Title: c.Title, Reason: c.why, Policy: c.Policy,
		Ref: c.Ref, Group: c.Group, People: c.People, Alert: c.ID, Actor: c.by, State: c.State, Count: c.Findings,
		Baseline: c.isBaseline(),
	}
	if len(c.Instances) == 1 {
		e.Instance = c.Instances[0]
	}
	if what == event.AlertClosed {
		e.Reason = c.Reason
	}
	if c.last != nil && c.last.Ref != "" && what != event.AlertClosed {
		e.Ref, e.Record, e.Evidence = c.last.Ref, c.last.Record, c.last.Evidence
	}
	return e
}
