package link

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"os"
	"strconv"
	"time"
)

const (
	// serverName is the name in the connector's certificate.
	serverName = "connector"
	// maxKeysBytes is what is read of the inherited descriptor.
	maxKeysBytes = 64 << 10
	// validity of the keys. They live as long as one process, and connections are made at its start only.
	validity = 24 * time.Hour
	// clockSlack covers a clock that is set back between launch and handshake.
	clockSlack = time.Hour
)

// Keys makes the keys of one launch: the agent's configuration, and the PEM that the connector reads from the descriptor
// named by EnvTLS: the authority's certificate, the connector's certificate, its key. The authority's key is forgotten.
func Keys(now time.Time) (*tls.Config, []byte, error) {
	ca, caKey, err := certificate(now, nil, nil, x509.ExtKeyUsageAny)
	if err != nil {
		return nil, nil, err
	}
	server, serverKey, err := certificate(now, ca, caKey, x509.ExtKeyUsageServerAuth)
	if err != nil {
		return nil, nil, err
	}
	client, clientKey, err := certificate(now, ca, caKey, x509.ExtKeyUsageClientAuth)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(serverKey)
	if err != nil {
		return nil, nil, fmt.Errorf("encoding the connector's key: %w", err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Raw})...)
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})...)
	roots := x509.NewCertPool()
	roots.AddCert(ca)
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		ServerName:   serverName,
		RootCAs:      roots,
		Certificates: []tls.Certificate{{Certificate: [][]byte{client.Raw}, PrivateKey: clientKey, Leaf: client}},
	}, text, nil
}

func certificate(now time.Time, ca *x509.Certificate, caKey *ecdsa.PrivateKey, use x509.ExtKeyUsage) (*x509.Certificate, *ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("making a key: %w", err)
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: serverName}, DNSNames: []string{serverName},
		NotBefore: now.Add(-clockSlack), NotAfter: now.Add(validity),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{use},
	}
	if ca == nil {
		t.IsCA, t.BasicConstraintsValid, t.KeyUsage = true, true, x509.KeyUsageCertSign
		t.Subject.CommonName, t.DNSNames = "mooring", nil
		ca, caKey = t, key
	}
	der, err := x509.CreateCertificate(rand.Reader, t, ca, &key.PublicKey, caKey)
	if err != nil {
		return nil, nil, fmt.Errorf("making a certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, nil, fmt.Errorf("reading back a certificate: %w", err)
	}
	return cert, key, nil
}

// ServerTLS reads the connector's keys from the inherited descriptor, once, and closes it. Only the agent that started
// this process can then connect.
func ServerTLS() (*tls.Config, error) {
	fd, err := strconv.ParseUint(os.Getenv(EnvTLS), 10, 16)
	if err != nil || fd < 3 {
		return nil, fmt.Errorf("%s must be the number of an inherited descriptor", EnvTLS)
	}
	f := os.NewFile(uintptr(fd), "keys")
	if f == nil {
		return nil, fmt.Errorf("descriptor %d is not open", fd)
	}
	defer func() { _ = f.Close() }()
	text, err := io.ReadAll(io.LimitReader(f, maxKeysBytes))
	if err != nil {
		return nil, fmt.Errorf("reading the keys from descriptor %d: %w", fd, err)
	}
	return parseKeys(text)
}

func parseKeys(text []byte) (*tls.Config, error) {
	ca, rest := pem.Decode(text)
	if ca == nil || ca.Type != "CERTIFICATE" {
		return nil, errors.New("the keys do not begin with the authority's certificate")
	}
	root, err := x509.ParseCertificate(ca.Bytes)
	if err != nil {
		return nil, fmt.Errorf("the authority's certificate: %w", err)
	}
	pair, err := tls.X509KeyPair(rest, rest)
	if err != nil {
		return nil, fmt.Errorf("the connector's certificate and key: %w", err)
	}
	clients := x509.NewCertPool()
	clients.AddCert(root)
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		Certificates: []tls.Certificate{pair},
		ClientAuth:   tls.RequireAndVerifyClientCert,
		ClientCAs:    clients,
		// The one connection lives as long as the process.
		SessionTicketsDisabled: true,
	}, nil
}

// Provide is the form in which go-plugin wants a configuration.
func Provide(c *tls.Config) func() (*tls.Config, error) {
	return func() (*tls.Config, error) { return c, nil }
}
