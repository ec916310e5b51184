package judge_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/judge"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var kinds = []wire.Kind{
	sdk.KindAccount, sdk.KindGroup, sdk.KindRole, sdk.KindMembership, sdk.KindFile, sdk.KindApp, sdk.KindGrant, sdk.KindActivity,
}

// description has one listing that defines everything, a second that does too, and one that only adds.
var description = &wire.Description{Listings: []*wire.ListingSpec{
	{Name: "all", Defines: kinds}, {Name: "others", Defines: kinds}, {Name: "more", Enriches: kinds},
}}

var errKilled = errors.New("killed")

// tripped is a store of which a commit of the judge fails: before it is done, or after.
type tripped struct {
	*bolt.Store
	mu     sync.Mutex
	trip   int // commits from now; 0: none
	after  bool
	counts int
	// meanwhile is called once, when somebody begins to read all records of a kind.
	meanwhile map[wire.Kind]func()
	// walks are how often somebody began to read all files.
	walks int
}

func (s *tripped) Rows(ctx context.Context, r store.Range) iter.Seq2[store.Row, error] {
	if r.Kind == sdk.KindFile && r.ID == "" && r.After == nil {
		s.walks++
	}
	if do := s.meanwhile[r.Kind]; do != nil && r.ID == "" {
		delete(s.meanwhile, r.Kind)
		do()
	}
	return s.Store.Rows(ctx, r)
}

func (s *tripped) Commit(ctx context.Context, batches ...*store.Batch) ([]store.Result, error) {
	s.mu.Lock()
	s.counts++
	s.trip--
	trip, after := s.trip == 0, s.after
	s.mu.Unlock()
	if trip && !after {
		return nil, errKilled
	}
	results, err := s.Store.Commit(ctx, batches...)
	if trip {
		return nil, errKilled
	}
	return results, err
}

// world is an instance whose log a test writes, and a judge that follows it. It lives in a bubble of synctest.
type world struct {
	t     *testing.T
	store *tripped
	judge.Config
	*judge.Judge
	stop   func() error
	killed int
	mu     sync.Mutex
	except map[string]bool // policy and ref
}

func newWorld(t *testing.T, policies ...*config.Policy) *world {
	t.Helper()
	s, err := bolt.Open(bolt.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	w := &world{t: t, store: &tripped{Store: s}, except: map[string]bool{}}
	w.Config = judge.Config{
		Provider: "acme", Name: "main", Description: description, Store: w.store,
		Organisation: record.NewOrganisation("acme.example"),
		Excepted: func(p string, ref record.Ref, _ string) bool {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.except[p+" "+ref.String()]
		},
		Propose: func(p *policy.Policy, f *judge.Finding) ([]store.Doc, error) {
			var docs []store.Doc
			for _, a := range p.Actions {
				docs = append(docs, store.Doc{Bucket: "intents", Key: []byte(p.Name + " " + a.Name + " " + f.Ref + " " + f.Cause), Value: []byte(f.Doubt + ".")})
			}
			return docs, nil
		},
	}
	w.set(policies...)
	return w
}

// on is a policy in few words.
func on(kind, name, when string) *config.Policy {
	return &config.Policy{Name: name, On: kind, When: config.Source{Text: when}, Severity: "high", Mode: "alert", Enabled: true}
}

func with(p *config.Policy, change func(*config.Policy)) *config.Policy {
	change(p)
	return p
}

// set takes other policies; the judge has to be started again.
func (w *world) set(policies ...*config.Policy) {
	w.t.Helper()
	all, diags := policy.Load(&config.Config{Policies: policies})
	if diags.HasErrors() {
		w.t.Fatal(diags)
	}
	w.Policies = all
}

// start runs a judge. When it is killed it starts again.
func (w *world) start() {
	ctx, cancel := context.WithCancel(w.t.Context())
	done := make(chan error, 1)
	first := judge.New(w.Config)
	w.Judge = first
	go func() {
		j := first
		for {
			err := j.Run(ctx)
			if !errors.Is(err, errKilled) {
				done <- err
				return
			}
			j = judge.New(w.Config)
			w.mu.Lock()
			w.killed++
			w.Judge = j
			w.mu.Unlock()
		}
	}()
	w.stop = func() error {
		cancel()
		return <-done
	}
}

// now gives the judge that runs.
func (w *world) running() *judge.Judge {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.Judge
}

func (w *world) halt() {
	w.t.Helper()
	if err := w.stop(); err != nil {
		w.t.Fatal(err)
	}
}

// settle lets the judge do all that it has to do within an hour, or the time given.
func (w *world) settle(d ...time.Duration) {
	w.t.Helper()
	synctest.Wait()
	for _, d := range append(d, time.Minute)[:1] {
		time.Sleep(d)
	}
	synctest.Wait()
	st := w.running().Status()
	if st.Behind > 0 || st.Walking != "" {
		w.t.Fatalf("it has not settled: %+v", st)
	}
}

// commit writes a batch of a listing, not through what may trip.
func (w *world) commit(b *store.Batch) {
	w.t.Helper()
	time.Sleep(time.Millisecond)
	b.At = time.Now()
	if _, err := w.store.Store.Commit(w.t.Context(), b); err != nil {
		w.t.Fatal(err)
	}
}

func batchOf(t *testing.T, listing string, records ...sdk.Record) *store.Batch {
	t.Helper()
	b := &store.Batch{Home: store.Home{Listing: listing}}
	if listing != "more" {
		b.Defines = kinds
	}
	for _, r := range records {
		m, _ := r.(interface{ MarshalVT() ([]byte, error) })
		body, err := m.MarshalVT()
		if err != nil {
			t.Fatal(err)
		}
		out := store.Record{Kind: sdk.KindOf(r), ID: []byte(r.GetId()), Body: body}
		if a, ok := r.(*sdk.Activity); ok {
			out.Time = a.GetTime().AsTime().UnixNano()
		}
		b.Records = append(b.Records, out)
	}
	return b
}

func (w *world) put(records ...sdk.Record) { w.t.Helper(); w.commit(batchOf(w.t, "all", records...)) }

func (w *world) first(listing string, records ...sdk.Record) {
	w.t.Helper()
	b := batchOf(w.t, listing, records...)
	b.Baseline = true
	w.commit(b)
}

func (w *world) remove(k wire.Kind, id, reason string) {
	w.t.Helper()
	w.commit(&store.Batch{
		Home: store.Home{Listing: "all"}, Defines: kinds, Reason: reason, Records: []store.Record{{Op: store.Delete, Kind: k, ID: []byte(id)}},
	})
}

// findings are those that are open: policy and id.
func (w *world) findings() (out []string) {
	for d, err := range w.store.Docs(w.t.Context(), judge.Bucket, nil) {
		if err != nil {
			w.t.Fatal(err)
		}
		f := &judge.Finding{}
		if err := json.Unmarshal(d.Value, f); err != nil {
			w.t.Fatal(err)
		}
		ref, err := record.ParseRef(f.Ref)
		if err != nil {
			w.t.Fatal(err)
		}
		s := f.Policy + " " + ref.ID
		if f.Baseline {
			s += " baseline"
		}
		if f.Excepted {
			s += " excepted"
		}
		out = append(out, s)
	}
	slices.Sort(out)
	return out
}

// events are those in the outbox.
func (w *world) events() (out []event.Event) {
	for d, err := range w.store.Docs(w.t.Context(), event.Bucket, nil) {
		if err != nil {
			w.t.Fatal(err)
		}
		e, err := event.Parse(d)
		if err != nil {
			w.t.Fatal(err)
		}
		out = append(out, *e)
	}
	return out
}

// told are the events in few words, in their order, and that no two have one ID.
func (w *world) told() (out []string) {
	ids := map[string]bool{}
	for _, e := range w.events() {
		if ids[e.ID] {
			w.t.Errorf("two events have the ID %s: %+v", e.ID, e)
		}
		ids[e.ID] = true
		s := strings.TrimPrefix(string(e.What), "finding.") + " " + e.Policy
		if ref, err := record.ParseRef(e.Ref); err == nil {
			s += " " + ref.ID
		}
		if e.Count > 0 {
			s += fmt.Sprint(" ", e.Count)
		}
		if e.State != "" {
			s += " " + e.State
		}
		if e.Baseline && e.What != event.Baseline {
			s += " baseline"
		}
		if e.Reason != "" {
			s += ": " + e.Reason
		}
		out = append(out, s)
	}
	return out
}

func (w *world) intents() (out []string) {
	for d, err := range w.store.Docs(w.t.Context(), "intents", nil) {
		if err != nil {
			w.t.Fatal(err)
		}
		key := strings.Fields(string(d.Key))
		ref, _ := record.ParseRef(key[2])
		out = append(out, key[0]+" "+key[1]+" "+ref.ID+" "+string(d.Value))
	}
	return out
}

// expect compares lists.
func expect(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func file(id, level string) *sdk.File {
	return &sdk.File{Id: id, Name: new(id + ".txt"), AccessLevel: &level, Owner: &wire.Ref{Kind: sdk.KindAccount, Email: new("ann@acme.example")}}
}

func act(id, kind, who string, at time.Time) *sdk.Activity {
	return &sdk.Activity{Id: id, Type: &kind, Time: timestamppb.New(at), Actor: &wire.Ref{Kind: sdk.KindAccount, Email: &who}}
}

// bubble runs a test in a time of its own.
func bubble(t *testing.T, do func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, do)
}
