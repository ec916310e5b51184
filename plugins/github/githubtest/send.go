package githubtest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// docsURL is the documentation_url of every error.
const docsURL = "https://docs.github.com/rest"

// error makes the answer an error in the vendor's shape.
func (c *call) error(status int, message string) {
	c.status = status
	c.b = str(append(c.b[:0], '{'), "message", message)
	c.b = str(c.b, "documentation_url", docsURL)
	c.b = append(str(c.b, "status", strconv.Itoa(status)), '}')
}

func (c *call) notFound() { c.error(http.StatusNotFound, "Not Found") }

// invalid makes the answer a 422 about a field.
func (c *call) invalid(field, message string) {
	c.status = http.StatusUnprocessableEntity
	c.b = str(append(c.b[:0], '{'), "message", message)
	if field != "" {
		c.b = append(key(c.b, "errors"), `[{"resource":"Search","code":"invalid"`...)
		c.b = append(str(c.b, "field", field), '}', ']')
	}
	c.b = str(c.b, "documentation_url", docsURL)
	c.b = append(str(c.b, "status", "422"), '}')
}

// send writes the answer, or 304 where the client has it already.
func (c *call) send() {
	if c.status == 0 {
		c.status = http.StatusOK
	}
	conditional := c.r.Header.Get("If-None-Match") != ""
	if c.status == http.StatusOK && (c.r.Method == http.MethodGet || c.r.Method == http.MethodHead) {
		c.h.Set("Vary", "Accept, Authorization, Cookie, X-GitHub-OTP,Accept-Encoding, Accept, X-Requested-With")
		c.h.Set("Cache-Control", "private, max-age=60, s-maxage=60")
		tag := c.etag()
		c.h.Set("Etag", `W/"`+tag+`"`)
		if conditional && matches(c.r.Header.Get("If-None-Match"), tag) {
			c.status, c.b, c.entries = http.StatusNotModified, c.b[:0], 0
			c.refund()
		}
	}
	c.limitHeaders()
	c.s.stats.count(c, conditional)
	body := c.b
	switch c.fault.Do {
	case FaultReset:
		c.reset()
		return
	case FaultTruncate:
		body = body[:len(body)/2]
	}
	if c.status != http.StatusNotModified && c.status != http.StatusNoContent {
		c.h.Set("Content-Length", strconv.Itoa(len(body)))
	}
	c.record(body)
	c.w.WriteHeader(c.status)
	if c.status == http.StatusNotModified || c.r.Method == http.MethodHead {
		return
	}
	if c.fault.Do == FaultCut {
		body = body[:len(body)/2]
	}
	if _, err := c.w.Write(body); err != nil {
		return // the client has gone
	}
	if c.fault.Do == FaultCut {
		c.reset()
	}
}

// record shows the answer to Config.Record; an answer that a fault spoiled is marked, for it alone.
func (c *call) record(body []byte) {
	record := c.s.cfg.Record
	if record == nil {
		return
	}
	h := c.h
	if c.fault.Do != "" {
		h = h.Clone()
		h.Set("X-Fake-Fault", string(c.fault.Do))
	}
	c.r.Body = io.NopCloser(bytes.NewReader(c.sent))
	record(c.r, c.status, h, body)
}

// etag is the vendor's: SHA-256 over the request headers that Vary names and the body.
func (c *call) etag() string {
	h := sha256.New()
	for _, name := range [...]string{"Accept", "Authorization", "Cookie"} {
		if v := c.r.Header.Get(name); v != "" {
			_, _ = h.Write([]byte(v + ":")) // a hash takes every write
		}
	}
	_, _ = h.Write(c.b)
	return hex.EncodeToString(h.Sum(nil))
}

// matches compares weakly, as If-None-Match asks.
func matches(header, tag string) bool {
	for t := range strings.SplitSeq(header, ",") {
		t = strings.TrimPrefix(strings.TrimSpace(t), "W/")
		if t == "*" || strings.Trim(t, `"`) == tag {
			return true
		}
	}
	return false
}

// reset ends the connection without an end of the answer.
func (c *call) reset() {
	if conn, _, err := http.NewResponseController(c.w).Hijack(); err == nil {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // an error leaves a plain close, which will do
		}
		_ = conn.Close()
		return
	}
	panic(http.ErrAbortHandler)
}
