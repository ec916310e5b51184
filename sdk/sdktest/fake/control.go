package fake

import (
	"encoding/json"
	"maps"
	"net/http"
	"strconv"
	"sync"
)

const controlPath = "/_fake/"

// Stats is what a fake has seen since New or the last reset.
type Stats struct {
	Requests int                       `json:"requests"`
	Routes   map[string]map[string]int `json:"routes"` // the mux's pattern, else method and path → status → requests
	Bytes    int64                     `json:"bytes"`
}

type stats struct {
	mu  sync.Mutex
	now Stats
}

func (s *stats) count(r *http.Request, a *answer) {
	name := r.Pattern
	if name == "" {
		name = "no route"
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now.Requests++
	s.now.Bytes += int64(len(a.body))
	if s.now.Routes == nil {
		s.now.Routes = map[string]map[string]int{}
	}
	if s.now.Routes[name] == nil {
		s.now.Routes[name] = map[string]int{}
	}
	s.now.Routes[name][strconv.Itoa(a.code())]++
}

// Stats is a copy of the counts.
func (f *Front) Stats() Stats {
	f.stats.mu.Lock()
	defer f.stats.mu.Unlock()
	out := f.stats.now
	out.Routes = make(map[string]map[string]int, len(f.stats.now.Routes))
	for name, byStatus := range f.stats.now.Routes {
		out.Routes[name] = maps.Clone(byStatus)
	}
	return out
}

// Calls is how many requests came to a route, whatever the answer.
func (s Stats) Calls(route string) int {
	n := 0
	for _, times := range s.Routes[route] {
		n += times
	}
	return n
}

// Reset forgets counts and faults, and what Config.Reset does.
func (f *Front) Reset() {
	f.ClearFaults()
	if f.cfg.Reset != nil {
		f.cfg.Reset()
	}
	f.stats.mu.Lock()
	defer f.stats.mu.Unlock()
	f.stats.now = Stats{}
}

// newControl answers below /_fake/, so that a fault can be switched from outside the process:
//
//	POST   /_fake/faults   a Fault, or a list of them
//	DELETE /_fake/faults   ends all
//	GET    /_fake/stats    Stats
//	POST   /_fake/reset
func (f *Front) newControl() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /_fake/faults", f.postFaults)
	mux.HandleFunc("DELETE /_fake/faults", func(w http.ResponseWriter, _ *http.Request) {
		f.ClearFaults()
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /_fake/stats", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(f.Stats()) // the client has gone
	})
	mux.HandleFunc("POST /_fake/reset", func(w http.ResponseWriter, _ *http.Request) {
		f.Reset()
		w.WriteHeader(http.StatusNoContent)
	})
	return mux
}

func (f *Front) postFaults(w http.ResponseWriter, r *http.Request) {
	var body json.RawMessage
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, bodyMax)).Decode(&body)
	list := make([]Fault, 1)
	if err == nil && body[0] == '[' {
		err = json.Unmarshal(body, &list)
	} else if err == nil {
		err = json.Unmarshal(body, &list[0])
	}
	if err != nil {
		http.Error(w, "want a fault or a list of faults: "+err.Error(), http.StatusBadRequest)
		return
	}
	for _, fault := range list {
		f.Fault(fault)
	}
	w.WriteHeader(http.StatusNoContent)
}
