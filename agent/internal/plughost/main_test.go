package plughost

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// The test binary is the shim, and, under other names, the connectors of the tests.
func TestMain(m *testing.M) {
	if role, ok := strings.CutPrefix(filepath.Base(os.Args[0]), "as-"); ok {
		roles[role]()
		return
	}
	if role := os.Getenv("PLUGHOST_TEST_HOST"); role != "" {
		roles[role]()
		return
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		if path, err := helloPath(); err == nil {
			_ = os.RemoveAll(filepath.Dir(path))
		}
		os.Exit(code)
	}))
}

// as gives a path under which the test binary plays a role, and its digest.
func as(t testing.TB, role string) (path, digest string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "as-"+role)
	if err := os.Link(self, path); err != nil {
		b, err := os.ReadFile(self)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	return path, selfDigest()
}

var selfDigest = sync.OnceValue(func() string {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return digestOf(self)
})

func digestOf(path string) string {
	b, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

var helloPath = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "hello")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "mooring-connector-hello")
	out, err := exec.Command("go", "build", "-o", path, "github.com/mooring-hq/mooring/examples/hello").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building hello: %w: %s", err, out)
	}
	return path, nil
})

func hello(t testing.TB) (path, digest string) {
	t.Helper()
	path, err := helloPath()
	if err != nil {
		t.Fatal(err)
	}
	return path, digestOf(path)
}

// ledger grants everything and notes what it was asked.
type ledger struct {
	mu       sync.Mutex
	next     uint64
	leases   []string // instance, call set, priority
	observed []*wire.Observe
	block    bool
}

func (l *ledger) Lease(ctx context.Context, instance, callID string, p quota.Priority, _ []*wire.Want, count int) (quota.Lease, error) {
	l.mu.Lock()
	if l.block {
		l.mu.Unlock()
		<-ctx.Done()
		return quota.Lease{}, ctx.Err()
	}
	defer l.mu.Unlock()
	l.next += 100
	l.leases = append(l.leases, fmt.Sprintf("%s %t %s", instance, callID != "", p))
	return quota.Lease{ID: l.next, Count: count, Expires: time.Now().Add(time.Second)}, nil
}

func (l *ledger) Observe(_ string, o *wire.Observe) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.observed = append(l.observed, o)
}

func (l *ledger) Drop(string) {}

// logged collects the log.
type logged struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

type testHost struct {
	*Host
	ledger *ledger
	log    *logged
}

// newHost runs a host until the test ends.
func newHost(t testing.TB, change ...func(*Host)) *testHost {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "ph")
	if err != nil {
		t.Fatal(err)
	}
	th := &testHost{ledger: &ledger{}, log: &logged{}}
	th.Host = New(Config{
		RuntimeDir: dir, Self: self, Quota: th.ledger,
		Logger: hclog.New(&hclog.LoggerOptions{Output: th.log, Level: hclog.Trace}),
	})
	for _, c := range change {
		c(th.Host)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- th.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("Run: %v", err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("runtime folder after Run: %v %v", left, err)
		}
		_ = os.Remove(dir)
	})
	return th
}

// eventually waits for a condition that the test cannot be told of.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: did not happen", what)
		}
	}
}

func testContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// helloAPI serves pages of one user each.
func helloAPI(t testing.TB, pages int) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer s3cret-token" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var page int
		_, _ = fmt.Sscan(r.URL.Query().Get("page"), &page)
		next := ""
		if page+1 < pages {
			next = fmt.Sprintf("/users?limit=100&page=%d", page+1)
		}
		_, _ = fmt.Fprintf(w, `{"users":[{"id":"u%d","name":"User %d","email":""}],"next":%q}`, page, page, next)
	}))
	t.Cleanup(server.Close)
	return server
}

func secrets(pairs ...string) func(context.Context) (map[string]string, error) {
	return func(context.Context) (map[string]string, error) {
		m := map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = pairs[i+1]
		}
		return m, nil
	}
}

var errTest = errors.New("the test says no")
