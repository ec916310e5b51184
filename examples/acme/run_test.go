package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mooring-hq/mooring/examples/acme/githuborg"
)

// asProgram makes the test binary behave like acme.
const asProgram = "ACME_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// start runs acme in this process until the test ends. It gives the address it prints and a func that ends it.
func start(t *testing.T, args ...string) (url string, stop func()) {
	t.Helper()
	o, err := parse(append([]string{"-listen", "127.0.0.1:0", "-latency", "0"}, args...), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, o, in)
		_ = in.CloseWithError(io.EOF)
		ended <- err
	}()
	stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("acme ended with: %v", err)
		}
		ended <- nil
	}
	t.Cleanup(func() {
		stop()
		http.DefaultClient.CloseIdleConnections()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("no line: %v", err)
	}
	return address(t, line), stop
}

func address(t *testing.T, line string) string {
	t.Helper()
	m := regexp.MustCompile(`^github (http://127\.0\.0\.1:\d+) organisations acme-platform, acme-sales; accounts (\d+); seed (\d+)\n$`).FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("printed %q", line)
	}
	return m[1]
}

func do(t *testing.T, method, url, token, body string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, answer
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(b))
}

// appToken signs in as the agent's app, as the vendor wants it.
func appToken(t *testing.T, url, pemKey string) string {
	t.Helper()
	block, _ := pem.Decode([]byte(pemKey))
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	enc := base64.RawURLEncoding.EncodeToString
	now := time.Now().Unix()
	text := enc([]byte(`{"alg":"RS256","typ":"JWT"}`)) + "." +
		enc(fmt.Appendf(nil, `{"iat":%d,"exp":%d,"iss":"%d"}`, now-60, now+500, githuborg.AgentAppID))
	sum := sha256.Sum256([]byte(text))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	jwt := text + "." + enc(sig)
	_, body := do(t, "GET", url+"/app/installations", jwt, "")
	var installs []struct {
		ID      int64
		Account struct{ Login string }
	}
	if err := json.Unmarshal(body, &installs); err != nil || len(installs) != 2 {
		t.Fatalf("installations: %v, %s", err, body)
	}
	for _, i := range installs {
		if i.Account.Login == "acme-platform" {
			_, body = do(t, "POST", url+"/app/installations/"+strconv.FormatInt(i.ID, 10)+"/access_tokens", jwt, "")
		}
	}
	var token struct{ Token string }
	if err := json.Unmarshal(body, &token); err != nil || token.Token == "" {
		t.Fatalf("token: %v, %s", err, body)
	}
	return token.Token
}

// TestCredentials: what stands in the folder works, is nobody else's, and is gone at the end.
func TestCredentials(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	url, stop := start(t, "-credentials", dir, "-change-every", "0")
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) != 13 {
		t.Fatalf("credentials: %v, %v", files, err)
	}
	for _, f := range files {
		if info, err := os.Stat(f); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f, info.Mode(), err)
		}
	}
	token := read(t, filepath.Join(dir, tokenFile))
	app := appToken(t, url, read(t, filepath.Join(dir, keyFile)))
	for _, c := range []struct {
		path, token string
		want        int
	}{
		{"/orgs/acme-sales/members", token, 200},
		{"/orgs/acme-sales/audit-log", token, 404}, // not in the plan
		{"/orgs/acme-platform/audit-log", app, 200},
		{"/orgs/acme-platform/personal-access-tokens", app, 200},
		{"/orgs/acme-platform/audit-log", token, 403},
		{"/orgs/acme-platform/members", "wrong", 401},
	} {
		if got, body := do(t, "GET", url+c.path, c.token, ""); got != c.want {
			t.Errorf("GET %s: %d, want %d: %.200s", c.path, got, c.want, body)
		}
	}
	stop()
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("after the end the folder is still there: %v", err)
	}
}

// TestOtherFilesStay: only what was written is taken away.
func TestOtherFilesStay(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine")
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, stop := start(t, "-credentials", dir)
	stop()
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) != 1 || left[0] != mine {
		t.Errorf("left are %v, %v", left, err)
	}
}

// TestFaults: from the command line and from outside.
func TestFaults(t *testing.T) {
	dir := t.TempDir()
	url, _ := start(t, "-credentials", dir, "-fault", `{"match":"/orgs/*/members","do":"status","status":502,"times":1}`, "-limit", "7/60s")
	token := read(t, filepath.Join(dir, tokenFile))
	get := func() int {
		code, _ := do(t, "GET", url+"/orgs/acme-sales/members", token, "")
		return code
	}
	if a, b := get(), get(); a != 502 || b != 200 {
		t.Errorf("answers %d, %d, want 502, 200", a, b)
	}
	if code, _ := do(t, "POST", url+"/_fake/faults", "", `{"match":"/orgs/**","do":"status","status":503}`); code != 204 {
		t.Errorf("posting a fault: %d", code)
	}
	if a := get(); a != 503 {
		t.Errorf("answer %d, want 503", a)
	}
	if code, _ := do(t, "DELETE", url+"/_fake/faults", "", ""); code != 204 {
		t.Errorf("ending faults: %d", code)
	}
	last := 0
	for range 8 {
		last = get()
	}
	if last != 403 {
		t.Errorf("beyond the limit the answer is %d, want 403", last)
	}
}

// TestChanges: time passes, and the app's webhook hears of it.
func TestChanges(t *testing.T) {
	heard := make(chan string, 1000)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		heard <- r.Header.Get("X-GitHub-Event")
	}))
	defer hook.Close()
	start(t, "-credentials", t.TempDir(), "-change-every", "1ms", "-webhook", hook.URL)
	seen := map[string]bool{}
	for deadline := time.After(20 * time.Second); len(seen) < 3; {
		select {
		case event := <-heard:
			seen[event] = true
		case <-deadline:
			t.Fatalf("heard only of %v", seen)
		}
	}
}

// TestWebhooksStayHere: a webhook elsewhere is not called, nor its name looked up.
func TestWebhooksStayHere(t *testing.T) {
	for _, url := range []string{"http://collector.unknown.example/in", "http://192.0.2.1/", "https://[2001:db8::1]/"} {
		req, err := http.NewRequestWithContext(t.Context(), "POST", url, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := localClient().Do(req)
		if err == nil {
			_ = res.Body.Close()
		}
		if err == nil || !strings.Contains(err.Error(), "only this machine") {
			t.Errorf("%s: %v", url, err)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"-accounts 10", "want 50 to 1000000"},
		{"-listen 0.0.0.0:9001", "address of this machine"},
		{"-listen example.com:9001", "address of this machine"},
		{"-latency fast", "want a time"},
		{"-okta 0.0.0.0:9001", "-okta 0.0.0.0:9001: want an address of this machine"},
		{"-listen off -okta off -googleworkspace off -box off", "every app is off"},
		{"-limit github=1", "CALLS/WINDOW"},
		{"-fault box={}", "want JSON like"},
		{"-limit 5000", "CALLS/WINDOW"},
		{"-limit 0/60s", "CALLS/WINDOW"},
		{"-limit 9/1ms", "CALLS/WINDOW"},
		{"-fault {}", "want JSON like"},
		{"-latency -1s", "cannot be negative"},
		{"serve", "everything is a flag"},
	} {
		var out bytes.Buffer
		if _, err := parse(strings.Fields(c.args), &out); err == nil || !strings.Contains(out.String(), c.want) {
			t.Errorf("%s: %v, said %q, want %q", c.args, err, out.String(), c.want)
		}
	}
	o, err := parse([]string{"-big", "-limit", "off"}, io.Discard)
	if err != nil || o.accounts != 1_000_000 || !o.apps[0].limit.off {
		t.Errorf("-big -limit off: %+v, %v", o, err)
	}
}

func TestIncidents(t *testing.T) {
	o, err := parse([]string{"-incidents"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(t.Context(), o, &out); err != nil || strings.Count(out.String(), "\n") != 14 {
		t.Errorf("%v:\n%s", err, out.String())
	}
}

// maxRSS is what the program may use of memory with a million accounts, in KiB.
const maxRSS = 100 << 10

// TestBig starts the program with a million accounts, reads of it, and ends it by a signal.
func TestBig(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-big", "-listen", "127.0.0.1:0", "-credentials", dir, "-limit", "off", "-latency", "0")
	cmd.Env = append(os.Environ(), asProgram+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	url := address(t, line)
	token := appToken(t, url, read(t, filepath.Join(dir, keyFile)))
	for _, path := range []string{"members?page=9999&", "members?role=admin&", "repos?sort=pushed&", "teams?page=700&", "audit-log?", "audit-log?order=asc&"} {
		code, body := do(t, "GET", url+"/orgs/acme-platform/"+path+"per_page=100", token, "")
		if code != 200 || len(body) < 500 {
			t.Errorf("%s: %d, %.200s", path, code, body)
		}
	}
	status := read(t, fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	m := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindStringSubmatch(status)
	if m == nil {
		t.Fatalf("no peak of memory in %s", status)
	}
	peak, err := strconv.Atoi(m[1])
	if err != nil || peak > maxRSS {
		t.Errorf("a million accounts took %d KiB, want at most %d", peak, maxRSS)
	}
	t.Logf("peak %d KiB", peak)
	http.DefaultClient.CloseIdleConnections()
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v", err)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the credentials are still there: %v", err)
	}
}
