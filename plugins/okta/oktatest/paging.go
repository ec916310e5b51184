package oktatest

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"

	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

// limit is the page size that was asked for. What is above the vendor's maximum is cut.
func (c *call) limit(normal, most int) (int, bool) {
	s := c.r.URL.Query().Get("limit")
	if s == "" {
		return normal, true
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 {
		c.invalid("limit")
		return 0, false
	}
	return min(n, most), true
}

// cursor is the position that after stands for: opaque to clients. false: the answer is sent.
func (c *call) cursor() (int, bool) {
	after := c.r.URL.Query().Get("after")
	if after == "" {
		return 0, true
	}
	raw, err := base64.RawURLEncoding.DecodeString(after)
	n, found := strings.CutPrefix(string(raw), "at:")
	i, bad := strconv.Atoi(n)
	if err != nil || !found || bad != nil || i < 0 || c.fault.Do == fake.FaultExpire {
		c.fail(http.StatusBadRequest, "E0000001", "Api validation failed: Invalid cursor")
		return 0, false
	}
	return i, true
}

func encodeCursor(i int) string {
	return base64.RawURLEncoding.EncodeToString([]byte("at:" + strconv.Itoa(i)))
}

// at is the address of this request with some parameters set.
func (c *call) at(set map[string]string, without ...string) string {
	q := c.r.URL.Query()
	for _, name := range without {
		q.Del(name)
	}
	for name, v := range set {
		q.Set(name, v)
	}
	return c.base() + c.r.URL.EscapedPath() + "?" + q.Encode()
}

// links sets one header line for each relation, as the vendor does.
func (c *call) links(next string) {
	self := c.base() + c.r.URL.RequestURI()
	c.w.Header().Add("Link", "<"+self+`>; rel="self"`)
	if next != "" {
		c.w.Header().Add("Link", "<"+next+`>; rel="next"`)
	}
}

// window is the part of a list that one page shows, and the position of the next; -1 when there is none.
type window struct{ size, start int }

// page collects the entries of a list that keep takes, from a position on. keep nil takes all.
func collect[T any](c *call, l List[T], w window, keep func(*T) bool, show func(*T) object) (out []object, next int) {
	out = []object{}
	n, i := l.len(), w.start
	step := 0
	for ; i < n && len(out) < w.size; i++ {
		v := l.At(i)
		if keep != nil && !keep(&v) {
			continue
		}
		o := show(&v)
		if o == nil {
			continue
		}
		if step++; c.fault.Do == fake.FaultHide && step%2 == 0 {
			continue
		}
		out = append(out, o)
	}
	next = -1
	for ; i < n; i++ { // a next page must not be empty
		if v := l.At(i); (keep == nil || keep(&v)) && show(&v) != nil {
			next = i
			break
		}
	}
	switch c.fault.Do {
	case fake.FaultShort:
		out, next = out[:len(out)/2], -1
	case fake.FaultRepeat:
		next = w.start
	}
	return out, next
}

// list answers with one page of a list.
func list[T any](c *call, l List[T], normal, most int, keep func(*T) bool, show func(*T) object) {
	size, ok := c.limit(normal, most)
	if !ok {
		return
	}
	start, ok := c.cursor()
	if !ok {
		return
	}
	out, next := collect(c, l, window{size, start}, keep, show)
	link := ""
	if next >= 0 {
		link = c.at(map[string]string{"after": encodeCursor(next)})
	}
	c.links(link)
	c.object(http.StatusOK, out)
}
