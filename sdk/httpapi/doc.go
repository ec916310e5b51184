// Package httpapi is the http.RoundTripper on which every request of a connector runs, and small helpers for paging.
//
// It promises: a request goes only to a host the connector declared, and carries credentials only to one declared for
// them, over a redirect too; it is paid for by exactly one grant of the host, and its answer is reported to the host;
// what may be repeated safely is repeated, what may not is sent at most once; an answer is whole, at most MaxAnswerBytes
// long, or an error; every error is an *sdk.Error without query string, userinfo or secret.
//
// It does not wait out a throttle itself, because the host, which sees all calls, holds the bucket; it does not cache
// answers; it cannot tell a cut answer from a whole one where the provider sends neither a length nor chunks.
package httpapi
