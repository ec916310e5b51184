package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// round is what one run of a test binary printed: benchmark → unit → value. Names are without "Benchmark" and the number
// of processors.
type round map[string]map[string]float64

// parse reads the lines of go test -bench.
func parse(out string) round {
	r := round{}
	for line := range strings.Lines(out) {
		f := strings.Fields(line)
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(f[0], "Benchmark")
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			if _, err := strconv.Atoi(name[i+1:]); err == nil {
				name = name[:i]
			}
		}
		m := map[string]float64{}
		for i := 2; i+1 < len(f); i += 2 {
			if v, err := strconv.ParseFloat(f[i], 64); err == nil {
				m[f[i+1]] = v
			}
		}
		r[name] = m
	}
	return r
}

// get gives a value; NaN when it was not measured.
func (r round) get(bench, unit string) float64 {
	if v, ok := r[bench][unit]; ok {
		return v
	}
	return math.NaN()
}

func median(v []float64) float64 {
	s := slices.Sorted(slices.Values(v))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

func least(v []float64) float64 { return slices.Min(v) }
func most(v []float64) float64  { return slices.Max(v) }

// medians gives each value's median over the rounds.
func medians(rounds []round) round {
	out := round{}
	for _, r := range rounds {
		for bench, units := range r {
			if out[bench] == nil {
				out[bench] = map[string]float64{}
			}
			for unit := range units {
				var all []float64
				for _, other := range rounds {
					if v := other.get(bench, unit); !math.IsNaN(v) {
						all = append(all, v)
					}
				}
				out[bench][unit] = median(all)
			}
		}
	}
	return out
}

// short prints a number with three digits that count.
func short(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1e6:
		return fmt.Sprintf("%.2fM", v/1e6)
	case a >= 1e4:
		return fmt.Sprintf("%.1fk", v/1e3)
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 10:
		return fmt.Sprintf("%.1f", v)
	}
	return strconv.FormatFloat(v, 'g', 3, 64)
}
