package googleworkspacetest

import (
	"crypto/hmac"
	"encoding/base64"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

// pageToken is opaque to the client: a place, bound to everything else of the request.
func (c *call) pageToken(at int) string {
	text := strconv.Itoa(at)
	return base64.RawURLEncoding.EncodeToString([]byte(text + "." + c.signature(text + c.listing())[:16]))
}

// listing is the request without its page.
func (c *call) listing() string {
	q := c.r.URL.Query()
	for _, name := range []string{"pageToken", "fields", "maxResults", "pageSize"} {
		q.Del(name)
	}
	return c.subject.ID + c.r.URL.Path + q.Encode()
}

// place reads the request's page token; 0 without one.
func (c *call) place() (int, *problem) {
	token := c.r.URL.Query().Get("pageToken")
	if token == "" {
		return 0, nil
	}
	wrong := invalid("pageToken")
	b, err := base64.RawURLEncoding.DecodeString(token)
	text, signature, ok := strings.Cut(string(b), ".")
	at, errAt := strconv.Atoi(text)
	if err != nil || errAt != nil || !ok || at < 0 || fake.Of(c.r.Context()).Do == fake.FaultExpire ||
		!hmac.Equal([]byte(signature), []byte(c.signature(text + c.listing())[:16])) {
		return 0, wrong
	}
	return at, nil
}

// number reads an integer parameter.
func (c *call) number(name string, otherwise int) (int, *problem) {
	v := c.r.URL.Query().Get(name)
	if v == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		return 0, invalid(name)
	}
	return n, nil
}

// list answers with a page of n items below a name. No items, no name: as Google does.
func (c *call) list(name string, n, size int, item func(i int) any) (any, *problem) {
	from, p := c.place()
	if p != nil {
		return nil, p
	}
	out := object{}
	fault := fake.Of(c.r.Context()).Do
	var items []any
	at := from
	for ; at < n && len(items) < size; at++ {
		if fault == fake.FaultHide && at%2 == 1 {
			continue
		}
		if v := item(at); v != nil {
			items = append(items, v)
		}
	}
	next := ""
	switch {
	case fault == fake.FaultShort:
		items = items[:len(items)/2]
	case fault == fake.FaultRepeat && at < n:
		next = c.pageToken(from)
	case at < n:
		next = c.pageToken(at)
	}
	out.set(name, items, len(items) > 0)
	return out.set("nextPageToken", next, next != ""), nil
}
