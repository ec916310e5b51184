package crash

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
)

const module = "github.com/mooring-hq/mooring"

// latency of the provider: enough for many pages to be under way at a random moment.
const latency = "2ms"

// slowList makes the longest list of pages take a good part of the scan, beside all that is quick: else few kills would
// meet a walk that has to go on in its middle.
const slowList = `{"match":"/orgs/*/members","do":"slow","delay":100000000}`

// world is a folder with programs, a configuration, a company that runs, and the agent's data.
type world struct {
	t       *testing.T
	dir     string
	bin     string
	runtime string // for sockets and temporary files: short, since a socket's path has 108 bytes
	fake    string // URL
	ask     *http.Client
}

const configuration = `
agent {
  data_dir       = "./data"
  connector_dirs = [%q]
}
organization {
  domains = ["acme.example"]
}
network {
  private = ["127.0.0.1"]
}
instance "github" "sales" {
  settings {
    organization = "acme-sales"
    base_url     = %q
  }
  credentials {
    token = secret("file:./run/github-sales.token")
  }
  realtime = "off"
}
`

func newWorld(t *testing.T, accounts int) *world {
	t.Helper()
	runtime, err := os.MkdirTemp("/tmp", "crash")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(runtime) })
	w := &world{t: t, dir: t.TempDir(), runtime: runtime, ask: &http.Client{Transport: &http.Transport{DialContext: dial(runtime)}}}
	t.Cleanup(w.ask.CloseIdleConnections)
	if err := os.Mkdir(filepath.Join(runtime, "tmp"), 0o700); err != nil {
		t.Fatal(err)
	}
	w.build()
	w.fake = w.company(accounts)
	text := fmt.Sprintf(configuration, filepath.Join(w.bin, "connectors"), w.fake)
	if err := os.WriteFile(filepath.Join(w.dir, "config.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := w.mooring("connector", "lock"); err != nil {
		t.Fatalf("connector lock: %v: %s", err, out)
	}
	return w
}

// build makes the programs, unless MOORING_BIN says where they are.
func (w *world) build() {
	w.t.Helper()
	if bin := os.Getenv("MOORING_BIN"); bin != "" {
		var err error
		if w.bin, err = filepath.Abs(bin); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	w.bin = filepath.Join(w.dir, "bin")
	for path, pkg := range map[string]string{
		"mooring": "/agent", "acme": "/examples/acme", "connectors/mooring-connector-github": "/plugins/github",
	} {
		cmd := exec.CommandContext(w.t.Context(), "go", "build", "-o", filepath.Join(w.bin, path), module+pkg)
		if out, err := cmd.CombinedOutput(); err != nil {
			w.t.Fatalf("building %s: %v\n%s", pkg, err, out)
		}
	}
}

// company starts acme, and gives its address.
func (w *world) company(accounts int) string {
	w.t.Helper()
	cmd := exec.Command(filepath.Join(w.bin, "acme"), "-listen", "127.0.0.1:0", "-accounts", strconv.Itoa(accounts),
		"-change-every", "0", "-latency", latency, "-fault", slowList, "-limit", "off", "-credentials", filepath.Join(w.dir, "run"))
	cmd.Stderr, cmd.SysProcAttr = os.Stderr, withUs()
	out, err := cmd.StdoutPipe()
	if err != nil {
		w.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			w.t.Errorf("acme: %v", err)
		}
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	url := regexp.MustCompile(`http://[0-9.:]+`).FindString(line)
	if err != nil || url == "" {
		w.t.Fatalf("acme said %q: %v", line, err)
	}
	return url
}

// withUs has a process die with this test, however that ends: the threads that start processes live as long as it does.
func withUs() *syscall.SysProcAttr { return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }

// command is the agent's program in this world.
func (w *world) command(args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(w.bin, "mooring"), args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+w.runtime, "TMPDIR="+filepath.Join(w.runtime, "tmp"), "MOORING_CONFIG=config.hcl")
	cmd.SysProcAttr = withUs()
	return cmd
}

// mooring runs a command to its end.
func (w *world) mooring(args ...string) ([]byte, error) {
	cmd := w.command(args...)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	if err != nil {
		out.Write(said.Bytes())
	}
	return out.Bytes(), err
}

// dial reaches the agent wherever below the runtime folder it listens, and everything else where it is.
func dial(runtime string) func(ctx context.Context, network, address string) (net.Conn, error) {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == "agent:80" {
			found, _ := filepath.Glob(filepath.Join(runtime, "mooring", "*", "api.sock"))
			if len(found) != 1 {
				return nil, fmt.Errorf("%d sockets", len(found))
			}
			network, address = "unix", found[0]
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
}

func (w *world) get(url string, into any) error {
	req, err := http.NewRequestWithContext(w.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	res, err := w.ask.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	return json.NewDecoder(res.Body).Decode(into)
}

// requests that the provider has answered.
func (w *world) requests() int {
	w.t.Helper()
	var s struct {
		Requests int `json:"requests"`
	}
	if err := w.get(w.fake+"/_fake/stats", &s); err != nil {
		w.t.Fatal(err)
	}
	return s.Requests
}

func (w *world) wipe() {
	w.t.Helper()
	if err := os.RemoveAll(filepath.Join(w.dir, "data")); err != nil {
		w.t.Fatal(err)
	}
}
