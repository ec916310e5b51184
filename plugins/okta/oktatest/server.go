package oktatest

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

// Server is the fake. It is an http.Handler.
type Server struct {
	*fake.Front
	cfg     Config
	org     *Org // with what calls changed
	changed *changes
	windows fake.Windows
	running atomic.Int64

	mu     sync.Mutex
	issued map[string]issued // access tokens
	used   map[string]time.Time
	hooks  []*hook
	hookN  int
}

// call is one request under way.
type call struct {
	s     *Server
	w     http.ResponseWriter
	r     *http.Request
	who   *principal
	fault fake.Fault
}

const hookTimeout = 3 * time.Second

// New starts nothing.
func New(cfg Config) *Server {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{
			Timeout: hookTimeout, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	s := &Server{cfg: cfg, changed: newChanges(cfg.Org), issued: map[string]issued{}, used: map[string]time.Time{}}
	s.org = s.changed.over()
	s.Front = fake.New(fake.Config{
		Handler: s.routes(), Latency: cfg.Latency, Record: cfg.Record, Reset: s.windows.Reset,
		Error: func(w http.ResponseWriter, r *http.Request, status int, message string) {
			(&call{s: s, w: w, r: r}).fail(status, codeOf(status), message)
		},
	})
	return s
}

func (s *Server) now() time.Time { return s.cfg.Now() }

// route is what an operation needs: a scope, and the bucket it counts in.
type route struct {
	pattern, scope, bucket string
	answer                 func(*call)
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, r := range s.table() {
		mux.HandleFunc(r.pattern, func(w http.ResponseWriter, req *http.Request) { s.serve(r, w, req) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, req *http.Request) {
		(&call{s: s, w: w, r: req}).fail(http.StatusNotFound, "E0000022", "The endpoint does not support the provided HTTP method")
	})
	return mux
}

func (s *Server) serve(r route, w http.ResponseWriter, req *http.Request) {
	c := &call{s: s, w: w, r: req, fault: fake.Of(req.Context())}
	h := w.Header()
	h.Set("Date", s.now().UTC().Format(http.TimeFormat))
	h.Set("X-Okta-Request-Id", random(12))
	defer s.running.Add(-1)
	switch {
	case !c.enter():
	case (req.Method == http.MethodPost || req.Method == http.MethodPut) && req.ContentLength < 0:
		c.fail(http.StatusLengthRequired, "E0000009", "Content-Length is required")
	case c.fault.Do == fake.FaultThrottle && c.fault.Body == "concurrency":
		c.tooMany(0, 0, s.now().Add(time.Minute))
	case c.fault.Do == fake.FaultThrottle:
		c.tooMany(s.cfg.Limits.number(r.bucket), 0, s.now().Add(time.Minute))
	case r.scope == "":
		if c.pay(r.bucket, "anonymous") {
			r.answer(c)
		}
	default:
		if c.authenticate() && c.pay(r.bucket, c.who.id) && c.may(r.scope) {
			r.answer(c)
		}
	}
}

// object answers with JSON.
func (c *call) object(status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		c.fail(http.StatusInternalServerError, "E0000009", "Internal Server Error")
		return
	}
	c.w.Header().Set("Content-Type", "application/json")
	c.w.WriteHeader(status)
	_, _ = c.w.Write(body) // the client has gone
}

type object = map[string]any

// fail answers with an error in Okta's shape.
func (c *call) fail(status int, code, summary string) {
	c.object(status, object{
		"errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oae" + random(8), "errorCauses": []any{},
	})
}

func (c *call) notFound(what, id string) {
	c.fail(http.StatusNotFound, "E0000007", "Not found: Resource not found: "+id+" ("+what+")")
}

func (c *call) invalid(message string) {
	c.fail(http.StatusBadRequest, "E0000001", "Api validation failed: "+message)
}

func codeOf(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "E0000011"
	case http.StatusForbidden:
		return "E0000006"
	case http.StatusNotFound:
		return "E0000007"
	case http.StatusTooManyRequests:
		return "E0000047"
	}
	return "E0000009"
}

// base is how the client reached us.
func (c *call) base() string {
	scheme := "http"
	if c.r.TLS != nil {
		scheme = "https"
	}
	return scheme + "://" + c.r.Host
}

func (c *call) link(path string) object {
	return object{"href": c.base() + path}
}

// date is a time as Okta writes it; nil for none.
func date(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// put sets what is not empty.
func put(o object, name string, v any) {
	if s, ok := v.(string); v != nil && (!ok || s != "") {
		o[name] = v
	}
}

func random(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
