package httpapi

import (
	"net/http"
	"strings"
	"time"
)

// maxItems bounds how many quotas of one header are looked at.
const maxItems = 32

// combined reads the headers RateLimit and RateLimit-Policy of the IETF drafts, new (`"default";r=50;t=30`) and old
// (`limit=100, remaining=50, reset=30`). Of several quotas the tightest counts.
func combined(r *reading, h http.Header, now time.Time) bool {
	text := strings.Join(h.Values("Ratelimit"), ",")
	if text == "" {
		return false
	}
	if strings.Contains(strings.ToLower(text), "remaining") {
		all := params(strings.Join(split(text, ','), ";"))
		r.limit, r.remaining, r.reset = number(all["limit"]), number(all["remaining"]), moment(all["reset"], h, now)
		return true
	}
	policies := map[string]map[string]string{}
	for _, item := range split(strings.Join(h.Values("Ratelimit-Policy"), ","), ',') {
		policies[itemName(item)] = params(item)
	}
	found := false
	for _, item := range split(text, ',') {
		p := params(item)
		remaining := number(p["r"])
		if remaining < 0 || found && remaining >= r.remaining {
			continue
		}
		found = true
		r.remaining, r.reset = remaining, moment(p["t"], h, now)
		r.limit = number(policies[itemName(item)]["q"])
	}
	return found
}

func itemName(item string) string {
	name, _, _ := strings.Cut(item, ";")
	return strings.Trim(strings.TrimSpace(name), `"`)
}

// params gives the parameters of an item by lower-case name, the first of each.
func params(item string) map[string]string {
	all := map[string]string{}
	for _, p := range split(item, ';') {
		name, value, ok := strings.Cut(p, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := all[name]; ok && !twice {
			all[name] = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return all
}

// split cuts a header at a separator outside of quotes, into at most maxItems parts.
func split(s string, at byte) []string {
	var parts []string
	quoted, start := false, 0
	for i := 0; i < len(s) && len(parts) < maxItems; i++ {
		switch {
		case s[i] == '\\' && quoted:
			i++
		case s[i] == '"':
			quoted = !quoted
		case s[i] == at && !quoted:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	if len(parts) < maxItems && strings.TrimSpace(s[start:]) != "" {
		parts = append(parts, s[start:])
	}
	return parts
}
