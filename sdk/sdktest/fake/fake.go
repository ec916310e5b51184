// Package fake has what the fakes of providers share: faults on demand, counts by route, limits in fixed windows, and
// signatures of tokens. A fake is an http.Handler, usually an http.ServeMux; Front stands before it.
//
// It promises that a fault spoils exactly the requests it names, and that every answer is counted and recorded as the
// client got it. It knows no provider: what only one vendor does (its throttles, its pages) the fake's own handler does,
// for which it asks Of.
package fake

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const bodyMax = 16 << 20 // bytes of a request

// Config of New.
type Config struct {
	// Handler is the provider.
	Handler http.Handler
	// Latency of every answer.
	Latency time.Duration
	// Error writes an error as the provider does; nil: plain text.
	Error func(w http.ResponseWriter, r *http.Request, status int, message string)
	// Record gets every request, whose body can be read again, and its answer. It is called concurrently.
	Record func(r *http.Request, status int, header http.Header, body []byte)
	// Reset is called when somebody resets the fake: quotas, deliveries.
	Reset func()
}

// Front is a fake as a client meets it. Beside the provider's paths it answers below /_fake/ (see control).
type Front struct {
	cfg     Config
	faults  faults
	stats   stats
	control http.Handler
}

// New starts nothing.
func New(cfg Config) *Front {
	if cfg.Error == nil {
		cfg.Error = func(w http.ResponseWriter, _ *http.Request, status int, message string) {
			http.Error(w, message, status)
		}
	}
	f := &Front{cfg: cfg}
	f.control = f.newControl()
	return f
}

// ServeHTTP answers one request.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, controlPath) {
		f.control.ServeHTTP(w, r)
		return
	}
	var sent []byte
	if r.Body != nil {
		sent, _ = io.ReadAll(http.MaxBytesReader(w, r.Body, bodyMax)) // what cannot be read is wrong for the handler too
		r.Body = io.NopCloser(bytes.NewReader(sent))
	}
	wait(r.Context(), f.cfg.Latency)
	fault := f.faults.next(r.Method, r.URL.Path)
	r = r.WithContext(context.WithValue(r.Context(), faultKey{}, fault))
	a := &answer{header: w.Header()}
	switch fault.Do {
	case FaultStatus:
		f.cfg.Error(a, r, orDefault(fault.Status, http.StatusBadGateway), orDefault(fault.Body, "Server Error"))
	case FaultReset:
		panic(http.ErrAbortHandler)
	case FaultSlow:
		wait(r.Context(), fault.Delay)
		f.cfg.Handler.ServeHTTP(a, r)
	default:
		f.cfg.Handler.ServeHTTP(a, r)
	}
	f.stats.count(r, a)
	if f.cfg.Record != nil && fault.Do == "" {
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(sent))
		f.cfg.Record(again, a.code(), a.header, a.body)
	}
	a.send(w, fault.Do)
}

// wait waits, or until the client has gone.
func wait(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

func orDefault[T comparable](v, otherwise T) T {
	var zero T
	if v == zero {
		return otherwise
	}
	return v
}

// answer is what the handler says, before it is sent.
type answer struct {
	header http.Header
	status int
	body   []byte
}

// Header is part of http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader is part of http.ResponseWriter.
func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
}

func (a *answer) Write(b []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.body = append(a.body, b...)
	return len(b), nil
}

func (a *answer) code() int { return orDefault(a.status, http.StatusOK) }

// send gives the answer to the client, spoilt where a fault says so.
func (a *answer) send(w http.ResponseWriter, do FaultKind) {
	body := a.body
	if do == FaultTruncate {
		body = body[:len(body)/2]
	}
	if a.code() != http.StatusNoContent && a.code() != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(a.code())
	if do == FaultCut {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // the client sees the connection end in the middle
	}
	_, _ = w.Write(body) // the client has gone
}
