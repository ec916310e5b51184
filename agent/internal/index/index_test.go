package index

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/agent/internal/access"
	"github.com/mooring-hq/mooring/agent/internal/people"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// life makes random changes to a store.
type life struct {
	writer
	r *rand.Rand
}

func (l *life) ref(k wire.Kind, n int) *wire.Ref {
	return sdk.To(k, fmt.Sprint(sdk.KindName(k), l.r.IntN(n)))
}

func (l *life) step() {
	kinds := []wire.Kind{sdk.KindAccount, sdk.KindGroup, sdk.KindMembership, sdk.KindFile}
	k := kinds[l.r.IntN(len(kinds))]
	id := l.ref(k, 6).GetId()
	listing := map[wire.Kind]string{sdk.KindAccount: "users", sdk.KindGroup: "groups", sdk.KindMembership: "members", sdk.KindFile: "files"}[k]
	if k == sdk.KindAccount && l.r.IntN(4) == 0 {
		listing = "extra"
	}
	shard := fmt.Sprint(l.r.IntN(2))
	switch l.r.IntN(8) {
	case 0:
		l.commit(listing, shard, false, store.Record{Op: store.Delete, Kind: k, ID: []byte(id)})
		return
	case 1:
		l.commit(listing, shard, false, store.Record{Op: store.DropFacet, Kind: k, ID: []byte(id)})
		return
	}
	var m wire.RecordMessage
	switch k { //nolint:exhaustive // those above
	case sdk.KindAccount:
		m = &wire.Account{Email: new(fmt.Sprintf("u%d@acme.example", l.r.IntN(6))), DisplayName: new(fmt.Sprint(l.r.IntN(3)))}
		if l.r.IntN(5) == 0 {
			m = &wire.Account{Type: new("guest"), Attributes: []*wire.Attribute{{Name: verifiedAttribute, Value: "true"}}}
		}
	case sdk.KindGroup:
		m = &wire.Group{Parent: l.ref(sdk.KindGroup, 6), Type: new("team"), Email: new(fmt.Sprintf("u%d@acme.example", l.r.IntN(20)))}
	case sdk.KindMembership:
		m = &wire.Membership{Container: l.ref(sdk.KindGroup, 6), Member: l.ref(sdk.KindAccount, 6)}
	case sdk.KindFile:
		m = &wire.File{Owner: l.ref(sdk.KindAccount, 6), Access: &wire.AccessList{Items: []*wire.Access{{Principal: l.ref(sdk.KindGroup, 6)}}, Complete: l.r.IntN(2) == 0}}
	}
	l.commit(listing, shard, l.r.IntN(6) == 0, l.record(k, id, m))
}

// tells is all that an index says.
func tells(x *Index) (out []string) {
	for _, p := range x.People(people.Rules{Ours: ourDomain}, false).All() {
		out = append(out, fmt.Sprintf("%+v", p))
	}
	for _, k := range []wire.Kind{sdk.KindAccount, sdk.KindGroup, sdk.KindFile} {
		for n := range 6 {
			key := access.Key{Instance: "box/main", Kind: k, ID: fmt.Sprint(sdk.KindName(k), n)}
			a := x.Graph().Who(key, well{})
			var who []string
			for _, r := range a.Reached {
				who = append(who, fmt.Sprint(r))
			}
			for _, h := range a.Holes {
				who = append(who, fmt.Sprint(h))
			}
			slices.Sort(who)
			out = append(out, fmt.Sprint(key, who))
		}
	}
	return out
}

// TestFollow: an index that follows the log says at every moment what one says that is built anew.
func TestFollow(t *testing.T) {
	for seed := range uint64(6) {
		l := &life{openStore(t), rand.New(rand.NewPCG(seed, 7))}
		sources := []Source{{"box", "main", described(), l.s}}
		x := New()
		for step := range 60 {
			for range l.r.IntN(6) {
				l.step()
			}
			kinds := everyKind
			if step < 5 { // kinds join one after another
				kinds = everyKind[:step+1]
			}
			fresh := New()
			for _, i := range []*Index{x, fresh} {
				for id, err := range i.Follow(t.Context(), sources, kinds...) {
					t.Fatal(id, err)
				}
			}
			if d := cmp.Diff(tells(fresh), tells(x)); d != "" {
				t.Fatalf("seed %d, step %d (-anew +following):\n%s", seed, step, d)
			}
		}
	}
}

// TestReplaced: a store that was replaced, or is gone, takes what it said with it.
func TestReplaced(t *testing.T) {
	a, b := openStore(t), openStore(t)
	a.commit("users", "", true, a.record(sdk.KindAccount, "1", &wire.Account{Email: new("x@acme.example")}))
	b.commit("users", "", true, b.record(sdk.KindAccount, "2", &wire.Account{Email: new("x@acme.example")}))
	x := New()
	for want, sources := range map[string][]Source{
		"[box/main/account/1]": {{"box", "main", described(), a.s}},
		"[box/main/account/2]": {{"box", "main", described(), b.s}},
		"[box/main/account/1 okta/main/account/2]": {
			{"box", "main", described(), a.s}, {"okta", "main", described(), b.s},
		},
		"[]": nil,
	} {
		x.Follow(t.Context(), sources, sdk.KindAccount)
		var refs []record.Ref
		for _, p := range x.People(people.Rules{Ours: ourDomain}, false).All() {
			for _, j := range p.Accounts {
				refs = append(refs, j.Ref)
			}
		}
		if got := fmt.Sprint(refs); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// TestBroken: an instance that cannot be read is named, and the others answer.
func TestBroken(t *testing.T) {
	a, b := openStore(t), openStore(t)
	a.commit("users", "", true, a.record(sdk.KindAccount, "1", &wire.Account{}))
	b.commit("users", "", true, b.record(sdk.KindAccount, "1", &wire.Account{Email: new("x@y.z")}))
	b.commit("users", "", true, store.Record{Kind: sdk.KindAccount, ID: []byte("2"), Body: []byte{0xff}})
	x := New()
	sources := []Source{{"box", "main", described(), a.s}, {"okta", "main", described(), b.s}}
	for range 2 {
		broken := x.Follow(t.Context(), sources, sdk.KindAccount)
		if len(broken) != 1 || broken["okta/main"] == nil {
			t.Errorf("broken are %v", broken)
		}
		if n := len(x.People(people.Rules{}, false).All()); n != 1 {
			t.Errorf("%d persons", n)
		}
		if x.Graph().Has(access.Key{Instance: "okta/main", Kind: sdk.KindAccount, ID: "1"}) {
			t.Error("a part of what cannot be read is in the graph")
		}
	}
}

// TestSigns: what the index tells of addresses: which the provider verified, which are a group's, which facet speaks first.
func TestSigns(t *testing.T) {
	a, b := openStore(t), openStore(t)
	verified := []*wire.Attribute{{Name: verifiedAttribute, Value: "true"}}
	a.commit("users", "", true,
		a.record(sdk.KindAccount, "1", &wire.Account{Email: new("ours@acme.example")}),
		a.record(sdk.KindAccount, "2", &wire.Account{Email: new("verified@else.example"), Attributes: verified}),
		a.record(sdk.KindAccount, "3", &wire.Account{Email: new("not@else.example"), Attributes: []*wire.Attribute{{Name: verifiedAttribute, Value: "false"}}}),
		a.record(sdk.KindAccount, "4", &wire.Account{Email: new("first@acme.example")}))
	a.commit("extra", "", true, a.record(sdk.KindAccount, "4", &wire.Account{Email: new("second@acme.example"), SamlNameId: new("n")}))
	b.commit("users", "", true,
		b.record(sdk.KindAccount, "1", &wire.Account{Email: new("ours@acme.example")}),
		b.record(sdk.KindAccount, "2", &wire.Account{Email: new("verified@else.example"), Attributes: verified}),
		b.record(sdk.KindAccount, "3", &wire.Account{Email: new("not@else.example"), Attributes: verified}),
		b.record(sdk.KindAccount, "4", &wire.Account{Email: new("first@acme.example")}))
	b.commit("groups", "", true, b.record(sdk.KindGroup, "g", &wire.Group{Email: new("Ours@acme.example")}))
	sources := []Source{{"box", "main", described(), a.s}, {"okta", "main", described(), b.s}}
	x := New()
	joined := func() (out []string) {
		x.Follow(t.Context(), sources, sdk.KindAccount, sdk.KindGroup)
		for _, p := range x.People(people.Rules{Ours: ourDomain}, false).All() {
			if len(p.Accounts) == 2 {
				out = append(out, p.ID)
			}
		}
		return out
	}
	if d := cmp.Diff([]string{"verified@else.example", "first@acme.example"}, joined()); d != "" {
		t.Error(d)
	}
	b.commit("groups", "", false, b.record(sdk.KindGroup, "g", &wire.Group{Email: new("first@acme.example")}))
	if d := cmp.Diff([]string{"ours@acme.example", "verified@else.example"}, joined()); d != "" {
		t.Error(d)
	}
	b.commit("groups", "", false, store.Record{Op: store.Delete, Kind: sdk.KindGroup, ID: []byte("g")})
	if d := cmp.Diff([]string{"ours@acme.example", "verified@else.example", "first@acme.example"}, joined()); d != "" {
		t.Error(d)
	}
}

// TestOwnList: files in a repository have no access list of their own, and the repository has.
func TestOwnList(t *testing.T) {
	i := newInstance(Source{"github", "x", &wire.Description{Listings: []*wire.ListingSpec{
		{Name: "repositories", Defines: []wire.Kind{sdk.KindFile}, Fields: []string{"file.name"}},
		{Name: "repository_access", Parent: "repositories", Enriches: []wire.Kind{sdk.KindFile}, Fields: []string{"file.access"}},
		{Name: "files", Parent: "repositories", Defines: []wire.Kind{sdk.KindFile}, Fields: []string{"file.parent"}},
	}}, nil})
	for facet, want := range map[string]bool{"repositories": true, "files": false, "repository_access": true} {
		if got := i.ownList([]store.Row{{Facet: facet}}); got != want {
			t.Errorf("%s: %v", facet, got)
		}
	}
}
