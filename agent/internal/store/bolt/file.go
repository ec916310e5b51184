package bolt

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

var (
	keyFormat = []byte("format")
	keyState  = []byte("state")
)

type fileOptions struct {
	readOnly bool
	mapBytes int
	grow     int // bytes by which the file grows; 0: bbolt's choice
	tables   []table
}

// file is one bbolt file: its tables, its totals, and what is done when it turns out to be damaged.
type file struct {
	path  string
	db    *bbolt.DB
	os    *os.File // bbolt's own, so that the lock can be let go of when bbolt cannot
	state atomic.Pointer[state]

	writing sync.Mutex // held by the transaction that writes

	mu     sync.Mutex // of the fields below
	broken error
}

// openFile opens a file, makes it when it is missing, and looks at all that must be whole before bbolt may walk it.
func openFile(path string, o fileOptions) (*file, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if o.readOnly {
			return nil, fmt.Errorf("open store: there is none yet at %s: %w", path, err)
		}
		if err := createFile(path, o.tables); err != nil {
			return nil, fmt.Errorf("create store %s: %w", path, err)
		}
	}
	f := &file{path: path}
	err := f.openDB(o)
	if err == nil {
		err = f.verifyStructure()
	}
	if err == nil {
		err = f.load(o.tables)
	}
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	return f, nil
}

// openDB opens the file with the largest map that the machine gives.
func (f *file) openDB(o fileOptions) error {
	var err error
	for _, size := range [...]int{o.mapBytes, min(o.mapBytes, smallMapBytes), 0} {
		err = guarded(f.path, func() (err error) {
			f.db, err = bbolt.Open(f.path, fileMode, &bbolt.Options{
				Timeout: lockWait, ReadOnly: o.readOnly, InitialMmapSize: size, NoStatistics: true,
				FreelistType: bbolt.FreelistMapType, PreLoadFreelist: !o.readOnly,
				OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
					file, err := os.OpenFile(name, flag&^os.O_CREATE, mode) //nolint:gosec // a path of ours
					f.os = file
					return file, err
				},
			})
			return err
		})
		if !errors.Is(err, syscall.ENOMEM) {
			break
		}
	}
	var system syscall.Errno
	var corrupt *CorruptError
	switch {
	case err == nil && o.grow > 0:
		f.db.AllocSize = o.grow
		return nil
	case err == nil:
		return nil
	case errors.Is(err, bolterrors.ErrTimeout):
		return &InUseError{f.path}
	case errors.As(err, &system), errors.As(err, &corrupt):
		return fmt.Errorf("open store file %s: %w", f.path, err)
	}
	return damaged(f.path, "it is no store: %v", err)
}

// InUseError says that another process has a file open: an agent, or a command that reads while no agent runs.
type InUseError struct{ Path string }

func (e *InUseError) Error() string {
	return "store file " + e.Path + " is in use by another mooring: stop it, or ask it through its socket"
}

// createFile makes a whole empty file beside and links it into place, so that a crash leaves either none or a whole one.
func createFile(path string, tables []table) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), unfinished)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }()
	if err := tmp.Close(); err != nil {
		return err
	}
	db, err := bbolt.Open(tmp.Name(), fileMode, &bbolt.Options{Timeout: lockWait})
	if err != nil {
		return err
	}
	w := writer{f: &file{path: path}, st: state{}, arena: &arena{}}
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, t := range tables {
			b, err := tx.CreateBucket([]byte(tableNames[t]))
			if err != nil {
				return err
			}
			w.buckets[t] = b
		}
		version := binary.BigEndian.AppendUint32(nil, format)
		if err := w.put(tMeta, keyFormat, version, nil); err != nil {
			return err
		}
		return w.saveState()
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // a path of ours
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// load checks the format and the tables, and reads the state.
func (f *file) load(tables []table) error {
	return f.view(func(tx *bbolt.Tx) error {
		meta := tx.Bucket([]byte(tableNames[tMeta]))
		if meta == nil {
			return damaged(f.path, "it has no table meta")
		}
		version, _, ok := unseal(tMeta, keyFormat, meta.Get(keyFormat))
		if !ok || len(version) != 4 {
			return damaged(f.path, "its format is not readable")
		}
		if v := binary.BigEndian.Uint32(version); v != format {
			return fmt.Errorf("store file %s has format %d, this mooring reads %d: run the newer mooring that wrote it, "+
				"or restore a backup made before the upgrade", f.path, v, format)
		}
		for _, t := range tables {
			if tx.Bucket([]byte(tableNames[t])) == nil {
				return damaged(f.path, "it has no table %s", tableNames[t])
			}
		}
		st, err := f.readState(meta.Get(keyState))
		if err != nil {
			return err
		}
		f.state.Store(st)
		return nil
	})
}

func (f *file) readState(stored []byte) (*state, error) {
	v, _, ok := unseal(tMeta, keyState, stored)
	if !ok {
		return nil, badRow(f.path, tMeta, keyState)
	}
	st, err := parseState(v)
	if err != nil {
		return nil, damaged(f.path, "its state: %v", err)
	}
	return st, nil
}

func (f *file) usable() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.broken
}

func (f *file) breakWith(err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken == nil {
		f.broken = err
	}
	return err
}

// view runs fn in a read transaction. What fn reads must be copied before it returns.
func (f *file) view(fn func(tx *bbolt.Tx) error) error {
	if err := f.usable(); err != nil {
		return err
	}
	tx, err := f.db.Begin(false)
	if err != nil {
		return fmt.Errorf("read store file %s: %w", f.path, err)
	}
	err = guarded(f.path, func() error { return fn(tx) })
	if e := guarded(f.path, tx.Rollback); e != nil && err == nil {
		err = e
	}
	return err
}

// close lets go of the file, by force when bbolt cannot end in order any more.
func (f *file) close() error {
	broken := f.usable()
	_ = f.breakWith(fmt.Errorf("store file %s is closed: %w", f.path, fs.ErrClosed))
	var err error
	switch {
	case f.db != nil && broken == nil:
		err = guarded(f.path, f.db.Close)
	case f.os != nil:
		// The map stays, and a file that is mapped keeps its lock until somebody says otherwise.
		err = errors.Join(syscall.Flock(int(f.os.Fd()), syscall.LOCK_UN), f.os.Close())
	}
	if errors.Is(err, fs.ErrClosed) || errors.Is(err, syscall.EBADF) {
		return nil // bbolt was quicker
	}
	return err
}
