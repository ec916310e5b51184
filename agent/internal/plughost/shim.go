package plughost

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ShimArg is the first argument that makes the agent's binary the shim.
const ShimArg = "__shim"

// The descriptors that the shim inherits.
const (
	programFD = 3 // verified bytes
	keysFD    = 4 // the pipe with the keys of this launch; the connector inherits it
)

// The words that say what the shim is to do, after ShimArg: level, isolation, the connector's file name.
const (
	shimArgs = 5
	isolated = "isolated"
	shared   = "shared"
)

// Limits of a connector's process.
const (
	maxOpenFiles = 1024
	maxFileBytes = 64 << 20
	maxCap       = 63 // the last bit of a capability set
)

// ShimMain turns this process into the connector it was started for: it gives up what it does not need, then executes
// the verified bytes. The agent's main calls it when os.Args[1] is ShimArg. It never returns.
func ShimMain() {
	runtime.LockOSThread() // what is given up here belongs to the thread that executes
	err := shim()
	fmt.Fprintln(os.Stderr, "shim:", err)
	os.Exit(1)
}

func shim() error {
	if len(os.Args) != shimArgs {
		return fmt.Errorf("started with %d arguments: only the agent starts it", len(os.Args)-1)
	}
	level, isolation, name := os.Args[2], os.Args[3], os.Args[4]
	if isolation == isolated {
		ownMounts()
	}
	if level != LevelOff {
		if err := giveUp(); err != nil {
			return err
		}
	}
	if err := unix.CloseRange(keysFD+1, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return fmt.Errorf("closing descriptors: %w", err)
	}
	return execute(name)
}

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
	}{{unix.RLIMIT_CORE, 0}, {unix.RLIMIT_NOFILE, maxOpenFiles}, {unix.RLIMIT_FSIZE, maxFileBytes}} {
		var now unix.Rlimit
		if err := unix.Getrlimit(l.what, &now); err != nil {
			return fmt.Errorf("reading limit %d: %w", l.what, err)
		}
		most := min(l.max, now.Max)
		if err := unix.Setrlimit(l.what, &unix.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("setting limit %d: %w", l.what, err)
		}
	}
	for c := range uintptr(maxCap) { // what is not in the bounding set cannot come back, for root either
		_ = unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0)
	}
	_ = unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0)
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("giving up new privileges: %w", err)
	}
	return nil
}

// execute runs the verified bytes by descriptor, so that there is no path to swap. The descriptor closes in doing so,
// except for a script, whose interpreter has to open it.
func execute(name string) error {
	var magic [2]byte
	if _, err := unix.Pread(programFD, magic[:], 0); err != nil {
		return fmt.Errorf("reading the connector: %w", err)
	}
	keep := 0
	if string(magic[:]) != "#!" {
		keep = unix.FD_CLOEXEC
	}
	if _, err := unix.FcntlInt(programFD, unix.F_SETFD, keep); err != nil {
		return fmt.Errorf("descriptor of the connector: %w", err)
	}
	argv, err := syscall.SlicePtrFromStrings([]string{name})
	if err != nil {
		return fmt.Errorf("name of the connector: %w", err)
	}
	env, err := syscall.SlicePtrFromStrings(os.Environ())
	if err != nil {
		return fmt.Errorf("environment of the connector: %w", err)
	}
	empty, _ := syscall.BytePtrFromString("")
	_, _, errno := unix.RawSyscall6(unix.SYS_EXECVEAT, programFD, uintptr(unsafe.Pointer(empty)), //nolint:gosec // as package syscall does it
		uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&env[0])), unix.AT_EMPTY_PATH, 0) //nolint:gosec // as above
	return fmt.Errorf("executing the connector: %w", errno)
}
