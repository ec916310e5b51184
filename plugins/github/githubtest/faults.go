package githubtest

import (
	"net/http"
	"strings"
	"sync"
	"time"
)

// FaultKind is what goes wrong.
type FaultKind string

// The faults. All but the first are answers that look right, or no answers at all.
const (
	FaultStatus    FaultKind = "status"    // Status, with Message
	FaultSecondary FaultKind = "secondary" // a secondary limit, with retry-after
	FaultPrimary   FaultKind = "primary"   // the hour is used up
	FaultTruncate  FaultKind = "truncate"  // 200 with half of the JSON
	FaultCut       FaultKind = "cut"       // the connection ends in the middle of the body
	FaultReset     FaultKind = "reset"     // the connection ends before an answer
	FaultShort     FaultKind = "short"     // a page loses half of its entries and says that it is the last
	FaultRepeat    FaultKind = "repeat"    // Link next is this same page
	FaultHide      FaultKind = "hide"      // every other entry of a list is not visible
	FaultSlow      FaultKind = "slow"      // the answer comes after Delay
)

// Fault is something that goes wrong on demand.
type Fault struct {
	Method string        `json:"method,omitempty"` // empty: all
	Match  string        `json:"match"`            // path as in the documentation: * is one segment, ** the rest
	After  int           `json:"after,omitempty"`  // so many requests are served first
	Times  int           `json:"times,omitempty"`  // then so many fail; 0: all
	Do     FaultKind     `json:"do"`
	Status int           `json:"status,omitempty"`
	Body   string        `json:"message,omitempty"` // message of the error
	Delay  time.Duration `json:"delay,omitempty"`   // nanoseconds
}

// faults are those in force.
type faults struct {
	mu   sync.Mutex
	list []*activeFault
}

type activeFault struct {
	Fault
	segs []string
	seen int
}

// Fault makes something go wrong from now on. Where several match, the first does.
func (s *Server) Fault(f Fault) {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = append(s.faults.list, &activeFault{Fault: f, segs: strings.Split(strings.Trim(f.Match, "/"), "/")})
}

// ClearFaults ends all faults.
func (s *Server) ClearFaults() {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	s.faults.list = nil
}

// next is the fault for a request, the zero Fault for none.
func (f *faults) next(method, path string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.list) == 0 {
		return Fault{}
	}
	segs := strings.Split(strings.Trim(path, "/"), "/")
	for _, a := range f.list {
		if a.Method != "" && a.Method != method || !matchSegs(a.segs, segs) {
			continue
		}
		a.seen++
		if a.seen > a.After && (a.Times == 0 || a.seen <= a.After+a.Times) {
			return a.Fault
		}
	}
	return Fault{}
}

func matchSegs(pattern, segs []string) bool {
	for i, p := range pattern {
		if p == "**" {
			return true
		}
		if i >= len(segs) || p != "*" && p != segs[i] {
			return false
		}
	}
	return len(pattern) == len(segs)
}

// failed answers with the fault where it takes the place of the answer.
func (c *call) failed() bool {
	switch c.fault.Do {
	case FaultStatus:
		c.error(orDefault(c.fault.Status, http.StatusBadGateway), orString(c.fault.Body, "Server Error"))
	case FaultSecondary:
		c.refund()
		c.secondary()
	case FaultPrimary:
		c.primary()
	case FaultSlow:
		c.wait(c.fault.Delay)
		return false
	default:
		return false
	}
	return true
}
