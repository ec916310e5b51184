package sink_test

import (
	"bufio"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http/httptest"
	"net/mail"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/agent/internal/config"
)

// TestIndependentMailServer mails to a server that nobody here wrote: npm package smtp-server, in the folder that
// MOORING_SMTP_SERVER names.
func TestIndependentMailServer(t *testing.T) {
	folder := os.Getenv("MOORING_SMTP_SERVER")
	if folder == "" {
		t.Skip("set MOORING_SMTP_SERVER to the folder of npm package smtp-server")
	}
	key, certificate, root := certificate(t)
	server := exec.CommandContext(t.Context(), "node", "testdata/server.js", folder, key, certificate)
	server.Stderr = os.Stderr
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	lines := bufio.NewScanner(out)
	lines.Buffer(nil, 1<<20)
	next := func(v any) {
		t.Helper()
		if !lines.Scan() {
			t.Fatal("the server has ended")
		}
		if err := json.Unmarshal(lines.Bytes(), v); err != nil {
			t.Fatalf("%s: %v", lines.Text(), err)
		}
	}
	var at struct{ Port int }
	next(&at)
	b := newBench(t)
	b.network.Roots = root
	s := &config.Sink{
		Kind: "smtp", Name: "mail", Enabled: true, Send: []string{"alert.*"},
		SMTP: &config.SMTPSink{
			Server: fmt.Sprintf("127.0.0.1:%d", at.Port), From: "mooring@acme.example", To: []string{"a@acme.example", "gone@acme.example", "z@acme.example"},
			TLS: "starttls", User: config.Credential{Literal: "mooring"}, Password: reference(t, "right"),
		},
	}
	e := alert()
	e.Title = "Schlüssel öffentlich\n.\n" + strings.Repeat("long ", 100)
	b.put(e, alert())
	b.drain(s, 2)
	for _, to := range []string{"a@acme.example", "z@acme.example"} {
		var m struct {
			Secure bool
			From   string
			To     []string
			Text   string
		}
		next(&m)
		parsed, err := mail.ReadMessage(strings.NewReader(m.Text))
		if err != nil || !m.Secure || m.From != "mooring@acme.example" || len(m.To) != 1 || m.To[0] != to || parsed.Header.Get("Auto-Submitted") != "auto-generated" {
			t.Errorf("%+v, %v", m, err)
		}
	}
}

// certificate of a test's server, in files, and as a root.
func certificate(t *testing.T) (keyFile, certFile string, root []byte) {
	t.Helper()
	s := httptest.NewTLSServer(nil)
	defer s.Close()
	der, err := x509.MarshalPKCS8PrivateKey(s.TLS.Certificates[0].PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	root = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	keyFile, certFile = filepath.Join(t.TempDir(), "key"), filepath.Join(t.TempDir(), "cert")
	for name, text := range map[string][]byte{keyFile: pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), certFile: root} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return keyFile, certFile, root
}
