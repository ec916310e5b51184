package alert

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/store"
)

const (
	// keepClosed is how long an alert stays after its last finding went.
	keepClosed = 400 * 24 * time.Hour
	sweepEvery = time.Hour
	// maxSweep findings, or alerts, go in one commit.
	maxSweep = 1000
)

// sweep takes away what nobody will ask for any more: findings of instances whose data is gone, and alerts that closed long
// ago.
func (a *Alerts) sweep(ctx context.Context) error {
	if a.Exists != nil {
		for d, err := range a.Store.Docs(ctx, bucketPositions, nil) {
			if err != nil {
				return err
			}
			if id := string(d.Key); !a.Exists(id) {
				if err := a.forget(ctx, id); err != nil {
					return err
				}
			}
		}
	}
	var old []string
	for c, err := range All(ctx, a.Store, Filter{States: []string{Closed}}) {
		if err != nil {
			return err
		}
		if c.Closed.Before(a.Now().Add(-keepClosed)) && len(old) < maxSweep {
			old = append(old, c.ID)
		}
	}
	for _, id := range old {
		if err := a.remove(ctx, id); err != nil {
			return err
		}
	}
	return nil
}

// remove takes a closed alert away.
func (a *Alerts) remove(ctx context.Context, id string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := &store.Batch{At: a.Now(), Docs: []store.Doc{{Bucket: bucketAlerts, Key: []byte(id)}}}
	for d, err := range a.Store.Docs(ctx, bucketFindings, findingKey(id, "")) {
		if err != nil {
			return err
		}
		b.Docs = append(b.Docs, store.Doc{Bucket: bucketFindings, Key: d.Key})
	}
	_, err := a.Store.Commit(ctx, b)
	return err
}

// forget closes the findings of an instance whose data is gone.
func (a *Alerts) forget(ctx context.Context, instance string) error {
	for {
		n, err := a.forgetSome(ctx, instance)
		if err != nil {
			return fmt.Errorf("alerts of %s: %w", instance, err)
		}
		if n < maxSweep {
			break
		}
	}
	drop := store.Doc{Bucket: bucketPositions, Key: []byte(instance)}
	_, err := a.Store.Commit(ctx, &store.Batch{At: a.Now(), Docs: []store.Doc{drop}})
	return err
}

func (a *Alerts) forgetSome(ctx context.Context, instance string) (n int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	b := newBatch(a.Store)
	for alert, err := range All(ctx, a.Store, Filter{States: []string{Open, Resolved, Baseline}}) {
		if err != nil {
			return 0, err
		}
		if !slices.Contains(alert.Instances, instance) && len(alert.Instances) < maxInstances {
			continue
		}
		c, err := b.alert(alert.ID)
		if err != nil || c == nil {
			return 0, err
		}
		some, err := b.forget(ctx, c, instance, maxSweep-n, a.Now().UTC())
		if n += some; err != nil {
			return 0, err
		}
		if n >= maxSweep {
			break
		}
	}
	return n, a.commit(ctx, b)
}

// forget closes at most so many findings of an instance in one alert.
func (b *batch) forget(ctx context.Context, c *changing, instance string, most int, at time.Time) (n int, err error) {
	e := event.Event{ID: "forget-" + instance, Time: at, What: event.FindingClosed, Instance: instance, Reason: "the data of " + instance + " was removed"}
	if c.isBaseline() {
		if !bytes.HasSuffix(c.By, []byte("\x00"+instance)) {
			return 0, nil
		}
		c.Findings, c.Reason = 0, e.Reason
		c.touch(&e)
		return 1, b.close(c, &e)
	}
	for d, err := range b.from.Docs(ctx, bucketFindings, findingKey(c.ID, "")) {
		f, err := parse[Finding](d.Value, err)
		if err != nil {
			return n, err
		}
		if f.Instance != instance || f.Closed != nil {
			continue
		}
		if n++; n > most {
			return most, nil
		}
		of, key := e, strings.TrimPrefix(string(d.Key), c.ID+"\x00")
		of.Ref, of.ID = f.Ref, e.ID+"-"+key
		if err := b.leave(c, &of, key, e.Reason); err != nil {
			return n, err
		}
	}
	return n, nil
}
