package bolt

import (
	"archive/tar"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"github.com/mooring-hq/mooring/agent/internal/store"
)

// The document that a restore leaves: another value means that the store's past was cut, so bookmarks of others that
// point into its log, and intents that were under way, hold no more.
const (
	EpochBucket = "store"
	EpochKey    = "epoch"
)

// Restore writes a backup into a folder that is missing or empty, and starts a new epoch. The folder appears whole, with
// every digest verified, or not at all.
func Restore(ctx context.Context, dir string, r io.Reader) (err error) {
	if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
		return fmt.Errorf("restore into %s: it holds %s and more, an empty folder is expected", dir, entries[0].Name())
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("restore: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), folderMode); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), ".restore-*")
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(tmp))
		}
	}()
	name, err := unpack(ctx, tmp, r)
	if err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := startEpoch(ctx, tmp, name); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("restore: %w", err)
	}
	if err := os.Rename(tmp, dir); err != nil {
		return fmt.Errorf("restore: %w", err)
	}
	return syncFolder(filepath.Dir(dir))
}

func startEpoch(ctx context.Context, dir, name string) error {
	s, err := open(Options{Dir: dir}, name)
	if err != nil {
		return err
	}
	_, err = s.Commit(ctx, &store.Batch{Docs: []store.Doc{{
		Bucket: EpochBucket, Key: []byte(EpochKey), Value: []byte(rand.Text()),
	}}})
	return errors.Join(err, s.Close())
}

// unpack writes the files of a backup and gives the name of the main one.
func unpack(ctx context.Context, dir string, r io.Reader) (string, error) {
	in, have := tar.NewReader(r), map[string]manifestItem{}
	main := ""
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return "", errors.New("the backup ends before its manifest: it was cut off")
		}
		if err != nil {
			return "", err
		}
		if h.Name == manifestFile {
			break
		}
		if h.Typeflag != tar.TypeReg || !known(h.Name) || have[h.Name].Name != "" {
			return "", fmt.Errorf("the backup holds %.64q, which no backup does", h.Name)
		}
		if h.Name == instanceFile || h.Name == agentFile {
			main = h.Name
		}
		if have[h.Name], err = unpackFile(dir, h, in); err != nil {
			return "", err
		}
	}
	var list manifest
	if err := json.NewDecoder(io.LimitReader(in, maxManifestBytes)).Decode(&list); err != nil {
		return "", fmt.Errorf("the backup's manifest: %w", err)
	}
	if err := list.verify(have); err != nil {
		return "", err
	}
	if main == "" {
		return "", fmt.Errorf("the backup holds no %s", instanceFile)
	}
	return main, syncFolder(dir)
}

func (m manifest) verify(have map[string]manifestItem) error {
	if m.Format != format {
		return fmt.Errorf("the backup has format %d, this mooring reads %d: restore it with the mooring that wrote it", m.Format, format)
	}
	if len(m.Files) != len(have) {
		return fmt.Errorf("the backup holds %d files, its manifest names %d", len(have), len(m.Files))
	}
	for _, want := range m.Files {
		if have[want.Name] != want {
			return fmt.Errorf("%s differs from the backup's manifest: the backup is damaged", want.Name)
		}
	}
	return nil
}

func known(name string) bool {
	if name == instanceFile || name == agentFile {
		return true
	}
	folder, file := path.Split(name)
	_, ok := dayOf(file)
	return ok && folder == daysFolder+"/"
}

func unpackFile(dir string, h *tar.Header, in io.Reader) (item manifestItem, err error) {
	to := filepath.Join(dir, filepath.FromSlash(h.Name))
	if err := os.MkdirAll(filepath.Dir(to), folderMode); err != nil {
		return item, err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode) //nolint:gosec // a name of ours, checked
	if err != nil {
		return item, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	digest := sha256.New()
	n, err := io.Copy(io.MultiWriter(f, digest), in)
	if err != nil {
		return item, fmt.Errorf("%s: %w", h.Name, err)
	}
	return manifestItem{h.Name, n, hex.EncodeToString(digest.Sum(nil))}, f.Sync()
}
