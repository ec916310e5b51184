package action

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/audit"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
	"github.com/mooring-hq/mooring/sdk"
)

// steps are the places on the way of an intent at which a process can end.
var steps = []string{"prepared", "audited", "started", "requested", "answered", "concluded", "outcome audited", "looked", "settled"}

// The environment of a child.
const (
	childDir  = "MOORING_ACTION_DIR"
	childURL  = "MOORING_ACTION_PROVIDER"
	childStep = "MOORING_ACTION_STEP" // at which it kills itself
)

// child is the process that is killed: an engine over the store of its folder, until nothing is open any more.
func child() bool {
	dir := os.Getenv(childDir)
	if dir == "" {
		return false
	}
	if err := runChild(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	return true
}

func runChild(dir string) error {
	s, err := bolt.Open(bolt.Options{Dir: dir})
	if err != nil {
		return err
	}
	log, err := audit.Open(audit.Options{Dir: filepath.Join(dir, "audit")})
	if err != nil {
		return err
	}
	die := func(step string) {
		if step == os.Getenv(childStep) {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	url := os.Getenv(childURL)
	e, err := New(Config{
		Instance: "x/one", Specs: specs(), Store: s, Audit: log, Reached: die, Retry: time.Millisecond, Stopped: func() string { return "" },
		Open: func(context.Context) (Actor, func(), error) { return actor{far{url, die}}, func() {}, nil },
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	for {
		wake := s.Committed()
		if done, err := settled(ctx, e); done || err != nil {
			die("settled")
			cancel()
			return <-ended
		}
		select {
		case <-wake:
		case err := <-ended:
			return err
		}
	}
}

// settled: nothing is open but what a person has to look at.
func settled(ctx context.Context, e *Engine) (bool, error) {
	open, err := e.Outstanding(ctx)
	for _, i := range open {
		if i.State.Open() && i.State != Stuck || i.Unaudited {
			return false, err
		}
	}
	return true, err
}

// far is the provider in the test's process.
type far struct {
	url string
	die func(string)
}

func (f far) ask(method string, o order) (string, bool) {
	b, _ := json.Marshal(o)
	req, err := http.NewRequestWithContext(context.Background(), method, f.url, bytes.NewReader(b))
	if err != nil {
		return "", false
	}
	req.GetBody = nil // so that nothing repeats it
	res, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return "", false
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	return string(text), err == nil
}

func (f far) do(o order) (string, bool) {
	verdict, answered := f.ask(http.MethodPost, o)
	f.die("requested")
	return verdict, answered
}

func (f far) read(target, action string) (n now) {
	text, _ := f.ask(http.MethodGet, order{Action: action, Target: target})
	_ = json.Unmarshal([]byte(text), &n)
	return n
}

// scene is a store with one intent, a provider, and processes that come and go.
type scene struct {
	t    *testing.T
	dir  string
	url  string
	p    *provider
	mode string
}

func newScene(t *testing.T, mode string, p *provider) *scene {
	t.Helper()
	server := p.serve()
	t.Cleanup(func() { server.Close(); p.working.Wait() })
	s := &scene{t: t, dir: t.TempDir(), url: server.URL, p: p, mode: mode}
	s.open(func(st *bolt.Store, e *Engine) {
		docs, err := e.Propose(Wish{Policy: "p", Action: mode, Target: target("a"), Because: "f"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := st.Commit(t.Context(), &store.Batch{At: time.Now(), Docs: docs}); err != nil {
			t.Fatal(err)
		}
	})
	return s
}

func (s *scene) open(do func(*bolt.Store, *Engine)) {
	s.t.Helper()
	st, err := bolt.Open(bolt.Options{Dir: s.dir})
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() {
		if err := st.Close(); err != nil {
			s.t.Error(err)
		}
	}()
	e, err := New(Config{Instance: "x/one", Specs: specs(), Store: st, Audit: &logbook{}})
	if err != nil {
		s.t.Fatal(err)
	}
	do(st, e)
}

// run is one process; killed says whether it ended by kill -9. after kills it from outside; 0: it does so itself, at a step.
func (s *scene) run(step string, after time.Duration) (killed bool) {
	s.t.Helper()
	c := exec.CommandContext(s.t.Context(), os.Args[0], "-test.run=^$")
	c.Env = append(os.Environ(), childDir+"="+s.dir, childURL+"="+s.url, childStep+"="+step)
	var text bytes.Buffer
	c.Stderr = &text
	if err := c.Start(); err != nil {
		s.t.Fatal(err)
	}
	if after > 0 {
		timer := time.AfterFunc(after, func() { _ = c.Process.Kill() })
		defer timer.Stop()
	}
	err := c.Wait()
	if status, ok := c.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return true
	}
	if err != nil {
		s.t.Fatalf("%v: %s", err, text.String())
	}
	return false
}

// judge looks at what all came to. sure: the provider got the request and could have answered.
func (s *scene) judge(what string) {
	s.t.Helper()
	s.p.working.Wait()
	var i *Intent
	s.open(func(_ *bolt.Store, e *Engine) {
		if err := Each(s.t.Context(), e.Store, func(one *Intent) bool { i = one; return true }); err != nil {
			s.t.Fatal(err)
		}
	})
	effects, calls := s.p.read("a", s.mode).Effects, s.p.calls
	switch {
	case i.State.Open() && i.State != Stuck:
		s.t.Errorf("%s: it is %s (%s)", what, i.State, i.Problem)
	case s.mode == sdk.Never && calls > 1:
		s.t.Errorf("%s: %d calls of an action that must not be repeated", what, calls)
	case s.mode == sdk.Never && i.State == Done && effects != 1:
		s.t.Errorf("%s: told as done, with %d effects", what, effects)
	case s.mode != sdk.Never && (effects != 1 || i.State != Done && i.State != Already):
		s.t.Errorf("%s: %s (%s) with %d effects in %d calls", what, i.State, i.Problem, effects, calls)
	}
	report, err := audit.Verify(filepath.Join(s.dir, "audit"))
	if err != nil {
		s.t.Errorf("%s: %v", what, err)
	}
	if int(report.Entries) < calls {
		s.t.Errorf("%s: %d calls, %d entries in the audit log", what, calls, report.Entries)
	}
}

// TestKilledAtEachStep: kill -9 at each step × the safety modes × what the provider does with the request: nothing is done
// twice, nothing is missing, and what nobody may repeat is called once at most.
func TestKilledAtEachStep(t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of processes: make test runs it")
	}
	var kills atomic.Int64
	t.Run("cells", func(t *testing.T) {
		for _, mode := range []string{sdk.Repeat, sdk.Key, sdk.Precondition, sdk.ReadsBack, sdk.Never} {
			for _, how := range []string{answers, loses, never, late} {
				t.Run(mode+" "+how, func(t *testing.T) {
					t.Parallel()
					for _, step := range steps {
						s := newScene(t, mode, newProvider(how))
						if s.run(step, 0) {
							kills.Add(1)
						} else if step != "looked" { // not every way has a look back
							t.Errorf("%s: nothing was killed", step)
						}
						s.run("", 0)
						s.judge("killed when " + step)
					}
				})
			}
		}
	})
	t.Logf("%d kills", kills.Load())
}

// TestKilledAnywhere: MOORING_KILLS random kills, with a provider that does anything.
func TestKilledAnywhere(t *testing.T) {
	kills, _ := strconv.Atoi(os.Getenv("MOORING_ACTION_KILLS"))
	if kills == 0 {
		kills = 10
	}
	if testing.Short() {
		t.Skip("many processes: make test runs it")
	}
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("MOORING_SEED"); text != "" {
		seed, _ = strconv.ParseUint(text, 10, 64)
	}
	rnd := rand.New(rand.NewPCG(seed, 1))
	modes := []string{sdk.Repeat, sdk.Key, sdk.Precondition, sdk.ReadsBack, sdk.Never}
	landed, intents := 0, 0
	for landed < kills {
		mode := modes[rnd.IntN(len(modes))]
		var script []string
		for range rnd.IntN(4) {
			script = append(script, []string{answers, loses, never, late}[rnd.IntN(4)])
		}
		s := newScene(t, mode, newProvider(script...))
		intents++
		what := fmt.Sprintf("MOORING_SEED=%d intent %d, %s, %s", seed, intents, mode, strings.Join(script, ", then "))
		for range 1 + rnd.IntN(3) {
			if s.run("", time.Duration(1+rnd.IntN(60))*time.Millisecond) {
				landed++
			}
		}
		s.run("", 0)
		s.judge(what)
	}
	t.Logf("MOORING_SEED=%d: %d kills of %d intents", seed, landed, intents)
}
