// Package audit keeps the log of who wanted, approved and did what: a Merkle log of lines in a file.
//
// It promises: what Append acknowledged is on the disk; a crash loses only what was not acknowledged; who changes, removes,
// adds or swaps an entry is found out by Verify, given one checkpoint that they could not reach. Without such a
// checkpoint somebody who may write the whole folder can make it anew: keep checkpoints in a second place.
//
// It does not encrypt, and it does not decide what is worth an entry.
package audit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// The files of a log's folder.
const (
	entriesFile     = "entries.jsonl"
	hashesFile      = "hashes"
	checkpointsFile = "checkpoints.jsonl"
)

// MaxEntryBytes is the longest entry.
const MaxEntryBytes = 64 << 10

// Entry is one line. Sequence and Time are filled in by Append.
type Entry struct {
	Sequence int64     `json:"sequence"`
	Time     time.Time `json:"time"`
	// What happened: intent, outcome, approval, decision, configuration, epoch …
	What string `json:"what"`
	// Actor is who: a person, a policy, the agent.
	Actor    string `json:"actor,omitempty"`
	Instance string `json:"instance,omitempty"`
	// Target is a ref.
	Target string          `json:"target,omitempty"`
	Detail json.RawMessage `json:"detail,omitempty"`
}

// Options of Open.
type Options struct {
	Dir string
	// Second is a file outside of Dir to which every checkpoint is written too; empty: none.
	Second string
	Now    func() time.Time
}

// Log is an open log. It is safe for concurrent use; one process at a time may have it open.
type Log struct {
	o Options

	mu      sync.Mutex
	entries *os.File
	hashes  *os.File
	size    int64 // entries
	bytes   int64 // of them
	last    Checkpoint
	broken  error // of a write: nothing is appended behind half a line
}

// Open makes the folder if there is none, and takes away what a crash left half written. It starts nothing.
func Open(o Options) (*Log, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	l := &Log{o: o}
	var err error
	if l.entries, err = open(o.Dir, entriesFile); err != nil {
		return nil, err
	}
	if l.hashes, err = open(o.Dir, hashesFile); err != nil {
		return nil, errors.Join(err, l.entries.Close())
	}
	if err := l.recover(); err != nil {
		return nil, errors.Join(err, l.entries.Close(), l.hashes.Close())
	}
	return l, nil
}

func open(dir, name string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // a folder of ours
	if err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	return f, nil
}

// Append writes entries and returns when they are on the disk. An error means that none of them counts, and that nothing
// may be done that they were to allow.
func (l *Log) Append(entries ...Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken != nil {
		return l.broken
	}
	var lines bytes.Buffer
	var leaves [][]byte
	for i, e := range entries {
		e.Sequence, e.Time = l.size+int64(i), l.o.Now().UTC()
		line, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("audit log: %w", err)
		}
		if len(line) > MaxEntryBytes {
			return fmt.Errorf("audit log: an entry of %d bytes, at most %d are expected", len(line), MaxEntryBytes)
		}
		lines.Write(line)
		lines.WriteByte('\n')
		leaves = append(leaves, line)
	}
	if err := l.write(lines.Bytes()); err != nil {
		return err
	}
	return l.hash(leaves)
}

// write puts lines on the disk, all or none.
func (l *Log) write(lines []byte) error {
	_, err := l.entries.WriteAt(lines, l.bytes)
	if err == nil {
		err = l.entries.Sync()
	}
	if err == nil {
		l.bytes += int64(len(lines))
		return nil
	}
	err = fmt.Errorf("audit log: %w", err)
	if cut := l.entries.Truncate(l.bytes); cut != nil { // else what was refused would count after a restart
		l.broken = errors.Join(err, cut)
	}
	return err
}

// hash adds the hashes of entries that are on the disk. They are made anew from the entries should a crash lose them.
func (l *Log) hash(leaves [][]byte) error {
	for _, leaf := range leaves {
		all, err := tlog.StoredHashes(l.size, leaf, l)
		if err != nil {
			return l.fail(err)
		}
		var b []byte
		for _, h := range all {
			b = append(b, h[:]...)
		}
		if _, err := l.hashes.WriteAt(b, tlog.StoredHashIndex(0, l.size)*tlog.HashSize); err != nil {
			return l.fail(err)
		}
		l.size++
	}
	return nil
}

// fail: the entries are there, their hashes are not. Open puts that right.
func (l *Log) fail(err error) error {
	l.broken = fmt.Errorf("audit log: hashes: %w", err)
	return l.broken
}

// ReadHashes is part of tlog.HashReader.
func (l *Log) ReadHashes(indexes []int64) ([]tlog.Hash, error) { return readHashes(l.hashes, indexes) }

func readHashes(f io.ReaderAt, indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, n := range indexes {
		if _, err := f.ReadAt(out[i][:], n*tlog.HashSize); err != nil {
			return nil, fmt.Errorf("hash %d: %w", n, err)
		}
	}
	return out, nil
}

// Size is the number of entries.
func (l *Log) Size() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.size
}

// Close writes a last checkpoint and lets go of the files.
func (l *Log) Close() error {
	_, err := l.Checkpoint()
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(err, l.entries.Close(), l.hashes.Close())
}
