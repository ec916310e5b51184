package ingest

import "time"

// HookStatus is what one webhook of the connector came to.
type HookStatus struct {
	Name string
	// Live subscriptions, and those that could not be had.
	Live, Failing int
	// Expires is when the first of them ends; zero: none does by itself.
	Expires time.Time
	Error   string
	// URL is where it is received when somebody has to set it up at the provider by hand; empty: the agent subscribes.
	URL string
}

// Status tells of the hooks, in the connector's order.
func (m *Subscriptions) Status() []HookStatus {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	var all []HookStatus
	for _, h := range m.Hooks {
		s := HookStatus{Name: h.GetName()}
		for _, i := range m.items {
			if i.hook == h.GetName() && !i.unwanted && !i.silent {
				s.count(i, now)
			}
		}
		if s.Live == 0 {
			s.URL = m.url(key{hook: h.GetName()})
		}
		all = append(all, s)
	}
	return all
}

func (s *HookStatus) count(i *item, now time.Time) {
	switch {
	case i.ID != "" && !i.expired(now):
		s.Live++
		if !i.Expires.IsZero() && (s.Expires.IsZero() || i.Expires.Before(s.Expires)) {
			s.Expires = i.Expires
		}
	case i.failures > 0:
		s.Failing++
	}
	if i.err != "" {
		s.Error = i.err
	}
}
