package sink_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/sink"
)

func ocsfSink(path string, maxBytes int64, files int) *config.Sink {
	return &config.Sink{
		Kind: "ocsf", Name: "siem", Enabled: true, Send: config.EventNames(),
		OCSF: &config.OCSFSink{Path: path, MaxBytes: maxBytes, MaxFiles: files},
	}
}

// uids of the lines of a file; a line that is no JSON fails the test.
func uids(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(text) > 0 && text[len(text)-1] != '\n' {
		t.Errorf("%s ends in half a line", path)
	}
	var all []string
	for line := range strings.Lines(string(text)) {
		var e struct{ Metadata struct{ UID string } }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%s: %q: %v", path, line, err)
		}
		all = append(all, e.Metadata.UID)
	}
	return all
}

// run sends until all that is there has been sent.
func (b *bench) drain(c *config.Sink, sent uint64) {
	b.t.Helper()
	s := b.sinks(c)
	stop := b.start(s)
	eventually(b.t, "all is sent", func() bool { return s.Status()[0].Sent == sent })
	stop()
}

func TestFile(t *testing.T) {
	b, path := newBench(t), filepath.Join(t.TempDir(), "log", "events.jsonl")
	b.put(alerts(700)...)
	b.drain(ocsfSink(path, 1<<30, 3), 700)
	b.put(alerts(10)...)
	b.drain(ocsfSink(path, 1<<30, 3), 710)
	same(t, "lines", names(0, 710), uids(t, path))
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm()&0o007 != 0 {
		t.Errorf("everybody may read it: %v, %v", info.Mode(), err)
	}
}

func TestFileIsRotated(t *testing.T) {
	b, path := newBench(t), filepath.Join(t.TempDir(), "events.jsonl")
	b.put(alerts(100)...)
	b.drain(ocsfSink(path, 10_000, 4), 100)
	var got []string
	for _, name := range []string{path + ".3", path + ".2", path + ".1", path} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 10_000 {
			t.Errorf("%s has %d bytes", name, info.Size())
		}
		got = append(got, uids(t, name)...)
	}
	same(t, "lines, newest files", names(100-len(got), 100), got)
	if all, _ := filepath.Glob(path + "*"); len(all) != 4 {
		t.Errorf("files: %v", all)
	}
	for files, want := range map[int]int{1: 1, 2: 2} {
		b, path := newBench(t), filepath.Join(t.TempDir(), "events.jsonl")
		b.put(alerts(30)...)
		b.drain(ocsfSink(path, 1, files), 30) // each event is larger than a file may be
		if all, _ := filepath.Glob(path + "*"); len(all) != want || len(uids(t, path)) != 1 {
			t.Errorf("%d files: %v", files, all)
		}
	}
}

// The agent dies between writing lines and keeping its position: nothing is written twice, and half a line is gone.
func TestFileAfterACrash(t *testing.T) {
	b, path := newBench(t), filepath.Join(t.TempDir(), "events.jsonl")
	b.put(alerts(5)...)
	other := newBench(t) // another agent's file with the same events, as this one's was before
	other.put(alerts(3)...)
	other.drain(ocsfSink(path, 1<<30, 3), 3)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(text) + 1 {
		if cut%97 != 0 && cut != len(text) {
			continue
		}
		if err := os.WriteFile(path, text[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		b := newBench(t)
		b.put(alerts(5)...)
		b.drain(ocsfSink(path, 1<<30, 3), 5)
		same(t, fmt.Sprintf("lines after %d bytes", cut), names(0, 5), uids(t, path))
	}
}

func TestFileThatIsMovedAway(t *testing.T) {
	b, path := newBench(t), filepath.Join(t.TempDir(), "events.jsonl")
	s := b.sinks(ocsfSink(path, 1<<30, 3))
	stop := b.start(s)
	defer stop()
	sent := func(n uint64) func() bool { return func() bool { return s.Status()[0].Sent == n } }
	b.put(alerts(3)...)
	eventually(t, "they are sent", sent(3))
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	b.put(alerts(2)...)
	eventually(t, "they are sent to a new file", sent(5))
	same(t, "moved", names(0, 3), uids(t, path+".old"))
	same(t, "new", names(3, 5), uids(t, path))
	if err := os.Truncate(path, 10); err != nil {
		t.Fatal(err)
	}
	b.put(alert())
	eventually(t, "it is sent to what is left", sent(6))
	same(t, "after somebody cut it", names(5, 6), uids(t, path))
}

func TestFileThatCannotBeWritten(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "events.jsonl")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	b.put(alerts(3)...)
	s := b.sinks(ocsfSink(path, 1<<30, 3))
	stop := b.start(s)
	defer stop()
	eventually(t, "it fails", func() bool { return s.Status()[0].State == "failing" })
	if st := s.Status()[0]; !strings.Contains(st.LastError, "no regular file") {
		t.Errorf("%+v", st)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is written", func() bool { return s.Status()[0].Sent == 3 })
	same(t, "lines", names(0, 3), uids(t, path))
}

func TestForeignFileIsNotCut(t *testing.T) {
	for name, text := range map[string][]byte{
		"binary": make([]byte, 20<<20), "text": []byte("a\nb"), "almost": []byte("{\"a\": 1}\nplain text\nhalf"), "one long line": []byte("{" + strings.Repeat("x", 20<<20)),
		"a store": []byte("\x00\x00\nstore\n{\"a\": 1}\nhalf"),
	} {
		path := filepath.Join(t.TempDir(), "events.jsonl")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		b := newBench(t)
		b.put(alert())
		s := b.sinks(ocsfSink(path, 1<<30, 3))
		stop := b.start(s)
		eventually(t, "it fails", func() bool { return s.Status()[0].State == "failing" })
		stop()
		if info, err := os.Stat(path); err != nil || info.Size() != int64(len(text)) {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
}

// BenchmarkLine is one event as a line of OCSF.
func BenchmarkLine(b *testing.B) {
	e := alert()
	e.Time = time.Now()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := json.Marshal(sink.Line(e)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDrain is events on their way from the agent's file to a sink's, both fsynced.
func BenchmarkDrain(b *testing.B) {
	const events = 5000
	for b.Loop() {
		b.StopTimer()
		w := newBench(b)
		w.put(alerts(events)...)
		path := filepath.Join(b.TempDir(), "events.jsonl")
		b.StartTimer()
		w.drain(ocsfSink(path, 1<<30, 3), events)
	}
	b.ReportMetric(float64(events*b.N)/b.Elapsed().Seconds(), "events/s")
}

// Config names the events that package event knows, and no others.
func TestEventNames(t *testing.T) {
	want := []event.What{
		event.FindingOpened, event.FindingChanged, event.FindingClosed, event.Baseline, event.ActionProposed, event.ActionSettled,
		event.ActionUnsure, event.PolicyFailed, event.AlertOpened, event.AlertUpdated, event.AlertClosed, event.DecisionMade, event.HealthChanged,
	}
	var got []event.What
	for _, n := range config.EventNames() {
		got = append(got, event.What(n))
	}
	slices.Sort(want)
	slices.Sort(got)
	same(t, "events", want, got)
}
