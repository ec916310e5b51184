package main

import (
	"context"
	"net/http"
	"testing"

	"github.com/mooring-hq/mooring/plugins/github/githubtest"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func delta(req *wire.ScanRequest, bookmark []byte) *wire.ScanRequest {
	req.Mode, req.Bookmark = wire.ScanMode_SCAN_MODE_DELTA, bookmark
	return req
}

// deltaListings are walked by ETag when nothing changed.
var deltaListings = []string{
	"members", "outside_collaborators", "invitations", "blocked_users", "teams", "roles", "repositories", "installations", "credential_authorizations",
	"hooks", "settings", "secret_alerts",
}

func TestNothingChanged(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(ownerToken, nil)
	for _, name := range deltaListings {
		first := must(t, walk(t, s, full(name)))
		if len(first.cert.GetBookmark()) == 0 {
			t.Errorf("%s gave no bookmark", name)
			continue
		}
		before := w.server.Stats()
		again := must(t, walk(t, s, delta(full(name), first.cert.GetBookmark())))
		after := w.server.Stats()
		asked, free := after.Requests-before.Requests, after.NotModified-before.NotModified
		if asked != free || asked == 0 || len(again.order) != 0 {
			t.Errorf("%s: %d requests, %d of them free, %d records", name, asked, free, len(again.order))
		}
		if string(again.cert.GetBookmark()) != string(first.cert.GetBookmark()) {
			t.Errorf("%s: the bookmark must live on", name)
		}
	}
	for _, listing := range []string{"files", "repository_access", "deploy_keys"} {
		sh := shards(t, s, "repositories", listing)["300"]
		first := must(t, walk(t, s, shardOf(sh)))
		again := must(t, walk(t, s, delta(shardOf(sh), first.cert.GetBookmark())))
		if len(first.cert.GetBookmark()) == 0 || len(again.order) != 0 {
			t.Errorf("%s: %d records in an idle walk", listing, len(again.order))
		}
	}
}

func TestSomethingChanged(t *testing.T) {
	o := newOrg()
	w := start(t, o, nil)
	s := w.session(ownerToken, nil)
	first := must(t, walk(t, s, full("members")))
	members := o.Members
	o.Members.At = func(i int) githubtest.Member {
		m := members.At(i)
		if i == userCount-1 {
			m.Login = "renamed"
		}
		return m
	}
	again := walk(t, s, delta(full("members"), first.cert.GetBookmark()))
	if sdk.TypeOf(again.err) != sdk.ErrExpired || again.cert != nil || len(again.order) != 0 {
		t.Errorf("want expired and nothing else, got %v with %d records", again.err, len(again.order))
	}
	if bad := walk(t, s, delta(full("members"), []byte("nonsense"))); sdk.TypeOf(bad.err) != sdk.ErrExpired {
		t.Errorf("a bookmark that cannot be read is expired, got %v", bad.err)
	}
}

// A full last page says nothing about a page behind it: then no bookmark may be given.
func TestFullLastPageGivesNoBookmark(t *testing.T) {
	o := newOrg()
	members := o.Members
	o.Members.Len = func() int { return 200 }
	w := start(t, o, nil)
	s := w.session(ownerToken, nil)
	if r := must(t, walk(t, s, full("members"))); r.cert.Bookmark != nil {
		t.Error("200 members in pages of 100: a 201st would not be noticed")
	}
	o.Members.Len = members.Len
}

func TestAppGetsNoBookmark(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.appSession(t)
	if r := must(t, walk(t, s, full("members"))); r.cert.Bookmark != nil || len(r.ids(sdk.KindAccount)) != userCount {
		t.Error("an App's ETags change with its token each hour")
	}
	r := must(t, walk(t, s, full("pats")))
	g := record[*sdk.Grant](t, r, sdk.KindGrant, "pat/41")
	if g.GetAccount().GetId() != "1006" || g.GetType() != "pat" || g.GetScopes().GetItems()[0] != "repository/contents:read" {
		t.Errorf("token: %v", g)
	}
	if g.GetState() != "expired" { // the fake's clock is past it
		t.Errorf("state %q", g.GetState())
	}
	r = must(t, walk(t, s, full("pat_requests")))
	if g := record[*sdk.Grant](t, r, sdk.KindGrant, "pat_request/42"); g.GetState() != "pending" {
		t.Errorf("request: %v", g)
	}
	// A user's token is not even tried.
	n := len(w.paths)
	r = walk(t, w.session(ownerToken, nil), full("pats"))
	if sdk.TypeOf(r.err) != sdk.ErrPermission || len(w.paths) != n {
		t.Errorf("with a user's token: %v", r.err)
	}
}

// appSession authenticates as serve would: the token of Method.Token on every request but those of Token itself.
func (w *world) appSession(t *testing.T) *sdk.Session {
	t.Helper()
	s := w.session("", map[string]string{"app_id": "99", "private_key": w.pem()})
	s.HTTP = &http.Client{Transport: bearer("unused")}
	token, err := installationToken(context.Background(), s, "")
	if err != nil {
		t.Fatal(err)
	}
	s.HTTP = &http.Client{Transport: bearer(token.Value)}
	return s
}
