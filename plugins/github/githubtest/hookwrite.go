package githubtest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
)

// hookWrites are the webhooks that were made over the API. Those of the Org itself are its own.
type hookWrites struct {
	mu     sync.Mutex
	serial int64
	by     map[int64][]Hook // organisation
}

// firstMade is the id of the first; those of an Org are lower.
const firstMade = 400_000_001

func (w *hookWrites) of(org int64) []Hook {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.by[org])
}

// change runs fn over the webhooks of an organisation and keeps what it gives.
func (w *hookWrites) change(org int64, fn func(list []Hook, next int64) []Hook) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.by == nil {
		w.by = map[int64][]Hook{}
	}
	w.serial++
	w.by[org] = fn(w.by[org], firstMade+w.serial-1)
}

// DropHooks removes what was made over the API, as an administrator would: nobody is told.
func (s *Server) DropHooks(org string) {
	if o := s.byLogin[lower(org)]; o != nil {
		s.made.change(o.ID, func([]Hook, int64) []Hook { return nil })
	}
}

// hooksOf are all webhooks of an organisation.
func (s *Server) hooksOf(o *Org) List[Hook] {
	made := s.made.of(o.ID)
	own := o.Hooks.len()
	return List[Hook]{
		Len: func() int { return own + len(made) },
		At: func(i int) Hook {
			if i < own {
				return o.Hooks.At(i)
			}
			return made[i-own]
		},
	}
}

type hookInput struct {
	Name   string    `json:"name"`
	Active *bool     `json:"active"`
	Events *[]string `json:"events"`
	Config *struct {
		URL         string `json:"url"`
		ContentType string `json:"content_type"`
		Secret      string `json:"secret"`
		InsecureSSL any    `json:"insecure_ssl"`
	} `json:"config"`
}

// readHook fills in a webhook, or answers what is wrong with it.
func (c *call) readHook(h *Hook, made bool) bool {
	var in hookInput
	if err := json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, bodyMax)).Decode(&in); err != nil {
		c.error(http.StatusBadRequest, "Problems parsing JSON")
		return false
	}
	if made && (in.Name != "web" || in.Config == nil) {
		c.invalid("name", "Validation Failed")
		return false
	}
	if in.Config != nil {
		if u, err := url.Parse(in.Config.URL); err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") {
			c.invalid("url", "Validation Failed")
			return false
		}
		h.URL, h.ContentType, h.Secret = in.Config.URL, orString(in.Config.ContentType, "form"), in.Config.Secret
		h.InsecureSSL = in.Config.InsecureSSL == "1" || in.Config.InsecureSSL == float64(1)
	}
	if in.Events != nil {
		h.Events = *in.Events
	} else if made {
		h.Events = []string{"push"}
	}
	if in.Active != nil {
		h.Inactive = !*in.Active
	}
	h.UpdatedAt = c.now
	return true
}

func (c *call) postHook() {
	h := Hook{CreatedAt: c.now}
	if !c.readHook(&h, true) {
		return
	}
	c.s.made.change(c.org.ID, func(list []Hook, next int64) []Hook {
		all := List[Hook]{Len: func() int { return len(list) }, At: func(i int) Hook { return list[i] }}
		if c.taken(h.URL, c.org.Hooks) || c.taken(h.URL, all) {
			c.invalid("", "Hook already exists on this organization")
			return list
		}
		h.ID = next
		c.status = http.StatusCreated
		c.b = c.hook(c.b, &h)
		return append(list, h)
	})
}

func (c *call) taken(address string, list List[Hook]) bool {
	for i, n := 0, list.len(); i < n; i++ {
		if list.At(i).URL == address {
			return true
		}
	}
	return false
}

// patchHook changes what is given. The Org's own webhooks cannot change: they are the caller's.
func (c *call) patchHook() {
	c.onMade(func(list []Hook, i int) []Hook {
		h := list[i]
		if !c.readHook(&h, false) {
			return list
		}
		list = slices.Clone(list)
		list[i] = h
		c.b = c.hook(c.b, &h)
		return list
	})
}

func (c *call) deleteHook() {
	c.onMade(func(list []Hook, i int) []Hook {
		c.status = http.StatusNoContent
		return slices.Delete(slices.Clone(list), i, i+1)
	})
}

func (c *call) onMade(fn func(list []Hook, i int) []Hook) {
	id, _ := strconv.ParseInt(c.param("{hook_id}"), 10, 64)
	c.s.made.change(c.org.ID, func(list []Hook, _ int64) []Hook {
		i := slices.IndexFunc(list, func(h Hook) bool { return h.ID == id })
		if i < 0 {
			c.notFound()
			return list
		}
		return fn(list, i)
	})
}
