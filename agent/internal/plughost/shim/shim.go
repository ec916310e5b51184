// Package shim is the step between the agent and a connector: the agent's own binary, started again, gives up what the
// connector must not have, and then executes the connector's verified bytes.
//
// It promises that nothing of it is left in the connector but the descriptors 0 to 2 and KeysFD. It runs while the
// packages of the program are still being initialised: the ones it does without cost a launch 9 ms, more than all the
// rest of it. It therefore imports almost nothing, and must stay so.
package shim

import (
	"errors"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Arg is the first argument that makes the agent's binary the shim. After it come: Confine or Leave, Isolated or Shared,
// the connector's file name.
const (
	Arg      = "__shim"
	Confine  = "confine"
	Leave    = "leave"
	Isolated = "isolated"
	Shared   = "shared"
)

// The descriptors that the shim inherits.
const (
	ProgramFD = 3 // verified bytes
	KeysFD    = 4 // the pipe with the keys of this launch; the connector inherits it
)

const args = 5

// Limits of a connector's process.
const (
	MaxOpenFiles = 1024 // exported for the test that asks a connector
	maxFileBytes = 64 << 20
	maxCap       = 63 // the last bit of a capability set
)

// It runs the shim as soon as this package is initialised, which is before the big ones are.
var _ = runEarly()

func runEarly() bool {
	if len(os.Args) > 1 && os.Args[1] == Arg {
		Main()
	}
	return false
}

// Main turns this process into the connector it was started for. It never returns.
func Main() {
	runtime.LockOSThread() // what is given up here belongs to the thread that executes
	err := run()
	_, _ = os.Stderr.WriteString("shim: " + err.Error() + "\n")
	os.Exit(1)
}

func run() error {
	if len(os.Args) != args {
		return errors.New("only the agent starts it")
	}
	if os.Args[3] == Isolated {
		ownMounts()
	}
	if os.Args[2] != Leave {
		if err := giveUp(); err != nil {
			return err
		}
	}
	if err := unix.CloseRange(KeysFD+1, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return failed("closing descriptors", err)
	}
	return execute(os.Args[4])
}

func failed(what string, err error) error { return errors.New(what + ": " + err.Error()) }

// ownMounts hides the processes of the machine behind a /proc of the new pid namespace. Where that is not allowed, the
// old one stays: it is a hardening, not the wall.
func ownMounts() {
	if unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, "") == nil {
		_ = unix.Mount("proc", "/proc", "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
	}
}

// giveUp is what level basic means: no way to more rights, no core dump with secrets in it, bounded descriptors and files.
func giveUp() error {
	for _, l := range []struct {
		what int
		max  uint64
	}{{unix.RLIMIT_CORE, 0}, {unix.RLIMIT_NOFILE, MaxOpenFiles}, {unix.RLIMIT_FSIZE, maxFileBytes}} {
		var now unix.Rlimit
		if err := unix.Getrlimit(l.what, &now); err != nil {
			return failed("reading limit "+strconv.Itoa(l.what), err)
		}
		most := min(l.max, now.Max)
		if err := unix.Setrlimit(l.what, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return failed("setting limit "+strconv.Itoa(l.what), err)
		}
	}
	for c := range uintptr(maxCap) { // what is not in the bounding set cannot come back, for root either
		_ = unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
	}
	_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return failed("giving up new privileges", err)
	}
	return nil
}

// execute runs the verified bytes by descriptor, so that there is no path to swap. The descriptor closes in doing so,
// except for a script, whose interpreter has to open it.
func execute(name string) error {
	var magic [2]byte
	if _, err := unix.Pread(ProgramFD, magic[:], 0); err != nil {
		return failed("reading the connector", err)
	}
	keep := 0
	if string(magic[:]) != "#!" {
		keep = unix.FD_CLOEXEC
	}
	if _, err := unix.FcntlInt(ProgramFD, unix.F_SETFD, keep); err != nil {
		return failed("descriptor of the connector", err)
	}
	argv, err := syscall.SlicePtrFromStrings([]string{name})
	if err != nil {
		return failed("name of the connector", err)
	}
	env, err := syscall.SlicePtrFromStrings(os.Environ())
	if err != nil {
		return failed("environment of the connector", err)
	}
	empty, _ := syscall.BytePtrFromString("")
	_, _, errno := unix.RawSyscall6(unix.SYS_EXECVEAT, ProgramFD, uintptr(unsafe.Pointer(empty)), //nolint:gosec // as package syscall does it
		uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&env[0])), unix.AT_EMPTY_PATH, 0) //nolint:gosec // as above
	return failed("executing the connector", errno)
}
