package catalog_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/mooring-hq/mooring/agent/internal/catalog"
)

func TestFind(t *testing.T) {
	root := t.TempDir()
	one, two, open := filepath.Join(root, "one"), filepath.Join(root, "two"), filepath.Join(root, "open")
	for _, dir := range []string{one, two, open} {
		must(t, os.Mkdir(dir, 0o755))
	}
	file := func(path string, mode os.FileMode) {
		must(t, os.WriteFile(path, []byte("bytes"), 0o600))
		must(t, os.Chmod(path, mode))
	}
	file(filepath.Join(one, "both"), 0o755)
	file(filepath.Join(two, "both"), 0o755)
	file(filepath.Join(two, "second"), 0o500)
	file(filepath.Join(one, "plain"), 0o644)
	file(filepath.Join(one, "group"), 0o775)
	file(filepath.Join(one, "world"), 0o757)
	file(filepath.Join(one, "setuid"), 0o755|os.ModeSetuid)
	file(filepath.Join(one, "setgid"), 0o755|os.ModeSetgid)
	file(filepath.Join(open, "replaceable"), 0o755)
	must(t, os.Chmod(open, 0o777))
	must(t, os.Symlink("both", filepath.Join(one, "link")))
	must(t, os.Symlink("group", filepath.Join(one, "link-to-group")))
	must(t, os.Symlink(filepath.Join(two, "second"), filepath.Join(one, "out")))
	must(t, os.Symlink("nowhere", filepath.Join(one, "dangling")))
	must(t, os.Mkdir(filepath.Join(one, "folder"), 0o755))
	must(t, syscall.Mkfifo(filepath.Join(one, "pipe"), 0o755))
	dirs := []string{one, two, open}
	for name, want := range map[string]string{
		"both":          filepath.Join(one, "both"),
		"second":        filepath.Join(two, "second"),
		"link":          filepath.Join(one, "link"),
		"plain":         "not executable: chmod 755",
		"group":         "chmod go-w",
		"world":         "chmod go-w",
		"link-to-group": "chmod go-w",
		"setuid":        "chmod ug-s",
		"setgid":        "chmod ug-s",
		"replaceable":   "chmod go-w " + open,
		"out":           "link out of its folder",
		"dangling":      "leads nowhere",
		"folder":        "not a regular file",
		"pipe":          "not a regular file",
		"none":          "mooring connector lock",
		"../one/both":   "not the name of a connector's file",
		"":              "not the name of a connector's file",
		".":             "not the name of a connector's file",
	} {
		path, err := catalog.Find(dirs, name)
		switch {
		case err == nil && path != want:
			t.Errorf("%q: found %s; want %s", name, path, want)
		case err != nil && !strings.Contains(err.Error(), want):
			t.Errorf("%q: %v; want %q", name, err, want)
		}
	}
	if _, err := catalog.Find(nil, "both"); err == nil || !strings.Contains(err.Error(), "connector_dirs") {
		t.Errorf("no folders: %v", err)
	}
}

func TestDigest(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "abc")
	must(t, os.WriteFile(path, []byte("abc"), 0o600))
	digest, size, err := catalog.Digest(path)
	if want := "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; err != nil || digest != want || size != 3 {
		t.Errorf("got %s, %d, %v", digest, size, err)
	}
	must(t, os.WriteFile(filepath.Join(dir, "empty"), nil, 0o600))
	must(t, syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600))
	for _, name := range []string{"empty", "pipe", "none", "."} {
		if _, _, err := catalog.Digest(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s has a digest", name)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
