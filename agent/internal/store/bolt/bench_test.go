package bolt

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const (
	benchRecords = 100_000
	benchCommit  = 10_000
)

// benchFiles are files of about 582 bytes, as in the measurements behind the design.
func benchFiles(b *testing.B, n int) []store.Record {
	b.Helper()
	rnd := rand.New(rand.NewPCG(1, 2))
	hash := func() *string { return new(fmt.Sprintf("%016x%016x%016x", rnd.Uint64(), rnd.Uint64(), rnd.Uint64())) }
	out := make([]store.Record, n)
	for i := range out {
		f := &wire.File{
			Name: new(fmt.Sprintf("quarterly-report-%07d.docx", i)), Path: new(fmt.Sprintf("/shared/finance/2026/%07d/quarterly-report.docx", i)),
			Type: new("file"), Mime: new("application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
			SizeBytes: new(rnd.Int64N(1 << 30)), Owner: &wire.Ref{Kind: 1, Id: new(fmt.Sprintf("user-%06d", rnd.IntN(50000)))},
			CreatedAt: timestamppb.New(time.Unix(rnd.Int64N(2e9), 0)), ModifiedAt: timestamppb.New(time.Unix(rnd.Int64N(2e9), 0)),
			ContentHash: hash(), Version: new("12"), Parent: &wire.Ref{Kind: 6, Id: new(fmt.Sprintf("folder-%06d", i/100))},
			Url: new("https://files.example.com/d/" + *hash()), Trashed: new(false),
			Access:     &wire.AccessList{Complete: true},
			Attributes: []*wire.Attribute{{Name: "etag", Value: *hash()}, {Name: "storage_class", Value: "standard"}},
		}
		for range 3 {
			f.Access.Items = append(f.Access.Items, &wire.Access{
				Principal: &wire.Ref{Kind: 1, Id: new(fmt.Sprintf("user-%06d", rnd.IntN(50000)))}, Role: new("write"),
			})
		}
		body, err := f.MarshalVT()
		if err != nil {
			b.Fatal(err)
		}
		out[i] = store.Record{Kind: wire.Kind_KIND_FILE, ID: fmt.Appendf(nil, "file-%024d", i), Body: body}
	}
	return out
}

func benchBatch(records []store.Record, at time.Time) *store.Batch {
	return &store.Batch{
		At: at, Home: store.Home{Listing: "files", Shard: "drive"}, Defines: []wire.Kind{wire.Kind_KIND_FILE},
		Baseline: true, Records: records,
	}
}

func benchPut(b *testing.B, s *Store, records []store.Record, at time.Time) time.Duration {
	b.Helper()
	start := time.Now()
	for i := 0; i < len(records); i += benchCommit {
		if _, err := s.Commit(context.Background(), benchBatch(records[i:i+benchCommit], at)); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

// benchRaw is what bbolt can do at best with the same bytes: sorted puts, nothing compared, hashed or counted.
func benchRaw(b *testing.B, dir string, records []store.Record) time.Duration {
	b.Helper()
	db, err := bbolt.Open(filepath.Join(dir, "raw.db"), fileMode, &bbolt.Options{InitialMmapSize: smallMapBytes})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	start := time.Now()
	for i := 0; i < len(records); i += benchCommit {
		if err := db.Update(func(tx *bbolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists([]byte("raw"))
			if err != nil {
				return err
			}
			bucket.FillPercent = appendFill
			for j := range records[i : i+benchCommit] {
				if err := bucket.Put(records[i+j].ID, records[i+j].Body); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

func benchStore(b *testing.B) (*Store, string) {
	b.Helper()
	dir, err := os.MkdirTemp("", "bolt-bench-*")
	if err != nil {
		b.Fatal(err)
	}
	s, err := Open(Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close(); _ = os.RemoveAll(dir) })
	return s, dir
}

func allocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// BenchmarkCommit compares, in one run, raw puts of bbolt, a first scan, an unchanged one and one of which 1 % changed.
func BenchmarkCommit(b *testing.B) {
	records := benchFiles(b, benchRecords)
	size := 0
	for i := range records {
		size += len(records[i].Body)
	}
	changed := make([]store.Record, len(records))
	var raw, first, same, few time.Duration
	var firstAllocs, rawAllocs, sameAllocs uint64
	for i := 0; b.Loop(); i++ {
		s, dir := benchStore(b)
		n := allocs()
		raw += benchRaw(b, dir, records)
		m := allocs()
		first += benchPut(b, s, records, time.Unix(1000, 0))
		o := allocs()
		same += benchPut(b, s, records, time.Unix(2000, 0))
		rawAllocs, firstAllocs, sameAllocs = rawAllocs+m-n, firstAllocs+o-m, sameAllocs+allocs()-o
		copy(changed, records)
		for j := i % 100; j < len(changed); j += 100 {
			changed[j].Body = bytes.Replace(changed[j].Body, []byte("quarterly"), []byte("Quarterly"), 1)
		}
		few += benchPut(b, s, changed, time.Unix(3000, 0))
	}
	n := float64(b.N) * benchRecords
	b.ReportMetric(float64(size)/benchRecords, "B/body")
	b.ReportMetric(n/raw.Seconds(), "raw-rec/s")
	b.ReportMetric(n/first.Seconds(), "first-rec/s")
	b.ReportMetric(n/same.Seconds(), "unchanged-rec/s")
	b.ReportMetric(raw.Seconds()/first.Seconds(), "first/raw")
	b.ReportMetric(same.Seconds()/first.Seconds(), "unchanged-time/first")
	b.ReportMetric(few.Seconds()/first.Seconds(), "1%-time/first")
	b.ReportMetric((float64(firstAllocs)-float64(rawAllocs))/n, "own-allocs/new")
	b.ReportMetric(float64(rawAllocs)/n, "bbolt-allocs/new")
	b.ReportMetric(float64(sameAllocs)/n, "allocs/unchanged")
}
