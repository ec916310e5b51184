package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	maxMessage      = 300             // bytes of Okta's words
	concurrentPause = 2 * time.Second // after too many requests at once: others end soon
	ratePause       = time.Minute     // the length of a window, where Okta does not say when it ends
	longestPause    = 5 * time.Minute // more is a wrong clock
)

// The codes of Okta's errors that mean something here. Only the code is stable.
const (
	codeNotFound  = "E0000007"
	codeForbidden = "E0000006"
	codeDisabled  = "E0000015" // the feature is not switched on in this organisation
)

// wrongStatus are the codes of refusals, with 403, that are not about who asks: the account's status does not allow it.
var wrongStatus = map[string]bool{"E0000038": true, "E0000016": true, "E0000032": true}

// failure is the cause of an error, for what only its code tells.
type failure struct{ code string }

func (f *failure) Error() string { return f.code }

// isGone: Okta itself says that there is no such thing. A 404 of somebody else's, a proxy's, is no proof.
func isGone(err error) bool {
	f, ok := errors.AsType[*failure](err)
	return ok && f.code == codeNotFound && sdk.TypeOf(err) == sdk.ErrNotFound
}

// classify types Okta's refusals.
func classify(res *http.Response, body []byte) *sdk.Error {
	var b struct {
		Code    text `json:"errorCode"`
		Summary text `json:"errorSummary"`
		Causes  []struct {
			Summary text `json:"errorSummary"`
		} `json:"errorCauses"`
		OAuth       text `json:"error"` // of the token endpoint
		Description text `json:"error_description"`
	}
	_ = json.Unmarshal(body, &b) // an answer without JSON has no message
	message := string(b.Summary)
	if message == "" {
		message = strings.TrimSpace(string(b.OAuth) + " " + string(b.Description))
	}
	for i := range b.Causes[:min(len(b.Causes), 3)] {
		message += "; " + string(b.Causes[i].Summary)
	}
	e := sdk.Classify(nil, res, nil)
	if message != "" {
		e.Message = cut(message, maxMessage)
	}
	if b.Code != "" {
		e.Cause = &failure{string(b.Code)}
	}
	switch res.StatusCode {
	case http.StatusTooManyRequests:
		throttled(e, res.Header)
	case http.StatusForbidden:
		e.Permission = wantedScope(res.Header)
	}
	if wrongStatus[string(b.Code)] && res.StatusCode == http.StatusForbidden {
		e.Type = sdk.ErrConflict
	}
	if b.Code == codeDisabled && res.StatusCode != http.StatusTooManyRequests {
		e.Type = sdk.ErrNotInPlan
	}
	return e
}

// throttled says how long to wait. There is no Retry-After: the wait is until the window ends, by Okta's clock. A limit of
// zero means that too many requests ran at once, and then the reset says nothing.
func throttled(e *sdk.Error, h http.Header) {
	if e.RetryAfter > 0 {
		return
	}
	if h.Get("X-Rate-Limit-Limit") == "0" && h.Get("X-Rate-Limit-Remaining") == "0" {
		e.RetryAfter = concurrentPause
		e.Message += " (too many requests at once)"
		return
	}
	e.RetryAfter = ratePause
	reset, err := strconv.ParseInt(h.Get("X-Rate-Limit-Reset"), 10, 64)
	if err != nil {
		return
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	e.RetryAfter = min(max(time.Unix(reset, 0).Sub(now), time.Second), longestPause)
}

var scopeInChallenge = regexp.MustCompile(`scope="([a-zA-Z0-9._ ]{1,200})"`)

// wantedScope reads from the header WWW-Authenticate which scope a token lacks; "" when it is not the scope.
func wantedScope(h http.Header) string {
	c := h.Get("Www-Authenticate")
	if !strings.Contains(c, "insufficient_scope") {
		return ""
	}
	if m := scopeInChallenge.FindStringSubmatch(c); m != nil {
		return m[1]
	}
	return ""
}
