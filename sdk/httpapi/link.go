package httpapi

import (
	"net/http"
	"net/url"
	"strings"
)

// maxLinks bounds how many links of one answer are looked at.
const maxLinks = 64

// notURL is what url.Parse refuses.
const notURL = ":next"

// NextLink gives the URL behind rel="next" in the answer's Link headers (RFC 8288), absolute; "" when there is none. One
// that cannot be understood gives what is no URL, so that asking for it is an error: taken for the last page, it would
// make a walk look complete.
func NextLink(res *http.Response) string {
	links := 0
	for _, header := range res.Header.Values("Link") {
		for strings.TrimSpace(header) != "" {
			target, p, rest, ok := cutLink(header)
			if links++; !ok || links > maxLinks {
				if strings.Contains(strings.ToLower(header), "next") {
					return notURL
				}
				break
			}
			if p.next && !p.anchored {
				return absolute(res, target)
			}
			header = rest
		}
	}
	return ""
}

// linkParams is what NextLink wants to know of a link.
type linkParams struct {
	rel, next bool
	anchored  bool // a link of something else than this answer
}

// cutLink takes the first `<target>; name=value; …` off a header. false: nothing sensible follows.
func cutLink(s string) (target string, p linkParams, rest string, ok bool) {
	_, s, ok = strings.Cut(s, "<")
	if !ok {
		return "", p, "", false
	}
	target, s, ok = strings.Cut(s, ">")
	if !ok {
		return "", p, "", false
	}
	for {
		s = strings.TrimLeft(s, " \t")
		if !strings.HasPrefix(s, ";") {
			break
		}
		var name, value string
		name, value, s = cutParam(s[1:])
		p.set(strings.ToLower(name), value)
	}
	_, rest, _ = strings.Cut(s, ",")
	return strings.TrimSpace(target), p, rest, true
}

func (p *linkParams) set(name, value string) {
	switch name {
	case "anchor":
		p.anchored = true
	case "rel":
		if p.rel { // only the first counts
			return
		}
		p.rel = true
		for r := range strings.FieldsSeq(value) {
			p.next = p.next || strings.EqualFold(r, "next")
		}
	}
}

// cutParam takes `name=value` or `name="value"` off, up to the next ";" or ",".
func cutParam(s string) (name, value, rest string) {
	end := strings.IndexAny(s, "=;,")
	if end < 0 {
		return strings.TrimSpace(s), "", ""
	}
	name, rest = strings.TrimSpace(s[:end]), s[end:]
	if rest[0] != '=' {
		return name, "", rest
	}
	rest = strings.TrimLeft(rest[1:], " \t")
	if !strings.HasPrefix(rest, `"`) {
		if end = strings.IndexAny(rest, ";,"); end < 0 {
			end = len(rest)
		}
		return name, strings.TrimSpace(rest[:end]), rest[end:]
	}
	var b strings.Builder
	for i := 1; i < len(rest); i++ {
		switch c := rest[i]; {
		case c == '"':
			return name, b.String(), rest[i+1:]
		case c == '\\' && i+1 < len(rest):
			i++
			b.WriteByte(rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return name, b.String(), "" // the quote is never closed
}

func absolute(res *http.Response, target string) string {
	u, err := url.Parse(target)
	if err != nil || target == "" {
		return notURL
	}
	if res.Request != nil && res.Request.URL != nil {
		u = res.Request.URL.ResolveReference(u)
	}
	if !u.IsAbs() || u.Host == "" {
		return notURL
	}
	return u.String()
}
