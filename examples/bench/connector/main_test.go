package main

import (
	"context"
	"testing"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// BenchmarkWalk is what a record costs the connector until it is handed to the connection.
func BenchmarkWalk(b *testing.B) {
	const n = 100_000
	b.ReportAllocs()
	for b.Loop() {
		w := sdk.NewWalk(context.Background(), &wire.ScanRequest{Listing: "files"}, func([]byte) error { return nil })
		if err := files(&sdk.Session{Settings: sdk.Settings{"files": "100000"}}, w); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
}
