package judge

import (
	"maps"
	"slices"
	"strings"
)

// Status is how far the judge is.
type Status struct {
	// Position in the log, and how many entries are behind it.
	Position uint64         `json:"position"`
	Behind   uint64         `json:"behind"`
	Walking  string         `json:"walking,omitempty"` // policies that look at all records
	Policies []PolicyStatus `json:"policies"`
}

// PolicyStatus is where one policy stands.
type PolicyStatus struct {
	Name         string `json:"name"`
	Open         int    `json:"open"`               // findings
	Baseline     int    `json:"baseline,omitempty"` // findings of first looks
	Undetermined int    `json:"undetermined,omitempty"`
	Looked       bool   `json:"looked"`            // its first look is over
	Waiting      bool   `json:"waiting,omitempty"` // for a look
	Failure      string `json:"failure,omitempty"`
}

// Status gives where it stood after the last piece of work. It is safe for concurrent use.
func (j *Judge) Status() Status {
	j.mu.Lock()
	defer j.mu.Unlock()
	s := j.now
	s.Policies = slices.Clone(s.Policies)
	return s
}

// report makes the status of now.
func (j *Judge) report() {
	s := Status{Position: j.state.Position}
	if last, err := j.Store.Last(); err == nil && last > s.Position {
		s.Behind = last - s.Position
	}
	if w := j.state.Walk; w != nil {
		s.Walking = strings.Join(slices.Sorted(maps.Keys(w.Policies)), ", ")
	}
	for _, r := range j.rules {
		st := r.standing
		s.Policies = append(s.Policies, PolicyStatus{
			Name: r.Name, Open: st.Open, Baseline: st.Baseline, Undetermined: st.Unknown, Looked: st.Looked, Waiting: st.Pending != nil, Failure: st.Failure,
		})
	}
	j.mu.Lock()
	j.now = s
	j.mu.Unlock()
}
