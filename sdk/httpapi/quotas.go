package httpapi

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// DefaultBucket is what a request belongs to that no declared bucket matches: adaptive, one for each host.
const DefaultBucket = "default"

// maxKeyBytes bounds the key of a bucket.
const maxKeyBytes = 256

// quotas sorts requests into the buckets of a description.
type quotas struct {
	buckets  []sdk.Bucket
	base     *url.URL
	fallback sdk.Bucket
	github   bool // the buckets bear GitHub's own names of its resources
}

// need is one bucket that a request draws from.
type need struct {
	bucket *sdk.Bucket
	want   *wire.Want
}

func newQuotas(buckets []sdk.Bucket, base *url.URL) *quotas {
	q := &quotas{buckets: buckets, base: base, fallback: sdk.Bucket{Name: DefaultBucket, Shape: "adaptive", KeySource: "host"}}
	for i := range buckets {
		q.github = q.github || buckets[i].Name == "core"
	}
	return q
}

// classify gives all the buckets of a request.
func (q *quotas) classify(req *http.Request, quotaKey string) []need {
	var needs []need
	paths := q.paths(req.URL)
	for i := range q.buckets {
		b := &q.buckets[i]
		if prefix, cost, ok := match(b.Match, req, paths); ok {
			key := keyOf(b, req.URL, prefix, quotaKey)
			needs = append(needs, need{b, &wire.Want{Bucket: b.Name, Key: key, Cost: cost}})
		}
	}
	if len(needs) == 0 {
		key := keyOf(&q.fallback, req.URL, "", "")
		needs = []need{{&q.fallback, &wire.Want{Bucket: DefaultBucket, Key: key, Cost: 1}}}
	}
	return needs
}

// paths gives the segments of a path, and those behind the path of base_url where the request is below it: a matcher
// may say either.
func (q *quotas) paths(u *url.URL) [][]string {
	all := [][]string{segments(u)}
	if q.base == nil || plainHost(q.base.Hostname()) != plainHost(u.Hostname()) || portOf(q.base) != portOf(u) {
		return all
	}
	if front := segments(q.base); len(front) > 0 {
		if n, ok := covers(front, all[0]); ok {
			all = append(all, all[0][n:])
		}
	}
	return all
}

func segments(u *url.URL) []string {
	parts := strings.FieldsFunc(u.EscapedPath(), func(r rune) bool { return r == '/' })
	for i, p := range parts {
		if plain, err := url.PathUnescape(p); err == nil {
			parts[i] = plain
		}
	}
	return parts
}

// match gives the part of the path that the first fitting matcher covers, and its cost.
func match(matches []sdk.Match, req *http.Request, paths [][]string) (prefix string, cost int64, ok bool) {
	if len(matches) == 0 {
		return "", 1, true
	}
	method := cmp.Or(req.Method, http.MethodGet)
	for _, m := range matches {
		if m.Method != "" && !strings.EqualFold(m.Method, method) || m.Host != "" && !hostFits(m.Host, req.URL) {
			continue
		}
		pattern := strings.FieldsFunc(m.Path, func(r rune) bool { return r == '/' })
		for _, path := range paths {
			if n, ok := covers(pattern, path); ok {
				return "/" + strings.Join(path[:n], "/"), max(m.Cost, 1), true
			}
		}
	}
	return "", 0, false
}

func covers(pattern, path []string) (int, bool) {
	if len(pattern) > len(path) {
		return 0, false
	}
	for i, p := range pattern {
		if p != "*" && p != path[i] {
			return 0, false
		}
	}
	return len(pattern), true
}

func hostFits(pattern string, u *url.URL) bool {
	p := place{name: plainHost(pattern), ports: []string{portOf(u)}, plain: true}
	return p.fits(u)
}

// keyOf says which of the buckets made from a template is meant. By path, it is the part of the path that the matcher
// covers, with its "*" filled in, and the whole path where the matcher says nothing.
func keyOf(b *sdk.Bucket, u *url.URL, prefix, quotaKey string) string {
	var key string
	switch b.KeySource {
	case "host":
		key = plainHost(u.Hostname())
		if port := u.Port(); port != "" && port != "443" {
			key += ":" + port
		}
	case "path":
		if key = prefix; key == "" || key == "/" {
			key = u.EscapedPath()
		}
	case "context":
		key = quotaKey
	}
	return key[:min(len(key), maxKeyBytes)]
}

func wantsOf(needs []need) []*wire.Want {
	wants := make([]*wire.Want, len(needs))
	for i, n := range needs {
		wants[i] = n.want
	}
	return wants
}
