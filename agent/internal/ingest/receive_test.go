package ingest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// A request reaches its one instance by its whole path, and nobody else.
func TestPaths(t *testing.T) {
	s := newTestServer("https://hooks.example.com/mooring")
	a, b := &verifier{}, &verifier{}
	one := s.Open("okta/one", a, (&counter{}).hint)
	two := s.Open("okta/two", b, (&counter{}).hint)
	one.Admit("first")
	two.Admit("second")
	for path, want := range map[string]int{
		"/hooks/okta/one/first": 401, "/mooring/hooks/okta/one/first": 401, "/hooks/okta/two/second": 401,
		"/hooks/okta/one/second": 404, "/hooks/okta/one/": 404, "/hooks/okta/one": 404, "/hooks/okta/one/first/": 404,
		"/hooks/okta/one/FIRST": 404, "/hooks/okta/three/first": 404, "/": 404, "/hooks/okta/one/first/x": 404,
		"/other/hooks/okta/one/first": 404, "/hooks//okta/one/first": 404, "/hooks/okta%2Fone/first/x": 404,
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, nil))
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
	if a.requests() != 2 || b.requests() != 1 {
		t.Errorf("%d and %d requests came to the connectors", a.requests(), b.requests())
	}
	if got := one.URL("first"); got != "https://hooks.example.com/mooring/hooks/okta/one/first" {
		t.Errorf("the provider is told %s", got)
	}
	one.Dismiss("first")
	s.Close(two)
	for _, path := range []string{"/hooks/okta/one/first", "/hooks/okta/two/second"} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, nil))
		if w.Code != 404 {
			t.Errorf("%s is still open", path)
		}
	}
}

// What the connector did not verify never hints; what it says is the answer, within bounds.
func TestAnswers(t *testing.T) {
	hints := []*wire.Hint{{Listing: "users"}}
	long := strings.Repeat("x", maxAnswerBytes+1)
	var many []*wire.Hint
	for range maxHints + 5 {
		many = append(many, hints[0])
	}
	for name, c := range map[string]struct {
		method, auth, body string
		header             map[string]string
		give               *wire.WebhookResponse
		err                error
		status, hints      int
		answer             string
	}{
		"verified":               {auth: right, status: 204, hints: 1},
		"not verified":           {auth: "somebody else", status: 401},
		"a challenge":            {method: "GET", header: map[string]string{"X-Challenge": "42"}, status: 200, answer: "42"},
		"not verified, with 200": {give: &wire.WebhookResponse{Status: 200, Hints: hints}, status: 200},
		"no status":              {give: &wire.WebhookResponse{Verified: true, Hints: hints}, status: 500, hints: 1},
		"a redirect":             {give: &wire.WebhookResponse{Status: 302, Headers: []*wire.Value{{Name: "Location", Value: "https://evil.example"}}}, status: 500},
		"a status of nobody":     {give: &wire.WebhookResponse{Status: 4_000_000_000}, status: 500},
		"too long an answer":     {give: &wire.WebhookResponse{Status: 200, Body: []byte(long)}, status: 500},
		"too many hints":         {give: &wire.WebhookResponse{Status: 200, Verified: true, Hints: many}, status: 200, hints: maxHints},
		"no hooks":               {err: sdk.Errorf(sdk.ErrUnsupported, "no"), status: 404},
		"a failing connector":    {err: sdk.Errorf(sdk.ErrInternal, "no"), status: 503},
		"too large":              {body: strings.Repeat("x", maxBodyBytes+1), status: 413},
		"as large as may be":     {auth: right, body: strings.Repeat("x", maxBodyBytes), status: 204, hints: 1},
		"another method":         {method: "DELETE", status: 405},
	} {
		t.Run(name, func(t *testing.T) {
			s := newTestServer("https://hooks.example.com")
			v, got := &verifier{give: c.give, err: c.err}, &counter{}
			d := s.Open("okta/one", v, got.hint)
			d.Admit("token")
			if c.method == "" {
				c.method = "POST"
			}
			r := httptest.NewRequestWithContext(t.Context(), c.method, "/hooks/okta/one/token?a=1&a=2", strings.NewReader(c.body))
			r.Header.Set("Authorization", c.auth)
			for k, value := range c.header {
				r.Header.Set(k, value)
			}
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			if w.Code != c.status || w.Body.String() != c.answer || got.count() != c.hints {
				t.Errorf("%d %.40q and %d hints, want %d %q and %d", w.Code, w.Body, got.count(), c.status, c.answer, c.hints)
			}
			if w.Header().Get("Location") != "" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers: %v", w.Header())
			}
		})
	}
}

// Headers of an answer cannot do more than an answer to a webhook needs.
func TestAnswerHeaders(t *testing.T) {
	s := newTestServer("https://hooks.example.com")
	give := &wire.WebhookResponse{Status: 200, Body: []byte("ok"), Headers: []*wire.Value{
		{Name: "x-fine", Value: "yes"}, {Name: "set-cookie", Value: "a=b"}, {Name: "bad name", Value: "x"}, {Name: "X-Split", Value: "a\r\nSet-Cookie: b"},
		{Name: "x-content-type-options", Value: "sniff"}, {Name: "content-length", Value: "1000000"},
	}}
	for range 2 * maxAnswerHeads {
		give.Headers = append(give.Headers, &wire.Value{Name: fmt.Sprintf("x-%d", len(give.Headers)), Value: "x"})
	}
	s.Open("okta/one", &verifier{give: give}, (&counter{}).hint).Admit("token")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/hooks/okta/one/token", nil))
	h := w.Header()
	if h.Get("X-Fine") != "yes" || h.Get("Set-Cookie") != "" || h.Get("X-Split") != "" || h.Get("Content-Length") != "" || h.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%v", h)
	}
	if len(h) > maxAnswerHeads+3 {
		t.Errorf("%d headers", len(h))
	}
}

// The connector sees the request as it came.
func TestMessage(t *testing.T) {
	s := newTestServer("https://hooks.example.com")
	v := &verifier{}
	s.Open("okta/one", v, (&counter{}).hint).Admit("token")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/hooks/okta/one/token?b=2&a=1&b=3&c=%ff", bytes.NewReader([]byte{0, 1, 255}))
	r.Header["X-Twice"] = []string{"one", "two\xff"}
	s.ServeHTTP(httptest.NewRecorder(), r)
	got := v.got[0]
	if q := fmt.Sprint(got.GetQuery()); len(got.GetQuery()) != 4 || !strings.Contains(q, "b") {
		t.Errorf("query %s", q)
	}
	if n := len(got.GetHeaders()); n != 2 || !bytes.Equal(got.GetBody(), []byte{0, 1, 255}) || got.GetMethod() != "POST" {
		t.Errorf("%d headers, body %v", n, got.GetBody())
	}
	if _, err := got.MarshalVT(); err != nil {
		t.Error(err)
	}
	if time.Since(got.GetReceivedAt().AsTime()) > time.Minute {
		t.Error("no time")
	}
}

// A connector that does not answer is waited for two seconds.
func TestSlowConnector(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer("https://hooks.example.com")
		d := s.Open("okta/one", &verifier{block: make(chan struct{})}, (&counter{}).hint)
		d.Admit("token")
		began := time.Now()
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/hooks/okta/one/token", nil))
		if took := time.Since(began); took != verifyTime || w.Code != 503 || w.Header().Get("Retry-After") == "" {
			t.Errorf("%d after %s", w.Code, took)
		}
		if d.Counts().Failed != 1 {
			t.Errorf("%+v", d.Counts())
		}
	})
}

// A flood for one instance, whose connector is stuck, holds its own places only; the others are answered at once.
func TestFlood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer("https://hooks.example.com")
		stuck, got := &verifier{block: make(chan struct{})}, &counter{}
		flooded := s.Open("okta/one", stuck, got.hint)
		flooded.Admit("token")
		s.Open("okta/two", &verifier{}, got.hint).Admit("token")
		ask := func(instance, auth string) int {
			r := httptest.NewRequestWithContext(context.Background(), http.MethodPost, "/hooks/"+instance+"/token", nil)
			r.Header.Set("Authorization", auth)
			w := httptest.NewRecorder()
			s.ServeHTTP(w, r)
			return w.Code
		}
		var wg sync.WaitGroup
		var mu sync.Mutex
		answers := map[int]int{}
		for range 2_000 {
			wg.Go(func() {
				code := ask("okta/one", right)
				mu.Lock()
				defer mu.Unlock()
				answers[code]++
			})
		}
		synctest.Wait()
		if n := stuck.requests(); n != maxAtOnce {
			t.Errorf("%d requests are with the connector, %d may be", n, maxAtOnce)
		}
		mu.Lock()
		if answers[503] != 2_000-maxAtOnce-maxWaiting {
			t.Errorf("refused at once: %v", answers)
		}
		mu.Unlock()
		began := time.Now()
		if code := ask("okta/two", right); code != 204 || time.Since(began) > 0 || got.count() != 1 {
			t.Errorf("the other instance: %d after %s, %d hints", code, time.Since(began), got.count())
		}
		wg.Wait()
		if c := flooded.Counts(); c.Refused < 1_900 || c.Verified != 0 {
			t.Errorf("%+v", c)
		}
		time.Sleep(burst / perSecond * time.Second)
		close(stuck.block)
		if code := ask("okta/one", right); code != 204 {
			t.Errorf("after the flood: %d", code)
		}
	})
}

// More than the rate allows is refused, whoever sends it.
func TestRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer("https://hooks.example.com")
		v := &verifier{}
		s.Open("okta/one", v, (&counter{}).hint).Admit("token")
		for range 60 {
			for range 4 * perSecond {
				s.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/hooks/okta/one/token", nil))
			}
			time.Sleep(time.Second)
		}
		if n := v.requests(); n > burst+61*perSecond || n < burst+59*perSecond {
			t.Errorf("%d requests in a minute", n)
		}
	})
}

// Whoever sends slowly, or opens many connections, keeps nobody else out.
func TestSlowSenders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer("https://hooks.example.com")
		got := &counter{}
		s.Open("okta/one", &verifier{}, got.hint).Admit("token")
		p := newPipes()
		p.run(t, s)
		const path = "http://hooks.example.com/hooks/okta/one/token"
		closed := 0
		var mu sync.Mutex
		for range 3 * maxPerAddress {
			c := p.dial("192.0.2.1")
			t.Cleanup(func() { _ = c.Close() })
			go func() {
				_, err := io.WriteString(c, "POST /hooks/okta/one/token HTTP/1.1\r\nHost: x\r\nX-")
				if err == nil {
					_, _ = io.Copy(io.Discard, c) // until it is closed
				}
				mu.Lock()
				defer mu.Unlock()
				closed++
			}()
		}
		synctest.Wait()
		mu.Lock()
		if closed != 2*maxPerAddress {
			t.Errorf("%d connections of one address are closed at once", closed)
		}
		mu.Unlock()
		if code, _ := send(t, p.client("192.0.2.2"), "POST", path, right, "{}"); code != 204 || got.count() != 1 {
			t.Errorf("another sender: %d", code)
		}
		if code, _ := send(t, p.client("192.0.2.1"), "POST", path, right, "{}"); code != 0 {
			t.Errorf("one more of the address: %d", code)
		}
		time.Sleep(headerTime + time.Second)
		synctest.Wait()
		if code, _ := send(t, p.client("192.0.2.1"), "POST", path, right, "{}"); code != 204 {
			t.Errorf("after their time: %d", code)
		}
	})
}

// A body that does not come holds its place no longer than a request may take; a header that does not end is refused.
func TestEndlessRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newTestServer("https://hooks.example.com")
		d := s.Open("okta/one", &verifier{}, (&counter{}).hint)
		d.Admit("token")
		p := newPipes()
		p.run(t, s)
		c := p.dial("192.0.2.1")
		defer func() { _ = c.Close() }()
		go func() {
			_, _ = io.WriteString(c, "POST /hooks/okta/one/token HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
		}()
		began := time.Now()
		_, _ = io.ReadAll(c)
		if took := time.Since(began); took > requestTime+time.Second || d.Counts().Refused != 1 {
			t.Errorf("held for %s, %+v", took, d.Counts())
		}
		large := p.dial("192.0.2.1")
		defer func() { _ = large.Close() }()
		go func() {
			_, _ = io.WriteString(large, "POST /hooks/okta/one/token HTTP/1.1\r\nHost: x\r\nX-Large: "+strings.Repeat("x", 2*maxHeaderBytes)+"\r\n\r\n")
		}()
		answer, _ := io.ReadAll(large)
		if !strings.HasPrefix(string(answer), "HTTP/1.1 431 ") {
			t.Errorf("a header of %d bytes: %.40q", 2*maxHeaderBytes, answer)
		}
	})
}

// Whatever the request, there is an answer, and no hint without the secret.
func FuzzReceive(f *testing.F) {
	f.Add("POST", "/hooks/okta/one/token?x=1", "X-Challenge", "1", []byte("{}"))
	f.Add("GET", "/hooks/../hooks/okta/one/token", "Authorization", "x", []byte(nil))
	f.Fuzz(func(t *testing.T, method, path, name, value string, body []byte) {
		u := &http.Request{Method: method, Header: http.Header{name: {value}}, Body: io.NopCloser(bytes.NewReader(body))}
		target, err := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil).URL.Parse(path)
		if err != nil {
			return
		}
		u.URL = target
		s := newTestServer("https://hooks.example.com/base")
		got := &counter{}
		s.Open("okta/one", &verifier{}, got.hint).Admit("token")
		w := httptest.NewRecorder()
		s.ServeHTTP(w, u.WithContext(t.Context()))
		if w.Code < 200 || w.Code > 599 {
			t.Errorf("status %d", w.Code)
		}
		if got.count() > 0 && !(name == "Authorization" && value == right) {
			t.Errorf("a hint without the secret")
		}
	})
}
