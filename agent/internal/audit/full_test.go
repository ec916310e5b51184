package audit_test

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/mooring-hq/mooring/agent/internal/audit"
)

// TestFullDisk: an entry that does not fit is refused whole, the log stays good, and goes on when there is room again. A
// limit on the size of files stands for the disk, in a process of its own.
func TestFullDisk(t *testing.T) {
	const inside = "MOORING_AUDIT_FULL"
	if dir := os.Getenv(inside); dir != "" {
		fillUp(t, dir)
		return
	}
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDisk$")
	cmd.Env = append(os.Environ(), inside+"="+dir)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if r, err := audit.Verify(filepath.Join(dir, "log"), filepath.Join(dir, "second")); err != nil || r.Entries < 10 {
		t.Errorf("%+v, %v", r, err)
	}
}

func fillUp(t *testing.T, dir string) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	limit := func(n uint64) {
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: 1 << 40}); err != nil {
			t.Fatal(err)
		}
	}
	limit(2000)
	l := opened(t, filepath.Join(dir, "log"), filepath.Join(dir, "second"))
	taken := 0
	for ; taken < 100; taken++ {
		if err := l.Append(entry(taken)); err != nil {
			break
		}
	}
	if taken == 0 || taken == 100 {
		t.Fatalf("%d entries fit into 2,000 bytes", taken)
	}
	if err := l.Append(entry(0)); err == nil {
		t.Fatal("an entry was taken by a full disk")
	}
	if l.Size() != int64(taken) {
		t.Fatalf("%d entries, %d were acknowledged", l.Size(), taken)
	}
	limit(1 << 30)
	fill(t, l, taken, taken+10)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
