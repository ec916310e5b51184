package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/agent/internal/action"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/sdk"
)

// Actions is what a Backend has beside, when an agent that may act runs.
type Actions interface {
	// Actions of an instance; an error says why it has none.
	Actions(instance string) (*action.Engine, error)
	// StopActions holds all actions of all instances back, until ResumeActions.
	StopActions(reason string) error
	ResumeActions() error
}

// ActionRequest is the body of a request for an action.
type ActionRequest struct {
	Action string            `json:"action,omitempty"`
	Ref    string            `json:"ref,omitempty"`
	Args   map[string]string `json:"args,omitempty"`
	Reason string            `json:"reason,omitempty"`
	// Plan is the hash of the plan that the person saw.
	Plan string `json:"plan,omitempty"`
	// Done says what became of an intent that is stuck.
	Done bool `json:"done,omitempty"`
}

// Planned is what an action would do.
type Planned struct {
	Action string       `json:"action"`
	Ref    string       `json:"ref"`
	Doc    string       `json:"doc"`
	Plan   *action.Plan `json:"plan"`
}

// maxActionBytes bounds a request: the text that a file is overwritten with may be in it.
const maxActionBytes = 512 << 10

const defaultIntents = 100

func (s *server) actionRoutes() map[string]func(http.ResponseWriter, *http.Request) error {
	return map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /v1/actions": s.intents, "POST /v1/actions": s.act, "POST /v1/actions/plan": s.plan,
		"POST /v1/actions/stop": s.stopActions, "POST /v1/actions/resume": s.resumeActions,
		"POST /v1/actions/{id}/approve": s.onIntent(func(r *http.Request, e *action.Engine, in *ActionRequest, who, id string) (*action.Intent, error) {
			return e.Approve(r.Context(), who, id, in.Plan)
		}),
		"POST /v1/actions/{id}/reject": s.onIntent(func(r *http.Request, e *action.Engine, in *ActionRequest, who, id string) (*action.Intent, error) {
			return e.Reject(r.Context(), who, id, in.Reason)
		}),
		"POST /v1/actions/{id}/undo": s.onIntent(func(r *http.Request, e *action.Engine, in *ActionRequest, who, id string) (*action.Intent, error) {
			return e.Undo(r.Context(), who, id, in.Reason)
		}),
		"POST /v1/actions/{id}/settle": s.onIntent(func(r *http.Request, e *action.Engine, in *ActionRequest, who, id string) (*action.Intent, error) {
			return e.Settle(r.Context(), who, id, in.Done, in.Reason)
		}),
	}
}

// intents answers with the newest; id: those whose ids begin so.
func (s *server) intents(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	limit := defaultIntents
	if l := v.Get("limit"); l != "" {
		n, err := strconv.Atoi(l)
		if err != nil || n < 1 {
			return badRequest("limit %q is not a number of actions", l)
		}
		limit = n
	}
	instances, err := s.chosen(v["instance"])
	if err != nil {
		return err
	}
	all := []*action.Intent{}
	for _, i := range instances {
		if err := action.Each(r.Context(), i.Store, func(one *action.Intent) bool {
			if strings.HasPrefix(one.ID, v.Get("id")) && (len(v["state"]) == 0 || slices.Contains(v["state"], string(one.State))) {
				all = append(all, one)
			}
			return true
		}); err != nil {
			return err
		}
	}
	slices.SortFunc(all, func(a, b *action.Intent) int { return cmp.Or(b.Created.Compare(a.Created), cmp.Compare(a.ID, b.ID)) })
	if id := v.Get("id"); id != "" && len(all) == 0 {
		return notFound("there is no action %q: `mooring actions` lists them", id)
	}
	return sendLines(w, all[:min(len(all), limit)])
}

// actor gives the engine of an instance, and who asks.
func (s *server) actions() (Actions, error) {
	a, ok := s.b.(Actions)
	if !ok {
		_, err := s.agent()
		return nil, err
	}
	return a, nil
}

func actionBody(w http.ResponseWriter, r *http.Request) (*ActionRequest, error) {
	in := &ActionRequest{}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxActionBytes)).Decode(in); err != nil {
		return nil, badRequest("the request's body is not the JSON that is expected: %v", err)
	}
	return in, nil
}

// wish reads what is wanted, and where.
func (s *server) wish(w http.ResponseWriter, r *http.Request) (*action.Engine, *ActionRequest, action.Wish, error) {
	var wish action.Wish
	a, err := s.actions()
	if err != nil {
		return nil, nil, wish, err
	}
	in, err := actionBody(w, r)
	if err != nil {
		return nil, nil, wish, err
	}
	ref, err := record.ParseRef(in.Ref)
	if err != nil {
		return nil, nil, wish, badRequest("%v", err)
	}
	e, err := a.Actions(ref.Provider + "/" + ref.Instance)
	if err != nil {
		return nil, nil, wish, badRequest("%v", err)
	}
	return e, in, action.Wish{Action: in.Action, Target: ref, Args: in.Args, Reason: in.Reason}, nil
}

// plan says what an action would do, and does nothing.
func (s *server) plan(w http.ResponseWriter, r *http.Request) error {
	e, in, wish, err := s.wish(w, r)
	if err != nil {
		return err
	}
	plan, err := e.Plan(r.Context(), wish)
	if err != nil {
		return planError(err)
	}
	return sendJSON(w, Planned{Action: in.Action, Ref: wish.Target.String(), Doc: e.Doc(in.Action), Plan: plan})
}

// planError: what the provider, or a rule, says against it is an answer, and no fault of ours.
func planError(err error) error {
	if e, ok := errors.AsType[*sdk.Error](err); ok {
		return &httpError{http.StatusConflict, e.Message}
	}
	return badRequest("%v", err)
}

func (s *server) act(w http.ResponseWriter, r *http.Request) error {
	who, err := author(r)
	if err != nil {
		return err
	}
	e, in, wish, err := s.wish(w, r)
	if err != nil {
		return err
	}
	if in.Plan == "" {
		return badRequest("plan is missing: the hash of the plan that you saw")
	}
	i, err := e.Act(r.Context(), who, wish, in.Plan)
	if err != nil {
		return planError(err)
	}
	return sendJSON(w, i)
}

// onIntent is what a person says of one intent.
func (s *server) onIntent(do func(*http.Request, *action.Engine, *ActionRequest, string, string) (*action.Intent, error)) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		who, err := author(r)
		if err != nil {
			return err
		}
		a, err := s.actions()
		if err != nil {
			return err
		}
		in, err := actionBody(w, r)
		if err != nil {
			return err
		}
		one, err := s.intent(r, r.PathValue("id"))
		if err != nil {
			return err
		}
		e, err := a.Actions(one.Instance)
		if err != nil {
			return badRequest("%v", err)
		}
		i, err := do(r, e, in, who, one.ID)
		if err != nil {
			return planError(err)
		}
		return sendJSON(w, i)
	}
}

// intent finds the one whose id begins so.
func (s *server) intent(r *http.Request, id string) (*action.Intent, error) {
	instances, err := s.chosen(nil)
	if err != nil {
		return nil, err
	}
	var found []*action.Intent
	for _, i := range instances {
		if err := action.Each(r.Context(), i.Store, func(one *action.Intent) bool {
			if strings.HasPrefix(one.ID, id) {
				found = append(found, one)
			}
			return true
		}); err != nil {
			return nil, err
		}
	}
	switch len(found) {
	case 0:
		return nil, notFound("there is no action %q: `mooring actions` lists them", id)
	case 1:
		return found[0], nil
	}
	return nil, badRequest("%d actions begin with %q: write more of the id", len(found), id)
}

func (s *server) stopActions(w http.ResponseWriter, r *http.Request) error {
	who, err := author(r)
	if err != nil {
		return err
	}
	a, err := s.actions()
	if err != nil {
		return err
	}
	in, err := actionBody(w, r)
	if err != nil {
		return err
	}
	if err := a.StopActions(who + ": " + in.Reason); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *server) resumeActions(w http.ResponseWriter, r *http.Request) error {
	if _, err := author(r); err != nil {
		return err
	}
	a, err := s.actions()
	if err != nil {
		return err
	}
	if err := a.ResumeActions(); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
