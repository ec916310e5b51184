package plughost

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/mooring-hq/mooring/sdk"
)

const (
	maxImageBytes = 1 << 30
	copyBytes     = 256 << 10
)

// images keeps the verified bytes of connectors: each file is read once, while it is hashed, into memory that is then
// sealed. What runs is what was hashed, whatever happens to the file. All launches of one digest share it.
type images struct {
	dir     string // for copies, where memory cannot be executed
	noMemfd bool

	mu    sync.Mutex
	files map[fileID]string // digest by what the file looked like
	held  map[string]*os.File
}

// fileID changes whenever a file's content could have.
type fileID struct {
	path         string
	dev, ino     uint64
	size         int64
	mtime, ctime syscall.Timespec
}

func newImages(dir string) *images {
	return &images{dir: dir, files: map[fileID]string{}, held: map[string]*os.File{}}
}

// open gives the program at path, if its digest is the wanted one. The caller closes it.
func (m *images) open(path, want string) (*os.File, error) {
	want = strings.ToLower(want)
	if raw, err := hex.DecodeString(want); err != nil || len(raw) != sha256.Size {
		return nil, sdk.Errorf(sdk.ErrInvalid, "connector %s: a SHA-256 of 64 hex digits is expected; run \"mooring connector lock\"", path)
	}
	f, err := os.Open(path) //nolint:gosec // the catalog's path; what it holds is verified here
	if err != nil {
		return nil, fmt.Errorf("connector: %w", err)
	}
	defer func() { _ = f.Close() }()
	id, err := identify(path, f)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	digest, known := m.files[id]
	if !known || digest == want && m.held[digest] == nil {
		image, sum, err := m.read(f)
		if err != nil {
			return nil, fmt.Errorf("connector %s: %w", path, err)
		}
		digest = sum
		m.remember(id, digest, want, image)
	}
	if digest != want {
		return nil, sdk.Errorf(sdk.ErrInvalid, "connector %s has SHA-256 %s, but %s is locked; if the change is meant, run \"mooring connector lock\"", path, digest, want)
	}
	return duplicate(m.held[digest])
}

// remember holds an image that may run, and drops what the path held before and no other path holds.
func (m *images) remember(id fileID, digest, want string, image *os.File) {
	for old := range m.files {
		if old.path == id.path {
			delete(m.files, old)
		}
	}
	m.files[id] = digest
	if digest != want || m.held[digest] != nil {
		_ = image.Close()
	} else {
		m.held[digest] = image
	}
	used := map[string]bool{}
	for _, d := range m.files {
		used[d] = true
	}
	for d, f := range m.held {
		if !used[d] {
			_ = f.Close()
			delete(m.held, d)
		}
	}
}

func duplicate(f *os.File) (*os.File, error) {
	fd, err := unix.FcntlInt(f.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("connector: %w", err)
	}
	return os.NewFile(uintptr(fd), f.Name()), nil
}

func identify(path string, f *os.File) (fileID, error) {
	info, err := f.Stat()
	if err != nil {
		return fileID{}, fmt.Errorf("connector: %w", err)
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || !info.Mode().IsRegular() || info.Size() > maxImageBytes {
		return fileID{}, sdk.Errorf(sdk.ErrInvalid, "connector %s: a regular file of at most %d bytes is expected", path, maxImageBytes)
	}
	return fileID{path: path, dev: uint64(st.Dev), ino: st.Ino, size: st.Size, mtime: st.Mtim, ctime: st.Ctim}, nil //nolint:unconvert // differs by architecture
}

// read copies and hashes in one pass.
func (m *images) read(f *os.File) (*os.File, string, error) {
	image, finish, err := m.create(f.Name())
	if err != nil {
		return nil, "", err
	}
	h := sha256.New()
	n, err := io.CopyBuffer(io.MultiWriter(image, h), io.LimitReader(f, maxImageBytes+1), make([]byte, copyBytes))
	if err == nil && n > maxImageBytes {
		err = fmt.Errorf("more than %d bytes", maxImageBytes)
	}
	if err == nil {
		image, err = finish()
	}
	if err != nil {
		_ = image.Close()
		return nil, "", err
	}
	return image, hex.EncodeToString(h.Sum(nil)), nil
}

// create gives a file to fill, and what makes it unchangeable afterwards.
func (m *images) create(name string) (*os.File, func() (*os.File, error), error) {
	if m.noMemfd {
		return m.createCopy()
	}
	flags := unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate(filepath.Base(name), flags|unix.MFD_EXEC)
	if errors.Is(err, unix.EINVAL) { // before Linux 6.3
		fd, err = unix.MemfdCreate(filepath.Base(name), flags)
	}
	if err != nil { // vm.memfd_noexec
		return m.createCopy()
	}
	f := os.NewFile(uintptr(fd), "memfd")
	return f, func() (*os.File, error) {
		_, err := unix.FcntlInt(f.Fd(), unix.F_ADD_SEALS, unix.F_SEAL_WRITE|unix.F_SEAL_GROW|unix.F_SEAL_SHRINK|unix.F_SEAL_SEAL)
		if err != nil {
			return f, fmt.Errorf("sealing: %w", err)
		}
		return f, nil
	}, nil
}

// createCopy is for machines that forbid to execute memory: a private copy without a name, open for reading only. Unlike
// sealed memory it does not withstand other processes of the agent's own user.
func (m *images) createCopy() (*os.File, func() (*os.File, error), error) {
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return nil, nil, err
	}
	f, err := os.CreateTemp(m.dir, "connector")
	if err != nil {
		return nil, nil, err
	}
	return f, func() (*os.File, error) {
		defer func() { _ = os.Remove(f.Name()) }()
		if err := errors.Join(f.Chmod(0o500), f.Close()); err != nil {
			return f, err
		}
		return os.Open(f.Name())
	}, nil
}

func (m *images) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.held {
		_ = f.Close()
	}
	clear(m.held)
	clear(m.files)
}
