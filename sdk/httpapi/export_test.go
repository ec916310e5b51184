package httpapi

import (
	"net/http"
	"time"
)

// SetBase makes t send through another RoundTripper.
func SetBase(t *Transport, rt http.RoundTripper) { t.base = rt }

// Hasten shortens what tests would have to wait for.
func Hasten(t *Transport) {
	t.times.backoffMin, t.times.backoffMax = time.Millisecond, 4*time.Millisecond
}

// Impatient gives up on slow answers early.
func Impatient(t *Transport, header, send, body time.Duration) {
	t.times.send, t.times.body = send, body
	t.base.(*network).ResponseHeaderTimeout = header
}
