// Command bench runs the benchmarks behind the design's numbers and prints them as one table: each a ratio of two things
// in one run on one machine, as the median of rounds that take turns.
//
//	bench            the rows that fit ten minutes
//	bench all        ten million records too
//	bench 'launch|stream'   rows by name
package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"
)

const everything = "all"

func main() {
	pattern := "."
	if len(os.Args) > 1 && os.Args[1] != "" {
		pattern = os.Args[1]
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := bench(ctx, pattern)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, pattern string) error {
	heavy := pattern == everything
	if heavy {
		pattern = "."
	}
	chosen, err := regexp.Compile(pattern)
	if err != nil {
		return fmt.Errorf("pattern of rows: %w", err)
	}
	var wanted []row
	for _, r := range rows() {
		if chosen.MatchString(r.name) && (heavy || !r.heavy) {
			wanted = append(wanted, r)
		}
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	begin := time.Now()
	results, err := (&runner{dir: dir}).run(ctx, wanted)
	if err != nil {
		return err
	}
	return table(wanted, results, time.Since(begin))
}

func table(wanted []row, results map[string][]round, took time.Duration) error {
	w := tabwriter.NewWriter(os.Stdout, 2, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ROW\tGOAL\tMEASURED\tOK?\tMIN..MAX OF ROUNDS\tBESIDE IT")
	for _, r := range wanted {
		values := r.values(results[r.run.key()])
		if len(values) == 0 {
			fmt.Fprintf(w, "%s\t%s\tnothing measured\tno\t\t\n", r.name, r.goal)
			continue
		}
		v := median(values)
		ok := "yes"
		if !r.ok(v) {
			ok = "no"
		}
		beside := ""
		if r.beside != nil {
			beside = r.beside(medians(results[r.run.key()]))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s..%s of %d\t%s\n", r.name, r.goal, short(v), ok, short(least(values)), short(most(values)), len(values), beside)
	}
	fmt.Fprintln(w, "kill -9 anywhere\tthe pages of one commit\tmake crash\t\t\t")
	if err := w.Flush(); err != nil {
		return err
	}
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Printf("\n%s, load %s", took.Round(time.Second), strings.TrimSpace(string(load)))
	fmt.Println(". Medians; only the ratios mean anything on a machine that others use.")
	return nil
}

// run is what one process measures.
type run struct {
	pkg    string // below the module
	bench  string
	apart  string // another one, in a process of its own in the same round
	rounds int
	time   string // of one benchmark, as go test -benchtime takes it; "": one operation
}

func (r run) key() string { return strings.TrimSpace(r.pkg + " " + r.bench + " " + r.apart) }

// runner builds each test binary once and runs it for each round.
type runner struct{ dir string }

func (r *runner) run(ctx context.Context, wanted []row) (map[string][]round, error) {
	var order []run
	binaries := map[string]string{}
	known := map[string]bool{}
	for _, w := range wanted {
		if known[w.run.key()] {
			continue
		}
		known[w.run.key()] = true
		order = append(order, w.run)
		if binaries[w.run.pkg] == "" {
			path := filepath.Join(r.dir, strings.ReplaceAll(w.run.pkg, "/", "-")+".test")
			if out, err := exec.CommandContext(ctx, "go", "test", "-c", "-ldflags", "-s -w", "-o", path, "./"+w.run.pkg).CombinedOutput(); err != nil {
				return nil, fmt.Errorf("building the benchmarks of %s: %w: %s", w.run.pkg, err, out)
			}
			binaries[w.run.pkg] = path
		}
	}
	results := map[string][]round{}
	for n := 0; ; n++ {
		ran := false
		for _, one := range order {
			if n >= one.rounds {
				continue
			}
			ran = true
			fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", n+1, one.rounds, one.key())
			m, err := measure(ctx, binaries[one.pkg], one, one.bench)
			if err == nil && one.apart != "" {
				var other round
				other, err = measure(ctx, binaries[one.pkg], one, one.apart)
				maps.Copy(m, other)
			}
			if ctx.Err() != nil { // what was measured until then is shown
				return results, nil //nolint:nilerr // the interruption is what was asked for
			}
			if err != nil {
				return nil, err
			}
			results[one.key()] = append(results[one.key()], m)
		}
		if !ran {
			return results, nil
		}
	}
}

func measure(ctx context.Context, binary string, one run, bench string) (round, error) {
	c := exec.CommandContext(ctx, binary, "-test.run", "^$", "-test.bench", bench, "-test.benchtime", cmp.Or(one.time, "1x"), "-test.timeout", "60m")
	c.Dir = one.pkg
	out, err := c.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("%s: %w:\n%s", one.key(), err, out)
	}
	return parse(string(out)), nil
}
