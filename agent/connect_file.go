package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
)

// target is where the block goes: a file, or standard output. What stands in the file already is never changed.
type target struct {
	path     string // "": standard output
	add      bool
	hasAgent bool
	glue     string // between what stands there and the block
}

// read looks at the file: it must not be there, or be one to which the block can be added.
func (t *target) read(id string) error {
	if t.path == "" {
		return nil
	}
	info, err := os.Stat(t.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("--output: %w", err)
	case !info.Mode().IsRegular():
		return &exit{exitUsage, fmt.Errorf("--output: %s is no file", t.path)}
	case !t.add:
		return &exit{exitUsage, fmt.Errorf("%s is there already and stays as it is: name another file, or add --append", t.path)}
	}
	src, err := os.ReadFile(t.path)
	if err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	body, _, diags := syntax.Parse(src, t.path, config.MaxFileBytes)
	if body == nil {
		return &exit{exitUsage, fmt.Errorf("%s cannot be read, so nothing is added to it: %w", t.path, diags)}
	}
	for _, b := range body.Blocks {
		t.hasAgent = t.hasAgent || b.Type == "agent"
		if b.Type == "instance" && strings.Join(b.Labels, "/") == id {
			return &exit{exitUsage, fmt.Errorf("%s has %s in line %d already: choose another with --name", t.path, id, b.TypeRange.Start.Line)}
		}
	}
	switch {
	case len(src) == 0:
	case strings.HasSuffix(string(src), "\n"):
		t.glue = "\n"
	default:
		t.glue = "\n\n"
	}
	return nil
}

// write gives the block to the file or to out. A file that came into being meanwhile stays as it is.
func (t *target) write(text []byte, out io.Writer) error {
	if t.path == "" {
		_, err := out.Write(text)
		return err
	}
	how := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if t.add {
		how = os.O_WRONLY | os.O_CREATE | os.O_APPEND
	}
	f, err := os.OpenFile(t.path, how, 0o644) //nolint:gosec // the operator names it; no secret is in it, and the agent's user reads it
	if err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	_, err = f.Write(append([]byte(t.glue), text...))
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	return nil
}

// place says what to do so that the block is part of the configuration; "": nothing.
func (t *target) place(configuration string) string {
	switch {
	case t.path == "":
		return "Put the block into the configuration, " + configuration + "."
	case samePath(t.path, configuration), samePath(filepath.Dir(t.path), configuration):
		return ""
	}
	return fmt.Sprintf("%s is not part of the configuration %s: put it there, or name it with --config.", t.path, configuration)
}

func samePath(a, b string) bool {
	one, errA := filepath.Abs(a)
	two, errB := filepath.Abs(b)
	return errA == nil && errB == nil && one == two
}
