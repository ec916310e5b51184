package main

import (
	"slices"
	"strconv"
	"testing"

	"github.com/mooring-hq/mooring/plugins/box/boxtest"
	"github.com/mooring-hq/mooring/sdk"
)

// TestIdle: one call tells that nothing changed, in users as in groups.
func TestIdle(t *testing.T) {
	w := start(t, newContent(), nil)
	s := w.session(t, nil)
	for _, listing := range []string{"users", "groups", "events"} {
		first := must(t, walk(t, s, full(listing)))
		if first.cert.GetBookmark() == nil {
			t.Fatalf("listing %s gives no bookmark", listing)
		}
		if n, err := strconv.ParseInt(string(first.cert.GetBookmark()), 10, 64); err != nil || n < 1<<60 || n&1023 == 0 && listing == "users" {
			t.Errorf("the position of %s went through a float64: %s", listing, first.cert.GetBookmark())
		}
		w.calls()
		r := must(t, walk(t, s, delta(listing, first.cert.GetBookmark())))
		if calls := w.calls(); len(calls) != 1 || len(r.order)+len(r.shards) > 0 {
			t.Errorf("idle, listing %s makes calls %v and gives %v", listing, calls, r.order)
		}
	}
}

// TestChangedUsers: users are read anew, and the trees that were touched get another stamp, nobody else's.
func TestChangedUsers(t *testing.T) {
	w := start(t, newContent(), nil)
	s := w.session(t, nil)
	first := must(t, walk(t, s, full("users")))
	w.change(func() {
		w.users[6].Status = "inactive"
		w.users[2].Role = "user"
		w.users = slices.DeleteFunc(w.users, func(u boxtest.User) bool { return u.ID == "1007" })
	})
	for _, e := range []boxtest.Event{
		{Type: "EDIT_USER", By: someone(1), Source: boxtest.UserSource(someone(6))},
		{Type: "CHANGE_ADMIN_ROLE", By: someone(1), Source: boxtest.UserSource(someone(2))},
		{Type: "DELETE_USER", By: someone(1), Source: boxtest.UserSource(someone(7))},
		{Type: "UPLOAD", By: someone(1), Source: boxtest.ItemSource(&w.items[2], nil)},  // 1000's
		{Type: "PREVIEW", By: someone(1), Source: boxtest.ItemSource(&w.items[6], nil)}, // changes nothing
		{Type: "DELETE", By: someone(1), Source: boxtest.ItemSource(&w.items[6], nil)},
		{Type: "RENAME", By: someone(1), Source: boxtest.ItemSource(&w.items[6], nil)}, // 1001's, and the trash
		{Type: "BRAND_NEW_WORD", By: someone(4), Source: map[string]any{"item_id": "9", "item_type": "file", "item_name": "x"}},
	} {
		w.happen(e)
	}
	r := must(t, walk(t, s, delta("users", first.cert.GetBookmark())))
	if a := record[*sdk.Account](t, r, sdk.KindAccount, "1006"); a.GetStatus() != "suspended" {
		t.Errorf("account 1006 is %v", a)
	}
	for _, want := range []string{"account 1007", "membership role/coadmin/1002"} {
		if !slices.Contains(r.gone, want) {
			t.Errorf("%s is not said to be gone: %v", want, r.gone)
		}
	}
	var touched []string
	for _, sh := range r.shards {
		touched = append(touched, sh.GetListing()+" "+sh.GetKey())
	}
	slices.Sort(touched)
	want := []string{
		"files 1000", "files 1001", "files 1004", "files 1006", "files 1007",
		"trash 1001", "trash 1004", "trash 1006", "trash 1007",
	}
	if !slices.Equal(touched, want) {
		t.Errorf("touched trees: %q\nwant %q", touched, want)
	}
}

func TestChangedGroups(t *testing.T) {
	w := start(t, newContent(), nil)
	s := w.session(t, nil)
	first := must(t, walk(t, s, full("groups")))
	w.change(func() {
		w.members["301"] = w.members["301"][1:]
		w.groups[2].Name = "Renamed"
	})
	w.happen(boxtest.Event{Type: "GROUP_REMOVE_USER", By: someone(1), Source: boxtest.GroupSource(&w.groups[1])})
	w.happen(boxtest.Event{Type: "GROUP_EDITED", By: someone(1), Source: map[string]any{"group_id": "302", "group_name": "Renamed"}})
	w.happen(boxtest.Event{Type: "GROUP_DELETION", By: someone(1), Source: map[string]any{"type": "group", "id": "399"}})
	r := must(t, walk(t, s, delta("groups", first.cert.GetBookmark())))
	if g := record[*sdk.Group](t, r, sdk.KindGroup, "302"); g.GetName() != "Renamed" || !slices.Contains(r.gone, "group 399") {
		t.Errorf("group %v, gone %v", g, r.gone)
	}
	if len(r.shards) != 3 || r.shards[0].GetStamp() == first.shards[1].GetStamp() {
		t.Errorf("shards %v", r.shards)
	}
}

// TestWithoutTheLog: without access to events every walk is whole, and nothing is lost but speed.
func TestWithoutTheLog(t *testing.T) {
	w := start(t, newContent(), func(c *boxtest.Config) { c.App.Scopes = without(boxtest.ManageEnterprise) })
	s := w.session(t, nil)
	for _, listing := range []string{"users", "groups"} {
		r := must(t, walk(t, s, full(listing)))
		if r.cert.GetBookmark() != nil || len(r.order) == 0 {
			t.Errorf("listing %s: bookmark %s, %d records", listing, r.cert.GetBookmark(), len(r.order))
		}
		for _, sh := range r.shards {
			if sh.GetStamp() != "" {
				t.Fatalf("shard %v has a stamp that nothing moves", sh)
			}
		}
	}
}

func without(scope string) []string {
	return slices.DeleteFunc(slices.Clone(allScopes), func(s string) bool { return s == scope })
}

// TestExpiredPosition starts over.
func TestExpiredPosition(t *testing.T) {
	w := start(t, newContent(), nil)
	s := w.session(t, nil)
	for _, position := range []string{"1", "not a number"} {
		if r := walk(t, s, delta("users", []byte(position))); sdk.TypeOf(r.err) != sdk.ErrExpired {
			t.Errorf("position %q gives %v, expired is expected", position, r.err)
		}
	}
}
