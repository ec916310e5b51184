package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	maxMessage = 300 // bytes of Box's words in an error
	pause      = 5 * time.Second
	codeScope  = "insufficient_scope"
)

// errScope: the app lacks a scope, whoever it acts as.
var errScope = errors.New("insufficient scope")

// errTrashed: Box itself says that the item is in the trash, so it is not hidden, and it is not elsewhere.
var errTrashed = errors.New("in the trash")

// errInvited: whom one would let in is in already.
var errInvited = errors.New("a collaborator already")

// classify types Box's refusals.
func classify(res *http.Response, body []byte) *sdk.Error {
	var b struct {
		Code        string `json:"code"`
		Message     string `json:"message"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
		RequestID   string `json:"request_id"`
	}
	_ = json.Unmarshal(body, &b) // an answer without JSON has no message
	e := &sdk.Error{Message: cut(b.Message, maxMessage), RequestID: cut(b.RequestID, maxMessage)}
	switch res.StatusCode {
	case http.StatusUnauthorized:
		e.Type = sdk.ErrAuth
	case http.StatusForbidden:
		e.Type = sdk.ErrPermission
		if b.Code == codeScope || strings.Contains(res.Header.Get("WWW-Authenticate"), `error="`+codeScope+`"`) {
			e.Cause = errScope
			e.Message = "the app lacks a scope; set it in the developer console and authorise the app again in the admin console"
		}
	case http.StatusTooManyRequests:
		e.Type, e.RetryAfter = sdk.ErrThrottled, max(sdk.RetryAfter(res.Header, time.Now()), time.Second)
	case http.StatusBadRequest:
		if b.Code == "user_already_collaborator" {
			e.Cause = errInvited
		}
		return badRequest(e, b.Error, b.Message)
	case http.StatusNotFound:
		e.Type = sdk.ErrNotFound
		if b.Code == "trashed" {
			e.Message, e.Cause = "the item is in the trash", errTrashed
		}
	case http.StatusServiceUnavailable:
		e.Type = sdk.ErrUnavailable
	default:
		if e.Message == "" {
			return nil
		}
		e = sdk.Classify(nil, res, nil)
		e.Message = cut(b.Message, maxMessage)
	}
	return e
}

// badRequest: the token endpoint says so to wrong credentials, a log to a position it no longer knows, a list to a marker.
func badRequest(e *sdk.Error, oauth, message string) *sdk.Error {
	switch {
	case oauth == "invalid_grant" || oauth == "invalid_client" || oauth == "unauthorized_client":
		e.Type = sdk.ErrAuth
		e.Message = "Box refuses the credentials: wrong id, secret or key, or the app is not authorised in the admin console " +
			"(after every change of its scopes it has to be, again)"
	case strings.Contains(message, "stream_position") || strings.Contains(strings.ToLower(message), "marker"):
		e.Type = sdk.ErrExpired
	default:
		e.Type = sdk.ErrInvalid
	}
	return e
}

// cut shortens Box's words, at a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}
