package crash

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

const (
	maxLinkKills = 2
	mayOutlive   = time.Second      // a connector, its agent
	noticed      = 10 * time.Second // until the agent says that its connector is gone
	mayEnd       = 15 * time.Second // the agent, after SIGTERM
	forever      = 24 * time.Hour
	pollEvery    = 10 * time.Millisecond // of what tells nobody when it changes
	askEvery     = 200 * time.Millisecond
	keptLog      = 4 << 10 // bytes of the end of the log
)

// connectorFailed is what the agent logs when a connector ends that was not told to.
const connectorFailed = "connector failed"

// agent is one process of `mooring run` or `mooring scan`.
type agent struct {
	cmd       *exec.Cmd
	log       *log
	exited    chan struct{}
	linkKills int
}

func (w *world) start(args ...string) *agent {
	w.t.Helper()
	a := &agent{cmd: w.command(args...), log: &log{}, exited: make(chan struct{})}
	a.cmd.Stderr = a.log
	if err := a.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	go func() {
		defer close(a.exited)
		_ = a.cmd.Wait() // what came of it is in ProcessState
	}()
	return a
}

type outcome int

const (
	timeIsUp outcome = iota
	endedItself
	isThrough
)

// wait returns when the agent has ended, through says so, or the time is up.
func (a *agent) wait(d time.Duration, through func() bool) outcome {
	timer, ask := time.NewTimer(d), time.NewTicker(askEvery)
	defer timer.Stop()
	defer ask.Stop()
	for {
		select {
		case <-a.exited:
			return endedItself
		case <-timer.C:
			return timeIsUp
		case <-ask.C:
			if through != nil && through() {
				return isThrough
			}
		}
	}
}

// kill ends the agent. landed: it had not ended by itself. survivors: a connector did not end with it.
func (a *agent) kill() (landed, survivors bool) {
	connectors := children(a.cmd.Process.Pid)
	_ = a.cmd.Process.Kill()
	<-a.exited
	status, ok := a.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() {
		return false, false
	}
	return true, !eventually(mayOutlive, func() bool { return !slices.ContainsFunc(connectors, alive) })
}

// killConnector says whether it hit one that was not about to end anyway: then the agent misses it.
func (a *agent) killConnector() bool {
	before := a.log.failures()
	hit := false
	for _, pid := range children(a.cmd.Process.Pid) {
		hit = syscall.Kill(pid, syscall.SIGKILL) == nil || hit
	}
	missed := func() bool { return a.log.failures() > before }
	return hit && eventually(noticed, func() bool {
		select {
		case <-a.exited:
			return true
		default:
			return missed()
		}
	}) && missed()
}

// ended judges an agent that ended by itself.
func (r *run) ended(a *agent) {
	r.t.Helper()
	if !a.cmd.ProcessState.Success() {
		r.violation("%s: %s: %s", strings.Join(a.cmd.Args[1:], " "), a.cmd.ProcessState, a.log.tail())
	}
}

// stop ends an agent as an operator would.
func (r *run) stop(a *agent) {
	r.t.Helper()
	_ = a.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-a.exited:
	case <-time.After(mayEnd):
		r.violation("the agent did not end within %s of SIGTERM", mayEnd)
		_, _ = a.kill()
		return
	}
	r.ended(a)
}

func eventually(within time.Duration, what func() bool) bool {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for end := time.Now().Add(within); !what(); <-tick.C {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

// children are the processes that any thread of a process started.
func children(pid int) []int {
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	var pids []int
	for _, f := range files {
		b, _ := os.ReadFile(f) // a thread may be gone
		for s := range strings.FieldsSeq(string(b)) {
			if n, err := strconv.Atoi(s); err == nil {
				pids = append(pids, n)
			}
		}
	}
	return pids
}

// alive: not gone, and no zombie that waits for its new parent.
func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := bytes.Cut(b, []byte(") "))
	return len(rest) > 0 && rest[0] != 'Z' && rest[0] != 'X'
}

// log keeps the end of what a process writes, and counts.
type log struct {
	mu     sync.Mutex
	all    []byte
	failed int
}

// Write is part of io.Writer. The agent writes a line at once.
func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed += bytes.Count(b, []byte(connectorFailed))
	l.all = append(l.all, b...)
	l.all = append(l.all[:0], l.all[max(0, len(l.all)-keptLog):]...)
	return len(b), nil
}

func (l *log) failures() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

func (l *log) tail() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.all)
}
