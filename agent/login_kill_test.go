package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/daemon"
	"github.com/mooring-hq/mooring/agent/internal/kept"
	"github.com/mooring-hq/mooring/agent/internal/kept/kepttest"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
)

const (
	smallKills   = 6
	tokenLife    = time.Second           // so that there is a rotation at least every half second
	nearRotation = 60 * time.Millisecond // a kill further away from a refresh does not count
	maxLinkKills = 2                     // of connectors, in one life of the agent: more would count as a broken connector
	comesBack    = 20 * time.Second      // the agent, after a kill
	rotates      = 5 * time.Second
	maxMisses    = 50 // kills in a row that were not near a rotation
)

const killConfig = `
agent {
  data_dir       = "./data"
  connector_dirs = [%q]
}
network {
  private = ["127.0.0.1"]
}
instance "consent" "main" {
  settings {
    base_url = %[2]q
  }
  credentials {
    client_id     = "the-client"
    client_secret = secret("env:CLIENT_SECRET")
  }
}
instance "consent" "audit" {
  settings {
    base_url = %[2]q
  }
  credentials {
    client_id     = "the-client"
    client_secret = secret("env:CLIENT_SECRET")
    login         = "consent/main"
  }
}
`

// rotation is one run of the test: a provider whose refresh tokens work once, two instances on one login, and an agent that
// is killed while they renew it.
type rotation struct {
	t            *testing.T
	rng          *rand.Rand
	dir, runtime string
	mooring      string
	provider     *kepttest.Provider
	trap         trap
	ask          *http.Client
	seen         [2]atomic.Int64 // when a check of main, of audit last succeeded

	agent     *exec.Cmd
	ended     chan struct{}
	linkKills int

	kills, links, early int // that landed near a rotation
	misses              int
	needed              int // logins that were lost
	refused             int // refreshes seen while it was lost
}

// trap kills at a moment of a rotation.
type trap struct {
	mu      sync.Mutex
	armed   bool
	spent   bool // at the second moment, when the token is spent
	after   time.Duration
	fire    func()
	last    time.Time // of a refresh
	latency func() time.Duration
}

// hear is told of every refresh by the provider.
func (t *trap) hear(spent bool) {
	t.mu.Lock()
	if !spent {
		t.last = time.Now()
	}
	fire := func() {}
	after := t.after
	if t.armed && t.spent == spent {
		t.armed, fire = false, t.fire
	}
	latency := t.latency()
	t.mu.Unlock()
	if after == 0 {
		fire()
	} else {
		time.AfterFunc(after, fire)
	}
	time.Sleep(latency) // a provider takes its time
}

func (t *trap) refreshed() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// TestKilledWhileTheLoginIsRenewed kills the agent and its connectors around rotations of a refresh token that works once.
func TestKilledWhileTheLoginIsRenewed(t *testing.T) {
	if testing.Short() {
		t.Skip("starts whole programs again and again")
	}
	r := newRotation(t)
	want := numberFrom(t, "MOORING_KILLS", smallKills)
	ctx, cancel := context.WithCancel(t.Context())
	var driving sync.WaitGroup
	for n, instance := range []string{"main", "audit"} {
		driving.Go(func() { r.drive(ctx, n, instance) })
	}
	defer driving.Wait()
	defer cancel()
	r.start()
	r.until(comesBack, "an answer of the agent", func() bool { needed, ok := r.lost(); return ok && needed })
	r.logIn()
	for r.kills+r.links < want && r.misses < maxMisses && !t.Failed() {
		r.strike()
	}
	r.stop()
	s := r.provider.Stats()
	if s.Again+s.Unknown > 0 {
		t.Errorf("the provider saw %d tokens a second time, and %d that it never gave", s.Again, s.Unknown)
	}
	if r.kills+r.links < want {
		t.Errorf("%d kills were near a rotation, %d are wanted", r.kills+r.links, want)
	}
	if s.Logins != r.needed+1 {
		t.Errorf("%d logins, but login was needed %d times after the first", s.Logins, r.needed)
	}
	fmt.Printf("login | %d kills near a rotation (%d of the agent, %d of a connector), %d elsewhere | %d rotations | %d logins lost | %d tokens spent twice\n",
		r.kills+r.links, r.kills, r.links, r.early, s.Refreshes, r.needed, s.Again)
}

func newRotation(t *testing.T) *rotation {
	t.Helper()
	seed := numberFrom(t, "MOORING_SEED", int(time.Now().UnixNano()&0xffffff)+1)
	t.Logf("MOORING_SEED=%d", seed)
	runtime, err := os.MkdirTemp("", "mk") // short: a socket's path has 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(runtime) })
	r := &rotation{t: t, rng: rand.New(rand.NewPCG(uint64(seed), 0)), dir: t.TempDir(), runtime: runtime, provider: kepttest.New(tokenLife)}
	slow := rand.New(rand.NewPCG(uint64(seed), 1))
	r.trap.latency = func() time.Duration { return time.Duration(slow.Int64N(int64(8 * time.Millisecond))) }
	r.provider.Refreshing = r.trap.hear
	s := httptest.NewServer(r.provider)
	t.Cleanup(s.Close)
	bin := os.Getenv("MOORING_BIN")
	if bin == "" {
		bin = t.TempDir()
		if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", filepath.Join(bin, "mooring"), ".").CombinedOutput(); err != nil {
			t.Fatalf("building mooring: %v\n%s", err, out)
		}
	}
	if r.mooring, err = filepath.Abs(filepath.Join(bin, "mooring")); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(killConfig, consentConnector(t, bin), s.URL)
	if err := os.WriteFile(filepath.Join(r.dir, "config.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r.ask = &http.Client{Transport: &http.Transport{DialContext: r.dial, DisableKeepAlives: true}}
	return r
}

func numberFrom(t *testing.T, name string, otherwise int) int {
	t.Helper()
	v := os.Getenv(name)
	if v == "" {
		return otherwise
	}
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q: a number of at least 1 is expected", name, v)
	}
	return n
}

// dial reaches the agent, which hashes the folder of its data into the path.
func (r *rotation) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	name := filepath.Base(filepath.Dir(daemon.SocketPath(filepath.Join(r.dir, "data"))))
	return (&net.Dialer{}).DialContext(ctx, "unix", filepath.Join(r.runtime, "mooring", name, "api.sock"))
}

func (r *rotation) command(args ...string) *exec.Cmd {
	c := exec.Command(r.mooring, args...) // its end is the test's
	c.Dir = r.dir
	c.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+r.runtime, "TMPDIR="+r.runtime, "CLIENT_SECRET="+kepttest.ClientSecret, "MOORING_CONFIG=config.hcl")
	return c
}

// drive asks for checks without end, so that there is always a request that needs a token.
func (r *rotation) drive(ctx context.Context, n int, instance string) {
	for ctx.Err() == nil {
		began := time.Now()
		pause := 2 * time.Millisecond
		if r.check(ctx, instance) == "" {
			r.seen[n].Store(began.UnixNano())
		} else {
			pause = 20 * time.Millisecond
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// check gives why it failed.
func (r *rotation) check(ctx context.Context, instance string) string {
	ctx, cancel := context.WithTimeout(ctx, rotates)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://mooring/v1/check?instance="+instance, nil)
	if err != nil {
		return err.Error()
	}
	res, err := r.ask.Do(req)
	if err != nil {
		return err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err.Error()
	}
	var out []struct{ Error string }
	if err := json.Unmarshal(body, &out); err != nil || len(out) != 1 {
		return fmt.Sprintf("%s: %s", res.Status, body)
	}
	return out[0].Error
}

// lost asks the agent whether somebody has to log in; both instances must say the same.
func (r *rotation) lost() (needed, ok bool) {
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, "http://mooring/v1/status", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	res, err := r.ask.Do(req)
	if err != nil {
		return false, false
	}
	defer func() { _ = res.Body.Close() }()
	var s struct {
		Instances []struct{ Instance, State, Problem string }
	}
	if err := json.NewDecoder(res.Body).Decode(&s); err != nil || len(s.Instances) != 2 {
		return false, false
	}
	var states []string
	for _, i := range s.Instances {
		states = append(states, i.State)
		if i.State == "set_aside" {
			r.t.Fatalf("%s is set aside: %s", i.Instance, i.Problem)
		}
	}
	all := strings.Join(states, " ")
	return strings.Contains(all, "login_needed"), all == "login_needed login_needed" || !strings.Contains(all, "login_needed")
}

func (r *rotation) until(within time.Duration, what string, ok func() bool) {
	r.t.Helper()
	for end := time.Now().Add(within); !ok(); time.Sleep(pollEvery) {
		if time.Now().After(end) {
			log, _ := os.ReadFile(filepath.Join(r.dir, "agent.log"))
			r.t.Fatalf("%s: did not happen within %s; the end of the agent's log:\n%s", what, within, log[max(0, len(log)-3000):])
		}
	}
}

// works waits until both instances have been checked after now.
func (r *rotation) works() {
	r.t.Helper()
	now := time.Now().UnixNano()
	r.until(comesBack, "a check of both instances", func() bool { return r.seen[0].Load() > now && r.seen[1].Load() > now })
}

// onDisk gives the refresh token that stands in the file of an agent that is dead, or why there is none to spend.
func (r *rotation) onDisk() (value, why string) {
	r.t.Helper()
	data := filepath.Join(r.dir, "data")
	own, err := bolt.ReadAgent(data)
	if err != nil {
		r.t.Fatalf("the agent's file after a kill: %v", err)
	}
	defer func() { _ = own.Close() }()
	login := kept.New(own, kept.FileKey(filepath.Join(data, "seal.key"))).Login("consent/main", []string{"refresh_token"})
	values, err := login.Values(r.t.Context())
	if err != nil {
		return "", err.Error()
	}
	return values["refresh_token"], ""
}

func (r *rotation) start() {
	r.t.Helper()
	log, err := os.OpenFile(filepath.Join(r.dir, "agent.log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		r.t.Fatal(err)
	}
	c := r.command("run")
	c.Stdout, c.Stderr = log, log
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	ended := make(chan struct{})
	if err := c.Start(); err != nil {
		r.t.Fatal(err)
	}
	go func() {
		defer close(ended)
		_ = c.Wait()
		_ = log.Close()
	}()
	r.agent, r.ended, r.linkKills = c, ended, 0
	r.t.Cleanup(func() { _ = c.Process.Kill(); <-ended })
}
