package googleworkspacetest

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

// Server is the fake: an http.Handler for all of Google's hosts, by path.
type Server struct {
	*fake.Front
	cfg     Config
	limits  Limits
	windows fake.Windows
	sign    [32]byte // of access tokens

	base    *Tenant    // without what calls changed, which cfg.Tenant has
	writing sync.Mutex // one call changes something at a time

	mu       sync.Mutex
	edits    edits
	granted  map[string]map[string]bool // by service account
	channels map[string]*channel
	posts    sync.WaitGroup
}

// New starts nothing.
func New(cfg Config) *Server {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{Timeout: 10 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}
	}
	s := &Server{
		cfg: cfg, base: cfg.Tenant, limits: cfg.Limits.orVendor(), edits: noEdits(),
		granted: map[string]map[string]bool{}, channels: map[string]*channel{},
	}
	s.cfg.Tenant = s.over(cfg.Tenant)
	_, _ = rand.Read(s.sign[:]) // never fails
	for _, a := range cfg.Accounts {
		s.Grant(a.Email, a.Scopes...)
	}
	s.Front = fake.New(fake.Config{
		Handler: s.routes(), Latency: cfg.Latency, Record: cfg.Record, Reset: s.windows.Reset,
		Error: func(w http.ResponseWriter, _ *http.Request, status int, message string) {
			writeError(w, status, reasonOf(status), message)
		},
	})
	return s
}

// Grant sets the scopes of a service account. Tokens that were given before keep what they had, as at Google.
func (s *Server) Grant(account string, scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]bool{}
	for _, scope := range scopes {
		all[scope] = true
	}
	s.granted[account] = all
}

// call is one request of a subject.
type call struct {
	*Server
	r       *http.Request
	subject User
	scopes  map[string]bool
}

// media is an answer that is content.
type media struct {
	mime  string
	bytes []byte
}

// handler answers a call, or gives an error.
type handler func(*call) (any, *problem)

// need is what a call needs beside a token.
type need struct {
	scopes []string // one of them
	admin  bool
	quota  func(*call) *problem
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", s.postToken)
	add := func(pattern string, n need, h handler) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, n, h) })
	}
	s.directoryRoutes(add)
	s.reportsRoutes(add)
	s.driveRoutes(add)
	write := func(pattern string, n need, h handler) {
		add(pattern, n, func(c *call) (any, *problem) {
			s.writing.Lock()
			defer s.writing.Unlock()
			return h(c)
		})
	}
	s.directoryWrites(write)
	s.driveWrites(write)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		writeError(w, http.StatusNotFound, "notFound", "Not Found")
	})
	return mux
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request, n need, h handler) {
	c, p := s.authenticate(r)
	if p == nil && fake.Of(r.Context()).Do == fake.FaultThrottle {
		p = throttled(r.URL.Path)
	}
	if p == nil {
		p = c.allowed(n)
	}
	if p == nil && n.quota != nil {
		p = n.quota(c)
	}
	var answer any
	if p == nil {
		answer, p = h(c)
	}
	if p != nil {
		writeError(w, p.status, p.reason, p.message)
		return
	}
	if answer == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	if content, ok := answer.(media); ok {
		w.Header().Set("Content-Type", content.mime)
		_, _ = w.Write(content.bytes) // the client has gone
		return
	}
	if mask := r.URL.Query().Get("fields"); mask != "" {
		tree, ok := parseFields(mask)
		if !ok {
			writeError(w, http.StatusBadRequest, "invalidParameter", "Invalid field selection "+mask)
			return
		}
		answer = tree.pick(answer)
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	_ = json.NewEncoder(w).Encode(answer) // the client has gone
}

// allowed says whether token and subject may make the call.
func (c *call) allowed(n need) *problem {
	ok := false
	for _, s := range n.scopes {
		ok = ok || c.scopes[scopePrefix+s]
	}
	if !ok {
		return &problem{http.StatusForbidden, "insufficientPermissions", "Request had insufficient authentication scopes."}
	}
	if n.admin && !c.subject.Admin && !c.subject.DelegatedAdmin {
		return &problem{http.StatusForbidden, "forbidden", "Not Authorized to access this resource/api"}
	}
	return nil
}

const scopePrefix = "https://www.googleapis.com/auth/"

// problem is an error as the APIs give it.
type problem struct {
	status  int
	reason  string
	message string
}

func notFound(what string) *problem {
	return &problem{http.StatusNotFound, "notFound", "Resource Not Found: " + what}
}

func invalid(what string) *problem {
	return &problem{http.StatusBadRequest, "invalid", "Invalid Input: " + what}
}

func throttled(path string) *problem {
	if strings.HasPrefix(path, "/admin/reports") {
		return &problem{http.StatusServiceUnavailable, "backendError", "Service unavailable. Please try again"}
	}
	return &problem{http.StatusForbidden, "userRateLimitExceeded", "User Rate Limit Exceeded"}
}

// reasonOf is what Google's errors of a status mostly say.
func reasonOf(status int) string {
	switch status {
	case http.StatusUnauthorized:
		return "authError"
	case http.StatusForbidden:
		return "forbidden"
	case http.StatusNotFound:
		return "notFound"
	case http.StatusTooManyRequests:
		return "rateLimitExceeded"
	}
	return "backendError"
}

func writeError(w http.ResponseWriter, status int, reason, message string) {
	domain := "global"
	if strings.Contains(reason, "LimitExceeded") {
		domain = "usageLimits"
	}
	body := map[string]any{"code": status, "message": message, "errors": []any{
		map[string]any{"domain": domain, "reason": reason, "message": message},
	}}
	if reason == "insufficientPermissions" {
		body["status"] = "PERMISSION_DENIED"
		body["details"] = []any{map[string]any{
			"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "domain": "googleapis.com",
		}}
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": body}) // the client has gone
}

// take takes from a window; nil when it fits.
func (c *call) take(name string, cost, limit int) *problem {
	if limit < 0 {
		return nil
	}
	if _, _, ok := c.windows.Take(name, cost, limit, time.Minute, c.cfg.Now()); ok {
		return nil
	}
	return throttled(c.r.URL.Path)
}
