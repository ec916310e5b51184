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

// fetchRefs looks at single records at once: a hint said that they changed. What is absent is deleted.
func (e *Engine) fetchRefs(ctx context.Context, refs []*wire.Ref) error {
	return e.Source.Fetch(ctx, ofHint, refs, func(f *wire.FetchResponse) error {
		switch f.GetState() {
		case wire.FetchResponse_FOUND:
			return e.takeFetched(ctx, f)
		case wire.FetchResponse_ABSENT:
			results, err := e.committer.commit(&store.Batch{
				At: time.Now(), Reason: "fetched and absent",
				Records: []store.Record{{Op: store.Delete, Kind: f.GetRef().GetKind(), ID: []byte(f.GetRef().GetId())}},
			})
			if err == nil {
				e.countRows("", results[0])
			}
			return err
		case wire.FetchResponse_DENIED, wire.FetchResponse_FAILED, wire.FetchResponse_STATE_UNSPECIFIED:
		}
		return nil
	})
}
