package httpapi

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// leases keeps, for each call of the host and each set of wants, the grants that were given in advance. A call that
// asks quickly gets more at once, so that it does not pay a round trip for each; every grant is used once or given back.
type leases struct {
	lessor Lessor
	mu     sync.Mutex
	calls  map[string]map[string]*hold
}

// hold is the grants of one call for one set of wants.
type hold struct {
	wants []*wire.Want
	slot  chan struct{} // held by the one who asks the host
	users int           // who are taking now

	id    uint64
	left  int
	until time.Time // not used after

	size    int       // of the last grant
	granted time.Time // when that was
	timer   *time.Timer
}

func newLeases(l Lessor) *leases { return &leases{lessor: l, calls: map[string]map[string]*hold{}} }

// take gives the id of the lease that pays for one request.
func (l *leases) take(ctx context.Context, callID string, needs []need) (uint64, error) {
	key := keyOfNeeds(needs)
	l.mu.Lock()
	unused := l.others(callID, key)
	h := l.enter(callID, key, needs)
	id, ok := h.use()
	l.mu.Unlock()
	defer l.leave(callID, key, h)
	l.observe(unused)
	if ok {
		return id, nil
	}
	select {
	case h.slot <- struct{}{}:
		defer func() { <-h.slot }()
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	l.mu.Lock()
	id, ok = h.use()
	count := h.next(needs)
	l.mu.Unlock()
	if ok {
		return id, nil
	}
	return l.ask(ctx, callID, key, h, count)
}

// ask leases anew: one grant for the asker, the rest for who comes next.
func (l *leases) ask(ctx context.Context, callID, key string, h *hold, count int) (uint64, error) {
	grant, err := l.lessor.Lease(ctx, callID, h.wants, count)
	if err != nil {
		return 0, err
	}
	if grant.Count = max(grant.Count, 1); grant.Count > count {
		return 0, sdk.Errorf(sdk.ErrInternal, "the host granted %d requests, at most %d are expected", grant.Count, count)
	}
	now := time.Now()
	until := now.Add(MaxHold)
	if !grant.Expires.IsZero() && grant.Expires.Add(-expiryMargin).Before(until) {
		until = grant.Expires.Add(-expiryMargin)
	}
	l.mu.Lock()
	stale := h.drain(callID) // out of time, but its timer has not come yet: it will find another lease
	h.id, h.left, h.until, h.size, h.granted = grant.ID, grant.Count-1, until, grant.Count, now
	if h.timer != nil {
		h.timer.Stop()
	}
	h.timer = time.AfterFunc(max(time.Until(until), 0), func() { l.lapse(callID, key, grant.ID) })
	l.mu.Unlock()
	l.observe([]*wire.Observe{stale})
	return grant.ID, nil
}

func (l *leases) enter(callID, key string, needs []need) *hold {
	if l.calls[callID] == nil {
		l.calls[callID] = map[string]*hold{}
	}
	h := l.calls[callID][key]
	if h == nil {
		h = &hold{wants: wantsOf(needs), slot: make(chan struct{}, 1)}
		l.calls[callID][key] = h
	}
	h.users++
	return h
}

func (l *leases) leave(callID, key string, h *hold) {
	l.mu.Lock()
	defer l.mu.Unlock()
	h.users--
	l.forget(callID, key, h)
}

// forget drops what nobody uses and no timer will look at again.
func (l *leases) forget(callID, key string, h *hold) {
	if h.users > 0 || h.timer != nil || l.calls[callID][key] != h {
		return
	}
	delete(l.calls[callID], key)
	if len(l.calls[callID]) == 0 {
		delete(l.calls, callID)
	}
}

// use takes a grant that is there already.
func (h *hold) use() (uint64, bool) {
	if h.left == 0 || !time.Now().Before(h.until) {
		return 0, false
	}
	h.left--
	return h.id, true
}

// next says how many to ask for: as many as are waiting, or twice the last time while those are used up within MaxHold.
func (h *hold) next(needs []need) int {
	for _, n := range needs {
		if n.bucket.Shape == "concurrency" { // a grant in advance would occupy a place for nothing
			return 1
		}
	}
	n := 1
	if h.size > 0 && h.left == 0 {
		rate := float64(h.size) / max(time.Since(h.granted).Seconds(), 1e-6)
		n = int(min(float64(2*h.size), math.Ceil(rate*MaxHold.Seconds())))
	}
	return min(max(n, h.users, 1), MaxGrants)
}

// drain takes out what is left, as something to tell the host.
func (h *hold) drain(callID string) *wire.Observe {
	if h.left == 0 {
		return nil
	}
	o := &wire.Observe{Id: h.id, CallId: callID, Returned: uint32(h.left)}
	h.left, h.size = 0, 0
	return o
}

// others drains what a call holds for other wants: it has gone on.
func (l *leases) others(callID, key string) []*wire.Observe {
	var all []*wire.Observe
	for k, h := range l.calls[callID] {
		if k == key {
			continue
		}
		all = append(all, h.drain(callID))
		h.size = 0
	}
	return all
}

// lapse gives back what was not used in time.
func (l *leases) lapse(callID, key string, id uint64) {
	l.mu.Lock()
	var o *wire.Observe
	if h := l.calls[callID][key]; h != nil && h.id == id {
		o = h.drain(callID)
		h.timer = nil
		l.forget(callID, key, h)
	}
	l.mu.Unlock()
	l.observe([]*wire.Observe{o})
}

// release gives back what a call holds.
func (l *leases) release(callID string) {
	l.mu.Lock()
	var all []*wire.Observe
	for key, h := range l.calls[callID] {
		all = append(all, h.drain(callID))
		if h.timer != nil {
			h.timer.Stop()
			h.timer = nil
		}
		l.forget(callID, key, h)
	}
	l.mu.Unlock()
	l.observe(all)
}

// stop gives back what any call holds of throttled buckets: grants from before the throttle must not be used after it.
func (l *leases) stop(needs []need) {
	l.mu.Lock()
	var all []*wire.Observe
	for callID, holds := range l.calls {
		for _, h := range holds {
			if h.left > 0 && overlap(h.wants, needs) {
				all = append(all, h.drain(callID))
			}
		}
	}
	l.mu.Unlock()
	l.observe(all)
}

func overlap(wants []*wire.Want, needs []need) bool {
	for _, w := range wants {
		for _, n := range needs {
			if w.GetBucket() == n.want.GetBucket() && w.GetKey() == n.want.GetKey() {
				return true
			}
		}
	}
	return false
}

func (l *leases) observe(all []*wire.Observe) {
	for _, o := range all {
		if o != nil {
			l.lessor.Observe(o)
		}
	}
}

func keyOfNeeds(needs []need) string {
	var b strings.Builder
	for _, n := range needs {
		fmt.Fprintf(&b, "%q%q%d", n.want.GetBucket(), n.want.GetKey(), n.want.GetCost())
	}
	return b.String()
}
