package api

import (
	"cmp"
	"net/http"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/alert"
	"github.com/mooring-hq/mooring/agent/internal/decision"
)

// DecisionRequest is the body of a request for a decision.
type DecisionRequest struct {
	What    string `json:"what"`
	Policy  string `json:"policy,omitempty"`
	Scope   string `json:"scope,omitempty"`
	Ref     string `json:"ref,omitempty"`
	Alert   string `json:"alert,omitempty"` // instead of policy and scope: what an exception is made of
	Verdict string `json:"verdict,omitempty"`
	Person  string `json:"person,omitempty"`
	Reason  string `json:"reason"`
	Seconds int64  `json:"seconds,omitempty"` // until it ends by itself; 0: never
}

// Withdrawal is the body of a request that ends a decision.
type Withdrawal struct {
	Reason string `json:"reason"`
}

// Decided is a decision in an answer.
type Decided struct {
	*decision.Decision
	Title   string `json:"title"`
	InForce bool   `json:"in_force"`
}

func decided(d *decision.Decision, now time.Time) *Decided {
	return &Decided{d, d.Title(), d.InForce(now)}
}

// decisions answers with those in force, the newest first; with all=true, also with those that ended.
func (s *server) decisions(w http.ResponseWriter, r *http.Request) error {
	docs, done, err := s.own()
	if err != nil {
		return err
	}
	defer done()
	var all []*Decided
	if docs != nil {
		now := time.Now()
		for d, err := range decision.All(r.Context(), docs) {
			if err != nil {
				return err
			}
			if d.InForce(now) || r.URL.Query().Get("all") == "true" {
				all = append(all, decided(d, now))
			}
		}
	}
	slices.SortFunc(all, func(a, b *Decided) int { return cmp.Or(b.Made.Compare(a.Made), cmp.Compare(a.ID, b.ID)) })
	return sendLines(w, all)
}

func (s *server) decide(w http.ResponseWriter, r *http.Request) error {
	g, err := s.governor()
	if err != nil {
		return err
	}
	who, err := author(r)
	if err != nil {
		return err
	}
	var in DecisionRequest
	if err := body(w, r, &in); err != nil {
		return err
	}
	if in.Seconds < 0 || in.Seconds > maxDecisionSeconds {
		return badRequest("seconds is not a time that a decision may last")
	}
	d := decision.Decision{
		What: decision.What(in.What), Author: who, Reason: in.Reason, Policy: in.Policy, Scope: in.Scope, Ref: in.Ref,
		Verdict: in.Verdict, Person: in.Person,
	}
	if in.Seconds > 0 {
		end := time.Now().Add(time.Duration(in.Seconds) * time.Second)
		d.Expires = &end
	}
	if in.Alert != "" {
		a, err := g.Alerts().Get(r.Context(), in.Alert)
		if err != nil {
			return refused(err)
		}
		if err := ofAlert(&d, a); err != nil {
			return err
		}
	}
	made, err := g.Decisions().Make(r.Context(), d)
	if err != nil {
		return refused(err)
	}
	return sendJSON(w, decided(made, time.Now()))
}

const maxDecisionSeconds = 100 * 366 * 24 * 3600

// ofAlert makes an exception one of what an alert is about: its group, or its one record.
func ofAlert(d *decision.Decision, a *alert.Alert) error {
	d.Alert = a.ID
	if d.Policy != "" && d.Policy != a.Policy {
		return badRequest("alert %s is of policy %s, not %s", a.ID, a.Policy, d.Policy)
	}
	d.Policy = a.Policy
	switch {
	case d.Scope == decision.ScopePolicy:
	case a.State == alert.Baseline:
		return badRequest("alert %s counts a first look: except one of its records, or write --scope policy", a.ID)
	case d.Scope == decision.ScopeRef && a.Findings > 1:
		return badRequest("alert %s has %d findings: except one of its records by its ref", a.ID, a.Findings)
	case a.Group != "" && d.Scope != decision.ScopeRef:
		d.Scope, d.Group = decision.ScopeGroup, a.Group
	default:
		d.Scope, d.Ref = decision.ScopeRef, a.Ref
	}
	return nil
}

func (s *server) withdraw(w http.ResponseWriter, r *http.Request) error {
	g, err := s.governor()
	if err != nil {
		return err
	}
	who, err := author(r)
	if err != nil {
		return err
	}
	var in Withdrawal
	if err := body(w, r, &in); err != nil {
		return err
	}
	d, err := g.Decisions().Withdraw(r.Context(), r.PathValue("id"), who, in.Reason)
	if err != nil {
		return refused(err)
	}
	return sendJSON(w, decided(d, time.Now()))
}
