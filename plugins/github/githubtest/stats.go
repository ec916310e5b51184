package githubtest

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"sync"
)

// Stats is what the fake has seen since New or the last reset.
type Stats struct {
	Requests     int                       `json:"requests"`
	Routes       map[string]map[string]int `json:"routes"` // "GET /orgs/{org}/members" → status → requests
	Limited      int                       `json:"limited"`
	LimitedAgain int                       `json:"limited_again"` // limited answers to someone who had been told to wait
	Conditional  int                       `json:"conditional"`   // requests with If-None-Match
	NotModified  int                       `json:"not_modified"`
	Entries      int                       `json:"entries"` // of lists
	Bytes        int64                     `json:"bytes"`
}

type stats struct {
	mu  sync.Mutex
	now Stats
}

func (s *stats) count(c *call, conditional bool) {
	name := "no route"
	if c.route != nil {
		name = c.route.name
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Requests++
	s.now.Entries += c.entries
	s.now.Bytes += int64(len(c.b))
	if conditional {
		s.now.Conditional++
	}
	if c.status == http.StatusNotModified {
		s.now.NotModified++
	}
	if s.now.Routes == nil {
		s.now.Routes = map[string]map[string]int{}
	}
	byStatus := s.now.Routes[name]
	if byStatus == nil {
		byStatus = map[string]int{}
		s.now.Routes[name] = byStatus
	}
	byStatus[strconv.Itoa(c.status)]++
}

func (s *stats) limited(again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Limited++
	if again {
		s.now.LimitedAgain++
	}
}

// Stats is a copy of the counts.
func (s *Server) Stats() Stats {
	s.stats.mu.Lock()
	defer s.stats.mu.Unlock()
	out := s.stats.now
	out.Routes = make(map[string]map[string]int, len(s.stats.now.Routes))
	for name, byStatus := range s.stats.now.Routes {
		copied := make(map[string]int, len(byStatus))
		maps.Copy(copied, byStatus)
		out.Routes[name] = copied
	}
	return out
}

// Reset forgets counts, faults, quotas and deliveries; tokens that were minted stay.
func (s *Server) Reset() {
	s.ClearFaults()
	s.quota.clear()
	s.sent.clear()
	s.stats.mu.Lock()
	defer s.stats.mu.Unlock()
	s.stats.now = Stats{}
}

// newControl answers below /_fake/, so that a fault can be switched from outside the process:
//
//	POST   /_fake/faults   a Fault, or a list of them
//	DELETE /_fake/faults   ends all
//	GET    /_fake/stats    Stats
//	POST   /_fake/reset
//	POST   /_fake/deliver  {"org","event","payload"}: sends a webhook
func (s *Server) newControl() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /_fake/faults", s.postFaults)
	mux.HandleFunc("DELETE /_fake/faults", func(w http.ResponseWriter, _ *http.Request) {
		s.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /_fake/stats", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, s.Stats()) })
	mux.HandleFunc("POST /_fake/reset", func(w http.ResponseWriter, _ *http.Request) {
		s.Reset()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("POST /_fake/deliver", s.postDeliver)
	return mux
}

func (s *Server) postFaults(w http.ResponseWriter, r *http.Request) {
	var body json.RawMessage
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyMax)).Decode(&body); err != nil {
		http.Error(w, "want a fault or a list of faults: "+err.Error(), http.StatusBadRequest)
		return
	}
	list := make([]Fault, 1)
	err := json.Unmarshal(body, &list[0])
	if len(body) > 0 && body[0] == '[' {
		err = json.Unmarshal(body, &list)
	}
	if err != nil {
		http.Error(w, "want a fault or a list of faults: "+err.Error(), http.StatusBadRequest)
		return
	}
	for _, f := range list {
		s.Fault(f)
	}
	w.WriteHeader(http.StatusNoContent)
}

func (s *Server) postDeliver(w http.ResponseWriter, r *http.Request) {
	var body struct {
		Org, Event string
		Payload    json.RawMessage
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, payloadMax)).Decode(&body); err != nil {
		http.Error(w, `want {"org","event","payload"}: `+err.Error(), http.StatusBadRequest)
		return
	}
	sent, err := s.Deliver(r.Context(), body.Org, body.Event, body.Payload)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	writeJSON(w, sent)
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // the client has gone
}
