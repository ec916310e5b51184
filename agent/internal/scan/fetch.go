package scan

import (
	"context"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// takeFetched stores the facets of a record that was fetched. A facet keeps the home it has.
func (e *Engine) takeFetched(ctx context.Context, f *wire.FetchResponse) error {
	for _, env := range f.GetEnvelopes() {
		l := e.listings[env.GetListing()]
		if l == nil {
			return sdk.Errorf(sdk.ErrInternal, "fetch gave a facet of %.64q, which is not a listing", env.GetListing())
		}
		r := store.Record{Kind: env.GetKind(), ID: []byte(env.GetId()), Body: env.GetRecord(), Volatile: env.GetVolatile(), Time: int64(env.GetTime())}
		if err := validate(&r, l.kinds); err != nil {
			return sdk.Errorf(sdk.ErrInternal, "fetch gave %v", err)
		}
		home := store.Home{Listing: l.GetName(), Fingerprint: e.fingerprint(l)}
		for row, err := range e.Store.Rows(ctx, store.Range{Kind: r.Kind, ID: env.GetId()}) {
			if err != nil {
				return err
			}
			if row.Facet == l.GetName() {
				home = row.Home
			}
		}
		records := []store.Record{r}
		results, err := e.committer.commit(&store.Batch{
			At: time.Now(), Home: home, Defines: l.GetDefines(), Records: records, Docs: e.confirmed(records, l.GetName()),
		})
		if err != nil {
			return err
		}
		e.countRows(l.GetName(), results[0])
	}
	return nil
}
