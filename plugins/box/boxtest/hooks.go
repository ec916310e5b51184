package boxtest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"
)

// hooks are the webhooks that the app registered.
type hooks struct {
	mu   sync.Mutex
	last int
	list []*Hook
}

// Hook is a webhook, version 2.
type Hook struct {
	ID, Target, TargetType, Address, User string
	Triggers                              []string
	CreatedAt                             time.Time
}

// DropHooks forgets all webhooks, as an administrator can, and tells nobody.
func (s *Server) DropHooks() {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	s.hooks.list = nil
}

// Hooks are those registered now.
func (s *Server) Hooks() []Hook {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	var out []Hook
	for _, h := range s.hooks.list {
		out = append(out, *h)
	}
	return out
}

func (h *Hook) json() map[string]any {
	return map[string]any{
		"id": h.ID, "type": "webhook", "target": map[string]any{"id": h.Target, "type": h.TargetType}, "address": h.Address,
		"triggers": h.Triggers, "created_at": stamp(h.CreatedAt), "created_by": Person{ID: h.User}.json(),
	}
}

func (c *call) listHooks() {
	c.s.hooks.mu.Lock()
	defer c.s.hooks.mu.Unlock()
	entries := []any{}
	for _, h := range c.s.hooks.list {
		if h.User == c.user {
			entries = append(entries, map[string]any{"id": h.ID, "type": "webhook", "target": map[string]any{"id": h.Target, "type": h.TargetType}})
		}
	}
	c.ok(map[string]any{"entries": entries, "limit": pageDefault, "next_marker": ""})
}

// postHook: one per item, app and user; never on a root.
func (c *call) postHook() {
	var in struct {
		Target   struct{ ID, Type string }
		Address  string
		Triggers []string
	}
	err := json.NewDecoder(c.r.Body).Decode(&in)
	u, urlErr := url.Parse(in.Address)
	local := urlErr == nil && (u.Hostname() == "127.0.0.1" || u.Hostname() == "localhost") // for tests; the vendor wants the public's 443
	switch {
	case err != nil || urlErr != nil || len(in.Triggers) == 0 || in.Target.ID == Root || u.Scheme != "https" && !local:
		c.fail(http.StatusBadRequest, "Bad Request")
		return
	}
	it, ok := Item{}, false
	if c.s.ent.Item != nil {
		it, ok = c.s.ent.Item(in.Target.ID)
	}
	if !ok || !c.may(&it) || it.Type != in.Target.Type {
		c.fail(http.StatusNotFound, "Not Found")
		return
	}
	h := &c.s.hooks
	h.mu.Lock()
	defer h.mu.Unlock()
	mine := 0
	for _, x := range h.list {
		if x.User == c.user {
			mine++
		}
		if x.User == c.user && x.Target == in.Target.ID {
			c.fail(http.StatusConflict, "Webhook already exists on the specified resource")
			return
		}
	}
	if mine >= webhooksMax {
		c.fail(http.StatusBadRequest, "Too many webhooks")
		return
	}
	h.last++
	one := &Hook{
		ID: str(9_000_000 + h.last), Target: in.Target.ID, TargetType: in.Target.Type, Address: in.Address, User: c.user,
		Triggers: in.Triggers, CreatedAt: c.s.cfg.Now(),
	}
	h.list = append(h.list, one)
	answer(c.w, http.StatusCreated, one.json())
}

func (c *call) deleteHook() {
	h := &c.s.hooks
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.list, func(x *Hook) bool { return x.ID == c.r.PathValue("id") && x.User == c.user })
	if i < 0 {
		c.fail(http.StatusNotFound, "Not Found")
		return
	}
	h.list = slices.Delete(h.list, i, i+1)
	c.w.WriteHeader(http.StatusNoContent)
}

// Deliver sends a webhook to everybody who registered for it on the item or a folder above it. It gives how many took it.
func (s *Server) Deliver(ctx context.Context, trigger string, it *Item, by Person) (int, error) {
	on := map[string]bool{it.ID: true}
	for p, n := s.parentOf(it), 0; p != nil && n < maxDepth; p, n = s.parentOf(p), n+1 {
		on[p.ID] = true
	}
	taken := 0
	for _, h := range s.Hooks() {
		if !on[h.Target] || !slices.Contains(h.Triggers, trigger) {
			continue
		}
		c := &call{s: s, r: &http.Request{URL: &url.URL{}}}
		body, err := json.Marshal(map[string]any{
			"type": "webhook_event", "id": "d" + str(int(s.cfg.Now().UnixNano()%1e9)), "created_at": s.cfg.Now().Format(time.RFC3339),
			"trigger": trigger, "webhook": map[string]any{"id": h.ID, "type": "webhook"}, "created_by": by.json(),
			"source": c.showItem(it, itemStd), "additional_info": []any{},
		})
		if err != nil {
			return taken, fmt.Errorf("webhook %s: %w", h.ID, err)
		}
		if err := s.post(ctx, h.Address, body); err != nil {
			return taken, err
		}
		taken++
	}
	return taken, nil
}

func (s *Server) post(ctx context.Context, address string, body []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	req.Header = s.Sign(body)
	res, err := s.cfg.Client.Do(req)
	if err != nil {
		return fmt.Errorf("webhook: %w", err)
	}
	_ = res.Body.Close()
	if res.StatusCode >= 300 {
		return fmt.Errorf("webhook: the receiver answers %s", strings.TrimSpace(res.Status))
	}
	return nil
}

// Sign gives the headers of a delivery made now.
func (s *Server) Sign(body []byte) http.Header {
	at := s.cfg.Now().Format(time.RFC3339)
	h := http.Header{}
	h.Set("Content-Type", "application/json")
	h.Set("Box-Delivery-Timestamp", at)
	h.Set("Box-Delivery-Id", "fake-delivery")
	h.Set("Box-Signature-Version", "1")
	h.Set("Box-Signature-Algorithm", "HmacSHA256")
	for name, key := range map[string]string{"Box-Signature-Primary": s.cfg.App.Primary, "Box-Signature-Secondary": s.cfg.App.Secondary} {
		if key == "" {
			continue
		}
		mac := hmac.New(sha256.New, []byte(key))
		mac.Write(body)
		mac.Write([]byte(at))
		h.Set(name, base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return h
}
