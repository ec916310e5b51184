package scan_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// vendor is a small provider behind scan.Source, with every fault that the tests ask for. Its records travel as a
// connector's do: through sdk.Walk, in wire form.
//
//	members, outside   both define accounts (an account may move between them), fetchable
//	drives             defines groups; its pages carry the shards of files
//	files              defines files in several shards (a file may move), fetchable, without stamps
//	teams, seats       shards that are exclusive, with stamps
//	events             a feed
type vendor struct {
	mu          sync.Mutex
	tenant      string
	fingerprint string
	accounts    map[string]string          // id → members | outside
	drives      map[string]map[string]bool // drive → files
	teams       map[string]map[string]bool // team → seats
	stamps      map[string]int             // team → version
	denied      map[string]bool            // drives whose files cannot be listed; fetching from them is refused too
	hidden      map[string]bool            // accounts that the credential does not see now
	off         map[string]wire.Capability_State
	faults      map[string]*fault // listing → what happens to its next walks
	events      []event
	calls       map[string]int
	pageSize    int
	fetches     []wire.Kind
	given       map[string]bool // records that walks gave, for the naive peer
	onPage      func()          // runs before every page
	hints       chan *wire.Hint // of the long-poll
	breaks      chan error      // end the long-poll
	urgent      int             // calls at the priority of realtime
}

type event struct {
	id string
	at time.Time
}

// fault of a walk.
type fault struct {
	times int // walks it still happens to
	after int // pages that come before it
	err   error
	// half: the listing gives every other record and looks complete.
	half bool
	// repeat: the cursor comes again.
	repeat bool
	// silent: the connector forgets Complete.
	silent bool
	// skips names what the walk could not see.
	skips string
}

func newVendor() *vendor {
	return &vendor{
		tenant: "t1", fingerprint: "f1", pageSize: 3, accounts: map[string]string{}, drives: map[string]map[string]bool{},
		teams: map[string]map[string]bool{}, stamps: map[string]int{}, denied: map[string]bool{}, hidden: map[string]bool{},
		off: map[string]wire.Capability_State{}, faults: map[string]*fault{}, calls: map[string]int{},
		fetches: []wire.Kind{sdk.KindAccount, sdk.KindFile},
	}
}

func description(fetches []wire.Kind) *wire.Description {
	return &wire.Description{Name: "test", Fetches: fetches, Listings: []*wire.ListingSpec{
		{Name: "members", Defines: []wire.Kind{sdk.KindAccount}},
		{Name: "outside", Defines: []wire.Kind{sdk.KindAccount}},
		{Name: "drives", Defines: []wire.Kind{sdk.KindGroup}},
		{Name: "files", Defines: []wire.Kind{sdk.KindFile}, Parent: "drives"},
		{Name: "teams", Defines: []wire.Kind{sdk.KindGroup}},
		{Name: "seats", Defines: []wire.Kind{sdk.KindMembership}, Parent: "teams", Exclusive: true},
		{
			Name: "events", Defines: []wire.Kind{sdk.KindActivity}, Type: wire.ListingSpec_FEED,
			MaxWindow: durationpb.New(24 * time.Hour), Lookback: durationpb.New(72 * time.Hour), Overlap: durationpb.New(time.Minute),
		},
	}}
}

func (v *vendor) Check(context.Context) (*wire.CheckResponse, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if f := v.take("check"); f != nil {
		return nil, f.err
	}
	r := &wire.CheckResponse{TenantId: v.tenant, TenantName: v.tenant, Subject: "admin"}
	for _, l := range description(nil).GetListings() {
		c := &wire.Capability{Name: "list:" + l.GetName(), State: wire.Capability_HELD, Fingerprint: v.fingerprint}
		if s, ok := v.off[l.GetName()]; ok {
			c.State = s
		}
		r.Capabilities = append(r.Capabilities, c)
	}
	return r, nil
}

// take gives the fault of a listing's walk, if one is left. It needs the lock.
func (v *vendor) take(listing string) *fault {
	f := v.faults[listing]
	if f == nil || f.times == 0 {
		return nil
	}
	f.times--
	return f
}

func (v *vendor) Scan(ctx context.Context, p quota.Priority, req *wire.ScanRequest, part func([]byte) error) (*wire.Certificate, error) {
	v.mu.Lock()
	v.calls[req.GetListing()]++
	if p == quota.Realtime {
		v.urgent++
	}
	f := v.take(req.GetListing())
	items, err := v.list(req)
	v.mu.Unlock()
	if err != nil {
		return nil, err
	}
	w := sdk.NewWalk(ctx, req, part)
	if err := v.pages(w, items, f); err != nil {
		return nil, err
	}
	if w.Certificate() == nil {
		return nil, sdk.Errorf(sdk.ErrInternal, "the walk is incomplete")
	}
	return w.Certificate(), nil
}

type item struct {
	record sdk.Record
	shard  *sdk.Shard
}

// list is what a listing and shard holds now, in the order of the ids. It needs the lock.
func (v *vendor) list(req *wire.ScanRequest) ([]item, error) {
	var items []item
	key := req.GetShard().GetKey()
	switch req.GetListing() {
	case "members", "outside":
		for _, id := range slices.Sorted(maps.Keys(v.accounts)) {
			if v.accounts[id] == req.GetListing() && !v.hidden[id] {
				items = append(items, item{record: &sdk.Account{Id: id, Name: new("n" + id)}})
			}
		}
	case "drives":
		for _, id := range slices.Sorted(maps.Keys(v.drives)) {
			items = append(items, item{record: &sdk.Group{Id: id}, shard: &sdk.Shard{Listing: "files", Key: id}})
		}
	case "files":
		if v.denied[key] {
			return nil, sdk.Errorf(sdk.ErrPermission, "drive %s is not yours", key)
		}
		for _, id := range slices.Sorted(maps.Keys(v.drives[key])) {
			items = append(items, item{record: &sdk.File{Id: id, Name: new(id)}})
		}
	case "teams":
		for _, id := range slices.Sorted(maps.Keys(v.teams)) {
			items = append(items, item{record: &sdk.Group{Id: id}, shard: &sdk.Shard{Listing: "seats", Key: id, Stamp: strconv.Itoa(v.stamps[id])}})
		}
	case "seats":
		for _, id := range slices.Sorted(maps.Keys(v.teams[key])) {
			items = append(items, item{record: &sdk.Membership{Id: sdk.ID(key, id), Container: sdk.To(sdk.KindGroup, key)}})
		}
	case "events":
		for _, e := range v.events {
			if !e.at.Before(req.GetFrom().AsTime()) && e.at.Before(req.GetUntil().AsTime()) {
				items = append(items, item{record: &sdk.Activity{Id: e.id, Time: sdk.At(e.at)}})
			}
		}
	}
	return items, nil
}

func (v *vendor) pages(w *sdk.Walk, items []item, f *fault) error {
	n := 0
	for next := w.Resume("0"); next != ""; n++ {
		from, err := strconv.Atoi(strings.TrimSuffix(next, "again"))
		if err != nil {
			return fmt.Errorf("cursor %q: %w", next, err)
		}
		if f != nil && f.err != nil && n >= f.after {
			if from < len(items) { // the page begins, and is cut
				w.Add(items[from].record)
			}
			return f.err
		}
		if v.onPage != nil {
			v.onPage()
		}
		to := min(from+v.pageSize, len(items))
		for i := min(from, to); i < to; i++ {
			if f != nil && f.half && i%2 == 1 {
				continue
			}
			w.Add(items[i].record)
			v.note(items[i].record)
			if items[i].shard != nil {
				w.Found(items[i].shard)
			}
		}
		cursor := strconv.Itoa(to)
		if f != nil && f.repeat && n >= f.after {
			w.EndPage(cursor + "again")
			w.EndPage(cursor + "again")
			break
		}
		if to >= len(items) {
			cursor = ""
		}
		next = w.EndPage(cursor)
	}
	if f != nil && f.silent {
		return nil
	}
	if f != nil && f.skips != "" {
		return w.Complete(sdk.Skipped(f.skips))
	}
	return w.Complete()
}

func (v *vendor) Fetch(_ context.Context, _ quota.Priority, refs []*wire.Ref, each func(*wire.FetchResponse) error) error {
	v.mu.Lock()
	v.calls["fetch"]++
	var answers []*wire.FetchResponse
	for _, r := range refs {
		answers = append(answers, v.fetch(r))
	}
	v.mu.Unlock()
	for _, a := range answers {
		if err := each(a); err != nil {
			return err
		}
	}
	return nil
}

// fetch needs the lock.
func (v *vendor) fetch(r *wire.Ref) *wire.FetchResponse {
	out := &wire.FetchResponse{Ref: r, State: wire.FetchResponse_ABSENT}
	found := func(rec sdk.Record, listing string) {
		e, err := sdk.Envelope(rec, listing)
		if err == nil {
			out.State, out.Envelopes = wire.FetchResponse_FOUND, []*wire.Envelope{e}
		}
	}
	switch r.GetKind() {
	case sdk.KindAccount:
		if l, ok := v.accounts[r.GetId()]; ok && v.hidden[r.GetId()] {
			out.State = wire.FetchResponse_DENIED
		} else if ok {
			found(&sdk.Account{Id: r.GetId(), Name: new("n" + r.GetId())}, l)
		}
	case sdk.KindFile:
		for d, files := range v.drives {
			switch {
			case files[r.GetId()] && v.denied[d]:
				out.State = wire.FetchResponse_DENIED
			case files[r.GetId()]:
				found(&sdk.File{Id: r.GetId(), Name: new(r.GetId())}, "files")
			}
		}
	}
	return out
}

// Watch ends with every error that the test sends.
func (v *vendor) Watch(ctx context.Context, _ []string, each func(*wire.Hint) error) error {
	for {
		select {
		case h := <-v.hints:
			if err := each(h); err != nil {
				return err
			}
		case err := <-v.breaks:
			return err
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (v *vendor) note(r sdk.Record) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.given != nil {
		v.given[sdk.KindName(sdk.KindOf(r))+"/"+r.GetId()] = true
	}
}

// change runs fn while no walk lists.
func (v *vendor) change(fn func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	fn()
}

// exists are the records that the provider has, by kind and id.
func (v *vendor) exists() map[string]bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := map[string]bool{}
	for id := range v.accounts {
		all["account/"+id] = true
	}
	for d, files := range v.drives {
		all["group/"+d] = true
		for f := range files {
			all["file/"+f] = true
		}
	}
	for team, seats := range v.teams {
		all["group/"+team] = true
		for s := range seats {
			all["membership/"+sdk.ID(team, s)] = true
		}
	}
	for _, e := range v.events {
		all["activity/"+e.id] = true
	}
	return all
}
