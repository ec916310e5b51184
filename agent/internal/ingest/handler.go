package ingest

import (
	"context"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// ServeHTTP takes one webhook.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	d := s.find(r.URL.Path)
	if d == nil {
		refuse(w, http.StatusNotFound)
		return
	}
	if r.Method != http.MethodPost && r.Method != http.MethodGet { // GET: the challenges of some providers
		h.Set("Allow", "GET, POST")
		refuse(w, http.StatusMethodNotAllowed)
		return
	}
	leave, ok := d.enter(r.Context())
	if !ok {
		d.refused.Add(1)
		h.Set("Retry-After", "5")
		refuse(w, http.StatusServiceUnavailable)
		return
	}
	defer leave()
	d.receive(w, r)
}

// refuse answers without reading the body, and ends the connection so that nobody has to.
func refuse(w http.ResponseWriter, status int) {
	w.Header().Set("Connection", "close")
	w.WriteHeader(status)
}

func (d *Door) receive(w http.ResponseWriter, r *http.Request) {
	at := time.Now()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBodyBytes))
	if err != nil {
		d.refused.Add(1)
		status := http.StatusBadRequest
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			status = http.StatusRequestEntityTooLarge
		}
		refuse(w, status)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), verifyTime)
	defer cancel()
	answer, err := d.connector.Webhook(ctx, message(r, body, at))
	if err != nil {
		d.failed.Add(1)
		if sdk.TypeOf(err) == sdk.ErrUnsupported {
			refuse(w, http.StatusNotFound)
			return
		}
		w.Header().Set("Retry-After", "5")
		refuse(w, http.StatusServiceUnavailable)
		return
	}
	d.take(answer, at)
	reply(w, answer)
}

// message is what the connector gets: all of the request but where it came from.
func message(r *http.Request, body []byte, at time.Time) *wire.WebhookRequest {
	m := &wire.WebhookRequest{Method: r.Method, Path: r.URL.Path, Body: body, ReceivedAt: timestamppb.New(at)}
	query := r.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, v := range query[name] {
			m.Query = append(m.Query, &wire.Value{Name: text(name), Value: text(v)})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		for _, v := range r.Header[name] {
			m.Headers = append(m.Headers, &wire.Value{Name: text(name), Value: text(v)})
		}
	}
	return m
}

// text is what a message may carry: protobuf's strings are UTF-8.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// take counts a request, and passes on what a verified one hints at.
func (d *Door) take(answer *wire.WebhookResponse, at time.Time) {
	if !answer.GetVerified() {
		d.unverified.Add(1)
		return
	}
	d.verified.Add(1)
	d.last.Store(at.UnixNano())
	hints := answer.GetHints()
	for _, h := range hints[:min(len(hints), maxHints)] {
		d.hint(h)
	}
}

// fixed headers are ours, whatever a connector says.
var fixed = []string{
	"Connection", "Content-Length", "Transfer-Encoding", "Upgrade", "Trailer", "Set-Cookie", "Cache-Control", "X-Content-Type-Options", "Location",
}

// reply sends what the connector says, as far as an answer to a webhook may say it.
func reply(w http.ResponseWriter, a *wire.WebhookResponse) {
	status := int(a.GetStatus())
	if (status < 200 || status > 299) && (status < 400 || status > 599) {
		status = http.StatusInternalServerError
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	headers := a.GetHeaders()
	for _, v := range headers[:min(len(headers), maxAnswerHeads)] {
		name := http.CanonicalHeaderKey(v.GetName())
		if validName(name) && validValue(v.GetValue()) && !slices.Contains(fixed, name) {
			h.Set(name, v.GetValue())
		}
	}
	body := a.GetBody()
	if len(body) > maxAnswerBytes {
		status, body = http.StatusInternalServerError, nil
	}
	w.WriteHeader(status)
	if status != http.StatusNoContent {
		_, _ = w.Write(body) // whoever asked has gone, or not
	}
}

func validName(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == ""
}

func validValue(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}
