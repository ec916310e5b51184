package oktatest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
)

// hook is an event hook. It was made by a client.
type hook struct {
	id, name, uri    string
	events           []string
	key, secret      string
	active, verified bool
	created          any
}

const (
	hooksMost = 25
	replyMost = 64 << 10 // bytes
)

type hookBody struct {
	Name   string
	Events struct {
		Type  string
		Items []string
	}
	Channel struct {
		Type, Version string
		Config        struct {
			URI        string
			AuthScheme struct{ Type, Key, Value string }
		}
	}
}

func (c *call) readHook() (*hookBody, bool) {
	var b hookBody
	if json.NewDecoder(c.r.Body).Decode(&b) != nil || b.Name == "" || b.Events.Type != "EVENT_TYPE" || len(b.Events.Items) == 0 ||
		b.Channel.Type != "HTTP" || b.Channel.Version == "" || b.Channel.Config.URI == "" {
		c.invalid("eventHook")
		return nil, false
	}
	return &b, true
}

func (h *hook) set(b *hookBody) {
	if h.uri != b.Channel.Config.URI {
		h.verified = false
	}
	h.name, h.uri, h.events = b.Name, b.Channel.Config.URI, b.Events.Items
	if a := b.Channel.Config.AuthScheme; a.Value != "" { // the value is kept where none is sent
		h.key, h.secret = a.Key, a.Value
	}
}

// show never shows the secret.
func (c *call) showHook(h *hook) object {
	status, verified := "INACTIVE", "UNVERIFIED"
	if h.active {
		status = "ACTIVE"
	}
	if h.verified {
		verified = "VERIFIED"
	}
	return object{
		"id": h.id, "name": h.name, "status": status, "verificationStatus": verified, "created": h.created, "lastUpdated": h.created,
		"createdBy": "00u00000000000000000", "description": nil, "events": object{"type": "EVENT_TYPE", "items": h.events},
		"channel": object{"type": "HTTP", "version": "1.0.0", "config": object{
			"uri": h.uri, "headers": []any{}, "method": "POST", "authScheme": object{"type": "HEADER", "key": h.key},
		}},
		"_links": object{"self": c.link("/api/v1/eventHooks/" + h.id)},
	}
}

func (c *call) getHooks() {
	c.s.mu.Lock()
	out := []object{}
	for _, h := range c.s.hooks {
		out = append(out, c.showHook(h))
	}
	c.s.mu.Unlock()
	c.object(http.StatusOK, out)
}

// withHook does something with the hook of the path; what it gives is the answer.
func (c *call) withHook(do func(*hook) object) {
	id := c.r.PathValue("id")
	c.s.mu.Lock()
	i := slices.IndexFunc(c.s.hooks, func(h *hook) bool { return h.id == id })
	var out object
	if i >= 0 {
		out = do(c.s.hooks[i])
	}
	c.s.mu.Unlock()
	switch {
	case i < 0:
		c.notFound("EventHook", id)
	case out != nil:
		c.object(http.StatusOK, out)
	}
}

func (c *call) getHook() { c.withHook(c.showHook) }

func (c *call) postHook() {
	b, ok := c.readHook()
	if !ok {
		return
	}
	c.s.mu.Lock()
	if len(c.s.hooks) >= hooksMost {
		c.s.mu.Unlock()
		c.invalid("too many event hooks")
		return
	}
	c.s.hookN++
	h := &hook{id: "who" + pad(c.s.hookN, 17), active: true, created: date(c.s.now())}
	h.set(b)
	c.s.hooks = append(c.s.hooks, h)
	out := c.showHook(h)
	c.s.mu.Unlock()
	c.object(http.StatusOK, out)
}

func (c *call) putHook() {
	if b, ok := c.readHook(); ok {
		c.withHook(func(h *hook) object {
			h.set(b)
			return c.showHook(h)
		})
	}
}

// deleteHook: only what is not active can be deleted.
func (c *call) deleteHook() {
	active := false
	c.withHook(func(h *hook) object {
		if active = h.active; !active {
			c.s.hooks = slices.DeleteFunc(slices.Clone(c.s.hooks), func(x *hook) bool { return x == h })
			c.w.WriteHeader(http.StatusNoContent)
		}
		return nil
	})
	if active {
		c.invalid("Cannot delete an active event hook")
	}
}

func (c *call) activateHook() { c.switchHook(true) }

func (c *call) deactivateHook() { c.switchHook(false) }

func (c *call) switchHook(on bool) {
	c.withHook(func(h *hook) object {
		h.active = on
		return c.showHook(h)
	})
}

// verifyHook asks the hook's address once to say back a challenge.
func (c *call) verifyHook() {
	var h hook
	found := false
	c.withHook(func(x *hook) object {
		h, found = *x, true
		return nil
	})
	if !found {
		return
	}
	if err := c.s.challenge(c.r.Context(), &h); err != nil {
		c.invalid("the verification did not succeed")
		return
	}
	c.withHook(func(x *hook) object {
		x.verified = true
		return c.showHook(x)
	})
}

var errChallenge = errors.New("the challenge was not answered")

func (s *Server) challenge(ctx context.Context, h *hook) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.uri, nil)
	if err != nil {
		return err
	}
	want := random(16)
	req.Header.Set("X-Okta-Verification-Challenge", want)
	if h.key != "" {
		req.Header.Set(h.key, h.secret)
	}
	res, err := s.cfg.Client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	var said struct{ Verification string }
	if json.NewDecoder(io.LimitReader(res.Body, replyMost)).Decode(&said) != nil || res.StatusCode != http.StatusOK || said.Verification != want {
		return errChallenge
	}
	return nil
}

// DropHooks forgets all event hooks, as an administrator of the org can, and tells nobody.
func (s *Server) DropHooks() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = nil
}

// Deliver sends events to the hooks that want them, and says how many deliveries were answered with 2xx. A delivery that
// is not answered is tried once more, but for a refusal (4xx).
func (s *Server) Deliver(ctx context.Context, events ...Event) (delivered int) {
	s.mu.Lock()
	hooks := make([]hook, 0, len(s.hooks))
	for _, h := range s.hooks {
		hooks = append(hooks, *h)
	}
	s.mu.Unlock()
	for i := range hooks {
		h := &hooks[i]
		var wanted []object
		for j := range events {
			if slices.Contains(h.events, events[j].Type) {
				wanted = append(wanted, events[j].show())
			}
		}
		if h.active && h.verified && len(wanted) > 0 && s.post(ctx, h, wanted) {
			delivered++
		}
	}
	return delivered
}

func (s *Server) post(ctx context.Context, h *hook, events []object) bool {
	body, err := json.Marshal(object{
		"eventType": "com.okta.event_hook", "eventTypeVersion": "1.0", "cloudEventsVersion": "0.1", "contentType": "application/json",
		"eventId": random(16), "eventTime": date(s.now()), "source": "https://" + s.org.Subdomain + ".okta.com/api/v1/eventHooks/" + h.id,
		"data": object{"events": events},
	})
	for try := 0; err == nil && try < 2; try++ {
		var req *http.Request
		if req, err = http.NewRequestWithContext(ctx, http.MethodPost, h.uri, bytes.NewReader(body)); err != nil {
			return false
		}
		req.Header.Set("Content-Type", "application/json")
		if h.key != "" {
			req.Header.Set(h.key, h.secret)
		}
		res, failed := s.cfg.Client.Do(req)
		if failed != nil {
			continue
		}
		_ = res.Body.Close()
		if res.StatusCode < 500 {
			return res.StatusCode < 300
		}
	}
	return false
}

func pad(n, width int) string {
	s := strconv.Itoa(n)
	for len(s) < width {
		s = "0" + s
	}
	return s
}
