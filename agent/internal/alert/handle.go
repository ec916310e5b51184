package alert

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mooring-hq/mooring/agent/internal/audit"
	"github.com/mooring-hq/mooring/agent/internal/record"
)

// Get reads one alert. The ID may be cut short as long as it means one.
func (a *Alerts) Get(ctx context.Context, id string) (*Alert, error) { return Find(ctx, a.Store, id) }

// Assign says who handles an alert; "" is nobody.
func (a *Alerts) Assign(ctx context.Context, id, to, author string) (*Alert, error) {
	to = strings.TrimSpace(to)
	if e := record.Email(to); e != "" {
		to = e
	}
	if err := checkText(to); err != nil {
		return nil, err
	}
	return a.change(ctx, id, author, "alert assigned", func(c *changing) error {
		if c.State == Closed {
			return invalid("alert %s is closed: nobody has to handle it", c.ID)
		}
		c.Assignee, c.why = to, "assigned to "+to
		if to == "" {
			c.why = "assigned to nobody"
		}
		return nil
	})
}

// Resolve says what an alert came to.
func (a *Alerts) Resolve(ctx context.Context, id, verdict, note, author string) (*Alert, error) {
	if !slices.Contains([]string{TruePositive, Benign, FalsePositive}, verdict) {
		return nil, invalid("the verdict is one of %s, %s, %s, not %.64q", TruePositive, Benign, FalsePositive, verdict)
	}
	if err := checkText(note); err != nil {
		return nil, err
	}
	return a.change(ctx, id, author, "alert resolved", func(c *changing) error {
		c.Resolution = &Resolution{Verdict: verdict, Note: strings.TrimSpace(note), By: author, At: a.Now().UTC()}
		c.why = "resolved as " + verdict
		if c.State != Closed { // of which the verdict is worth keeping too
			c.State = Resolved
		}
		return nil
	})
}

// Reopen takes a resolution back.
func (a *Alerts) Reopen(ctx context.Context, id, note, author string) (*Alert, error) {
	if err := checkText(note); err != nil {
		return nil, err
	}
	return a.change(ctx, id, author, "alert reopened", func(c *changing) error {
		switch c.State {
		case Closed:
			return invalid("alert %s is closed: nothing that its policy minds is left of it", c.ID)
		case Open, Baseline:
			return invalid("alert %s is not resolved", c.ID)
		}
		c.State, c.Resolution, c.why = Open, nil, "opened again"
		if c.isBaseline() {
			c.State = Baseline
		}
		if note = strings.TrimSpace(note); note != "" {
			c.why += ": " + note
		}
		return nil
	})
}

func checkText(s string) error {
	if len(s) > maxTextBytes || !utf8.ValidString(s) {
		return invalid("a text of more than %d bytes, or with bytes that are no text", maxTextBytes)
	}
	return nil
}

// change does to an alert what a person wants, after it was written down.
func (a *Alerts) change(ctx context.Context, id, author, what string, do func(*changing) error) (*Alert, error) {
	if author == "" {
		return nil, invalid("who asks is not known")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	found, err := find(ctx, a.Store, id)
	if err != nil {
		return nil, err
	}
	b := newBatch(a.Store)
	c := b.add(found)
	if err := do(c); err != nil {
		return nil, err
	}
	c.by, c.updated, c.Updated = author, true, a.Now().UTC()
	detail, err := json.Marshal(struct {
		Alert      string      `json:"alert"`
		Policy     string      `json:"policy"`
		State      string      `json:"state"`
		Assignee   string      `json:"assignee,omitempty"`
		Resolution *Resolution `json:"resolution,omitempty"`
		Reason     string      `json:"reason"`
	}{c.ID, c.Policy, c.State, c.Assignee, c.Resolution, c.why})
	if err != nil {
		return nil, fmt.Errorf("alert %s: %w", c.ID, err)
	}
	if err := a.Audit.Append(audit.Entry{What: what, Actor: author, Target: c.Ref, Detail: detail}); err != nil {
		return nil, fmt.Errorf("nothing is changed, because it could not be written down: %w", err)
	}
	if err := a.commit(ctx, b); err != nil {
		return nil, err
	}
	return &c.Alert, nil
}
