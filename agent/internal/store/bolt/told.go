package bolt

import "sync"

// told wakes those who follow a store.
type told struct {
	mu      sync.Mutex
	waiting chan struct{} // nil: nobody waits
}

func (t *told) tell() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting != nil {
		close(t.waiting)
		t.waiting = nil
	}
}

// Committed gives a channel that is closed at the next commit that wrote something. Who takes it before reading misses
// nothing.
func (s *Store) Committed() <-chan struct{} {
	t := &s.told
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting == nil {
		t.waiting = make(chan struct{})
	}
	return t.waiting
}
