package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/mooring-hq/mooring/agent/internal/daemon"
)

// The limits of the scripts.
const (
	stopTime  = 10 * time.Second // SIGTERM ends the agent within it
	patience  = 60 * time.Second // for a condition, on a machine that does much else
	pollEvery = 150 * time.Millisecond
)

// TestCommandLine runs the scripts of testdata/script with the built programs: those in MOORING_BIN as `make build` leaves
// them, else they are built for the test.
func TestCommandLine(t *testing.T) {
	if testing.Short() {
		t.Skip("builds and runs whole programs")
	}
	bin := programs(t)
	consenting := consentConnector(t, bin)
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireUniqueNames: true,
		UpdateScripts: os.Getenv("UPDATE") != "",
		Setup: func(e *testscript.Env) error {
			runtimeDir, err := os.MkdirTemp("", "mr")
			if err != nil {
				return err
			}
			e.Defer(func() { _ = os.RemoveAll(runtimeDir) })
			e.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
			e.Setenv("CONNECTORS", filepath.Join(bin, "connectors"))
			e.Setenv("KNOWN", strings.Join(providers(t, bin), ", "))
			e.Setenv("CONSENT", consenting)
			e.Setenv("XDG_RUNTIME_DIR", runtimeDir)
			e.Setenv("TZ", "UTC")
			e.Values["processes"] = map[string]*process{}
			e.Values["held"] = map[string]*os.File{}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"mooring": runMooring, "until": until, "acme": startAcme, "start": startProgram, "signal": sendSignal,
			"ends": ends, "pid": connectorPID, "deaf": listenDeaf, "hold": holdFile, "letgo": letGo, "expand": expandFile,
			"untilgrep": untilGrep, "same": same, "gone": gone, "provider": startProvider, "login": logIn, "paste": paste, "revoke": revoke,
			"tell": tellEvents, "whoami": loginName, "takeid": takeID,
		},
	})
}

// programs gives the folder of mooring, acme and connectors/, with their lock file.
func programs(t *testing.T) string {
	if dir := os.Getenv("MOORING_BIN"); dir != "" {
		return dir
	}
	dir := t.TempDir()
	connectors := filepath.Join(dir, "connectors")
	for _, p := range [][2]string{
		{filepath.Join(dir, "mooring"), "."},
		{filepath.Join(dir, "acme"), "../examples/acme"},
		{filepath.Join(connectors, "mooring-connector-github"), "../plugins/github"},
		{filepath.Join(connectors, "mooring-connector-box"), "../plugins/box"},
	} {
		out, err := exec.CommandContext(t.Context(), "go", "build", "-o", p[0], p[1]).CombinedOutput()
		if err != nil {
			t.Fatalf("building %s: %v\n%s", p[1], err, out)
		}
	}
	lock := exec.CommandContext(t.Context(), filepath.Join(dir, "mooring"), "connector", "lock", "--dir", connectors)
	if out, err := lock.CombinedOutput(); err != nil {
		t.Fatalf("locking the connectors: %v\n%s", err, out)
	}
	return dir
}

// providers are those that there are connectors for.
func providers(t *testing.T, bin string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(bin, "connectors", "mooring-connector-*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no connectors in %s: %v", bin, err)
	}
	for i, f := range files {
		files[i] = strings.TrimPrefix(filepath.Base(f), "mooring-connector-")
	}
	return files
}

// process is a program in the background.
type process struct {
	cmd    *exec.Cmd
	ended  chan struct{}
	output bytes.Buffer // read when it ended
}

func processes(ts *testscript.TestScript) map[string]*process {
	all, _ := ts.Value("processes").(map[string]*process)
	return all
}

func find(ts *testscript.TestScript, name string) *process {
	p := processes(ts)[name]
	if p == nil {
		ts.Fatalf("no process is named %s", name)
	}
	return p
}

// command is a program in the folder and the environment of the script.
func command(ts *testscript.TestScript, name string, args ...string) *exec.Cmd {
	path := filepath.Join(filepath.Dir(ts.Getenv("CONNECTORS")), name)
	if _, err := os.Stat(path); err != nil {
		path, err = exec.LookPath(name)
		ts.Check(err)
	}
	c := exec.Command(path, args...) // the script says which; its end kills it
	c.Dir = ts.MkAbs(".")
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "XDG_RUNTIME_DIR", "TZ", "CONNECTORS", "TOKEN", "MOORING_CONFIG", "CLIENT_SECRET", "SEAL_KEY"} {
		c.Env = append(c.Env, name+"="+ts.Getenv(name))
	}
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return c
}

// runMooring: mooring CODE ARG… runs the agent's program, which must end with that code.
func runMooring(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: mooring CODE ARG…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	c := command(ts, "mooring", args[1:]...)
	c.Stdout, c.Stderr = ts.Stdout(), ts.Stderr()
	err = c.Run()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		ts.Fatalf("mooring: %v", err)
	}
	if got := c.ProcessState.ExitCode(); got != want {
		ts.Fatalf("mooring %s ended with %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

// until: until PATTERN ARG… asks mooring again and again until what it prints fits.
func until(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: until PATTERN ARG…")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	var out []byte
	wait(ts, fmt.Sprintf("%q from mooring %s", args[0], strings.Join(args[1:], " ")), func() bool {
		out, _ = command(ts, "mooring", args[1:]...).CombinedOutput()
		return want.Match(out)
	})
	_, _ = ts.Stdout().Write(out)
}

// startProgram: start NAME PROGRAM ARG… runs it until the script ends. Its output goes to NAME.log.
func startProgram(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: start NAME PROGRAM ARG…")
	}
	log, err := os.Create(ts.MkAbs(args[0] + ".log"))
	ts.Check(err)
	p := &process{cmd: command(ts, args[1], args[2:]...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	run(ts, args[0], p, func() { _ = log.Close() })
}

func run(ts *testscript.TestScript, name string, p *process, after func()) {
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // Pdeathsig is that of the thread
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
		}
		after()
		close(p.ended)
	}()
	ts.Check(<-started)
	processes(ts)[name] = p
	ts.Defer(func() {
		_ = p.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-p.ended:
		case <-time.After(stopTime):
			_ = p.cmd.Process.Kill()
			<-p.ended
		}
	})
}

// startAcme: acme ARG… serves the simulated company; $ACME is its address, its credentials are in ./run.
func startAcme(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! acme")
	}
	out, in, err := os.Pipe()
	ts.Check(err)
	all := append([]string{"-listen", "127.0.0.1:0", "-latency", "0", "-change-every", "0", "-accounts", "60"}, args...)
	p := &process{cmd: command(ts, "acme", all...), ended: make(chan struct{})}
	p.cmd.Stdout, p.cmd.Stderr = in, &p.output
	run(ts, "acme", p, func() { _ = in.Close() })
	line, err := bufio.NewReader(out).ReadString('\n')
	ts.Check(err)
	ts.Setenv("ACME", strings.Fields(line)[1])
}

// sendSignal: signal NAME TERM|HUP|KILL
func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL}
	if neg || len(args) != 2 || signals[args[1]] == 0 {
		ts.Fatalf("usage: signal NAME TERM|HUP|KILL")
	}
	ts.Check(find(ts, args[0]).cmd.Process.Signal(signals[args[1]]))
}

// ends: ends NAME CODE waits at most as long as SIGTERM may take.
func ends(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: ends NAME CODE")
	}
	p := find(ts, args[0])
	select {
	case <-p.ended:
	case <-time.After(stopTime):
		ts.Fatalf("%s did not end within %s", args[0], stopTime)
	}
	if got := strconv.Itoa(p.cmd.ProcessState.ExitCode()); got != args[1] {
		ts.Fatalf("%s ended with %s, want %s", args[0], got, args[1])
	}
}

// connectorPID: pid VARIABLE INSTANCE sets a variable to the process id of an instance's connector.
func connectorPID(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: pid VARIABLE INSTANCE")
	}
	out, err := command(ts, "mooring", "status", "-o", "json").Output()
	ts.Check(err)
	m := regexp.MustCompile(`"instance":"` + regexp.QuoteMeta(args[1]) + `"[^{]*?"pid":(\d+)`).FindSubmatch(out)
	if m == nil {
		ts.Fatalf("instance %s has no process: %s", args[1], out)
	}
	ts.Setenv(args[0], string(m[1]))
}

// listenDeaf: deaf DATA_DIR puts a socket where the agent's would be, which hangs up on everybody.
func listenDeaf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: deaf DATA_DIR")
	}
	sum := filepath.Base(filepath.Dir(daemon.SocketPath(ts.MkAbs(args[0]))))
	dir := filepath.Join(ts.Getenv("XDG_RUNTIME_DIR"), "mooring", sum)
	ts.Check(os.MkdirAll(dir, 0o700))
	l, err := net.Listen("unix", filepath.Join(dir, "api.sock")) // closed at the end
	ts.Check(err)
	ts.Defer(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_ = c.Close()
		}
	}()
}

// holdFile: hold FILE locks a store as a command that reads it does, until letgo FILE.
func holdFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: hold FILE")
	}
	f, err := os.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(syscall.Flock(int(f.Fd()), syscall.LOCK_SH))
	held(ts)[args[0]] = f
	ts.Defer(func() { _ = f.Close() })
}

func letGo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 || held(ts)[args[0]] == nil {
		ts.Fatalf("usage: letgo FILE, after hold FILE")
	}
	ts.Check(held(ts)[args[0]].Close())
}

func held(ts *testscript.TestScript) map[string]*os.File {
	all, _ := ts.Value("held").(map[string]*os.File)
	return all
}

// expandFile: expand FILE… replaces $NAME in files by the script's variables.
func expandFile(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("unsupported: ! expand")
	}
	for _, name := range args {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o600))
	}
}

// untilGrep: untilgrep PATTERN FILE waits for a line.
func untilGrep(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: untilgrep PATTERN FILE")
	}
	want, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	wait(ts, args[0]+" in "+args[1], func() bool { return want.MatchString(ts.ReadFile(args[1])) })
}

func wait(ts *testscript.TestScript, what string, ok func() bool) {
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(pollEvery) {
		if time.Now().After(deadline) {
			ts.Fatalf("%s did not come within %s", what, patience)
		}
	}
}

// same: same A B compares two words.
func same(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || (args[0] == args[1]) == neg {
		ts.Fatalf("%q: want two that are the same: %t", args, !neg)
	}
}

// gone: gone PID waits until no such process is left.
func gone(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: gone PID")
	}
	pid, err := strconv.Atoi(args[0])
	ts.Check(err)
	wait(ts, "the end of process "+args[0], func() bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) })
}
