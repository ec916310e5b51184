package githubtest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	"crypto/rand"
)

// Delivery is one attempt to send a webhook.
type Delivery struct {
	ID           int64           `json:"id"`
	GUID         string          `json:"guid"` // the same for every attempt
	DeliveredAt  time.Time       `json:"delivered_at"`
	Redelivery   bool            `json:"redelivery"`
	Duration     float64         `json:"duration"` // seconds
	Status       string          `json:"status"`   // OK, or what went wrong
	StatusCode   int             `json:"status_code"`
	Event        string          `json:"event"`
	Action       string          `json:"action"`
	Installation int64           `json:"installation_id"`
	Repository   int64           `json:"repository_id"`
	URL          string          `json:"url"`
	Payload      json.RawMessage `json:"-"`
}

// deliveriesMax is how many deliveries of one webhook are kept; the vendor keeps three days.
const deliveriesMax = 10_000

// deliveries are what was sent, by webhook.
type deliveries struct {
	mu sync.Mutex
	by map[string][]Delivery // oldest first
}

func (d *deliveries) clear() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.by = nil
}

func (d *deliveries) add(hook string, v Delivery) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.by == nil {
		d.by = map[string][]Delivery{}
	}
	list := append(d.by[hook], v)
	if len(list) > deliveriesMax {
		list = list[len(list)-deliveriesMax:]
	}
	d.by[hook] = list
}

func (d *deliveries) of(hook string) []Delivery {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.by[hook])
}

// target is a webhook: of an organisation or of an App.
type target struct {
	key          string // in deliveries
	hook         Hook
	kind         string // organization or integration
	id           int64  // of the organisation or the App
	installation int64
}

// Deliver sends an event to every webhook of the organisation that subscribed to it, and to the Apps on it. It returns
// when all have answered; one that fails is recorded, not sent again.
func (s *Server) Deliver(ctx context.Context, org, event string, payload json.RawMessage) ([]Delivery, error) {
	o := s.byLogin[lower(org)]
	if o == nil {
		return nil, fmt.Errorf("deliver %s: no organisation %q in the fake", event, org)
	}
	if !json.Valid(payload) {
		return nil, fmt.Errorf("deliver %s: the payload is not JSON", event)
	}
	if len(payload) > payloadMax {
		return nil, nil // the vendor does not send it and does not say so
	}
	guid := guid()
	var out []Delivery
	for _, t := range s.targets(o) {
		if !t.hook.Inactive && (slices.Contains(t.hook.Events, event) || slices.Contains(t.hook.Events, "*")) {
			out = append(out, s.post(ctx, t, Delivery{GUID: guid, Event: event, Payload: payload}))
		}
	}
	return out, nil
}

// targets are the webhooks that hear of an organisation.
func (s *Server) targets(o *Org) []target {
	var out []target
	all := s.hooksOf(o)
	for i, n := 0, all.len(); i < n; i++ {
		out = append(out, orgTarget(o, all.At(i)))
	}
	for _, a := range s.apps {
		for _, inst := range a.Installations {
			if lower(inst.Account) == lower(o.Login) && a.Hook.URL != "" {
				t := appTarget(a)
				t.installation = inst.ID
				out = append(out, t)
			}
		}
	}
	return out
}

func orgTarget(o *Org, h Hook) target {
	return target{key: "org " + strconv.FormatInt(o.ID, 10) + " " + strconv.FormatInt(h.ID, 10), hook: h, kind: "organization", id: o.ID}
}

func appTarget(a *App) target {
	hook := a.Hook
	if hook.Events == nil {
		hook.Events = a.Events
	}
	return target{key: "app " + strconv.FormatInt(a.ID, 10), hook: hook, kind: "integration", id: a.ID}
}

// post makes one attempt and records it.
func (s *Server) post(ctx context.Context, t target, d Delivery) Delivery {
	var about struct {
		Action     string
		Repository struct{ ID int64 }
	}
	_ = json.Unmarshal(d.Payload, &about) // an event without them has neither
	d.ID = 1_000_000_000_000 + s.serial.Add(1)
	d.Action, d.Repository, d.Installation = about.Action, about.Repository.ID, t.installation
	d.DeliveredAt, d.URL = s.cfg.Now(), t.hook.URL
	begin := time.Now()
	d.StatusCode, d.Status = s.attempt(ctx, t, &d)
	d.Duration = float64(time.Since(begin).Milliseconds()) / 1000
	s.sent.add(t.key, d)
	return d
}

func (s *Server) attempt(ctx context.Context, t target, d *Delivery) (code int, status string) {
	if t.hook.URL == "" {
		return 0, "failed to connect to host"
	}
	body, contentType := []byte(d.Payload), "application/json"
	if t.hook.ContentType == "form" {
		body, contentType = []byte(url.Values{"payload": {string(d.Payload)}}.Encode()), "application/x-www-form-urlencoded"
	}
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.hook.URL, bytes.NewReader(body))
	if err != nil {
		return 0, "invalid url"
	}
	h := req.Header
	h.Set("Content-Type", contentType)
	h.Set("User-Agent", "GitHub-Hookshot/044aadd")
	h.Set("X-GitHub-Event", d.Event)
	h.Set("X-GitHub-Delivery", d.GUID)
	h.Set("X-GitHub-Hook-ID", strconv.FormatInt(t.hook.ID, 10))
	h.Set("X-GitHub-Hook-Installation-Target-Type", t.kind)
	h.Set("X-GitHub-Hook-Installation-Target-ID", strconv.FormatInt(t.id, 10))
	if t.hook.Secret != "" {
		h.Set("X-Hub-Signature", "sha1="+sign(sha1.New, t.hook.Secret, body))
		h.Set("X-Hub-Signature-256", "sha256="+sign(sha256.New, t.hook.Secret, body))
	}
	resp, err := s.client.Do(req)
	if err != nil {
		if errors.Is(err, context.DeadlineExceeded) {
			return 0, "timed out"
		}
		return 0, "failed to connect to host"
	}
	_, _ = io.CopyN(io.Discard, resp.Body, bodyMax) // what the receiver says is of no interest
	_ = resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		return resp.StatusCode, fmt.Sprintf("Invalid HTTP Response: %d", resp.StatusCode)
	}
	return resp.StatusCode, "OK"
}

func sign(hash func() hash.Hash, secret string, body []byte) string {
	mac := hmac.New(hash, []byte(secret))
	_, _ = mac.Write(body) // a hash takes every write
	return hex.EncodeToString(mac.Sum(nil))
}

func guid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
