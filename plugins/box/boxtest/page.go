package boxtest

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

// page is what a request asks of a list.
type page struct {
	from, limit int
	marker      bool
	scope       string // what the marker is for
	fault       fake.FaultKind
}

// paging reads limit, and marker or offset. It answers what the vendor refuses.
func (c *call) paging(scope string, markers bool) (page, bool) {
	q := c.r.URL.Query()
	p := page{limit: pageDefault, scope: scope, marker: markers && (q.Get("usemarker") == "true" || q.Has("marker")), fault: fake.Of(c.r.Context()).Do}
	if v := q.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > pageMax {
			c.fail(http.StatusBadRequest, "Bad Request: limit")
			return p, false
		}
		p.limit = n
	}
	if most := c.s.cfg.Limits.Page; most > 0 {
		p.limit = min(p.limit, most)
	}
	if v := q.Get("offset"); v != "" && !p.marker {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || n > offsetMax {
			c.fail(http.StatusBadRequest, "Bad Request: offset")
			return p, false
		}
		p.from = n
	}
	if v := q.Get("marker"); v != "" && p.marker {
		n, ok := readMarker(v, scope)
		if !ok || p.fault == fake.FaultExpire {
			c.fail(http.StatusBadRequest, "Invalid marker")
			return p, false
		}
		p.from = n
	}
	return p, true
}

// always is for lists that have nothing but markers.
func (p page) always() page {
	p.marker = true
	return p
}

func marker(scope string, at int) string {
	return base64.RawURLEncoding.EncodeToString([]byte(`{"type":"offset","of":"` + scope + `","at":` + str(at) + `}`))
}

func readMarker(v, scope string) (int, bool) {
	b, err := base64.RawURLEncoding.DecodeString(v)
	at, ok := strings.CutPrefix(string(b), `{"type":"offset","of":"`+scope+`","at":`)
	n, numErr := strconv.Atoi(strings.TrimSuffix(at, "}"))
	return n, err == nil && ok && numErr == nil && n >= 0
}

// paged answers one page of a list.
func paged[T any](c *call, p page, l List[T], show func(*T) any) {
	to := min(p.from+p.limit, l.len())
	items := l.slice(p.from, to)
	next := to
	switch p.fault {
	case fake.FaultShort:
		items, next = items[:len(items)/2], l.len()
	case fake.FaultRepeat:
		next = p.from
	case fake.FaultHide:
		for i := range items[:len(items)/2] {
			items[i] = items[2*i]
		}
		items = items[:(len(items)+1)/2]
	}
	entries := make([]any, 0, len(items))
	for i := range items {
		entries = append(entries, show(&items[i]))
	}
	body := map[string]any{"entries": entries, "limit": p.limit}
	switch {
	case !p.marker:
		body["total_count"], body["offset"] = l.len(), p.from
	case next < l.len() || p.fault == fake.FaultRepeat && len(items) > 0:
		body["next_marker"] = marker(p.scope, next)
	default:
		body["next_marker"] = ""
	}
	c.ok(body)
}

// shown is an object as a request's fields say: the mini form is always there, the rest only when it is named or, without
// fields, when it is standard.
func (c *call) shown(obj map[string]any, mini, standard []string) map[string]any {
	out := map[string]any{}
	put := func(names []string) {
		for _, n := range names {
			if v, ok := obj[n]; ok {
				out[n] = v
			}
		}
	}
	put(mini)
	if f := c.r.URL.Query().Get("fields"); f != "" {
		put(strings.Split(f, ","))
	} else {
		put(standard)
	}
	return out
}
