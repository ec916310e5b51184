package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
)

func TestHowOftenIsTried(t *testing.T) {
	rule := func(res *http.Response, body []byte) *sdk.Error {
		_, _ = io.Copy(io.Discard, res.Body) // a rule must not be able to eat the caller's body
		if res.StatusCode == 403 && strings.Contains(string(body), "secondary") {
			return &sdk.Error{Type: sdk.ErrThrottled, RetryAfter: time.Minute}
		}
		return nil
	}
	for _, c := range []struct {
		name, method, body string
		safe               bool
		status             int
		header, answer     string
		good               int // the try that is answered well; 0: none
		tries, got         int
	}{
		{name: "fine", method: "GET", status: 200, tries: 1, got: 200},
		{name: "404", method: "GET", status: 404, tries: 1, got: 404},
		{name: "500", method: "GET", status: 500, tries: 1, got: 500},
		{name: "502", method: "GET", status: 502, tries: httpapi.MaxTries, got: 502},
		{name: "502 once", method: "GET", status: 502, good: 2, tries: 2, got: 200},
		{name: "503", method: "GET", status: 503, tries: httpapi.MaxTries, got: 503},
		{name: "504 HEAD", method: "HEAD", status: 504, tries: httpapi.MaxTries, got: 504},
		{name: "503 with Retry-After is a throttle", method: "GET", status: 503, header: "Retry-After: 1", tries: httpapi.MaxThrottles, got: 503},
		{name: "429", method: "GET", status: 429, tries: httpapi.MaxThrottles, got: 429},
		{name: "429 thrice", method: "GET", status: 429, good: 4, tries: 4, got: 200},
		{name: "403 that is a throttle", method: "GET", status: 403, answer: "secondary rate limit", good: 3, tries: 3, got: 200},
		{name: "403 that is none", method: "GET", status: 403, answer: "no", tries: 1, got: 403},
		{name: "POST 502", method: "POST", body: "x", status: 502, tries: 1, got: 502},
		{name: "POST 429", method: "POST", body: "x", status: 429, tries: 1, got: 429},
		{name: "PATCH 503", method: "PATCH", body: "x", status: 503, tries: 1, got: 503},
		{name: "PUT 504", method: "PUT", body: "x", status: 504, tries: 1, got: 504},
		{name: "DELETE 502", method: "DELETE", status: 502, tries: 1, got: 502},
		{name: "POST that only reads", method: "POST", body: "query", safe: true, status: 502, good: 3, tries: 3, got: 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			var tries atomic.Int32
			srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
				n := int(tries.Add(1))
				if body, _ := io.ReadAll(r.Body); string(body) != c.body {
					t.Errorf("try %d came with body %q", n, body)
				}
				if n == c.good {
					return
				}
				if name, value, ok := strings.Cut(c.header, ": "); ok {
					w.Header().Set(name, value)
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.answer)
			})
			b := newBench(t, srv.URL, func(f *httpapi.Config) { f.Description.Classify = rule })
			ctx := t.Context()
			if c.safe {
				ctx = sdk.Safe(ctx)
			}
			status, body, e := b.do(request(t, ctx, c.method, srv.URL, c.body))
			if e != nil || status != c.got {
				t.Fatalf("got %d, %v", status, e)
			}
			if c.got != 200 && c.method != "HEAD" && body != c.answer {
				t.Errorf("the body is %q, want %q", body, c.answer)
			}
			if n := int(tries.Load()); n != c.tries {
				t.Errorf("%d tries, want %d", n, c.tries)
			}
			if sent, _ := b.host.used(); sent != c.tries {
				t.Errorf("%d were paid, want %d", sent, c.tries)
			}
		})
	}
}

// hangUp closes the connection after the request came.
func hangUp(t *testing.T, tries *atomic.Int32) answer {
	return func(w http.ResponseWriter, r *http.Request) {
		tries.Add(1)
		_, _ = io.ReadAll(r.Body)
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.Close()
	}
}

func TestConnectionLost(t *testing.T) {
	for _, c := range []struct {
		method, body string
		safe         bool
		tries        int32
	}{
		{"GET", "", false, httpapi.MaxTries},
		{"POST", "create", false, 1},
		{"POST", "search", true, httpapi.MaxTries},
		{"DELETE", "", false, 1},
	} {
		var tries atomic.Int32
		srv := serve(t, hangUp(t, &tries))
		b := newBench(t, srv.URL)
		ctx := t.Context()
		if c.safe {
			ctx = sdk.Safe(ctx)
		}
		_, _, e := b.do(request(t, ctx, c.method, srv.URL+"/x?code=1", c.body))
		if e == nil || e.Type != sdk.ErrUnavailable || !e.Sent || strings.Contains(e.Error()+e.URL, "code") {
			t.Errorf("%s: got %#v", c.method, e)
		}
		if n := tries.Load(); n != c.tries {
			t.Errorf("%s safe %v: %d tries, want %d", c.method, c.safe, n, c.tries)
		}
	}
}

// An idle connection that the provider closed must not make a POST go out twice, nor fail when nothing was sent.
func TestStaleConnection(t *testing.T) {
	var posts atomic.Int32
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "POST" {
			posts.Add(1)
		}
	})
	b := newBench(t, srv.URL)
	for range 20 {
		if _, _, e := b.get(t, srv.URL); e != nil {
			t.Fatal(e)
		}
		srv.CloseClientConnections()
		before := posts.Load()
		_, _, e := b.do(request(t, t.Context(), "POST", srv.URL, "x"))
		if n := posts.Load() - before; n > 1 || e == nil && n != 1 {
			t.Fatalf("the POST arrived %d times, error %v", n, e)
		}
	}
}

func TestNotSentIsTriedAgain(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	_ = l.Close()
	b := newBench(t, url)
	_, _, e := b.do(request(t, t.Context(), "POST", url, "x"))
	if e == nil || e.Sent || e.Type != sdk.ErrUnavailable || !strings.Contains(e.Message, "refused") {
		t.Errorf("got %#v", e)
	}
	if sent, returned := b.host.used(); sent != 0 || returned != httpapi.MaxTries {
		t.Errorf("%d used and %d returned, want 0 and %d", sent, returned, httpapi.MaxTries)
	}
	req := request(t, t.Context(), "POST", url, "")
	req.Body = io.NopCloser(strings.NewReader("only once")) // cannot be read again
	if _, _, e = b.do(req); e == nil {
		t.Error("no error")
	}
	if _, returned := b.host.used(); returned != httpapi.MaxTries+1 {
		t.Errorf("a body that can be read once was tried %d times", returned-httpapi.MaxTries)
	}
}

func TestBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var longest time.Duration
		for range 50 {
			b := newBench(t, "https://api.example", func(c *httpapi.Config) { c.Lessor = nil })
			httpapi.SetBase(b.Transport, base(func(*http.Request) (*http.Response, error) { return plain(502, ""), nil }))
			httpapi.Unhasten(b.Transport)
			began := time.Now()
			if status, _, _ := b.get(t, "https://api.example"); status != 502 {
				t.Fatal(status)
			}
			longest = max(longest, time.Since(began))
		}
		if limit := 3500 * time.Millisecond; longest > limit || longest < limit/3 { // 0.5 + 1 + 2 s at most
			t.Errorf("the longest of 50 was %s", longest)
		}
	})
}

func TestThrottleWithoutLessorWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "https://api.example", func(c *httpapi.Config) { c.Lessor = nil })
		n := 0
		httpapi.SetBase(b.Transport, base(func(*http.Request) (*http.Response, error) {
			if n++; n == 1 {
				return plain(429, "", "Retry-After", "30"), nil
			}
			return plain(200, ""), nil
		}))
		began := time.Now()
		if status, _, _ := b.get(t, "https://api.example"); status != 200 || time.Since(began) != 30*time.Second {
			t.Errorf("status %d after %s", status, time.Since(began))
		}
	})
}

func TestCancelled(t *testing.T) {
	arrived := make(chan struct{}, 10)
	leave := make(chan struct{})
	srv := serve(t, func(http.ResponseWriter, *http.Request) { arrived <- struct{}{}; <-leave })
	defer close(leave)
	b := newBench(t, srv.URL)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-arrived; cancel() }()
	_, _, e := b.do(request(t, ctx, "GET", srv.URL, ""))
	if e == nil || !errors.Is(e, context.Canceled) || !e.Sent || e.Type != sdk.ErrUnavailable {
		t.Errorf("got %#v", e)
	}
	if sent, _ := b.host.used(); sent != 1 {
		t.Errorf("%d were paid", sent)
	}
}

func TestLateAnswers(t *testing.T) {
	drip := func(w http.ResponseWriter, r *http.Request) { // a byte now and then, for ever
		for {
			if _, err := io.WriteString(w, " "); err != nil || http.NewResponseController(w).Flush() != nil {
				return
			}
			select {
			case <-time.After(5 * time.Millisecond):
			case <-r.Context().Done():
				return
			}
		}
	}
	for _, c := range []struct {
		name    string
		f       answer
		message string
		status  int
	}{
		{"no header", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "no answer in time", 0},
		{"header without end", func(w http.ResponseWriter, r *http.Request) {
			conn, _, _ := http.NewResponseController(w).Hijack()
			defer func() { _ = conn.Close() }()
			for i := 0; ; i++ {
				if _, err := fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nX-%d: 1\r\n", i); err != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		}, "", 0},
		{"body stalls", func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, "{")
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
		}, "stopped coming", 200},
		{"body drips", drip, "stopped coming", 200},
		{"error drips", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404); drip(w, r) }, "stopped coming", 404},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := serve(t, c.f)
			b := newBench(t, srv.URL)
			httpapi.Impatient(b.Transport, 60*time.Millisecond, 200*time.Millisecond, 100*time.Millisecond, 300*time.Millisecond)
			_, _, e := b.get(t, srv.URL)
			if e == nil || e.Type != sdk.ErrUnavailable || !e.Sent || !strings.Contains(e.Message, c.message) || e.Status != c.status {
				t.Errorf("got %#v", e)
			}
		})
	}
}

func TestLongPoll(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		time.Sleep(100 * time.Millisecond)
		_, _ = io.WriteString(w, "ev")
		_ = http.NewResponseController(w).Flush()
		time.Sleep(100 * time.Millisecond)
		_, _ = io.WriteString(w, "ent")
	})
	b := newBench(t, srv.URL)
	httpapi.Impatient(b.Transport, 30*time.Millisecond, time.Minute, 30*time.Millisecond, time.Minute)
	if _, body, e := b.do(request(t, httpapi.LongPoll(t.Context(), time.Hour), "GET", srv.URL, "")); e != nil || body != "event" {
		t.Errorf("got %q, %v", body, e)
	}
	if _, _, e := b.get(t, srv.URL); e == nil {
		t.Error("the same without LongPoll was waited for")
	}
}

// lateTrace is a body during which net/http says that the request is written.
type lateTrace struct {
	ctx context.Context //nolint:containedctx // of the attempt
}

func (l lateTrace) Read([]byte) (int, error) {
	httptrace.ContextClientTrace(l.ctx).WroteRequest(httptrace.WroteRequestInfo{})
	time.Sleep(10 * time.Second)
	if err := l.ctx.Err(); err != nil {
		return 0, err
	}
	return 0, io.EOF
}

func TestAnswerBeforeTheRequestIsWritten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, "https://api.example")
		httpapi.Impatient(b.Transport, time.Second, time.Minute, time.Minute, time.Hour)
		httpapi.SetBase(b.Transport, base(func(r *http.Request) (*http.Response, error) {
			res := plain(200, "")
			res.Body = io.NopCloser(lateTrace{r.Context()})
			return res, nil
		}))
		if _, _, e := b.get(t, "https://api.example"); e != nil {
			t.Errorf("the wait for the header went on in the body: %v", e)
		}
	})
}

func TestBodies(t *testing.T) {
	raw := func(text string) answer {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, _ := http.NewResponseController(w).Hijack()
			_, _ = io.WriteString(conn, text)
			_ = conn.Close()
		}
	}
	long := strings.Repeat("e", sdk.MaxErrorBytes+1000)
	for _, c := range []struct {
		name   string
		f      answer
		status int
		typ    sdk.ErrorType
		length int
	}{
		{"whole", raw("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), 200, "", 2},
		{"shorter than its length", raw("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{}"), 200, sdk.ErrUnavailable, 2},
		{"chunks without an end", raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n"), 200, sdk.ErrUnavailable, 2},
		{"chunk that lies", raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n20\r\n{}\r\n"), 200, sdk.ErrUnavailable, 4},
		{"gzip that ends early", raw("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 10\r\n\r\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03"), 200, sdk.ErrUnavailable, 0},
		{"an error, cut short", raw("HTTP/1.1 404 Not Found\r\nContent-Length: 20\r\n\r\n{}"), 404, sdk.ErrUnavailable, 2},
		{"an error, long", raw("HTTP/1.1 404 Not Found\r\nContent-Length: " + strconv.Itoa(len(long)) + "\r\n\r\n" + long), 404, "", len(long)},
		{"too long by its own word", raw("HTTP/1.1 200 OK\r\nContent-Length: 300000000\r\n\r\n{}"), 200, sdk.ErrTooLarge, 0},
		{"not HTTP", raw("token=canary\r\n\r\n"), 0, sdk.ErrUnavailable, 0},
		{"header too long", raw("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", httpapi.MaxHeaderBytes) + "\r\n\r\n"), 0, sdk.ErrUnavailable, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			srv := serve(t, c.f)
			b := newBench(t, srv.URL)
			status, body, e := b.get(t, srv.URL)
			if status != c.status || len(body) != c.length {
				t.Errorf("status %d with %d bytes", status, len(body))
			}
			if c.typ == "" && e != nil || c.typ != "" && (e == nil || e.Type != c.typ || !e.Sent || strings.Contains(e.Error(), "canary")) {
				t.Errorf("got %#v", e)
			}
		})
	}
}

func TestEndlessBody(t *testing.T) {
	chunk := strings.Repeat(" ", 1<<20)
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := io.WriteString(w, chunk); err != nil {
				return
			}
		}
	})
	b := newBench(t, srv.URL)
	res, err := b.client.Do(request(t, t.Context(), "GET", srv.URL, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	n, err := io.Copy(io.Discard, res.Body)
	if e := typed(err); e == nil || e.Type != sdk.ErrTooLarge || n > httpapi.MaxAnswerBytes {
		t.Errorf("%d bytes, %v", n, err)
	}
}
