package main

import (
	"fmt"
	"math"
)

// row is one line of the table.
type row struct {
	name, goal string
	run        run
	heavy      bool // takes longer than all the others together
	value      func(round) float64
	ok         func(float64) bool
	beside     func(round) string // more numbers of the same rounds, as medians
}

func (r row) values(rounds []round) []float64 {
	var all []float64
	for _, one := range rounds {
		if v := r.value(one); !math.IsNaN(v) {
			all = append(all, v)
		}
	}
	return all
}

func atLeast(goal float64) func(float64) bool { return func(v float64) bool { return v >= goal } }
func atMost(goal float64) func(float64) bool  { return func(v float64) bool { return v <= goal } }

func metric(bench, unit string) func(round) float64 {
	return func(r round) float64 { return r.get(bench, unit) }
}

func ratio(a, b func(round) float64) func(round) float64 {
	return func(r round) float64 { return a(r) / b(r) }
}

func with(format string, values ...func(round) float64) func(round) string {
	return func(r round) string {
		text := make([]any, len(values))
		for i, v := range values {
			text[i] = short(v(r))
		}
		return fmt.Sprintf(format, text...)
	}
}

// batonRecords is what baton-sdk 0.25 gave in records a second on the same kind of machine, with its default engine
// (reference/performance.md §4). It is not measured here.
const batonRecords = 11_500

const (
	scanPkg  = "agent/internal/scan"
	boltPkg  = "agent/internal/store/bolt"
	hostPkg  = "agent/internal/plughost"
	quotaPkg = "agent/internal/quota"
	judgePkg = "agent/internal/policy"
	wholePkg = "agent/internal/daemon"
)

func rows() []row {
	rows := wayRows()
	rows = append(rows, growthRows()...)
	rows = append(rows, quotaRows()...)
	rows = append(rows, besideRows()...)
	return append(rows, processRows()...)
}

// wayRows are those of the way of a record.
func wayRows() []row {
	slow := run{pkg: scanPkg, bench: "^BenchmarkProvider$/^10ms$", rounds: 3}
	fast := run{pkg: scanPkg, bench: "^BenchmarkProvider$/^0ms$", rounds: 3}
	host := run{pkg: scanPkg, bench: "^BenchmarkHost$", rounds: 5}
	stream := run{pkg: hostPkg, bench: "^BenchmarkStream$", rounds: 5}
	commit := run{pkg: boltPkg, bench: "^BenchmarkCommit$", rounds: 5}
	return []row{
		{
			name: "provider with 10 ms → store, against fetching and decoding alone", goal: "≥ 0.9", run: slow,
			value: metric("Provider/10ms", "of-fetch-alone"), ok: atLeast(0.9),
			beside: with("%s records/s, alone %s", metric("Provider/10ms", "records/s"), metric("Provider/10ms", "alone-records/s")),
		},
		{
			name: "records/s without latency, against baton-sdk's 11.5k of the reference", goal: "≥ 10 ×", run: fast,
			value: func(r round) float64 { return r.get("Provider/0ms", "records/s") / batonRecords }, ok: atLeast(10),
			beside: with("%s records/s, %s of fetching and decoding alone", metric("Provider/0ms", "records/s"), metric("Provider/0ms", "of-fetch-alone")),
		},
		{
			name: "host: stream → changes → durable, against raw bbolt puts", goal: "≥ 0.8", run: host,
			value: metric("Host", "of-raw-puts"), ok: atLeast(0.8),
			beside: with("%s of %s records/s; CPU a record: agent %s ns, connector %s ns",
				metric("Host", "first-records/s"), metric("Host", "raw-records/s"), metric("Host", "first-cpu-ns/record"), metric("Host", "connector-cpu-ns/record")),
		},
		{
			name: "stream, against the stock gRPC client", goal: "≥ 4 ×", run: stream,
			value: ratio(metric("Stream/ours", "records/s"), metric("Stream/stock", "records/s")), ok: atLeast(4),
			beside: with("%s and %s records/s", metric("Stream/ours", "records/s"), metric("Stream/stock", "records/s")),
		},
		{
			name: "stream: allocations a record on the host", goal: "≤ 0.1", run: stream,
			value: func(r round) float64 { return r.get("Stream/ours", "allocs/op") / streamRecords }, ok: atMost(0.1),
			beside: func(r round) string {
				return short(r.get("Stream/stock", "allocs/op")/streamRecords) + " of the stock client"
			},
		},
		{
			name: "unchanged rescan: agent's CPU against the first scan's", goal: "≤ 0.33", run: host,
			value: metric("Host", "again-cpu/first"), ok: atMost(1.0 / 3),
			beside: with("%s and %s ns a record; %s allocations", metric("Host", "again-cpu-ns/record"), metric("Host", "first-cpu-ns/record"), metric("Host", "again-allocs/record")),
		},
		{
			name: "unchanged rescan: store and comparison alone", goal: "≤ 0.1", run: commit,
			value: metric("Commit", "unchanged-time/first"), ok: atMost(0.1),
			beside: with("%s and %s records/s; first against raw puts: %s", metric("Commit", "unchanged-rec/s"), metric("Commit", "first-rec/s"), metric("Commit", "first/raw")),
		},
		{
			name: "unchanged rescan: bytes of records written", goal: "0", run: host,
			value: metric("Host", "again-record-bytes"), ok: atMost(0),
			beside: with("%s B for the round and its checkpoints, of all 300k records", metric("Host", "again-bookkeeping-bytes")),
		},
	}
}

// streamRecords is how many records an operation of BenchmarkStream carries.
const streamRecords = 50_000

// growthRows compare large tenants with small ones. Each size runs in a process of its own.
func growthRows() []row {
	var rows []row
	for _, size := range []struct {
		name, records string
		rounds        int
		heavy         bool
	}{{"1M", "1000000", 3, false}, {"10M", "10000000", 1, true}} {
		large := run{pkg: scanPkg, bench: "^BenchmarkGrowth$/^100000$", apart: "^BenchmarkGrowth$/^" + size.records + "$", rounds: size.rounds}
		bench, small := "Growth/"+size.records, "Growth/100000"
		rows = append(rows, row{
			name: "memory (RssAnon) of agent + connector at " + size.name + " records, against 100k", goal: "≤ 1.15 ×", run: large, heavy: size.heavy,
			value: ratio(metric(bench, "both-MiB"), metric(small, "both-MiB")), ok: atMost(1.15),
			beside: with("agent %s MiB, connector %s MiB; at 100k %s and %s", metric(bench, "agent-MiB"), metric(bench, "connector-MiB"),
				metric(small, "agent-MiB"), metric(small, "connector-MiB")),
		}, row{
			name: "speed of the last tenth of " + size.name + ", against the first", goal: "≥ 0.95", run: large, heavy: size.heavy,
			value: metric(bench, "last-tenth/first"), ok: atLeast(0.95),
			beside: with("%s records/s", metric(bench, "records/s")),
		}, row{
			name: "reopening a store of " + size.name, goal: "≤ 50 ms", run: large, heavy: size.heavy,
			value: metric(bench, "reopen-ms"), ok: atMost(50),
		})
	}
	return rows
}

func quotaRows() []row {
	var rows []row
	for _, c := range []struct{ name, bench string }{
		{"bucket, 10 ms", "token_50/s_burst_50,_10ms"}, {"bucket, 60 ms", "token_50/s_burst_50,_60ms"},
		{"window, 10 ms", "window_500_per_6_s,_10ms"}, {"window, 60 ms", "window_500_per_6_s,_60ms"},
	} {
		bench := "Quota/" + c.bench
		all := run{pkg: quotaPkg, bench: "^BenchmarkQuota$", rounds: 1}
		rows = append(rows, row{
			name: "quota: of the optimum, " + c.name, goal: "≥ 0.98, no 429", run: all,
			value: func(r round) float64 {
				if r.get(bench, "ledger-429s") > 0 {
					return 0
				}
				return r.get(bench, "ledger-efficiency")
			}, ok: atLeast(0.98),
			beside: with("%s × 429; x/time/rate %s with %s × 429; Retry-After %s with %s", metric(bench, "ledger-429s"),
				metric(bench, "rate-efficiency"), metric(bench, "rate-429s"), metric(bench, "retry-efficiency"), metric(bench, "retry-429s")),
		})
	}
	share := run{pkg: quotaPkg, bench: "^BenchmarkShare$", rounds: 3}
	return append(rows,
		row{
			name: "two instances on one quota: sum", goal: "≥ 0.98", run: share,
			value: metric("Share", "sum-of-possible"), ok: atLeast(0.98), beside: with("%s × 429", metric("Share", "429s")),
		},
		row{
			name: "two instances on one quota: each off its share", goal: "≤ 0.02", run: share,
			value: metric("Share", "off-its-share"), ok: atMost(0.02),
		},
		row{
			name: "an action during a full scan waits, in leases, p99", goal: "≤ 1", run: share,
			value: metric("Share", "action-wait-in-requests"), ok: atMost(1),
			beside: with("%s ms of %s actions a round", metric("Share", "action-wait-ms-p99"), metric("Share", "actions")),
		})
}

// besideRows are of a scan that changes each of 100,000 records, the worst there is for who judges them.
func besideRows() []row {
	beside := run{pkg: wholePkg, bench: "^BenchmarkScan$", rounds: 3, time: "2x"}
	var rows []row
	for _, c := range []struct{ name, bench string }{
		{"the ready policies", "ready"}, {"a policy near its cost limit", "costly"}, {"the ready policies, alerts and a dead sink", "dead"},
	} {
		rows = append(rows, row{
			name: "a scan that changes every record, beside " + c.name + ", against none", goal: "≥ 0.9", run: beside,
			value: ratio(metric("Scan/"+c.bench, "records/s"), metric("Scan/none", "records/s")), ok: atLeast(0.9),
			beside: with("%s and %s records/s", metric("Scan/"+c.bench, "records/s"), metric("Scan/none", "records/s")),
		})
	}
	return rows
}

func processRows() []row {
	launch := run{pkg: hostPkg, bench: "^BenchmarkLaunch$", rounds: 3}
	var rows []row
	for _, n := range []string{"1", "13", "100"} {
		goal, ok := "≤ 1.5 ×", atMost(1.5)
		if n == "1" {
			goal, ok = "-", atMost(math.Inf(1))
		}
		rows = append(rows, row{
			name: n + " launched, verified, with keys of their own, against plain", goal: goal, run: launch,
			value: ratio(metric("Launch/ours/"+n, "ns/op"), metric("Launch/plain/"+n, "ns/op")), ok: ok,
			beside: func(r round) string {
				return fmt.Sprintf("%s and %s ms", short(r.get("Launch/ours/"+n, "ns/op")/1e6), short(r.get("Launch/plain/"+n, "ns/op")/1e6))
			},
		})
	}
	return append(rows,
		row{
			name: "memory of an idle connector (PSS, 100 of one binary)", goal: "≤ 7 MiB", run: run{pkg: scanPkg, bench: "^BenchmarkIdle$", rounds: 1},
			value: metric("Idle", "MiB/connector"), ok: atMost(7), beside: with("the agent beside them %s MiB", metric("Idle", "host-MiB")),
		},
		row{
			name: "three-term condition on a decoded record, per second and core", goal: "≥ 1M", run: run{pkg: judgePkg, bench: "^BenchmarkJudge$", rounds: 3, time: "1s"},
			value: metric("Judge", "records/s"), ok: atLeast(1e6), beside: with("%s allocations", metric("Judge", "allocs/op")),
		})
}
