package action

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/audit"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
	"github.com/mooring-hq/mooring/sdk"
)

// TestFullDisk: while the disk of the audit log, or of the store, is full, no call leaves, and nothing is written down again and
// again; when there is room, each leaves once. A limit on the size of files stands for the disk, in a process of its own.
func TestFullDisk(t *testing.T) {
	const inside = "MOORING_ACTION_FULL"
	if what := os.Getenv(inside); what != "" {
		onFullDisk(t, what)
		return
	}
	for _, what := range []string{"audit log", "store"} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDisk$")
			cmd.Env = append(os.Environ(), inside+"="+what)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		})
	}
}

// limit is how large files may grow.
func limit(t *testing.T, n uint64) {
	t.Helper()
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: 1 << 40}); err != nil {
		t.Fatal(err)
	}
}

// fillUp writes until nothing fits any more.
func fillUp(t *testing.T, what, dir string, s *bolt.Store, log *audit.Log) {
	t.Helper()
	name := filepath.Join(dir, "instance.db")
	if what == "audit log" {
		name = filepath.Join(dir, "audit", "entries.jsonl")
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if what == "audit log" {
		limit(t, uint64(info.Size()))
		if err := log.Append(audit.Entry{What: "filler", Actor: "test"}); err == nil {
			t.Fatal("the log is not full")
		}
		return
	}
	limit(t, uint64(info.Size()))
	for n := range 10_000 {
		doc := store.Doc{Bucket: "filler", Append: true, Value: make([]byte, 1+100_000/(n*n+1))}
		if _, err := s.Commit(t.Context(), &store.Batch{At: time.Now(), Docs: []store.Doc{doc}}); err != nil && n > 300 {
			return
		}
	}
	t.Fatal("the store is not full")
}

func onFullDisk(t *testing.T, what string) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	dir := t.TempDir()
	s, err := bolt.Open(bolt.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	log, err := audit.Open(audit.Options{Dir: filepath.Join(dir, "audit")})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // so that its file is larger than the store, if it is to be the one that is full
		b, _ := json.Marshal(strings.Repeat("x", audit.MaxEntryBytes/2))
		if what == "audit log" {
			if err := log.Append(audit.Entry{What: "first", Actor: "test", Detail: b}); err != nil {
				t.Fatal(err)
			}
		}
	}
	p := newProvider()
	var opens, later atomic.Int64
	e, err := New(Config{
		Instance: "x/one", Specs: specs(), Store: s, Audit: log, Retry: 50 * time.Millisecond, Stopped: func() string { return "" },
		Now:  func() time.Time { return time.Now().Add(time.Duration(later.Load())) },
		Open: func(context.Context) (Actor, func(), error) { opens.Add(1); return actor{p}, func() {}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, id := range []string{"a", "b", "c"} {
		docs, err := e.Propose(Wish{Action: sdk.Never, Target: target(id), Policy: "p", Because: "f"})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Commit(t.Context(), &store.Batch{At: time.Now(), Docs: docs}); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, string(docs[0].Key))
	}
	fillUp(t, what, dir, s, log)
	before := log.Size()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := e.Run(ctx); err != nil {
			t.Errorf("it ends: %v", err)
		}
	})
	defer running.Wait()
	defer cancel()
	time.Sleep(time.Second)
	if n := len(p.did()); n != 0 {
		t.Errorf("%d calls left while the disk is full", n)
	}
	const tries = 30 // of three intents in a second
	if n := opens.Load(); n == 0 || n > tries {
		t.Errorf("%d tries within a second", n)
	}
	if n := log.Size() - before; n > tries {
		t.Errorf("%d entries of calls that never left", n)
	}
	limit(t, 1<<40)
	later.Store(int64(time.Minute)) // what is blocked is looked at again after half of one; a commit wakes
	for _, id := range ids {
		for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
			if _, err := s.Commit(t.Context(), &store.Batch{Docs: []store.Doc{{Bucket: "filler", Append: true, Value: []byte("x")}}}); err != nil {
				t.Fatal(err)
			}
			i, err := e.Get(id)
			if err != nil {
				t.Fatal(err)
			}
			if i.State == Done {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("there is room again, and %s is %s: %s", i.Target, i.State, i.Problem)
			}
		}
	}
	if n := len(p.did()); n != len(ids) {
		t.Errorf("%d calls of %d actions", n, len(ids))
	}
}

// did are the effects there were.
func (p *provider) did() map[string]int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.effects
}
