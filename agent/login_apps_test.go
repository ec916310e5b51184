package main

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/kept/kepttest"
)

// consentApp is our own: checks are cheap, so there is always one that needs a token.
func consentApp(t *testing.T, bin string) *app {
	return &app{
		name: "consent", handler: kepttest.New(time.Minute), connectors: consentConnector(t, bin),
		id: kepttest.ClientID, secret: kepttest.ClientSecret, pause: 2 * time.Millisecond, life: time.Second, small: 6,
		instance: func(url string) string { return fmt.Sprintf("settings {\n    base_url = %q\n  }", url) },
	}
}

// boxApp is Box as the simulated company has it, with the connector for it. A check is about ten of 1,000 calls a minute,
// which matters in a long run only.
func boxApp(t *testing.T, bin string) *app {
	t.Helper()
	run := t.TempDir()
	c := exec.Command(filepath.Join(bin, "acme"), "-listen", "off", "-okta", "off", "-googleworkspace", "off", "-box", "127.0.0.1:0",
		"-accounts", "60", "-latency", "0", "-change-every", "0", "-limit", "off", "-credentials", run)
	c.Stderr, c.SysProcAttr = os.Stderr, &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait() // it was told to
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	words := strings.Fields(line)
	if err != nil || len(words) < 2 {
		t.Fatalf("acme said %q: %v", line, err)
	}
	to, err := url.Parse(words[1])
	if err != nil {
		t.Fatal(err)
	}
	secret, err := os.ReadFile(filepath.Join(run, "box-client.secret"))
	if err != nil {
		t.Fatal(err)
	}
	pause := 300 * time.Millisecond
	if os.Getenv("MOORING_KILLS") != "" {
		pause = time.Second
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) } // whoever asked was killed
	return &app{
		name: "box", handler: proxy, connectors: filepath.Join(bin, "connectors"),
		id: "acmemooringbox0clientid0000000", secret: strings.TrimSpace(string(secret)), pause: pause, life: 2 * time.Second, small: 3,
		instance: func(url string) string {
			text := fmt.Sprintf("settings {\n    base_url    = %[1]q\n    account_url = %[1]q\n  }", url)
			for _, listing := range []string{"users", "external_users", "groups", "files", "device_pins", "events", "past_events"} {
				text += fmt.Sprintf("\n  scan %q {\n    enabled = false\n  }", listing)
			}
			return text
		},
	}
}
