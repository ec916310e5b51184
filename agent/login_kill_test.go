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
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
)

const (
	nearRotation = 60 * time.Millisecond // a kill further away from a refresh does not count
	maxLinkKills = 2                     // of connectors, in one life of the agent: more would count as a broken connector
	comesBack    = 20 * time.Second      // the agent, after a kill
	rotates      = 10 * time.Second
	retryPause   = 20 * time.Millisecond
	maxLatency   = 8 * time.Millisecond // of the provider, at each of two moments
	maxMisses    = 50                   // kills in a row that were not near a rotation
	stopsIn      = 8                    // strikes there is one stop as it should be, and one answer that is cut off
)

const killConfig = `
agent {
  data_dir       = "./data"
  connector_dirs = [%[1]q]
}
network {
  private = ["127.0.0.1"]
}
instance %[2]q "main" {
  %[3]s
  credentials {
    client_id     = %[4]q
    client_secret = secret("env:CLIENT_SECRET")
  }
  realtime = "off"
}
instance %[2]q "audit" {
  %[3]s
  credentials {
    client_id     = %[4]q
    client_secret = secret("env:CLIENT_SECRET")
    login         = "%[2]s/main"
  }
  realtime = "off"
}
`

// app is a provider with one-use refresh tokens, and its connector.
type app struct {
	name       string
	handler    http.Handler
	connectors string                  // folder
	instance   func(url string) string // in the configuration
	id, secret string                  // of the client
	pause      time.Duration           // between checks
	small      int                     // kills when nobody says how many
	life       time.Duration           // of an access token
}

// rotation is one run of the test: an app, two instances on one login, and an agent that is killed while they renew it.
type rotation struct {
	t            *testing.T
	app          *app
	rng          *rand.Rand
	dir, runtime string
	mooring      string
	gate         *gate
	ask          *http.Client
	seen         [2]atomic.Int64 // when a check of main, of audit last succeeded

	agent     *exec.Cmd
	ended     chan struct{}
	linkKills int

	kills, links, elsewhere int // near a rotation: of the agent, of connectors; and the others
	misses                  int // in a row
	needed                  int // logins that were lost
	stops, cuts             int // in the middle of rotations: stops, which lose nothing, and answers that never came
}

// TestKilledWhileALoginIsRenewed kills the agent and its connectors around rotations of refresh tokens that work once: of a
// small provider of our own, and of Box's fake.
func TestKilledWhileALoginIsRenewed(t *testing.T) {
	if testing.Short() {
		t.Skip("starts whole programs again and again")
	}
	bin := programs(t)
	for name, build := range map[string]func(*testing.T, string) *app{"consent": consentApp, "box": boxApp} {
		t.Run(name, func(t *testing.T) { killed(t, bin, build(t, bin)) })
	}
}

func killed(t *testing.T, bin string, a *app) {
	r := newRotation(t, bin, a)
	want := numberFrom(t, "MOORING_KILLS", a.small)
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
	c := r.gate.count()
	if c.again+c.unknown > 0 {
		t.Errorf("the provider saw %d tokens a second time, and %d that it never gave", c.again, c.unknown)
	}
	if r.kills+r.links < want {
		t.Errorf("%d kills were near a rotation, %d are wanted", r.kills+r.links, want)
	}
	if c.logins != r.needed+1 {
		t.Errorf("%d logins, but login was needed %d times after the first", c.logins, r.needed)
	}
	fmt.Printf("login %s | %d kills near a rotation (%d of the agent, %d of connectors), %d elsewhere | %d stops, %d answers cut off | %d rotations | %d logins lost | %d tokens spent twice\n",
		a.name, r.kills+r.links, r.kills, r.links, r.elsewhere, r.stops, r.cuts, c.first, r.needed, c.again)
}

func newRotation(t *testing.T, bin string, a *app) *rotation {
	t.Helper()
	seed := numberFrom(t, "MOORING_SEED", int(time.Now().UnixNano()&0xffffff)+1)
	t.Logf("MOORING_SEED=%d", seed)
	runtime, err := os.MkdirTemp("", "mk") // short: a socket's path has 108 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(runtime) })
	random := func(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(uint64(seed), stream)) }
	r := &rotation{
		t: t, app: a, rng: random(0), dir: t.TempDir(), runtime: runtime,
		gate: &gate{provider: a.handler, life: a.life, rng: random(1), tokens: map[string]bool{}},
	}
	s := httptest.NewServer(r.gate)
	t.Cleanup(s.Close)
	if r.mooring, err = filepath.Abs(filepath.Join(bin, "mooring")); err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(killConfig, a.connectors, a.name, a.instance(s.URL), a.id)
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
	c.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+r.runtime, "TMPDIR="+r.runtime, "CLIENT_SECRET="+r.app.secret, "MOORING_CONFIG=config.hcl")
	return c
}

// drive asks for checks without end, so that there is always a request that needs a token.
func (r *rotation) drive(ctx context.Context, n int, instance string) {
	for ctx.Err() == nil {
		began := time.Now()
		pause := r.app.pause
		if r.check(ctx, instance) == "" {
			r.seen[n].Store(began.UnixNano())
		} else {
			pause = retryPause
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
	login := kept.New(own, kept.FileKey(filepath.Join(data, "seal.key"))).Login(r.app.name+"/main", []string{"refresh_token"})
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
