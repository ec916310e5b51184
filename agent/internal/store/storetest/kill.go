package storetest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
)

const (
	childDir   = "STORETEST_CHILD"
	childAfter = "STORETEST_AFTER"
)

// Child is the other side of the kill test: call it first in TestMain, and return when it gives true.
func Child(open Open) bool {
	dir := os.Getenv(childDir)
	if dir == "" {
		return false
	}
	fmt.Println("error", write(dir, open)) // it ends in no other way
	return true
}

// write commits until it is killed, and says on its output which commits are done.
func write(dir string, open Open) error {
	n, err := strconv.Atoi(os.Getenv(childAfter))
	if err != nil {
		return err
	}
	s, err := open(dir)
	if err != nil {
		return err
	}
	fmt.Println("open")
	for {
		n++
		if _, err := s.Commit(context.Background(), numbered(n)); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// numbered is a commit of which every part says its number.
func numbered(n int) *store.Batch {
	b := batch(n)
	for i := range 1 + n%100 {
		b.Records = append(b.Records, account(fmt.Sprintf("u%05d name=v%d", i*7%100, n)))
	}
	for i := range n % 3 {
		b.Records = append(b.Records, event1(fmt.Sprintf("e%d-%d", n, i), second(n*3600+i), "login"))
	}
	b.Docs = []store.Doc{{Bucket: "walk", Key: []byte("number"), Value: []byte(strconv.Itoa(n))}}
	return b
}

// killers is how many stores are killed side by side: most of the time is waiting for the disk.
const killers = 5

// kill kills processes that commit, again and again, and wants every commit they acknowledged, and no part of another.
func kill(t *testing.T, open Open) {
	t.Parallel()
	kills := number(t, "STORETEST_KILLS", 100)
	var landed atomic.Int64
	t.Run("at any time", func(t *testing.T) {
		for i := range killers {
			t.Run(strconv.Itoa(i), func(t *testing.T) {
				t.Parallel()
				landed.Add(killMany(t, open, (kills+killers-1)/killers))
			})
		}
	})
	t.Logf("%d of %d kills landed after the first commit of their process", landed.Load(), kills)
	if landed.Load() < int64(kills)/4 || landed.Load() == 0 {
		t.Fatalf("only %d of %d kills landed: nothing was tested", landed.Load(), kills)
	}
}

// killMany kills the writers of one store and compares it each time with a model that had the same commits.
func killMany(t *testing.T, open Open, kills int) (landed int64) {
	dir, m, done := t.TempDir(), NewModel(), 0
	for range kills {
		acked := killOne(t, dir, done)
		if acked > done {
			landed++
		}
		s, err := open(dir)
		if err != nil {
			t.Fatal(err)
		}
		v, err := s.Doc("walk", []byte("number"))
		if err != nil {
			t.Fatal(err)
		}
		kept := 0
		if v != nil {
			kept, _ = strconv.Atoi(string(v))
		}
		if kept < acked || kept > acked+1 {
			t.Fatalf("commit %d was acknowledged, the store is at %d", acked, kept)
		}
		for done < kept {
			done++
			_, _ = m.Commit(t.Context(), numbered(done))
		}
		ctx, tail := t.Context(), uint64(max(0, len(m.entries)-500))
		same(t, "rows", s.Rows(ctx, store.Range{}), m.Rows(ctx, store.Range{}))
		same(t, "activities", s.Activities(ctx, time.Time{}, time.Time{}), m.Activities(ctx, time.Time{}, time.Time{}))
		same(t, "log", s.Log(ctx, tail), m.Log(ctx, tail))
		mustCheck(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return landed
}

// killOne runs the child for a random time and gives the last commit that it acknowledged.
func killOne(t *testing.T, dir string, done int) (acked int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, exe)
	cmd.Env = append(os.Environ(), childDir+"="+dir, childAfter+"="+strconv.Itoa(done))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	acked = done
	soon := time.AfterFunc(time.Hour, cancel) // cancel is SIGKILL
	defer soon.Stop()
	for after := done + rand.IntN(5); lines.Scan(); {
		if line := lines.Text(); strings.HasPrefix(line, "error") {
			t.Error(line)
			cancel()
		} else if n, err := strconv.Atoi(line); err == nil {
			acked = n
		}
		if acked >= after {
			soon.Reset(rand.N(10 * time.Millisecond))
			after = math.MaxInt
		}
	}
	_, _ = io.Copy(io.Discard, out)
	_ = cmd.Wait() // it was killed
	return acked
}
