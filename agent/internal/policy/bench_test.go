package policy

import (
	"testing"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// BenchmarkJudge judges a decoded file by a condition of three terms, all of which have to be looked at, against the same
// written in Go. One core.
func BenchmarkJudge(b *testing.B) {
	c, err := Compile(wire.Kind_KIND_FILE, `file.access_level == "public" && file.size_bytes > 1000 && file.name.endsWith(".pem")`)
	if err != nil {
		b.Fatal(err)
	}
	f := &sdk.File{Id: "1", AccessLevel: new("public"), SizeBytes: new(int64(4000)), Name: new("server.pem")}
	b.ReportAllocs()
	for b.Loop() {
		if v, err := c.Judge(f, Context{}); v != Match || err != nil {
			b.Fatal(v, err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "records/s")
}
