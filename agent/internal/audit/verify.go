package audit

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/mod/sumdb/tlog"
)

// TamperedError says where a log is not what it was.
type TamperedError struct {
	// Sequence of the first entry that is known to be wrong, missing or too much.
	Sequence int64
	What     string
}

func (e *TamperedError) Error() string {
	return fmt.Sprintf("audit log: entry %d: %s", e.Sequence, e.What)
}

// Report is what Verify looked at.
type Report struct {
	Entries     int64
	Checkpoints int   // that the log was held against
	Proven      int64 // entries below the newest of them: what comes after it only the log itself vouches for
}

// Verify reads a whole log and holds it against its own hashes and checkpoints, and against those in other places. A log
// that is not what it was gives a *TamperedError.
func Verify(dir string, elsewhere ...string) (Report, error) {
	v := verifier{}
	for _, path := range append([]string{filepath.Join(dir, checkpointsFile)}, elsewhere...) {
		if err := v.readCheckpoints(path); err != nil && (!errors.Is(err, os.ErrNotExist) || slices.Contains(elsewhere, path)) {
			return Report{}, err
		}
	}
	slices.SortStableFunc(v.checkpoints, func(a, b Checkpoint) int { return int(a.Size - b.Size) })
	entries, err := os.Open(filepath.Join(dir, entriesFile)) //nolint:gosec // named by the operator
	if err != nil {
		return Report{}, fmt.Errorf("audit log: %w", err)
	}
	defer func() { _ = entries.Close() }()
	hashes, err := os.Open(filepath.Join(dir, hashesFile)) //nolint:gosec // as above
	if err != nil {
		return Report{}, fmt.Errorf("audit log: %w", err)
	}
	defer func() { _ = hashes.Close() }()
	return v.run(entries, hashes)
}

type verifier struct {
	checkpoints []Checkpoint // ascending
	tree        []subtree    // the perfect trees that the entries so far make up
	report      Report
}

// subtree is the hash of 2^level entries.
type subtree struct {
	level int
	hash  tlog.Hash
}

func (v *verifier) readCheckpoints(path string) error {
	f, err := os.Open(path) //nolint:gosec // named by the operator
	if err != nil {
		return fmt.Errorf("audit log: checkpoints: %w", err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		var c Checkpoint
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil || c.Size < 1 {
			return fmt.Errorf("audit log: %s line %d is no checkpoint: %w", path, n, err)
		}
		v.checkpoints = append(v.checkpoints, c)
	}
	return lines.Err()
}

func (v *verifier) run(entries io.Reader, hashes io.ReaderAt) (Report, error) {
	r := bufio.NewReaderSize(entries, MaxEntryBytes+1)
	for {
		line, err := r.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			break
		}
		if err != nil {
			return v.report, v.wrong("the line has no end")
		}
		if err := v.entry(line[:len(line)-1], hashes); err != nil {
			return v.report, err
		}
	}
	if len(v.checkpoints) > 0 {
		return v.report, v.wrong("it is missing: a checkpoint of %s counts %d entries", v.checkpoints[0].Time.Format("2006-01-02 15:04:05"), v.checkpoints[0].Size)
	}
	end := make([]byte, 1)
	if _, err := hashes.ReadAt(end, tlog.StoredHashCount(v.report.Entries)*tlog.HashSize); err == nil {
		return v.report, v.wrong("it is missing: its hash is there")
	}
	return v.report, nil
}

// entry takes the next line.
func (v *verifier) entry(line []byte, hashes io.ReaderAt) error {
	n := v.report.Entries
	leaf := tlog.RecordHash(line)
	stored, err := readHashes(hashes, []int64{tlog.StoredHashIndex(0, n)})
	switch {
	case err != nil:
		return v.wrong("it has no hash: it was added, or the hashes were cut")
	case stored[0] != leaf:
		return v.wrong("it is not what was written: its hash differs")
	}
	var e Entry
	if err := json.Unmarshal(line, &e); err != nil || e.Sequence != n {
		return v.wrong("the line in its place has the sequence %d", e.Sequence)
	}
	v.tree = append(v.tree, subtree{0, leaf})
	for k := len(v.tree) - 1; k > 0 && v.tree[k-1].level == v.tree[k].level; k-- {
		v.tree[k-1] = subtree{v.tree[k].level + 1, tlog.NodeHash(v.tree[k-1].hash, v.tree[k].hash)}
		v.tree = v.tree[:k]
	}
	v.report.Entries++
	return v.compare()
}

// compare holds the entries so far against the checkpoints that count as many.
func (v *verifier) compare() error {
	for len(v.checkpoints) > 0 && v.checkpoints[0].Size == v.report.Entries {
		c := v.checkpoints[0]
		v.checkpoints = v.checkpoints[1:]
		root := v.tree[len(v.tree)-1].hash
		for k := len(v.tree) - 2; k >= 0; k-- {
			root = tlog.NodeHash(v.tree[k].hash, root)
		}
		if root != c.Root {
			return &TamperedError{v.report.Proven, fmt.Sprintf("it, or one up to entry %d, is not what it was: the checkpoint of %s differs",
				c.Size-1, c.Time.Format("2006-01-02 15:04:05"))}
		}
		v.report.Checkpoints++
		v.report.Proven = c.Size
	}
	return nil
}

func (v *verifier) wrong(format string, args ...any) error {
	return &TamperedError{v.report.Entries, fmt.Sprintf(format, args...)}
}
