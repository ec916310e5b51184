package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// The limits of the tests.
const (
	patience  = 90 * time.Second // for a condition, on a machine that does much else
	pollEvery = 100 * time.Millisecond
	stopTime  = 10 * time.Second // SIGTERM ends the agent within it
)

// The exit codes of mooring.
const (
	all    = 0
	partly = 3
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// needs skips a test without the environment that .ci/e2e sets, and gives the value of a variable.
func needs(t *testing.T, name string) string {
	t.Helper()
	if os.Getenv("MOORING_E2E") != "1" {
		t.Skip("set MOORING_E2E=1, or run `make e2e`, which installs what these tests need")
	}
	value := os.Getenv(name)
	if value == "" {
		t.Fatalf("%s is not set: run `make e2e`", name)
	}
	return value
}

// site is a folder with a configuration, and the programs.
type site struct {
	t       *testing.T
	bin     string
	dir     string
	runtime string
	env     []string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, bin: needs(t, "MOORING_BIN"), dir: t.TempDir()}
	var err error
	if s.runtime, err = os.MkdirTemp("", "mr"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(s.runtime) })
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	return s
}

func (s *site) path(name string) string { return filepath.Join(s.dir, name) }

func (s *site) write(name, text string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Dir(s.path(name)), 0o700); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(s.path(name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// configure writes config.hcl: the agent with its data directory, and what is given.
func (s *site) configure(dataDir, network string, instances ...string) {
	s.t.Helper()
	s.configureIn("config.hcl", dataDir, network, instances...)
}

func (s *site) configureIn(file, dataDir, network string, instances ...string) {
	s.t.Helper()
	s.write(file, fmt.Sprintf("agent {\n  data_dir = %q\n  connector_dirs = [%q]\n}\nnetwork {\n%s\n}\n%s",
		dataDir, filepath.Join(s.bin, "connectors"), network, strings.Join(instances, "\n")))
}

// loopback is the network block of most tests.
const loopback = `  private = ["127.0.0.1"]`

func instance(name, org, url, credentials string) string {
	return fmt.Sprintf("instance \"github\" %q {\n  settings {\n    organization = %q\n    base_url = %q\n  }\n  credentials {\n%s\n  }\n}\n",
		name, org, url, credentials)
}

const (
	salesToken  = `    token = secret("file:./run/github-sales.token")`
	platformApp = "    app_id = \"123456\"\n    private_key = secret(\"file:./run/github-app.pem\")"
)

// command is a program in the site's folder and environment; it does not outlive the test's process.
func (s *site) command(path string, args ...string) *exec.Cmd {
	c := exec.CommandContext(s.t.Context(), path, args...) // built, or installed by .ci/e2e
	c.Dir = s.dir
	c.Env = append([]string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "XDG_RUNTIME_DIR=" + s.runtime, "TZ=UTC",
	}, s.env...)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return c
}

// mooring runs a command of the agent's program, which must end with a code, and gives what it prints.
func (s *site) mooring(code int, args ...string) (stdout, stderr string) {
	s.t.Helper()
	c := s.command(filepath.Join(s.bin, "mooring"), args...)
	var out, problems bytes.Buffer
	c.Stdout, c.Stderr = &out, &problems
	err := c.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		s.t.Fatal(err)
	}
	if got := c.ProcessState.ExitCode(); got != code {
		s.t.Fatalf("mooring %s ended with %d, want %d\n%s%s", strings.Join(args, " "), got, code, out.String(), problems.String())
	}
	return out.String(), problems.String()
}

// records are the answer of a query.
func (s *site) records(args ...string) []map[string]any {
	s.t.Helper()
	out, _ := s.mooring(all, append([]string{"query", "-o", "jsonl"}, args...)...)
	var list []map[string]any
	for line := range strings.Lines(out) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			s.t.Fatalf("%v: %s", err, line)
		}
		list = append(list, r)
	}
	return list
}

// wait asks again and again until what is waited for is so.
func (s *site) wait(what string, ok func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(pollEvery) {
		if time.Now().After(deadline) {
			s.t.Fatalf("%s did not come within %s", what, patience)
		}
	}
}

// program is a program in the background.
type program struct {
	s     *site
	cmd   *exec.Cmd
	ended chan struct{}
	log   string
}

// start runs a program until the test ends; its output goes to a file, or to out.
func (s *site) start(name string, out *os.File, path string, args ...string) *program {
	s.t.Helper()
	p := &program{s: s, cmd: s.command(path, args...), ended: make(chan struct{}), log: s.path(name + ".log")}
	log, err := os.Create(p.log)
	if err != nil {
		s.t.Fatal(err)
	}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if out != nil {
		p.cmd.Stdout = out
	}
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = stopTime
	started := make(chan error)
	go func() {
		defer close(p.ended)
		runtime.LockOSThread() // Pdeathsig is that of the thread
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
		}
		_ = log.Close()
		if out != nil {
			_ = out.Close()
		}
	}()
	if err := <-started; err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(p.stop)
	return p
}

// stop ends it as an operator would.
func (p *program) stop() {
	p.s.t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(stopTime):
		_ = p.cmd.Process.Kill()
		<-p.ended
		p.s.t.Errorf("%s did not end within %s of SIGTERM", p.cmd.Path, stopTime)
	}
}

// acme serves the simulated company and gives its address; the credentials are in run/.
func (s *site) acme(args ...string) (url string) {
	s.t.Helper()
	out, in, err := os.Pipe()
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = out.Close() }()
	s.start("acme", in, filepath.Join(s.bin, "acme"), append([]string{"-listen", "127.0.0.1:0", "-change-every", "0"}, args...)...)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		s.t.Fatalf("acme said no address: %v", err)
	}
	return strings.Fields(line)[1]
}

// freePort is one that nobody listens on now.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
