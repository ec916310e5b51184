package catalog

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

const digestBytes = sha256.Size

// Prefix begins the file name of every connector.
const Prefix = "mooring-connector-"

// Find locates a connector's file in the first of dirs that has it. Whoever could change the file could change what
// runs after the next `connector lock`, so one that others can write to is refused, and so is one that leads elsewhere.
func Find(dirs []string, file string) (string, error) {
	if !filePattern.MatchString(file) {
		return "", fmt.Errorf("%q is not the name of a connector's file: expected one like %sgithub", short(file), Prefix)
	}
	for _, dir := range dirs {
		path := filepath.Join(dir, file)
		info, err := os.Lstat(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = usable(dir, path, info)
		}
		if err != nil {
			return "", fmt.Errorf("connector file %s: %w", path, err)
		}
		return path, nil
	}
	if len(dirs) == 0 {
		return "", fmt.Errorf("no connector file %s: agent.connector_dirs is empty", file)
	}
	return "", fmt.Errorf("no connector file %s in %s: put it there, or add its folder to agent.connector_dirs, then run `mooring connector lock`",
		file, strings.Join(dirs, ", "))
}

func usable(dir, path string, info fs.FileInfo) error {
	if info.Mode()&fs.ModeSymlink != 0 {
		target, err := inside(dir, path)
		if err != nil {
			return err
		}
		if info, err = os.Lstat(target); err != nil {
			return err
		}
	}
	mode := info.Mode()
	switch {
	case !mode.IsRegular():
		return errors.New("it is not a regular file")
	case mode&(fs.ModeSetuid|fs.ModeSetgid) != 0:
		return fmt.Errorf("it has a setuid or setgid bit: chmod ug-s %s", path)
	case mode.Perm()&0o111 == 0:
		return fmt.Errorf("it is not executable: chmod 755 %s", path)
	case mode.Perm()&0o022 != 0:
		return fmt.Errorf("others can change it (mode %04o): chmod go-w %s", mode.Perm(), path)
	}
	folder, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if folder.Mode().Perm()&0o022 != 0 {
		return fmt.Errorf("others can replace it, its folder has mode %04o: chmod go-w %s", folder.Mode().Perm(), dir)
	}
	return nil
}

// inside follows a link, which must not leave the folder.
func inside(dir, path string) (string, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("it is a link that leads nowhere: %w", err)
	}
	home, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", err
	}
	if filepath.Dir(target) != home {
		return "", errors.New("it is a link out of its folder: put the file itself there")
	}
	return target, nil
}

// Digest hashes a connector's file.
func Digest(path string) (digest string, size int64, err error) {
	// O_NONBLOCK: a pipe must not hold us.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) //nolint:gosec // found by Find
	if err != nil {
		return "", 0, fmt.Errorf("connector file: %w", err)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil {
		return "", 0, fmt.Errorf("connector file: %w", err)
	}
	if !info.Mode().IsRegular() {
		return "", 0, fmt.Errorf("connector file %s: it is not a regular file", path)
	}
	h := sha256.New()
	size, err = io.Copy(h, io.LimitReader(f, MaxConnectorBytes+1))
	switch {
	case err != nil:
		return "", 0, fmt.Errorf("connector file: %w", err)
	case size == 0 || size > MaxConnectorBytes:
		return "", 0, fmt.Errorf("connector file %s: it has %d bytes; expected 1 to %d", path, size, MaxConnectorBytes)
	}
	return hex.EncodeToString(h.Sum(nil)), size, nil
}
