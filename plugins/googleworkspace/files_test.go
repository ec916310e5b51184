package main

import (
	"testing"

	"github.com/mooring-hq/mooring/sdk"
)

// personFiles walks the drive of a person.
func personFiles(t *testing.T, w *world, c connector, s *sdk.Session, i int) *result {
	t.Helper()
	drives := must(t, walk(t, c, s, full("drives")))
	return must(t, walk(t, c, s, shardOf(drives.shard(t, person(i).ID))))
}

func TestDrives(t *testing.T) {
	w := start(t, newWorld(), nil)
	r := must(t, walk(t, w.connector(), w.session(t), full("drives")))
	if len(r.shards) != userCount || len(r.records) != 0 {
		t.Errorf("%d shards, %d records", len(r.shards), len(r.records))
	}
	for _, i := range []int{1, 2} { // suspended, archived
		if sh := r.shard(t, person(i).ID); sh.GetState() != sdk.ShardUnavailable || sh.GetReason() == "" {
			t.Errorf("the drive of somebody who is suspended: %v", sh)
		}
	}
}

func TestFiles(t *testing.T) {
	w := start(t, newWorld(), nil)
	c, s := w.connector(), w.session(t)
	r := personFiles(t, w, c, s, 6)
	if len(r.records) != 6 {
		t.Fatalf("%d files", len(r.records))
	}
	for i, level := range []string{"public", "link", "", "", "", ""} {
		f := record[*sdk.File](t, r, sdk.KindFile, w.myFile(i, 6).ID)
		if f.GetAccessLevel() != level || f.GetOwner().GetId() != person(6).ID || !f.GetAccess().GetComplete() || f.GetTrashed() != (i == 3) {
			t.Errorf("file %d: %v", i, f)
		}
	}
	f := record[*sdk.File](t, r, sdk.KindFile, w.myFile(2, 6).ID)
	got := map[string]string{}
	for _, a := range f.GetAccess().GetItems() {
		got[sdk.KindName(a.GetPrincipal().GetKind())+" "+a.GetPrincipal().GetEmail()+a.GetLinkScope()] = a.GetRole()
	}
	for who, role := range map[string]string{
		"account " + person(6).Email: "owner", "unspecified organization": "read", "group group1@acme.example": "write", "account guest@partner.example": "read",
	} {
		if got[who] != role {
			t.Errorf("%s may %q, want %q: %v", who, got[who], role, got)
		}
	}
	if d := record[*sdk.File](t, r, sdk.KindFile, w.myFile(4, 6).ID); d.GetType() != "folder" || d.SizeBytes != nil {
		t.Errorf("folder: %v", d)
	}
	if n := len(personFiles(t, w, c, s, 5).records); n != manyFiles {
		t.Errorf("%d files of who has many, want %d", n, manyFiles)
	}
}

func TestSharedDrives(t *testing.T) {
	w := start(t, newWorld(), nil)
	c, s := w.connector(), w.session(t)
	r := must(t, walk(t, c, s, full("shared_drives")))
	d := record[*sdk.File](t, r, sdk.KindFile, sharedDrive)
	if d.GetType() != "folder" || len(d.GetAccess().GetItems()) != 2 || !d.GetAccess().GetComplete() {
		t.Errorf("shared drive: %v", d)
	}
	if sh := r.shard(t, emptyDrive); sh.GetState() != sdk.ShardUnavailable || sh.GetReason() == "" {
		t.Errorf("a drive without people by name: %v", sh)
	}
	files := must(t, walk(t, c, s, shardOf(r.shard(t, sharedDrive))))
	inherits := record[*sdk.File](t, files, sdk.KindFile, "shared-0")
	if inherits.GetAccessLevel() != "" || len(inherits.GetAccess().GetItems()) != 2 || !inherits.GetAccess().GetItems()[0].GetInherited() {
		t.Errorf("a file that has what the drive gives: %v", inherits)
	}
	if f := record[*sdk.File](t, files, sdk.KindFile, "shared-2"); f.GetAccessLevel() != "link" || len(f.GetAccess().GetItems()) != 3 {
		t.Errorf("a file with a link of its own: %v", f)
	}
}
