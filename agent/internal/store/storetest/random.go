package storetest

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// random does the same to the backend and to the model, and compares all that both give.
func random(t *testing.T, open Open) {
	t.Parallel() // it waits for the disk
	steps, seed := number(t, "STORETEST_STEPS", 10_000), uint64(number(t, "STORETEST_SEED", int(rand.Uint32())))
	t.Logf("STORETEST_SEED=%d", seed)
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0)), now: 1}
	dir, m := t.TempDir(), NewModel()
	s, err := open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for done, n := 0, 0; done < steps; n++ {
		batches := g.batches()
		for _, b := range batches {
			done += len(b.Records) + len(b.Docs)
		}
		want, _ := m.Commit(t.Context(), batches...)
		got := commit(t, s, batches...)
		if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(store.Result{}, "Bytes")); diff != "" {
			t.Fatalf("commit %d: (-want +got)\n%s", n, diff)
		}
		if g.IntN(20) == 0 {
			compare(t, g, m, s)
		}
		if g.IntN(100) == 0 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if s, err = open(dir); err != nil {
				t.Fatal(err)
			}
		}
	}
	compare(t, g, m, s)
	mustCheck(t, s)
}

func compare(t *testing.T, g *generator, m *Model, s store.Store) {
	t.Helper()
	ctx := t.Context()
	ranges := []store.Range{{}, {At: second(g.now)}}
	for range 10 {
		r := store.Range{}
		if g.IntN(2) == 0 {
			r.Kind = g.kind()
		}
		if g.IntN(3) == 0 {
			r.At = second(g.IntN(g.now + 2))
		}
		switch g.IntN(4) {
		case 0:
			r.Prefix = g.id()[:1]
		case 1:
			r.ID = g.id()
		}
		if g.IntN(3) == 0 {
			r.After = &store.Position{Kind: g.kind(), ID: g.id()}
		}
		ranges = append(ranges, r)
	}
	for _, r := range ranges {
		same(t, fmt.Sprintf("rows of %+v", r), s.Rows(ctx, r), m.Rows(ctx, r))
		same(t, fmt.Sprintf("history of %+v", r), s.History(ctx, r), m.History(ctx, r))
	}
	after := uint64(g.IntN(len(m.entries) + 1))
	same(t, "log", s.Log(ctx, after), m.Log(ctx, after))
	from, until := second(g.IntN(200_000)), second(g.IntN(200_000))
	same(t, "activities", s.Activities(ctx, time.Time{}, time.Time{}), m.Activities(ctx, time.Time{}, time.Time{}))
	same(t, "activities of a time", s.Activities(ctx, from, until), m.Activities(ctx, from, until))
	news(t, s)
	for _, prefix := range []string{"", "k", "k1"} {
		same(t, "docs", s.Docs(ctx, "bucket1", []byte(prefix)), m.Docs(ctx, "bucket1", []byte(prefix)))
	}
	key := fmt.Appendf(nil, "k%d", g.IntN(20))
	want, _ := m.Doc("bucket0", key)
	got, err := s.Doc("bucket0", key)
	if err != nil || (got == nil) != (want == nil) || !bytes.Equal(got, want) {
		t.Fatalf("doc %s: %q, %v; want %q", key, got, err, want)
	}
}

// newser is what a backend has that tells which activities an entry of the log announced.
type newser interface {
	News(ctx context.Context, sequence uint64) iter.Seq2[store.Row, error]
}

// news: every activity is the news of exactly one entry, of the day and in the number that the entry says.
func news(t *testing.T, s store.Store) {
	t.Helper()
	n, ok := s.(newser)
	if !ok {
		return
	}
	type key struct{ id, body string }
	var want, got []key
	for _, r := range all(t, s.Activities(t.Context(), time.Time{}, time.Time{})) {
		want = append(want, key{r.ID, string(r.Body)})
	}
	for _, e := range all(t, s.Log(t.Context(), 0)) {
		rows := all(t, n.News(t.Context(), e.Sequence))
		if len(rows) > 0 && e.What != store.Activities || e.What == store.Activities && len(rows) != e.Count {
			t.Fatalf("entry %+v has %d news", e, len(rows))
		}
		for _, r := range rows {
			got = append(got, key{r.ID, string(r.Body)})
		}
	}
	order := func(a, b key) int { return strings.Compare(a.id+"\x00"+a.body, b.id+"\x00"+b.body) }
	slices.SortFunc(want, order)
	slices.SortFunc(got, order)
	if !slices.Equal(want, got) {
		t.Fatalf("the news of all entries are %d activities, there are %d, or others", len(got), len(want))
	}
}

// generator makes commits over few ids, so that they meet.
type generator struct {
	*rand.Rand
	now  int
	last []*store.Batch
}

func (g *generator) kind() wire.Kind {
	return []wire.Kind{wire.Kind_KIND_ACCOUNT, wire.Kind_KIND_GROUP, wire.Kind_KIND_OTHER}[g.IntN(3)]
}

func (g *generator) id() string {
	const letters = "ab/\x01\xff"
	id := []byte{letters[g.IntN(len(letters))]}
	for range g.IntN(3) {
		id = append(id, letters[g.IntN(len(letters))])
	}
	return string(id)
}

func (g *generator) batches() []*store.Batch {
	if g.last != nil && g.IntN(8) == 0 {
		return g.last // again: most is unchanged now
	}
	var out []*store.Batch
	for range 1 + g.IntN(2) {
		out = append(out, g.batch())
	}
	g.last = out
	return out
}

func (g *generator) batch() *store.Batch {
	switch g.IntN(10) {
	case 0:
		g.now = max(1, g.now-g.IntN(5))
	case 1:
	default:
		g.now += g.IntN(10)
	}
	b := &store.Batch{
		At: second(g.now), Baseline: g.IntN(5) == 0, Reason: "gone",
		Home: store.Home{Listing: []string{"users", "teams", "x"}[g.IntN(3)], Shard: []string{"", "s"}[g.IntN(2)]},
	}
	if g.IntN(3) > 0 {
		b.Defines = []wire.Kind{wire.Kind_KIND_ACCOUNT, wire.Kind_KIND_GROUP}
	}
	for range g.IntN(40) * min(g.IntN(4), 1) {
		b.Records = append(b.Records, g.record())
	}
	if g.IntN(4) > 0 {
		slices.SortFunc(b.Records, func(x, y store.Record) int {
			if x.Kind != y.Kind {
				return int(x.Kind) - int(y.Kind)
			}
			return bytes.Compare(x.ID, y.ID)
		})
	}
	for range g.IntN(3) {
		d := store.Doc{Bucket: fmt.Sprintf("bucket%d", g.IntN(2)), Key: fmt.Appendf(nil, "k%d", g.IntN(20))}
		if g.IntN(3) > 0 {
			d.Value = bytes.Repeat([]byte{'v'}, g.IntN(3))
		}
		b.Docs = append(b.Docs, d)
	}
	return b
}

func (g *generator) record() store.Record {
	if g.IntN(8) == 0 {
		return event1(fmt.Sprintf("e%d", g.IntN(30)), second(g.IntN(30)*6000), []string{"login", "logout"}[g.IntN(8)/7])
	}
	var line strings.Builder
	line.WriteString("x")
	for _, f := range []string{" name=", " status=", " last="} {
		if g.IntN(3) > 0 {
			line.WriteString(f + []string{"1", "22"}[g.IntN(2)])
		}
	}
	r := account(line.String())
	r.Kind, r.ID = g.kind(), []byte(g.id())
	if r.Kind != wire.Kind_KIND_ACCOUNT { // of their fields only the name is set
		r.Body, r.Volatile = nameOnly(r.Kind, g.IntN(3)), nil
	}
	switch g.IntN(12) {
	case 0:
		r.Op = store.Delete
	case 1:
		r.Op = store.DropFacet
	}
	return r
}

func nameOnly(kind wire.Kind, n int) []byte {
	name := fmt.Sprint(n)
	if n == 0 {
		return nil
	}
	var body []byte
	if kind == wire.Kind_KIND_GROUP {
		body, _ = (&wire.Group{Name: &name}).MarshalVT()
	} else {
		body, _ = (&wire.Other{Name: &name}).MarshalVT()
	}
	return body
}
