package httpapi

import (
	"net/http"
	"time"
)

// SetBase makes t send through another RoundTripper.
func SetBase(t *Transport, rt http.RoundTripper) { t.base = rt }

// Hasten shortens the waits between tries.
func Hasten(t *Transport) {
	t.times.backoffMin, t.times.backoffMax = time.Millisecond, 4*time.Millisecond
}

// Unhasten undoes Hasten.
func Unhasten(t *Transport) { t.times = defaultTimes() }

// Impatient gives up on slow answers early.
func Impatient(t *Transport, header, send, body, answer time.Duration) {
	t.times.header, t.times.send, t.times.body, t.times.answer = header, send, body, answer
}
