package bolt

import (
	"os"
	"path/filepath"
	"testing"
)

// TestUnfinishedFilesGo: what a killed process was making when it died is taken away by the next one.
func TestUnfinishedFilesGo(t *testing.T) {
	dir := t.TempDir()
	days := filepath.Join(dir, daysFolder)
	if err := os.MkdirAll(days, folderMode); err != nil {
		t.Fatal(err)
	}
	left := []string{filepath.Join(dir, ".new-1"), filepath.Join(days, ".new-2")}
	for _, path := range left {
		if err := os.WriteFile(path, []byte("half"), fileMode); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	for _, path := range left {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is still there: %v", filepath.Base(path), err)
		}
	}
}
