package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/alert"
	"github.com/mooring-hq/mooring/agent/internal/decision"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
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
	if err := s.meant(r.Context(), g, &d); err != nil {
		return err
	}
	made, err := g.Decisions().Make(r.Context(), d)
	if err != nil {
		return refused(err)
	}
	return sendJSON(w, decided(made, time.Now()))
}

const maxDecisionSeconds = 100 * 366 * 24 * 3600

// meant refuses a decision about what is not there: a name that is misspelt would never count, and nobody would notice.
func (s *server) meant(ctx context.Context, g Governor, d *decision.Decision) error {
	if d.What == decision.Exception && d.Policy != "" && d.Alert == "" {
		if names := g.PolicyNames(); !slices.Contains(names, d.Policy) {
			return notFound("there is no policy %q; there are: %s", d.Policy, strings.Join(names, ", "))
		}
	}
	if d.Ref == "" || d.Alert != "" {
		return nil
	}
	ref, err := record.ParseRef(d.Ref)
	if err != nil {
		return badRequest("%v", err)
	}
	instances, err := s.chosen([]string{ref.Provider + "/" + ref.Instance})
	if err != nil {
		return err
	}
	if ref.Kind == wire.Kind_KIND_ACTIVITY { // which are kept by day
		return nil
	}
	for _, err := range instances[0].Store.Rows(ctx, store.Range{Kind: ref.Kind, ID: ref.ID}) {
		return err
	}
	return notFound("there is no record %s", d.Ref)
}

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
		return badRequest("alert %s has %d findings: write the ref of the one that is excepted instead", a.ID, a.Findings)
	case a.Group != "" && d.Scope != decision.ScopeRef:
		d.Scope, d.Group = decision.ScopeGroup, a.Group
		if len(a.Instances) == 1 {
			d.Instance = a.Instances[0]
		}
	case a.Findings > 1:
		return badRequest("alert %s has %d findings of no group: write the ref of the one that is excepted instead, or --scope policy", a.ID, a.Findings)
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
