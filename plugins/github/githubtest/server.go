package githubtest

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Server is the fake. It is an http.Handler: httptest.NewServer or an http.Server makes it reachable. Beside the
// vendor's paths it answers below /_fake/ (see newControl).
type Server struct {
	cfg        Config
	byLogin    map[string]*Org // lower case, former logins too
	byID       map[int64]*Org
	apps       []*App
	routes     map[string][]*route // by first segment
	quota      *quota
	faults     faults
	stats      stats
	views      views
	sent       deliveries
	made       hookWrites
	tokens     tokens
	serial     atomic.Int64 // of requests and deliveries
	control    http.Handler
	client     *http.Client
	bodies     sync.Pool
	links      sync.Map       // of archives: secret → tarball
	suspended  sync.Map       // by a call: installation → time; zero: not any more
	background sync.WaitGroup // deliveries that are sent again
}

// New makes a fake. It starts nothing.
func New(cfg Config) *Server {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	s := &Server{
		cfg:     cfg,
		byLogin: map[string]*Org{},
		byID:    map[int64]*Org{},
		quota:   newQuota(cfg.Limits),
		client:  cfg.Client,
	}
	if s.client == nil {
		s.client = &http.Client{Timeout: deliveryTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		}}
	}
	s.cfg.Orgs = nil
	for _, o := range cfg.Orgs {
		s.cfg.Orgs = append(s.cfg.Orgs, changed(o))
	}
	for _, o := range s.cfg.Orgs {
		for _, former := range o.Former {
			s.byLogin[lower(former)] = o
		}
		s.byID[o.ID] = o
	}
	for _, o := range s.cfg.Orgs {
		s.byLogin[lower(o.Login)] = o
	}
	for i := range cfg.Apps {
		s.apps = append(s.apps, s.prepare(&cfg.Apps[i]))
	}
	s.tokens.set(cfg.Tokens, s.byLogin)
	s.routes = newRoutes()
	s.control = s.newControl()
	s.bodies.New = func() any { return new([]byte) }
	return s
}

// prepare is a copy of an App whose installations are filled in.
func (s *Server) prepare(a *App) *App {
	app := *a
	app.Installations = append([]Installation(nil), a.Installations...)
	for i := range app.Installations {
		inst := &app.Installations[i]
		inst.AppID, inst.AppSlug, inst.ClientID = app.ID, app.Slug, app.ClientID
		if inst.Permissions == nil {
			inst.Permissions = app.Permissions
		}
		if inst.Events == nil {
			inst.Events = app.Events
		}
	}
	return &app
}

func lower(s string) string { return strings.ToLower(s) }

// call is one request while it is served.
type call struct {
	s        *Server
	w        http.ResponseWriter
	r        *http.Request
	h        http.Header // of the answer
	now      time.Time
	base     string // scheme and host of the addresses in the answer
	segs     []string
	alias    string // how Link writes the path
	route    *route
	org      *Org
	repo     Repo
	ownerOrg *Org // whose JSON owner is
	owner    []byte
	who      *caller
	q        url.Values // once it was asked for

	status   int
	b        []byte
	sent     []byte // body of the request, where Record wants it
	entries  int    // of a list
	fault    Fault
	resource string
	charged  bool // a primary point was taken
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_fake/") {
		s.control.ServeHTTP(w, r)
		return
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, codeload); ok {
		s.serveTarball(w, r, rest)
		return
	}
	buf := s.bodies.Get().(*[]byte)
	c := &call{s: s, w: w, r: r, h: w.Header(), now: s.cfg.Now(), base: "http://" + r.Host, b: (*buf)[:0], resource: "core"}
	if r.TLS != nil {
		c.base = "https://" + r.Host
	}
	if s.cfg.Record != nil && r.Body != nil {
		c.sent, _ = io.ReadAll(io.LimitReader(r.Body, bodyMax)) // what cannot be read is not JSON either
		r.Body = io.NopCloser(bytes.NewReader(c.sent))
	}
	c.serve()
	c.send()
	*buf = c.b
	s.bodies.Put(buf)
}

// serve decides what to answer, in the order the vendor does.
func (c *call) serve() {
	serial := c.s.serial.Add(1)
	c.h.Set("Date", c.now.UTC().Format(http.TimeFormat))
	c.h.Set("Server", "github.com")
	c.h.Set("X-Github-Request-Id", requestID(serial))
	c.h.Set("X-Github-Media-Type", "github.v3; format=json")
	c.h.Set("Content-Type", "application/json; charset=utf-8")
	c.who = c.s.tokens.nobody(c.r)
	if !c.wellFormed() || !c.authenticate() {
		return
	}
	if !c.find() {
		return
	}
	done, ok := c.admit()
	if !ok {
		return
	}
	defer done()
	if c.s.cfg.Latency > 0 {
		c.wait(c.s.cfg.Latency)
	}
	if c.fault = c.s.faults.next(c.r.Method, "/"+strings.Join(c.segs, "/")); c.failed() {
		return
	}
	if c.moved() || !c.allowed() {
		return
	}
	c.route.serve(c)
}

// wellFormed refuses what the vendor's front door refuses.
func (c *call) wellFormed() bool {
	if c.r.UserAgent() == "" {
		c.error(http.StatusForbidden, "Request forbidden by administrative rules. Please make sure your request has a User-Agent header (https://docs.github.com/rest/using-the-rest-api/getting-started-with-the-rest-api#user-agent).")
		return false
	}
	if v := c.r.Header.Get("X-GitHub-Api-Version"); v != "" {
		c.h.Set("X-Github-Api-Version-Selected", v)
		if v != "2022-11-28" && v != "2026-03-10" {
			c.error(http.StatusBadRequest, "'"+v+"' is not a supported version. The supported versions are: 2022-11-28, 2026-03-10")
			return false
		}
	}
	return true
}

// wait waits, or until the client has gone.
func (c *call) wait(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-c.r.Context().Done():
	}
}

// requestID looks like the vendor's: five groups of hex digits.
func requestID(serial int64) string {
	h := strconv.FormatInt(serial, 16)
	return "FA4E:1C0DE:" + h + ":" + h + ":673F0000"
}

// values are the parameters of the query.
func (c *call) values() url.Values {
	if c.q == nil {
		c.q = c.r.URL.Query()
	}
	return c.q
}

// Wait returns when no delivery is under way any more. Call it before the end of a test.
func (s *Server) Wait() { s.background.Wait() }
