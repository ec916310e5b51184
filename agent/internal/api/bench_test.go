package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"syscall"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const (
	benchRecords = 100_000 // of each kind, spread over benchApps
	benchApps    = 4
	benchCommit  = 10_000
)

// fill writes accounts, memberships in teams of 50, files with an owner and a team in their list, and a week of activities.
func (h *shop) fill(n int) {
	now := time.Now()
	account := func(i int) *wire.Ref { return sdk.To(sdk.KindAccount, fmt.Sprintf("u%07d", i%n)) }
	team := func(i int) *wire.Ref { return sdk.To(sdk.KindGroup, fmt.Sprintf("g%05d", i/50)) }
	for listing, make := range map[string]func(i int) (wire.Kind, string, wire.RecordMessage){
		"users": func(i int) (wire.Kind, string, wire.RecordMessage) {
			return sdk.KindAccount, account(i).GetId(), &wire.Account{
				Name: new(fmt.Sprint("user", i)), DisplayName: new(fmt.Sprint("Zoe Zhang", i)), Email: new(fmt.Sprintf("zoe.zhang%d@acme.example", i)),
				Status: new("active"), Type: new("user"), Mfa: new("on"), CreatedAt: sdk.At(now), OrgUnit: new("/sales/emea"), Admin: new(false),
			}
		},
		"groups": func(i int) (wire.Kind, string, wire.RecordMessage) {
			return sdk.KindGroup, fmt.Sprintf("g%05d", i), &wire.Group{Name: new("team"), Type: new("team")}
		},
		"members": func(i int) (wire.Kind, string, wire.RecordMessage) {
			return sdk.KindMembership, fmt.Sprintf("m%07d", i), &wire.Membership{Container: team(i), Member: account(i * 7), Role: new("member")}
		},
		"files": func(i int) (wire.Kind, string, wire.RecordMessage) {
			return sdk.KindFile, fmt.Sprintf("f%07d", i), &wire.File{
				Name: new("quarterly-report.docx"), Path: new(fmt.Sprintf("/shared/finance/2026/%07d/quarterly-report.docx", i)), Type: new("file"),
				Mime: new("application/pdf"), Owner: account(i), Url: new("https://files.example.com/d/0123456789"), SizeBytes: new(int64(i)),
				Access: &wire.AccessList{Complete: true, Items: []*wire.Access{
					{Principal: account(i * 3), Role: new("write")}, {Principal: account(i * 5), Role: new("read")}, {Principal: team(i), Role: new("read")},
				}},
			}
		},
		"log": func(i int) (wire.Kind, string, wire.RecordMessage) {
			return sdk.KindActivity, fmt.Sprintf("a%07d", i), &wire.Activity{
				Time: sdk.At(now.Add(-time.Duration(i) * 6 * 24 * time.Hour / time.Duration(n))), Type: new("file_view"), Action: new("view"),
				Actor: account(i * 11), Targets: []*wire.Ref{sdk.To(sdk.KindFile, fmt.Sprintf("f%07d", i))}, Ip: new("192.0.2.1"),
				Raw: []byte(`{"id":"0123456789","published":"2026-11-22T10:00:00Z","client":{"userAgent":"Mozilla/5.0"},"outcome":"SUCCESS"}`),
			}
		},
	} {
		count := n
		if listing == "groups" {
			count = n / 50
		}
		for from := 0; from < count; from += benchCommit {
			b := &store.Batch{At: now, Home: store.Home{Listing: listing}, Baseline: true}
			for i := from; i < min(count, from+benchCommit); i++ {
				kind, id, m := make(i)
				body := encode(h.tb, m)
				r := store.Record{Kind: kind, ID: []byte(id), Body: body}
				if a, ok := m.(*wire.Activity); ok {
					r.Time = a.GetTime().AsTime().UnixNano()
				}
				b.Defines, b.Records = []wire.Kind{kind}, append(b.Records, r)
			}
			h.commit(b)
		}
	}
	h.certify("members", "", now)
}

func encode(tb testing.TB, m wire.RecordMessage) []byte {
	tb.Helper()
	b := make([]byte, m.SizeVT())
	if _, err := m.MarshalToSizedBufferVT(b); err != nil {
		tb.Fatal(err)
	}
	return b
}

// BenchmarkAnswers is what answers cost over four apps with 100,000 records of each kind together. First: by a handler that
// was never asked, as when no agent runs. Then: by one that was.
func BenchmarkAnswers(b *testing.B) {
	be := &backend{}
	for n := range benchApps {
		be.open(b, fmt.Sprint("app", n)).fill(benchRecords / benchApps)
	}
	get := func(b *testing.B, h http.Handler, path string) {
		b.Helper()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path+"?"+url.Values{"x": {"zoe.zhang777@acme.example"}}.Encode(), http.NoBody))
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
	for _, path := range []string{"/v1/person", "/v1/timeline", "/v1/access"} {
		b.Run(path+" first", func(b *testing.B) {
			defer spent(b, cpu())
			for b.Loop() {
				get(b, New(be), path)
			}
		})
		h := New(be)
		get(b, h, path)
		b.Run(path+" then", func(b *testing.B) {
			defer spent(b, cpu())
			for b.Loop() {
				get(b, h, path)
			}
		})
	}
}

// cpu is the time that this process has had of the processors: on a machine that does much else, it says more than a clock.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func spent(b *testing.B, from time.Duration) {
	b.Helper()
	b.ReportMetric(float64((cpu()-from).Milliseconds())/float64(b.N), "cpu-ms/op")
}
