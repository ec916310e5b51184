package plughost

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func rigSpec(t testing.TB) Spec {
	path, digest := as(t, "mooring-connector-rig")
	return Spec{Instance: "rig", Provider: "rig", Path: path, SHA256: digest, Secrets: secrets("token", "s3cret-token")}
}

func quick(h *Host) {
	h.timing.backoffMin, h.timing.backoffMax = 10*time.Millisecond, 100*time.Millisecond
	h.timing.grace = 200 * time.Millisecond
}

func scan(t testing.TB, c *Connector, listing string) (*wire.Certificate, error) {
	t.Helper()
	return c.Scan(testContext(t), quota.Full, &wire.ScanRequest{Listing: listing}, func([]byte) error { return nil })
}

func TestWhatAScanCanEndWith(t *testing.T) {
	h := newHost(t, quick)
	c := h.Start(rigSpec(t))
	for listing, want := range map[string]struct {
		is   sdk.ErrorType
		says string
	}{
		"ok":         {},
		"stdout":     {},
		"panic":      {sdk.ErrInternal, "panicked"},
		"incomplete": {sdk.ErrInternal, "incomplete"},
		"huge":       {sdk.ErrInternal, "at most"},
		"nothing":    {sdk.ErrInvalid, `no listing "nothing"`},
		"auth":       {sdk.ErrAuth, "is refused"},
		"secret":     {sdk.ErrUnsupported, "keeps no secrets"},
	} {
		pid := 0
		if listing != "ok" {
			pid = c.State().PID
		}
		cert, err := scan(t, c, listing)
		if sdk.TypeOf(err) != want.is || err != nil && !strings.Contains(err.Error(), want.says) {
			t.Errorf("%s: error %v, want %s %q", listing, err, want.is, want.says)
		}
		if (cert != nil) != (want.is == "") {
			t.Errorf("%s: certificate %v", listing, cert)
		}
		if err != nil && !strings.Contains(err.Error(), "instance rig") {
			t.Errorf("%s: %v does not name the instance", listing, err)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v has the secret in it", listing, err)
		}
		if pid != 0 && c.State().PID != pid {
			t.Errorf("%s: the process did not live on", listing)
		}
	}
}

func TestCrashRestarts(t *testing.T) {
	h := newHost(t, quick)
	c := h.Start(rigSpec(t))
	other := rigSpec(t)
	other.Instance = "other"
	beside := h.Start(other)
	if _, err := scan(t, beside, "ok"); err != nil {
		t.Fatal(err)
	}
	pid := beside.State().PID
	if _, err := scan(t, c, "crash"); sdk.TypeOf(err) != sdk.ErrUnavailable {
		t.Errorf("a walk whose connector crashed: %v", err)
	}
	if cert, err := scan(t, c, "ok"); err != nil || cert == nil {
		t.Errorf("after the crash: %v", err)
	}
	if s := c.State(); s.Restarts != 1 || s.Phase != Running {
		t.Errorf("state: %+v", s)
	}
	if s := beside.State(); s.PID != pid || s.Restarts != 0 {
		t.Errorf("the other instance: %+v, was process %d", s, pid)
	}
}

func TestHangRestarts(t *testing.T) {
	h := newHost(t, quick, func(h *Host) { h.timing.ping, h.timing.answer = 100*time.Millisecond, 500*time.Millisecond })
	c := h.Start(rigSpec(t))
	if _, err := scan(t, c, "ok"); err != nil {
		t.Fatal(err)
	}
	pid := c.State().PID
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if _, err := scan(t, c, "ok"); err != nil && sdk.TypeOf(err) != sdk.ErrUnavailable {
		t.Errorf("scan on the stopped process: %v", err)
	}
	eventually(t, "a new process", func() bool { s := c.State(); return s.Phase == Running && s.PID != pid })
	if _, err := scan(t, c, "ok"); err != nil {
		t.Error(err)
	}
	if s := c.State(); !strings.Contains(s.LastError, "did not answer") {
		t.Errorf("last error %q", s.LastError)
	}
}

func TestManyCrashesDegrade(t *testing.T) {
	h := newHost(t, quick, func(h *Host) { h.timing.backoffMax = time.Hour })
	spec := rigSpec(t)
	spec.SHA256 = strings.Repeat("0", 64)
	c := h.Start(spec)
	eventually(t, "degraded", func() bool { return c.State().Phase == Degraded })
	if s := c.State(); s.Restarts != 5 || !strings.Contains(s.LastError, "locked") {
		t.Errorf("state: %+v", s)
	}
	if _, err := scan(t, c, "ok"); err == nil || !strings.Contains(err.Error(), "locked") {
		t.Errorf("a call on a degraded connector: %v", err)
	}
}

func TestSecretsAreResolvedAgainOnAuthError(t *testing.T) {
	var resolved atomic.Int32
	h := newHost(t, quick)
	spec := rigSpec(t)
	spec.Secrets = func(context.Context) (map[string]string, error) {
		if resolved.Add(1) == 1 {
			return map[string]string{"token": "stale"}, nil
		}
		return map[string]string{"token": "fresh"}, nil
	}
	c := h.Start(spec)
	if _, err := scan(t, c, "auth"); err != nil {
		t.Errorf("scan: %v", err)
	}
	if s := c.State(); s.Restarts != 0 || s.LastError != "" {
		t.Errorf("a renewed secret counts as a failure: %+v", s)
	}
}

func TestCancelReachesTheConnector(t *testing.T) {
	h := newHost(t, quick)
	c := h.Start(rigSpec(t))
	ctx, cancel := context.WithCancel(testContext(t))
	_, err := c.Scan(ctx, quota.Full, &wire.ScanRequest{Listing: "slow"}, func([]byte) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error: %v", err)
	}
}

func TestStopDuringACallThatWaitsForQuota(t *testing.T) {
	h := newHost(t, quick)
	h.ledger.block = true
	spec := rigSpec(t)
	c := h.Start(spec)
	done := make(chan error, 1)
	go func() {
		_, err := c.Scan(context.Background(), quota.Full, &wire.ScanRequest{Listing: "lease"}, func([]byte) error { return nil })
		done <- err
	}()
	eventually(t, "running", func() bool { return c.State().Phase == Running })
	h.Stop(spec.Instance)
	if err := <-done; sdk.TypeOf(err) != sdk.ErrUnavailable {
		t.Errorf("error: %v", err)
	}
	if s := c.State(); s.Phase != Stopped || s.PID != 0 {
		t.Errorf("state: %+v", s)
	}
}

func TestFetchWatchWebhook(t *testing.T) {
	h := newHost(t, quick)
	c := h.Start(rigSpec(t))
	var states []wire.FetchResponse_State
	refs := []*wire.Ref{sdk.To(sdk.KindAccount, "1"), sdk.To(sdk.KindAccount, "gone")}
	if err := c.Fetch(testContext(t), quota.Realtime, refs, func(m *wire.FetchResponse) error {
		states = append(states, m.GetState())
		return nil
	}); err != nil || len(states) != 2 || states[0] != sdk.Found || states[1] != sdk.Absent {
		t.Errorf("Fetch: %v %v", states, err)
	}
	var hints []string
	if err := c.Watch(testContext(t), []string{"a", "b"}, func(h *wire.Hint) error {
		if hints = append(hints, h.GetListing()); len(hints) == 2 {
			return errTest
		}
		return nil
	}); !errors.Is(err, errTest) || strings.Join(hints, "") != "ab" {
		t.Errorf("Watch: %v %v", hints, err)
	}
	for signature, want := range map[string]uint32{"good": 200, "bad": 401} {
		r, err := c.Webhook(testContext(t), &wire.WebhookRequest{Headers: []*wire.Value{{Name: "x-signature", Value: signature}}})
		if err != nil || r.GetStatus() != want || (len(r.GetHints()) == 1) != (signature == "good") {
			t.Errorf("Webhook %s: %v %v", signature, r, err)
		}
	}
}

func TestLogIsBoundedCleanAndMasked(t *testing.T) {
	h := newHost(t, quick)
	c := h.Start(rigSpec(t))
	if _, err := scan(t, c, "log"); err != nil {
		t.Fatal(err)
	}
	// Lines come on another stream than the walk's end, and a connector that is stopped takes with it what it has not sent.
	for ctx := testContext(t); !strings.Contains(h.log.String(), " red with ") && ctx.Err() == nil; {
		time.Sleep(10 * time.Millisecond)
	}
	h.Stop("rig")
	text := h.log.String()
	if strings.Contains(text, "s3cret") || strings.ContainsAny(text, "\x1b") || !strings.Contains(text, "line 0 red with") {
		t.Errorf("log:\n%.600s", text)
	}
	if n := strings.Count(text, " red with "); n > 2*maxLinesPerSecond {
		t.Errorf("%d lines", n)
	}
	if !strings.Contains(text, "instance=rig") {
		t.Error("the instance is not named")
	}
}

// TestNoOrphans kills a host and looks for what it started.
func TestNoOrphans(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path, _ := as(t, "mooring-connector-rig")
	dir, err := os.MkdirTemp("", "ph")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "PLUGHOST_TEST_HOST=lone-host", "PLUGHOST_TEST_DIR="+dir, "PLUGHOST_TEST_PATH="+path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []int
	r := bufio.NewReader(out)
	for range 3 {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		pid, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(line)
		}
		pids = append(pids, pid)
	}
	for _, pid := range pids {
		if !alive(pid) {
			t.Fatalf("process %d is not there before the kill", pid)
		}
	}
	if err := syscall.Kill(pids[0], syscall.SIGSTOP); err != nil { // so that it cannot end by itself
		t.Fatal(err)
	}
	_ = cmd.Process.Kill()
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait()
	for _, pid := range pids {
		eventually(t, fmt.Sprintf("the end of process %d", pid), func() bool { return !alive(pid) })
	}
	// What the killed host left in its folder, the next one removes.
	h := New(Config{RuntimeDir: dir, Self: self, Quota: &ledger{}})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := h.Run(ctx); err != nil {
		t.Error(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left: %v", left)
	}
}

// alive: a zombie is not.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	return !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}

// TestCyclesLeaveNothing starts and kills connectors. PLUGHOST_CYCLES asks for more than 200.
func TestCyclesLeaveNothing(t *testing.T) {
	cycles, _ := strconv.Atoi(os.Getenv("PLUGHOST_CYCLES"))
	if cycles == 0 {
		cycles = 200
	}
	h := newHost(t, quick)
	path, digest := hello(t)
	api := helloAPI(t, 1)
	round := func(i int) error {
		spec := Spec{
			Instance: fmt.Sprint("i", i%4), Path: path, SHA256: digest, Settings: map[string]string{"base_url": api.URL},
			Secrets: secrets("token", "s3cret-token"), Network: &wire.Network{Private: []string{"127.0.0.1"}},
		}
		c := h.Start(spec)
		if _, err := scan(t, c, "users"); err != nil {
			return err
		}
		if i%3 == 0 {
			_ = syscall.Kill(c.State().PID, syscall.SIGKILL)
		}
		if i%3 == 1 {
			_ = syscall.Kill(c.State().PID, syscall.SIGSTOP)
		}
		h.Stop(spec.Instance)
		return nil
	}
	run := func(n int) {
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for i := w; i < n; i += 4 {
					if err := round(i); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
	run(8)
	before := leftovers(t, h.cfg.RuntimeDir)
	run(cycles)
	var after left
	for range 500 { // what ends by itself may take a moment
		after = leftovers(t, h.cfg.RuntimeDir)
		if after.fds <= before.fds && after.goroutines <= before.goroutines && after.children == 0 && after.entries == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("before %+v, after %d cycles %+v", before, cycles, after)
}

type left struct{ fds, goroutines, children, entries int }

func leftovers(t testing.TB, dir string) left {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	children := 0
	tasks, _ := filepath.Glob("/proc/self/task/*/children")
	for _, task := range tasks {
		b, _ := os.ReadFile(task)
		children += len(strings.Fields(string(b)))
	}
	entries, _ := os.ReadDir(dir)
	return left{len(fds), runtime.NumGoroutine(), children, len(entries)}
}
