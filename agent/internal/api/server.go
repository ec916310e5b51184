package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

type server struct {
	b     Backend
	known known
}

// New gives the handler of the API.
func New(b Backend) http.Handler {
	s := &server{b: b}
	mux := http.NewServeMux()
	for pattern, h := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /v1/status":       s.status,
		"GET /v1/records":      s.query,
		"GET /v1/changes":      s.changes,
		"GET /v1/person":       s.person,
		"GET /v1/timeline":     s.timeline,
		"GET /v1/access":       s.access,
		"POST /v1/scan":        s.scan,
		"POST /v1/try":         s.try,
		"POST /v1/check":       s.check,
		"POST /v1/login/begin": s.beginLogin, "POST /v1/login/finish": s.finishLogin, "POST /v1/login/forget": s.forgetLogin,
		"GET /v1/alerts":              s.alerts,
		"GET /v1/alerts/{id}":         s.alert,
		"POST /v1/alerts/{id}/assign": s.onAlert(assignAlert), "POST /v1/alerts/{id}/resolve": s.onAlert(resolveAlert),
		"POST /v1/alerts/{id}/reopen": s.onAlert(reopenAlert),
		"GET /v1/decisions":           s.decisions,
		"POST /v1/decisions":          s.decide, "POST /v1/decisions/{id}/withdraw": s.withdraw,
		"POST /v1/backup": s.backup,
		"POST /v1/reload": s.reload,
	} {
		mux.HandleFunc(pattern, answer(h))
	}
	for pattern, h := range s.actionRoutes() {
		mux.HandleFunc(pattern, answer(h))
	}
	return mux
}

// Problem is the body of every answer that is not 2xx.
type Problem struct {
	Error string `json:"error"`
}

type httpError struct {
	status int
	text   string
}

func (e *httpError) Error() string { return e.text }

func badRequest(format string, args ...any) error {
	return &httpError{http.StatusBadRequest, fmt.Sprintf(format, args...)}
}

func notFound(format string, args ...any) error {
	return &httpError{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

func answer(h func(http.ResponseWriter, *http.Request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		err := h(w, r)
		if err == nil {
			return
		}
		status := http.StatusInternalServerError
		if e, ok := errors.AsType[*httpError](err); ok {
			status = e.status
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(Problem{err.Error()})
	}
}

// agent is the running agent, or an error that says how to start one.
func (s *server) agent() (Agent, error) {
	if a := s.b.Agent(); a != nil {
		return a, nil
	}
	return nil, &httpError{http.StatusConflict, "no agent runs: start it with `mooring run`"}
}

func (s *server) scan(w http.ResponseWriter, r *http.Request) error {
	a, err := s.agent()
	if err != nil {
		return err
	}
	v := r.URL.Query()
	var kinds []wire.Kind
	for _, name := range v["kind"] {
		k, ok := sdk.ParseKind(name)
		if !ok {
			return badRequest("kind %q is not known", name)
		}
		kinds = append(kinds, k)
	}
	instances, err := s.chosen(v["instance"])
	if err != nil {
		return err
	}
	for _, i := range instances {
		if i.Orphaned || !i.Enabled {
			continue
		}
		if err := a.Scan(i.ID(), kinds, v.Get("full") == "true"); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

// backup streams the backup of one instance.
func (s *server) backup(w http.ResponseWriter, r *http.Request) error {
	a, err := s.agent()
	if err != nil {
		return err
	}
	instances, err := s.chosen(r.URL.Query()["instance"])
	if err != nil {
		return err
	}
	if len(instances) != 1 {
		return badRequest("a backup is of one instance at a time")
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Trailer", "Mooring-Error")
	if err := a.Backup(r.Context(), instances[0].ID(), w); err != nil {
		w.Header().Set("Mooring-Error", err.Error())
	}
	return nil
}

func (s *server) reload(w http.ResponseWriter, r *http.Request) error {
	a, err := s.agent()
	if err != nil {
		return err
	}
	if err := a.Reload(r.Context()); err != nil {
		return badRequest("%v", err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
