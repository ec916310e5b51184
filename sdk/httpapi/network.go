package httpapi

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const (
	idlePerHost  = MaxGrants
	pingInterval = 30 * time.Second // of an HTTP/2 connection that says nothing
)

// network is the way out: directly, through the egress door, or through a proxy.
type network struct {
	*http.Transport
	proxy   *url.URL
	noProxy []string
	door    string
	guarded *net.Dialer // refuses private addresses
	open    *net.Dialer // for what the operator named: proxy and door
	wait    time.Duration
}

func newNetwork(w *wire.Network, t times) (*network, error) {
	roots, err := rootsWith(w.GetRoots())
	if err != nil {
		return nil, err
	}
	private, err := parsePrivate(w.GetPrivate())
	if err != nil {
		return nil, err
	}
	n := &network{
		door: w.GetDoor(), noProxy: w.GetNoProxy(), wait: t.dial,
		guarded: &net.Dialer{Timeout: t.dial, ControlContext: private.control},
		open:    &net.Dialer{Timeout: t.dial},
	}
	if w.GetProxy() != "" && n.door == "" { // the door has its own way on
		if n.proxy, err = parseProxy(w.GetProxy()); err != nil {
			return nil, err
		}
	}
	n.Transport = &http.Transport{
		Proxy: n.proxyOf, DialContext: n.dial,
		TLSClientConfig:     &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots},
		TLSHandshakeTimeout: t.tls, MaxResponseHeaderBytes: MaxHeaderBytes, // the wait for the header is send's
		IdleConnTimeout: IdleTimeout, MaxIdleConnsPerHost: idlePerHost,
		ForceAttemptHTTP2: true, HTTP2: &http.HTTP2Config{SendPingTimeout: pingInterval},
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
			if res.StatusCode != http.StatusOK {
				return proxyRefused(res.StatusCode)
			}
			return nil
		},
	}
	return n, nil
}

// rootsWith gives the system's roots and more; nil means the system's.
func rootsWith(pem []byte) (*x509.CertPool, error) {
	if len(pem) == 0 {
		return nil, nil //nolint:nilnil // crypto/tls reads it so
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool()
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, &sdk.Error{Type: sdk.ErrInvalid, Field: fieldRoots, Message: "network { ca_files } has no certificate in PEM form"}
	}
	return pool, nil
}

func parseProxy(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, &sdk.Error{
			Type: sdk.ErrInvalid, Field: fieldProxy,
			Message: "network { proxy } is not a URL like http://proxy.example.com:3128", // not shown: it has a password
		}
	}
	return u, nil
}

// proxyOf says through which proxy a request goes; nil: none.
func (n *network) proxyOf(req *http.Request) (*url.URL, error) {
	if n.proxy == nil || exempt(n.noProxy, req.URL) {
		return nil, nil //nolint:nilnil // net/http reads it so
	}
	return n.proxy, nil
}

// exempt: an entry of no_proxy is "*", a host, a domain (".example.com", "*.example.com"), an address or a prefix, the
// first two with or without a port.
func exempt(list []string, u *url.URL) bool {
	host, port := plainHost(u.Hostname()), portOf(u)
	addr, addrErr := netip.ParseAddr(host)
	for _, entry := range list {
		entry = plainHost(strings.TrimSpace(entry))
		if name, p, err := net.SplitHostPort(entry); err == nil {
			if p != port {
				continue
			}
			entry = name
		}
		if prefix, err := netip.ParsePrefix(entry); err == nil {
			if addrErr == nil && prefix.Contains(addr.Unmap()) {
				return true
			}
			continue
		}
		domain := strings.TrimPrefix(entry, "*")
		switch {
		case entry == "":
		case entry == "*", entry == host, strings.HasPrefix(domain, ".") && strings.HasSuffix(host, domain):
			return true
		}
	}
	return false
}

// dial opens a connection to a host, or to the proxy.
func (n *network) dial(ctx context.Context, network, address string) (net.Conn, error) {
	switch {
	case n.door != "":
		return n.throughDoor(ctx, address)
	case n.proxy != nil && address == net.JoinHostPort(n.proxy.Hostname(), portOf(n.proxy)):
		conn, err := n.open.DialContext(ctx, network, address)
		if err != nil {
			return nil, &sdk.Error{Type: sdk.ErrUnavailable, Field: fieldProxy, Message: "the proxy " + address + " cannot be reached"}
		}
		return conn, nil
	}
	return n.guarded.DialContext(ctx, network, address)
}

// proxied: the answer to this request may be the proxy's own, because it does not run through a tunnel.
func (t *Transport) proxied(req *http.Request) bool {
	n, ok := t.base.(*network)
	if !ok || req.URL.Scheme != "http" {
		return false
	}
	proxy, _ := n.proxyOf(req)
	return proxy != nil
}
