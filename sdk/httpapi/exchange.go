package httpapi

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/mooring-hq/mooring/sdk"
)

// exchange is one request of the connector on its way: as many attempts as it needs.
type exchange struct {
	req      *http.Request
	place    *place
	callID   string
	audience string
	needs    []need
	safe     bool // may be repeated after it was sent
	auth     bool // carries credentials
	crossed  bool // was redirected from another host

	patience time.Duration // of a long poll

	tries, throttles int
	token            *sdk.Token // of the last attempt
	refused          *sdk.Token // by a 401; there is one more try with another
}

// attempt is how one try ended: with an answer or with an error.
type attempt struct {
	res     *http.Response
	err     *sdk.Error
	passing bool // the error may go away by itself
	sent    bool // false: surely not
	took    time.Duration
	verdict verdict
}

// exchange tries until there is an answer to give.
func (t *Transport) exchange(x *exchange) (*http.Response, *sdk.Error) {
	for {
		a := t.try(x)
		wait, again := t.again(x, a)
		if !again {
			return a.res, a.err
		}
		t.log("debug", "request is repeated", "method", x.req.Method, "url", sdk.PlainURL(x.req.URL), "status", statusOf(a),
			"error", string(sdk.TypeOf(errorOf(a))), "wait", wait.Round(time.Millisecond).String())
		discard(a.res)
		if err := sleep(x.req.Context(), wait); err != nil {
			return nil, x.stopped(err, a.sent)
		}
	}
}

// try sends the request once, for one grant.
func (t *Transport) try(x *exchange) *attempt {
	ctx, cancel := context.WithCancelCause(x.req.Context())
	out, e := t.prepare(ctx, x)
	if e != nil {
		cancel(nil)
		return &attempt{err: e}
	}
	var lease uint64
	if t.leases != nil {
		var err error
		if lease, err = t.leases.take(ctx, x.callID, x.needs); err != nil {
			closeBody(out)
			cancel(nil)
			return &attempt{err: x.unpaid(err)}
		}
	}
	x.tries++
	a := t.send(x, out, cancel)
	if a.res != nil {
		a.verdict = t.judge(a.res, out)
	} else {
		cancel(nil)
	}
	if t.leases != nil {
		t.lessor.Observe(t.observation(x, lease, a))
		if a.verdict.throttled {
			t.leases.stop(x.needs)
		}
	}
	return a
}

// send does the one round trip.
func (t *Transport) send(x *exchange, out *http.Request, cancel context.CancelCauseFunc) *attempt {
	var began atomic.Int64 // Unix nanoseconds; 0: no connection, so nothing was sent
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { began.Store(time.Now().UnixNano()) }}
	ctx := out.Context()
	w := startWatch(t.times.send, cancel)
	trace.WroteRequest = func(httptrace.WroteRequestInfo) { w.again(max(t.times.header, x.patience)) }
	res, err := t.base.RoundTrip(out.WithContext(httptrace.WithClientTrace(ctx, trace)))
	w.stop()
	a := &attempt{sent: began.Load() != 0}
	if a.sent {
		a.took = max(time.Since(time.Unix(0, began.Load())), 0)
	}
	if err == nil {
		a.sent = true
		res.Request = x.req // not ours, which carries the credentials
		if err = badAnswer(res, t.proxied(out)); err != nil {
			_ = res.Body.Close()
		}
	}
	if err != nil {
		a.err, a.passing = x.failure(ctx, err, a.sent)
		return a
	}
	res.Body = newBody(ctx, cancel, res, t.times, x.patience)
	a.res = res
	return a
}

// judge tells a throttle from other answers.
func (t *Transport) judge(res *http.Response, sent *http.Request) verdict {
	if res.StatusCode < 400 {
		return verdict{requestID: sdk.Classify(nil, res, nil).RequestID}
	}
	body := peek(res, sent)
	shown := *res
	shown.Body = http.NoBody // a rule has the bytes; what it reads would be lost to the caller
	e := sdk.Classify(t.classify, &shown, body)
	v := verdict{requestID: e.RequestID, retryAfter: e.RetryAfter, throttled: e.Type == sdk.ErrThrottled}
	if wait, ok := retryAfter(res.Header, time.Now()); ok {
		v.retryAfter = wait
		v.throttled = v.throttled || res.StatusCode == http.StatusServiceUnavailable
	}
	return v
}

// again decides whether to try once more, and after how long.
func (t *Transport) again(x *exchange, a *attempt) (time.Duration, bool) {
	if !repeatable(x.req) {
		return 0, false
	}
	if a.err != nil {
		if !a.passing || x.tries >= MaxTries || a.sent && !x.safe {
			return 0, false
		}
		return t.backoff(x.tries), true
	}
	status := a.res.StatusCode
	switch {
	case !x.safe:
		return 0, false
	case a.verdict.throttled:
		x.tries-- // counts as a throttle instead
		if x.throttles++; x.throttles >= MaxThrottles {
			return 0, false
		}
		if t.lessor != nil {
			return 0, true // the host holds the bucket
		}
		return max(a.verdict.retryAfter, t.backoff(x.throttles)), true
	case status == http.StatusUnauthorized:
		return 0, t.renewable(x)
	case status == http.StatusBadGateway, status == http.StatusServiceUnavailable, status == http.StatusGatewayTimeout:
		return t.backoff(x.tries), x.tries < MaxTries
	}
	return 0, false
}

// backoff is exponential with full jitter, so that many who failed together do not come back together.
func (t *Transport) backoff(tries int) time.Duration {
	limit := min(t.times.backoffMin<<min(max(tries-1, 0), 30), t.times.backoffMax)
	return time.Duration(rand.Int64N(int64(limit) + 1)) //nolint:gosec // jitter is no secret
}

// repeatable: the body, if there is one, can be had again.
func repeatable(req *http.Request) bool {
	return req.Body == nil || req.Body == http.NoBody || req.GetBody != nil
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// discard reads the little that is left of an answer, so that its connection can be used again.
func discard(res *http.Response) {
	if res != nil {
		_, _ = io.CopyN(io.Discard, res.Body, sdk.MaxErrorBytes)
		_ = res.Body.Close()
	}
}

func statusOf(a *attempt) string {
	if a.res == nil {
		return ""
	}
	return strconv.Itoa(a.res.StatusCode)
}

func errorOf(a *attempt) error {
	if a.err == nil {
		return nil
	}
	return a.err
}

// unpaid is the error of a request for which there was no grant.
func (x *exchange) unpaid(err error) *sdk.Error {
	if e, ok := errors.AsType[*sdk.Error](err); ok {
		return unsent(e)
	}
	if x.req.Context().Err() != nil {
		return x.stopped(err, false)
	}
	return &sdk.Error{Type: sdk.ErrUnavailable, Message: "the host gave no quota: " + err.Error(), URL: sdk.PlainURL(x.req.URL), Cause: err}
}

// unsent is the error of something before the request: of this one, nothing was sent.
func unsent(e *sdk.Error) *sdk.Error {
	c := *e
	c.Sent = false
	return &c
}
