package sink_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/secret"
	"github.com/mooring-hq/mooring/agent/internal/sink"
)

const canary = "canary-4711-do-not-show"

// hook is a server that notes what it gets.
type hook struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
	// answer is asked with the number of requests so far.
	answer func(n int, w http.ResponseWriter, r *http.Request)
}

func newHook(t *testing.T) *hook {
	t.Helper()
	h := &hook{}
	h.Server = httptest.NewServer(h)
	t.Cleanup(h.Close)
	return h
}

func (h *hook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	h.mu.Lock()
	h.requests, h.bodies = append(h.requests, r), append(h.bodies, string(body))
	n, answer := len(h.requests), h.answer
	h.mu.Unlock()
	if answer != nil {
		answer(n, w, r)
	}
}

func (h *hook) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.requests)
}

func (h *hook) sink(t *testing.T, path string) *config.Sink {
	t.Helper()
	s := webhook("a")
	s.Webhook.URL = reference(t, h.URL+path)
	return s
}

// reference is a secret in a file.
func reference(t *testing.T, value string) config.Credential {
	t.Helper()
	name := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(name, []byte(value), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := secret.Parse("file:"+name, "")
	if err != nil {
		t.Fatal(err)
	}
	return config.Credential{Reference: r}
}

func TestWebhookRequest(t *testing.T) {
	h, b := newHook(t), newBench(t)
	c := h.sink(t, "/in/"+canary+"?key="+canary)
	key := base64.StdEncoding.EncodeToString([]byte("the key"))
	c.Webhook.SigningKey = reference(t, "whsec_"+key)
	c.Webhook.Headers = map[string]config.Credential{"Authorization": reference(t, "Bearer "+canary), "X-Team": {Literal: "security"}}
	e := alert()
	e.ID = "alert-é 1\r\nX-Evil: 1"
	b.put(e, alert())
	s := b.sinks(c)
	stop := b.start(s)
	eventually(t, "both arrive", func() bool { return s.Status()[0].Sent == 2 })
	stop()
	r, body := h.requests[0], h.bodies[0]
	if r.Method != "POST" || r.URL.Path != "/in/"+canary || r.URL.RawQuery != "key="+canary || r.UserAgent() != "mooring/1.2.3" {
		t.Errorf("%s %s by %s", r.Method, r.URL, r.UserAgent())
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer " + canary, "X-Team": "security", "Content-Type": "application/json",
		"Idempotency-Key": "alert-%C3%A9%201%0D%0AX-Evil:%201", "Webhook-Id": "alert-%C3%A9%201%0D%0AX-Evil:%201", "X-Evil": "",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	mac := hmac.New(sha256.New, []byte("the key"))
	fmt.Fprintf(mac, "%s.%s.%s", r.Header.Get("Webhook-Id"), r.Header.Get("Webhook-Timestamp"), body)
	if want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)); r.Header.Get("Webhook-Signature") != want {
		t.Errorf("signature %q, want %q", r.Header.Get("Webhook-Signature"), want)
	}
	var got event.Event
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := *e
	want.Time = want.Time.Round(0)
	same(t, "body", want.Title, got.Title)
	same(t, "record", string(want.Record), string(got.Record))
}

func TestWebhookAnswers(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer func(n int, w http.ResponseWriter, r *http.Request)
		tries  int
		aside  uint64
		told   string
	}{
		{"taken", nil, 1, 0, ""},
		{"accepted", func(_ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(202) }, 1, 0, ""},
		{"down once", first(503), 2, 0, ""},
		{"slow down", first(429, "Retry-After", "1"), 2, 0, ""},
		{"timeout", first(408), 2, 0, ""},
		{"refused", always(400, "invalid_payload"), sink.RefusedTries, 1, "answered 400: invalid_payload"},
		{"gone", always(404, "no_team /in/"+canary), sink.RefusedTries, 1, "answered 404: no_team"},
		{"redirect", func(_ int, w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		},
			sink.RefusedTries, 1, "redirects are not followed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			h, b := newHook(t), newBench(t)
			h.answer = c.answer
			b.put(alert())
			s := b.sinks(h.sink(t, "/in/"+canary))
			stop := b.start(s)
			eventually(t, "it is sent or set aside", func() bool { st := s.Status()[0]; return st.Sent+st.Aside == 1 })
			st := s.Status()[0]
			stop()
			if h.count() != c.tries || st.Aside != c.aside || !strings.Contains(st.LastError, c.told) {
				t.Errorf("%d tries, %+v", h.count(), st)
			}
			if strings.Contains(b.log.String()+st.LastError, canary) {
				t.Errorf("the secret is shown:\n%s\n%s", b.log, st.LastError)
			}
		})
	}
}

func first(status int, headers ...string) func(int, http.ResponseWriter, *http.Request) {
	return func(n int, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			for k := 0; k < len(headers); k += 2 {
				w.Header().Set(headers[k], headers[k+1])
			}
			w.WriteHeader(status)
		}
	}
}

func always(status int, text string) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

// What is wrong with the way, not with the event, is waited out, said, and shows no secret.
func TestWebhookCannotBeReached(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	endless := newHook(t)
	endless.answer = func(_ int, w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(500)
		for r.Context().Err() == nil {
			if _, err := w.Write([]byte(strings.Repeat(canary, 100))); err != nil {
				return
			}
		}
	}
	for name, c := range map[string]struct {
		url     string
		private []string
		told    string
	}{
		"private":    {"http://127.0.0.1:9/" + canary, nil, "127.0.0.1 is a private address"},
		"link-local": {"http://169.254.169.254/" + canary, nil, "169.254.169.254 is a private address"},
		"by a name":  {"http://localhost:9/" + canary, nil, "is a private address"},
		"closed":     {"http://" + closed.Addr().String() + "/" + canary, []string{"localhost"}, "refused"},
		"endless":    {endless.URL + "/" + canary, []string{"localhost"}, "answered 500"},
		"no URL":     {canary, nil, "url is not a URL"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.network.Private = c.private
			s := webhook("a")
			s.Webhook.URL = reference(t, c.url)
			b.put(alert())
			all := b.sinks(s)
			stop := b.start(all)
			eventually(t, "it fails", func() bool { return all.Status()[0].State == "failing" })
			st := all.Status()[0]
			stop()
			if !strings.Contains(st.LastError, c.told) || st.Aside != 0 || st.Waiting != 1 {
				t.Errorf("%+v", st)
			}
			if strings.Contains(b.log.String()+st.LastError, canary) {
				t.Errorf("the secret is shown:\n%s\n%s", b.log, st.LastError)
			}
		})
	}
}

func TestWebhookSecretIsReadAnew(t *testing.T) {
	h, b := newHook(t), newBench(t)
	c := h.sink(t, "/old")
	h.answer = func(_ int, w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/old" {
			w.WriteHeader(http.StatusForbidden)
		}
	}
	b.put(alert())
	s := b.sinks(c)
	stop := b.start(s)
	eventually(t, "it is refused once", func() bool { return h.count() == 1 })
	if err := os.WriteFile(strings.TrimPrefix(c.Webhook.URL.Reference.String(), "file:"), []byte(h.URL+"/new"), 0o600); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is taken at the new URL", func() bool { return s.Status()[0].Sent == 1 })
	stop()
}

func TestWebhookGoesTheWayOfConnectors(t *testing.T) {
	b, target := newBench(t), &hook{}
	server := httptest.NewTLSServer(target)
	defer server.Close()
	var tunnels []string
	var mu sync.Mutex
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		tunnels = append(tunnels, r.Method+" "+r.Host)
		mu.Unlock()
		tunnel(t, w, server.Listener.Addr().String())
	}))
	defer proxy.Close()
	b.network.Proxy = new(proxy.URL)
	b.network.Roots = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	b.network.Private = nil // the proxy is named by the operator, and it dials
	c := webhook("a")
	c.Webhook.URL = config.Credential{Literal: "https://example.com/in"} // what the certificate is for
	b.put(alert())
	s := b.sinks(c)
	stop := b.start(s)
	eventually(t, "it arrives", func() bool { return s.Status()[0].Sent == 1 })
	stop()
	mu.Lock()
	defer mu.Unlock()
	same(t, "through the proxy", []string{"CONNECT example.com:443"}, tunnels)
}

func tunnel(t *testing.T, w http.ResponseWriter, to string) {
	out, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", to)
	if err != nil {
		t.Error(err)
		return
	}
	w.WriteHeader(http.StatusOK)
	in, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		t.Error(err)
		return
	}
	go func() { _, _ = io.Copy(out, buffered); _ = out.Close() }()
	_, _ = io.Copy(in, out)
	_ = in.Close()
}

func TestTemplates(t *testing.T) {
	hostile := alert()
	hostile.Title = "<!channel> *bold* [teams](https://evil.example) `x` \u202etxt.exe\nnew line"
	hostile.People = []string{"<https://evil.example|click>"}
	hostile.Ref = strings.Repeat("x", 10_000)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.tmpl", `{"text": {{json (headline .)}}, "id": {{json .ID}}, "all": [{{range $k, $f := facts .}}{{if $k}},{{end}}{{json $f.Value}}{{end}}]}`)
	for name, c := range map[string]struct {
		template string
		sent     bool
		told     string
	}{
		"slack": {"slack", true, ""}, "teams": {"teams", true, ""}, "json": {"json", true, ""}, "a file": {good, true, ""},
		"no JSON":   {write("bad.tmpl", `{"text": "{{.Title}}"}`), false, "gives no valid JSON"},
		"misspelt":  {write("misspelt.tmpl", `{{.Titel}}`), false, "Titel"},
		"no syntax": {write("syntax.tmpl", `{{`), false, "template"},
		"endless":   {write("endless.tmpl", `{{range $i := 1000000000}}{{$i}}{{end}}`), false, "4 MiB"},
		"large":     {write("large.tmpl", strings.Repeat(" ", 65<<10)), false, "64 KiB"},
		"missing":   {filepath.Join(dir, "none.tmpl"), false, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, b := newHook(t), newBench(t)
			s := h.sink(t, "/in")
			s.Webhook.Template = c.template
			e := *hostile
			b.put(&e)
			all := b.sinks(s)
			stop := b.start(all)
			eventually(t, "there is a result", func() bool { st := all.Status()[0]; return st.Sent+st.Aside == 1 || st.State == "failing" })
			st := all.Status()[0]
			stop()
			if c.sent != (st.Sent == 1) || !strings.Contains(st.LastError, c.told) {
				t.Fatalf("%+v", st)
			}
			if !c.sent {
				return
			}
			body := h.bodies[0]
			if !json.Valid([]byte(body)) || len(body) > 28<<10 { // what Teams takes
				t.Errorf("%d bytes: %s", len(body), body)
			}
			if name == "slack" || name == "teams" {
				for _, evil := range []string{"<!channel>", "<https", "\\u003c!channel", "\u202e", "[" + name + "](", "`x`"} {
					if strings.Contains(body, evil) {
						t.Errorf("%q is in %s", evil, body)
					}
				}
			}
		})
	}
}

func TestRetryAfterHeader(t *testing.T) {
	now := time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "120": 2 * time.Minute, " 5 ": 5 * time.Second, "-5": 0, "99999999999999": 0, "soon": 0,
		"Sun, 22 Nov 2026 08:10:00 GMT": 10 * time.Minute, "Sun, 22 Nov 2026 07:10:00 GMT": 0,
	} {
		if got := sink.RetryAfter(header, now); got != want {
			t.Errorf("%q is %s, want %s", header, got, want)
		}
	}
}

// Nothing waits for an answer that does not come when the agent ends.
func TestStopsWhileAnAnswerIsAwaited(t *testing.T) {
	h, b := newHook(t), newBench(t)
	release := make(chan struct{})
	h.answer = func(_ int, _ http.ResponseWriter, r *http.Request) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}
	defer close(release)
	b.put(alert())
	stop := b.start(b.sinks(h.sink(t, "/in")))
	eventually(t, "it is asked", func() bool { return h.count() == 1 })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	done := make(chan struct{})
	go func() { stop(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		t.Error("it does not stop")
	}
}
