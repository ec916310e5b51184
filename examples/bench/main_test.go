package main

import (
	"math"
	"strings"
	"testing"
)

const printed = `goos: linux
BenchmarkShare-2   	       1	12929488944 ns/op	         0 429s	         0.9970 sum-of-possible
BenchmarkLaunch/ours/13-2         	       1	 5770000 ns/op
BenchmarkQuota/window_500_per_6_s,_10ms-2 	 1	 1 ns/op	 0.99 ledger-efficiency	 2.000 ledger-429s
PASS
`

func TestParse(t *testing.T) {
	r := parse(printed)
	for _, c := range []struct {
		bench, unit string
		want        float64
	}{
		{"Share", "sum-of-possible", 0.997}, {"Share", "429s", 0}, {"Launch/ours/13", "ns/op", 5_770_000},
		{"Quota/window_500_per_6_s,_10ms", "ledger-429s", 2},
	} {
		if v := r.get(c.bench, c.unit); v != c.want {
			t.Errorf("%s %s: %v, want %v", c.bench, c.unit, v, c.want)
		}
	}
	if !math.IsNaN(r.get("Share", "nothing")) || !math.IsNaN(r.get("Nobody", "ns/op")) {
		t.Error("what was not measured has a value")
	}
}

// A row that cannot be measured must not look reached.
func TestRows(t *testing.T) {
	names := map[string]bool{}
	for _, r := range rows() {
		if names[r.name] || r.goal == "" || r.run.rounds < 1 || !strings.HasPrefix(r.run.bench, "^Benchmark") {
			t.Errorf("row %q is incomplete or there twice", r.name)
		}
		names[r.name] = true
		if v := r.values([]round{{}}); len(v) > 0 {
			t.Errorf("row %q has the value %v of nothing", r.name, v)
		}
	}
	if v := rows(); len(v) < 20 {
		t.Errorf("%d rows", len(v))
	}
	for _, r := range rows() {
		if r.name == "quota: of the optimum, window, 10 ms" {
			if v := r.values([]round{parse(printed)}); len(v) != 1 || r.ok(v[0]) {
				t.Errorf("refused requests pass: %v", v)
			}
		}
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want float64
	}{{[]float64{3}, 3}, {[]float64{9, 1, 2}, 2}, {[]float64{4, 1, 3, 2}, 2.5}} {
		if v := median(c.in); v != c.want {
			t.Errorf("median of %v: %v", c.in, v)
		}
	}
}
