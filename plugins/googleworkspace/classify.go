package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	maxMessage = 300              // bytes of Google's words in an error
	pause      = 10 * time.Second // after a throttle: Google never says how long; its windows are a minute
	longPause  = 10 * time.Minute // after a limit of a day
)

// The codes of the token endpoint that are looked at.
const (
	codeUnauthorized = "unauthorized_client"
	codeInvalidGrant = "invalid_grant"
)

// problem is an error in Google's two shapes: that of the APIs, and that of OAuth.
type problem struct {
	Error json.RawMessage `json:"error"`
	// of OAuth, beside error, which is a string there
	Description string `json:"error_description"`
}

type apiProblem struct {
	Message string `json:"message"`
	Status  string `json:"status"`
	Errors  []struct {
		Reason string `json:"reason"`
	} `json:"errors"`
	Details []struct {
		Reason string `json:"reason"`
	} `json:"details"`
}

// reasons says what Google's reasons mean, wherever they stand.
var reasons = map[string]sdk.ErrorType{
	"userRateLimitExceeded": sdk.ErrThrottled, "rateLimitExceeded": sdk.ErrThrottled, "RATE_LIMIT_EXCEEDED": sdk.ErrThrottled,
	"quotaExceeded": sdk.ErrThrottled, "dailyLimitExceeded": sdk.ErrThrottled, "sharingRateLimitExceeded": sdk.ErrThrottled,
	"backendError": sdk.ErrUnavailable, "internalError": sdk.ErrUnavailable,
	"insufficientPermissions": sdk.ErrPermission, "ACCESS_TOKEN_SCOPE_INSUFFICIENT": sdk.ErrPermission,
	"forbidden": sdk.ErrPermission, "insufficientFilePermissions": sdk.ErrPermission, "domainPolicy": sdk.ErrPermission,
	"accessNotConfigured": sdk.ErrPermission, "SERVICE_DISABLED": sdk.ErrPermission, "appNotInstalled": sdk.ErrPermission,
	"authError": sdk.ErrAuth, "notFound": sdk.ErrNotFound, "invalid": sdk.ErrInvalid, "badRequest": sdk.ErrInvalid,
	"failedPrecondition": sdk.ErrNotInPlan, "conditionNotMet": sdk.ErrConflict, "fullSyncRequired": sdk.ErrExpired,
}

// advice for reasons that somebody can act on.
var advice = map[string]string{
	"accessNotConfigured": "the API is not enabled in the service account's project: enable it in the Cloud console, APIs & Services",
	"SERVICE_DISABLED":    "the API is not enabled in the service account's project: enable it in the Cloud console, APIs & Services",
	"domainPolicy":        "the organisation's policy does not allow the Drive API to this person",
}

// classify types Google's refusals: a 403 is a limit as often as a missing permission, and Reports says 503 for a limit.
func classify(res *http.Response, body []byte) *sdk.Error {
	var p problem
	_ = json.Unmarshal(body, &p) // an answer without JSON has no reason
	var code string
	if json.Unmarshal(p.Error, &code) == nil && code != "" {
		return oauthProblem(res, code, p.Description)
	}
	var api apiProblem
	_ = json.Unmarshal(p.Error, &api) // as above
	e := sdk.Classify(nil, res, nil)
	if api.Message != "" {
		e.Message = cut(api.Message, maxMessage)
	}
	reason, known := api.reason()
	if known {
		e.Type = reasons[reason]
		if text := advice[reason]; text != "" {
			e.Message = text
		}
	}
	switch {
	case res.StatusCode == http.StatusUnauthorized && cutShort(body): // it may have said that only a scope is not granted
		e.Type, e.Message = sdk.ErrUnavailable, "a refusal is cut short"
	case res.StatusCode == http.StatusUnauthorized:
		e.Type = sdk.ErrAuth
	case res.StatusCode == http.StatusTooManyRequests:
		e.Type = sdk.ErrThrottled
	case res.StatusCode == http.StatusServiceUnavailable && res.Request != nil && strings.Contains(res.Request.URL.Path, "/admin/reports/"):
		e.Type = sdk.ErrThrottled
	}
	if e.Type == sdk.ErrThrottled && e.RetryAfter == 0 {
		e.RetryAfter = pause
		if reason == "dailyLimitExceeded" {
			e.RetryAfter = longPause
		}
	}
	return e
}

// cutShort says that an answer began as JSON, but did not end so.
func cutShort(body []byte) bool {
	return len(body) < sdk.MaxErrorBytes && bytes.HasPrefix(bytes.TrimSpace(body), []byte("{")) && !json.Valid(body)
}

// reason is the first of the reasons that is known.
func (p *apiProblem) reason() (string, bool) {
	for _, list := range [][]struct {
		Reason string `json:"reason"`
	}{p.Details, p.Errors} {
		for _, one := range list {
			if _, ok := reasons[one.Reason]; ok {
				return one.Reason, true
			}
		}
	}
	return "", false
}

// oauthProblem is an error of the token endpoint. Its description may quote the assertion, so only the code is kept.
func oauthProblem(res *http.Response, code, description string) *sdk.Error {
	e := sdk.Classify(nil, res, nil)
	switch code {
	case codeUnauthorized, "access_denied", "invalid_scope":
		e.Type, e.Message = sdk.ErrPermission, codeUnauthorized
	case codeInvalidGrant:
		e.Type, e.Message = sdk.ErrAuth, codeInvalidGrant
	case "invalid_client":
		e.Type, e.Message = sdk.ErrAuth, "Google does not know the service account or its key"
	default:
		e.Message = "the token endpoint refused the request"
	}
	if strings.Contains(strings.ToLower(description), "rate") && res.StatusCode == http.StatusForbidden {
		e.Type = sdk.ErrThrottled
	}
	return e
}
