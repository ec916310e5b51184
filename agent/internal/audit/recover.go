package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"golang.org/x/mod/sumdb/tlog"
)

// recover finds the end of the log: a line without its end was never acknowledged and is cut off; hashes that a crash
// lost are made anew. What cannot come from a crash is an error.
func (l *Log) recover() error {
	info, err := l.entries.Stat()
	if err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	if l.bytes, err = lastLineEnd(l.entries, info.Size()); err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	if err := l.entries.Truncate(l.bytes); err != nil {
		return fmt.Errorf("audit log: %w", err)
	}
	hashed, err := l.hashed()
	if err != nil {
		return err
	}
	missing, first, err := l.unhashed(hashed)
	if err != nil {
		return err
	}
	if l.size = hashed; first != hashed {
		return fmt.Errorf("audit log: %d entries have hashes, but the entries end at %d: some were removed; `mooring audit verify` says which", hashed, first)
	}
	return l.hash(missing)
}

// lastLineEnd is the offset behind the last complete line.
func lastLineEnd(f io.ReaderAt, size int64) (int64, error) {
	buf := make([]byte, MaxEntryBytes)
	for end := size; end > 0; {
		n := min(int64(len(buf)), end)
		if _, err := f.ReadAt(buf[:n], end-n); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return end - n + int64(i) + 1, nil
		}
		end -= n
	}
	return 0, nil
}

// hashed is how many entries have all their hashes. The hashes of one that was cut short are ignored and written anew.
func (l *Log) hashed() (int64, error) {
	info, err := l.hashes.Stat()
	if err != nil {
		return 0, fmt.Errorf("audit log: %w", err)
	}
	return entriesOf(info.Size() / tlog.HashSize), nil
}

// entriesOf is the most entries whose hashes fit into a count of hashes.
func entriesOf(hashes int64) int64 {
	low, high := int64(0), hashes
	for low < high {
		if mid := (low + high + 1) / 2; tlog.StoredHashCount(mid) <= hashes {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return low
}

// unhashed reads, from the end, the entries from a sequence on. first is the sequence of the first of them, or the number
// of entries when there are fewer.
func (l *Log) unhashed(from int64) (lines [][]byte, first int64, err error) {
	for end := l.bytes; end > 0; {
		start, err := lastLineEnd(l.entries, end-1)
		if err != nil {
			return nil, 0, fmt.Errorf("audit log: %w", err)
		}
		line := make([]byte, end-1-start)
		if _, err := l.entries.ReadAt(line, start); err != nil {
			return nil, 0, fmt.Errorf("audit log: %w", err)
		}
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, 0, fmt.Errorf("audit log: the line at byte %d is no entry; `mooring audit verify` says more: %w", start, err)
		}
		if e.Sequence < from {
			return lines, e.Sequence + 1, nil
		}
		lines = append([][]byte{line}, lines...)
		end = start
	}
	return lines, 0, nil
}
