package main

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mooring-hq/mooring/plugins/box/boxtest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
	"github.com/mooring-hq/mooring/sdk/sdktest/spec"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	enterpriseID = "700123"
	clientID     = "client-id-of-the-app"
	clientSecret = "client-secret-0123456789"
	serviceID    = "9999"
	userCount    = 10
	groupCount   = 3
	bigCount     = 9
	eventCount   = 70
)

var madeAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// appKey is the App's in all tests: making one takes half a second.
var appKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

func someone(i int) boxtest.Person {
	return boxtest.Person{ID: fmt.Sprint(1000 + i), Name: fmt.Sprintf("User %d", i), Login: fmt.Sprintf("user%d@acme.example", i)}
}

func stranger(i int) boxtest.Person {
	return boxtest.Person{ID: fmt.Sprint(90_000 + i), Name: fmt.Sprintf("Guest %d", i), Login: fmt.Sprintf("guest%d@other.example", i)}
}

// content is what is in the enterprise's folders. It can be changed while it is shown.
type content struct {
	mu      sync.Mutex
	items   []boxtest.Item
	collabs map[string][]boxtest.Collaboration
	events  []boxtest.Event
	users   []boxtest.User
	groups  []boxtest.Group
	members map[string][]boxtest.Membership
}

func (c *content) lock() func() {
	c.mu.Lock()
	return c.mu.Unlock
}

func (c *content) item(id string) (boxtest.Item, bool) {
	defer c.lock()()
	return c.itemLocked(id)
}

func (c *content) itemLocked(id string) (boxtest.Item, bool) {
	for _, it := range c.items {
		if it.ID == id {
			it.Collaborated = len(c.collabs[id]) > 0
			return it, true
		}
	}
	return boxtest.Item{}, false
}

// sees: who was let in to it or a folder above.
func (c *content) sees(user string, it *boxtest.Item) bool {
	defer c.lock()()
	for id, n := it.ID, 0; id != "" && id != boxtest.Root && n < 50; n++ {
		for _, x := range c.collabs[id] {
			if x.User != nil && x.User.ID == user {
				return true
			}
		}
		up, _ := c.itemLocked(id)
		id = up.Parent
	}
	return false
}

func (c *content) in(user, folder string) boxtest.List[boxtest.Item] {
	defer c.lock()()
	var list []boxtest.Item
	for _, it := range c.items {
		it.Collaborated = len(c.collabs[it.ID]) > 0
		switch {
		case !it.TrashedAt.IsZero():
		case folder != boxtest.Root && it.Parent == folder:
			list = append(list, it)
		case folder == boxtest.Root && it.Parent == boxtest.Root && it.Owner.ID == user:
			list = append(list, it)
		case folder == boxtest.Root && it.Owner.ID != user && slices.ContainsFunc(c.collabs[it.ID], func(x boxtest.Collaboration) bool {
			return x.User != nil && x.User.ID == user
		}):
			list = append(list, it)
		}
	}
	return boxtest.ListOf(list...)
}

func (c *content) trash(user string) boxtest.List[boxtest.Item] {
	defer c.lock()()
	var list []boxtest.Item
	for _, it := range c.items {
		if !it.TrashedAt.IsZero() && it.Owner.ID == user {
			list = append(list, it)
		}
	}
	return boxtest.ListOf(list...)
}

func (c *content) enterprise() *boxtest.Enterprise {
	return &boxtest.Enterprise{
		ID: enterpriseID, Name: "Acme",
		Users:    live(c, &c.users, func(u boxtest.User) string { return u.ID }),
		External: boxtest.ListOf(boxtest.User{Person: stranger(0), CreatedAt: madeAt, UpdatedAt: madeAt}, boxtest.User{Person: stranger(1), CreatedAt: madeAt, UpdatedAt: madeAt}),
		Groups:   live(c, &c.groups, func(g boxtest.Group) string { return g.ID }),
		Members: func(g string) boxtest.List[boxtest.Membership] {
			defer c.lock()()
			return boxtest.ListOf(c.members[g]...)
		},
		Items: c.in, Item: c.item, Sees: c.sees, Trash: c.trash,
		Collaborations: func(id string) []boxtest.Collaboration {
			defer c.lock()()
			return slices.Clone(c.collabs[id])
		},
		ItemOf: func(id string) string {
			defer c.lock()()
			for item, list := range c.collabs {
				if slices.ContainsFunc(list, func(x boxtest.Collaboration) bool { return x.ID == id }) {
					return item
				}
			}
			return ""
		},
		Events:  live(c, &c.events, func(e boxtest.Event) string { return e.ID }),
		Domains: boxtest.ListOf(boxtest.Domain{ID: "60", Domain: "partner.example", CreatedAt: madeAt}, boxtest.Domain{ID: "61", Domain: "other.example", Direction: "inbound", CreatedAt: madeAt}),
		Pins:    boxtest.ListOf(boxtest.Pin{ID: "50", Owner: someone(1), Product: "iPhone"}, boxtest.Pin{ID: "51", Owner: someone(2), Product: "iPad"}),
	}
}

func live[T any](c *content, list *[]T, key func(T) string) boxtest.List[T] {
	return boxtest.List[T]{
		Len: func() int { defer c.lock()(); return len(*list) },
		At:  func(i int) T { defer c.lock()(); return (*list)[i] },
		Find: func(id string) (T, bool) {
			defer c.lock()()
			i := slices.IndexFunc(*list, func(x T) bool { return key(x) == id })
			if i < 0 {
				var none T
				return none, false
			}
			return (*list)[i], true
		},
	}
}

// thing makes an item.
func thing(kind string, id int, name, parent string, owner boxtest.Person) boxtest.Item {
	it := boxtest.Item{
		ID: fmt.Sprint(id), Type: kind, Name: name, Parent: parent, Owner: owner, CreatedBy: owner, ModifiedBy: owner, CreatedAt: madeAt,
		ModifiedAt: madeAt.Add(time.Hour), Size: 42,
	}
	if kind == boxtest.File {
		it.SHA1 = strings.Repeat("ab", 20)
	}
	return it
}

// newContent has a bit of everything. User 0's tree: a shared folder "Plans" with a folder in it, and "Big" with more files
// than a page holds.
func newContent() *content {
	c := &content{collabs: map[string][]boxtest.Collaboration{}, members: map[string][]boxtest.Membership{}}
	for i := range userCount {
		u := boxtest.User{Person: someone(i), CreatedAt: madeAt, UpdatedAt: madeAt, Title: "Engineer"}
		switch i {
		case 1:
			u.Role = "admin"
		case 2:
			u.Role = "coadmin"
		case 3:
			u.Status = "inactive"
		case 4:
			u.Status = "cannot_delete_edit"
		case 5:
			u.PlatForm, u.External = true, "ext-5"
		}
		c.users = append(c.users, u)
	}
	for i := range groupCount {
		id := fmt.Sprint(300 + i)
		c.groups = append(c.groups, boxtest.Group{ID: id, Name: "Group " + id, CreatedAt: madeAt, SyncID: "sync-" + id, UpdatedAt: madeAt})
		for j := range 5 {
			m := boxtest.Membership{ID: fmt.Sprint(4000 + 10*i + j), User: someone((2*i + j) % userCount), CreatedAt: madeAt}
			if j == 0 {
				m.Role = "admin"
			}
			c.members[id] = append(c.members[id], m)
		}
	}
	c.fill()
	c.log()
	return c
}

func (c *content) fill() {
	zero, one := someone(0), someone(1)
	c.items = []boxtest.Item{
		thing(boxtest.Folder, 100, "Plans", boxtest.Root, zero),
		thing(boxtest.Folder, 101, "Secret", "100", zero),
		thing(boxtest.File, 102, "budget.xlsx", "101", zero),
		thing(boxtest.File, 103, "roadmap.docx", "100", zero),
		thing(boxtest.Folder, 110, "Big", boxtest.Root, zero),
		thing(boxtest.WebLink, 120, "Wiki", boxtest.Root, zero),
		thing(boxtest.File, 130, "notes.txt", boxtest.Root, one),
		thing(boxtest.File, 131, "old.txt", boxtest.Root, zero),
		thing(boxtest.Folder, 140, "Empty", boxtest.Root, zero),
	}
	c.items[3].Classification = "Confidential"
	c.items[6].Link = &boxtest.Link{URL: "https://app.box.example/s/x", Access: "open"}
	c.items[7].TrashedAt = madeAt.Add(2 * time.Hour)
	for i := range bigCount {
		c.items = append(c.items, thing(boxtest.File, 10_000+i, fmt.Sprintf("file %d.bin", i), "110", zero))
	}
	guest := stranger(0)
	group := c.groups[1]
	c.collabs["100"] = []boxtest.Collaboration{
		{ID: "c1", User: &one, Role: "editor", Created: madeAt, By: zero},
		{ID: "c2", Group: &group, Role: "viewer", Created: madeAt, By: zero},
		{ID: "c3", Email: "new@other.example", Role: "viewer", Status: "pending", Created: madeAt, By: zero},
	}
	c.collabs["103"] = []boxtest.Collaboration{{ID: "c4", User: &guest, Role: "viewer uploader", Created: madeAt, By: zero, Expires: madeAt.AddDate(5, 0, 0)}}
}

// log is 70 events, the last of them minutes ago.
func (c *content) log() {
	now := time.Now().Truncate(time.Second)
	for i := range eventCount {
		at := now.Add(-time.Duration(eventCount-i) * 10 * time.Minute)
		e := boxtest.Event{ID: fmt.Sprintf("ev-%04d", i), Type: "LOGIN", Created: at, By: someone(i % 7), IP: "203.0.113.7", Source: boxtest.UserSource(someone(i % 7))}
		switch i % 5 {
		case 1:
			e.Type, e.Source = "DOWNLOAD", boxtest.ItemSource(&c.items[6], nil)
		case 2:
			e.Type, e.Source = "UPLOAD", boxtest.ItemSource(&c.items[2], &c.items[1])
		}
		c.events = append(c.events, e)
	}
}

// happen adds an event of now.
func (c *content) happen(e boxtest.Event) {
	defer c.lock()()
	e.Created = time.Now().Truncate(time.Second)
	e.ID = fmt.Sprintf("now-%d", len(c.events))
	c.events = append(c.events, e)
}

// change does something to the content.
func (c *content) change(f func()) {
	defer c.lock()()
	f()
}

// world is an enterprise behind its fake.
type world struct {
	*content
	fake *boxtest.Server
	http *httptest.Server

	mu    sync.Mutex
	wrong []error
	asked []string // requests, as method, path and as-user
}

var allScopes = []string{boxtest.ManageUsers, boxtest.ManageGroups, boxtest.ManageEnterprise, boxtest.ReadAll, boxtest.WriteAll, boxtest.ManageWebhooks}

func start(t *testing.T, c *content, change func(*boxtest.Config)) *world {
	t.Helper()
	w := &world{content: c}
	cfg := boxtest.Config{
		Enterprise: c.enterprise(), Limits: boxtest.Limits{Calls: -1},
		App: boxtest.App{
			ClientID: clientID, ClientSecret: clientSecret, Service: boxtest.Person{ID: serviceID, Name: "Mooring", Login: "AutomationUser@boxdevedition.example"},
			Admin: someone(1).ID, Scopes: allScopes, Key: &appKey().PublicKey, KeyID: "key1", Primary: "primary-key", Secondary: "secondary-key",
		},
		Record: w.record(t),
	}
	if change != nil {
		change(&cfg)
	}
	w.fake = boxtest.New(cfg)
	w.http = httptest.NewServer(w.fake)
	t.Cleanup(func() {
		w.http.Close()
		for _, err := range w.wrong[:min(len(w.wrong), 10)] {
			t.Errorf("a request or its answer is wrong: %.1500v", err)
		}
	})
	return w
}

// vendorDoc is the vendor's document; reading it takes long.
var vendorDoc = sync.OnceValues(func() (*spec.Spec, error) { return openSpec(os.Getenv("MOORING_SPECS")) })

// record holds what is sent and answered against the vendor's document, where there is one.
func (w *world) record(t *testing.T) func(*http.Request, int, http.Header, []byte) {
	t.Helper()
	hold := func(*http.Request, int, http.Header, []byte) {}
	if os.Getenv("MOORING_SPECS") != "" {
		doc, err := vendorDoc()
		if err != nil {
			t.Fatal(err)
		}
		hold = doc.Record(func(err error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.wrong = append(w.wrong, err)
		}, "/api/oauth2/authorize", "/realtime/")
		known := hold
		hold = func(r *http.Request, status int, h http.Header, body []byte) {
			if !unlisted(r) {
				known(r, status, h, body)
			}
		}
	} else {
		t.Log("requests are not held against the vendor's document: MOORING_SPECS is not set")
	}
	return func(r *http.Request, status int, h http.Header, body []byte) {
		w.mu.Lock()
		if strings.HasPrefix(r.URL.Path, "/2.0/") && r.Header.Get("Box-Notifications") != "off" {
			w.wrong = append(w.wrong, fmt.Errorf("%s %s would send mails", r.Method, r.URL.Path))
		}
		w.asked = append(w.asked, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+r.Header.Get("As-User")))
		w.mu.Unlock()
		if status == http.StatusForbidden && len(body) == 0 {
			return // for a scope that is missing, Box answers in a header, whatever its document says
		}
		hold(r, status, h, body)
	}
}

// unlisted is what the part of the document that we have leaves out.
func unlisted(r *http.Request) bool {
	trashed := strings.HasPrefix(r.URL.Path, "/2.0/folders/") && strings.HasSuffix(r.URL.Path, "/trash")
	return r.Method == http.MethodPost && r.URL.Path == "/2.0/collaborations" || r.Method == http.MethodGet && trashed
}

// calls gives the requests since the last time.
func (w *world) calls() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.asked
	w.asked = nil
	return out
}

func clientSecrets() map[string]string {
	return map[string]string{"client_id": clientID, "client_secret": clientSecret, "enterprise_id": enterpriseID}
}

// session is one on the real transport.
func (w *world) session(t *testing.T, secrets map[string]string) *sdk.Session {
	t.Helper()
	return sessionAt(t, w.http.URL, secrets)
}

func sessionAt(t *testing.T, at string, secrets map[string]string) *sdk.Session {
	t.Helper()
	if secrets == nil {
		secrets = clientSecrets()
	}
	d := connector{}.Describe()
	s := &sdk.Session{
		Instance: "test", KeepRaw: true, Classify: classify,
		Settings: sdk.Settings{"base_url": at, "account_url": at},
		Secret:   func(name string) string { return secrets[name] }, Log: func(string, string, ...string) {},
	}
	tr, err := httpapi.New(httpapi.Config{
		Description: d, Session: s, Network: &wire.Network{Private: []string{"127.0.0.1"}}, UserAgent: "mooring-test", Backoff: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	s.HTTP = httpapi.Client(tr)
	t.Cleanup(tr.CloseIdleConnections)
	return s
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
