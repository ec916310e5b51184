package view_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
	"github.com/mooring-hq/mooring/agent/internal/view"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

var kinds = []wire.Kind{
	wire.Kind_KIND_ACCOUNT, wire.Kind_KIND_GROUP, wire.Kind_KIND_ROLE, wire.Kind_KIND_MEMBERSHIP, wire.Kind_KIND_FILE,
}

// world is a store with one listing that defines everything.
type world struct {
	*bolt.Store
	t   *testing.T
	now time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	s, err := bolt.Open(bolt.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return &world{s, t, time.Date(2026, 11, 22, 8, 0, 0, 0, time.UTC)}
}

func (w *world) source() view.Source {
	return view.Source{Provider: "acme", Name: "main", Store: w.Store, Description: &wire.Description{Listings: []*wire.ListingSpec{
		{Name: "all", Defines: kinds}, {Name: "more", Enriches: kinds},
	}}}
}

func (w *world) reader() *view.Reader {
	return view.New(w.source(), record.NewOrganisation("acme.example"), time.Time{})
}

// put writes records; nil deletes the one of the id.
func (w *world) put(listing string, records ...sdk.Record) {
	w.t.Helper()
	w.now = w.now.Add(time.Minute)
	b := &store.Batch{At: w.now, Home: store.Home{Listing: listing}, Defines: kinds}
	if listing != "all" {
		b.Defines = nil
	}
	for _, r := range records {
		id := r.GetId()
		m, _ := r.(interface{ MarshalVT() ([]byte, error) })
		body, err := m.MarshalVT()
		if err != nil {
			w.t.Fatal(err)
		}
		b.Records = append(b.Records, store.Record{Kind: sdk.KindOf(r), ID: []byte(id), Body: body})
	}
	if _, err := w.Commit(w.t.Context(), b); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) remove(k wire.Kind, id string) {
	w.t.Helper()
	w.now = w.now.Add(time.Minute)
	if _, err := w.Commit(w.t.Context(), &store.Batch{
		At: w.now, Home: store.Home{Listing: "all"}, Defines: kinds, Records: []store.Record{{Op: store.Delete, Kind: k, ID: []byte(id)}},
	}); err != nil {
		w.t.Fatal(err)
	}
}

func member(of wire.Kind, container string, who *wire.Ref) *sdk.Membership {
	return &sdk.Membership{
		Id: sdk.ID(sdk.KindName(of), container, who.GetId()+who.GetEmail()), Container: sdk.To(of, container), Member: who,
	}
}

func account(id string) *wire.Ref { return sdk.To(sdk.KindAccount, id) }
func group(id string) *wire.Ref   { return sdk.To(sdk.KindGroup, id) }
func mail(address string) *wire.Ref {
	return &wire.Ref{Email: &address}
}

// print shows all records as a reader gives them, with what it finds of accounts and groups.
func print(t *testing.T, r *view.Reader) string {
	t.Helper()
	ctx := context.Background()
	var out strings.Builder
	for _, k := range kinds {
		for f, err := range r.Records(ctx, view.Span{Kind: k}) {
			if err != nil {
				t.Fatal(err)
			}
			out.Write(record.JSON(nil, f.Ref, f.Record))
			if a, ok := f.Record.(*wire.Account); ok {
				groups, all := r.Groups(ctx, a)
				var ids []string
				for _, g := range groups {
					ids = append(ids, g.GetId())
				}
				slices.Sort(ids)
				fmt.Fprint(&out, ids, all)
				found := r.Account(ctx, mail(a.GetEmail()))
				fmt.Fprint(&out, found.GetEmail(), found.GetAdmin(), found.GetExternal())
			}
			if g, ok := f.Record.(*wire.Group); ok {
				fmt.Fprint(&out, r.Group(ctx, mail(g.GetEmail())).GetExternalMembers())
			}
			out.WriteByte('\n')
		}
	}
	return out.String()
}

func TestDerivedFields(t *testing.T) {
	w := newWorld(t)
	w.put("all",
		&sdk.Account{Id: "ann", Email: new("ann@acme.example")}, &sdk.Account{Id: "guest", Email: new("g@other.example")},
		&sdk.Group{Id: "all", Email: new("all@acme.example")}, &sdk.Group{Id: "inner"}, &sdk.Group{Id: "ours", Email: new("ours@acme.example")},
		&sdk.Group{Id: "empty"}, &sdk.Group{Id: "loop"}, &sdk.Group{Id: "mails"},
		&sdk.Role{Id: "root", Privileged: new(true)}, &sdk.Role{Id: "reader", Privileged: new(false)},
		member(sdk.KindGroup, "inner", account("guest")), member(sdk.KindGroup, "all", group("inner")),
		member(sdk.KindGroup, "ours", account("ann")), member(sdk.KindGroup, "loop", group("loop")), member(sdk.KindGroup, "loop", account("ann")),
		member(sdk.KindGroup, "mails", mail("all@acme.example")), member(sdk.KindGroup, "ours", mail("bob@acme.example")),
		member(sdk.KindRole, "root", group("inner")), member(sdk.KindRole, "reader", account("ann")),
		&sdk.File{Id: "f1", Access: list(&sdk.Access{Principal: group("all"), Role: new("read")})},
		&sdk.File{Id: "f2", Access: list(&sdk.Access{Principal: &wire.Ref{Kind: sdk.KindGroup, Email: new("ALL@acme.example")}})},
		&sdk.File{Id: "f3", Access: list(&sdk.Access{Principal: mail("ours@acme.example")})},
		&sdk.File{Id: "f4", Access: list(&sdk.Access{Principal: group("empty")})},
		&sdk.File{Id: "f5", Access: list(&sdk.Access{Principal: mail("g@other.example")})},
	)
	r := w.reader()
	want := map[string]string{ // what each record has to say
		"group/all": "true", "group/inner": "true", "group/mails": "true", "group/ours": "false", "group/loop": "false", "group/empty": "unknown",
		"account/guest": "true", "account/ann": "false",
		"file/f1": "external", "file/f2": "external", "file/f3": "internal", "file/f4": "unknown", "file/f5": "external",
	}
	for _, k := range kinds {
		for f, err := range r.Records(t.Context(), view.Span{Kind: k}) {
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			switch m := f.Record.(type) {
			case *wire.Group:
				got = say(m.ExternalMembers)
			case *wire.Account:
				got = say(m.Admin)
			case *wire.File:
				got = m.GetAccessLevel()
				if got == "" {
					got = "unknown"
				}
			default:
				continue
			}
			if key := sdk.KindName(k) + "/" + f.Ref.ID; got != want[key] {
				t.Errorf("%s: %s, want %s", key, got, want[key])
			}
		}
	}
}

func say(b *bool) string {
	if b == nil {
		return "unknown"
	}
	return fmt.Sprint(*b)
}

func list(a ...*sdk.Access) *sdk.AccessList { return &sdk.AccessList{Items: a, Complete: true} }

func TestOnlyDefinedRecordsAreThere(t *testing.T) {
	w := newWorld(t)
	w.put("more", &sdk.Account{Id: "ghost", Name: new("Ghost")}, &sdk.Account{Id: "ann", Mfa: new("on")})
	w.put("all", &sdk.Account{Id: "ann", Name: new("Ann")})
	r := w.reader()
	if f, err := r.Record(t.Context(), sdk.KindAccount, "ghost"); f != nil || err != nil {
		t.Errorf("a record that no listing defines: %v, %v", f, err)
	}
	f, err := r.Record(t.Context(), sdk.KindAccount, "ann")
	if err != nil || f == nil {
		t.Fatalf("ann: %v, %v", f, err)
	}
	if a, _ := f.Record.(*wire.Account); a.GetName() != "Ann" || a.GetMfa() != "on" || !slices.Equal(f.Facets, []string{"all", "more"}) {
		t.Errorf("ann is %v of %v", a, f.Facets)
	}
	before, err := r.RecordAt(t.Context(), sdk.KindAccount, "ann", w.now.Add(-time.Second))
	if before != nil || err != nil {
		t.Errorf("ann before anybody defined her: %v, %v", before, err)
	}
}

// TestForget: a reader that lives on and is told of all changes says what a new one says.
func TestForget(t *testing.T) {
	seed := rand.Uint64()
	rnd := rand.New(rand.NewPCG(seed, 1))
	w := newWorld(t)
	old := w.reader()
	var position uint64
	pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
	ref := func() *wire.Ref {
		switch rnd.IntN(4) {
		case 0:
			return group(pick("g1", "g2", "g3"))
		case 1:
			return mail(pick("g1@acme.example", "ann@acme.example", "x@other.example"))
		}
		return account(pick("ann", "bob", "eve"))
	}
	for step := range 400 {
		switch rnd.IntN(7) {
		case 0:
			w.put("all", &sdk.Account{Id: pick("ann", "bob", "eve"), Email: new(pick("ann@acme.example", "x@other.example", "y@other.example"))})
		case 1:
			w.put("all", &sdk.Group{Id: pick("g1", "g2", "g3"), Email: new(pick("g1@acme.example", "g9@acme.example"))})
		case 2:
			w.put("all", &sdk.Role{Id: pick("r1", "r2"), Privileged: new(rnd.IntN(2) == 0)})
		case 3:
			m := member(sdk.KindGroup, pick("g1", "g2", "g3"), ref())
			m.Id = pick("m1", "m2", "m3", "m4", "m5")
			w.put("all", m)
		case 4:
			m := member(sdk.KindRole, pick("r1", "r2"), ref())
			m.Id = pick("m1", "m2", "m3", "m4", "m5")
			w.put("all", m)
		case 5:
			w.put("all", &sdk.File{Id: pick("f1", "f2"), Access: list(&sdk.Access{Principal: ref()})})
		case 6:
			k := kinds[rnd.IntN(len(kinds))]
			w.remove(k, map[wire.Kind]string{
				sdk.KindAccount: pick("ann", "bob", "eve"), sdk.KindGroup: pick("g1", "g2", "g3"), sdk.KindRole: pick("r1", "r2"),
				sdk.KindMembership: pick("m1", "m2", "m3", "m4", "m5"), sdk.KindFile: pick("f1", "f2"),
			}[k])
		}
		for e, err := range w.Log(t.Context(), position) {
			if err != nil {
				t.Fatal(err)
			}
			old.Forget(t.Context(), e)
			position = e.Sequence
		}
		if got, want := print(t, old), print(t, w.reader()); got != want {
			t.Fatalf("seed %d, step %d:\n%s\nwant\n%s", seed, step, got, want)
		}
	}
}
