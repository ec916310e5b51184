package scan_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// TestDeletionsArriveBesideOneOfThousands: of 5,000 shards one is denied, and a listing of the same kind is not in the
// plan; what is gone elsewhere is gone here within two rounds, and what the denied one held stays. With Fetch and without.
func TestDeletionsArriveBesideOneOfThousands(t *testing.T) {
	const drives = 5000
	for name, fetches := range map[string][]wire.Kind{"fetch": {sdk.KindAccount, sdk.KindFile}, "no fetch": nil} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.v.fetches, w.v.pageSize = fetches, 1000
				populate(w.v)
				w.v.off["outside"] = wire.Capability_NOT_IN_PLAN
				for d := range drives {
					drive := fmt.Sprintf("m%04d", d)
					w.v.drives[drive] = map[string]bool{drive + "-f0": true, drive + "-f1": true}
				}
				if _, err := w.scan(false); err != nil {
					t.Fatal(err)
				}
				w.v.change(func() {
					w.v.denied["m0007"] = true
					delete(w.v.drives["m0007"], "m0007-f0") // nobody can know
					delete(w.v.accounts, "a01")
					for d := 100; d < 110; d++ {
						drive := fmt.Sprintf("m%04d", d)
						delete(w.v.drives[drive], drive+"-f1")
					}
				})
				for range 2 {
					if _, err := w.scan(false); err != nil {
						t.Fatal(err)
					}
				}
				want := []string{"account/a01"}
				for d := 100; d < 110; d++ {
					want = append(want, fmt.Sprintf("file/m%04d-f1", d))
				}
				got := w.deletions()
				slices.Sort(got)
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("deleted within two rounds (-want +got):\n%s", d)
				}
			})
		})
	}
}
