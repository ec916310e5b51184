package api

import (
	"cmp"
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

// Event is one thing that happened around somebody or something.
type Event struct {
	Time     time.Time `json:"time"`
	Instance string    `json:"instance"`
	// Event is activity (the provider's log tells it) or change (we saw that it is different).
	Event string `json:"event"`
	// What: the type of the activity; or created, updated, deleted, first_seen.
	What string `json:"what"`
	// Action is the provider's own word for an activity, Kind that of the changed record.
	Action   string   `json:"action,omitempty"`
	Kind     string   `json:"kind,omitempty"`
	Ref      string   `json:"ref"`
	Who      string   `json:"who,omitempty"`
	Targets  []string `json:"targets,omitempty"`
	IP       string   `json:"ip,omitempty"`
	Location string   `json:"location,omitempty"`
	Outcome  string   `json:"outcome,omitempty"`
	Fields   []string `json:"fields,omitempty"`
	Reason   string   `json:"reason,omitempty"`
}

type timelineQuery struct {
	x            string
	since, until time.Time
	limit        int
}

const (
	defaultTimeline = 7 * 24 * time.Hour
	maxEvents       = 100_000 // of one answer, the newest
)

func parseTimeline(v url.Values) (*timelineQuery, error) {
	x, err := asked(v)
	if err != nil {
		return nil, err
	}
	q := &timelineQuery{x: x, since: time.Now().Add(-defaultTimeline), until: time.Now().Add(24 * time.Hour), limit: maxEvents}
	for name, to := range map[string]*time.Time{"since": &q.since, "until": &q.until} {
		if err := parseTime(v, name, to); err != nil {
			return nil, err
		}
	}
	if l := v.Get("limit"); l != "" {
		n, err := strconv.Atoi(l)
		if err != nil || n < 0 {
			return nil, badRequest("limit %q is not a number of events", l)
		}
		if n > 0 {
			q.limit = min(n, maxEvents)
		}
	}
	return q, nil
}

// timeline answers with the newest events, oldest first.
func (s *server) timeline(w http.ResponseWriter, r *http.Request) error {
	q, err := parseTimeline(r.URL.Query())
	if err != nil {
		return err
	}
	var (
		events  []Event
		trailer Trailer
	)
	kinds := []wire.Kind{wire.Kind_KIND_ACCOUNT, wire.Kind_KIND_GROUP, wire.Kind_KIND_MEMBERSHIP, wire.Kind_KIND_GRANT}
	err = s.ask(r.Context(), kinds, func(v *question) error {
		sub, err := v.subject(q.x)
		if err != nil {
			return err
		}
		t := &timeline{question: v, timelineQuery: q, emails: map[string]bool{}}
		for _, e := range sub.emails {
			t.emails[e] = true
		}
		for _, i := range v.instances {
			if err := t.read(i, sub.refs); err != nil {
				v.broken[i.ID()] = err
			}
		}
		events = t.sorted()
		among := v.instances // logs of all may name an address
		if len(sub.emails) == 0 {
			among = v.of(sub.refs)
		}
		trailer = s.trailer(r.Context(), v, among, wire.Kind_KIND_ACTIVITY, sub.refs[0].Kind, wire.Kind_KIND_MEMBERSHIP)
		return r.Context().Err()
	})
	if err != nil {
		return err
	}
	return send(w, trailer, events)
}

// timeline gathers the events around some records.
type timeline struct {
	*question
	*timelineQuery
	emails map[string]bool
	events []Event
}

func (t *timeline) add(e Event) {
	t.events = append(t.events, e)
	if len(t.events) >= 2*t.limit+1000 {
		t.events = t.sorted()
	}
}

// sorted gives the newest events in the order of their time.
func (t *timeline) sorted() []Event {
	slices.SortStableFunc(t.events, func(a, b Event) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Instance, b.Instance)) })
	return t.events[max(0, len(t.events)-t.limit):]
}

// read takes what one instance has.
func (t *timeline) read(i *Instance, refs []record.Ref) error {
	ids := map[[2]string]bool{} // kind and id of those of this instance
	for _, r := range refs {
		if r.Provider == i.Provider && r.Instance == i.Name {
			ids[[2]string{sdk.KindName(r.Kind), r.ID}] = true
		}
	}
	if err := t.activities(i, ids); err != nil || len(ids) == 0 {
		return err
	}
	return t.changes(i, ids)
}

// about says whether a ref of an instance means one of those.
func (t *timeline) about(r *wire.Ref, ids map[[2]string]bool) bool {
	if r == nil {
		return false
	}
	if r.GetId() != "" && ids[[2]string{sdk.KindName(r.GetKind()), r.GetId()}] {
		return true
	}
	return len(t.emails) > 0 && t.emails[record.Email(r.GetEmail())]
}

// activities reads the day files. Only who and what is decoded of those that are about somebody else.
func (t *timeline) activities(i *Instance, ids map[[2]string]bool) error {
	const actorField, targetsField, appField = 5, 6, 13
	parties := record.FieldSet(actorField, targetsField, appField)
	var part []byte
	for row, err := range i.Store.Activities(t.ctx, t.since, t.until) {
		if err != nil {
			return err
		}
		if part, err = record.Part(part[:0], row.Body, parties); err != nil {
			return err
		}
		var who wire.Activity
		if err := who.UnmarshalVT(part); err != nil {
			return err
		}
		match := t.about(who.GetActor(), ids) || t.about(who.GetApp(), ids)
		for _, target := range who.GetTargets() {
			match = match || t.about(target, ids)
		}
		if !match {
			continue
		}
		var a wire.Activity
		if err := a.UnmarshalVT(row.Body); err != nil {
			return err
		}
		t.add(t.activity(i, row.ID, &a))
	}
	return nil
}

func (t *timeline) activity(i *Instance, id string, a *wire.Activity) Event {
	e := Event{
		Time: a.GetTime().AsTime(), Instance: i.ID(), Event: "activity", What: a.GetType(), Action: a.GetAction(), IP: a.GetIp(),
		Location: a.GetLocation(), Outcome: a.GetOutcome(), Who: t.party(i, a.GetActor()),
		Ref: record.Ref{Provider: i.Provider, Instance: i.Name, Kind: wire.Kind_KIND_ACTIVITY, ID: id}.String(),
	}
	for _, target := range a.GetTargets() {
		e.Targets = append(e.Targets, t.party(i, target))
	}
	return e
}

// party is who or what a ref means, as people say it.
func (t *timeline) party(i *Instance, r *wire.Ref) string {
	if r == nil {
		return ""
	}
	for _, s := range []string{r.GetName(), r.GetEmail()} {
		if s != "" {
			return s
		}
	}
	if n := t.name(record.Ref{Provider: i.Provider, Instance: i.Name, Kind: r.GetKind(), ID: r.GetId()}); n != "" {
		return n
	}
	return r.GetId()
}

// bond is a record that ties two others: a membership or a grant.
type bond struct{ who, what string }

// changes reads the log for the records themselves, and for the memberships and grants that are or were theirs.
func (t *timeline) changes(i *Instance, ids map[[2]string]bool) error {
	bonds, err := t.bonds(i, ids)
	if err != nil {
		return err
	}
	created := map[[2]string]bool{}
	for e, err := range i.Store.Log(t.ctx, 0) {
		if err != nil {
			return err
		}
		if e.ID == "" || e.What == store.Filled {
			continue
		}
		id := [2]string{sdk.KindName(e.Kind), e.ID}
		b, bound := bonds[id]
		if !ids[id] && !bound {
			continue
		}
		created[id] = created[id] || e.What == store.Created
		if e.At.Before(t.since) || !e.At.Before(t.until) {
			continue
		}
		ev := Event{
			Time: e.At.UTC(), Instance: i.ID(), Event: "change", What: whats[e.What], Kind: id[0], Fields: e.Fields, Reason: e.Reason,
			Ref: record.Ref{Provider: i.Provider, Instance: i.Name, Kind: e.Kind, ID: e.ID}.String(), Who: b.who,
		}
		if bound && b.what != "" {
			ev.Targets = []string{b.what}
		}
		t.add(ev)
	}
	return t.firstSeen(i, ids, created)
}

// firstSeen: the log does not name what the first list gave, the records do.
func (t *timeline) firstSeen(i *Instance, ids, created map[[2]string]bool) error {
	for id := range ids {
		kind, _ := sdk.ParseKind(id[0])
		if created[id] {
			continue
		}
		var first time.Time
		for row, err := range i.Store.Rows(t.ctx, store.Range{Kind: kind, ID: id[1]}) {
			if err != nil {
				return err
			}
			if first.IsZero() || row.FirstSeen.Before(first) {
				first = row.FirstSeen
			}
		}
		if !first.IsZero() && !first.Before(t.since) && first.Before(t.until) {
			t.add(Event{
				Time: first.UTC(), Instance: i.ID(), Event: "change", What: "first_seen", Kind: id[0],
				Ref: record.Ref{Provider: i.Provider, Instance: i.Name, Kind: kind, ID: id[1]}.String(),
			})
		}
	}
	return nil
}

// bonds are the memberships and grants of the records: those of now by the index, former ones by the history.
func (t *timeline) bonds(i *Instance, ids map[[2]string]bool) (map[[2]string]bond, error) {
	out := map[[2]string]bond{}
	take := func(kind wire.Kind, id string, body []byte) {
		who, what := ends(kind, body)
		if t.about(who, ids) || t.about(what, ids) {
			out[[2]string{sdk.KindName(kind), id}] = bond{t.party(i, who), t.party(i, what)}
		}
	}
	kinds := []wire.Kind{wire.Kind_KIND_MEMBERSHIP, wire.Kind_KIND_GRANT}
	for _, kind := range kinds {
		for v, err := range i.Store.History(t.ctx, store.Range{Kind: kind}) {
			if err != nil {
				return nil, err
			}
			if !v.Until.Before(t.since) {
				take(kind, v.ID, v.Body)
			}
		}
	}
	for id := range ids {
		kind, _ := sdk.ParseKind(id[0])
		key := keyOf(record.Ref{Provider: i.Provider, Instance: i.Name, Kind: kind, ID: id[1]})
		for _, k := range t.Graph().Carriers(key, kinds...) {
			for row, err := range i.Store.Rows(t.ctx, store.Range{Kind: k.Kind, ID: k.ID}) {
				if err != nil {
					return nil, err
				}
				take(k.Kind, k.ID, row.Body)
			}
		}
	}
	return out, nil
}

// ends are who has and what is had.
func ends(kind wire.Kind, body []byte) (who, what *wire.Ref) {
	if kind == wire.Kind_KIND_MEMBERSHIP {
		m := &wire.Membership{}
		if m.UnmarshalVT(body) != nil {
			return nil, nil
		}
		return m.GetMember(), m.GetContainer()
	}
	g := &wire.Grant{}
	if g.UnmarshalVT(body) != nil {
		return nil, nil
	}
	if g.GetResource() != nil {
		return g.GetAccount(), g.GetResource()
	}
	return g.GetAccount(), g.GetApp()
}
