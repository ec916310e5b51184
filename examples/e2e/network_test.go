package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/examples/acme/githuborg"
	"github.com/mooring-hq/mooring/plugins/github/githubtest"
)

// authority is a company's own root, and a certificate of it for this machine.
func authority(t *testing.T) (root []byte, server tls.Certificate) {
	t.Helper()
	make := func(template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
		if parent == nil {
			parent, signer = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, signer)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		return cert, key
	}
	ca, caKey := make(&x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Acme root"}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign,
	}, nil, nil)
	leaf, key := make(&x509.Certificate{
		SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}, ca, caKey)
	root = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})
	return root, tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key}
}

// githubOverTLS is the simulated sales organisation behind a certificate of that root.
func githubOverTLS(t *testing.T, cert tls.Certificate, token string) string {
	t.Helper()
	part := githuborg.Sales()
	live := githuborg.Live(company.New(1, company.MinSize), time.Now(), part)
	fake := githubtest.New(githubtest.Config{
		Orgs: []*githubtest.Org{githuborg.Org(live, part)}, Tokens: []githubtest.Token{githuborg.AgentToken(token, part, time.Now())},
	})
	srv := httptest.NewUnstartedServer(fake)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes fail on purpose
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.URL
}

// tunnel is a proxy that wants a password and only knows CONNECT.
type tunnel struct {
	opened, refused atomic.Int64
	wg              sync.WaitGroup
}

const proxyUser, proxyPassword = "mooring", "s3cret-of-the-proxy"

func (p *tunnel) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	want := "Basic " + base64.StdEncoding.EncodeToString([]byte(proxyUser+":"+proxyPassword))
	if r.Header.Get("Proxy-Authorization") != want {
		p.refused.Add(1)
		w.Header().Set("Proxy-Authenticate", `Basic realm="acme"`)
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	if r.Method != http.MethodConnect {
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	far, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	near, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = far.Close()
		return
	}
	p.opened.Add(1)
	_, _ = io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n")
	p.wg.Go(func() { copyAndClose(far, near) })
	p.wg.Go(func() { copyAndClose(near, far) })
}

func copyAndClose(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
}

func startTunnel(t *testing.T) (*tunnel, string) {
	t.Helper()
	p := &tunnel{}
	srv := httptest.NewServer(p)
	t.Cleanup(func() {
		srv.Close()
		p.wg.Wait()
	})
	return p, srv.Listener.Addr().String()
}

func TestProxyAndPrivateRoot(t *testing.T) {
	const token = "github_pat_of_nobody"
	s := newSite(t)
	root, cert := authority(t)
	url := githubOverTLS(t, cert, token)
	proxy, address := startTunnel(t)
	s.write("run/token", token)
	s.write("root.pem", string(root))
	s.env = []string{
		"PROXY=http://" + proxyUser + ":" + proxyPassword + "@" + address,
		"PROXY_WRONG=http://" + proxyUser + ":wrong@" + address,
	}
	scan := func(code int, network string) (string, string) {
		t.Helper()
		s.configure("data", network, instance("sales", "acme-sales", url, `    token = secret("file:./run/token")`))
		out, problems := s.mooring(code, "scan", "--kind", "account")
		if strings.Contains(out+problems, proxyPassword) || strings.Contains(out+problems, token) {
			t.Errorf("a secret is printed:\n%s%s", out, problems)
		}
		return out, problems
	}
	fails := func(network, want string) {
		t.Helper()
		if out, problems := scan(partly, network); !strings.Contains(out, want) {
			t.Errorf("with %s: want %q, got:\n%s%s", network, want, out, problems)
		}
	}

	fails("  proxy = secret(\"env:PROXY\")\n"+loopback, "network { ca_files }")
	opened := proxy.opened.Load()
	if opened == 0 {
		t.Error("the proxy was not asked")
	}
	fails("  proxy = \"http://"+address+"\"\n  ca_files = [\"root.pem\"]\n"+loopback, "network { proxy }")
	fails("  proxy = secret(\"env:PROXY_WRONG\")\n  ca_files = [\"root.pem\"]\n"+loopback, "network { proxy }")
	if proxy.opened.Load() != opened || proxy.refused.Load() == 0 {
		t.Errorf("without a password %d tunnels were opened, %d refused", proxy.opened.Load()-opened, proxy.refused.Load())
	}
	fails("  proxy = secret(\"env:NO_SUCH\")\n"+loopback, "network.proxy")
	fails("  ca_files = [\"nowhere.pem\"]\n"+loopback, "network.ca_files")
	fails("  ca_files = [\"root.pem\"]", "network { private = ") // directly, to an address that is not public

	out, _ := scan(all, "  proxy = secret(\"env:PROXY\")\n  ca_files = [\"root.pem\"]\n"+loopback)
	if !strings.Contains(out, "complete") || proxy.opened.Load() == opened {
		t.Errorf("%d tunnels:\n%s", proxy.opened.Load()-opened, out)
	}
	if len(s.records("accounts")) < company.MinSize/2 {
		t.Errorf("%d accounts are stored", len(s.records("accounts")))
	}
}
