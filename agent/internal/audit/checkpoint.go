package audit

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// How often a checkpoint is written: what is changed before the next one is not found out.
const (
	checkpointEvery   = time.Minute
	checkpointEntries = 1000
	checkEvery        = time.Second
)

// Checkpoint says what the whole log was at a time.
type Checkpoint struct {
	Size int64     `json:"size"`
	Root tlog.Hash `json:"root"`
	Time time.Time `json:"time"`
}

// Checkpoint writes one, into the folder and to the second place, when anything was appended since the last.
func (l *Log) Checkpoint() (Checkpoint, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.size == l.last.Size {
		return l.last, nil
	}
	root, err := tlog.TreeHash(l.size, l)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit log: %w", err)
	}
	c := Checkpoint{Size: l.size, Root: root, Time: l.o.Now().UTC()}
	line, err := json.Marshal(c)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit log: %w", err)
	}
	err = appendLine(filepath.Join(l.o.Dir, checkpointsFile), line)
	if l.o.Second != "" {
		err = errors.Join(err, appendLine(l.o.Second, line))
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("audit log: checkpoint: %w", err)
	}
	l.last = c
	return c, nil
}

func appendLine(path string, line []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600) //nolint:gosec // named by the operator
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Sync(), f.Close())
}

// Run writes checkpoints until ctx ends. failed gets what kept one from being written; the next try is a minute later.
func (l *Log) Run(ctx context.Context, failed func(error)) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	last := l.o.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		l.mu.Lock()
		due := l.size-l.last.Size >= checkpointEntries || l.o.Now().Sub(last) >= checkpointEvery
		l.mu.Unlock()
		if !due {
			continue
		}
		last = l.o.Now()
		if _, err := l.Checkpoint(); err != nil {
			failed(err)
		}
	}
}
