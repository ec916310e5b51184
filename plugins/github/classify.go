package main

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	maxMessage      = 300              // bytes of GitHub's words in an error
	secondaryPause  = 60 * time.Second // what GitHub asks for when it does not say
	longestThrottle = 2 * time.Hour    // a window has one; more is a wrong clock
)

// classify types GitHub's refusals. A 403 is a limit more often than a permission, so limits come first.
func classify(res *http.Response, body []byte) *sdk.Error {
	var b struct {
		Message string `json:"message"`
		Detail  string `json:"detail"` // SCIM
		Doc     string `json:"documentation_url"`
	}
	_ = json.Unmarshal(body, &b) // an answer without JSON has no message
	e := &sdk.Error{Message: cut(b.Message+b.Detail, maxMessage)}
	low := strings.ToLower(b.Message)
	switch res.StatusCode {
	case http.StatusForbidden, http.StatusTooManyRequests:
		return refused(res, e, low)
	case http.StatusUnauthorized:
		e.Type = sdk.ErrAuth
	case http.StatusNotFound:
		e.Type, e.Permission = sdk.ErrNotFound, wanted(res.Header)
	case http.StatusConflict:
		e.Type = sdk.ErrConflict
	case http.StatusUnprocessableEntity:
		e.Type = sdk.ErrInvalid
	case http.StatusUnavailableForLegalReasons:
		e.Type = sdk.ErrBlocked
		e.Message = "GitHub blocked this for legal reasons: " + e.Message
	default:
		if e.Message == "" {
			return nil
		}
		e = sdk.Classify(nil, res, nil)
		e.Message = cut(b.Message, maxMessage)
	}
	return e
}

func refused(res *http.Response, e *sdk.Error, low string) *sdk.Error {
	h := res.Header
	after := sdk.RetryAfter(h, time.Now())
	sso := h.Get("X-Github-Sso")
	switch {
	case strings.Contains(low, "secondary rate limit") || strings.Contains(low, "abuse detection"):
		e.Type, e.RetryAfter = sdk.ErrThrottled, after
		if after == 0 {
			e.RetryAfter = max(secondaryPause, untilReset(h))
		}
	case h.Get("X-Ratelimit-Remaining") == "0":
		e.Type, e.RetryAfter = sdk.ErrThrottled, max(after, untilReset(h), time.Second)
	case res.StatusCode == http.StatusTooManyRequests || after > 0:
		e.Type, e.RetryAfter = sdk.ErrThrottled, max(after, time.Second)
	case strings.HasPrefix(sso, "required"):
		e.Type, e.Permission = sdk.ErrPermission, "single sign-on"
		e.Message = "the token is not authorised for the organisation's single sign-on; authorise it under Settings, " +
			"Developer settings, Personal access tokens, Configure SSO"
	default:
		e.Type, e.Permission = sdk.ErrPermission, wanted(h)
	}
	return e
}

// untilReset is the wait until the window starts anew; 0 when GitHub did not say.
func untilReset(h http.Header) time.Duration {
	if h.Get("X-Ratelimit-Remaining") != "0" {
		return 0
	}
	n, err := strconv.ParseInt(h.Get("X-Ratelimit-Reset"), 10, 64)
	if err != nil {
		return 0
	}
	return min(max(time.Until(time.Unix(n, 0)), time.Second), longestThrottle)
}

// wanted names the permission that GitHub says is missing: an App's, else the scopes of a classic token it lacks.
func wanted(h http.Header) string {
	if p := h.Get("X-Accepted-Github-Permissions"); p != "" {
		return strings.ReplaceAll(p, "=", ":")
	}
	if _, classic := h["X-Oauth-Scopes"]; !classic {
		return ""
	}
	accepted, held := scopeList(h.Get("X-Accepted-Oauth-Scopes")), scopeList(h.Get("X-Oauth-Scopes"))
	for _, s := range accepted {
		if slices.Contains(held, s) {
			return "" // the scope is there: it is the person who may not
		}
	}
	return strings.Join(accepted, " or ")
}

func scopeList(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// cut shortens GitHub's words, at a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
