package ingest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hashicorp/go-hclog"
)

// writeCertificate makes a certificate for localhost, and gives what trusts it.
func writeCertificate(t *testing.T, cert, key, name string) *x509.CertPool {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{"localhost"}, IsCA: true,
		BasicConstraintsValid: true, NotBefore: time.Unix(0, 0), NotAfter: time.Now().Add(1000 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalECPrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "EC PRIVATE KEY", Bytes: private}} {
		b := pem.EncodeToMemory(block)
		if path == cert {
			pool.AppendCertsFromPEM(b)
		}
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return pool
}

// Over a real socket with TLS, from start to end.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	cert, key := filepath.Join(dir, "crt"), filepath.Join(dir, "key")
	pool := writeCertificate(t, cert, key, "one")
	s := New(Config{Listen: "127.0.0.1:0", PublicURL: "https://localhost", CertFile: cert, KeyFile: key, Logger: hclog.NewNullLogger()})
	got := &counter{}
	s.Open("okta/one", &verifier{}, got.hint).Admit("token")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	addr, err := s.Addr(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(addr.String())
	client := &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}, ForceAttemptHTTP2: true, DisableKeepAlives: true,
	}}
	if code, _ := send(t, client, "POST", "https://localhost:"+port+"/hooks/okta/one/token", right, "{}"); code != 204 || got.count() != 1 {
		t.Errorf("%d, %d hints", code, got.count())
	}
	plain := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if code, _ := send(t, plain, "POST", "http://localhost:"+port+"/hooks/okta/one/token", right, "{}"); code == 204 || got.count() != 1 {
		t.Errorf("without TLS: %d", code)
	}
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// An address that somebody else has is waited for, and the problem is told.
func TestAddressInUse(t *testing.T) {
	other, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := New(Config{Listen: other.Addr().String(), PublicURL: "http://localhost", Proxied: true, Logger: hclog.NewNullLogger()})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	for s.Problem() == "" {
		if _, err := s.Addr(timeout(t, time.Millisecond)); err == nil {
			t.Fatal("it listens")
		}
	}
	if err := other.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Addr(timeout(t, time.Minute)); err != nil || s.Problem() != "" {
		t.Errorf("%v; problem %q", err, s.Problem())
	}
	cancel()
	<-ended
}

func timeout(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

// A renewed certificate is taken up; one that is half written is not.
func TestCertificate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		c := &certificate{cert: filepath.Join(dir, "crt"), key: filepath.Join(dir, "key")}
		if _, err := c.get(nil); err == nil {
			t.Error("there is none, and no error")
		}
		writeCertificate(t, c.cert, c.key, "one")
		name := func() string {
			got, err := c.get(nil)
			if err != nil {
				t.Fatal(err)
			}
			leaf, err := x509.ParseCertificate(got.Certificate[0])
			if err != nil {
				t.Fatal(err)
			}
			return leaf.Subject.CommonName
		}
		if got := name(); got != "one" {
			t.Errorf("%s", got)
		}
		writeCertificate(t, c.cert, c.key, "second")
		time.Sleep(certEvery)
		if got := name(); got != "second" {
			t.Errorf("after a renewal: %s", got)
		}
		for _, broken := range []func() error{
			func() error { return os.WriteFile(c.cert, []byte("half"), 0o600) },
			func() error { return os.Remove(c.cert) },
		} {
			if err := broken(); err != nil {
				t.Fatal(err)
			}
			time.Sleep(certEvery)
			if got := name(); got != "second" {
				t.Errorf("with a broken file: %s", got)
			}
		}
	})
}
