package config

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/mooring-hq/mooring/agent/internal/config/syntax"
)

const maxFormatRounds = 8 // until nothing changes any more

// Format gives a file its usual shape: indentation, aligned equals signs and comments, one newline at the end. What does
// not parse stays as it is. Formatting twice changes nothing.
func Format(src []byte) []byte {
	now := src
	for range maxFormatRounds {
		if body, _, _ := syntax.Parse(now, "", MaxFileBytes); body == nil {
			return src
		}
		next := hclwrite.Format(now)
		if next = bytes.TrimSpace(next); len(next) > 0 {
			next = append(next, '\n')
		}
		if bytes.Equal(next, now) {
			return now
		}
		now = next
	}
	return src
}

// FormatFiles formats a file, or the files of a folder, and names those that changed. Without write it only tells.
func FormatFiles(path string, write bool) (changed []string, diags hcl.Diagnostics) {
	paths, d := list(path)
	if d != nil {
		return nil, hcl.Diagnostics{d}
	}
	for _, p := range paths {
		src, d := read(p)
		if d != nil {
			diags = append(diags, d)
			continue
		}
		if body, _, wrong := syntax.Parse(src, p, MaxFileBytes); body == nil {
			diags = append(diags, wrong...)
			continue
		}
		formatted := Format(src)
		if bytes.Equal(formatted, src) {
			continue
		}
		changed = append(changed, p)
		if !write {
			continue
		}
		if err := replace(p, formatted); err != nil {
			diags = append(diags, syntax.Errorf(syntax.At(p), "", "the file cannot be written: %v", err))
		}
	}
	return changed, diags
}

// replace writes beside the file and renames, so that nobody reads half of it. A symbolic link stays one.
func replace(path string, content []byte) error {
	path, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".fmt-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(f.Name()) }() // gone already when all went well
	_, err = f.Write(content)
	if err == nil {
		err = f.Chmod(info.Mode().Perm())
	}
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("beside it: %w", err)
	}
	return os.Rename(f.Name(), path)
}
