package bolt

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"

	"go.etcd.io/bbolt"
)

const (
	manifestFile     = "manifest.json"
	maxManifestBytes = 16 << 20
)

// manifest is the last file of a backup: what is not in it, or differs, was not written by Backup.
type manifest struct {
	Format int            `json:"format"`
	Files  []manifestItem `json:"files"`
}

type manifestItem struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// Backup writes the store as a tar stream while it stays in use: the instance's file as of now, then the day files, then
// a manifest with their digests. Activities that came between are in it unannounced: they are new when they come again.
func (s *Store) Backup(ctx context.Context, w io.Writer) error {
	s.keep.RLock()
	defer s.keep.RUnlock()
	out := &archive{ctx: ctx, tar: tar.NewWriter(w), manifest: manifest{Format: format}}
	if err := out.add(s.main, filepath.Base(s.main.path)); err != nil {
		return err
	}
	names, err := s.days.onDisk()
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	for _, day := range names {
		if err := s.backupDay(out, day); err != nil {
			return err
		}
	}
	list, err := json.MarshalIndent(out.manifest, "", "  ")
	if err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := out.header(manifestFile, int64(len(list))); err != nil {
		return err
	}
	if _, err := out.tar.Write(list); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := out.tar.Close(); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	return nil
}

func (s *Store) backupDay(out *archive, day string) (err error) {
	f, err := s.days.acquire(day, false)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.days.release(f)) }()
	return out.add(f.file, path.Join(daysFolder, day+".db"))
}

// archive is a backup that is being written.
type archive struct {
	ctx      context.Context //nolint:containedctx // lives as long as one Backup
	tar      *tar.Writer
	manifest manifest
}

func (a *archive) header(name string, size int64) error {
	if err := a.tar.WriteHeader(&tar.Header{Name: name, Size: size, Mode: fileMode}); err != nil {
		return fmt.Errorf("backup of %s: %w", name, err)
	}
	return nil
}

func (a *archive) add(f *file, name string) error {
	return f.view(func(tx *bbolt.Tx) error {
		size := tx.Size()
		if err := a.header(name, size); err != nil {
			return err
		}
		digest := sha256.New()
		if _, err := tx.WriteTo(until{a.ctx, io.MultiWriter(a.tar, digest)}); err != nil {
			return fmt.Errorf("backup of %s: %w", name, err)
		}
		a.manifest.Files = append(a.manifest.Files, manifestItem{name, size, hex.EncodeToString(digest.Sum(nil))})
		return nil
	})
}

// until writes until the context ends.
type until struct {
	ctx context.Context //nolint:containedctx // as above
	w   io.Writer
}

func (u until) Write(b []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.w.Write(b)
}
