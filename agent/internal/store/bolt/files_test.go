package bolt

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func mustOpen(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func mustCommit(t *testing.T, s *Store, batches ...*store.Batch) []store.Result {
	t.Helper()
	r, err := s.Commit(t.Context(), batches...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestUnchangedWritesNothing: not a byte, not even a new transaction in the meta page.
func TestUnchangedWritesNothing(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	b := groups(10, 0, 3000, "a")
	b.Records = append(b.Records, logins(10, 20).Records...)
	b.Docs = []store.Doc{{Bucket: "b", Key: []byte("k"), Value: []byte("v")}}
	mustCommit(t, s, b)
	before := storeFiles(t, dir)
	b.At = time.Unix(99, 0)
	b.Docs = append(b.Docs, store.Doc{Bucket: "b", Key: []byte("never there")})
	r := mustCommit(t, s, b, groups(20, 100, 100, "a"))
	if r[0].Unchanged != 3020 || r[1].Unchanged != 100 || r[0].Bytes != 0 {
		t.Errorf("results %+v", r)
	}
	if !reflect.DeepEqual(before, storeFiles(t, dir)) {
		t.Error("an unchanged commit wrote to a file")
	}
	b.Docs[0].Value = []byte("w")
	if r := mustCommit(t, s, b); r[0].Unchanged != 3020 || r[0].Bytes == 0 {
		t.Errorf("results with a changed document %+v", r)
	}
}

// TestSynced: a killed process cannot show that something was never synced; only a power failure can.
func TestSynced(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	mustCommit(t, s, logins(1, 1))
	for _, db := range []*bbolt.DB{s.main.db, s.days.open["1970-01-01"].db} {
		if db.NoSync || db.NoFreelistSync || db.NoGrowSync {
			t.Errorf("%s: NoSync %v, NoFreelistSync %v, NoGrowSync %v", db.Path(), db.NoSync, db.NoFreelistSync, db.NoGrowSync)
		}
	}
}

func TestInUse(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	for _, readOnly := range []bool{false, true} {
		_, err := Open(Options{Dir: dir, ReadOnly: readOnly})
		if err == nil || !strings.Contains(err.Error(), "in use by another mooring") {
			t.Errorf("read only %v: a second opener got %v", readOnly, err)
		}
	}
	mustCommit(t, s, groups(1, 0, 1, "a")) // the first is as it was
}

func TestReadOnly(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(Options{Dir: filepath.Join(dir, "none"), ReadOnly: true}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a store: %v", err)
	}
	s := mustOpen(t, dir)
	mustCommit(t, s, groups(1, 0, 10, "a"), logins(1, 5))
	want, err := contents(t, s)
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	for range 2 { // beside each other
		r, err := Open(Options{Dir: dir, ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.Close() })
		got, err := contents(t, r)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%d of %d rows, %v", len(got), len(want), err)
		}
		if err := r.Check(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := r.Commit(t.Context(), groups(2, 0, 1, "b")); err == nil {
			t.Error("it commits")
		}
	}
}

func TestNewerFormat(t *testing.T) {
	dir := t.TempDir()
	if err := mustOpen(t, dir).Close(); err != nil {
		t.Fatal(err)
	}
	db, err := bbolt.Open(filepath.Join(dir, instanceFile), fileMode, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		v := binary.BigEndian.AppendUint32(nil, format+1)
		v = binary.LittleEndian.AppendUint64(v, checksum(tMeta, keyFormat, v))
		return tx.Bucket([]byte(tableNames[tMeta])).Put(keyFormat, v)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	_, err = Open(Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), "format 2, this mooring reads 1: run the newer mooring") {
		t.Errorf("%v", err)
	}
}

func TestCounts(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	more := groups(1, 0, 5, "other facet")
	more.Home.Listing = "more"
	gone := groups(2, 0, 3, "")
	for i := range gone.Records {
		gone.Records[i].Op = store.Delete
	}
	half := groups(2, 3, 1, "")
	half.Records[0].Op = store.DropFacet
	mustCommit(t, s, groups(1, 0, 10, "a"), more, gone, half, logins(1, 30))
	want := map[wire.Kind]int64{wire.Kind_KIND_GROUP: 7, wire.Kind_KIND_ACTIVITY: 30}
	if got := s.Counts(); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	last, err := s.Last()
	if n := len(logOf(t, s)); err != nil || int(last) != n {
		t.Errorf("last %d, %v; %d entries", last, err, n)
	}
	if size, err := s.Size(); err != nil || size < 4096 || size > 4<<20 {
		t.Errorf("size %d, %v", size, err)
	}
}

func logOf(t *testing.T, s *Store) []store.Entry {
	t.Helper()
	var out []store.Entry
	for e, err := range s.Log(t.Context(), 0) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	return out
}

func activities(t *testing.T, s *Store) int {
	t.Helper()
	n := 0
	for _, err := range s.Activities(t.Context(), time.Time{}, time.Time{}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// TestManyDays: more days than are kept open, retention of some, also under a reader, and late events afterwards.
func TestManyDays(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir)
	mustCommit(t, s, logins(1, 24*20))
	if n := activities(t, s); n != 480 || len(s.days.open) > maxOpenDays {
		t.Fatalf("%d activities, %d files open", n, len(s.days.open))
	}
	n := 0
	for _, err := range s.Activities(t.Context(), time.Time{}, time.Time{}) {
		if n++; err != nil {
			t.Fatal(err)
		}
		if n == 1 {
			gone, err := s.RetainActivities(t.Context(), time.Unix(0, 0).Add(5*24*time.Hour+time.Minute))
			if gone != 120 || err != nil {
				t.Fatalf("%d activities gone, %v", gone, err)
			}
		}
	}
	if n != 24+360 { // the day under the reader, then what is left
		t.Errorf("the reader saw %d", n)
	}
	if got := s.Counts()[wire.Kind_KIND_ACTIVITY]; activities(t, s) != 360 || got != 360 {
		t.Errorf("%d activities, %d counted", activities(t, s), got)
	}
	names, err := s.days.onDisk()
	if err != nil || len(names) != 15 || names[0] != "1970-01-06" {
		t.Errorf("days %v, %v", names, err)
	}
	if r := mustCommit(t, s, logins(2, 24)); r[0].Created != 24 {
		t.Errorf("late events %+v", r)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if err := os.Remove(s.days.path("1970-01-09")); err != nil {
		t.Fatal(err)
	}
	if err := s.days.remove("1970-01-09"); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(t.Context()); err == nil || !strings.Contains(err.Error(), "1970-01-09.db") {
		t.Errorf("a missing day gives %v", err)
	}
}

// TestCrashBeforeLog: what a crash left in a day file without its log row is nobody's, and new when it comes again, even
// if another entry got the sequence meanwhile.
func TestCrashBeforeLog(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	b := logins(1, 3)
	s.mu.Lock()
	news, err := s.commitActivities([]*store.Batch{b}, make([]store.Result, 1))
	s.mu.Unlock()
	if err != nil || len(news) != 1 {
		t.Fatalf("%v, %v", news, err)
	}
	mustCommit(t, s, groups(1, 0, 1, "a"))
	if n := activities(t, s); n != 0 {
		t.Errorf("%d activities are visible that no log row announces", n)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if r := mustCommit(t, s, b); r[0].Created != 3 {
		t.Errorf("when they come again: %+v", r)
	}
	if e := logOf(t, s)[1]; e.What != store.Activities || e.Count != 3 || activities(t, s) != 3 {
		t.Errorf("the log has %+v", e)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestAgent(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenAgent(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	mustCommit(t, s, &store.Batch{Docs: []store.Doc{{Bucket: "decisions", Key: []byte("1"), Value: []byte("yes")}}})
	if v, err := s.Doc("decisions", []byte("1")); string(v) != "yes" || err != nil {
		t.Errorf("%q, %v", v, err)
	}
	if _, err := os.Stat(filepath.Join(dir, agentFile)); err != nil {
		t.Error(err)
	}
}

func TestBackup(t *testing.T) {
	s := mustOpen(t, t.TempDir())
	mustCommit(t, s, groups(1, 0, 2000, "a"), logins(1, 60))
	want, err := contents(t, s)
	if err != nil {
		t.Fatal(err)
	}
	stop, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		for n := 2; ; n++ {
			if _, err := s.Commit(context.WithoutCancel(stop), logins(n, 100), groups(n, 5000, 500, "b")); err != nil || stop.Err() != nil {
				done <- err
				return
			}
		}
	}()
	var busy bytes.Buffer // while it is in use
	if err := s.Backup(t.Context(), &busy); err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "restored")
	if err := Restore(t.Context(), to, bytes.NewReader(busy.Bytes())); err != nil {
		t.Fatal(err)
	}
	r := mustOpen(t, to)
	if err := r.Check(t.Context()); err != nil {
		t.Error(err)
	}
	got, err := contents(t, r)
	for line := range want {
		if !got[line] {
			t.Fatalf("%q is not in the backup, %v", line, err)
		}
	}
	if v, err := r.Doc(EpochBucket, []byte(EpochKey)); len(v) == 0 || err != nil {
		t.Errorf("epoch %q, %v", v, err)
	}
	if err := Restore(t.Context(), to, bytes.NewReader(busy.Bytes())); err == nil || !strings.Contains(err.Error(), "empty folder") {
		t.Errorf("restore over a store: %v", err)
	}
	badBackups(t, busy.Bytes())
}

// badBackups: whatever is wrong with a backup, nothing of it appears.
func badBackups(t *testing.T, good []byte) {
	t.Helper()
	cases := map[string][]byte{
		"empty": nil, "cut": good[:len(good)/2], "manifest cut off": good[:bytes.LastIndex(good, []byte(manifestFile))],
		"name": bytes.Replace(good, []byte("activities/1970"), []byte("activities/../a"), 1),
	}
	for _, at := range []int{len(good) / 3, len(good) / 2, 700} {
		bad := bytes.Clone(good)
		bad[at] ^= 4
		cases["bit "+time.Duration(at).String()] = bad
	}
	for name, b := range cases {
		parent := t.TempDir()
		if err := Restore(t.Context(), filepath.Join(parent, "to"), bytes.NewReader(b)); err == nil {
			t.Errorf("%s: it was restored", name)
		}
		if left, err := os.ReadDir(parent); len(left) > 0 || err != nil {
			t.Errorf("%s: %v was left behind, %v", name, left, err)
		}
	}
}
