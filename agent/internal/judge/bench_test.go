package judge_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/judge"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
	"github.com/mooring-hq/mooring/sdk"
)

const benchRecords = 20_000 // of one scan

// slow asks so much of a record that judging takes far longer than reading it.
func slow() *config.Policy {
	list := "[" + strings.TrimSuffix(strings.Repeat("1,", 60), ",") + "]"
	return on("account", "slow", list+".exists(a, "+list+".exists(b, a + b < 0 || account.display_name == 'x'))")
}

// policies are n quick ones, or a slow one.
func policies(b *testing.B, n int) []*policy.Policy {
	b.Helper()
	c := &config.Config{}
	if n < 0 {
		c.Policies = append(c.Policies, slow())
	}
	for i := range n {
		c.Policies = append(c.Policies, on("account", fmt.Sprint("p", i),
			fmt.Sprintf("account.mfa == 'off' && account.status == 'active' && account.name.endsWith('%d')", i)))
	}
	all, diags := policy.Load(c)
	if diags.HasErrors() {
		b.Fatal(diags)
	}
	return all
}

// scanned commits all accounts, in batches as a scan does.
func scanned(b *testing.B, s store.Store, round int, baseline bool) {
	b.Helper()
	const size = 2_000
	for from := 0; from < benchRecords; from += size {
		batch := &store.Batch{At: time.Now(), Home: store.Home{Listing: "all"}, Defines: kinds, Baseline: baseline}
		for n := from; n < from+size; n++ {
			a := &sdk.Account{
				Name: new(fmt.Sprint("account ", n)), Mfa: new("off"), Status: new("active"), Email: new(fmt.Sprint(n, "@acme.example")),
				DisplayName: new(fmt.Sprint("round ", round)),
			}
			if n%100 == round%100 {
				a.Mfa = new("on")
			}
			body, err := a.MarshalVT()
			if err != nil {
				b.Fatal(err)
			}
			batch.Records = append(batch.Records, store.Record{Kind: sdk.KindAccount, ID: fmt.Appendf(nil, "a%08d", n), Body: body})
		}
		if _, err := s.Commit(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
}

func opened(b *testing.B) *bolt.Store {
	b.Helper()
	s, err := bolt.Open(bolt.Options{Dir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

// BenchmarkScan is a scan that changes every record, with nobody behind it, and with a judge.
func BenchmarkScan(b *testing.B) {
	for _, n := range []int{0, 1, 20, -1} {
		b.Run(fmt.Sprint("policies=", n), func(b *testing.B) {
			s := opened(b)
			scanned(b, s, 0, true)
			wait := func() {}
			if n != 0 {
				j := running(b, s, policies(b, n))
				wait = func() { caughtUp(b, j) }
				if n > 0 {
					wait()
				}
			}
			b.ResetTimer()
			for round := range b.N {
				scanned(b, s, round+1, false)
			}
			b.StopTimer()
			b.ReportMetric(float64(b.N*benchRecords)/b.Elapsed().Seconds(), "records/s")
			if n >= 0 {
				began := time.Now()
				wait()
				b.ReportMetric(time.Since(began).Seconds(), "s_behind")
			}
		})
	}
}

// BenchmarkFirstLook is the walk of a new set of policies.
func BenchmarkFirstLook(b *testing.B) {
	for _, n := range []int{1, 20} {
		b.Run(fmt.Sprint("policies=", n), func(b *testing.B) {
			all := policies(b, n)
			s := opened(b)
			scanned(b, s, 0, true)
			b.ResetTimer()
			for round := range b.N {
				for _, p := range all {
					p.Hash = fmt.Sprint(p.Name, round)
				}
				caughtUp(b, running(b, s, all))
			}
			b.ReportMetric(float64(b.N*benchRecords*n)/b.Elapsed().Seconds(), "judgements/s")
		})
	}
}

func running(b *testing.B, s *bolt.Store, all []*policy.Policy) *judge.Judge {
	b.Helper()
	j := judge.New(judge.Config{
		Provider: "acme", Name: "main", Description: description, Store: s, Organisation: record.NewOrganisation("acme.example"), Policies: all,
	})
	done := make(chan error, 1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() { done <- j.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	return j
}

// caughtUp waits until a judge has nothing to do.
func caughtUp(b *testing.B, j *judge.Judge) {
	b.Helper()
	for {
		s := j.Status()
		if len(s.Policies) > 0 && s.Behind == 0 && s.Walking == "" && s.Policies[0].Looked && !s.Policies[0].Waiting {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
