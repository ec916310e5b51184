package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/sdktest"
	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// TestWhatSharingActionsLeave: each takes away what it says and nothing else, and says so before.
func TestWhatSharingActionsLeave(t *testing.T) {
	const (
		domain   = "domain  acme.example reader  "
		group    = "group group1@acme.example  writer  "
		guest    = "user guest@partner.example  reader  2026-12-20 12:30:00 +0000 UTC"
		outsider = "group all@partner.example  reader  "
		partner  = "domain  partner.example reader  "
		link     = "anyone   reader  "
	)
	tests := []struct {
		action string
		args   []string
		leaves []string
		says   string
	}{
		{"make_private", nil, nil, "guest@partner.example (reader) loses access"},
		{"remove_public_access", nil, []string{group, outsider, guest}, "anyone with the link (reader) loses access"},
		{"remove_external_users", nil, []string{link, domain, group}, "everybody of partner.example (reader) loses access"},
		{"remove_collaborator", []string{whoArg, " Guest@Partner.example"}, []string{link, domain, partner, group, outsider}, "guest@partner.example (reader) loses access"},
		{"remove_collaborator", []string{whoArg, "partner.example"}, []string{link, domain, group, outsider, guest}, "everybody of partner.example (reader) loses access"},
	}
	for _, tt := range tests {
		w := actWorld()
		f := &w.files[slices.IndexFunc(w.files, func(f gw.File) bool { return f.ID == "file-6-2" })]
		f.Permissions = append(f.Permissions, gw.Permission{ID: "o", Type: "group", Role: "reader", Email: "all@partner.example"},
			gw.Permission{ID: "p", Type: "domain", Role: "reader", Domain: "partner.example"}, gw.Permission{ID: "anyoneWithLink", Type: "anyone", Role: "reader"})
		w = start(t, w, acting)
		a := newActor(t, w)
		i := intent(specOf(t, tt.action), &sdktest.ActionCase{Action: tt.action, Target: "file-6-2", Args: owned(w.users[6].Email, tt.args...)})
		p := a.prepare(i)
		if !slices.Contains(p.GetEffects(), tt.says) {
			t.Errorf("%s says %q", tt.action, p.GetEffects())
		}
		a.act(i, p)
		got, _ := w.fileState("file-6-2")().(fileState)
		slices.Sort(tt.leaves)
		if d := cmp.Diff(tt.leaves, got.Shares); d != "" {
			t.Errorf("%s %v leaves something else: %s", tt.action, tt.args, d)
		}
	}
}

// TestPasswords: a new one each time, which is in nothing that leaves the connector but the request.
func TestPasswords(t *testing.T) {
	var bodies []string
	w := start(t, actWorld(), func(cfg *gw.Config) {
		acting(cfg)
		hold := cfg.Record
		cfg.Record = func(r *http.Request, status int, h http.Header, body []byte) {
			if r.Method == http.MethodPut {
				b := make([]byte, r.ContentLength)
				_, _ = r.Body.Read(b)
				bodies = append(bodies, string(b))
				return
			}
			hold(r, status, h, body)
		}
	})
	a := newActor(t, w)
	i := intent(specOf(t, "reset_password"), &sdktest.ActionCase{Action: "reset_password", Target: w.users[22].ID})
	p := a.prepare(i)
	a.act(i, p)
	a.act(i, p)
	if u, _ := w.server.User(w.users[22].ID); !w.server.SignIn(u.ID).NewPassword || !u.ChangePasswordAtNextLogin {
		t.Errorf("the account: %v", u)
	}
	if len(bodies) != 2 || bodies[0] == bodies[1] || !strings.Contains(bodies[0], `"password":"`) {
		t.Fatalf("requests: %q", bodies)
	}
	i = intent(specOf(t, "sign_out"), &sdktest.ActionCase{Action: "sign_out", Target: w.users[21].ID})
	a.act(i, a.prepare(i))
	if !w.server.SignIn(w.users[21].ID).SignedOut {
		t.Error("the sessions go on")
	}
}

// TestContentIsTheSameAgain: what was overwritten and brought back has the hash from before, in the record too.
func TestContentIsTheSameAgain(t *testing.T) {
	w := start(t, actWorld(), acting)
	c, s := w.connector(), w.session(t)
	a := newActor(t, w)
	hash := func() string {
		r := must(t, walk(t, c, s, shardOf(myDrive(&user{ID: w.users[6].ID, Email: w.users[6].Email}, "t"))))
		return record[*sdk.File](t, r, sdk.KindFile, "file-6-6").GetContentHash()
	}
	before := hash()
	i := intent(specOf(t, "overwrite"), &sdktest.ActionCase{Action: "overwrite", Target: "file-6-6", Args: owned(w.users[6].Email, textArg, "x")})
	p := a.prepare(i)
	a.act(i, p)
	if now := hash(); now == before {
		t.Errorf("overwritten, it still is %s", now)
	}
	i.Undo = &wire.Undo{Plan: p}
	a.act(i, a.prepare(i))
	if now := hash(); now != before {
		t.Errorf("brought back, it is %s, and was %s", now, before)
	}
}

// TestPartWay: a refusal behind a step that was taken is not told as one without effect.
func TestPartWay(t *testing.T) {
	w := start(t, actWorld(), acting)
	a := newActor(t, w)
	tests := []struct{ action, target, path, method string }{
		{"make_private", "file-6-2", "/drive/v3/files/file-6-2/permissions/g", "DELETE"},
		{"overwrite", "file-6-6", "/upload/drive/v3/files/file-6-6", "PATCH"},
		{"quarantine", "file-6-2", "/drive/v3/files/file-6-2", "PATCH"},
		{"quarantine", "shared-0", "/drive/v3/files/shared-0", "PATCH"},
		{"revoke_app", "app-2", "/admin/directory/v1/users/" + w.users[31].ID + "/tokens/app-2", "DELETE"},
	}
	for _, tt := range tests {
		args := owned(w.users[6].Email, textArg, "x")
		if strings.HasPrefix(tt.target, "shared") {
			args = owned(sharedDrive)
		}
		i := intent(specOf(t, tt.action), &sdktest.ActionCase{Action: tt.action, Target: tt.target, Args: args})
		p := a.prepare(i)
		w.server.Fault(fake.Fault{Match: tt.path, Method: tt.method, Do: fake.FaultStatus, Status: 403, Body: "no"})
		o, err := a.c.Act(t.Context(), a.s, i, p, nil, func([]byte) error { return nil })
		if err != nil || o.GetState() != sdk.Unsure || o.GetError().GetType() == "" {
			t.Errorf("%s, refused in the middle: %v %v", tt.action, o, err)
		}
		w.server.ClearFaults()
		if tt.target == "shared-0" && len(w.server.Members(sharedDrive)) != 2 {
			t.Errorf("a guest stays: %v", w.server.Members(sharedDrive))
		}
		w.server.Forget()
	}
}

// TestWhatActionsDidIsRead: the next scan, which follows the logs, shows it.
func TestWhatActionsDidIsRead(t *testing.T) {
	w := start(t, actWorld(), acting)
	c, s := w.connector(), w.session(t)
	users, drives := must(t, walk(t, c, s, full("users"))), must(t, walk(t, c, s, full("drives")))
	grants, shared := must(t, walk(t, c, s, full("consents"))), must(t, walk(t, c, s, full("shared_drives")))
	w.later(10 * time.Minute)
	a := newActor(t, w)
	act := func(name, target string, args map[string]string) {
		t.Helper()
		i := intent(specOf(t, name), &sdktest.ActionCase{Action: name, Target: target, Args: args})
		a.act(i, a.prepare(i))
	}
	act("make_private", "file-6-2", owned(w.users[6].Email))
	act("trash", "file-6-1", owned(w.users[6].Email))
	act("quarantine", "file-6-6", owned(w.users[6].Email))
	act("suspend", w.users[20].ID, nil)
	act("revoke", grantID(w.users[10].ID, "app-1"), nil)
	w.later(10 * time.Minute)
	r := must(t, walk(t, c, s, delta("users", users.cert.GetBookmark())))
	if u := record[*sdk.Account](t, r, sdk.KindAccount, w.users[20].ID); u.GetStatus() != "suspended" {
		t.Errorf("the account is %s", u.GetStatus())
	}
	r = must(t, walk(t, c, s, delta("consents", grants.cert.GetBookmark())))
	if g := record[*sdk.Grant](t, r, sdk.KindGrant, grantID(w.users[10].ID, "app-1")); g.GetState() != "revoked" {
		t.Errorf("the grant is %s", g.GetState())
	}
	r = must(t, walk(t, c, s, delta("drives", drives.cert.GetBookmark())))
	r = must(t, walk(t, c, s, shardOf(r.shard(t, w.users[6].ID))))
	if f := record[*sdk.File](t, r, sdk.KindFile, "file-6-2"); len(f.GetAccess().GetItems()) != 1 {
		t.Errorf("the private file: %v", f.GetAccess())
	}
	if f := record[*sdk.File](t, r, sdk.KindFile, "file-6-1"); !f.GetTrashed() {
		t.Error("the file is not in the trash")
	}
	if r.records["file file-6-6"] != nil {
		t.Error("the file in quarantine is still in its owner's drive")
	}
	r = must(t, walk(t, c, s, delta("shared_drives", shared.cert.GetBookmark())))
	r = must(t, walk(t, c, s, shardOf(r.shard(t, quarantineDrive))))
	if f := record[*sdk.File](t, r, sdk.KindFile, "file-6-6"); f.GetOwner().GetId() != quarantineDrive {
		t.Errorf("in the quarantine it is %v's", f.GetOwner())
	}
}

// TestQuarantineTogether: files of one shared drive are moved at the same time, and no guest stays.
func TestQuarantineTogether(t *testing.T) {
	w := start(t, actWorld(), acting)
	a := newActor(t, w)
	var wg sync.WaitGroup
	for n := range 3 {
		i := intent(specOf(t, "quarantine"), &sdktest.ActionCase{Action: "quarantine", Target: fmt.Sprint("shared-", n), Args: owned(sharedDrive)})
		p := a.prepare(i)
		wg.Go(func() {
			o, err := a.c.Act(t.Context(), a.s, i, p, nil, func([]byte) error { return nil })
			if err != nil || o.GetState() != sdk.Done {
				t.Errorf("file %d: %v %v", n, o, err)
			}
		})
	}
	wg.Wait()
	if got := w.server.Members(sharedDrive); len(got) != 2 {
		t.Errorf("a guest stays: %v", got)
	}
}
