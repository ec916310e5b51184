package secret

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

// systemdDirectory is where systemd keeps the credentials of its units.
const systemdDirectory = "/run/credentials"

func readEnv(name string) (string, error) {
	s, ok := os.LookupEnv(name)
	switch {
	case !ok:
		return "", errors.New("the variable is not set in the agent's environment")
	case len(s) > MaxBytes:
		return "", tooLarge()
	}
	return s, nil
}

func readCredential(name string) (string, error) {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	if dir == "" {
		return "", fmt.Errorf("the agent was not started by systemd with credentials: add LoadCredential=%s:/path to its unit", name)
	}
	s, err := readFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the unit has no such credential: add LoadCredential=%s:/path to it", name)
	}
	return s, err
}

// readFile reads a regular file that nobody else can read. What is checked is the open file, not its name.
func readFile(path string) (string, error) {
	// O_NONBLOCK: a pipe must not hold us.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // the operator names the path
	if err != nil {
		return "", plain(err)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return "", plain(err)
	}
	if err := private(path, info); err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.LimitReader(f, MaxBytes+1))
	switch {
	case err != nil:
		return "", plain(err)
	case len(b) > MaxBytes:
		return "", tooLarge()
	}
	return string(b), nil
}

func private(path string, info fs.FileInfo) error {
	if !info.Mode().IsRegular() {
		return errors.New("it is not a regular file")
	}
	owner := ownerOf(info)
	if owner != 0 && owner != os.Geteuid() {
		return fmt.Errorf("it belongs to user %d, who can change it: chown it to the agent's user or to root", owner)
	}
	open := info.Mode().Perm() & 0o077
	if open == 0 || (open == 0o040 && owner == 0 && managed(path)) {
		return nil
	}
	return fmt.Errorf("others can read it (mode %04o): chmod 600 %s", info.Mode().Perm(), path)
}

// managed: systemd hands credentials out as root's, with an access list for the unit's user that shows as a group's right.
func managed(path string) bool {
	if strings.HasPrefix(path, systemdDirectory+"/") {
		return true
	}
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	return dir != "" && filepath.Dir(path) == filepath.Clean(dir)
}

func ownerOf(info fs.FileInfo) int {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(s.Uid)
	}
	return -1
}

// readProgram runs a program without a shell and takes what it prints. Its error output is dropped: it may hold the
// secret.
func readProgram(ctx context.Context, words []string) (string, error) {
	if err := trusted(words[0]); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, execTimeout, fmt.Errorf("it did not end within %v", execTimeout))
	defer cancel()
	out := &limited{cancel: cancel}
	c := exec.CommandContext(ctx, words[0], words[1:]...) //nolint:gosec // the operator names the program
	c.Stdout = out
	// A group of its own, so that the end also reaches what the program started.
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = execKillTimeout
	err := c.Run()
	exit := (*exec.ExitError)(nil)
	switch {
	case out.full:
		return "", tooLarge()
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case errors.As(err, &exit):
		return "", fmt.Errorf("the program failed (%s): run it by hand to see why", exit.ProcessState)
	case err != nil:
		return "", plain(err)
	}
	return out.buf.String(), nil
}

// trusted refuses a program that somebody else could have put there.
func trusted(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return plain(err)
	case !info.Mode().IsRegular() || info.Mode().Perm()&0o111 == 0:
		return fmt.Errorf("it is not an executable file: chmod 755 %s", path)
	case info.Mode().Perm()&0o022 != 0:
		return fmt.Errorf("others can change it (mode %04o): chmod go-w %s", info.Mode().Perm(), path)
	}
	return nil
}

// limited keeps the beginning of what a program prints and ends it when that is too much.
type limited struct {
	buf    bytes.Buffer // not embedded: its ReadFrom would go past Write
	full   bool
	cancel context.CancelFunc
}

func (l *limited) Write(p []byte) (int, error) {
	if l.buf.Len()+len(p) > MaxBytes {
		l.full = true
		l.cancel()
		return 0, io.ErrShortWrite
	}
	return l.buf.Write(p)
}

func tooLarge() error { return fmt.Errorf("it is larger than %d KiB", MaxBytes>>10) }

// plain drops the operation and the path of an error; the reference already names it.
func plain(err error) error {
	if p := (*fs.PathError)(nil); errors.As(err, &p) {
		return p.Err
	}
	return err
}
