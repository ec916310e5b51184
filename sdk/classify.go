package sdk

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxErrorBytes is how much of an error's body is read.
const MaxErrorBytes = 64 << 10

// ResponseError types an answer outside 2xx. It reads the body, but leaves closing it to the caller.
func (s *Session) ResponseError(res *http.Response) *Error {
	body, _ := io.ReadAll(io.LimitReader(res.Body, MaxErrorBytes))
	return Classify(s.Classify, res, body)
}

// Classify types an answer by the connector's rule, and by its status where that has no opinion.
func Classify(rule func(*http.Response, []byte) *Error, res *http.Response, body []byte) *Error {
	var e *Error
	if rule != nil {
		e = rule(res, body)
	}
	if e == nil {
		e = &Error{Type: typeOfStatus(res.StatusCode)}
	}
	e.Sent = true
	e.Status = res.StatusCode
	if e.Message == "" {
		e.Message = strings.TrimSpace(strconv.Itoa(res.StatusCode) + " " + http.StatusText(res.StatusCode))
	}
	if e.URL == "" && res.Request != nil && res.Request.URL != nil {
		e.URL = PlainURL(res.Request.URL)
	}
	if e.RetryAfter == 0 {
		e.RetryAfter = RetryAfter(res.Header, time.Now())
	}
	if e.RequestID == "" {
		e.RequestID = requestID(res.Header)
	}
	return e
}

func typeOfStatus(status int) ErrorType {
	switch status {
	case http.StatusUnauthorized:
		return ErrAuth
	case http.StatusForbidden:
		return ErrPermission
	case http.StatusNotFound:
		return ErrNotFound
	case http.StatusGone:
		return ErrExpired
	case http.StatusConflict, http.StatusPreconditionFailed:
		return ErrConflict
	case http.StatusRequestEntityTooLarge:
		return ErrTooLarge
	case http.StatusTooManyRequests:
		return ErrThrottled
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return ErrInvalid
	case http.StatusNotImplemented:
		return ErrUnsupported
	}
	if status >= 500 || status == http.StatusRequestTimeout {
		return ErrUnavailable
	}
	return ErrInternal
}

// RetryAfter reads the header Retry-After: seconds, or a date; 0 when absent or not understood.
func RetryAfter(h http.Header, now time.Time) time.Duration {
	v := strings.TrimSpace(h.Get("Retry-After"))
	if v == "" {
		return 0
	}
	if s, err := strconv.ParseFloat(v, 64); err == nil { // NaN is not more than 0; what is too much for a Duration, MaxWait
		if !(s > 0) {
			return 0
		}
		return time.Duration(min(s, MaxWait.Seconds()) * float64(time.Second))
	}
	if t, err := http.ParseTime(v); err == nil {
		return clampWait(t.Sub(now))
	}
	return 0
}

// MaxWait is the longest a provider's answer can make us wait.
const MaxWait = 24 * time.Hour

func clampWait(d time.Duration) time.Duration { return min(max(d, 0), MaxWait) }

func requestID(h http.Header) string {
	for _, name := range []string{"X-Github-Request-Id", "X-Okta-Request-Id", "X-Amzn-Requestid", "Request-Id", "X-Request-Id"} {
		if id := h.Get(name); id != "" {
			return id[:min(len(id), 128)]
		}
	}
	return ""
}
