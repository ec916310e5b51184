package httpapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
	"github.com/mooring-hq/mooring/sdk/internal/call"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// host grants everything, and keeps the books.
type host struct {
	mu       sync.Mutex
	most     int // grants at once; 0: what is asked
	lease    func(ctx context.Context, callID string, wants []*wire.Want) error
	expires  func() time.Time
	next     uint64
	asked    []int
	wants    [][]*wire.Want
	open     map[uint64]int // grants not yet accounted for
	observed []*wire.Observe
	wrong    []string
}

func (h *host) Lease(ctx context.Context, callID string, wants []*wire.Want, count int) (httpapi.Grant, error) {
	if h.lease != nil {
		if err := h.lease(ctx, callID, wants); err != nil {
			return httpapi.Grant{}, err
		}
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asked = append(h.asked, count)
	h.wants = append(h.wants, wants)
	if h.most > 0 {
		count = min(count, h.most)
	}
	h.next++
	if h.open == nil {
		h.open = map[uint64]int{}
	}
	h.open[h.next] = count
	g := httpapi.Grant{ID: h.next, Count: count}
	if h.expires != nil {
		g.Expires = h.expires()
	}
	return g, nil
}

func (h *host) Observe(o *wire.Observe) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.observed = append(h.observed, o)
	n := int(o.GetReturned())
	if o.GetSent() {
		n++
	}
	if n == 0 || h.open[o.GetId()] < n {
		h.wrong = append(h.wrong, o.String())
	}
	h.open[o.GetId()] -= n
}

// outstanding are the grants of which nothing was said yet.
func (h *host) outstanding() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, left := range h.open {
		n += left
	}
	return n
}

func (h *host) used() (sent, returned int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, o := range h.observed {
		if o.GetSent() {
			sent++
		}
		returned += int(o.GetReturned())
	}
	return sent, returned
}

func (h *host) sent() []*wire.Observe {
	h.mu.Lock()
	defer h.mu.Unlock()
	var all []*wire.Observe
	for _, o := range h.observed {
		if o.GetSent() {
			all = append(all, o)
		}
	}
	return all
}

// balanced fails unless each grant was used or given back, once.
func (h *host) balanced(t *testing.T) {
	t.Helper()
	if n := h.outstanding(); n != 0 {
		t.Errorf("%d grants were neither used nor returned", n)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, w := range h.wrong {
		t.Errorf("observed without a grant, or about nothing: %s", w)
	}
}

type answer func(http.ResponseWriter, *http.Request)

func serve(t *testing.T, f answer) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(f))
	t.Cleanup(srv.Close)
	return srv
}

// bench is a Transport with all around it.
type bench struct {
	*httpapi.Transport
	host    *host
	session *sdk.Session
	client  *http.Client
	mu      sync.Mutex
	lines   []string
}

func (b *bench) logged() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return strings.Join(b.lines, "\n")
}

type option func(*httpapi.Config)

func newBench(t *testing.T, base string, options ...option) *bench {
	t.Helper()
	b := &bench{host: &host{}}
	b.session = &sdk.Session{Settings: sdk.Settings{"base_url": base}, Secret: secrets(nil)}
	b.session.Log = func(level, message string, fields ...string) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.lines = append(b.lines, level+" "+message+" "+strings.Join(fields, " "))
	}
	c := httpapi.Config{
		Description: &sdk.Description{Name: "test"}, Session: b.session, Lessor: b.host,
		Network: &wire.Network{Private: []string{"localhost"}}, UserAgent: "mooring-test/1",
	}
	for _, o := range options {
		o(&c)
	}
	b.session.Classify = c.Description.Classify
	var err error
	if b.Transport, err = httpapi.New(c); err != nil {
		t.Fatal(err)
	}
	httpapi.Hasten(b.Transport)
	b.client = httpapi.Client(b.Transport)
	b.session.HTTP = b.client
	t.Cleanup(func() {
		b.Release("")
		b.Release("call")
		b.CloseIdleConnections()
		if b.host != nil {
			b.host.balanced(t)
		}
	})
	return b
}

func secrets(m map[string]string) func(string) string {
	return func(name string) string { return m[name] }
}

func withSecrets(m map[string]string) option {
	return func(c *httpapi.Config) { c.Session.Secret = secrets(m) }
}

func withAuth(a sdk.Auth) option { return func(c *httpapi.Config) { c.Description.Auth = a } }

func withHosts(h ...sdk.Host) option { return func(c *httpapi.Config) { c.Description.Hosts = h } }

func withBuckets(b ...sdk.Bucket) option {
	return func(c *httpapi.Config) { c.Description.Buckets = b }
}

func withNetwork(n *wire.Network) option { return func(c *httpapi.Config) { c.Network = n } }

func request(t *testing.T, ctx context.Context, method, url, body string) *http.Request { //nolint:revive // t first, as in testing
	t.Helper()
	var r io.Reader
	if body != "" {
		r = strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, r)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// do gives status and body, or the typed error.
func (b *bench) do(req *http.Request) (int, string, *sdk.Error) {
	res, err := b.client.Do(req)
	if err != nil {
		return 0, "", typed(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	return res.StatusCode, string(body), typed(err)
}

func (b *bench) get(t *testing.T, url string) (int, string, *sdk.Error) {
	t.Helper()
	return b.do(request(t, t.Context(), http.MethodGet, url, ""))
}

func typed(err error) *sdk.Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*sdk.Error](err); ok {
		return e
	}
	return &sdk.Error{Type: "untyped", Message: err.Error(), Cause: err}
}

func inCall(ctx context.Context) context.Context { return call.WithID(ctx, "call") }

// base is a RoundTripper without a network, for tests with synthetic time.
type base func(*http.Request) (*http.Response, error)

func (b base) RoundTrip(r *http.Request) (*http.Response, error) { return b(r) }

func plain(status int, body string, headers ...string) *http.Response {
	res := &http.Response{
		StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	for i := 0; i+1 < len(headers); i += 2 {
		res.Header.Set(headers[i], headers[i+1])
	}
	return res
}
