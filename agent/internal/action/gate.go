package action

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/record"
)

// The caps of a policy's actions, where it says nothing: what is beyond waits for a person.
const (
	defaultPerHour = 5
	percentPerHour = 1 // of the records of the target's kind
	maxStuck       = 2 // intents of an instance that got stuck within the hour
)

// restrain says why an intent of a policy needs a person after all; "": it does not. What a person wanted or approved is
// not restrained.
func (e *Engine) restrain(ctx context.Context, i *Intent, target record.Ref) string {
	if i.Policy == "" || i.ApprovedBy != "" {
		return ""
	}
	if e.Doubt != nil {
		if why := e.Doubt(ctx, target); why != "" {
			return why
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if undo := e.back[i.same()]; undo != "" {
		return "a person took the same back (" + undo + "): approve it, or make an exception"
	}
	hour := e.Now().Add(-time.Hour)
	e.stuck = slices.DeleteFunc(e.stuck, func(t time.Time) bool { return t.Before(hour) })
	if len(e.stuck) > maxStuck {
		return fmt.Sprintf("of %d actions within the hour nobody knows what became of them", len(e.stuck))
	}
	sent := slices.DeleteFunc(e.sent[i.Policy], func(s sending) bool { return s.at.Before(hour) })
	e.sent[i.Policy] = sent
	most := i.PerHour
	if most == 0 {
		most = defaultPerHour
		if e.Population != nil {
			most = max(most, e.Population(target.Kind)*percentPerHour/100) //nolint:mnd // percent
		}
	}
	if slices.ContainsFunc(sent, func(s sending) bool { return s.id == i.ID }) {
		return ""
	}
	if int64(len(sent)) >= most {
		return fmt.Sprintf("policy %s has acted %d times within the hour, its max_per_hour is %d", i.Policy, len(sent), most)
	}
	e.sent[i.Policy] = append(sent, sending{i.ID, e.Now()})
	return ""
}
