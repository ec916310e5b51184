package httpapi

import "time"

// The limits of one request.
const (
	// MaxAnswerBytes is the most that is read of one answer, uncompressed.
	MaxAnswerBytes = 256 << 20
	// MaxHeaderBytes is the most that is read of an answer's header.
	MaxHeaderBytes = 64 << 10
	// MaxRedirects is how many redirects of one request are followed.
	MaxRedirects = 5
	// MaxTries is how often a request is sent at most because of failures.
	MaxTries = 4
	// MaxThrottles is how often a request is sent at most because of throttles.
	MaxThrottles = 8
	// MaxPages ends a walk of pages whose provider never does.
	MaxPages = 1_000_000
)

// How long is waited for what.
const (
	DialTimeout   = 10 * time.Second
	TLSTimeout    = 10 * time.Second
	HeaderTimeout = 60 * time.Second // from the last byte of the request to the end of the answer's header
	SendTimeout   = 5 * time.Minute  // from the start of a try to the end of the answer's header
	BodyTimeout   = 60 * time.Second // between two bytes of an answer's body
	AnswerTimeout = time.Hour        // for a whole body
	MaxLongPoll   = 15 * time.Minute // what LongPoll can ask for
	IdleTimeout   = 90 * time.Second // an unused connection is kept

	BackoffMin = 500 * time.Millisecond // the first wait before a further try is at most this
	BackoffMax = 8 * time.Second
)

// The limits of leases.
const (
	// MaxGrants is how many grants are asked for at once.
	MaxGrants = 16
	// MaxHold is how long an unused grant is kept.
	MaxHold = time.Second
	// expiryMargin: a grant is given back this long before the host takes it.
	expiryMargin = 100 * time.Millisecond
)

// times are the waits of one Transport, so that tests need not wait for the real ones.
type times struct {
	dial, tls, header, send, body, answer, backoffMin, backoffMax time.Duration
}

func defaultTimes() times {
	return times{
		dial: DialTimeout, tls: TLSTimeout, header: HeaderTimeout, send: SendTimeout, body: BodyTimeout,
		answer: AnswerTimeout, backoffMin: BackoffMin, backoffMax: BackoffMax,
	}
}
