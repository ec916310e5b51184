package index

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/access"
	"github.com/mooring-hq/mooring/agent/internal/people"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const benchSize = 100_000 // of each kind

// described is what the connector of these tests says of itself.
func described() *wire.Description {
	return &wire.Description{Name: "box", Listings: []*wire.ListingSpec{
		{Name: "users", Defines: []wire.Kind{sdk.KindAccount}, Fields: []string{"account.email"}},
		{Name: "groups", Defines: []wire.Kind{sdk.KindGroup, sdk.KindRole}},
		{Name: "members", Defines: []wire.Kind{sdk.KindMembership}, Parent: "groups"},
		{Name: "files", Defines: []wire.Kind{sdk.KindFile}, Fields: []string{"file.access"}},
		{Name: "extra", Enriches: []wire.Kind{sdk.KindAccount}},
	}}
}

func encode(tb testing.TB, m wire.RecordMessage) []byte {
	tb.Helper()
	b := make([]byte, m.SizeVT())
	if _, err := m.MarshalToSizedBufferVT(b); err != nil {
		tb.Fatal(err)
	}
	return b
}

type writer struct {
	tb testing.TB
	s  *bolt.Store
}

func openStore(tb testing.TB) writer {
	tb.Helper()
	s, err := bolt.Open(bolt.Options{Dir: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	return writer{tb, s}
}

func (w writer) commit(listing, shard string, baseline bool, records ...store.Record) {
	w.tb.Helper()
	b := &store.Batch{At: time.Now(), Home: store.Home{Listing: listing, Shard: shard}, Baseline: baseline, Records: records}
	for _, l := range described().GetListings() {
		if l.GetName() == listing {
			b.Defines = l.GetDefines()
		}
	}
	if _, err := w.s.Commit(context.Background(), b); err != nil {
		w.tb.Fatal(err)
	}
}

func (w writer) record(k wire.Kind, id string, m wire.RecordMessage) store.Record {
	return store.Record{Kind: k, ID: []byte(id), Body: encode(w.tb, m)}
}

// fill writes a tenant as one of that size is: files with an owner, a folder and three entries in their lists.
func (w writer) fill(n int) {
	r := rand.New(rand.NewPCG(1, 2))
	account := func() *wire.Ref { return sdk.To(sdk.KindAccount, fmt.Sprintf("u%09d", r.IntN(n))) }
	kinds := map[string]func(i int) store.Record{
		"users": func(i int) store.Record {
			return w.record(sdk.KindAccount, fmt.Sprintf("u%09d", i), &sdk.Account{
				Name: new(fmt.Sprintf("user%d", i)), DisplayName: new(fmt.Sprintf("Zoe Zhang%d", i)), Email: new(fmt.Sprintf("zoe.zhang%d@acme.example", i)),
				Status: new("active"), Type: new("user"), Mfa: new("on"), CreatedAt: sdk.At(time.Unix(1e9, 0)), OrgUnit: new("/sales/emea"),
			})
		},
		"members": func(i int) store.Record {
			return w.record(sdk.KindMembership, fmt.Sprintf("m%09d", i), &sdk.Membership{
				Container: sdk.To(sdk.KindGroup, fmt.Sprintf("g%06d", i/50)), Member: account(), Role: new("member"), State: new("active"),
			})
		},
		"files": func(i int) store.Record {
			f := &sdk.File{
				Name: new("quarterly-report.docx"), Path: new(fmt.Sprintf("/shared/finance/2026/%07d/quarterly-report.docx", i)), Type: new("file"),
				Mime:  new("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
				Owner: account(), Parent: sdk.To(sdk.KindFile, fmt.Sprintf("f%09d", i/100)), Version: new("12"), SizeBytes: new(int64(i)),
				Access: &sdk.AccessList{Complete: true}, Url: new("https://files.example.com/d/0123456789"),
			}
			for range 2 {
				f.Access.Items = append(f.Access.Items, &sdk.Access{Principal: account(), Role: new("write")})
			}
			g := sdk.To(sdk.KindGroup, fmt.Sprintf("g%06d", r.IntN(n/50)))
			f.Access.Items = append(f.Access.Items, &sdk.Access{Principal: g, Role: new("read"), Inherited: new(true)})
			return w.record(sdk.KindFile, fmt.Sprintf("f%09d", i), f)
		},
	}
	for listing, make := range kinds {
		for from := 0; from < n; from += 10_000 {
			var records []store.Record
			for i := from; i < min(n, from+10_000); i++ {
				records = append(records, make(i))
			}
			w.commit(listing, "", true, records...)
		}
	}
	var groups []store.Record
	for i := range n / 50 {
		groups = append(groups, w.record(sdk.KindGroup, fmt.Sprintf("g%06d", i), &sdk.Group{Type: new("team"), Name: new("team")}))
	}
	w.commit("groups", "", true, groups...)
}

// well: everything was looked at.
type well struct{}

func (well) Home(access.Home) string          { return "" }
func (well) Record(access.Key, string) string { return "" }
func (well) Members(access.Key) string        { return "" }
func (well) Now() time.Time                   { return time.Now() }

var everyKind = []wire.Kind{sdk.KindAccount, sdk.KindGroup, sdk.KindRole, sdk.KindMembership, sdk.KindFile, sdk.KindApp, sdk.KindGrant}

func ourDomain(_, d string) bool { return d == "acme.example" }

// BenchmarkQuestions is what each question costs with 100,000 accounts, memberships and files: first without an index, as
// when no agent runs, then with it.
func BenchmarkQuestions(b *testing.B) {
	w := openStore(b)
	w.fill(benchSize)
	sources := []Source{{"box", "main", described(), w.s}}
	build := func(b *testing.B, kinds ...wire.Kind) *Index {
		b.Helper()
		x := New()
		for id, err := range x.Follow(b.Context(), sources, kinds...) {
			b.Fatal(id, err)
		}
		return x
	}
	b.Run("build accounts", func(b *testing.B) {
		for b.Loop() {
			build(b, sdk.KindAccount, sdk.KindGroup).People(people.Rules{Ours: ourDomain}, false)
		}
	})
	var x *Index
	b.Run("build all", func(b *testing.B) {
		for b.Loop() {
			x = build(b, everyKind...)
		}
		b.StopTimer()
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		b.ReportMetric(float64(m.HeapAlloc)/(3*benchSize), "B/record")
	})
	group := access.Key{Instance: "box/main", Kind: sdk.KindGroup, ID: "g000007"}
	file := access.Key{Instance: "box/main", Kind: sdk.KindFile, ID: "f000077777"}
	account := access.Key{Instance: "box/main", Kind: sdk.KindAccount, ID: "u000000007"}
	for name, ask := range map[string]func() *access.Answer{
		"who group": func() *access.Answer { return x.Graph().Who(group, well{}) },
		"who file":  func() *access.Answer { return x.Graph().Who(file, well{}) },
		"reach":     func() *access.Answer { return x.Graph().Reach(well{}, access.Start{Key: account}) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				x.Follow(b.Context(), sources, everyKind...)
				if len(ask().Reached) == 0 {
					b.Fatal("nothing is reached")
				}
			}
		})
	}
	b.Run("follow one change", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			w.commit("users", "", false, w.record(sdk.KindAccount, "u000000007", &sdk.Account{Email: new(fmt.Sprintf("x%d@acme.example", i))}))
			x.Follow(b.Context(), sources, everyKind...)
		}
	})
}
