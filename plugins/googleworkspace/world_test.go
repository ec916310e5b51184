package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	company     = "acme.example"
	adminEmail  = "admin@acme.example"
	robotEmail  = "mooring@project.iam.gserviceaccount.example"
	userCount   = 1100
	groupCount  = 4
	bigGroup    = 450 // members of the first group
	manyFiles   = 1000
	customer    = "C0acme000"
	pushSecret  = "a-push-secret-unlike-any-data"
	sharedDrive = "0Ashared1"
	emptyDrive  = "0Ashared2"

	quarantineDrive = "0Aquarantine"
)

// worldNow is the clock of all tests.
var worldNow = time.Date(2026, 11, 20, 12, 30, 0, 0, time.UTC)

// robotKey is the service account's in all tests: making one takes half a second.
var robotKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// world is one tenant behind a fake. What is in it may be changed between requests, under mu.
type world struct {
	server *gw.Server
	http   *httptest.Server

	mu      sync.Mutex
	now     time.Time
	users   []gw.User
	deleted []gw.User
	groups  []gw.Group
	members map[string][]gw.Member
	files   []gw.File
	changes map[gw.Space][]gw.Change
	logs    map[string][]gw.Activity
	more    []gw.Drive      // shared drives
	letIn   map[string]bool // who lets app-2 in, by id; it does not change
	next    int64
	wrong   []error
	calls   []string // of every request
}

func person(i int) gw.User {
	return gw.User{
		ID: fmt.Sprintf("1000000000000000%05d", i), Email: fmt.Sprintf("user%04d@acme.example", i), Name: fmt.Sprintf("User %d", i),
		Enrolled2SV: i%3 != 0, OrgUnitPath: "/", Created: worldNow.AddDate(-1, 0, 0), LastLogin: worldNow.Add(-time.Duration(i) * time.Hour),
	}
}

func newWorld() *world {
	w := &world{now: worldNow, members: map[string][]gw.Member{}, changes: map[gw.Space][]gw.Change{}, logs: map[string][]gw.Activity{}, next: 100}
	for i := range userCount {
		u := person(i)
		switch i {
		case 0:
			u.Email, u.Admin, u.Aliases = adminEmail, true, []string{"root@acme.example"}
		case 1:
			u.Suspended, u.SuspensionReason = true, "ADMIN"
		case 2:
			u.Archived = true
		case 3:
			u.NeverSignedIn, u.LastLogin = true, time.Time{}
		case 4:
			u.DelegatedAdmin = true
		}
		w.users = append(w.users, u)
	}
	gone := person(5000)
	gone.DeletedAt = worldNow.Add(-24 * time.Hour)
	w.deleted = []gw.User{gone}
	w.addGroups()
	w.addFiles()
	w.addLogs()
	return w
}

func (w *world) addGroups() {
	for i := range groupCount {
		id := fmt.Sprintf("01group%d", i)
		switch i {
		case 0:
			for m := range bigGroup {
				u := w.users[m]
				w.members[id] = append(w.members[id], gw.Member{ID: u.ID, Email: u.Email, Role: "MEMBER", Type: "USER", Status: "ACTIVE"})
			}
		case 1:
			w.members[id] = []gw.Member{
				{ID: "01group0", Email: "group0@acme.example", Role: "MEMBER", Type: "GROUP", Status: "ACTIVE"},
				{ID: customer, Role: "MEMBER", Type: "CUSTOMER"},
				{ID: "999", Email: "guest@partner.example", Role: "OWNER", Type: "EXTERNAL"},
			}
		case 2:
			w.members[id] = []gw.Member{{ID: w.users[7].ID, Email: w.users[7].Email, Role: "OWNER", Type: "USER", Status: "ACTIVE"}}
		}
		w.groups = append(w.groups, gw.Group{ID: id, Email: fmt.Sprintf("group%d@acme.example", i), Name: fmt.Sprintf("Group %d", i)})
	}
}

func (w *world) myFile(i, owner int) gw.File {
	u := w.users[owner]
	return gw.File{
		ID: fmt.Sprintf("file-%d-%d", owner, i), Name: fmt.Sprintf("Plan %d", i), MIME: "text/plain", Size: int64(i), MD5: fmt.Sprintf("%032x", i),
		Created: worldNow.AddDate(0, -1, 0), Modified: worldNow.AddDate(0, 0, -1), Version: int64(i + 1), Owner: u.Email, OwnerID: u.ID,
		ModifiedBy: u.Email, Parent: "root-" + u.ID,
	}
}

// addFiles: person 5 has many, 6 some with all sorts of sharing, the others none.
func (w *world) addFiles() {
	for i := range manyFiles {
		w.files = append(w.files, w.myFile(i, 5))
	}
	for i := range 6 {
		f := w.myFile(i, 6)
		switch i {
		case 0:
			f.Permissions = []gw.Permission{{ID: "anyone", Type: "anyone", Role: "reader", Discoverable: true}}
		case 1:
			f.Permissions = []gw.Permission{{ID: "anyoneWithLink", Type: "anyone", Role: "commenter"}}
		case 2:
			f.Permissions = []gw.Permission{
				{ID: "d", Type: "domain", Role: "reader", Domain: company}, {ID: "g", Type: "group", Role: "writer", Email: "group1@acme.example"},
				{ID: "x", Type: "user", Role: "reader", Email: "guest@partner.example", Expires: worldNow.AddDate(0, 1, 0)},
			}
		case 3:
			f.Trashed = worldNow.Add(-time.Hour)
		case 4:
			f.MIME, f.Size = "application/vnd.google-apps.folder", -1
		case 5:
			f.MIME, f.Size, f.Locked = "application/vnd.google-apps.document", -1, "audit"
		}
		w.files = append(w.files, f)
	}
	for i := range 3 {
		f := gw.File{
			ID: fmt.Sprintf("shared-%d", i), Name: fmt.Sprintf("Team plan %d", i), MIME: "application/pdf", Size: 10, SHA256: fmt.Sprintf("%064x", i),
			Created: worldNow.AddDate(0, -2, 0), Modified: worldNow.AddDate(0, -1, 0), Version: 3, DriveID: sharedDrive, ModifiedBy: adminEmail,
			Parent: sharedDrive,
		}
		if i == 2 {
			f.Permissions = []gw.Permission{{ID: "anyoneWithLink", Type: "anyone", Role: "reader"}}
		}
		w.files = append(w.files, f)
	}
}

func (w *world) addLogs() {
	for i := range 2300 {
		at := worldNow.Add(-time.Duration(2300-i)*time.Minute - time.Hour)
		name := "login_success"
		if i%10 == 0 {
			name = "login_failure"
		}
		u := w.users[i%50+10]
		w.log("login", at, u, "login", name)
	}
	w.log("admin", worldNow.Add(-48*time.Hour), w.users[0], "USER_SETTINGS", "CREATE_USER", gw.Param{Name: "USER_EMAIL", Value: w.users[9].Email})
	w.log("drive", worldNow.Add(-47*time.Hour), w.users[6], "access", "view", gw.Param{Name: "doc_id", Value: "file-6-0"}, gw.Param{Name: "owner", Value: w.users[6].Email})
	for i := range 4 {
		w.log("token", worldNow.AddDate(0, 0, i-10), w.users[i%3+10], "auth", "authorize", gw.Param{Name: "client_id", Value: "app-1"},
			gw.Param{Name: "app_name", Value: "Notes"}, gw.Param{Name: "client_type", Value: "WEB"},
			gw.Param{Name: "scope", Values: []string{"https://www.googleapis.com/auth/drive", "openid"}})
	}
	w.log("token", worldNow.AddDate(0, 0, -1), w.users[11], "auth", "revoke", gw.Param{Name: "client_id", Value: "app-1"}, gw.Param{Name: "app_name", Value: "Notes"})
}

// log writes an entry; the caller holds mu, or nobody else knows the world yet.
func (w *world) log(app string, at time.Time, by gw.User, kind, name string, params ...gw.Param) {
	w.next++
	w.logs[app] = append(w.logs[app], gw.Activity{
		Time: at, Qualifier: -w.next, Actor: by.Email, ActorID: by.ID, IP: "192.0.2.7", Region: "SE",
		Events: []gw.Event{{Type: kind, Name: name, Params: params}},
	})
}

func listOf[T any](w *world, items func() []T) gw.List[T] {
	return gw.List[T]{
		Len: func() int { w.mu.Lock(); defer w.mu.Unlock(); return len(items()) },
		At: func(i int) T {
			w.mu.Lock()
			defer w.mu.Unlock()
			if list := items(); i < len(list) {
				return list[i]
			}
			var none T
			return none
		},
	}
}

// userList finds people at once, because every request asks for its subject.
func (w *world) userList() gw.List[gw.User] {
	list := listOf(w, func() []gw.User { return w.users })
	list.Find = func(key string) (gw.User, bool) {
		w.mu.Lock()
		defer w.mu.Unlock()
		i := slices.IndexFunc(w.users, func(u gw.User) bool {
			return u.ID == key || strings.EqualFold(u.Email, key) || slices.Contains(u.Aliases, key)
		})
		if i < 0 {
			return gw.User{}, false
		}
		return w.users[i], true
	}
	return list
}

func (w *world) filesOf(s gw.Space) []gw.File {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []gw.File
	for _, f := range w.files {
		if f.DriveID == s.DriveID && f.OwnerID == s.UserID {
			list = append(list, f)
		}
	}
	return list
}

func (w *world) tenant() *gw.Tenant {
	return &gw.Tenant{
		CustomerID: customer, Domain: company,
		Domains: func() []gw.Domain {
			return []gw.Domain{{Name: company, Primary: true, Verified: true, Aliases: []string{"acme.test"}}, {Name: "new.example"}}
		},
		OrgUnits: func() []gw.OrgUnit {
			return []gw.OrgUnit{{ID: "ou0", Name: "acme", Path: "/"}, {ID: "ou1", Name: "Sales", Path: "/Sales", ParentID: "ou0"}, {ID: "ou2", Name: "EMEA", Path: "/Sales/EMEA", ParentID: "ou1"}}
		},
		Users: w.userList(), Deleted: listOf(w, func() []gw.User { return w.deleted }),
		Groups: listOf(w, func() []gw.Group {
			for i := range w.groups {
				w.groups[i].Members = len(w.members[w.groups[i].ID])
			}
			return w.groups
		}),
		Members: func(id string) gw.List[gw.Member] { return listOf(w, func() []gw.Member { return w.members[id] }) },
		Roles: gw.ListOf(gw.Role{ID: 1, Name: "_SEED_ADMIN_ROLE", System: true, SuperAdmin: true, Privileges: []string{"SUPER_ADMIN"}},
			gw.Role{ID: 2, Name: "Helpdesk", Privileges: []string{"USERS_RETRIEVE", "RESET_PASSWORD"}}),
		Assigned: gw.ListOf(gw.Assignment{ID: 10, RoleID: 1, To: w.users[0].ID}, gw.Assignment{ID: 11, RoleID: 2, To: w.users[4].ID, OrgUnit: "ou1"},
			gw.Assignment{ID: 12, RoleID: 2, To: "01group2", Group: true}),
		Tokens: func(id string) []gw.Token {
			if w.letIn[id] {
				return []gw.Token{{ClientID: "app-2", Name: "Boards", Scopes: []string{"openid"}}}
			}
			if id != w.users[10].ID {
				return nil
			}
			return []gw.Token{{ClientID: "app-1", Name: "Notes", Scopes: []string{"openid"}}}
		},
		Drives: gw.ListOf(append([]gw.Drive{
			{ID: sharedDrive, Name: "Team", Created: worldNow.AddDate(-1, 0, 0)}, {ID: emptyDrive, Name: "Alone", Created: worldNow.AddDate(-1, 0, 0)},
		}, w.more...)...),
		DrivePermissions: func(id string) []gw.Permission {
			if id == quarantineDrive {
				return []gw.Permission{{ID: "q", Type: "user", Role: "organizer", Email: "user0009@acme.example"}}
			}
			if id == emptyDrive {
				return []gw.Permission{{ID: "g", Type: "group", Role: "organizer", Email: "group2@acme.example"}}
			}
			return []gw.Permission{
				{ID: "o", Type: "user", Role: "organizer", Email: "user0007@acme.example"}, {ID: "a", Type: "group", Role: "writer", Email: "group0@acme.example"},
			}
		},
		Files: func(s gw.Space) gw.List[gw.File] { return gw.ListOf(w.filesOf(s)...) },
		File: func(id string) (gw.File, bool) {
			w.mu.Lock()
			defer w.mu.Unlock()
			i := slices.IndexFunc(w.files, func(f gw.File) bool { return f.ID == id })
			if i < 0 {
				return gw.File{}, false
			}
			return w.files[i], true
		},
		Content: contentOf,
		Changes: func(s gw.Space, after int64) ([]gw.Change, int64) {
			w.mu.Lock()
			defer w.mu.Unlock()
			var list []gw.Change
			last := int64(1000)
			for _, c := range w.changes[s] {
				if c.Number > after {
					list = append(list, c)
				}
				last = max(last, c.Number)
			}
			return list, last
		},
		Log: func(app string) gw.List[gw.Activity] { return listOf(w, func() []gw.Activity { return w.logs[app] }) },
	}
}

// contentOf is what every file holds.
func contentOf(id string) []byte { return []byte("the content of " + id) }

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// start serves the tenant. Every request is held against the vendor's document when MOORING_SPECS names its folder.
func start(t *testing.T, w *world, change func(*gw.Config)) *world {
	t.Helper()
	hold := w.spec(t)
	cfg := gw.Config{
		Tenant: w.tenant(), Now: w.clock,
		Accounts: []gw.ServiceAccount{{Email: robotEmail, ClientID: "42", KeyID: "key-1", Key: &robotKey().PublicKey, Scopes: urls(allScopes()...)}},
		Record: func(r *http.Request, status int, h http.Header, body []byte) {
			w.mu.Lock()
			w.calls = append(w.calls, r.Method+" "+r.URL.RequestURI())
			w.mu.Unlock()
			hold(r, status, h, body)
		},
	}
	if change != nil {
		change(&cfg)
	}
	w.server = gw.New(cfg)
	w.http = httptest.NewServer(w.server)
	t.Cleanup(func() {
		w.http.Close()
		w.server.Wait()
		for _, err := range w.wrong {
			t.Errorf("against the vendor's document: %v", err)
		}
	})
	return w
}

func keyFile() string {
	der, err := x509.MarshalPKCS8PrivateKey(robotKey())
	if err != nil {
		panic(err)
	}
	b, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": robotEmail, "client_id": "42", "project_id": "project", "private_key_id": "key-1",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": gw.TokenURI,
	})
	if err != nil {
		panic(err)
	}
	return string(b)
}

func (w *world) connector() connector {
	return connector{tokens: &tokens{}, now: w.clock, pause: time.Millisecond, guests: make(chan struct{}, 1)}
}

// session is one that runs on the SDK's transport, without a host that paces.
func (w *world) session(t *testing.T) *sdk.Session {
	t.Helper()
	secrets := map[string]string{keyField: keyFile(), secretField: pushSecret}
	s := &sdk.Session{
		Instance: "test", KeepRaw: true, Classify: classify,
		Settings: sdk.Settings{
			adminSetting: adminEmail, quarantineSetting: quarantineDrive, baseSetting: w.http.URL, driveSetting: w.http.URL, tokenSetting: w.http.URL + "/token",
		},
		Secret: func(name string) string { return secrets[name] },
		Log:    func(string, string, ...string) {},
	}
	transport, err := httpapi.New(httpapi.Config{Description: w.connector().Describe(), Session: s, Network: &wire.Network{Private: []string{"127.0.0.1"}}, Backoff: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	s.HTTP = httpapi.Client(transport)
	t.Cleanup(transport.CloseIdleConnections)
	return s
}
