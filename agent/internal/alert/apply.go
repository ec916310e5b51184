package alert

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"

	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/store"
)

// observe is the state in the events of policies that only observe: they make no alerts.
const observe = "observe"

// apply takes one event of an instance, and passes it on with the alert that it belongs to.
func (b *batch) apply(ctx context.Context, e *event.Event) error {
	var c *changing
	var err error
	switch e.What {
	case event.FindingOpened, event.FindingChanged:
		c, err = b.found(e)
	case event.FindingClosed:
		c, err = b.gone(e)
	case event.Baseline:
		c, err = b.baseline(e)
	case event.ActionProposed, event.ActionSettled, event.ActionUnsure:
		c, err = b.acted(ctx, e)
	}
	if err != nil {
		return err
	}
	if c != nil {
		e.Alert = c.ID
	}
	return b.tell(e)
}

// acted ties an action to the alert that it is for.
func (b *batch) acted(ctx context.Context, e *event.Event) (*changing, error) {
	if e.Policy == "" {
		return nil, nil
	}
	c, err := b.about(ctx, e)
	if err != nil || c == nil || e.Intent == "" || slices.Contains(c.Intents, e.Intent) {
		return c, err
	}
	c.Intents, c.noted = join(c.Intents, []string{e.Intent}, maxIntents), true
	return c, nil
}

// found takes a finding that is new, or that is another than it was.
func (b *batch) found(e *event.Event) (*changing, error) {
	key := findingOf(e)
	id, err := b.read(bucketOf, []byte(key))
	if err != nil {
		return nil, err
	}
	if id == nil {
		if e.State == observe || e.Baseline {
			return nil, nil
		}
		return b.enter(e, key)
	}
	c, err := b.alert(string(id))
	if err != nil || c == nil {
		return nil, err
	}
	if e.Group != "" && !bytes.Equal(c.By, gatherBy(e)) { // its owner, or what else gathers it, is another
		if err := b.leave(c, e, key, "it belongs to "+e.Group+" now"); err != nil {
			return nil, err
		}
		return b.enter(e, key)
	}
	value, err := b.read(bucketFindings, findingKey(c.ID, key))
	if err != nil || value == nil {
		return c, err
	}
	f, err := parse[Finding](value, nil)
	if err != nil || f.Event == e.ID {
		return c, err
	}
	f.Event = e.ID
	if slices.ContainsFunc(c.Kept, func(k kept) bool { return k.Finding == key }) && !bytes.Equal(f.Evidence, e.Evidence) {
		f.Now = bounded(e.Evidence)
	}
	c.touch(e)
	return c, b.write(bucketFindings, findingKey(c.ID, key), f)
}

// enter puts a finding into the alert of its group.
func (b *batch) enter(e *event.Event, key string) (*changing, error) {
	c, err := b.current(gatherBy(e))
	if err != nil {
		return nil, err
	}
	if c == nil {
		if c, err = b.open(e, Open); err != nil {
			return nil, err
		}
	}
	if c.State == Resolved {
		c.State, c.why = Open, "it was resolved, and there is a new finding"
	}
	f := &Finding{Ref: e.Ref, Instance: e.Instance, Found: e.Time, Event: e.ID}
	if b.room(c, key) {
		f.Title, f.Evidence, f.Record = short(e.Title), bounded(e.Evidence), bounded(e.Record)
		c.Kept = append(c.Kept, kept{key, true})
	}
	c.Findings++
	c.Total++
	c.touch(e)
	b.put(store.Doc{Bucket: bucketOf, Key: []byte(key), Value: []byte(c.ID)})
	b.recent[recordOf(e)] = c.ID
	return c, b.write(bucketFindings, findingKey(c.ID, key), f)
}

// bounded leaves out what is too large.
func bounded(raw json.RawMessage) json.RawMessage {
	if len(raw) > maxRecordBytes {
		return nil
	}
	return raw
}

// room tells whether a finding is kept whole. One that was kept and closed gives way, the oldest first, and its own earlier
// life before all others.
func (b *batch) room(c *changing, key string) bool {
	at := slices.IndexFunc(c.Kept, func(k kept) bool { return k.Finding == key })
	if at < 0 && len(c.Kept) < KeptFindings {
		return true
	}
	if at < 0 {
		at = slices.IndexFunc(c.Kept, func(k kept) bool { return !k.Open })
	}
	if at < 0 {
		return false
	}
	if c.Kept[at].Finding != key {
		b.drop(bucketFindings, findingKey(c.ID, c.Kept[at].Finding))
	}
	c.Kept = slices.Delete(c.Kept, at, at+1)
	return true
}

// gone takes a finding that does not match any more.
func (b *batch) gone(e *event.Event) (*changing, error) {
	key := findingOf(e)
	id, err := b.read(bucketOf, []byte(key))
	if err != nil {
		return nil, err
	}
	if id == nil {
		if e.Baseline {
			return b.fewer(e)
		}
		return nil, nil
	}
	c, err := b.alert(string(id))
	if err != nil || c == nil {
		return nil, err
	}
	return c, b.leave(c, e, key, e.Reason)
}

// leave takes a finding out of its alert, which closes with the last one.
func (b *batch) leave(c *changing, e *event.Event, key, reason string) error {
	b.drop(bucketOf, []byte(key))
	delete(b.recent, recordOf(e))
	c.Findings = max(c.Findings-1, 0)
	c.Reason, c.why = short(reason), short(reason)
	c.touch(e)
	at := slices.IndexFunc(c.Kept, func(k kept) bool { return k.Finding == key })
	if at < 0 {
		b.drop(bucketFindings, findingKey(c.ID, key))
	} else if err := b.end(c, e, at, reason); err != nil {
		return err
	}
	if c.Findings == 0 {
		return b.close(c, e)
	}
	return nil
}

// end closes a finding that is kept whole.
func (b *batch) end(c *changing, e *event.Event, at int, reason string) error {
	key := findingKey(c.ID, c.Kept[at].Finding)
	c.Kept[at].Open = false
	value, err := b.read(bucketFindings, key)
	if err != nil || value == nil {
		return err
	}
	f, err := parse[Finding](value, nil)
	if err != nil {
		return err
	}
	closed := e.Time
	f.Closed, f.Reason, f.Event = &closed, short(reason), e.ID
	return b.write(bucketFindings, key, f)
}

// baseline takes the count of a first look.
func (b *batch) baseline(e *event.Event) (*changing, error) {
	c, err := b.current(gatherBy(e))
	if err != nil || c != nil && c.Last == e.ID && c.Findings == e.Count {
		return c, err
	}
	switch {
	case c == nil && (e.Count == 0 || e.State == observe):
		return nil, nil
	case c == nil:
		if c, err = b.open(e, Baseline); err != nil {
			return nil, err
		}
	case c.State == Resolved && e.Count > c.Findings:
		c.State, c.why = Baseline, "it was resolved, and a new look found more"
	}
	c.Findings, c.Total, c.Title = e.Count, max(c.Total, e.Count), short(e.Title)
	c.touch(e)
	if c.Findings == 0 {
		c.Reason = "a new look found none"
		return c, b.close(c, e)
	}
	return c, nil
}

// fewer counts a finding of a baseline that is gone.
func (b *batch) fewer(e *event.Event) (*changing, error) {
	c, err := b.current(gatherBy(e))
	if err != nil || c == nil {
		return nil, err
	}
	c.Findings = max(c.Findings-1, 0)
	c.Reason, c.why = short(e.Reason), short(e.Reason)
	c.touch(e)
	if c.Findings == 0 {
		return c, b.close(c, e)
	}
	return c, nil
}
