package httpapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"

	"github.com/mooring-hq/mooring/sdk"
)

// The settings that errors name.
const (
	fieldProxy   = "network.proxy"
	fieldRoots   = "network.ca_files"
	fieldPrivate = "network.private"
)

// failure types what kept a request from getting an answer. Its text is made here, never taken from what the other side
// sent, which may repeat our credentials. passing: it may go away by itself.
func (x *exchange) failure(ctx context.Context, err error, sent bool) (e *sdk.Error, passing bool) {
	if x.req.Context().Err() != nil {
		return x.stopped(x.req.Context().Err(), sent), false
	}
	e = &sdk.Error{Type: sdk.ErrUnavailable, Sent: sent, URL: sdk.PlainURL(x.req.URL)}
	host := x.req.URL.Host
	if own, ok := errors.AsType[*sdk.Error](err); ok { // from the dialler, the door, or the proxy
		*e = *own
		e.URL = sdk.PlainURL(x.req.URL)
		return e, own.Type == sdk.ErrUnavailable
	}
	if message := certificate(err, host); message != "" {
		e.Type, e.Message, e.Field, e.Sent = sdk.ErrBlocked, message, fieldRoots, false
		return e, false
	}
	passing = true
	if dns, ok := errors.AsType[*net.DNSError](err); ok {
		e.Message = "the name of host " + host + " could not be resolved"
		if dns.IsNotFound {
			e.Message = "there is no host " + host + "; is the setting right, and does this machine's DNS know it?"
			passing = false
		}
		return e, passing
	}
	e.Message = host + ": " + symptom(ctx, err, sent)
	return e, passing
}

// symptom says in our words how a connection failed.
func symptom(ctx context.Context, err error, sent bool) string {
	var record tls.RecordHeaderError
	timeout, _ := errors.AsType[net.Error](err)
	switch {
	case errors.Is(context.Cause(ctx), errSlow):
		return "no answer in time"
	case timeout != nil && timeout.Timeout():
		return fmt.Sprintf("no connection within %s", DialTimeout)
	case errors.As(err, &record):
		return "does not speak TLS; is it http instead of https?"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "the connection was refused"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "there is no route to it"
	case !sent:
		return "no connection could be made"
	}
	return "the connection ended before a whole answer came"
}

// certificate says what is wrong with the other side's certificate, "" when nothing is.
func certificate(err error, host string) string {
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &unknown):
		return host + ": its certificate is signed by an authority this machine does not know; if it is your own, " +
			"add the root to network { ca_files }"
	case errors.As(err, &name):
		return host + ": its certificate is for another host"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return host + ": its certificate is expired or not yet valid; is this machine's clock right?"
	case errors.As(err, &invalid):
		return host + ": its certificate is not valid"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return host + ": its certificate could not be verified"
	}
	return ""
}

// stopped is the error of a request whose caller went away or whose time is over.
func (x *exchange) stopped(err error, sent bool) *sdk.Error {
	message := "the request was cancelled"
	if errors.Is(err, context.DeadlineExceeded) {
		message = "the time for the request is over"
	}
	return &sdk.Error{Type: sdk.ErrUnavailable, Message: message, Sent: sent, URL: sdk.PlainURL(x.req.URL), Cause: err}
}

// badAnswer refuses answers that are none: the proxy's own, and redirects that http.Client could only report with the
// whole URL in its text.
func badAnswer(res *http.Response, proxied bool) error {
	if res.StatusCode == http.StatusProxyAuthRequired && proxied {
		return proxyRefused(res.StatusCode)
	}
	where := res.Header.Get("Location")
	if res.StatusCode < 300 || res.StatusCode > 399 || where == "" {
		return nil
	}
	if _, err := res.Request.URL.Parse(where); err != nil {
		return &sdk.Error{Type: sdk.ErrInternal, Message: "the provider redirects to something that is not a URL", Sent: true, Status: res.StatusCode}
	}
	return nil
}

// proxyRefused is the error of a proxy that does not let a request through.
func proxyRefused(status int) *sdk.Error {
	e := &sdk.Error{Type: sdk.ErrBlocked, Field: fieldProxy, Status: status}
	switch {
	case status == http.StatusProxyAuthRequired:
		e.Message = "the proxy wants other credentials (407): correct user and password in network { proxy }"
	case status >= 500:
		e.Type = sdk.ErrUnavailable
		e.Message = fmt.Sprintf("the proxy cannot reach the host (%d)", status)
	default:
		e.Message = fmt.Sprintf("the proxy of network { proxy } refuses the host (%d)", status)
	}
	return e
}
