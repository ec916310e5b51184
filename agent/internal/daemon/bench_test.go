package daemon

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/sdk"
)

// scannedPeople have an account, a membership and a file each.
const scannedPeople = 33_333

// deadSink takes events of everything and is not there.
const deadSink = `
network {
  private = ["127.0.0.1"]
}
sink "webhook" "dead" {
  url  = "http://127.0.0.1:9/"
  send = ["finding.*", "alert.*", "baseline", "policy.failed"]
}
`

// costly is near the limit of what a condition may cost on a record.
func costly() string {
	list := "[" + strings.TrimSuffix(strings.Repeat("1,", 60), ",") + "]"
	return fmt.Sprintf("policy \"costly\" {\n  on = \"account\"\n  when = \"%s.exists(a, %s.exists(b, a + b < 0 || account.display_name == 'x'))\"\n}\n", list, list)
}

// beside is the configuration of what goes on beside a scan.
func beside(b *testing.B, ready bool, more string) *config.Config {
	b.Helper()
	dir := b.TempDir()
	texts := map[string]string{"agent.hcl": "agent {\n  data_dir = \"./data\"\n}\n" + more}
	names, err := filepath.Glob("../../../examples/policies/*.hcl")
	if err != nil || len(names) == 0 {
		b.Fatal(names, err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		if ready {
			texts[filepath.Base(name)] = string(text)
		}
	}
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	c, diags := config.Load(dir, nil)
	if diags.HasErrors() {
		b.Fatal(diags)
	}
	return c
}

// BenchmarkScan is a scan of 100,000 records, each of which has changed: with nobody behind it, with the ready policies, with one
// that costs as much as it may, and with the ready policies, alerts and a sink that is dead.
func BenchmarkScan(b *testing.B) {
	for _, c := range []struct {
		name  string
		ready bool
		more  string
	}{{"none", false, ""}, {"ready", true, ""}, {"costly", false, costly()}, {"dead", true, deadSink}} {
		b.Run(c.name, func(b *testing.B) {
			g := newGoverned(b, beside(b, c.ready, c.more))
			g.d.wg.Go(func() { g.d.ended(g.d.ctx, "alerts", g.d.alerts.Run(g.d.ctx)) })
			g.d.mu.Lock()
			g.d.send()
			g.d.mu.Unlock()
			b.Cleanup(func() { g.d.outlets.stop() })
			i := g.d.instances["scripted/main"]
			once := func(round int) time.Duration {
				gives := company(scannedPeople)
				for _, r := range gives["accounts"] {
					r.(*sdk.Account).DisplayName = new(fmt.Sprint("round ", round)) //nolint:forcetypeassert // see company
				}
				for _, r := range gives["members"] {
					r.(*sdk.Membership).Role = new(fmt.Sprint("round ", round)) //nolint:forcetypeassert // the same
				}
				for _, r := range gives["files"] {
					r.(*sdk.File).Name = new(fmt.Sprint("round ", round)) //nolint:forcetypeassert // the same
				}
				g.main.mu.Lock()
				g.main.gives = gives
				g.main.mu.Unlock()
				began := time.Now()
				if _, err := i.engine.Once(b.Context(), scan.Request{}); err != nil {
					b.Fatal(err)
				}
				return time.Since(began)
			}
			once(-1)
			if !strings.Contains(c.more, "costly") {
				for s := g.d.judges.status(i.c.ID()); s == nil || s.Behind > 0 || s.Walking != ""; s = g.d.judges.status(i.c.ID()) {
					time.Sleep(time.Millisecond)
				}
			}
			var took time.Duration
			for round := range b.N {
				took += once(round)
			}
			b.ReportMetric(float64(b.N*3*scannedPeople)/took.Seconds(), "records/s")
		})
	}
}
