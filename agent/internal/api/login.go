package api

import (
	"encoding/json"
	"net/http"
)

// maxLoginBytes bounds what a person pasted, and the rest of the request.
const maxLoginBytes = 256 << 10

// LoginPage is where a person consents.
type LoginPage struct {
	// Login is the instance whose login it is: the one asked for, or the one that it shares the login of.
	Login        string `json:"login"`
	URL          string `json:"url"`
	Instructions string `json:"instructions"`
	// State is to be given back, and to nobody else.
	State []byte `json:"state"`
}

// LoginBegin is the body of the request that begins a login.
type LoginBegin struct {
	Instance string   `json:"instance"`
	Redirect string   `json:"redirect"`
	Scopes   []string `json:"scopes,omitempty"`
}

// LoginFinish is the body of the request that finishes it.
type LoginFinish struct {
	Instance string `json:"instance"`
	State    []byte `json:"state"`
	Pasted   string `json:"pasted"`
}

func (s *server) beginLogin(w http.ResponseWriter, r *http.Request) error {
	a, err := s.agent()
	if err != nil {
		return err
	}
	var in LoginBegin
	if err := body(w, r, &in); err != nil {
		return err
	}
	page, err := a.BeginLogin(r.Context(), in.Instance, in.Redirect, in.Scopes)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(page)
}

func (s *server) finishLogin(w http.ResponseWriter, r *http.Request) error {
	a, err := s.agent()
	if err != nil {
		return err
	}
	var in LoginFinish
	if err := body(w, r, &in); err != nil {
		return err
	}
	who, err := a.FinishLogin(r.Context(), in.Instance, in.State, in.Pasted)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(who)
}

func (s *server) forgetLogin(w http.ResponseWriter, r *http.Request) error {
	a, err := s.agent()
	if err != nil {
		return err
	}
	if err := a.ForgetLogin(r.Context(), r.URL.Query().Get("instance")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func body(w http.ResponseWriter, r *http.Request, into any) error {
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxLoginBytes)).Decode(into); err != nil {
		return badRequest("the request's body is not the JSON that is expected") // the cause may quote a code
	}
	return nil
}
