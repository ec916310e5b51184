package daemon

import (
	"context"
	"sync"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/quota"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// meter stands before the ledger and adds up where the time of each instance's calls goes.
type meter struct {
	ledger *quota.Ledger
	mu     sync.Mutex
	by     map[string]*api.Spent
}

func newMeter(l *quota.Ledger) *meter { return &meter{ledger: l, by: map[string]*api.Spent{}} }

// of needs the lock.
func (m *meter) of(instance string) *api.Spent {
	s := m.by[instance]
	if s == nil {
		s = &api.Spent{}
		m.by[instance] = s
	}
	return s
}

func (m *meter) spent(instance string) api.Spent {
	m.mu.Lock()
	defer m.mu.Unlock()
	return *m.of(instance)
}

// Lease is part of plughost.Quota.
func (m *meter) Lease(ctx context.Context, instance, callID string, p quota.Priority, wants []*wire.Want, count int) (quota.Lease, error) {
	began := time.Now()
	lease, err := m.ledger.Lease(ctx, instance, callID, p, wants, count)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.of(instance).Quota += time.Since(began)
	return lease, err
}

// Observe is part of plughost.Quota.
func (m *meter) Observe(instance string, o *wire.Observe) {
	m.ledger.Observe(instance, o)
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.of(instance)
	if o.GetSent() {
		s.Requests++
		s.Provider += o.GetTook().AsDuration()
	}
	if o.GetThrottled() {
		s.Throttled++
	}
}

// Drop is part of plughost.Quota.
func (m *meter) Drop(instance string) { m.ledger.Drop(instance) }
