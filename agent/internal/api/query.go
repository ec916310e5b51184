package api

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/view"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// maxSorted is how many records one sorted answer may have.
const maxSorted = 100_000

// query is a parsed question for records.
type query struct {
	kind      wire.Kind
	where     *policy.Condition
	looker    *looker
	instances []*Instance
	span      view.Span
	at        time.Time
	sort      string // a field; "-field" descending
	limit     int    // 0: all
}

func (s *server) parseQuery(v url.Values) (*query, error) {
	q := &query{}
	var ok bool
	if q.kind, ok = sdk.ParseKind(v.Get("kind")); q.kind == wire.Kind_KIND_PERSON {
		return nil, badRequest("people are made of accounts: ask `mooring person WHO`")
	}
	if !ok {
		return nil, badRequest("kind %q is not one of account, group, role, membership, activity, file, app, grant, setting, other", v.Get("kind"))
	}
	if src := v.Get("where"); src != "" {
		condition, err := policy.Compile(q.kind, src)
		if err != nil {
			return nil, badRequest("where: %v", err)
		}
		q.where = condition
	}
	var err error
	if q.instances, err = s.chosen(v["instance"]); err != nil {
		return nil, err
	}
	q.span = view.Span{Kind: q.kind, ID: v.Get("id"), Until: time.Now().Add(24 * time.Hour)}
	for name, to := range map[string]*time.Time{"at": &q.at, "since": &q.span.Since, "until": &q.span.Until} {
		if err := parseTime(v, name, to); err != nil {
			return nil, err
		}
	}
	q.sort = v.Get("sort")
	if field := strings.TrimPrefix(q.sort, "-"); field != "" && !slices.Contains(Fields(q.kind), field) {
		return nil, badRequest("sort: %s has no field %q; it has: %s", sdk.KindName(q.kind), field, strings.Join(Fields(q.kind), ", "))
	}
	if l := v.Get("limit"); l != "" {
		if q.limit, err = strconv.Atoi(l); err != nil || q.limit < 0 {
			return nil, badRequest("limit %q is not a number of records", l)
		}
	}
	return q, nil
}

// Fields of a kind's records, as every output names them.
func Fields(k wire.Kind) []string {
	m := sdk.NewRecord(k)
	if m == nil {
		return nil
	}
	names := []string{"ref"}
	fields := m.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		names = append(names, string(fields.Get(i).Name()))
	}
	return names
}

// parseTime reads RFC 3339, a date, or an age such as 36h or 7d.
func parseTime(v url.Values, name string, to *time.Time) error {
	text := v.Get(name)
	if text == "" {
		return nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			*to = t
			return nil
		}
	}
	age := text
	if days, isDays := strings.CutSuffix(text, "d"); isDays {
		if n, err := strconv.Atoi(days); err == nil {
			age = strconv.Itoa(n*24) + "h"
		}
	}
	d, err := time.ParseDuration(age)
	if err != nil {
		return badRequest("%s %q is not a time: write 2026-11-22, 2026-11-22T10:00:00Z, 36h or 7d", name, text)
	}
	*to = time.Now().Add(-d)
	return nil
}

// chosen are the instances named, by id or by name; none named: all with a store.
func (s *server) chosen(names []string) ([]*Instance, error) {
	all := s.b.Instances()
	if len(names) == 0 {
		return slices.DeleteFunc(slices.Clone(all), func(i *Instance) bool { return i.Store == nil }), nil
	}
	var chosen []*Instance
	for _, n := range names {
		at := slices.IndexFunc(all, func(i *Instance) bool { return i.ID() == n || i.Name == n })
		if at < 0 {
			return nil, notFound("there is no instance %q; there are: %s", n, strings.Join(ids(all), ", "))
		}
		if all[at].Store == nil {
			return nil, &httpError{http.StatusConflict, "instance " + all[at].ID() + ": " + all[at].Problem}
		}
		chosen = append(chosen, all[at])
	}
	return chosen, nil
}

func ids(all []*Instance) (out []string) {
	for _, i := range all {
		out = append(out, i.ID())
	}
	return out
}

// Trailer is the last line of every answer of records.
type Trailer struct {
	Coverage []Coverage `json:"_coverage"`
	Count    int        `json:"_count"`
	// Undetermined records could be neither matched nor not: a field of the condition is unknown.
	Undetermined int    `json:"_undetermined,omitempty"`
	Error        string `json:"_error,omitempty"`
}

// cover says how well each instance stands behind the answer; broken are those whose records could not all be read.
func (t *Trailer) cover(ctx context.Context, instances []*Instance, broken map[string]error, kinds ...wire.Kind) {
	for _, i := range instances {
		c, err := coverage(ctx, i, kinds...)
		if err = cmp.Or(broken[i.ID()], err); err != nil {
			c.Problem, c.Lacking = err.Error(), true
		}
		t.Coverage = append(t.Coverage, c)
	}
}

func (s *server) query(w http.ResponseWriter, r *http.Request) error {
	q, err := s.parseQuery(r.URL.Query())
	if err != nil {
		return err
	}
	var reads policy.Reads
	if q.where != nil {
		reads = q.where.Reads()
	}
	if q.looker, err = s.looker(r.Context(), reads, q.at); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := bufio.NewWriterSize(w, 64<<10)
	trailer := Trailer{Coverage: []Coverage{}}
	broken := map[string]error{}
	if err := q.run(r, out, &trailer, broken); err != nil {
		trailer.Error = err.Error()
	}
	trailer.cover(r.Context(), q.instances, broken, q.kind)
	for _, i := range s.b.Instances() {
		if i.Store == nil {
			trailer.Coverage = append(trailer.Coverage, Coverage{
				Instance: i.ID(), Problem: i.Problem, Listings: []ListingCoverage{}, Lacking: !i.Orphaned && !i.New,
			})
		}
	}
	line, err := json.Marshal(trailer)
	if err != nil {
		return err
	}
	_, _ = out.Write(append(line, '\n'))
	return out.Flush()
}

// run writes the records one a line, as they come, or sorted. An instance that cannot be read goes to broken, and the
// others answer.
func (q *query) run(r *http.Request, out *bufio.Writer, t *Trailer, broken map[string]error) error {
	var (
		sorted []sortedLine
		line   []byte
	)
	for _, i := range q.instances {
		at := q.looker.of(r.Context(), i)
		for f, err := range view.New(i.source(), q.looker.org, q.at).Records(r.Context(), q.span) {
			if r.Context().Err() != nil {
				return r.Context().Err()
			}
			if err != nil {
				broken[i.ID()] = err
				break
			}
			match, err := q.matches(f, at, t)
			if err != nil {
				return err
			}
			if !match {
				continue
			}
			line = record.JSON(line[:0], f.Ref, f.Record)
			if q.sort == "" {
				t.Count++
				if _, err := out.Write(append(line, '\n')); err != nil {
					return err
				}
				if q.limit > 0 && t.Count >= q.limit {
					return nil
				}
				continue
			}
			if len(sorted) >= maxSorted {
				return badRequest("more than %d records match: narrow the question, or ask without --sort", maxSorted)
			}
			sorted = append(sorted, sortedLine{key: sortKey(f.Record, strings.TrimPrefix(q.sort, "-")), line: slices.Clone(line)})
		}
	}
	return q.writeSorted(sorted, out, t)
}

func (q *query) matches(f view.Found, at *look, t *Trailer) (bool, error) {
	if q.where == nil {
		return true, nil
	}
	switch verdict, err := q.where.Judge(f.Record, policy.Context{Look: at, Ref: f.Ref}); {
	case err != nil:
		return false, err
	case verdict == policy.Undetermined:
		t.Undetermined++
		return false, nil
	default:
		return verdict == policy.Match, nil
	}
}

type sortedLine struct {
	key  string
	line []byte
}

func (q *query) writeSorted(lines []sortedLine, out *bufio.Writer, t *Trailer) error {
	slices.SortStableFunc(lines, func(a, b sortedLine) int {
		if strings.HasPrefix(q.sort, "-") {
			a, b = b, a
		}
		return cmp.Compare(a.key, b.key)
	})
	for _, l := range lines {
		if q.limit > 0 && t.Count >= q.limit {
			break
		}
		t.Count++
		if _, err := out.Write(append(l.line, '\n')); err != nil {
			return err
		}
	}
	return nil
}

// sortKey orders texts by their bytes, numbers and times by their value; what is unknown comes first.
func sortKey(m wire.RecordMessage, field string) string {
	p := m.ProtoReflect()
	fd := p.Descriptor().Fields().ByTextName(field)
	if fd == nil || !p.Has(fd) || fd.IsList() {
		return ""
	}
	switch v := p.Get(fd).Interface().(type) {
	case string:
		return v
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return sortableInt(v)
	}
	if t, ok := p.Get(fd).Message().Interface().(interface{ AsTime() time.Time }); ok {
		return t.AsTime().UTC().Format("2006-01-02T15:04:05.000000000Z")
	}
	return ""
}

func sortableInt(v int64) string {
	const width = 20
	s := strconv.FormatUint(uint64(v)^(1<<63), 10) // flips the sign so that the text orders
	return strings.Repeat("0", width-len(s)) + s
}
