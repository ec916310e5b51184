package googleworkspacetest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// office is a small tenant whose service account may do everything.
func office(t *testing.T) *Server {
	t.Helper()
	u := users(3)
	u = append(u, User{ID: "9", Email: "helper@acme.example", DelegatedAdmin: true})
	file := func(id string, f File) File {
		f.ID, f.Name, f.Created, f.Modified, f.Version = id, id, start.AddDate(0, -1, 0), start.AddDate(0, 0, -1), 4
		if f.MIME == "" {
			f.MIME, f.Size, f.MD5 = "text/plain", 3, "900150983cd24fb0d6963f7d28e17f72"
		}
		return f
	}
	mine := File{Owner: u[2].Email, OwnerID: u[2].ID, Parent: "root-" + u[2].ID, Permissions: []Permission{
		{ID: "w", Type: "user", Role: "writer", Email: u[3].Email}, {ID: "r", Type: "user", Role: "reader", Email: u[4].Email},
	}}
	box, doc := mine, mine
	box.MIME, box.Size = folder, -1
	doc.MIME, doc.Size = "application/vnd.google-apps.document", -1
	files := []File{file("f1", mine), file("f2", box), file("f3", doc), file("f4", File{DriveID: "d1", Parent: "d1"})}
	grants := []string{"admin.directory.user", "admin.directory.user.readonly", "admin.directory.user.security", "admin.reports.audit.readonly",
		"drive", "drive.readonly", "drive.metadata.readonly", "admin.directory.group.readonly"}
	for i := range grants {
		grants[i] = scopePrefix + grants[i]
	}
	return New(Config{
		Tenant: &Tenant{
			CustomerID: "C1", Domain: "acme.example", Users: ListOf(u...), Groups: ListOf(Group{ID: "g1", Email: "g@acme.example"}),
			Members: func(string) List[Member] {
				return ListOf(Member{ID: u[4].ID, Email: u[4].Email, Role: "MEMBER", Type: "USER", Status: "ACTIVE"})
			},
			Tokens: func(string) []Token { return []Token{{ClientID: "app", Name: "App"}} },
			Drives: ListOf(Drive{ID: "d1", Name: "One"}, Drive{ID: "d2", Name: "Two"}),
			DrivePermissions: func(string) []Permission {
				return []Permission{{ID: "o", Type: "user", Role: "organizer", Email: u[2].Email}, {ID: "m", Type: "user", Role: "fileOrganizer", Email: u[3].Email}}
			},
			Files: func(sp Space) List[File] {
				return ListOf(slices.DeleteFunc(slices.Clone(files), func(f File) bool { return f.space() != sp })...)
			},
			File: func(id string) (File, bool) {
				i := slices.IndexFunc(files, func(f File) bool { return f.ID == id })
				if i < 0 {
					return File{}, false
				}
				return files[i], true
			},
			Content: func(string) []byte { return []byte("abc") },
			Log: func(app string) List[Activity] {
				return ListOf(Activity{Time: start.Add(-time.Hour), Events: []Event{{Name: "old"}}}, Activity{Time: start.Add(time.Hour), Events: []Event{{Name: "future"}}})
			},
		},
		Accounts: []ServiceAccount{{Email: robot, KeyID: "k", Key: &robotKey().PublicKey, Scopes: grants}},
		Now:      func() time.Time { return start },
	})
}

// send makes one call as a subject with a scope.
func (s *Server) send(t *testing.T, subject, scope, method, path, body string) (int, map[string]any) {
	t.Helper()
	status, token := s.exchange(assert(t, nil, subject, scopePrefix+scope, start))
	if status != http.StatusOK {
		return status, token
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", fmt.Sprint("Bearer ", token["access_token"]))
	return s.ask(r)
}

const (
	admin   = "admin@acme.example"
	owner   = "u0000@acme.example"
	writer  = "u0001@acme.example"
	reader  = "u0002@acme.example"
	filesAt = "/drive/v3/files/"
	usersAt = "/admin/directory/v1/users/"
	all     = "?supportsAllDrives=true"
)

// TestWriteRefusals: who may change what, and what Google takes no notice of. Nothing is changed by any of these.
func TestWriteRefusals(t *testing.T) {
	s := office(t)
	const person = `{"type":"user","role":"reader","emailAddress":"x@y.example"}`
	tests := []struct {
		name, subject, scope, method, path, body string
		status                                   int
	}{
		{"suspend with a scope that reads", admin, "admin.directory.user.readonly", "PUT", usersAt + "100", `{"suspended":true}`, 403},
		{"suspend as nobody", owner, "admin.directory.user", "PUT", usersAt + "100", `{"suspended":true}`, 403},
		{"suspend oneself", admin, "admin.directory.user", "PUT", usersAt + "1", `{"suspended":true}`, 403},
		{"suspend who may more", "helper@acme.example", "admin.directory.user", "PUT", usersAt + "1", `{"suspended":true}`, 403},
		{"suspend who is not there", admin, "admin.directory.user", "PUT", usersAt + "77", `{"suspended":true}`, 404},
		{"a short password", admin, "admin.directory.user", "PUT", usersAt + "100", `{"password":"short"}`, 400},
		{"a password of other letters", admin, "admin.directory.user", "PUT", usersAt + "100", `{"password":"pässwörtlich"}`, 400},
		{"no JSON", admin, "admin.directory.user", "PUT", usersAt + "100", `{`, 400},
		{"sign out with another scope", admin, "admin.directory.user", "POST", usersAt + "100/signOut", "", 403},
		{"a token that is not there", admin, "admin.directory.user.security", "DELETE", usersAt + "100/tokens/other", "", 404},

		{"share with a scope that reads", owner, "drive.readonly", "POST", filesAt + "f1/permissions", person, 403},
		{"share as a reader", reader, "drive", "POST", filesAt + "f1/permissions", person, 403},
		{"share what one does not see", admin, "drive", "POST", filesAt + "f1/permissions", person, 404},
		{"share in a drive without saying so", owner, "drive", "POST", filesAt + "f4/permissions", person, 404},
		{"share with nobody", owner, "drive", "POST", filesAt + "f1/permissions", `{"type":"user","role":"reader"}`, 400},
		{"a role of drives", owner, "drive", "POST", filesAt + "f1/permissions", `{"type":"user","role":"organizer","emailAddress":"x@y"}`, 400},
		{"a mail to anyone", owner, "drive", "POST", filesAt + "f1/permissions?sendNotificationEmail=false", `{"type":"anyone","role":"reader"}`, 400},
		{"an end for anyone", owner, "drive", "POST", filesAt + "f1/permissions", `{"type":"anyone","role":"reader","expirationTime":"2026-12-01T00:00:00Z"}`, 400},
		{"an end in two years", owner, "drive", "POST", filesAt + "f1/permissions", strings.Replace(person, "{", `{"expirationTime":"2028-12-01T00:00:00Z",`, 1), 400},
		{"an owner by the way", owner, "drive", "POST", filesAt + "f1/permissions", `{"type":"user","role":"owner","emailAddress":"` + writer + `"}`, 403},
		{"an owner who is not told", owner, "drive", "POST", filesAt + "f1/permissions?transferOwnership=true&sendNotificationEmail=false", `{"type":"user","role":"owner","emailAddress":"` + writer + `"}`, 400},
		{"an owner elsewhere", owner, "drive", "POST", filesAt + "f1/permissions?transferOwnership=true", `{"type":"user","role":"owner","emailAddress":"x@y.example"}`, 400},
		{"an owner who is suspended", owner, "drive", "POST", filesAt + "f1/permissions?transferOwnership=true", `{"type":"user","role":"owner","emailAddress":"gone@acme.example"}`, 400},
		{"given away by another", writer, "drive", "POST", filesAt + "f1/permissions?transferOwnership=true", `{"type":"user","role":"owner","emailAddress":"` + writer + `"}`, 403},
		{"the owner's permission", owner, "drive", "DELETE", filesAt + "f1/permissions/p100", "", 403},
		{"an inherited permission", owner, "drive", "DELETE", filesAt + "f4/permissions/m" + all, "", 403},
		{"a permission that is not there", owner, "drive", "DELETE", filesAt + "f1/permissions/x", "", 404},
		{"members of a drive as a manager of content", writer, "drive", "POST", filesAt + "d1/permissions" + all, person, 403},
		{"members of a drive as nobody", reader, "drive", "POST", filesAt + "d1/permissions" + all + "&useDomainAdminAccess=true", person, 403},

		{"trash as a writer", writer, "drive", "PATCH", filesAt + "f1", `{"trashed":true}`, 403},
		{"trash as a reader", reader, "drive", "PATCH", filesAt + "f1", `{"trashed":true}`, 403},
		{"two parents", owner, "drive", "PATCH", filesAt + "f1" + all + "&addParents=d1", `{}`, 403},
		{"a folder into a drive", owner, "drive", "PATCH", filesAt + "f2" + all + "&addParents=d1&removeParents=root-100", `{}`, 403},
		{"out of a drive as a manager of content", writer, "drive", "PATCH", filesAt + "f4" + all + "&addParents=d2&removeParents=d1", `{}`, 403},
		{"to where nothing is", owner, "drive", "PATCH", filesAt + "f1" + all + "&addParents=nothing&removeParents=root-100", `{}`, 404},
		{"overwrite as a reader", reader, "drive", "PATCH", "/upload" + filesAt + "f1?uploadType=media", "x", 403},
		{"overwrite a document", owner, "drive", "PATCH", "/upload" + filesAt + "f3?uploadType=media", "x", 403},
		{"content with a scope for metadata", owner, "drive.metadata.readonly", "GET", filesAt + "f1?alt=media", "", 403},
		{"the content of a document", owner, "drive", "GET", filesAt + "f3?alt=media", "", 403},
		{"a revision that is not there", owner, "drive", "GET", filesAt + "f1/revisions/x", "", 404},
	}
	for _, tt := range tests {
		status, got := s.send(t, tt.subject, tt.scope, tt.method, tt.path, tt.body)
		if status != tt.status || got["error"] == nil {
			t.Errorf("%s: %d %v", tt.name, status, got)
		}
	}
	if !reflect.DeepEqual(s.edits, noEdits()) {
		t.Errorf("something was changed: %+v", s.edits)
	}
}

// TestChangesShowEverywhere: what a call changed shows in lists, by id, in feeds and logs alike.
func TestChangesShowEverywhere(t *testing.T) {
	s := office(t)
	do := func(subject, scope, method, path, body string) map[string]any {
		t.Helper()
		status, got := s.send(t, subject, scope, method, path, body)
		if status >= 300 {
			t.Fatalf("%s %s: %d %v", method, path, status, got)
		}
		return got
	}
	start := do(owner, "drive", "GET", "/drive/v3/changes/startPageToken", "")
	do(owner, "drive", "DELETE", filesAt+"f1/permissions/r", "")
	do(owner, "drive", "POST", filesAt+"f1/permissions", `{"type":"user","role":"commenter","emailAddress":"`+writer+`"}`)
	do(owner, "drive", "PATCH", filesAt+"f1", `{"trashed":true}`)
	do(owner, "drive", "PATCH", "/upload"+filesAt+"f1?uploadType=media", "")
	one := do(owner, "drive", "GET", filesAt+"f1", "")
	list, _ := do(owner, "drive", "GET", "/drive/v3/files?corpora=user", "")["files"].([]any)
	feed, _ := do(owner, "drive", "GET", "/drive/v3/changes?pageToken="+fmt.Sprint(start["startPageToken"]), "")["changes"].([]any)
	if len(list) != 3 || !reflect.DeepEqual(list[0], any(one)) {
		t.Errorf("by id\n%v\nin the list\n%v", one, list)
	}
	for _, c := range feed {
		if ch, _ := c.(map[string]any); !reflect.DeepEqual(ch["file"], any(one)) {
			t.Errorf("in the feed: %v", c)
		}
	}
	if len(feed) != 4 || one["trashed"] != true || one["version"] != "8" || one["md5Checksum"] != "d41d8cd98f00b204e9800998ecf8427e" {
		t.Errorf("%d changes of %v", len(feed), one)
	}
	permissions, _ := do(owner, "drive", "GET", filesAt+"f1/permissions", "")["permissions"].([]any)
	if len(permissions) != 2 {
		t.Errorf("permissions: %v", permissions)
	}
	s.logHas(t, "drive", "edit", "trash", "change_user_access", "change_user_access", "old")

	do(admin, "admin.directory.user", "PUT", usersAt+"102", `{"suspended":true}`)
	do(admin, "admin.directory.user.security", "DELETE", usersAt+"100/tokens/app", "")
	people, _ := do(admin, "admin.directory.user", "GET", "/admin/directory/v1/users?customer=my_customer", "")["users"].([]any)
	if u := do(admin, "admin.directory.user", "GET", usersAt+"102", ""); u["suspended"] != true || len(people) != 6 || !reflect.DeepEqual(people[4], any(u)) {
		t.Errorf("suspended: %v, in the list %v", u, people)
	}
	members, _ := do(admin, "admin.directory.group.readonly", "GET", "/admin/directory/v1/groups/g1/members", "")["members"].([]any)
	if m, _ := members[0].(map[string]any); m["status"] != "SUSPENDED" {
		t.Errorf("as a member: %v", members)
	}
	if status, _ := s.exchange(assert(t, nil, reader, scopePrefix+"drive", startTime())); status != http.StatusBadRequest {
		t.Errorf("somebody acts for a suspended account: %d", status)
	}
	if got := do(admin, "admin.directory.user.security", "GET", usersAt+"100/tokens", ""); got["items"] != nil {
		t.Errorf("tokens: %v", got)
	}
	s.logHas(t, "admin", "REVOKE_3LO_TOKEN", "SUSPEND_USER", "old")
	s.logHas(t, "token", "revoke", "old")
}

func startTime() time.Time { return start }

// logHas compares the names in a log, newest first.
func (s *Server) logHas(t *testing.T, app string, want ...string) {
	t.Helper()
	_, got := s.send(t, admin, "admin.reports.audit.readonly", "GET", "/admin/reports/v1/activity/users/all/applications/"+app+"?fields=items(events(name))", "")
	var names []string
	items, _ := got["items"].([]any)
	for _, it := range items {
		names = append(names, strings.TrimSuffix(strings.TrimPrefix(fmt.Sprint(it), "map[events:[map[name:"), "]]]"))
	}
	if !slices.Equal(names, want) {
		t.Errorf("log %s: %q, want %q", app, names, want)
	}
}

// TestMoves: into a shared drive and back out, as its lists and feeds tell.
func TestMoves(t *testing.T) {
	s := office(t)
	in := func(sp Space) (ids []string) {
		list := s.cfg.Tenant.Files(sp)
		for i := range list.len() {
			if f := list.At(i); f.ID != "" {
				ids = append(ids, f.ID)
			}
		}
		return ids
	}
	mine, drive := Space{UserID: "100"}, Space{DriveID: "d1"}
	move := func(to, from string, wantMine, wantDrive int) {
		t.Helper()
		if status, got := s.send(t, owner, "drive", "PATCH", filesAt+"f1"+all+"&addParents="+to+"&removeParents="+from, `{}`); status != http.StatusOK {
			t.Fatalf("moved to %s: %d %v", to, status, got)
		}
		if a, b := in(mine), in(drive); len(a) != wantMine || len(b) != wantDrive {
			t.Errorf("moved to %s: %v and %v", to, a, b)
		}
	}
	move("d1", "root-100", 2, 2)
	if f, _ := s.File("f1"); f.Owner != "" || f.DriveID != "d1" || len(f.Permissions) != 2 {
		t.Errorf("in the drive: %+v", f)
	}
	move("root", "d1", 3, 1)
	if f, _ := s.File("f1"); f.Owner != owner || f.DriveID != "" || f.Parent != "root-100" {
		t.Errorf("back again: %+v", f)
	}
	list, _ := s.cfg.Tenant.Changes(mine, 0)
	if len(list) != 2 {
		t.Errorf("the feed: %v", list)
	}
	s.Forget()
	if len(in(mine)) != 3 || len(in(drive)) != 1 {
		t.Error("something is not forgotten")
	}
}
