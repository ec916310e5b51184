package sdktest

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mooring-hq/mooring/sdk"
)

// person is what the fake provider of actions holds.
type person struct {
	Status string `json:"status"`
	Role   string `json:"role"`
	Mails  int    `json:"mails"` // that the provider sent
}

// registry is a provider whose persons can be changed, with one request for each field.
type registry struct {
	mu      sync.Mutex
	persons map[string]person
}

func newRegistry() *registry {
	r := &registry{}
	r.reset()
	return r
}

func (r *registry) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.persons = map[string]person{"ann": {Status: "active", Role: "admin"}}
}

func (r *registry) state() any {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.persons)
}

func (r *registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Header.Get("Authorization") != "Bearer "+secret {
		http.Error(w, "{}", http.StatusUnauthorized)
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	id := strings.TrimPrefix(req.URL.Path, "/persons/")
	p := r.persons[id]
	if req.Method == http.MethodPost {
		switch q := req.URL.Query(); {
		case q.Has("status"):
			p.Status = q.Get("status")
		case q.Has("role"):
			p.Role = q.Get("role")
		case q.Has("mail"):
			p.Mails++
		}
		r.persons[id] = p
	}
	_ = json.NewEncoder(w).Encode(p)
}

// actor locks persons out: it takes their role, too. It has one defect, or none.
type actor struct {
	planted
	sdk.Actions
	bug string
}

// locked is what the action touches.
type locked struct {
	Status string `json:"status"`
	Role   string `json:"role"`
}

func newActor(bug string) *actor {
	a := &actor{bug: bug}
	change := &sdk.Change[locked]{
		Read: func(ctx context.Context, s *sdk.Session, i *sdk.Intent) (locked, error) {
			var l locked
			err := s.GetJSON(ctx, "/persons/"+i.GetTarget().GetId(), &l)
			return l, err
		},
		Want:    func(*sdk.Intent, locked) (locked, error) { return locked{"suspended", "none"}, nil },
		Write:   a.write,
		Effects: func(_ *sdk.Intent, _, to locked) []string { return []string{"is " + to.Status} },
	}
	a.Actions = sdk.Actions{{
		Name: "lock", On: sdk.KindAccount, Doc: "Locks a person out.", Safety: sdk.Repeat, Undo: sdk.UndoFull, Capability: "act:lock", By: change,
	}}
	return a
}

func (a *actor) Describe() *sdk.Description {
	d := a.planted.Describe()
	d.Actions = a.Specs()
	return d
}

// Check is part of sdk.Checker.
func (a *actor) Check(ctx context.Context, s *sdk.Session) (*sdk.Status, error) {
	st := &sdk.Status{TenantID: "t"}
	for _, l := range a.Describe().Listings {
		st.Capabilities = append(st.Capabilities, sdk.Capability{Name: "list:" + l.Name, State: sdk.Held})
	}
	var ann locked
	err := s.GetJSON(ctx, "/persons/ann", &ann)
	if s.Acting && a.bug != "actions unchecked" {
		st.Capabilities = append(st.Capabilities, sdk.Capability{Name: "act:lock", State: sdk.Held})
	}
	return st, err
}

// post sends what changes one field.
func (a *actor) post(ctx context.Context, s *sdk.Session, i *sdk.Intent, field, value string) error {
	ref, err := s.Resolve("/persons/" + i.GetTarget().GetId() + "?" + field + "=" + value)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, ref, http.NoBody)
	if err != nil {
		return err
	}
	res, err := s.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return s.ResponseError(res)
	}
	return nil
}

func (a *actor) write(ctx context.Context, s *sdk.Session, i *sdk.Intent, _, to locked) (*sdk.Outcome, error) {
	if a.bug == "does nothing" {
		return nil, nil //nolint:nilnil // Done
	}
	if err := a.post(ctx, s, i, "status", to.Status); err != nil {
		if a.bug == "lost is refused" || a.bug == "lost undo is refused" && i.GetUndo() != nil {
			err = sdk.Errorf(sdk.ErrUnavailable, "no answer") // as if it was not sent
		}
		return nil, err
	}
	if a.bug == "done again on repeat" {
		if err := a.post(ctx, s, i, "mail", "1"); err != nil {
			return nil, halfDone(err)
		}
	}
	if a.bug == "undo forgets" && i.GetUndo() != nil {
		return nil, nil //nolint:nilnil // Done
	}
	err := a.post(ctx, s, i, "role", to.Role)
	if err != nil && a.bug != "half is refused" {
		err = halfDone(err)
	}
	return nil, err
}

// halfDone is the error of a second step: the first was done.
func halfDone(err error) error {
	return &sdk.Error{Type: sdk.ErrUnavailable, Message: err.Error(), Sent: true}
}

// Prepare is part of sdk.Actor.
func (a *actor) Prepare(ctx context.Context, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, error) {
	if a.bug == "prepare changes" {
		if err := a.post(ctx, s, i, "mail", "1"); err != nil {
			return nil, err
		}
	}
	p, err := a.Actions.Prepare(ctx, s, i)
	if err == nil && a.bug == "undo is never done" && i.GetUndo() != nil {
		p.Already = false
	}
	return p, err
}

// Act is part of sdk.Actor.
func (a *actor) Act(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte, keep func([]byte) error) (*sdk.Outcome, error) {
	if a.bug == "secret in progress" {
		if err := keep([]byte("as " + s.Secret("token"))); err != nil {
			return nil, err
		}
	}
	if a.bug == "refused on repeat" {
		var now locked
		if err := s.GetJSON(ctx, "/persons/"+i.GetTarget().GetId(), &now); err != nil {
			return nil, err
		}
		if now.Status == "suspended" && i.GetUndo() == nil {
			return &sdk.Outcome{State: sdk.Refused, Error: sdk.ErrorToWire(sdk.Errorf(sdk.ErrConflict, "is so"))}, nil
		}
	}
	return a.Actions.Act(ctx, s, i, p, progress, keep)
}

// ReadBack is part of sdk.Actor.
func (a *actor) ReadBack(ctx context.Context, s *sdk.Session, i *sdk.Intent, p *sdk.Plan, progress []byte) (*sdk.ReadBack, error) {
	r, err := a.Actions.ReadBack(ctx, s, i, p, progress)
	if err == nil && a.bug == "undo unseen" && i.GetUndo() != nil {
		r.State = sdk.NotApplied
	}
	return r, err
}

func actionFindings(t *testing.T, bug string) []string {
	t.Helper()
	r := newRegistry()
	var found []string
	t.Run("run", func(t *testing.T) {
		actions(verdict{t, "", &found}, Options{Connector: newActor(bug), Provider: r, Secrets: map[string]string{"token": secret}},
			ActionCase{Action: "lock", Target: "ann", State: r.state})
	})
	return found
}

func TestASoundActionPasses(t *testing.T) {
	if found := actionFindings(t, ""); len(found) > 0 {
		t.Errorf("%q", found)
	}
}

// Every defect of an action is found.
func TestPlantedDefectsOfActionsAreFound(t *testing.T) {
	for bug, want := range map[string]string{
		"does nothing":         "/lock: the act changed nothing",
		"undo forgets":         "/lock: after the undo the state is",
		"done again on repeat": "/lock: done twice it is not done once",
		"refused on repeat":    "/lock: done twice, it is told as ",
		"lost is refused":      "the answer to request 1 lost: told as refused, but the state is",
		"lost undo is refused": "undo: the answer to request 1 lost: told as refused, but the state is",
		"half is refused":      "request 2 refused: told as refused, but the state is",
		"prepare changes":      "/lock: prepare changed the provider's state",
		"secret in progress":   "/lock: the progress holds the secret token",
		"undo is never done":   "/lock: undone, it is to be undone",
		"actions unchecked":    "/check: Session.Acting is true: Check says something of act:lock: false",
		"undo unseen":          "/lock: read back after the undo: ",
	} {
		t.Run(bug, func(t *testing.T) {
			if (bug == "half is refused" || bug == "lost undo is refused") && testing.Short() {
				t.Skip("with -short nothing is refused, and undo loses nothing")
			}
			found := actionFindings(t, bug)
			if !slices.ContainsFunc(found, func(f string) bool { return strings.Contains(f, want) }) {
				t.Errorf("want %q among %d findings: %q", want, len(found), found[:min(len(found), 8)])
			}
		})
	}
}
