package crash

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What the agent promises, as numbers.
const (
	walks        = 4           // at once
	shardCalls   = 2           // of a walk of one shard, at most: its commit is its end
	joinCalls    = 10          // lists that a resumed walk reads anew, to join them in: owners, without 2FA …
	commitEvery  = time.Second // of a longer walk
	commitPages  = 100         // and at the latest: 10,000 records
	commitsAhead = 2           // one is written while the next one is filled
	feedEvery    = 4 * time.Minute
	feedCalls    = 5 // of all feeds that this organisation has
)

var kinds = []string{"accounts", "groups", "roles", "memberships", "activities", "files", "apps", "grants", "settings", "others"}

// reference is the run that nobody killed.
type reference struct {
	records  map[string][]string // kind → lines, in order
	changes  map[string]int      // what → how many
	requests int                 // of the first scan
	check    int                 // requests of one check
	start    time.Duration       // of a process and its connector, to the end of the check
	first    time.Duration
	rescan   time.Duration
	full     time.Duration
	paging   time.Duration // of one page of the longest list
}

func (r *reference) String() string {
	n := 0
	for _, lines := range r.records {
		n += len(lines)
	}
	return fmt.Sprintf("never killed: %d records, first scan %d requests in %s, rescan in %s, full one in %s; a check %d requests; at most %d pages again per kill",
		n, r.requests, r.first.Round(time.Millisecond), r.rescan.Round(time.Millisecond), r.full.Round(time.Millisecond), r.check, r.perKill())
}

// perKill is how many pages a kill may cost: those under way in walks of shards, and those of one longer walk that are
// not committed yet. Most kills cost far less, so a machine that is quicker now than during the reference does no harm.
func (r *reference) perKill() int {
	pages := 1 + int(commitEvery/max(r.paging, 1))
	return walks*shardCalls + joinCalls + commitsAhead*min(pages, commitPages)
}

// measure scans without kills.
func (r *run) measure() *reference {
	ref := &reference{}
	r.ref = ref
	ref.start, ref.check = r.timed("check")
	r.wipe()
	before, began := r.requests(), time.Now()
	a := r.start("run")
	if got := a.wait(forever, r.complete); got != isThrough {
		r.t.Fatalf("the reference ended by itself: %s", a.log.tail())
	}
	ref.first, ref.requests = time.Since(began), r.requests()-before
	r.stop(a)
	ref.paging = r.paging()
	ref.records = r.records()
	ref.rescan, _ = r.timed("scan")
	ref.full, _ = r.timed("scan", "--full")
	ref.changes = r.changes()
	if n := ref.changes["deleted"]; n > 0 {
		r.violation("the run that nobody killed deleted %d records of a company that does not change", n)
	}
	r.same("rescans of the run that nobody killed")
	return ref
}

func (r *run) timed(args ...string) (time.Duration, int) {
	r.t.Helper()
	before, began := r.requests(), time.Now()
	if out, err := r.mooring(args...); err != nil {
		r.t.Fatalf("mooring %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return time.Since(began), r.requests() - before
}

type status struct {
	Instances []struct {
		Listings []struct {
			Listing, State string
			AsOf           time.Time `json:"as_of"`
			LastScan       time.Time `json:"last_scan"`
			Pages          int
		}
	}
}

// complete asks the running agent whether every listing that it may see was scanned whole.
func (w *world) complete() bool {
	var s status
	if w.get("http://agent/v1/status", &s) != nil || len(s.Instances) != 1 {
		return false
	}
	for _, l := range s.Instances[0].Listings {
		if l.State == "never" || l.State == "incomplete" {
			return false
		}
	}
	return len(s.Instances[0].Listings) > 0
}

// paging is the time of one page of the list of members, the longest.
func (w *world) paging() time.Duration {
	w.t.Helper()
	out, err := w.mooring("status", "-o", "json")
	var s status
	if err == nil {
		err = json.Unmarshal(out, &s)
	}
	if err != nil {
		w.t.Fatalf("status: %v: %s", err, out)
	}
	for _, l := range s.Instances[0].Listings {
		if l.Listing == "members" && l.Pages > 0 {
			return l.LastScan.Sub(l.AsOf) / time.Duration(l.Pages)
		}
	}
	w.t.Fatalf("status does not tell of members: %s", out)
	return 0
}

// records are all that the store holds: references and fields, in order.
func (w *world) records() map[string][]string {
	w.t.Helper()
	all := map[string][]string{}
	for _, kind := range kinds {
		out, err := w.mooring("query", kind, "-o", "jsonl")
		if err != nil {
			w.t.Fatalf("query %s: %v: %s", kind, err, out)
		}
		lines := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
		slices.Sort(lines)
		all[kind] = lines
	}
	return all
}

// changes counts the entries of the log.
func (w *world) changes() map[string]int {
	w.t.Helper()
	out, err := w.mooring("changes", "--limit", "0", "--filled", "-o", "jsonl")
	if err != nil {
		w.t.Fatalf("changes: %v: %s", err, out)
	}
	count := map[string]int{}
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var c struct{ What string }
		if err := d.Decode(&c); err != nil {
			w.t.Fatalf("changes: %v", err)
		}
		count[c.What]++
	}
	return count
}

// judge compares what is there after a pass with the reference.
func (r *run) judge(after string) {
	r.t.Helper()
	r.same(after)
	for what, n := range r.changes() {
		if r.ref.changes[what] == 0 {
			r.violation("%s: the log tells of %d records %s, in a company that does not change", after, n, what)
		}
	}
	if out, err := r.mooring("store", "check"); err != nil {
		r.violation("%s: the store does not check clean: %v: %s", after, err, out)
	}
	r.strays(after)
}

func (r *run) same(after string) {
	r.t.Helper()
	for kind, got := range r.records() {
		want := r.ref.records[kind]
		if slices.Equal(got, want) {
			continue
		}
		r.violation("%s: %d %s, the run that nobody killed has %d; the first differences:\n%s", after, len(got), kind, len(want), firstDifferences(want, got))
	}
}

const shownDifferences = 3

// firstDifferences of two ordered lists.
func firstDifferences(want, got []string) string {
	var only []string
	for len(only) < shownDifferences && (len(want) > 0 || len(got) > 0) {
		switch {
		case len(want) > 0 && len(got) > 0 && want[0] == got[0]:
			want, got = want[1:], got[1:]
		case len(got) == 0 || (len(want) > 0 && want[0] < got[0]):
			only, want = append(only, "- "+want[0]), want[1:]
		default:
			only, got = append(only, "+ "+got[0]), got[1:]
		}
	}
	return strings.Join(only, "\n")
}

// strays are files that killed processes left and nobody took away.
func (r *run) strays(after string) {
	r.t.Helper()
	var found []string
	look := func(root string, known func(path string) bool) {
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			if rel, _ := filepath.Rel(root, path); !known(rel) {
				found = append(found, path)
			}
			return nil
		})
		if err != nil {
			r.t.Error(err)
		}
	}
	look(filepath.Join(r.dir, "data"), func(path string) bool {
		day, _ := filepath.Match("instances/github/sales/activities/*.db", path)
		return day || path == "agent.db" || path == "instances/github/sales/instance.db" || strings.HasPrefix(path, "audit/")
	})
	look(r.runtime, func(string) bool { return false })
	if diff := cmp.Diff([]string(nil), found); diff != "" {
		r.violation("%s: left behind by killed processes:\n%s", after, diff)
	}
}
