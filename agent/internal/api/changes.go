package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Change is one entry of an instance's change log.
type Change struct {
	Sequence uint64    `json:"sequence"`
	At       time.Time `json:"at"`
	Instance string    `json:"instance"`
	What     string    `json:"what"`
	Kind     string    `json:"kind"`
	Ref      string    `json:"ref,omitempty"`
	Facet    string    `json:"facet,omitempty"`
	Fields   []string  `json:"fields,omitempty"`
	Count    int       `json:"count,omitempty"`
	Day      string    `json:"day,omitempty"`
	Reason   string    `json:"reason,omitempty"`
}

var whats = map[store.What]string{
	store.Created: "created", store.Updated: "updated", store.Deleted: "deleted", store.Filled: "filled",
	store.Baseline: "baseline", store.Activities: "activities",
}

// changeQuery is a parsed question for changes.
type changeQuery struct {
	instances []*Instance
	kind      wire.Kind // unspecified: every kind
	since     time.Time
	limit     int // the newest; 0: all
	filled    bool
}

const defaultChanges = 50

func (s *server) parseChanges(v url.Values) (*changeQuery, error) {
	q := &changeQuery{limit: defaultChanges, filled: v.Get("filled") == "true"}
	var err error
	if q.instances, err = s.chosen(v["instance"]); err != nil {
		return nil, err
	}
	if k := v.Get("kind"); k != "" {
		var ok bool
		if q.kind, ok = sdk.ParseKind(k); !ok {
			return nil, badRequest("kind %q is not one of account, group, role, membership, activity, file, app, grant, setting, other", k)
		}
	}
	if l := v.Get("limit"); l != "" {
		if q.limit, err = strconv.Atoi(l); err != nil || q.limit < 0 {
			return nil, badRequest("limit %q is not a number of changes", l)
		}
	}
	return q, parseTime(v, "since", &q.since)
}

// changes answers with the newest changes, oldest first, one a line.
func (s *server) changes(w http.ResponseWriter, r *http.Request) error {
	q, err := s.parseChanges(r.URL.Query())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := bufio.NewWriterSize(w, 64<<10)
	trailer := Trailer{Coverage: []Coverage{}}
	all, broken := q.read(r.Context())
	enc := json.NewEncoder(out)
	for _, c := range all {
		trailer.Count++
		if err := enc.Encode(c); err != nil {
			return err
		}
	}
	var kinds []wire.Kind
	if q.kind != wire.Kind_KIND_UNSPECIFIED {
		kinds = append(kinds, q.kind)
	}
	trailer.cover(r.Context(), q.instances, broken, kinds...)
	if err := enc.Encode(trailer); err != nil {
		return err
	}
	return out.Flush()
}

// maxChanges bounds one answer.
const maxChanges = 100_000

// read gives the newest changes of all instances in the order of their time, and the instances that cannot be read.
func (q *changeQuery) read(ctx context.Context) (_ []Change, broken map[string]error) {
	broken = map[string]error{}
	keep := q.limit
	if keep == 0 {
		keep = maxChanges
	}
	var all []Change
	for _, i := range q.instances {
		var mine []Change
		for e, err := range i.Store.Log(ctx, 0) {
			if err != nil {
				broken[i.ID()] = err
				break
			}
			if e.At.Before(q.since) || (e.What == store.Filled && !q.filled) || (q.kind != wire.Kind_KIND_UNSPECIFIED && e.Kind != q.kind) {
				continue
			}
			mine = append(mine, changeOf(i, e))
			if len(mine) >= 2*keep {
				mine = append(mine[:0], mine[len(mine)-keep:]...)
			}
		}
		all = append(all, mine[max(0, len(mine)-keep):]...)
	}
	slices.SortStableFunc(all, func(a, b Change) int { return a.At.Compare(b.At) })
	return all[max(0, len(all)-keep):], broken
}

func changeOf(i *Instance, e store.Entry) Change {
	c := Change{
		Sequence: e.Sequence, At: e.At.UTC(), Instance: i.ID(), What: whats[e.What], Kind: sdk.KindName(e.Kind), Facet: e.Facet,
		Fields: e.Fields, Count: e.Count, Day: e.Day, Reason: e.Reason,
	}
	if e.ID != "" {
		c.Ref = record.Ref{Provider: i.Provider, Instance: i.Name, Kind: e.Kind, ID: e.ID}.String()
	}
	return c
}
