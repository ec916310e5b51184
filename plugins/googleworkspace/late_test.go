package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
	"github.com/mooring-hq/mooring/sdk"
)

// TestLateEntries: an entry that the log shows only after a delta walk looked is found by the next one.
func TestLateEntries(t *testing.T) {
	w := start(t, newWorld(), nil)
	c, s := w.connector(), w.session(t)
	first := must(t, walk(t, c, s, full("users")))
	w.later(10 * time.Minute)
	w.change(func() {
		w.users[20].Suspended = true
		w.log("admin", w.now.Add(-2*time.Minute), w.users[0], "USER_SETTINGS", "SUSPEND_USER", email("USER_EMAIL", w.users[20].Email))
		w.logs["admin"][len(w.logs["admin"])-1].Seen = w.now.Add(5 * time.Minute)
	})
	early := must(t, walk(t, c, s, delta("users", first.cert.GetBookmark())))
	w.later(10 * time.Minute)
	late := must(t, walk(t, c, s, delta("users", early.cert.GetBookmark())))
	if len(early.records) != 0 || len(late.records) != 1 {
		t.Errorf("%d records before the log showed it, %d after", len(early.records), len(late.records))
	}
}

// TestManyOwners: when the log names more people than are worth asking for one by one, everybody is listed once.
func TestManyOwners(t *testing.T) {
	w := start(t, newWorld(), nil)
	c, s := w.connector(), w.session(t)
	first := must(t, walk(t, c, s, full("drives")))
	w.later(10 * time.Minute)
	w.change(func() {
		for i := range 100 {
			u := w.users[100+i]
			w.log("drive", w.now, u, "access", "create", email("doc_id", fmt.Sprint("new-", i)), email("owner", strings.ToUpper(u.Email)))
		}
		w.log("drive", w.now, w.users[9], "access", "create", email("doc_id", "x"), email("owner", "somebody@partner.example"))
	})
	var r *result
	n := w.counted(func() { r = must(t, walk(t, c, s, delta("drives", first.cert.GetBookmark()))) })
	if len(r.shards) != 100 || n != 1+pagesOf(userCount, 500) {
		t.Errorf("%d shards for %d calls", len(r.shards), n)
	}
}

// TestSharedDrivesDelta: the log names a shared drive; what changes the drive itself makes its files be listed anew, for their
// access is the drive's.
func TestSharedDrivesDelta(t *testing.T) {
	w := start(t, newWorld(), nil)
	c, s := w.connector(), w.session(t)
	first := must(t, walk(t, c, s, full("shared_drives")))
	w.later(10 * time.Minute)
	in := gw.Space{DriveID: sharedDrive}
	touch := func(name string) {
		w.log("drive", w.now, w.users[7], "access", name, email("doc_id", "shared-0"), email("shared_drive_id", sharedDrive))
	}
	w.change(func() { touch("edit") })
	r := must(t, walk(t, c, s, delta("shared_drives", first.cert.GetBookmark())))
	if len(r.shards) != 1 || r.shards[0].GetKey() != sharedDrive || r.shards[0].GetStamp() == first.shard(t, sharedDrive).GetStamp() {
		t.Fatalf("shards: %v", r.shards)
	}
	files := must(t, walk(t, c, s, shardOf(r.shards[0])))
	request := shardOf(r.shards[0])
	request.Mode, request.Bookmark = sdk.ModeDelta, files.cert.GetBookmark()
	w.change(func() {
		n := slices.IndexFunc(w.files, func(f gw.File) bool { return f.ID == "shared-0" })
		w.files[n].Name = "Renamed"
		w.changes[in] = append(w.changes[in], gw.Change{Number: 1001, Time: w.now, FileID: "shared-0"})
	})
	if got := must(t, walk(t, c, s, request)); record[*sdk.File](t, got, sdk.KindFile, "shared-0").GetName() != "Renamed" || len(got.records) != 1 {
		t.Errorf("changes: %v", got.order)
	}
	w.change(func() {
		w.changes[in] = append(w.changes[in], gw.Change{Number: 1002, Time: w.now, DriveChanged: true})
	})
	if got := walk(t, c, s, request); sdk.TypeOf(got.err) != sdk.ErrExpired {
		t.Errorf("after the drive itself changed: %v", got.err)
	}
	w.change(func() { touch("delete_shared_drive") })
	if got := walk(t, c, s, delta("shared_drives", r.cert.GetBookmark())); sdk.TypeOf(got.err) != sdk.ErrExpired {
		t.Errorf("after a drive was deleted: %v", got.err)
	}
}
