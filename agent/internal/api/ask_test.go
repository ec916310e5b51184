package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/agent/internal/people"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// backend answers from stores that a test filled.
type backend struct {
	instances []*Instance
	people    string // the map file
}

func (b *backend) Instances() []*Instance            { return b.instances }
func (b *backend) Organisation() record.Organisation { return record.NewOrganisation("acme.example") }
func (b *backend) Agent() Agent                      { return nil }

func (b *backend) PeopleMap() (people.Map, error) {
	if b.people == "" {
		return people.Map{}, nil
	}
	return people.ReadMap(strings.NewReader("person,account\n" + b.people))
}

// shop is an instance with a store.
type shop struct {
	tb testing.TB
	*Instance
	s *bolt.Store
}

func (b *backend) open(tb testing.TB, provider string) *shop {
	tb.Helper()
	s, err := bolt.Open(bolt.Options{Dir: tb.TempDir()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Close() })
	i := &Instance{Provider: provider, Name: "main", Store: s, Enabled: true, Description: &wire.Description{Name: provider, Listings: []*wire.ListingSpec{
		{Name: "users", Defines: []wire.Kind{sdk.KindAccount}, Fields: []string{"account.email"}},
		{Name: "groups", Defines: []wire.Kind{sdk.KindGroup}},
		{Name: "members", Defines: []wire.Kind{sdk.KindMembership}, Parent: "groups"},
		{Name: "files", Defines: []wire.Kind{sdk.KindFile}, Fields: []string{"file.access"}},
		{Name: "log", Defines: []wire.Kind{sdk.KindActivity}, Type: wire.ListingSpec_FEED},
	}}}
	b.instances = append(b.instances, i)
	h := &shop{tb, i, s}
	for _, l := range []string{"users", "groups", "files"} {
		h.certify(l, "", time.Now())
	}
	return h
}

func (h *shop) doc(bucket, key string, v any) {
	h.tb.Helper()
	value, err := json.Marshal(v)
	if err != nil {
		h.tb.Fatal(err)
	}
	h.commit(&store.Batch{At: time.Now(), Docs: []store.Doc{{Bucket: bucket, Key: []byte(key), Value: value}}})
}

func (h *shop) commit(b *store.Batch) {
	h.tb.Helper()
	if _, err := h.s.Commit(context.Background(), b); err != nil {
		h.tb.Fatal(err)
	}
}

// certify says when a shard was walked, and that its listing's round was complete then.
func (h *shop) certify(listing, shard string, at time.Time) {
	h.tb.Helper()
	h.doc("shards", listing+"\x00"+shard, map[string]any{"Listing": listing, "Key": shard, "WalkedAt": at})
	h.doc("rounds", listing, scan.Round{Listing: listing, Started: at, Finished: at, Complete: true, LastComplete: at})
}

func (h *shop) put(listing, shard string, at time.Time, k wire.Kind, id string, m wire.RecordMessage) {
	h.tb.Helper()
	r := store.Record{Kind: k, ID: []byte(id), Body: encode(h.tb, m)}
	if a, ok := m.(*wire.Activity); ok {
		r.Time = a.GetTime().AsTime().UnixNano()
	}
	h.commit(&store.Batch{At: at, Home: store.Home{Listing: listing, Shard: shard}, Defines: []wire.Kind{k}, Records: []store.Record{r}})
}

// ask gives the lines of an answer and its trailer.
func ask[T any](tb testing.TB, h http.Handler, path string, query url.Values) (lines []T, t Trailer) {
	tb.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path+"?"+query.Encode(), http.NoBody))
	if w.Code != http.StatusOK {
		tb.Fatalf("%s %v: %d %s", path, query, w.Code, w.Body)
	}
	for line := range bytes.Lines(w.Body.Bytes()) {
		if bytes.HasPrefix(line, []byte(`{"_coverage"`)) {
			if err := json.Unmarshal(line, &t); err != nil {
				tb.Fatal(err)
			}
			continue
		}
		var v T
		if err := json.Unmarshal(line, &v); err != nil {
			tb.Fatal(err)
		}
		lines = append(lines, v)
	}
	if t.Coverage == nil || t.Count != len(lines) {
		tb.Errorf("%s: the trailer is %+v, of %d lines", path, t, len(lines))
	}
	return lines, t
}

// office is a company of three in Box: ann and bob in team g, which may read file f; cat is in okta too.
func office(t *testing.T) (*backend, *shop, *shop) {
	t.Helper()
	b := &backend{}
	box, okta := b.open(t, "box"), b.open(t, "okta")
	now := time.Now()
	for id, name := range map[string]string{"1": "ann", "2": "bob", "3": "cat"} {
		box.put("users", "", now, sdk.KindAccount, id, &wire.Account{Name: new(name), Email: new(name + "@acme.example"), Status: new("active"), Type: new("user")})
	}
	box.put("groups", "", now, sdk.KindGroup, "g", &wire.Group{Name: new("team"), Type: new("team")})
	for _, id := range []string{"1", "2"} {
		box.put("members", "g", now, sdk.KindMembership, "g/"+id, &wire.Membership{Container: sdk.To(sdk.KindGroup, "g"), Member: sdk.To(sdk.KindAccount, id)})
	}
	box.put("files", "", now, sdk.KindFile, "f", &wire.File{Name: new("plan"), Owner: sdk.To(sdk.KindAccount, "3"), Access: &wire.AccessList{
		Items: []*wire.Access{{Principal: sdk.To(sdk.KindGroup, "g"), Role: new("read")}}, Complete: true,
	}})
	box.certify("members", "g", now)
	okta.put("users", "", now, sdk.KindAccount, "00u3", &wire.Account{Name: new("cat"), Email: new("CAT@acme.example"), Status: new("deleted")})
	return b, box, okta
}

// sharedNotes gives everyone in the organisation a file, and the app people of whom it is not sure that they are of it.
func sharedNotes(_ *backend, box *shop) {
	box.put("users", "", time.Now(), sdk.KindAccount, "5", &wire.Account{Name: new("gus"), Type: new("guest"), Email: new("gus@else.example")})
	box.put("users", "", time.Now(), sdk.KindAccount, "6", &wire.Account{Name: new("sam")})
	box.put("users", "", time.Now(), sdk.KindAccount, "7", &wire.Account{Name: new("pat"), Type: new("user"), Email: new("pat@home.example")})
	box.put("users", "", time.Now(), sdk.KindAccount, "8", &wire.Account{Name: new("gil"), Type: new("guest"), Email: new("gil@acme.example")})
	box.put("files", "", time.Now(), sdk.KindFile, "n", &wire.File{Name: new("notes"), Access: &wire.AccessList{
		Items: []*wire.Access{{LinkScope: new("organization"), Role: new("read")}}, Complete: true,
	}})
}

func TestAccess(t *testing.T) {
	const people = "certain account cat; certain account ann; certain account bob"
	old := time.Now().Add(-3 * recent)
	cases := map[string]struct {
		x, want string
		do      func(b *backend, box *shop)
	}{
		"all is seen":    {"box/main/file/f", people, func(*backend, *shop) {}},
		"by name":        {"plan", people, func(*backend, *shop) {}},
		"of a group":     {"team", "certain account ann; certain account bob", func(*backend, *shop) {}},
		"of an account":  {"ann@acme.example", "certain group team; certain file plan", func(*backend, *shop) {}},
		"of a human":     {"cat@acme.example", "certain file plan; unknown listing members", func(*backend, *shop) {}},
		"old members":    {"plan", "certain account cat; possible account ann; possible account bob; unknown group team", func(_ *backend, box *shop) { box.certify("members", "g", old) }},
		"never complete": {"plan", "certain account cat; possible account ann; possible account bob; unknown group team", func(_ *backend, box *shop) { box.certify("members", "g", time.Time{}) }},
		"an old file":    {"plan", "possible account cat; possible account ann; possible account bob; unknown file plan", func(_ *backend, box *shop) { box.certify("files", "", old) }},
		"unconfirmed": {"plan", "certain account cat; certain account ann; possible account bob", func(_ *backend, box *shop) {
			box.doc("unconfirmed", string([]byte{byte(sdk.KindMembership)})+"g/2\x00members", map[string]any{})
		}},
		"a missing permission": {"plan", people + "; unknown group team", func(_ *backend, box *shop) {
			check := &wire.CheckResponse{Capabilities: []*wire.Capability{{Name: "list:members", State: wire.Capability_MISSING, Missing: []string{"x"}}}}
			value, err := check.MarshalVT()
			if err != nil {
				box.tb.Fatal(err)
			}
			box.commit(&store.Batch{Docs: []store.Doc{{Bucket: "check", Key: []byte("last"), Value: value}}})
		}},
		"its members cannot be listed": {"plan", "certain account cat; possible account ann; possible account bob; unknown group team", func(_ *backend, box *shop) {
			box.doc("shards", "members\x00g", map[string]any{"Listing": "members", "Key": "g", "WalkedAt": time.Now(), "Unavailable": true})
			box.doc("rounds", "members", scan.Round{Listing: "members", LastComplete: time.Now(), Unavailable: 1})
		}},
		"those of another cannot be listed": {"plan", people, func(_ *backend, box *shop) {
			box.doc("shards", "members\x00h", map[string]any{"Listing": "members", "Key": "h", "Unavailable": true})
			box.doc("rounds", "members", scan.Round{Listing: "members", LastComplete: time.Now(), Unavailable: 1})
		}},
		"its members were seen in part": {"plan", people + "; unknown group team", func(_ *backend, box *shop) {
			box.doc("shards", "members\x00g", map[string]any{"Listing": "members", "Key": "g", "WalkedAt": time.Now(), "Skipped": []string{"beyond 10000"}})
			box.doc("rounds", "members", scan.Round{Listing: "members", LastComplete: time.Now(), Skipped: 1})
		}},
		"those of another were seen in part": {"plan", people, func(_ *backend, box *shop) {
			box.doc("shards", "members\x00h", map[string]any{"Listing": "members", "Key": "h", "WalkedAt": time.Now(), "Skipped": []string{"beyond 10000"}})
			box.doc("rounds", "members", scan.Round{Listing: "members", LastComplete: time.Now(), Skipped: 1})
		}},
		"a shard that was never walked": {"plan", people + "; possible account dan", func(_ *backend, box *shop) {
			box.put("users", "", time.Now(), sdk.KindAccount, "4", &wire.Account{Name: new("dan")})
			box.put("members", "new", time.Now(), sdk.KindMembership, "g/4", &wire.Membership{Container: sdk.To(sdk.KindGroup, "g"), Member: sdk.To(sdk.KindAccount, "4")})
		}},
		"everyone's": {"plan", people + "; certain organization everyone in the organisation of box/main", func(_ *backend, box *shop) {
			box.put("files", "", time.Now(), sdk.KindFile, "f", &wire.File{Name: new("plan"), Owner: sdk.To(sdk.KindAccount, "3"), Access: &wire.AccessList{
				Items: []*wire.Access{{Principal: sdk.To(sdk.KindGroup, "g")}, {LinkScope: new("organization"), Role: new("read")}}, Complete: true,
			}})
		}},
		"what everyone's is to one of us":                  {"ann", "certain group team; certain file plan; certain file notes", sharedNotes},
		"what everyone's is to a guest":                    {"gus", "", sharedNotes},
		"what everyone's is to one with a private address": {"pat", "possible file notes", sharedNotes},
		"what everyone's is to a guest of ours":            {"gil", "possible file notes", sharedNotes},
		"what everyone's is to a stranger":                 {"sam", "possible file notes", sharedNotes},
		"unproven": {"plan", "certain account cat; possible account ann; possible account bob", func(_ *backend, box *shop) {
			box.doc("shards", "members\x00g", map[string]any{"Listing": "members", "Key": "g", "WalkedAt": time.Now(), "Unproven": true})
		}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			b, box, _ := office(t)
			h := New(b)
			ask[Reach](t, h, "/v1/access", url.Values{"x": {"plan"}}) // what is asked before changes nothing
			c.do(b, box)
			lines, _ := ask[Reach](t, h, "/v1/access", url.Values{"x": {c.x}})
			var got []string
			for _, l := range lines {
				got = append(got, fmt.Sprintf("%s %s %s", l.Certainty, l.Kind, l.Name))
			}
			want := strings.Split(c.want, "; ")
			if c.want == "" {
				want = nil
			}
			slices.Sort(want)
			slices.Sort(got)
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s\n%+v", d, lines)
			}
		})
	}
}
