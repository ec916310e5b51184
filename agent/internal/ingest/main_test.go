package ingest

import (
	"context"
	"errors"
	"io"
	"iter"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/go-hclog"
	"go.uber.org/goleak"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// verifier is a connector: it takes what carries the right secret, and echoes challenges.
type verifier struct {
	mu    sync.Mutex
	got   []*wire.WebhookRequest
	block chan struct{} // set: requests wait for it, or for their end
	give  *wire.WebhookResponse
	err   error
}

const right = "it is us"

func (v *verifier) Webhook(ctx context.Context, r *wire.WebhookRequest) (*wire.WebhookResponse, error) {
	v.mu.Lock()
	v.got = append(v.got, r)
	block, give, err := v.block, v.give, v.err
	v.mu.Unlock()
	if block != nil {
		select {
		case <-block:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if give != nil || err != nil {
		return give, err
	}
	hints := []*wire.Hint{{Listing: "users"}}
	for _, h := range r.GetHeaders() {
		switch {
		case h.GetName() == "X-Challenge":
			return &wire.WebhookResponse{Status: 200, Body: []byte(h.GetValue()), Headers: []*wire.Value{{Name: "content-type", Value: "application/json"}}}, nil
		case h.GetName() == "Authorization" && h.GetValue() == right:
			return &wire.WebhookResponse{Status: 204, Verified: true, Hints: hints}, nil
		}
	}
	return &wire.WebhookResponse{Status: 401, Hints: hints}, nil // a connector of somebody else may err
}

func (v *verifier) requests() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return len(v.got)
}

// counter counts hints.
type counter struct {
	mu    sync.Mutex
	hints []*wire.Hint
}

func (c *counter) hint(h *wire.Hint) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hints = append(c.hints, h)
}

func (c *counter) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.hints)
}

func newTestServer(public string) *Server {
	return New(Config{PublicURL: public, Logger: hclog.NewNullLogger()})
}

// pipes is a listener inside the process.
type pipes struct {
	in     chan net.Conn
	closed chan struct{}
	close  func()
}

func newPipes() *pipes {
	p := &pipes{in: make(chan net.Conn), closed: make(chan struct{})}
	p.close = sync.OnceFunc(func() { close(p.closed) })
	return p
}

// peer is a connection that comes from an address.
type peer struct {
	net.Conn
	from net.Addr
}

func (p *peer) RemoteAddr() net.Addr { return p.from }

func (p *pipes) dial(from string) net.Conn {
	here, there := net.Pipe()
	p.in <- &peer{there, &net.TCPAddr{IP: net.ParseIP(from), Port: 1}}
	return here
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.in:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.close()
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

// client sends every request over a connection of its own.
func (p *pipes) client(from string) *http.Client {
	return &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext:       func(context.Context, string, string) (net.Conn, error) { return p.dial(from), nil },
	}}
}

// run serves until the test ends.
func (p *pipes) run(t *testing.T, s *Server) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.serve(ctx, p, nil) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the server ended: %v", err)
		}
	})
}

// send gives the status and body of an answer; 0 when there is none.
func send(t *testing.T, c *http.Client, method, url, auth, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if auth != "" {
		req.Header.Set("Authorization", auth)
	}
	res, err := c.Do(req)
	if err != nil {
		return 0, ""
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Error(err)
	}
	return res.StatusCode, string(b)
}

// memory is a store of documents.
type memory struct {
	mu   sync.Mutex
	docs map[string][]byte
}

func newMemory() *memory { return &memory{docs: map[string][]byte{}} }

func (m *memory) Doc(_ string, key []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.docs[string(key)], nil
}

func (m *memory) Docs(_ context.Context, _ string, prefix []byte) iter.Seq2[store.Doc, error] {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []store.Doc
	for k, v := range m.docs {
		if strings.HasPrefix(k, string(prefix)) {
			all = append(all, store.Doc{Key: []byte(k), Value: v})
		}
	}
	return func(yield func(store.Doc, error) bool) {
		for _, d := range all {
			if !yield(d, nil) {
				return
			}
		}
	}
}

func (m *memory) Commit(_ context.Context, batches ...*store.Batch) ([]store.Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, b := range batches {
		for _, d := range b.Docs {
			if d.Value == nil {
				delete(m.docs, string(d.Key))
			} else {
				m.docs[string(d.Key)] = slices.Clone(d.Value)
			}
		}
	}
	return nil, nil
}

// kept is how many subscriptions are kept.
func (m *memory) kept() int {
	n := 0
	for range m.Docs(context.Background(), bucket, []byte("of\x00")) {
		n++
	}
	return n
}
