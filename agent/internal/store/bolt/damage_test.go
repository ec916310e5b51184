package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func groups(at, from, n int, name string) *store.Batch {
	b := &store.Batch{At: time.Unix(int64(at), 0).UTC(), Home: store.Home{Listing: "teams"}, Defines: []wire.Kind{wire.Kind_KIND_GROUP}}
	for i := from; i < from+n; i++ {
		body, _ := (&wire.Group{Name: new(name + strings.Repeat("x", i%90))}).MarshalVT()
		b.Records = append(b.Records, store.Record{Kind: wire.Kind_KIND_GROUP, ID: fmt.Appendf(nil, "group-%024d", i), Body: body})
	}
	return b
}

func logins(at, n int) *store.Batch {
	b := groups(at, 0, 0, "")
	for i := range n {
		body, _ := (&wire.Activity{Action: new("login")}).MarshalVT()
		b.Records = append(b.Records, store.Record{
			Kind: wire.Kind_KIND_ACTIVITY, ID: fmt.Appendf(nil, "event-%d", i), Body: body, Time: int64(i) * int64(time.Hour),
		})
	}
	return b
}

// sampleStore is a closed store with something in every table, deep enough for branches.
func sampleStore(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	drop := groups(40, 100, 50, "")
	for i := range drop.Records {
		drop.Records[i].Op = store.Delete
	}
	docs := groups(5, 0, 0, "")
	for i := range 50 {
		docs.Docs = append(docs.Docs, store.Doc{Bucket: "b", Key: fmt.Append(nil, i), Value: bytes.Repeat([]byte{'v'}, 100*i)})
	}
	for _, b := range []*store.Batch{groups(10, 0, 2000, "a"), docs, logins(20, 60), groups(30, 500, 400, "b"), drop} {
		if _, err := s.Commit(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return dir
}

// contents is everything that a store gives, one line each; the order of tables does not matter.
func contents(t *testing.T, s *Store) (lines map[string]bool, err error) {
	lines = map[string]bool{}
	ctx := t.Context()
	put := func(e error, parts ...any) {
		if e != nil {
			err = errors.Join(err, e)
			return
		}
		lines[line(parts)] = true
	}
	row := func(what string, v store.Row, e error, more ...any) {
		put(e, append(more, what, int(v.Kind), v.ID, v.Facet, v.Body, v.Volatile, v.FirstSeen, v.Since, v.Home.Listing+v.Home.Shard)...)
	}
	for v, e := range s.Rows(ctx, store.Range{}) {
		row("row", v, e)
	}
	for v, e := range s.Rows(ctx, store.Range{At: time.Unix(25, 0)}) {
		row("then", v, e)
	}
	for v, e := range s.History(ctx, store.Range{}) {
		row("was", v.Row, e, v.Until, fmt.Sprint(v.Deleted))
	}
	for v, e := range s.Log(ctx, 0) {
		put(e, int(v.Sequence), v.At, int(v.What), int(v.Kind), v.ID, v.Facet, strings.Join(v.Fields, ","), v.Count, v.Day, v.Reason)
	}
	for v, e := range s.Docs(ctx, "b", nil) {
		put(e, v.Bucket, v.Key, v.Value)
	}
	for v, e := range s.Activities(ctx, time.Time{}, time.Time{}) {
		row("activity", v, e)
	}
	return lines, err
}

// line is quick: it runs millions of times.
func line(parts []any) string {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			b = append(b, p...)
		case []byte:
			b = append(b, p...)
		case int:
			b = strconv.AppendInt(b, int64(p), 10)
		case time.Time:
			b = strconv.AppendInt(b, p.UnixNano(), 10)
		}
		b = append(b, 0)
	}
	return string(b)
}

func storeFiles(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	days, err := filepath.Glob(filepath.Join(dir, daysFolder, "*.db"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(days, filepath.Join(dir, instanceFile)) {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			t.Fatal(err)
		}
		m, err := readMeta(bytes.NewReader(b), 0, int64(os.Getpagesize()))
		if err != nil {
			t.Fatal(err)
		}
		files[rel] = b[:min(len(b), int(m.pages+8)*m.pageSize)]
	}
	return files
}

func writeFiles(t *testing.T, dir string, files map[string][]byte) {
	t.Helper()
	for name, b := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), folderMode); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, b, fileMode); err != nil {
			t.Fatal(err)
		}
	}
}

// harm damages one file: a few bits, a cut, or two pages exchanged.
func harm(rnd *rand.Rand, files map[string][]byte) (name string, b []byte, how string) {
	name = instanceFile
	if rnd.IntN(4) == 0 {
		for n := range files {
			name = n // any
		}
	}
	b = bytes.Clone(files[name])
	page := os.Getpagesize()
	switch rnd.IntN(10) {
	case 0:
		n := rnd.IntN(len(b))
		return name, b[:n], fmt.Sprintf("cut at %d", n)
	case 1:
		i, j := rnd.IntN(len(b)/page), rnd.IntN(len(b)/page)
		copy(b[i*page:], files[name][j*page:(j+1)*page])
		return name, b, fmt.Sprintf("page %d over page %d", j, i)
	}
	how = "bits"
	for range 1 + rnd.IntN(2) {
		at := rnd.IntN(len(b))
		if rnd.IntN(3) == 0 {
			at = at/page*page + rnd.IntN(64) // headers and the first elements
		}
		bit := rnd.IntN(8)
		b[at] ^= 1 << bit
		how += fmt.Sprintf(" %d.%d", at, bit)
	}
	return name, b, how
}

// TestDamage: whatever happened to a file, nothing panics, no reader gets a row that was never written, and what Check
// finds whole gives all that was written.
func TestDamage(t *testing.T) {
	t.Parallel()
	dir := sampleStore(t)
	files := storeFiles(t, dir)
	s, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	want, err := contents(t, s)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	trials := 300
	if v := os.Getenv("BOLT_TRIALS"); v != "" {
		if trials, err = strconv.Atoi(v); err != nil {
			t.Fatal(err)
		}
	}
	seed := rand.Uint64()
	if v := os.Getenv("BOLT_SEED"); v != "" {
		if seed, err = strconv.ParseUint(v, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	found, harmless := 0, 0
	broken := t.TempDir()
	writeFiles(t, broken, files)
	for range trials {
		name, b, how := harm(rnd, files)
		if os.Getenv("BOLT_VERBOSE") != "" {
			t.Log(name, how)
		}
		writeFiles(t, broken, map[string][]byte{name: b})
		if damageOne(t, broken, name+": "+how, want, rnd.IntN(8) == 0) {
			found++
		} else {
			harmless++
		}
		if t.Failed() {
			t.FailNow()
		}
		writeFiles(t, broken, files) // a commit may have written anywhere
	}
	t.Logf("%d damages found, %d harmless (in free pages, or nothing changed)", found, harmless)
	if found < trials/4 {
		t.Fatalf("only %d of %d damages were found: nothing was tested", found, trials)
	}
}

func damageOne(t *testing.T, dir, how string, want map[string]bool, write bool) (found bool) {
	t.Helper()
	s, err := Open(Options{Dir: dir})
	if err != nil {
		wantCorrupt(t, how, err)
		return true
	}
	defer func() {
		if err := s.Close(); err != nil {
			wantCorrupt(t, how, err)
		}
	}()
	checked := s.Check(t.Context())
	got, err := contents(t, s)
	for line := range got {
		if !want[line] {
			t.Errorf("%s: a row that was never written: %s", how, line)
		}
	}
	switch {
	case checked != nil:
		wantCorrupt(t, how, checked)
	case err != nil:
		t.Errorf("%s: Check found nothing, a reader did: %v", how, err)
	case !reflect.DeepEqual(got, want):
		t.Errorf("%s: Check found nothing, and %d rows of %d are there", how, len(got), len(want))
	}
	if write {
		for _, b := range []*store.Batch{groups(50, 200, 900, "c"), logins(60, 70)} {
			if _, err := s.Commit(t.Context(), b); err != nil {
				wantCorrupt(t, how, err)
			}
		}
	}
	return checked != nil
}

func wantCorrupt(t *testing.T, how string, err error) {
	t.Helper()
	var corrupt *CorruptError
	if !errors.As(err, &corrupt) || !strings.Contains(err.Error(), ".db") || !strings.Contains(err.Error(), "mooring restore") {
		t.Errorf("%s: the error does not say which file and what to do: %v", how, err)
	}
}

// TestLoops: a branch that points to itself or upwards would make bbolt go round until the process dies.
func TestLoops(t *testing.T) {
	files := storeFiles(t, sampleStore(t))
	b, page := files[instanceFile], os.Getpagesize()
	tried := 0
	for id := 2; id < len(b)/page; id++ {
		p := b[id*page:]
		if binary.LittleEndian.Uint16(p[8:]) != branchPage || binary.LittleEndian.Uint64(p) != uint64(id) {
			continue
		}
		dir, harmed := t.TempDir(), bytes.Clone(b)
		last := int(binary.LittleEndian.Uint16(p[10:])) - 1
		binary.LittleEndian.PutUint64(harmed[id*page+pageHeader+last*elementBytes+8:], uint64(id))
		writeFiles(t, dir, files)
		writeFiles(t, dir, map[string][]byte{instanceFile: harmed})
		s, err := Open(Options{Dir: dir})
		if err == nil { // the page is free: nobody walks it
			if err := errors.Join(s.Check(t.Context()), s.Close()); err != nil {
				t.Errorf("page %d is walked, and Open did not see that it points to itself: %v", id, err)
			}
			continue
		}
		wantCorrupt(t, fmt.Sprintf("page %d", id), err)
		tried++
	}
	if tried == 0 {
		t.Fatal("no branch page was tried")
	}
}

// TestVanished: a leaf that forgot its last row is a leaf like any other. Only the totals tell.
func TestVanished(t *testing.T) {
	files := storeFiles(t, sampleStore(t))
	b, page := files[instanceFile], os.Getpagesize()
	tried := 0
	for id := 2; id < len(b)/page && tried < 20; id++ {
		p := b[id*page:]
		count := binary.LittleEndian.Uint16(p[10:])
		if binary.LittleEndian.Uint16(p[8:]) != leafPage || binary.LittleEndian.Uint64(p) != uint64(id) || count < 3 {
			continue
		}
		dir, harmed := t.TempDir(), bytes.Clone(b)
		binary.LittleEndian.PutUint16(harmed[id*page+10:], count-1)
		writeFiles(t, dir, files)
		s := mustOpen(t, dir)
		want, err := contents(t, s)
		if err := errors.Join(err, s.Close()); err != nil {
			t.Fatal(err)
		}
		writeFiles(t, dir, map[string][]byte{instanceFile: harmed})
		if s, err = Open(Options{Dir: dir}); err != nil {
			wantCorrupt(t, "a table vanished", err)
			continue
		}
		got, _ := contents(t, s)
		if err := s.Check(t.Context()); err != nil {
			wantCorrupt(t, fmt.Sprintf("page %d", id), err)
			tried++
		} else if len(got) != len(want) {
			t.Errorf("page %d: %d rows of %d are there, and Check finds nothing", id, len(got), len(want))
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if tried == 0 {
		t.Fatal("no leaf in use was tried")
	}
}
