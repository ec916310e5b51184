package main

import (
	"slices"
	"strings"
	"testing"
	"time"

	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
	"github.com/mooring-hq/mooring/sdk"
)

// later lets time pass.
func (w *world) later(d time.Duration) { w.change(func() { w.now = w.now.Add(d) }) }

func email(name, v string) gw.Param { return gw.Param{Name: name, Value: v} }

// TestUsersDelta: who is hired, renamed or deleted comes by the log, and nobody else.
func TestUsersDelta(t *testing.T) {
	w := start(t, newWorld(), nil)
	c, s := w.connector(), w.session(t)
	first := must(t, walk(t, c, s, full("users")))
	w.later(10 * time.Minute)
	w.change(func() {
		hired := person(2000)
		w.users = append(w.users, hired)
		w.log("admin", w.now.Add(-time.Minute), w.users[0], "USER_SETTINGS", "CREATE_USER", email("USER_EMAIL", hired.Email))
		w.users[20].Suspended = true
		w.log("admin", w.now.Add(-time.Minute), w.users[0], "USER_SETTINGS", "SUSPEND_USER", email("USER_EMAIL", w.users[20].Email))
		left := w.users[30]
		w.users = slices.Delete(w.users, 30, 31)
		left.DeletedAt = w.now
		w.deleted = append(w.deleted, left)
		w.log("admin", w.now.Add(-time.Minute), w.users[0], "USER_SETTINGS", "DELETE_USER", email("USER_EMAIL", left.Email))
	})
	r := must(t, walk(t, c, s, delta("users", first.cert.GetBookmark())))
	for id, status := range map[string]string{person(2000).ID: "active", person(20).ID: "suspended", person(30).ID: "deleted"} {
		if a := record[*sdk.Account](t, r, sdk.KindAccount, id); a.GetStatus() != status {
			t.Errorf("%s is %s, want %s", id, a.GetStatus(), status)
		}
	}
	if len(r.records) != 3 {
		t.Errorf("%d records, want 3: %v", len(r.records), r.order)
	}
	w.later(time.Hour)
	r = must(t, walk(t, c, s, delta("users", r.cert.GetBookmark()))) // looks a little back, for what is logged late
	w.later(time.Hour)
	var again *result
	if n := w.counted(func() { again = must(t, walk(t, c, s, delta("users", r.cert.GetBookmark()))) }); n != 1 || len(again.records) != 0 {
		t.Errorf("nothing happened, but it cost %d calls and gave %d records", n, len(again.records))
	}
	w.later(wholeAgain)
	if r := walk(t, c, s, delta("users", again.cert.GetBookmark())); sdk.TypeOf(r.err) != sdk.ErrExpired {
		t.Errorf("a day later: %v, want the listing whole again", r.err)
	}
}

// TestGroupsDelta: a changed group gets another stamp, one that is gone makes all be listed.
func TestGroupsDelta(t *testing.T) {
	w := start(t, newWorld(), nil)
	c, s := w.connector(), w.session(t)
	first := must(t, walk(t, c, s, full("groups")))
	w.later(10 * time.Minute)
	w.change(func() {
		w.log("groups_enterprise", w.now.Add(-time.Minute), w.users[0], "moderator_action", "add_member", email("group_id", "group2@acme.example"))
	})
	r := must(t, walk(t, c, s, delta("groups", first.cert.GetBookmark())))
	if len(r.shards) != 1 || r.shards[0].GetKey() != "01group2" || r.shards[0].GetStamp() == first.shard(t, "01group2").GetStamp() {
		t.Errorf("shards after a change of group 2: %v", r.shards)
	}
	w.later(10 * time.Minute)
	w.change(func() {
		w.groups = w.groups[1:]
		w.log("admin", w.now.Add(-time.Minute), w.users[0], "GROUP_SETTINGS", "DELETE_GROUP", email("GROUP_EMAIL", "group0@acme.example"))
	})
	if r := walk(t, c, s, delta("groups", r.cert.GetBookmark())); sdk.TypeOf(r.err) != sdk.ErrExpired {
		t.Errorf("after a deletion: %v, want all to be listed", r.err)
	}
}

// touch changes a file of a person and says so in the log and the changes.
func (w *world) touch(i, owner int, name string, change func(*gw.File)) {
	id := w.myFile(i, owner).ID
	n := slices.IndexFunc(w.files, func(f gw.File) bool { return f.ID == id })
	if change == nil {
		w.files = slices.Delete(w.files, n, n+1)
	} else {
		change(&w.files[n])
	}
	s := gw.Space{UserID: w.users[owner].ID}
	w.changes[s] = append(w.changes[s], gw.Change{Number: int64(1001 + len(w.changes[s])), Time: w.now, FileID: id, Removed: change == nil})
	w.log("drive", w.now, w.users[owner], "access", name, email("doc_id", id), email("owner", w.users[owner].Email))
}

// TestFilesDelta: the log names the drive, the drive is listed once more, and from then on its changes are followed.
func TestFilesDelta(t *testing.T) {
	w := start(t, newWorld(), nil)
	c, s := w.connector(), w.session(t)
	drives := must(t, walk(t, c, s, full("drives")))
	before := must(t, walk(t, c, s, shardOf(drives.shard(t, person(6).ID))))
	if before.cert.GetBookmark() != nil {
		t.Error("a drive that no log named has a bookmark, which cost a call")
	}
	w.later(10 * time.Minute)
	w.change(func() {
		w.touch(0, 6, "change_user_access", func(f *gw.File) { f.Permissions = nil })
		w.log("drive", w.now, w.users[7], "access", "view", email("doc_id", "file-5-0"), email("owner", w.users[5].Email))
	})
	w.later(time.Minute)
	drives = must(t, walk(t, c, s, delta("drives", drives.cert.GetBookmark())))
	if len(drives.shards) != 1 || drives.shards[0].GetKey() != person(6).ID || !strings.HasPrefix(drives.shards[0].GetStamp(), touchedStamp) {
		t.Fatalf("the log names one drive, but: %v", drives.shards)
	}
	after := must(t, walk(t, c, s, shardOf(drives.shards[0])))
	if f := record[*sdk.File](t, after, sdk.KindFile, w.myFile(0, 6).ID); f.GetAccessLevel() != "" {
		t.Errorf("the file is still %s", f.GetAccessLevel())
	}
	w.change(func() {
		w.touch(1, 6, "trash", func(f *gw.File) { f.Trashed = w.now })
		w.touch(2, 6, "delete", nil)
		mine, theirs := gw.Space{UserID: w.users[6].ID}, slices.IndexFunc(w.files, func(f gw.File) bool { return f.ID == "file-5-1" })
		w.files[theirs].Permissions = []gw.Permission{{ID: "s", Type: "user", Role: "reader", Email: w.users[6].Email}}
		w.changes[mine] = append(w.changes[mine], gw.Change{Number: int64(1001 + len(w.changes[mine])), Time: w.now, FileID: "file-5-1"}) // shared with person 6
	})
	request := shardOf(drives.shards[0])
	request.Mode, request.Bookmark = sdk.ModeDelta, after.cert.GetBookmark()
	r := must(t, walk(t, c, s, request))
	if f := record[*sdk.File](t, r, sdk.KindFile, w.myFile(1, 6).ID); !f.GetTrashed() || len(r.records) != 1 {
		t.Errorf("changes: %v", r.order)
	}
	if len(r.gone) != 1 || r.gone[0].GetId() != w.myFile(2, 6).ID {
		t.Errorf("a file that the log says was deleted: %v", r.gone)
	}
	request.Bookmark = r.cert.GetBookmark()
	if n := w.counted(func() { r = must(t, walk(t, c, s, request)) }); n != 1 || len(r.records) != 0 {
		t.Errorf("nothing changed, but it cost %d calls and gave %v", n, r.order)
	}
	w.change(func() {
		w.touch(5, 6, "delete", nil)
		w.logs["drive"] = w.logs["drive"][:len(w.logs["drive"])-1] // which is late
	})
	if r := walk(t, c, s, request); sdk.TypeOf(r.err) != sdk.ErrExpired || len(r.gone) != 0 {
		t.Errorf("a file that is not there, while the log says nothing: %v, tombstones %v; want the drive to be listed", r.err, r.gone)
	}
}

// TestBlind: without the log's scope nothing breaks; changes are seen once a day.
func TestBlind(t *testing.T) {
	w := start(t, newWorld(), nil)
	w.grantAllBut(scopeAudit)
	c, s := w.connector(), w.session(t)
	for _, name := range []string{"users", "groups", "drives", "shared_drives", "token_users"} {
		first := must(t, walk(t, c, s, full(name)))
		w.later(time.Hour)
		r := must(t, walk(t, c, s, delta(name, first.cert.GetBookmark())))
		if len(r.cert.GetWarnings()) == 0 || string(r.cert.GetBookmark()) != string(first.cert.GetBookmark()) {
			t.Errorf("%s: %v", name, r.cert)
		}
		w.later(wholeAgain)
		if r := walk(t, c, s, delta(name, r.cert.GetBookmark())); sdk.TypeOf(r.err) != sdk.ErrExpired {
			t.Errorf("%s a day later: %v", name, r.err)
		}
	}
}

func (w *world) grantAllBut(without ...scope) {
	var list []string
	for _, s := range allScopes() {
		if !slices.Contains(without, s) {
			list = append(list, s.url())
		}
	}
	w.server.Grant(robotEmail, list...)
}
