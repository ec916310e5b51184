package audit_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/audit"
)

func now() time.Time { return time.Date(2026, 11, 22, 6, 0, 0, 0, time.UTC) }

func opened(t *testing.T, dir, second string) *audit.Log {
	t.Helper()
	l, err := audit.Open(audit.Options{Dir: dir, Second: second, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func entry(n int) audit.Entry {
	return audit.Entry{
		What: "intent", Actor: "policy/keys", Instance: "github/sales", Target: fmt.Sprintf("github/sales/file/%d", n),
		Detail: json.RawMessage(fmt.Sprintf(`{"action":"make_private","n":%d}`, n)),
	}
}

func fill(t *testing.T, l *audit.Log, from, until int) {
	t.Helper()
	for n := from; n < until; n++ {
		if err := l.Append(entry(n)); err != nil {
			t.Fatal(err)
		}
	}
}

// read gives the lines of a log, write puts others in their place.
func read(t *testing.T, dir string) [][]byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "entries.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.SplitAfter(b, []byte("\n"))[:bytes.Count(b, []byte("\n"))]
}

func write(t *testing.T, dir string, lines [][]byte) {
	t.Helper()
	path := filepath.Join(dir, "entries.jsonl")
	_ = os.Remove(path) // a file that is written over is flushed, which takes milliseconds
	if err := os.WriteFile(path, bytes.Join(lines, nil), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestEveryMutationIsFound: 10,000 changes of a log's file, one in a hundred by somebody who makes all hashes and checkpoints
// of the folder fit, are found out by a checkpoint elsewhere.
func TestEveryMutationIsFound(t *testing.T) {
	const size = 40
	times := 10_000
	if testing.Short() {
		times = 500
	}
	dir, second := t.TempDir(), filepath.Join(t.TempDir(), "checkpoints")
	l := opened(t, dir, second)
	fill(t, l, 0, size)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if r, err := audit.Verify(dir, second); err != nil || r.Entries != size || r.Proven != size {
		t.Fatalf("untouched: %+v, %v", r, err)
	}
	before := read(t, dir)
	rng := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0))
	for n := range times {
		lines := mutate(rng, before)
		if slices.EqualFunc(lines, before, bytes.Equal) {
			continue
		}
		var err error
		if n%100 != 0 {
			write(t, dir, lines)
			_, err = audit.Verify(dir, second)
			write(t, dir, before)
		} else {
			err = forge(t, lines, second)
		}
		if _, ok := errors.AsType[*audit.TamperedError](err); !ok {
			t.Fatalf("change %d was not found (%v):\n%s", n, err, bytes.Join(lines, nil))
		}
	}
}

// forge makes a folder whose log says what lines say, with everything in it as it should be.
func forge(t *testing.T, lines [][]byte, second string) error {
	t.Helper()
	dir := t.TempDir()
	defer func() { _ = os.RemoveAll(dir) }()
	for n, line := range lines { // in their places
		var e map[string]any
		if json.Unmarshal(line, &e) == nil {
			e["sequence"] = n
			line, _ = json.Marshal(e)
			lines[n] = append(line, '\n')
		}
	}
	write(t, dir, lines)
	if l, err := audit.Open(audit.Options{Dir: dir, Now: now}); err == nil {
		_ = l.Close()
	}
	_, err := audit.Verify(dir, second)
	return err
}

func mutate(rng *rand.Rand, before [][]byte) [][]byte {
	lines := slices.Clone(before)
	i, k := rng.IntN(len(lines)), rng.IntN(len(lines))
	switch rng.IntN(7) {
	case 0:
		lines = slices.Delete(lines, i, i+1)
	case 1:
		lines[i], lines[k] = lines[k], lines[i]
	case 2:
		edited := bytes.Clone(lines[i])
		edited[rng.IntN(len(edited))] ^= byte(1 + rng.IntN(255))
		lines[i] = edited
	case 3:
		lines = lines[:i]
	case 4:
		lines = slices.Insert(lines, i, lines[k])
	case 5:
		lines[i] = bytes.Replace(lines[i], []byte("make_private"), []byte("nothing"), 1)
	default:
		all := bytes.Join(lines, nil)
		lines = [][]byte{all[:rng.IntN(len(all))]}
	}
	return lines
}

// TestVerifyNamesTheEntry: one changed byte is found, and where it is.
func TestVerifyNamesTheEntry(t *testing.T) {
	dir := t.TempDir()
	l := opened(t, dir, "")
	fill(t, l, 0, 9)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	lines := read(t, dir)
	lines[6] = bytes.Replace(lines[6], []byte("sales"), []byte("salez"), 1)
	write(t, dir, lines)
	_, err := audit.Verify(dir)
	if e, ok := errors.AsType[*audit.TamperedError](err); !ok || e.Sequence != 6 {
		t.Errorf("got %v, want entry 6", err)
	}
}

// TestRollback: an older log, whole in itself, is not the log.
func TestRollback(t *testing.T) {
	dir, old, second := t.TempDir(), t.TempDir(), filepath.Join(t.TempDir(), "checkpoints")
	l := opened(t, dir, second)
	fill(t, l, 0, 5)
	if _, err := l.Checkpoint(); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(old, "log"), os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	fill(t, l, 5, 12)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := audit.Verify(filepath.Join(old, "log")); err != nil {
		t.Errorf("the older log is not whole in itself: %v", err)
	}
	if _, err := audit.Verify(filepath.Join(old, "log"), second); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Errorf("a rolled back log: %v", err)
	}
}

// TestCrash: wherever the end of the files is cut, what is left opens, keeps every whole entry, and goes on.
func TestCrash(t *testing.T) {
	whole := t.TempDir()
	l := opened(t, whole, "")
	fill(t, l, 0, 7)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadFile(filepath.Join(whole, "entries.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	hashes, err := os.ReadFile(filepath.Join(whole, "hashes"))
	if err != nil {
		t.Fatal(err)
	}
	last := bytes.LastIndexByte(entries[:len(entries)-1], '\n') + 1
	cuts := []int{last, last + 1, len(entries) - 2, len(entries) - 1, len(entries)}
	for range 10 {
		cuts = append(cuts, last+rand.IntN(len(entries)-last))
	}
	for _, cut := range cuts { // the last entry was being written, so it has no hashes yet
		for _, left := range []int{0, 32, 95, len(hashes) - 32} {
			dir := t.TempDir()
			for name, b := range map[string][]byte{"entries.jsonl": entries[:cut], "hashes": hashes[:left]} {
				if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			l := opened(t, dir, "")
			want := int64(6)
			if cut == len(entries) {
				want = 7
			}
			if l.Size() != want {
				t.Fatalf("cut at %d with %d bytes of hashes: %d entries, want %d", cut, left, l.Size(), want)
			}
			fill(t, l, 7, 9)
			if err := l.Close(); err != nil {
				t.Fatal(err)
			}
			if r, err := audit.Verify(dir); err != nil || r.Entries != want+2 {
				t.Fatalf("cut at %d with %d bytes of hashes: %+v, %v", cut, left, r, err)
			}
		}
	}
}

// TestRemovedEntriesAreNoCrash: hashes without entries are not mended silently.
func TestRemovedEntriesAreNoCrash(t *testing.T) {
	dir := t.TempDir()
	l := opened(t, dir, "")
	fill(t, l, 0, 7)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, dir, read(t, dir)[:4])
	if _, err := audit.Open(audit.Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "removed") {
		t.Errorf("got %v", err)
	}
}

func TestTooLongAnEntry(t *testing.T) {
	l := opened(t, t.TempDir(), "")
	e := entry(1)
	e.Target = strings.Repeat("x", audit.MaxEntryBytes)
	if err := l.Append(entry(0), e); err == nil {
		t.Error("an entry without bounds was taken")
	}
	if l.Size() != 0 {
		t.Error("half of what was refused is there")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
