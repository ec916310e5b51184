package bolt

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"runtime/debug"
)

// CorruptError says that a file is not what was written. The instance is set aside; its other files are whole.
type CorruptError struct {
	File   string
	Detail string
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("store file %s is damaged (%s): keep a copy of it, then bring the instance back with `mooring restore`",
		e.File, e.Detail)
}

func damaged(path, format string, args ...any) *CorruptError {
	return &CorruptError{File: filepath.Join(filepath.Base(filepath.Dir(path)), filepath.Base(path)), Detail: fmt.Sprintf(format, args...)}
}

// badRow names a row; the key is cut so that an error stays readable.
func badRow(path string, t table, key []byte) *CorruptError {
	const shown = 64
	return damaged(path, "%s row %s does not match its checksum", tableNames[t], hex.EncodeToString(key[:min(len(key), shown)]))
}

// guarded runs what walks mapped pages. bbolt panics at pages that make no sense, and the kernel sends a fault for those
// behind the end of the file; both become an error.
func guarded(path string, fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = damaged(path, "walking it ended with: %v", r)
		}
	}()
	return fn()
}
