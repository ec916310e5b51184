package sink

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/mooring-hq/mooring/agent/internal/config"
)

const (
	// fileMode lets a log shipper of the same group read.
	fileMode = 0o640
	dirMode  = 0o750
	// tailBytes is how much of a file is read at its start for what was written and not yet counted as sent: one batch.
	tailBytes = 4 * maxBatchBytes
)

// file writes OCSF lines. What send has counted is on the disk; a line is whole or not there, also after a crash.
type file struct {
	atOnce
	c       *config.OCSFSink
	version string

	f    *os.File
	size int64
	// written are the events at the end of the file as it was found: the agent may have died before it counted them.
	written map[string]bool
}

func newFile(c *config.OCSFSink, version string) *file { return &file{c: c, version: version} }

func (t *file) close() {
	if t.f != nil {
		_ = t.f.Close() // what counts was synced
		t.f = nil
	}
}

func (t *file) send(ctx context.Context, batch []item) (int, error) {
	if err := t.open(); err != nil {
		return 0, err
	}
	done := 0
	for done < len(batch) && ctx.Err() == nil {
		lines, n, err := t.lines(batch[done:])
		if err != nil {
			return done, err
		}
		if err := t.write(lines); err != nil {
			return done, err
		}
		done += n
	}
	return done, ctx.Err()
}

// lines are as many events as fit into the file: at least one, into an empty one.
func (t *file) lines(batch []item) ([]byte, int, error) {
	var lines bytes.Buffer
	for n, i := range batch {
		if t.written[i.ID] {
			continue
		}
		line, err := json.Marshal(ocsf(i, t.version))
		if err != nil {
			if n > 0 {
				return lines.Bytes(), n, nil
			}
			return nil, 0, &failure{err: fmt.Errorf("event %s: %w", i.ID, err), refused: true}
		}
		if size := t.size + int64(lines.Len()); size > 0 && size+int64(len(line))+1 > t.c.MaxBytes {
			if lines.Len() > 0 {
				return lines.Bytes(), n, nil
			}
			if err := t.rotate(); err != nil {
				return nil, 0, err
			}
		}
		lines.Write(line)
		lines.WriteByte('\n')
	}
	return lines.Bytes(), len(batch), nil
}

// write puts whole lines on the disk, or takes back what it wrote of them.
func (t *file) write(lines []byte) error {
	if len(lines) == 0 {
		return nil
	}
	_, err := t.f.Write(lines)
	if err == nil {
		err = t.f.Sync()
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", t.c.Path, err), t.f.Truncate(t.size))
	}
	t.size += int64(len(lines))
	return nil
}

// open opens the file, anew when somebody has moved it away.
func (t *file) open() error {
	if t.f != nil {
		mine, err := t.f.Stat()
		if err != nil {
			return fmt.Errorf("%s: %w", t.c.Path, err)
		}
		if there, err := os.Stat(t.c.Path); err == nil && os.SameFile(mine, there) && there.Size() == t.size {
			return nil
		}
		t.close()
	}
	dir := filepath.Dir(t.c.Path)
	if err := os.MkdirAll(dir, dirMode); err != nil {
		return err
	}
	if info, err := os.Stat(t.c.Path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s is no regular file", t.c.Path)
	}
	f, err := os.OpenFile(t.c.Path, os.O_RDWR|os.O_CREATE|os.O_APPEND, fileMode)
	if err != nil {
		return err
	}
	if t.size, t.written, err = mend(f); err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		_ = f.Close()
		return fmt.Errorf("%s: %w", t.c.Path, err)
	}
	t.f = f
	return nil
}

// mend cuts a torn last line, whose event was not counted as sent, and reads which events stand at the end.
func mend(f *os.File) (int64, map[string]bool, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, nil, err
	}
	from := max(0, info.Size()-tailBytes)
	tail, err := io.ReadAll(io.NewSectionReader(f, from, info.Size()-from))
	if err != nil {
		return 0, nil, err
	}
	whole := bytes.LastIndexByte(tail, '\n') + 1
	if err := ours(f, tail[:whole], from); err != nil {
		return 0, nil, err
	}
	size := from + int64(whole)
	if whole < len(tail) {
		if err := f.Truncate(size); err != nil {
			return 0, nil, err
		}
	}
	written := map[string]bool{}
	for line := range bytes.SplitSeq(tail[:whole], []byte("\n")) {
		var event struct {
			Metadata struct {
				UID string `json:"uid"`
			} `json:"metadata"`
		}
		if json.Unmarshal(line, &event) == nil && event.Metadata.UID != "" { // the first may be half a line
			written[event.Metadata.UID] = true
		}
	}
	return size, written, nil
}

// ours refuses a file that is none of lines of JSON, before anything is cut: somebody named the wrong one.
func ours(f *os.File, lines []byte, from int64) error {
	var first [1]byte
	if _, err := f.ReadAt(first[:], 0); errors.Is(err, io.EOF) {
		return nil // it is empty
	} else if err != nil {
		return err
	}
	last := bytes.TrimSuffix(lines, []byte("\n"))
	last = last[bytes.LastIndexByte(last, '\n')+1:]
	if first[0] != '{' || len(lines) > 0 && !json.Valid(last) || len(lines) == 0 && from > 0 {
		return errors.New("it has something else in it than lines of JSON: name another file")
	}
	return nil
}

// rotate makes the file number 1, and each number one more; the last is deleted.
func (t *file) rotate() error {
	t.close()
	numbered := func(n int) string {
		if n == 0 {
			return t.c.Path
		}
		return t.c.Path + "." + strconv.Itoa(n)
	}
	if t.c.MaxFiles == 1 {
		if err := os.Remove(t.c.Path); err != nil {
			return err
		}
	}
	for n := t.c.MaxFiles - 2; n >= 0; n-- {
		if err := os.Rename(numbered(n), numbered(n+1)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	written := t.written // the file before is their end
	if err := t.open(); err != nil {
		return err
	}
	t.written = written
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir) //nolint:gosec // that of the file
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }() // only read
	return d.Sync()
}
