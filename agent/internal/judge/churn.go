package judge

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/view"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// More records than these that come, go, or change in what a policy reads, within an hour, are not believed without a person:
// a provider that gives other ids, half of a tenant twice, or everybody as suspended, looks like that. Of few records a fifth
// are many, of more than a hundred 20, of very many a hundredth.
const (
	churnTime    = time.Hour
	churnLeast   = 5
	churnRecords = 20
	churnPart    = 5
	churnLarge   = 100
)

// many says whether n of so many records are.
func many(n int, of int64) bool {
	return int64(n) > max(churnLeast, min(churnRecords, of/churnPart), of/churnLarge)
}

// churn is how many records of a kind came and went since, and in how many a field changed; "": it is not known which.
type churn struct {
	Since  time.Time      `json:"since"`
	Came   int            `json:"came,omitempty"`
	Went   int            `json:"went,omitempty"`
	Fields map[string]int `json:"fields,omitempty"`
}

func (c *churn) add(e store.Entry, by int) {
	switch e.What {
	case store.Created:
		c.Came += by
	case store.Deleted:
		c.Went += by
	case store.Updated, store.Filled:
		if c.Fields == nil {
			c.Fields = map[string]int{}
		}
		for _, f := range e.Fields {
			c.Fields[f] += by
		}
		if len(e.Fields) == 0 {
			c.Fields[""] += by
		}
	case store.Baseline, store.Activities:
	}
}

// changed is in how many records a field did, of those that are read; nil: all are.
func (c *churn) changed(f string, read []string) int {
	if read != nil && f != "" && !slices.Contains(read, f) {
		return 0
	}
	return c.Fields[f]
}

// acts says whether any policy may lead to an action: only then it matters what to believe.
func (j *Judge) acts() bool {
	if j.Propose == nil {
		return false
	}
	return slices.ContainsFunc(j.rules, (*rule).acts)
}

func (r *rule) acts() bool { return r.Mode == modeEnforce && len(r.Actions) > 0 }

// crowded says whether a walk is about to find many among some records. known are those that have a finding.
func (j *Judge) crowded(r *rule, records []view.Found, known []store.Doc) (bool, error) {
	if j.Propose == nil || !r.acts() {
		return false, nil
	}
	has, n := map[string]bool{}, 0
	for _, d := range known {
		has[string(d.Key)] = true
	}
	for i := range records {
		if has[string(r.key(records[i].Ref.ID, 0, ""))] {
			continue
		}
		v, err := j.judge(r, &records[i], nil, nil)
		if err != nil {
			return false, err
		}
		if v == policy.Match {
			n++
		}
	}
	return many(n, int64(len(records))), nil
}

// lookAhead counts what the log is going to tell, so that the first of many is doubted like the last.
func (j *Judge) lookAhead(ctx context.Context) error {
	j.ahead = map[wire.Kind]*churn{}
	if !j.acts() {
		return nil
	}
	n := 0
	for e, err := range j.Store.Log(ctx, j.state.Position) {
		if err != nil {
			return err
		}
		if j.ahead[e.Kind] == nil {
			j.ahead[e.Kind] = &churn{}
		}
		j.ahead[e.Kind].add(e, 1)
		if n++; n >= maxEntries {
			break
		}
	}
	return nil
}

// churned counts an entry that is handled.
func (j *Judge) churned(e store.Entry) {
	if e.ID == "" {
		return
	}
	c := j.state.Churn[e.Kind]
	if c == nil || e.At.Sub(c.Since) > churnTime || c.Since.After(e.At) {
		c = &churn{Since: e.At}
		if j.state.Churn == nil {
			j.state.Churn = map[wire.Kind]*churn{}
		}
		j.state.Churn[e.Kind] = c
	}
	c.add(e, 1)
	if a := j.ahead[e.Kind]; a != nil {
		a.add(e, -1)
	}
}

// doubt is why nothing is to be done without a person on what a policy finds now; "" is nothing.
func (j *Judge) doubt(r *rule, facets []string) string {
	for _, facet := range facets {
		if j.Shrunk != nil && j.Shrunk(facet) {
			return "the last list of " + facet + " was so much smaller that it is not believed yet"
		}
	}
	total := j.Store.Counts()
	if r.Kind != wire.Kind_KIND_ACTIVITY && (r.crowd || many(r.standing.found(j.Now()), total[r.Kind])) {
		return "the policy found so many within an hour that something else may be wrong"
	}
	kinds := append([]wire.Kind{r.Kind}, r.reads.Kinds...)
	if r.reads.People {
		kinds = append(kinds, wire.Kind_KIND_ACCOUNT)
	}
	for _, k := range kinds {
		if k == wire.Kind_KIND_ACTIVITY {
			continue // what happens is no list
		}
		if why := j.unlikely(k, r.readsOf(k), total[k]); why != "" {
			return why
		}
	}
	return ""
}

// unlikely is why what a kind's records say now is not believed. fields are those that are read; nil: all.
func (j *Judge) unlikely(k wire.Kind, fields []string, total int64) string {
	c, a := j.state.Churn[k], j.ahead[k]
	if c == nil || j.since(c.Since) > churnTime {
		c = &churn{}
	}
	if a == nil {
		a = &churn{}
	}
	went := c.Went + a.Went
	if n := max(c.Came+a.Came, went); many(n, total+int64(went)) {
		return fmt.Sprintf("%d records of kind %s came or went within an hour", n, sdk.KindName(k))
	}
	for _, one := range []*churn{c, a} {
		for f := range one.Fields {
			if n := c.changed(f, fields) + a.changed(f, fields); many(n, total) {
				return fmt.Sprintf("%d records of kind %s changed alike within an hour", n, sdk.KindName(k))
			}
		}
	}
	return ""
}

// readsOf are the fields of a kind that a policy reads; nil: they may be any.
func (r *rule) readsOf(k wire.Kind) []string {
	switch fields, some := r.reads.Looked[k]; {
	case k == r.Kind && !r.momentary && !r.rests(k):
		return r.reads.Fields
	case some && k != r.Kind:
		return fields
	}
	return nil
}

// found is how many records a policy has found within the hour.
func (s *standing) found(now time.Time) int {
	if now.Sub(s.Found.Since) > churnTime {
		return 0
	}
	return s.Found.Came
}

// finds counts one.
func (s *standing) finds(now time.Time) {
	if now.Sub(s.Found.Since) > churnTime {
		s.Found = churn{Since: now}
	}
	s.Found.Came++
}
