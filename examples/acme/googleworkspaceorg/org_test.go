package googleworkspaceorg

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
)

// later is after the company's own present.
var later = company.AsOf().AddDate(0, 0, 3)

func live(t *testing.T, size, steps int) *company.Live {
	t.Helper()
	l := company.New(1, size).Live(later, company.Everyone())
	for i := range steps {
		l.Step(later.Add(time.Duration(i) * time.Minute))
		l.StepDocument(later.Add(time.Duration(i) * time.Minute))
	}
	return l
}

// TestPeople: everybody is found by id and address, once, also who came or left since.
func TestPeople(t *testing.T) {
	l := live(t, 3000, 400)
	tenant := Tenant(l)
	seen := map[string]bool{}
	suspended := 0
	for i := range tenant.Users.Len() {
		u := tenant.Users.At(i)
		if seen[u.ID] || seen[u.Email] {
			t.Fatalf("%s %s is there twice", u.ID, u.Email)
		}
		seen[u.ID], seen[u.Email] = true, true
		if u.Suspended {
			suspended++
		}
		for _, key := range []string{u.ID, u.Email} {
			if got, ok := tenant.Users.Find(key); !ok || got.ID != u.ID {
				t.Fatalf("%s is not found by %s: %v", u.Email, key, got)
			}
		}
	}
	if suspended == 0 {
		t.Error("nobody is suspended, but people left")
	}
	for _, key := range []string{"", "1", "nobody@acme.example", "x@other.example", userID(1 << 40)} {
		if u, ok := tenant.Users.Find(key); ok {
			t.Errorf("%q finds %s", key, u.Email)
		}
	}
	if admin, ok := tenant.Users.Find(Admin(l)); !ok || !admin.Admin || admin.Suspended {
		t.Errorf("the agent's administrator is %v", admin)
	}
}

// TestGroups: every group is found, and its count is that of its members, all of whom exist.
func TestGroups(t *testing.T) {
	tenant := Tenant(live(t, 500, 200))
	nested := 0
	for i := range tenant.Groups.Len() {
		g := tenant.Groups.At(i)
		for _, key := range []string{g.ID, g.Email} {
			if got, ok := tenant.Groups.Find(key); !ok || got.ID != g.ID {
				t.Fatalf("%s is not found by %s", g.Email, key)
			}
		}
		members := tenant.Members(g.ID)
		if members.Len() != g.Members {
			t.Errorf("%s has %d members, counted %d", g.Email, members.Len(), g.Members)
		}
		for m := range members.Len() {
			member, ok := members.At(m), false
			if member.Type == "GROUP" {
				nested++
				_, ok = tenant.Groups.Find(member.ID)
			} else {
				_, ok = tenant.Users.Find(member.ID)
			}
			if !ok {
				t.Errorf("%s has member %v, who is nowhere", g.Email, member)
			}
		}
	}
	if nested == 0 {
		t.Error("no group is in another")
	}
}

// TestFiles: every file of every place is found by its id, in that place, and none twice.
func TestFiles(t *testing.T) {
	l := live(t, 200, 300)
	tenant := Tenant(l)
	var spaces []gw.Space
	for i := range tenant.Users.Len() {
		spaces = append(spaces, gw.Space{UserID: tenant.Users.At(i).ID})
	}
	for i := range tenant.Drives.Len() {
		d := tenant.Drives.At(i)
		if got, ok := tenant.Drives.Find(d.ID); !ok || got.Name != d.Name || len(tenant.DrivePermissions(d.ID)) == 0 {
			t.Fatalf("shared drive %v is not found, or nobody is in it", d)
		}
		spaces = append(spaces, gw.Space{DriveID: d.ID})
	}
	seen, public, trashed := map[string]bool{}, false, false
	for _, s := range spaces {
		files := tenant.Files(s)
		for i := range files.Len() {
			f := files.At(i)
			got, ok := tenant.File(f.ID)
			if seen[f.ID] || !ok || got.Name != f.Name || got.DriveID != s.DriveID || got.OwnerID != s.UserID {
				t.Fatalf("file %v of %v: found %v", f, s, got)
			}
			seen[f.ID], trashed = true, trashed || !f.Trashed.IsZero()
			public = public || slices.ContainsFunc(f.Permissions, func(p gw.Permission) bool { return p.Discoverable })
		}
	}
	if !public || !trashed || !seen[fileID(l.KeyDocument())] {
		t.Errorf("of %d files: one public %v, one in the trash %v, the incident's %v", len(seen), public, trashed, seen[fileID(l.KeyDocument())])
	}
}

// TestChanges: what happens to a document is in the changes of its place and in the log, by the same id.
func TestChanges(t *testing.T) {
	l := live(t, 300, 0)
	tenant := Tenant(l)
	before := map[string]int64{}
	token := func(s gw.Space) int64 { _, last := tenant.Changes(s, 0); return last }
	done := map[company.ChangeKind]int{}
	for i := range 1500 {
		ch := l.StepDocument(later.Add(time.Duration(i) * time.Second))
		done[ch.Kind]++
		if ch.In != company.Drive || ch.Document == 0 {
			continue
		}
		d, there := l.Document(ch.Document)
		s := spaceOf(spaceOfItem(ch.Document))
		if there && spaceOfItem(ch.Document) != d.Space {
			t.Fatalf("%d is in %v, not in %v", ch.Document, d.Space, spaceOfItem(ch.Document))
		}
		key := s.UserID + s.DriveID
		list, last := tenant.Changes(s, before[key])
		before[key] = token(s)
		_, wants := changeOf(&ch)
		has := slices.ContainsFunc(list, func(c gw.Change) bool {
			return c.FileID == fileID(ch.Document) && c.Removed == (ch.Kind == company.DocumentDeleted)
		})
		if wants && (!has || last < before[key]) {
			t.Fatalf("%v is not in the changes %v of its place", ch, list)
		}
		log := tenant.Log("drive")
		if e := log.At(log.Len() - 1); len(e.Events) != 1 || e.Events[0].Name == "" || !e.Time.Equal(ch.Time) {
			t.Fatalf("the log ends with %v after %v", e, ch)
		}
	}
	for _, kind := range []company.ChangeKind{company.DocumentAdded, company.DocumentShared, company.DocumentUnshared, company.DocumentTrashed, company.DocumentDeleted} {
		if done[kind] == 0 {
			t.Errorf("nothing was %q", kind)
		}
	}
}

// TestLogs ascend, and have what the company did.
func TestLogs(t *testing.T) {
	tenant := Tenant(live(t, 300, 600))
	for _, application := range []string{"login", "drive", "admin", "groups_enterprise", "token"} {
		log, n := tenant.Log(application), 0
		var last time.Time
		for i := range log.Len() {
			a := log.At(i)
			if a.Time.Before(last) {
				t.Fatalf("%s: entry %d is older than the one before it", application, i)
			}
			last = a.Time
			n += len(a.Events)
		}
		if n == 0 {
			t.Errorf("the log %s is empty", application)
		}
	}
}

// TestBig: a million people cost nothing to hold, and any of them is found at once.
func TestBig(t *testing.T) {
	tenant := Tenant(live(t, company.MaxSize, 0))
	u := tenant.Users.At(company.MaxSize - 1)
	if got, ok := tenant.Users.Find(u.Email); !ok || got.ID != u.ID {
		t.Errorf("%s is not found", u.Email)
	}
	if n := tenant.Users.Len(); n != company.MaxSize {
		t.Errorf("%d people", n)
	}
}

func TestKeyFile(t *testing.T) {
	key := testKey()
	b, err := KeyFile(key)
	var k struct {
		Email string `json:"client_email"`
		Key   string `json:"private_key"`
	}
	if err != nil || json.Unmarshal(b, &k) != nil || k.Email != AccountEmail || k.Key == "" {
		t.Errorf("key file: %v, %v", err, k.Email)
	}
}
