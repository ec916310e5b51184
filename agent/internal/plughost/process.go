package plughost

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/mooring-hq/mooring/agent/internal/plughost/shim"
	"github.com/mooring-hq/mooring/sdk/serve/link"
)

// drain is how long output that is left in the pipes is read after the process is gone: with the process its namespace
// is gone, but where there is none, a grandchild may hold the pipes.
const drain = 500 * time.Millisecond

// passedOn are the variables of the agent that a connector gets beside go-plugin's and link.EnvTLS.
var passedOn = [...]string{"SSL_CERT_FILE", "SSL_CERT_DIR", "TZ"} //nolint:gochecknoglobals // a table that never changes

// process is one launch: the go-plugin Runner that starts the shim.
type process struct {
	self, level, name string
	program           *os.File
	keys              []byte
	env               []string
	dir               string // the only place for its socket

	stdout, stderr *os.File // what the connector writes
	exited         chan struct{}
	reaped         chan struct{} // go-plugin has read its output to the end
	exitErr        error         // after exited

	mu       sync.Mutex
	cmd      *exec.Cmd
	socket   int // what was checked is what is dialled
	killed   bool
	isolated bool
}

func newProcess(self, level, name string, program *os.File, keys []byte) *process {
	return &process{
		self: self, level: level, name: name, program: program, keys: keys,
		exited: make(chan struct{}), reaped: make(chan struct{}), socket: -1,
	}
}

// Start runs the shim and returns when it has executed.
func (p *process) Start(context.Context) error {
	var files []*os.File // the child's ends
	defer func() {
		for _, f := range files {
			_ = f.Close()
		}
	}()
	pipe := func() (*os.File, error) {
		r, w, err := os.Pipe()
		if err == nil {
			files = append(files, w)
		}
		return r, err
	}
	var err error
	if p.stdout, err = pipe(); err != nil {
		return fmt.Errorf("pipe: %w", err)
	}
	if p.stderr, err = pipe(); err != nil {
		return errors.Join(fmt.Errorf("pipe: %w", err), p.stdout.Close())
	}
	keys, w, err := os.Pipe()
	if err != nil {
		return errors.Join(fmt.Errorf("pipe: %w", err), p.stdout.Close(), p.stderr.Close())
	}
	files = append(files, keys)
	_, err = w.Write(p.keys) // far less than a pipe holds
	clear(p.keys)
	err = errors.Join(err, w.Close())
	started := make(chan error, 1)
	if err == nil {
		go p.hold(started, files[0], files[1], keys)
		err = <-started
	}
	if err != nil {
		err = errors.Join(err, p.stdout.Close(), p.stderr.Close())
	}
	return err
}

// hold starts the child and lives as long as it does, on a thread of its own: the child is told to die with the thread
// that made it (golang/go#27505), so the thread must outlive it. The thread ends with the goroutine.
func (p *process) hold(started chan<- error, stdout, stderr, keys *os.File) {
	runtime.LockOSThread()
	err := p.exec(stdout, stderr, keys, p.level != LevelOff)
	if err != nil && p.level != LevelOff && refused(err) {
		err = p.exec(stdout, stderr, keys, false)
	}
	started <- err
	if err != nil {
		return
	}
	p.exitErr = p.cmd.Wait()
	at := time.Now().Add(drain)
	_ = p.stdout.SetReadDeadline(at)
	_ = p.stderr.SetReadDeadline(at)
	close(p.exited)
}

// refused: this machine does not let us have namespaces.
func refused(err error) bool {
	for _, e := range []error{unix.EPERM, unix.EACCES, unix.EINVAL, unix.ENOSPC, unix.ENOSYS, unix.EUSERS} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

func (p *process) exec(stdout, stderr, keys *os.File, own bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.killed {
		return context.Canceled
	}
	confine, isolation := shim.Confine, shim.Shared
	if p.level == LevelOff {
		confine = shim.Leave
	}
	if own {
		isolation = shim.Isolated
	}
	cmd := exec.Command(p.self, shim.Arg, confine, isolation, p.name) //nolint:gosec,noctx // our own binary; Kill ends it
	cmd.Env = append([]string{link.EnvTLS + "=" + strconv.Itoa(shim.KeysFD)}, p.env...)
	for _, name := range passedOn {
		if v, ok := os.LookupEnv(name); ok {
			cmd.Env = append(cmd.Env, name+"="+v)
		}
	}
	cmd.Stdout, cmd.Stderr = stdout, stderr // and no standard input
	cmd.ExtraFiles = []*os.File{p.program, keys}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGKILL}
	if own {
		namespaces(cmd.SysProcAttr)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the shim: %w", err)
	}
	p.cmd, p.isolated = cmd, own
	return nil
}

// namespaces gives the child its own view of processes, mounts and shared memory. Its death takes all its children along.
func namespaces(a *syscall.SysProcAttr) {
	a.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWIPC | syscall.CLONE_NEWNS
	if uid, gid := os.Getuid(), os.Getgid(); uid != 0 {
		a.Cloneflags |= syscall.CLONE_NEWUSER
		a.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
		a.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	}
}

// reap waits until the process is gone and its output was read.
func (p *process) reap() {
	if p.pid() != 0 {
		<-p.reaped
	}
}

// Wait returns when the process is gone. go-plugin calls it once, after it has read the pipes to their end.
func (p *process) Wait(context.Context) error {
	defer close(p.reaped)
	<-p.exited
	_ = p.stdout.Close()
	_ = p.stderr.Close()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.socket >= 0 {
		_ = unix.Close(p.socket)
		p.socket = -1
	}
	return p.exitErr
}

// Kill ends the process and all it started.
func (p *process) Kill(context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.killed = true
	if p.cmd == nil {
		return nil
	}
	select {
	case <-p.exited:
		return nil
	default:
	}
	_ = unix.Kill(-p.cmd.Process.Pid, unix.SIGKILL) // its session; not reaped yet, so the number is still its own
	if err := p.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("killing the connector: %w", err)
	}
	return nil
}

// Stdout is where go-plugin reads the handshake.
func (p *process) Stdout() io.ReadCloser { return p.stdout }

// Stderr is read for the log.
func (p *process) Stderr() io.ReadCloser { return p.stderr }

// Name is the connector's file name.
func (p *process) Name() string { return p.name }

// ID is the process id, "" before there is one.
func (p *process) ID() string {
	if n := p.pid(); n != 0 {
		return strconv.Itoa(n)
	}
	return ""
}

func (p *process) pid() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cmd == nil {
		return 0
	}
	return p.cmd.Process.Pid
}

// Diagnose adds nothing: what the process wrote is in the log.
func (p *process) Diagnose(context.Context) string { return "" }

// PluginToHost accepts the address that a connector asks us to connect to: a socket directly inside the folder of this
// launch, and nothing else. The socket is pinned, so that it cannot be exchanged between check and connection.
func (p *process) PluginToHost(network, address string) (string, string, error) {
	if network != "unix" || filepath.Dir(address) != p.dir || filepath.Clean(address) != address {
		return "", "", fmt.Errorf("the connector asks us to connect to %.40q %.200q: only a unix socket directly inside %s is allowed", network, address, p.dir)
	}
	fd, err := unix.Open(address, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	if err != nil {
		return "", "", fmt.Errorf("the connector's socket: %w", err)
	}
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil || st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		_ = unix.Close(fd)
		return "", "", fmt.Errorf("the connector asks us to connect to %.200q, which is not a socket", address)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.socket >= 0 {
		_ = unix.Close(p.socket)
	}
	p.socket = fd
	return "unix", "/proc/self/fd/" + strconv.Itoa(fd), nil
}

// HostToPlugin is for go-plugin's broker, which is not used.
func (p *process) HostToPlugin(string, string) (string, string, error) {
	return "", "", errors.New("the host serves nothing")
}
