package scan_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.etcd.io/bbolt"

	"github.com/mooring-hq/mooring/agent/internal/plughost"
	_ "github.com/mooring-hq/mooring/agent/internal/plughost/shim" // turns the test binary into the shim of a connector
	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
	"github.com/mooring-hq/mooring/examples/bench/provider"
	"github.com/mooring-hq/mooring/examples/bench/sample"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// What is scanned; -short takes a tenth.
const (
	listedEntries = 100_000 // accounts, and as many memberships
	madeFiles     = 300_000
	rawCommit     = 10_000 // puts in a transaction, as the engine's
	idleCopies    = 100
	sampleEvery   = 20 * time.Millisecond
)

func scaled(n int) int {
	if testing.Short() {
		return n / 10
	}
	return n
}

var benchProgram = sync.OnceValues(func() (path string, err error) {
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "mooring-connector-bench")
	out, err := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path,
		"github.com/mooring-hq/mooring/examples/bench/connector").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the connector: %w: %s", err, out)
	}
	return path, nil
})

// plant is the agent without its configuration: connectors run, quota is granted.
type plant struct {
	b           *testing.B
	host        *plughost.Host
	ledger      *quota.Ledger
	description *wire.Description
	spec        plughost.Spec
}

func newPlant(b *testing.B) *plant {
	b.Helper()
	path, err := benchProgram()
	if err != nil {
		b.Fatal(err)
	}
	program, err := os.ReadFile(path)
	if err != nil {
		b.Fatal(err)
	}
	sum := sha256.Sum256(program)
	p := &plant{b: b, ledger: quota.New(quota.Config{})}
	p.spec = plughost.Spec{
		Provider: "bench", Path: path, SHA256: hex.EncodeToString(sum[:]), Network: &wire.Network{Private: []string{"127.0.0.0/8"}},
		Secrets: func(context.Context) (map[string]string, error) { return map[string]string{"token": "t"}, nil },
	}
	if p.description, err = plughost.Describe(b.Context(), path, p.spec.SHA256); err != nil {
		b.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "ph")
	if err != nil {
		b.Fatal(err)
	}
	p.host = plughost.New(plughost.Config{RuntimeDir: dir, Self: self, Quota: p.ledger, Logger: hclog.NewNullLogger()})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = p.ledger.Run(ctx) })
	running.Go(func() { _ = p.host.Run(ctx) })
	b.Cleanup(func() {
		cancel()
		running.Wait()
		_ = os.RemoveAll(dir)
	})
	return p
}

// start has a connector run until it answers.
func (p *plant) start(instance string, settings map[string]string) *plughost.Connector {
	p.b.Helper()
	p.ledger.Configure(instance, p.description.GetBuckets(), 1, nil)
	s := p.spec
	s.Instance, s.Settings = instance, settings
	c := p.host.Start(s)
	if _, err := c.Check(p.b.Context()); err != nil {
		p.b.Fatal(err)
	}
	return c
}

// counted notes what commits wrote.
type counted struct {
	store.Store
	recordBytes, otherBytes atomic.Int64
}

func (c *counted) Commit(ctx context.Context, batches ...*store.Batch) ([]store.Result, error) {
	results, err := c.Store.Commit(ctx, batches...)
	for i, r := range results {
		for _, d := range batches[i].Docs {
			c.otherBytes.Add(int64(len(d.Value)))
		}
		if len(batches[i].Records) > 0 && r.Unchanged < len(batches[i].Records) {
			c.recordBytes.Add(r.Bytes)
		}
	}
	return results, err
}

func openStore(b *testing.B) (*counted, string) {
	b.Helper()
	dir := b.TempDir()
	s, err := bolt.Open(bolt.Options{Dir: dir})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return &counted{Store: s}, dir
}

func (p *plant) engine(c *plughost.Connector, s store.Store, dir string) *scan.Engine {
	return scan.New(scan.Config{
		Instance: "bench", Description: p.description, Source: c, Store: s, Walks: 1, TempDir: dir, Logger: hclog.NewNullLogger(),
	})
}

// once scans some kinds and wants n records.
func once(b *testing.B, e *scan.Engine, n int, kinds ...wire.Kind) time.Duration {
	b.Helper()
	start := time.Now()
	outcomes, err := e.Once(b.Context(), scan.Request{Kinds: kinds})
	took := time.Since(start)
	if err != nil {
		b.Fatal(err)
	}
	got := 0
	for _, o := range outcomes {
		if o.Err != nil {
			b.Fatalf("%s: %v", o.Listing, o.Err)
		}
		got += int(o.Round.Records)
	}
	if got != n {
		b.Fatalf("%d records, want %d", got, n)
	}
	return took
}

// fetchAlone reads the pages of a list and decodes them, one after the other: the least that anybody must do.
func fetchAlone(b *testing.B, client *http.Client, base, path string) int {
	b.Helper()
	n := 0
	for path != "" {
		req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, base+path, nil)
		if err != nil {
			b.Fatal(err)
		}
		res, err := client.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		var page provider.Page
		if err := json.NewDecoder(res.Body).Decode(&page); err != nil {
			b.Fatal(err)
		}
		_ = res.Body.Close()
		n += len(page.Users) + len(page.Memberships)
		path = page.Next
	}
	return n
}

// BenchmarkProvider compares the whole way, from a provider's pages into the store, with fetching and decoding them alone.
func BenchmarkProvider(b *testing.B) {
	for name, latency := range map[string]time.Duration{"10ms": 10 * time.Millisecond, "0ms": 0} {
		b.Run(name, func(b *testing.B) {
			p := newPlant(b)
			n := scaled(listedEntries)
			server := httptest.NewServer(provider.Handler(n, latency))
			defer server.Close()
			var alone, ours time.Duration
			for b.Loop() {
				begin := time.Now()
				if got := fetchAlone(b, server.Client(), server.URL, "/users") + fetchAlone(b, server.Client(), server.URL, "/memberships"); got != 2*n {
					b.Fatalf("%d entries, want %d", got, 2*n)
				}
				alone += time.Since(begin)
				c := p.start("bench", map[string]string{"base_url": server.URL})
				s, dir := openStore(b)
				ours += once(b, p.engine(c, s, dir), 2*n, sdk.KindAccount, sdk.KindMembership)
			}
			b.ReportMetric(alone.Seconds()/ours.Seconds(), "of-fetch-alone")
			b.ReportMetric(float64(b.N*2*n)/ours.Seconds(), "records/s")
			b.ReportMetric(float64(b.N*2*n)/alone.Seconds(), "alone-records/s")
		})
	}
}

// rawPuts is what bbolt can do at best with the same bytes: sorted puts, nothing compared, hashed or counted.
func rawPuts(b *testing.B, dir string, n int) (took time.Duration) {
	b.Helper()
	db, err := bbolt.Open(filepath.Join(dir, "raw.db"), 0o600, &bbolt.Options{InitialMmapSize: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	type pair struct{ key, value []byte }
	pairs := make([]pair, 0, rawCommit)
	f := sample.File(0)
	for i := range n {
		sample.Renumber(f, i)
		body, err := f.MarshalVT()
		if err != nil {
			b.Fatal(err)
		}
		if pairs = append(pairs, pair{[]byte(sample.ID(i)), body}); len(pairs) < rawCommit && i < n-1 {
			continue
		}
		start := time.Now()
		err = db.Update(func(tx *bbolt.Tx) error {
			bucket, err := tx.CreateBucketIfNotExists([]byte("raw"))
			if err != nil {
				return err
			}
			bucket.FillPercent = 0.9
			for _, p := range pairs {
				if err := bucket.Put(p.key, p.value); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
		took += time.Since(start)
		pairs = pairs[:0]
	}
	return took
}

// cpu is what this process has used.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// cpuOf is what another process has used, in steps of 10 ms.
func cpuOf(b *testing.B, pid int) time.Duration {
	b.Helper()
	const userField, systemField, tick = 11, 12, 10 * time.Millisecond // behind the name
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		b.Fatal(err)
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	user, _ := strconv.Atoi(fields[userField])
	system, _ := strconv.Atoi(fields[systemField])
	return time.Duration(user+system) * tick
}

func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// BenchmarkHost measures the agent's side: raw puts, a first scan, and one that finds everything as it was.
func BenchmarkHost(b *testing.B) {
	p := newPlant(b)
	n := scaled(madeFiles)
	var raw, first, again, firstCPU, againCPU, connectorCPU time.Duration
	var firstAllocs, againAllocs uint64
	var written, other int64
	for b.Loop() {
		c := p.start("bench", map[string]string{"files": strconv.Itoa(n), "base_url": "http://127.0.0.1"})
		s, dir := openStore(b)
		e := p.engine(c, s, dir)
		raw += rawPuts(b, dir, n)
		c0, m0, k0 := cpu(b), mallocs(), cpuOf(b, c.State().PID)
		first += once(b, e, n, sdk.KindFile)
		c1, m1 := cpu(b), mallocs()
		connectorCPU += cpuOf(b, c.State().PID) - k0
		bytes, docs := s.recordBytes.Load(), s.otherBytes.Load()
		again += once(b, e, n, sdk.KindFile)
		firstCPU, againCPU = firstCPU+c1-c0, againCPU+cpu(b)-c1
		firstAllocs, againAllocs = firstAllocs+m1-m0, againAllocs+mallocs()-m1
		written, other = written+s.recordBytes.Load()-bytes, other+s.otherBytes.Load()-docs
	}
	total := float64(b.N * n)
	b.ReportMetric(raw.Seconds()/first.Seconds(), "of-raw-puts")
	b.ReportMetric(total/raw.Seconds(), "raw-records/s")
	b.ReportMetric(total/first.Seconds(), "first-records/s")
	b.ReportMetric(total/again.Seconds(), "again-records/s")
	b.ReportMetric(float64(firstCPU.Nanoseconds())/total, "first-cpu-ns/record")
	b.ReportMetric(float64(againCPU.Nanoseconds())/total, "again-cpu-ns/record")
	b.ReportMetric(float64(connectorCPU.Nanoseconds())/total, "connector-cpu-ns/record")
	b.ReportMetric(againCPU.Seconds()/firstCPU.Seconds(), "again-cpu/first")
	b.ReportMetric(float64(firstAllocs)/total, "first-allocs/record")
	b.ReportMetric(float64(againAllocs)/total, "again-allocs/record")
	b.ReportMetric(float64(written)/float64(b.N), "again-record-bytes")
	b.ReportMetric(float64(other)/float64(b.N), "again-bookkeeping-bytes")
}

// status reads a number of kB from a file of /proc, as bytes.
func status(b *testing.B, pid int, file, name string) int64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file))
	if err != nil {
		b.Error(err)
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(v), "kB")), 10, 64)
			if err != nil {
				b.Error(err)
			}
			return n << 10
		}
	}
	b.Errorf("%s has no %s", file, name)
	return 0
}

// observer samples a scan: the peak of memory that is not mapped files, and when how many records had come.
type observer struct {
	agent, connector int64
	marks            []mark
}

type mark struct {
	records int64
	at      time.Duration
}

func (o *observer) watch(b *testing.B, e *scan.Engine, pid int, done <-chan struct{}) {
	start := time.Now()
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for {
		o.agent = max(o.agent, status(b, os.Getpid(), "status", "RssAnon"))
		o.connector = max(o.connector, status(b, pid, "status", "RssAnon"))
		for _, p := range e.Progress() {
			if p.Listing == "files" {
				o.marks = append(o.marks, mark{p.Records, time.Since(start)})
			}
		}
		select {
		case <-tick.C:
		case <-done:
			return
		}
	}
}

// rate gives records per second between two counts.
func (o *observer) rate(from, until int64) float64 {
	var a, z mark
	for _, m := range o.marks {
		if m.records <= from {
			a = m
		}
		if z = m; m.records >= until {
			break // what comes after it is settling
		}
	}
	return float64(z.records-a.records) / (z.at - a.at).Seconds()
}

// BenchmarkGrowth scans tenants of several sizes. For their memory each must be called in a process of its own.
func BenchmarkGrowth(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000, 10_000_000} {
		b.Run(strconv.Itoa(n), func(b *testing.B) {
			p := newPlant(b)
			for b.Loop() {
				c := p.start("bench", map[string]string{"files": strconv.Itoa(n), "base_url": "http://127.0.0.1"})
				s, dir := openStore(b)
				e := p.engine(c, s, dir)
				var o observer
				var watching sync.WaitGroup
				done := make(chan struct{})
				watching.Go(func() { o.watch(b, e, c.State().PID, done) })
				took := once(b, e, n, sdk.KindFile)
				close(done)
				watching.Wait()
				tenth := int64(n / 10)
				b.ReportMetric(float64(o.agent)/(1<<20), "agent-MiB")
				b.ReportMetric(float64(o.connector)/(1<<20), "connector-MiB")
				b.ReportMetric(float64(o.agent+o.connector)/(1<<20), "both-MiB")
				b.ReportMetric(o.rate(int64(n)-tenth, int64(n))/o.rate(0, tenth), "last-tenth/first")
				b.ReportMetric(float64(n)/took.Seconds(), "records/s")
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
				start := time.Now()
				back, err := bolt.Open(bolt.Options{Dir: dir})
				if err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(time.Since(start).Microseconds())/1000, "reopen-ms")
				s.Store = back // closed at the end
				_ = back.Close()
			}
		})
	}
}

// BenchmarkIdle keeps a hundred connectors of one binary, each after ten requests.
func BenchmarkIdle(b *testing.B) {
	p := newPlant(b)
	server := httptest.NewServer(provider.Handler(10*provider.PageSize, 0))
	defer server.Close()
	for b.Loop() {
		connectors := make([]*plughost.Connector, idleCopies)
		for i := range connectors {
			connectors[i] = p.start(fmt.Sprint("copy", i), map[string]string{"base_url": server.URL})
			_, err := connectors[i].Scan(b.Context(), quota.Full, &wire.ScanRequest{Listing: "users", Mode: wire.ScanMode_SCAN_MODE_FULL},
				func([]byte) error { return nil })
			if err != nil {
				b.Fatal(err)
			}
		}
		var pss int64
		for _, c := range connectors {
			pss += status(b, c.State().PID, "smaps_rollup", "Pss")
		}
		b.ReportMetric(float64(pss)/idleCopies/(1<<20), "MiB/connector")
		b.ReportMetric(float64(status(b, os.Getpid(), "smaps_rollup", "Pss"))/(1<<20), "host-MiB")
		for i := range connectors {
			p.host.Stop(fmt.Sprint("copy", i))
		}
	}
}
