package httpapi_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// authority is a private CA.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pem  []byte
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "corp root"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})}
}

// serve answers with a certificate for name, valid until then.
func (a *authority) serve(t *testing.T, name string, until time.Time, f answer) *httptest.Server {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotAfter: until, NotBefore: until.Add(-time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	if ip := net.ParseIP(name); ip != nil {
		template.IPAddresses = []net.IP{ip}
	} else {
		template.DNSNames = []string{name}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.HandlerFunc(f))
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: a.key}}, MinVersion: tls.VersionTLS10}
	srv.EnableHTTP2 = true
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv
}

func localhost() []string { return []string{"localhost"} }

func TestCertificates(t *testing.T) {
	ca := newAuthority(t)
	hour := time.Now().Add(time.Hour)
	good := ca.serve(t, "127.0.0.1", hour, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) })
	other := ca.serve(t, "other.example", hour, func(http.ResponseWriter, *http.Request) {})
	old := ca.serve(t, "127.0.0.1", time.Now().Add(-time.Minute), func(http.ResponseWriter, *http.Request) {})
	weak := ca.serve(t, "127.0.0.1", hour, func(http.ResponseWriter, *http.Request) {})
	weak.TLS.MaxVersion = tls.VersionTLS11
	clear := serve(t, func(http.ResponseWriter, *http.Request) {})
	for _, c := range []struct {
		name, url string
		roots     []byte
		typ       sdk.ErrorType
		says      string
	}{
		{"private root given", good.URL, ca.pem, "", ""},
		{"private root not given", good.URL, nil, sdk.ErrBlocked, "network { ca_files }"},
		{"for another host", other.URL, ca.pem, sdk.ErrBlocked, "another host"},
		{"expired", old.URL, ca.pem, sdk.ErrBlocked, "expired"},
		{"TLS 1.1", weak.URL, ca.pem, sdk.ErrUnavailable, "no connection"},
		{"no TLS", strings.Replace(clear.URL, "http:", "https:", 1), nil, sdk.ErrUnavailable, "http instead of https"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, c.url, withNetwork(&wire.Network{Roots: c.roots, Private: localhost()}))
			_, body, e := b.get(t, c.url)
			if c.typ == "" && (e != nil || body != "HTTP/2.0") {
				t.Fatalf("got %q, %v", body, e)
			}
			if c.typ != "" && (e == nil || e.Type != c.typ || e.Sent || !strings.Contains(e.Message, c.says)) {
				t.Errorf("got %#v", e)
			}
		})
	}
}

// proxy is a forwarding proxy that wants credentials.
type proxy struct {
	want    string // user:password
	status  int    // answer this instead
	tunnels atomic.Int32
	forward atomic.Int32
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if p.status != 0 {
		w.WriteHeader(p.status)
		return
	}
	if got := r.Header.Get("Proxy-Authorization"); p.want != "" && got != "Basic "+base64.StdEncoding.EncodeToString([]byte(p.want)) {
		w.Header().Set("Proxy-Authenticate", "Basic")
		http.Error(w, "who are you, "+got, http.StatusProxyAuthRequired)
		return
	}
	if r.Method != http.MethodConnect {
		p.forward.Add(1)
		_, _ = io.WriteString(w, "forwarded "+r.URL.String())
		return
	}
	p.tunnels.Add(1)
	far, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusOK)
	near, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	splice(near, buffered.Reader, far)
}

func splice(near net.Conn, from io.Reader, far net.Conn) {
	done := make(chan struct{})
	go func() {
		_, _ = io.Copy(far, from)
		_ = far.Close()
		close(done)
	}()
	_, _ = io.Copy(near, far)
	_ = near.Close()
	<-done
}

func at(base, userinfo string) string { return strings.Replace(base, "://", "://"+userinfo+"@", 1) }

func TestProxy(t *testing.T) {
	ca := newAuthority(t)
	far := ca.serve(t, "127.0.0.1", time.Now().Add(time.Hour), func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "" {
			t.Error("the provider got the proxy's credentials")
		}
		_, _ = io.WriteString(w, "far")
	})
	farURL, _ := url.Parse(far.URL)
	for _, c := range []struct {
		name, userinfo, url string
		tlsProxy            bool
		status              int
		noProxy             []string
		private             []string
		body                string
		typ                 sdk.ErrorType
		says                string
		tunnels, forward    int32
	}{
		{name: "https by CONNECT, to a private address", userinfo: "u:canary", url: far.URL, body: "far", tunnels: 1},
		{name: "http by absolute form", userinfo: "u:canary", url: "http://api.example/x", body: "forwarded http://api.example/x", forward: 1},
		{name: "proxy that speaks TLS", userinfo: "u:canary", url: far.URL, tlsProxy: true, body: "far", tunnels: 1},
		{name: "wrong password, CONNECT", userinfo: "u:wrong-canary", url: far.URL, typ: sdk.ErrBlocked, says: "network { proxy }"},
		{name: "wrong password, http", userinfo: "u:wrong-canary", url: "http://api.example/x", typ: sdk.ErrBlocked, says: "network { proxy }"},
		{name: "refused", userinfo: "u:canary", url: far.URL, status: 403, typ: sdk.ErrBlocked, says: "refuses"},
		{name: "cannot reach", userinfo: "u:canary", url: far.URL, status: 502, typ: sdk.ErrUnavailable, says: "cannot reach"},
		{name: "exempt by address", userinfo: "u:canary", url: far.URL, noProxy: []string{"127.0.0.1"}, private: localhost(), body: "far"},
		{name: "exempt by prefix", userinfo: "u:canary", url: far.URL, noProxy: []string{"10.0.0.0/8", "127.0.0.0/8"}, private: localhost(), body: "far"},
		{name: "exempt with port", userinfo: "u:canary", url: far.URL, noProxy: []string{"127.0.0.1:1", "127.0.0.1:" + farURL.Port()}, private: localhost(), body: "far"},
		{name: "exempt, but private", userinfo: "u:canary", url: far.URL, noProxy: []string{"*"}, typ: sdk.ErrBlocked, says: `network { private = ["127.0.0.1"] }`},
		{name: "not exempt", userinfo: "u:canary", url: far.URL, noProxy: []string{"", "127.0.0.2", "0.0.1", ".0.0.1:9"}, body: "far", tunnels: 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &proxy{want: "u:canary", status: c.status}
			srv := httptest.NewServer(p)
			if c.tlsProxy {
				srv.Close()
				srv = ca.serve(t, "127.0.0.1", time.Now().Add(time.Hour), p.ServeHTTP)
				srv.TLS.NextProtos = []string{"http/1.1"}
			}
			defer srv.Close()
			proxyURL := at(srv.URL, c.userinfo)
			b := newBench(t, c.url, withNetwork(&wire.Network{Proxy: &proxyURL, Roots: ca.pem, NoProxy: c.noProxy, Private: c.private}))
			_, body, e := b.do(request(t, t.Context(), "POST", c.url, "x")) // not sent to the provider: may be tried again
			if c.typ == "" && (e != nil || body != c.body) {
				t.Fatalf("got %q, %v", body, e)
			}
			if c.typ != "" && (e == nil || e.Type != c.typ || e.Sent || !strings.Contains(e.Message, c.says) || strings.Contains(fmt.Sprintf("%+v %v", e, e.Cause), "canary")) {
				t.Errorf("got %#v", e)
			}
			if p.tunnels.Load() != c.tunnels || p.forward.Load() != c.forward {
				t.Errorf("%d tunnels, %d forwarded", p.tunnels.Load(), p.forward.Load())
			}
		})
	}
}

func TestProxyUnreachable(t *testing.T) {
	gone := "http://u:canary@127.0.0.1:1"
	b := newBench(t, "https://api.example", withNetwork(&wire.Network{Proxy: &gone}))
	_, _, e := b.get(t, "https://api.example/")
	if e == nil || e.Type != sdk.ErrUnavailable || e.Sent || e.Field != "network.proxy" || strings.Contains(e.Error(), "canary") {
		t.Errorf("got %#v", e)
	}
}

func TestPrivateAddresses(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "in") })
	_, port, _ := net.SplitHostPort(srv.Listener.Addr().String())
	for _, c := range []struct {
		host    string
		private []string
		fate    string // in | refused | tried
	}{
		{"127.0.0.1", nil, "refused"},
		{"localhost", nil, "refused"},
		{"127.0.0.1", []string{"10.0.0.0/8"}, "refused"},
		{"127.0.0.1", []string{"127.0.0.1"}, "in"},
		{"localhost", localhost(), "in"},
		{"127.0.0.1", []string{"127.0.0.0/8"}, "in"},
		{"[::ffff:127.0.0.1]", nil, "refused"},
		{"[::ffff:127.0.0.1]", []string{"::ffff:127.0.0.1"}, "in"},
		{"0.0.0.0", nil, "refused"},
		{"[::]", nil, "refused"},
		{"[::1]", nil, "refused"},
		{"10.1.2.3", nil, "refused"},
		{"172.31.0.1", nil, "refused"},
		{"192.168.1.1", nil, "refused"},
		{"169.254.169.254", nil, "refused"},
		{"100.64.0.1", nil, "refused"},
		{"[fd00::1]", nil, "refused"},
		{"[fe80::1]", nil, "refused"},
		{"[64:ff9b::7f00:1]", nil, "refused"},
		{"[2002:7f00:1::]", nil, "refused"},
		{"224.0.0.1", nil, "refused"},
		{"255.255.255.255", nil, "refused"},
	} {
		t.Run(c.host+strings.Join(c.private, ","), func(t *testing.T) {
			u := "http://" + c.host + ":" + port
			b := newBench(t, u, withNetwork(&wire.Network{Private: c.private}))
			_, body, e := b.get(t, u)
			switch {
			case c.fate == "in" && (e != nil || body != "in"):
				t.Errorf("got %q, %v", body, e)
			case c.fate == "refused" && (e == nil || e.Type != sdk.ErrBlocked || e.Sent || !strings.Contains(e.Message, "network { private = [")):
				t.Errorf("got %q, %#v", body, e)
			}
		})
	}
}

// door is the agent's side: it lets through to one address.
func door(t *testing.T, to string, answer string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "door")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			r := bufio.NewReader(conn)
			req, err := http.ReadRequest(r)
			if err != nil || req.Method != http.MethodConnect || req.Host != "api.example:80" {
				t.Errorf("the door heard %v, %v", req, err)
			}
			_, _ = io.WriteString(conn, answer)
			if to == "" {
				_ = conn.Close()
				continue
			}
			far, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", to)
			if err != nil {
				t.Error(err)
				return
			}
			go splice(conn, r, far)
		}
	}()
	return path
}

func TestDoor(t *testing.T) {
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "through to "+r.Host) })
	proxyURL := "http://127.0.0.1:1"
	for _, c := range []struct {
		name, answer string
		open         bool
		typ          sdk.ErrorType
		says         string
	}{
		{"opens", "HTTP/1.1 200 OK\r\n\r\n", true, "", ""},
		{"refuses", "HTTP/1.1 403 Forbidden\r\nContent-Length: 14\r\n\r\nnot \x1b declared", false, sdk.ErrBlocked, "refuses api.example:80: not   declared"},
		{"cannot", "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", false, sdk.ErrUnavailable, "cannot reach api.example:80"},
		{"babbles", "HTTP/1.1 200 OK\r\n\r\nhello", false, sdk.ErrUnavailable, "more than expected"},
		{"hangs up", "", false, sdk.ErrUnavailable, "did not answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			to := ""
			if c.open {
				to = srv.Listener.Addr().String()
			}
			path := door(t, to, c.answer)
			b := newBench(t, "http://api.example", withNetwork(&wire.Network{Door: &path, Proxy: &proxyURL}))
			_, body, e := b.get(t, "http://api.example/x")
			if c.typ == "" && (e != nil || body != "through to api.example") {
				t.Fatalf("got %q, %v", body, e)
			}
			if c.typ != "" && (e == nil || e.Type != c.typ || e.Sent || !strings.Contains(e.Message, c.says)) {
				t.Errorf("got %#v", e)
			}
		})
	}
	none := filepath.Join(t.TempDir(), "none")
	b := newBench(t, "http://api.example", withNetwork(&wire.Network{Door: &none}))
	if _, _, e := b.get(t, "http://api.example/x"); e == nil || e.Type != sdk.ErrUnavailable || e.Sent {
		t.Errorf("got %#v", e)
	}
}

func TestBadNetwork(t *testing.T) {
	for _, n := range []*wire.Network{
		{Roots: []byte("not PEM")}, {Private: []string{"intranet"}}, {Proxy: new("socks5://u:canary@x")}, {Proxy: new("http://u:canary@x:port")},
	} {
		_, err := httpapi.New(httpapi.Config{Description: &sdk.Description{}, Session: &sdk.Session{}, Network: n})
		if e := typed(err); e == nil || e.Type != sdk.ErrInvalid || !strings.HasPrefix(e.Field, "network.") || strings.Contains(e.Error(), "canary") {
			t.Errorf("%v: got %#v", n, e)
		}
	}
}
