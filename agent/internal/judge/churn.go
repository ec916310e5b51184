package judge

import (
	"context"
	"fmt"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// More records than these, of a kind, that come or go within an hour are not believed without a person: a provider that gives
// other ids, or half of a tenant twice, looks like that.
const (
	churnRecords = 20
	churnPercent = 20
	churnTime    = time.Hour
)

// churn is how many records of a kind came and went since.
type churn struct {
	Since time.Time `json:"since"`
	Came  int       `json:"came,omitempty"`
	Went  int       `json:"went,omitempty"`
}

func (c *churn) add(e store.Entry, by int) {
	switch e.What { //nolint:exhaustive // the others neither come nor go
	case store.Created:
		c.Came += by
	case store.Deleted:
		c.Went += by
	}
}

// acts says whether any policy may lead to an action: only then it matters what to believe.
func (j *Judge) acts() bool {
	if j.Propose == nil {
		return false
	}
	for _, r := range j.rules {
		if r.Mode == modeEnforce && len(r.Actions) > 0 {
			return true
		}
	}
	return false
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
	if e.What != store.Created && e.What != store.Deleted {
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
	for _, k := range append([]wire.Kind{r.Kind}, r.reads.Kinds...) {
		came, went := 0, 0
		if c := j.state.Churn[k]; c != nil && j.since(c.Since) <= churnTime {
			came, went = c.Came, c.Went
		}
		if a := j.ahead[k]; a != nil {
			came, went = came+a.Came, went+a.Went
		}
		if n := max(came, went); k != wire.Kind_KIND_ACTIVITY && n > churnRecords && int64(n)*100 > (total[k]+int64(went))*churnPercent {
			return fmt.Sprintf("%d records of kind %s came or went within an hour", n, sdk.KindName(k))
		}
	}
	return ""
}
