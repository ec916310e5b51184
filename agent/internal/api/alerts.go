package api

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/mooring-hq/mooring/agent/internal/alert"
	"github.com/mooring-hq/mooring/agent/internal/judge"
)

// The limits of an answer.
const (
	maxAlerts       = 100_000
	defaultFindings = alert.KeptFindings
)

// AlertDetail is one alert with its findings.
type AlertDetail struct {
	*alert.Alert
	// Shown findings; of more than these only the number is given.
	Shown []*alert.Finding `json:"shown"`
}

// AlertChange is the body of a request about one alert. Which fields count depends on what is asked.
type AlertChange struct {
	To      string `json:"to,omitempty"`
	Verdict string `json:"verdict,omitempty"`
	Note    string `json:"note,omitempty"`
}

func parseFilter(v url.Values) (alert.Filter, error) {
	f := alert.Filter{States: v["state"], Severities: v["severity"], Policy: v.Get("policy"), Instance: v.Get("instance")}
	states := []string{alert.Open, alert.Resolved, alert.Closed, alert.Baseline}
	for _, s := range f.States {
		if !slices.Contains(states, s) {
			return f, badRequest("state %q is not one of open, resolved, closed, baseline", s)
		}
	}
	for _, s := range f.Severities {
		if !slices.Contains(alert.Severities(), s) {
			return f, badRequest("severity %q is not one of info, low, medium, high, critical", s)
		}
	}
	return f, nil
}

// alerts answers with alerts, the newest first.
func (s *server) alerts(w http.ResponseWriter, r *http.Request) error {
	f, err := parseFilter(r.URL.Query())
	if err != nil {
		return err
	}
	limit, err := number(r.URL.Query(), "limit", maxAlerts)
	if err != nil {
		return err
	}
	docs, done, err := s.own()
	if err != nil {
		return err
	}
	defer done()
	var all []*alert.Alert
	newest := func(a, b *alert.Alert) int { return cmp.Or(b.Updated.Compare(a.Updated), cmp.Compare(a.ID, b.ID)) }
	if docs != nil {
		for a, err := range alert.All(r.Context(), docs, f) {
			if err != nil {
				return err
			}
			if all = append(all, a); len(all) >= 2*limit {
				slices.SortFunc(all, newest)
				all = slices.Delete(all, limit, len(all))
			}
		}
	}
	slices.SortFunc(all, newest)
	return sendLines(w, all[:min(limit, len(all))])
}

// number reads a limit; none, and 0, mean the most.
func number(v url.Values, name string, most int) (int, error) {
	text := v.Get(name)
	if text == "" {
		return most, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, badRequest("%s %q is not a number", name, text)
	}
	if n == 0 {
		return most, nil
	}
	return min(n, most), nil
}

func (s *server) alert(w http.ResponseWriter, r *http.Request) error {
	limit := defaultFindings
	if r.URL.Query().Has("limit") {
		var err error
		if limit, err = number(r.URL.Query(), "limit", maxAlerts); err != nil {
			return err
		}
	}
	docs, done, err := s.own()
	if err != nil {
		return err
	}
	defer done()
	if docs == nil {
		return refused(alert.ErrNotFound)
	}
	a, err := alert.Find(r.Context(), docs, r.PathValue("id"))
	if err != nil {
		return refused(err)
	}
	detail := AlertDetail{Alert: a, Shown: []*alert.Finding{}}
	findings := alert.Findings(r.Context(), docs, a.ID)
	if a.State == alert.Baseline {
		findings = s.firstLook(r.Context(), a)
	}
	for f, err := range findings {
		if err != nil {
			return err
		}
		if detail.Shown = append(detail.Shown, f); len(detail.Shown) >= limit {
			break
		}
	}
	return sendJSON(w, detail)
}

// firstLook reads what a baseline counts: its findings are kept by their instance only, and say what is so now.
func (s *server) firstLook(ctx context.Context, a *alert.Alert) iter.Seq2[*alert.Finding, error] {
	return func(yield func(*alert.Finding, error) bool) {
		for _, i := range s.b.Instances() {
			if i.Store == nil || !slices.Contains(a.Instances, i.ID()) {
				continue
			}
			for d, err := range i.Store.Docs(ctx, judge.Bucket, []byte(a.Policy+"\x00")) {
				f := &judge.Finding{}
				if err == nil {
					err = json.Unmarshal(d.Value, f)
				}
				if err != nil {
					yield(nil, fmt.Errorf("findings of %s: %w", i.ID(), err))
					return
				}
				if !f.Baseline || f.Excepted {
					continue
				}
				if !yield(&alert.Finding{Ref: f.Ref, Instance: i.ID(), Title: f.Title, Found: f.Since, Evidence: f.Evidence}, nil) {
					return
				}
			}
		}
	}
}

// onAlert does to an alert what a person wants.
func (s *server) onAlert(do func(r *http.Request, a *alert.Alerts, in AlertChange, author string) (*alert.Alert, error)) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		g, err := s.governor()
		if err != nil {
			return err
		}
		who, err := author(r)
		if err != nil {
			return err
		}
		var in AlertChange
		if err := body(w, r, &in); err != nil {
			return err
		}
		a, err := do(r, g.Alerts(), in, who)
		if err != nil {
			return refused(err)
		}
		return sendJSON(w, a)
	}
}

func assignAlert(r *http.Request, a *alert.Alerts, in AlertChange, author string) (*alert.Alert, error) {
	return a.Assign(r.Context(), r.PathValue("id"), in.To, author)
}

func resolveAlert(r *http.Request, a *alert.Alerts, in AlertChange, author string) (*alert.Alert, error) {
	return a.Resolve(r.Context(), r.PathValue("id"), in.Verdict, in.Note, author)
}

func reopenAlert(r *http.Request, a *alert.Alerts, in AlertChange, author string) (*alert.Alert, error) {
	return a.Reopen(r.Context(), r.PathValue("id"), in.Note, author)
}
