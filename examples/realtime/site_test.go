package realtime

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

const (
	module   = "github.com/mooring-hq/mooring"
	patience = 2 * time.Minute // for a condition, on a machine that does much else
	askEvery = 200 * time.Millisecond
	stopTime = 15 * time.Second
)

var kinds = []string{"accounts", "groups", "roles", "memberships", "files", "apps", "grants", "settings", "others"}

// told are the kinds whose every change the providers' hints tell of. Of the others some is only found by polls: nobody
// says that a new person brought a token along.
var told = []string{"accounts", "groups", "memberships", "files"}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m, goleak.Cleanup(cleanUp)) }

// built is the folder of the programs that programs built; "" for none.
var built atomic.Value

func cleanUp(code int) {
	if dir, ok := built.Load().(string); ok {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}

// programs builds what is run, unless MOORING_BIN says where it is.
var programs = sync.OnceValues(func() (string, error) {
	if bin := os.Getenv("MOORING_BIN"); bin != "" {
		return filepath.Abs(bin)
	}
	dir, err := os.MkdirTemp("", "mooring-realtime")
	if err != nil {
		return "", err
	}
	built.Store(dir)
	for path, pkg := range map[string]string{
		"mooring": "/agent", "connectors/mooring-connector-github": "/plugins/github", "connectors/mooring-connector-okta": "/plugins/okta",
		"connectors/mooring-connector-box": "/plugins/box", "connectors/mooring-connector-googleworkspace": "/plugins/googleworkspace",
	} {
		if out, err := exec.Command("go", "build", "-o", filepath.Join(dir, path), module+pkg).CombinedOutput(); err != nil {
			return "", fmt.Errorf("building %s: %w\n%s", pkg, err, out)
		}
	}
	return dir, nil
})

// site is a folder with a configuration.
type site struct {
	t            *testing.T
	bin          string
	dir, runtime string
	port         int // of webhooks
	// gone are people whose files nobody can look at any more: they stay as they were, and a new look does not see them.
	gone []string
}

func newSite(t *testing.T) *site {
	t.Helper()
	if os.Getenv("MOORING_REALTIME") != "1" {
		t.Skip("set MOORING_REALTIME=1: this runs whole programs for minutes")
	}
	bin, err := programs()
	if err != nil {
		t.Fatal(err)
	}
	runtime, err := os.MkdirTemp("", "mr") // a socket's path has 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(runtime) })
	return &site{t: t, bin: bin, dir: t.TempDir(), runtime: runtime, port: freePort(t)}
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // of TCP
}

func (s *site) write(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// configure writes two configurations: that of the agent, and one whose scans, into a folder of its own, say what is true.
func (s *site) configure(mode, every string, p *provider) {
	s.t.Helper()
	for name, data := range p.secrets {
		s.write(name, data)
	}
	const form = "agent {\n  data_dir = %q\n  connector_dirs = [%q]\n}\nnetwork {\n  private = [\"127.0.0.1\"]\n}\n%s\n%s"
	connectors := filepath.Join(s.bin, "connectors")
	ingest := fmt.Sprintf("ingest {\n  listen = \"127.0.0.1:%d\"\n  public_url = \"http://127.0.0.1:%d\"\n}\n", s.port, s.port)
	s.write("config.hcl", fmt.Sprintf(form, "live", connectors, ingest, p.block(mode, every)))
	s.write("truth.hcl", fmt.Sprintf(form, "truth", connectors, "", p.block("off", "")))
	s.mooring("config.hcl", "connector", "lock")
}

func (s *site) command(config string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, "mooring"), args...)
	c.Dir = s.dir
	c.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+s.runtime, "MOORING_CONFIG="+config)
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return c
}

func (s *site) mooring(config string, args ...string) []byte {
	s.t.Helper()
	c := s.command(config, args...)
	var out, said bytes.Buffer
	c.Stdout, c.Stderr = &out, &said
	if err := c.Run(); err != nil && c.ProcessState.ExitCode() != partly {
		s.t.Fatalf("mooring %s: %v\n%s%s", strings.Join(args, " "), err, out.Bytes(), said.Bytes())
	}
	return out.Bytes()
}

// partly: an answer that lacks something, as while an agent starts.
const partly = 3

// run starts the agent, until the test ends.
func (s *site) run() {
	s.t.Helper()
	c := s.command("config.hcl", "run")
	var log bytes.Buffer
	c.Stderr = &log
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = c.Wait()
	}()
	s.t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(stopTime):
			_ = c.Process.Kill()
			<-ended
			s.t.Errorf("the agent did not end within %s", stopTime)
		}
		if s.t.Failed() {
			s.t.Logf("the agent's log:\n%s", log.Bytes())
		}
	})
}

type status struct {
	Instances []struct {
		State, Problem string
		Listings       []struct{ Listing, State string }
		Realtime       struct {
			Means []struct {
				Name, Means, Problem, URL string
				Open                      bool
				Subscriptions             int
			}
			Hints    int
			Webhooks struct{ Verified, Unverified int }
		}
	}
}

func (s *site) status() status {
	s.t.Helper()
	var st status
	if err := json.Unmarshal(s.mooring("config.hcl", "status", "-o", "json"), &st); err != nil || len(st.Instances) != 1 {
		s.t.Fatalf("%v: %+v", err, st)
	}
	return st
}

// ready waits until everything was scanned and all means are open.
func (s *site) ready(p *provider) {
	s.t.Helper()
	s.wait("the first scan", func() bool {
		i := s.status().Instances[0]
		if i.State == "set_aside" {
			s.t.Fatalf("set aside: %s", i.Problem)
		}
		ready := len(i.Listings) > 0
		for _, l := range i.Listings {
			ready = ready && (l.State != "never" && l.State != "incomplete" || slices.Contains(p.off, l.Listing))
		}
		for _, m := range i.Realtime.Means {
			ready = ready && m.Open
		}
		return ready
	})
}

func (s *site) wait(what string, ok func() bool) {
	s.t.Helper()
	for began := time.Now(); !ok(); time.Sleep(askEvery) {
		if time.Since(began) > patience {
			s.t.Fatalf("%s did not come within %s\n%s", what, patience, s.mooring("config.hcl", "status"))
		}
	}
}

// records are all that a store holds but activities, by kind.
func (s *site) records(config string, kinds []string) map[string][]string {
	s.t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	all := map[string][]string{}
	for _, kind := range kinds {
		wg.Go(func() {
			var lines []string
			for line := range strings.Lines(string(s.mooring(config, "query", kind, "-o", "jsonl"))) {
				if kind != "files" || !s.ofGone(line) {
					lines = append(lines, plain(s.t, line))
				}
			}
			slices.Sort(lines)
			mu.Lock()
			defer mu.Unlock()
			all[kind] = lines
		})
	}
	wg.Wait()
	return all
}

func (s *site) ofGone(line string) bool {
	return slices.ContainsFunc(s.gone, func(email string) bool { return strings.Contains(line, fmt.Sprintf("%q", email)) })
}

// moving are fields that move by themselves, or that the host derives later.
var moving = []string{"first_seen", "since", "last_active_at", "last_used_at", "account_count", "member_count", "inspection", "_coverage"}

func plain(t *testing.T, line string) string {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(line), &m); err != nil {
		t.Errorf("%v: %s", err, line)
	}
	maps.DeleteFunc(m, func(k string, _ any) bool { return slices.Contains(moving, k) })
	b, err := json.Marshal(m)
	if err != nil {
		t.Error(err)
	}
	return string(b)
}

func sum(m map[string][]string) [sha256.Size]byte {
	h := sha256.New()
	for _, kind := range slices.Sorted(maps.Keys(m)) {
		_, _ = fmt.Fprintln(h, kind, m[kind])
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// truth scans anew, into an empty store.
func (s *site) truth(kinds []string) map[string][]string {
	s.t.Helper()
	if err := os.RemoveAll(filepath.Join(s.dir, "truth")); err != nil {
		s.t.Fatal(err)
	}
	s.mooring("truth.hcl", "scan")
	return s.records("truth.hcl", kinds)
}

// follows waits until the agent's store is what is true now, and gives how long that took. What it had on the way is
// noted while the truth is still being found out.
func (s *site) follows(began time.Time, within time.Duration, kinds []string, what string) time.Duration {
	s.t.Helper()
	type moment struct {
		at  time.Duration
		sum [sha256.Size]byte
	}
	var seen []moment
	truth := make(chan map[string][]string, 1)
	go func() { truth <- s.truth(kinds) }()
	var want map[string][]string
	for {
		has := s.records("config.hcl", kinds)
		at := time.Since(began) // when it surely was there
		seen = append(seen, moment{at, sum(has)})
		if want == nil {
			select {
			case want = <-truth:
			default:
			}
		}
		if want != nil {
			for _, m := range seen {
				if m.sum == sum(want) {
					return m.at
				}
			}
			seen = nil
		}
		if want != nil && at > within {
			s.t.Fatalf("%s did not arrive within %s:\n%s%s", what, within, differences(has, want, kinds), s.mooring("config.hcl", "status"))
		}
		time.Sleep(askEvery)
	}
}

func differences(has, want map[string][]string, kinds []string) string {
	var out strings.Builder
	for _, kind := range kinds {
		list(&out, "stored, not true: "+kind, has[kind], want[kind])
		list(&out, "true, not stored: "+kind, want[kind], has[kind])
	}
	return out.String()
}

// list writes the first of what only one has.
func list(out *strings.Builder, what string, has, lacks []string) {
	const shown = 3
	n := 0
	for _, line := range has {
		if !slices.Contains(lacks, line) {
			if n++; n <= shown {
				fmt.Fprintln(out, what, line)
			}
		}
	}
	if n > shown {
		fmt.Fprintf(out, "%s: %d more\n", what, n-shown)
	}
}

// lossy is a network that loses some of what goes to the agent, and says that it arrived.
type lossy struct {
	mu         sync.Mutex
	next       func() bool // says whether the next one is lost
	lost, sent int
}

func (l *lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	lost := l.next != nil && l.next()
	l.sent++
	if lost {
		l.lost++
	}
	l.mu.Unlock()
	if lost {
		return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: http.NoBody, Request: r}, nil
	}
	return http.DefaultTransport.RoundTrip(r)
}

func (l *lossy) counts() (lost, sent int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost, l.sent
}
