package fake

import (
	"sync"
	"time"
)

// Windows counts in fixed windows, by key: a credential, a user, an endpoint. The zero value is ready.
type Windows struct {
	mu    sync.Mutex
	byKey map[string]window
}

type window struct {
	starts time.Time
	used   int
}

// Take takes cost of a limit per window. A window begins with its first request, on a whole second, as vendors' do. Where
// it does not fit, nothing is taken.
func (w *Windows) Take(key string, cost, limit int, length time.Duration, now time.Time) (remaining int, reset time.Time, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.byKey == nil {
		w.byKey = map[string]window{}
	}
	at := w.byKey[key]
	if at.starts.IsZero() || !now.Before(at.starts.Add(length)) {
		at = window{starts: now.Truncate(time.Second)}
	}
	if ok = at.used+cost <= limit; ok {
		at.used += cost
	}
	w.byKey[key] = at
	return max(limit-at.used, 0), at.starts.Add(length), ok
}

// Reset forgets all.
func (w *Windows) Reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.byKey = nil
}
