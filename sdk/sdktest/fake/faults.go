package fake

import (
	"context"
	"strings"
	"sync"
	"time"
)

// FaultKind is what goes wrong.
type FaultKind string

// The faults. Front does the first group; the handler does the second, for which it asks Of: only it knows how the
// vendor throttles and pages.
const (
	FaultStatus   FaultKind = "status"   // Status, with Message
	FaultTruncate FaultKind = "truncate" // half of the body, as if it were all
	FaultCut      FaultKind = "cut"      // the connection ends in the middle of the body
	FaultReset    FaultKind = "reset"    // the connection ends before an answer
	FaultSlow     FaultKind = "slow"     // the answer comes after Delay

	FaultThrottle FaultKind = "throttle" // the vendor's limit is reached
	FaultShort    FaultKind = "short"    // a page loses half of its entries and says that it is the last
	FaultRepeat   FaultKind = "repeat"   // the next page is this same one
	FaultHide     FaultKind = "hide"     // every other entry of a list is not visible
	FaultExpire   FaultKind = "expire"   // the cursor is no longer known
)

// Fault is something that goes wrong on demand.
type Fault struct {
	Method string        `json:"method,omitempty"` // empty: all
	Match  string        `json:"match"`            // path: * is one segment, ** the rest
	After  int           `json:"after,omitempty"`  // so many requests are served first
	Times  int           `json:"times,omitempty"`  // then so many fail; 0: all
	Do     FaultKind     `json:"do"`
	Status int           `json:"status,omitempty"`
	Body   string        `json:"message,omitempty"` // message of the error
	Delay  time.Duration `json:"delay,omitempty"`   // nanoseconds
}

type faultKey struct{}

// Of is the fault of a request that is served, the zero Fault when nothing is wrong.
func Of(ctx context.Context) Fault {
	f, _ := ctx.Value(faultKey{}).(Fault)
	return f
}

// faults are those in force.
type faults struct {
	mu   sync.Mutex
	list []*activeFault
}

type activeFault struct {
	Fault
	segments []string
	seen     int
}

// Fault makes something go wrong from now on. Where several match, the first does.
func (f *Front) Fault(fault Fault) {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	f.faults.list = append(f.faults.list, &activeFault{Fault: fault, segments: segments(fault.Match)})
}

// ClearFaults ends all faults.
func (f *Front) ClearFaults() {
	f.faults.mu.Lock()
	defer f.faults.mu.Unlock()
	f.faults.list = nil
}

func segments(path string) []string { return strings.Split(strings.Trim(path, "/"), "/") }

// next is the fault for a request, the zero Fault for none.
func (f *faults) next(method, path string) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.list) == 0 {
		return Fault{}
	}
	segs := segments(path)
	for _, a := range f.list {
		if a.Method != "" && a.Method != method || !matches(a.segments, segs) {
			continue
		}
		a.seen++
		if a.seen > a.After && (a.Times == 0 || a.seen <= a.After+a.Times) {
			return a.Fault
		}
	}
	return Fault{}
}

func matches(pattern, segs []string) bool {
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
