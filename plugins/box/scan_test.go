package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/mooring-hq/mooring/plugins/box/boxtest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func shard(listing, key string) *sdk.Shard { return &sdk.Shard{Listing: listing, Key: key} }

func delta(listing string, bookmark []byte) *wire.ScanRequest {
	r := full(listing)
	r.Mode, r.Bookmark = sdk.ModeDelta, bookmark
	return r
}

func TestUsers(t *testing.T) {
	w := start(t, newContent(), nil)
	r := must(t, walk(t, w.session(t, nil), full("users")))
	if got := len(r.ids(sdk.KindAccount)); got != userCount {
		t.Fatalf("%d accounts, want %d", got, userCount)
	}
	for id, want := range map[string]struct {
		status, kind string
		admin        bool
	}{
		"1000": {"active", "user", false}, "1001": {"active", "user", true}, "1002": {"active", "user", true},
		"1003": {"suspended", "user", false}, "1004": {"active", "user", false}, "1005": {"active", "service", false},
	} {
		a := record[*sdk.Account](t, r, sdk.KindAccount, id)
		if a.GetStatus() != want.status || a.GetType() != want.kind || a.GetAdmin() != want.admin || a.GetEmail() == "" {
			t.Errorf("account %s is %v", id, a)
		}
	}
	if a := record[*sdk.Account](t, r, sdk.KindAccount, "1004"); attribute(a.GetNative(), "status") != "cannot_delete_edit" {
		t.Errorf("the vendor's word is lost: %v", a)
	}
	if got, want := r.ids(sdk.KindMembership), []string{"role/admin/1001", "role/coadmin/1002"}; !slices.Equal(got, want) {
		t.Errorf("memberships %q, want %q", got, want)
	}
	if got, want := len(r.shards), 2*userCount; got != want {
		t.Errorf("%d shards, want %d", got, want)
	}
	guests := must(t, walk(t, w.session(t, nil), full("external_users")))
	if a := record[*sdk.Account](t, guests, sdk.KindAccount, stranger(0).ID); a.GetType() != "guest" {
		t.Errorf("a guest is %v", a)
	}
}

func TestGroupsAndMembers(t *testing.T) {
	w := start(t, newContent(), nil)
	s := w.session(t, nil)
	r := must(t, walk(t, s, full("groups")))
	if len(r.ids(sdk.KindGroup)) != groupCount || len(r.shards) != groupCount {
		t.Fatalf("groups %v, shards %v", r.ids(sdk.KindGroup), r.shards)
	}
	m := must(t, walk(t, s, shardOf(r.shards[0])))
	one := record[*sdk.Membership](t, m, sdk.KindMembership, "4000")
	if one.GetContainer().GetId() != "300" || one.GetMember().GetId() != "1000" || one.GetRole() != "admin" || len(m.order) != 5 {
		t.Errorf("membership %v of %d", one, len(m.order))
	}
	gone := walk(t, s, shardOf(shard("memberships", "399")))
	if must(t, gone); len(gone.order) != 0 {
		t.Errorf("a group that is gone has members: %v", gone.order)
	}
}

// access gives the entries of a file as text.
func accessOf(f *sdk.File) []string {
	var list []string
	for _, a := range f.GetAccess().GetItems() {
		who := a.GetPrincipal().GetId() + a.GetLinkScope()
		if a.GetInherited() {
			who += " via " + a.GetVia()
		}
		list = append(list, who+" "+a.GetRole())
	}
	slices.Sort(list)
	return list
}

func TestTree(t *testing.T) {
	w := start(t, newContent(), func(c *boxtest.Config) { c.Limits.Page = 4 })
	r := must(t, walk(t, w.session(t, nil), shardOf(shard("files", "1000"))))
	if got, want := len(r.ids(sdk.KindFile)), 7+bigCount; got != want {
		t.Fatalf("%d files, want %d: %v", got, want, r.order)
	}
	for id, want := range map[string]struct {
		path, kind, parent string
		access             []string
		complete           bool
	}{
		"100": {"Plans", "folder", "", []string{"1000 owner", "1001 write", "301 read"}, true},
		"102": {"Plans/Secret/budget.xlsx", "file", "101", []string{"1000 owner", "1001 via 100 write", "301 via 100 read"}, true},
		"103": {"Plans/roadmap.docx", "file", "100", []string{"1000 owner", "1001 via 100 write", "301 via 100 read", "90000 write"}, true},
		"120": {"Wiki", "", "", []string{"1000 owner"}, false},
	} {
		f := record[*sdk.File](t, r, sdk.KindFile, id)
		if f.GetPath() != want.path || f.GetType() != want.kind || f.GetParent().GetId() != want.parent || f.GetAccess().GetComplete() != want.complete {
			t.Errorf("file %s is %v", id, f)
		}
		if got := accessOf(f); !slices.Equal(got, want.access) {
			t.Errorf("access of %s: %q, want %q", id, got, want.access)
		}
	}
	f := record[*sdk.File](t, r, sdk.KindFile, "103")
	if !slices.Equal(f.GetLabels().GetItems(), []string{"Confidential"}) || f.GetContentHash() == "" || f.GetVersion() == "" || f.GetSizeBytes() != 42 {
		t.Errorf("file 103 is %v", f)
	}
}

// TestOnce: what is shared appears in several trees, and is listed in its owner's only.
func TestOnce(t *testing.T) {
	w := start(t, newContent(), nil)
	s := w.session(t, nil)
	homes := map[string]string{}
	for i := range userCount {
		id := someone(i).ID
		if i == 3 {
			continue // inactive
		}
		for _, f := range must(t, walk(t, s, shardOf(shard("files", id)))).ids(sdk.KindFile) {
			if before := homes[f]; before != "" {
				t.Errorf("file %s is listed for %s and %s", f, before, id)
			}
			homes[f] = id
		}
	}
	if homes["130"] != "1001" || homes["100"] != "1000" || len(homes) != 8+bigCount {
		t.Errorf("%d files have a home: %v", len(homes), homes)
	}
	open := must(t, walk(t, s, shardOf(shard("files", "1001"))))
	if f := record[*sdk.File](t, open, sdk.KindFile, "130"); f.GetAccessLevel() != "link" {
		t.Errorf("an open link gives access level %q", f.GetAccessLevel())
	}
}

func TestInactiveUser(t *testing.T) {
	w := start(t, newContent(), nil)
	s := w.session(t, nil)
	if r := walk(t, s, shardOf(shard("files", "1003"))); sdk.TypeOf(r.err) != sdk.ErrPermission {
		t.Errorf("the tree of somebody inactive gives %v, a permission that is missing is expected", r.err)
	}
	if r := must(t, walk(t, s, shardOf(shard("files", "4711")))); len(r.order) > 0 {
		t.Errorf("the tree of a deleted user has %v", r.order)
	}
}

func TestTrash(t *testing.T) {
	w := start(t, newContent(), nil)
	r := must(t, walk(t, w.session(t, nil), shardOf(shard("trash", "1000"))))
	if f := record[*sdk.File](t, r, sdk.KindFile, "131"); !f.GetTrashed() || attribute(f.GetAttributes(), "trashed_at") == "" || len(r.order) != 1 {
		t.Errorf("the trash has %v: %v", r.order, f)
	}
}

func TestPins(t *testing.T) {
	w := start(t, newContent(), func(c *boxtest.Config) { c.Limits.Page = 1 })
	r := must(t, walk(t, w.session(t, nil), full("device_pins")))
	if o := record[*sdk.Other](t, r, sdk.KindOther, "51"); o.GetName() != "iPad" || attribute(o.GetAttributes(), "account") != "1002" {
		t.Errorf("a pin is %v", o)
	}
}

func TestDomains(t *testing.T) {
	w := start(t, newContent(), func(c *boxtest.Config) { c.Limits.Page = 1 })
	r := must(t, walk(t, w.session(t, nil), full("collaboration_domains")))
	if d := record[*sdk.TenantItem](t, r, sdk.KindSetting, "collaboration_domain/61"); d.GetValue() != "other.example" || attribute(d.GetAttributes(), "direction") != "inbound" {
		t.Errorf("a domain is %v", d)
	}
}

// TestTreeResumes after every page: exactly the rest comes, with the same access, although what gives it was read before.
func TestTreeResumes(t *testing.T) {
	w := start(t, newContent(), func(c *boxtest.Config) { c.Limits.Page = 2 })
	s := w.session(t, nil)
	whole := must(t, walk(t, s, shardOf(shard("files", "1000"))))
	for pages := 1; pages < len(whole.marks); pages++ {
		first := walkUntil(t, s, shardOf(shard("files", "1000")), pages)
		req := shardOf(shard("files", "1000"))
		req.Checkpoint = first.marks[len(first.marks)-1]
		rest := must(t, walk(t, s, req))
		if got := len(first.order) + len(rest.order); got != len(whole.order) {
			t.Errorf("after %d pages: %d and %d records, %d expected", pages, len(first.order), len(rest.order), len(whole.order))
		}
		for key, f := range rest.records {
			if !proto.Equal(f.(*sdk.File), whole.records[key].(*sdk.File)) {
				t.Errorf("after %d pages %s differs: %v, want %v", pages, key, f, whole.records[key])
			}
		}
	}
}

// TestFolderGoneWhileAway: the folder on whose page the walk stood is gone at the resume. Nothing that is there is lost.
func TestFolderGoneWhileAway(t *testing.T) {
	w := start(t, newContent(), func(c *boxtest.Config) { c.Limits.Page = 2 })
	s := w.session(t, nil)
	first := walkUntil(t, s, shardOf(shard("files", "1000")), 1) // on its way into Plans
	if !strings.Contains(string(first.marks[0]), `"c":"100"`) {
		t.Fatalf("the walk does not stand in Plans: %s", first.marks[0])
	}
	w.change(func() {
		w.items = slices.DeleteFunc(w.items, func(it boxtest.Item) bool { return slices.Contains([]string{"100", "101", "102", "103"}, it.ID) })
	})
	req := shardOf(shard("files", "1000"))
	req.Checkpoint = first.marks[0]
	rest := must(t, walk(t, s, req))
	if got, want := len(rest.ids(sdk.KindFile)), 3+bigCount; got != want {
		t.Errorf("%d files come, want %d: %v", got, want, rest.order)
	}
}

// TestDeepTree: the checkpoint of a deep tree fits, and so does that of a wide one.
func TestDeepAndWideTree(t *testing.T) {
	c := newContent()
	c.items = nil
	parent := boxtest.Root
	for i := range 60 {
		id := 500_000 + i
		c.items = append(c.items, thing(boxtest.Folder, id, fmt.Sprint("d", i), parent, someone(0)))
		parent = fmt.Sprint(id)
	}
	for i := range 3000 {
		c.items = append(c.items, thing(boxtest.Folder, 600_000+i, fmt.Sprint("w", i), parent, someone(0)))
	}
	w := start(t, c, func(c *boxtest.Config) { c.Record = nil })
	r := must(t, walk(t, w.session(t, nil), shardOf(shard("files", "1000"))))
	if len(r.ids(sdk.KindFile)) != 3060 {
		t.Errorf("%d folders come", len(r.ids(sdk.KindFile)))
	}
	for _, m := range r.marks {
		if len(m) > sdk.MaxCheckpointBytes/4 {
			t.Fatalf("a checkpoint has %d bytes", len(m))
		}
	}
}

// TestStuckCursor inside a step of the walk ends it, too.
func TestStuckCursor(t *testing.T) {
	w := start(t, newContent(), func(c *boxtest.Config) { c.Limits.Page, c.Record = 1, nil })
	w.fake.Fault(fake.Fault{Match: "/2.0/folders/*/collaborations", Do: fake.FaultRepeat})
	if r := walk(t, w.session(t, nil), shardOf(shard("files", "1000"))); sdk.TypeOf(r.err) != sdk.ErrInternal {
		t.Errorf("a cursor that stands still gives %v", r.err)
	} else if n := w.fake.Stats().Requests; n > 20 {
		t.Errorf("it was noticed after %d requests", n)
	}
}

// TestBeyondThePages: what Box has no pages for is not said to be gone.
func TestBeyondThePages(t *testing.T) {
	c := company(20, 11_500, 0)
	for i := range 11_500 {
		c.members["300000"] = append(c.members["300000"], boxtest.Membership{ID: fmt.Sprint(i), User: someone(i), CreatedAt: madeAt})
	}
	w := start(t, c, func(c *boxtest.Config) { c.Record = nil })
	s := w.session(t, nil)
	for _, req := range []*wire.ScanRequest{full("groups"), shardOf(shard("memberships", "300000"))} {
		r := must(t, walk(t, s, req))
		if len(r.order) != 11_000 || len(r.cert.GetSkipped()) != 1 || r.cert.GetBookmark() != nil {
			t.Errorf("listing %s: %d records, skipped %q", req.GetListing(), len(r.order), r.cert.GetSkipped())
		}
	}
}
