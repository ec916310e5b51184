package storetest

import (
	"bytes"
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Model is a store in memory, written to be read: what a backend must do, without any of what makes it fast. It keeps
// nothing over Close, checks no input, and is for one goroutine.
type Model struct {
	rows       map[facet]store.Row
	versions   []store.Version
	entries    []store.Entry
	docs       map[doc][]byte
	activities map[event]store.Row
}

type facet struct {
	kind      wire.Kind
	id, facet string
}

type doc struct{ bucket, key string }

type event struct {
	time int64
	id   string
}

// NewModel gives an empty model.
func NewModel() *Model {
	return &Model{rows: map[facet]store.Row{}, docs: map[doc][]byte{}, activities: map[event]store.Row{}}
}

// Commit applies batches one record after the other.
func (m *Model) Commit(_ context.Context, batches ...*store.Batch) ([]store.Result, error) {
	results := make([]store.Result, len(batches))
	m.commitActivities(batches, results)
	var looks []store.Entry
	for i, b := range batches {
		for _, r := range b.Records {
			if r.Kind == wire.Kind_KIND_ACTIVITY {
				continue
			}
			switch r.Op {
			case store.Put:
				looks = m.put(b, r, &results[i], looks)
			case store.DropFacet:
				m.drop(b, r, &results[i])
			case store.Delete:
				m.remove(b, r, &results[i])
			}
		}
		for _, d := range b.Docs {
			if d.Value == nil {
				delete(m.docs, doc{d.Bucket, string(d.Key)})
			} else {
				m.docs[doc{d.Bucket, string(d.Key)}] = append([]byte{}, d.Value...)
			}
		}
	}
	for _, e := range looks {
		m.log(e)
	}
	return results, nil
}

func (m *Model) log(e store.Entry) {
	e.Sequence = uint64(len(m.entries)) + 1
	m.entries = append(m.entries, e)
}

// facets gives the names of the facets that a record has.
func (m *Model) facets(kind wire.Kind, id string) []string {
	var out []string
	for k := range m.rows {
		if k.kind == kind && k.id == id {
			out = append(out, k.facet)
		}
	}
	slices.Sort(out)
	return out
}

func (m *Model) put(b *store.Batch, r store.Record, res *store.Result, looks []store.Entry) []store.Entry {
	key := facet{r.Kind, string(r.ID), b.Home.Listing}
	was, ok := m.rows[key]
	now := store.Row{
		Kind: r.Kind, ID: string(r.ID), Facet: b.Home.Listing, Body: append([]byte(nil), r.Body...), Volatile: append([]byte(nil), r.Volatile...),
		FirstSeen: b.At, Since: b.At, Home: b.Home,
	}
	if !ok {
		return m.create(b, r, now, res, looks)
	}
	now.FirstSeen, now.Since = was.FirstSeen, was.Since
	m.rows[key] = now
	if bytes.Equal(was.Body, now.Body) {
		switch {
		case was.Home != now.Home:
			res.Moved++
		case !bytes.Equal(was.Volatile, now.Volatile):
			res.Volatile++
		default:
			res.Unchanged++
		}
		return looks
	}
	fields, filled, err := record.Diff(r.Kind, was.Body, now.Body)
	e := store.Entry{At: b.At, What: store.Filled, Kind: r.Kind, ID: now.ID, Facet: now.Facet, Fields: fields}
	switch {
	case err == nil && len(fields) == 0:
		res.Volatile++
		return looks
	case err == nil && filled:
		res.Filled++
	default:
		now.Since = latest(b.At, was.Since)
		m.rows[key] = now
		m.version(was, now.Since, false)
		e.What = store.Updated
		res.Updated++
	}
	m.log(e)
	return looks
}

func (m *Model) create(b *store.Batch, r store.Record, now store.Row, res *store.Result, looks []store.Entry) []store.Entry {
	e := store.Entry{At: b.At, What: store.Created, Kind: r.Kind, ID: now.ID, Facet: now.Facet}
	if len(m.facets(r.Kind, now.ID)) > 0 || !slices.Contains(b.Defines, r.Kind) {
		e.What = store.Filled
		e.Fields, _, _ = record.Diff(r.Kind, nil, now.Body)
		res.Filled++
	} else {
		res.Created++
	}
	m.rows[facet{r.Kind, now.ID, now.Facet}] = now
	if !b.Baseline {
		m.log(e)
		return looks
	}
	for i := range looks {
		if looks[i].Kind == r.Kind && looks[i].Facet == now.Facet {
			looks[i].Count++
			return looks
		}
	}
	return append(looks, store.Entry{At: b.At, What: store.Baseline, Kind: r.Kind, Facet: now.Facet, Reason: b.Reason, Count: 1})
}

func (m *Model) version(was store.Row, until time.Time, deleted bool) {
	was.Volatile = nil
	m.versions = append(m.versions, store.Version{Row: was, Until: until, Deleted: deleted})
}

func (m *Model) drop(b *store.Batch, r store.Record, res *store.Result) {
	key := facet{r.Kind, string(r.ID), b.Home.Listing}
	was, ok := m.rows[key]
	if !ok {
		return
	}
	delete(m.rows, key)
	m.version(was, latest(b.At, was.Since), true)
	e := store.Entry{At: b.At, What: store.Deleted, Kind: r.Kind, ID: was.ID, Facet: was.Facet, Reason: b.Reason}
	if len(m.facets(r.Kind, was.ID)) > 0 {
		e.What = store.Filled
		e.Fields, _, _ = record.Diff(r.Kind, was.Body, nil)
		res.Filled++
	} else {
		res.Deleted++
	}
	m.log(e)
}

func (m *Model) remove(b *store.Batch, r store.Record, res *store.Result) {
	names := m.facets(r.Kind, string(r.ID))
	for _, f := range names {
		key := facet{r.Kind, string(r.ID), f}
		m.version(m.rows[key], latest(b.At, m.rows[key].Since), true)
		delete(m.rows, key)
	}
	if len(names) > 0 {
		res.Deleted++
		m.log(store.Entry{At: b.At, What: store.Deleted, Kind: r.Kind, ID: string(r.ID), Facet: b.Home.Listing, Reason: b.Reason})
	}
}

func (m *Model) commitActivities(batches []*store.Batch, results []store.Result) {
	last := map[event]*store.Record{} // within a commit the later of two stands
	for _, b := range batches {
		for i, r := range b.Records {
			if r.Kind == wire.Kind_KIND_ACTIVITY && r.Op == store.Put {
				last[event{r.Time, string(r.ID)}] = &b.Records[i]
			}
		}
	}
	days := map[string]*store.Entry{}
	for i, b := range batches {
		for j := range b.Records {
			r := &b.Records[j]
			if r.Kind != wire.Kind_KIND_ACTIVITY || r.Op != store.Put {
				continue
			}
			m.activity(b, r, last[event{r.Time, string(r.ID)}] == r, &results[i], days)
		}
	}
	for _, day := range slices.Sorted(maps.Keys(days)) {
		m.log(*days[day])
	}
}

func (m *Model) activity(b *store.Batch, r *store.Record, stands bool, res *store.Result, days map[string]*store.Entry) {
	key := event{r.Time, string(r.ID)}
	was, ok := m.activities[key]
	if !stands || ok && bytes.Equal(was.Body, r.Body) {
		res.Unchanged++
		return
	}
	now := store.Row{Kind: r.Kind, ID: string(r.ID), Facet: b.Home.Listing, Body: bytes.Clone(r.Body), FirstSeen: b.At, Since: b.At, Home: b.Home}
	day := time.Unix(0, r.Time).UTC().Format(time.DateOnly)
	if days[day] == nil {
		days[day] = &store.Entry{What: store.Activities, Kind: r.Kind, Day: day}
	}
	days[day].At = latest(b.At, days[day].At)
	if ok {
		now.FirstSeen = was.FirstSeen
		res.Updated++
	} else {
		days[day].Count++
		res.Created++
	}
	m.activities[key] = now
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Doc reads one document.
func (m *Model) Doc(bucket string, key []byte) ([]byte, error) {
	return m.docs[doc{bucket, string(key)}], nil
}

// Docs reads documents in order.
func (m *Model) Docs(_ context.Context, bucket string, prefix []byte) iter.Seq2[store.Doc, error] {
	var out []store.Doc
	for k, v := range m.docs {
		if k.bucket == bucket && strings.HasPrefix(k.key, string(prefix)) {
			out = append(out, store.Doc{Bucket: bucket, Key: []byte(k.key), Value: v})
		}
	}
	slices.SortFunc(out, func(a, b store.Doc) int { return bytes.Compare(a.Key, b.Key) })
	return each(out)
}

func inRange(r store.Range, row store.Row) bool {
	p := r.After
	return (r.Kind == 0 || r.Kind == row.Kind) && strings.HasPrefix(row.ID, r.Prefix) && (r.ID == "" || r.ID == row.ID) &&
		(p == nil || cmp.Or(cmp.Compare(row.Kind, p.Kind), cmp.Compare(row.ID, p.ID)) > 0)
}

func order(a, b store.Row) int {
	return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Facet, b.Facet))
}

// Rows reads facets, now or then.
func (m *Model) Rows(_ context.Context, r store.Range) iter.Seq2[store.Row, error] {
	found := map[facet]store.Row{}
	if !r.At.IsZero() {
		for _, v := range m.versions { // the latest that held speaks
			if !v.Since.After(r.At) && v.Until.After(r.At) {
				key := facet{v.Kind, v.ID, v.Facet}
				if !slices.ContainsFunc(m.versions, func(w store.Version) bool {
					return w.Kind == v.Kind && w.ID == v.ID && w.Facet == v.Facet && w.Until.After(v.Until) && !w.Since.After(r.At)
				}) {
					found[key] = v.Row
				}
			}
		}
	}
	for k, row := range m.rows {
		if r.At.IsZero() || !row.Since.After(r.At) && !row.FirstSeen.After(r.At) {
			if !r.At.IsZero() {
				row.Volatile = nil
			}
			found[k] = row
		}
	}
	var out []store.Row
	for _, row := range found {
		if inRange(r, row) {
			out = append(out, row)
		}
	}
	slices.SortFunc(out, order)
	return each(out)
}

// History reads what was replaced.
func (m *Model) History(_ context.Context, r store.Range) iter.Seq2[store.Version, error] {
	var out []store.Version
	for _, v := range m.versions {
		if inRange(r, v.Row) {
			out = append(out, v)
		}
	}
	slices.SortStableFunc(out, func(a, b store.Version) int { return cmp.Or(order(a.Row, b.Row), a.Until.Compare(b.Until)) })
	return each(out)
}

// Log reads the entries after a sequence.
func (m *Model) Log(_ context.Context, after uint64) iter.Seq2[store.Entry, error] {
	return each(m.entries[min(after, uint64(len(m.entries))):])
}

// Activities reads the activities of a time.
func (m *Model) Activities(_ context.Context, from, until time.Time) iter.Seq2[store.Row, error] {
	keys := slices.SortedFunc(maps.Keys(m.activities), func(a, b event) int {
		return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.id, b.id))
	})
	var out []store.Row
	for _, k := range keys {
		if t := time.Unix(0, k.time); (from.IsZero() || !t.Before(from)) && (until.IsZero() || t.Before(until)) {
			out = append(out, m.activities[k])
		}
	}
	return each(out)
}

// Close does nothing.
func (m *Model) Close() error { return nil }

func each[T any](items []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
	}
}
