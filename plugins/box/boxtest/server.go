package boxtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

// Server is the fake.
type Server struct {
	*fake.Front
	cfg     Config
	ent     *Enterprise
	windows fake.Windows
	tokens  tokens
	hooks   hooks
	polls   polls
	changes changes
	scopes  atomic.Pointer[[]string]
}

// New starts nothing.
func New(cfg Config) *Server {
	cfg.AccessLife = orDefault(cfg.AccessLife, accessLife)
	cfg.RefreshLife = orDefault(cfg.RefreshLife, refreshLife)
	cfg.CodeLife = orDefault(cfg.CodeLife, codeLife)
	cfg.PollWait = orDefault(cfg.PollWait, pollWait)
	cfg.Limits.Calls = orDefault(cfg.Limits.Calls, callLimit)
	cfg.Limits.Window = orDefault(cfg.Limits.Window, time.Minute)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Client == nil {
		cfg.Client = &http.Client{
			Timeout:       10 * time.Second,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	s := &Server{cfg: cfg}
	s.changes.init(cfg.Enterprise)
	s.ent = s.changes.over()
	s.tokens.init()
	s.polls.init()
	s.Front = fake.New(fake.Config{
		Handler: s.routes(), Latency: cfg.Latency, Error: problem, Record: cfg.Record, Reset: s.windows.Reset,
	})
	return s
}

// call is one authenticated request.
type call struct {
	s *Server
	w http.ResponseWriter
	r *http.Request
	// user is who asks: the token's, or whom as-user names.
	user  string
	token *access
	news  []news // what the call changed
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth2/token", s.postToken)
	mux.HandleFunc("GET /api/oauth2/authorize", s.authorize)
	mux.HandleFunc("GET /realtime/subscribe", s.subscribe)
	for pattern, route := range map[string]struct {
		scope  string
		handle func(*call)
	}{
		"GET /2.0/users/me":                        {"", (*call).me},
		"GET /2.0/users":                           {ManageUsers, (*call).users},
		"GET /2.0/users/{id}":                      {ManageUsers, (*call).oneUser},
		"GET /2.0/groups":                          {ManageGroups, (*call).groups},
		"GET /2.0/groups/{id}":                     {ManageGroups, (*call).oneGroup},
		"GET /2.0/groups/{id}/memberships":         {ManageGroups, (*call).memberships},
		"GET /2.0/folders/{id}":                    {ReadAll, (*call).item},
		"GET /2.0/files/{id}":                      {ReadAll, (*call).item},
		"GET /2.0/folders/{id}/items":              {ReadAll, (*call).items},
		"GET /2.0/folders/trash/items":             {WriteAll, (*call).trash},
		"GET /2.0/files/{id}/trash":                {WriteAll, (*call).trashed},
		"GET /2.0/folders/{id}/trash":              {WriteAll, (*call).trashed},
		"GET /2.0/files/{id}/versions":             {ReadAll, (*call).versions},
		"GET /2.0/collaborations/{id}":             {ReadAll, (*call).collaboration},
		"GET /2.0/files/{id}/collaborations":       {ReadAll, (*call).collaborations},
		"GET /2.0/folders/{id}/collaborations":     {ReadAll, (*call).collaborations},
		"GET /2.0/events":                          {"", (*call).events},
		"OPTIONS /2.0/events":                      {"", (*call).realtime},
		"GET /2.0/webhooks":                        {ManageWebhooks, (*call).listHooks},
		"POST /2.0/webhooks":                       {ManageWebhooks, (*call).postHook},
		"DELETE /2.0/webhooks/{id}":                {ManageWebhooks, (*call).deleteHook},
		"GET /2.0/enterprises/{id}/device_pinners": {ManageEnterprise, (*call).pins},
		"GET /2.0/collaboration_whitelist_entries": {ManageEnterprise, (*call).domains},
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, route.scope, route.handle) })
	}
	for pattern, route := range writes() {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, route.scope, route.change) })
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { problem(w, r, http.StatusNotFound, "Not Found") })
	return mux
}

// serve lets in who may ask.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, scope string, handle func(*call)) {
	c := &call{s: s, w: w, r: r}
	if c.token = s.tokens.find(bearer(r), s.cfg.Now()); c.token == nil {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Service", error="invalid_token", error_description="The access token provided is invalid."`)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	c.user = c.token.user
	if fake.Of(r.Context()).Do == fake.FaultThrottle || !s.within(c.user) {
		w.Header().Set("Retry-After", str(s.retryAfter()))
		problem(w, r, http.StatusTooManyRequests, "Request rate limit exceeded, please try again later")
		return
	}
	if scope != "" && !c.holds(scope) {
		c.lacksScope()
		return
	}
	if as := r.Header.Get("As-User"); as != "" && !c.actAs(as) {
		c.fail(http.StatusForbidden, "Access denied - insufficient permission")
		return
	}
	handle(c)
}

func (s *Server) within(user string) bool {
	if s.cfg.Limits.Calls < 0 {
		return true
	}
	_, _, ok := s.windows.Take(user, 1, s.cfg.Limits.Calls, s.cfg.Limits.Window, s.cfg.Now())
	return ok
}

func (s *Server) retryAfter() int { return max(1, int(s.cfg.Limits.Window/time.Second)) }

// holds: writing everything includes reading it.
func (c *call) holds(scope string) bool {
	held := c.token.app.Scopes
	if others := c.s.scopes.Load(); others != nil {
		held = *others
	}
	return slices.Contains(held, scope) || scope == ReadAll && slices.Contains(held, WriteAll)
}

func (c *call) lacksScope() {
	c.w.Header().Set("WWW-Authenticate",
		`Bearer realm="Service", error="insufficient_scope", error_description="The request requires higher privileges than provided by the access token."`)
	c.w.WriteHeader(http.StatusForbidden)
}

// actAs: only an enterprise's own active users, and never the app's own account.
func (c *call) actAs(id string) bool {
	u, ok := c.s.ent.Users.find(id)
	if c.token.app.NoActAs || !ok || id == c.token.app.Service.ID || u.Status == "inactive" {
		return false
	}
	c.user = id
	return true
}

func (c *call) fail(status int, message string) { problem(c.w, c.r, status, message) }

// codes are the vendor's words for statuses.
func codeOf(status int) string {
	switch status {
	case http.StatusBadRequest:
		return "bad_request"
	case http.StatusForbidden:
		return "access_denied_insufficient_permissions"
	case http.StatusNotFound:
		return "not_found"
	case http.StatusConflict:
		return "conflict"
	case http.StatusTooManyRequests:
		return "rate_limit_exceeded"
	}
	return "internal_server_error"
}

func problem(w http.ResponseWriter, _ *http.Request, status int, message string) {
	problemCode(w, status, codeOf(status), message)
}

func problemCode(w http.ResponseWriter, status int, code, message string) {
	answer(w, status, map[string]any{
		"type": "error", "status": status, "code": code, "message": message, "request_id": "fake0" + strconv.Itoa(status),
		"help_url": "https://developer.box.com/guides/api-calls/permissions-and-errors/common-errors/",
	})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // into memory
}

func (c *call) ok(v any) { answer(c.w, http.StatusOK, v) }
