package oktaorg

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
	"github.com/mooring-hq/mooring/sdk/httpapi"
)

const token = "00acmeTOKENofTheAgent"

// stage is the company behind the fake.
type stage struct {
	t      *testing.T
	live   *company.Live
	server *oktatest.Server
	url    string
}

func newStage(t *testing.T, size int) *stage {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, live: company.New(1, size).Live(time.Now())}
	cfg := Config(s.live, &key.PublicKey, token)
	cfg.Limits.Off = true
	var mu sync.Mutex
	if dir := os.Getenv("MOORING_SPECS"); dir != "" {
		spec, err := oktatest.OpenSpec(dir)
		if err != nil {
			t.Fatal(err)
		}
		hold := spec.Record(func(err error) {
			mu.Lock()
			defer mu.Unlock()
			t.Errorf("against the vendor's document: %v", err)
		})
		cfg.Record = func(r *http.Request, status int, h http.Header, body []byte) {
			if !oktatest.Outside(r) {
				hold(r, status, h, body)
			}
		}
	} else {
		t.Log("answers are not held against Okta's document: MOORING_SPECS is not set")
	}
	s.server = oktatest.New(cfg)
	web := httptest.NewServer(s.server)
	t.Cleanup(web.Close)
	s.url = web.URL
	return s
}

// get reads all pages of a list.
func (s *stage) get(path string) (all []map[string]any) {
	s.t.Helper()
	for ref := s.url + path; ref != ""; {
		req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, ref, nil)
		if err != nil {
			s.t.Fatal(err)
		}
		req.Header.Set("Authorization", "SSWS "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			s.t.Fatal(err)
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		var page []map[string]any
		if res.StatusCode != http.StatusOK || json.Unmarshal(body, &page) != nil {
			s.t.Fatalf("%s: %d %s", path, res.StatusCode, body)
		}
		all = append(all, page...)
		if ref = httpapi.NextLink(res); len(page) == 0 || strings.Contains(path, "/logs") && len(page) < 1000 {
			break
		}
	}
	return all
}

const everybody = "/api/v1/users?filter=lastUpdated+gt+%221970-01-01T00:00:00.000Z%22"

func TestTheCompany(t *testing.T) {
	s := newStage(t, 500)
	users := s.get(everybody)
	if len(users) != s.live.People() {
		t.Fatalf("%d users, want %d", len(users), s.live.People())
	}
	gone := 0
	for i, u := range users {
		if u["id"] != userID(i) || u["profile"].(map[string]any)["email"] != s.live.Person(i).Email {
			t.Fatalf("user %d is %v", i, u)
		}
		blocked := s.live.OfficeState(i) == company.Blocked
		if (u["status"] == "DEPROVISIONED") != blocked {
			t.Errorf("user %d is %v", i, u["status"])
		}
		if blocked {
			gone++
		}
	}
	if gone == 0 || users[s.live.Leaver()]["status"] != "DEPROVISIONED" {
		t.Error("nobody who left is deactivated")
	}
	for _, g := range s.get("/api/v1/groups?limit=200&expand=stats") {
		id, _ := g["id"].(string)
		s.get("/api/v1/groups/" + id + "/users")
	}
	for _, a := range s.get("/api/v1/apps?limit=200") {
		id, _ := a["id"].(string)
		for _, below := range []string{"users", "groups", "grants", "tokens"} {
			s.get("/api/v1/apps/" + id + "/" + below)
		}
	}
	for _, path := range []string{"/api/v1/groups/rules", "/api/v1/api-tokens", "/api/v1/users/" + userID(s.live.CarelessAdmin()) + "/roles"} {
		if len(s.get(path)) == 0 {
			t.Errorf("%s: nothing", path)
		}
	}
	if f := s.get("/api/v1/users/" + userID(s.live.CarelessAdmin()) + "/factors"); len(f) != 1 {
		t.Errorf("the careless administrator has %d factors", len(f))
	}
}

// TestWhoIsWhere: what is looked up by person is what the lists show.
func TestWhoIsWhere(t *testing.T) {
	s := newStage(t, 300)
	for i := range 60 { // people come, leave and move
		s.live.Step(time.Now().Add(time.Duration(i-60) * time.Millisecond))
	}
	o := &org{live: s.live, news: news{person: map[int]time.Time{}, team: map[company.TeamID]time.Time{}}}
	in := map[string][]string{}
	groups := o.groups()
	for i := range groups.Len() {
		g := groups.At(i)
		members := o.members(g.ID)
		for n := 0; members.Len != nil && n < members.Len(); n++ {
			if u := members.At(n); u.ID != "" {
				in[u.ID] = append(in[u.ID], g.ID)
				if found, ok := members.Find(u.ID); !ok || found.ID != u.ID {
					t.Errorf("%s is in %s, but is not found", u.ID, g.ID)
				}
			}
		}
	}
	tokens := map[string]string{}
	list := o.appTokens(appID(notes))
	for i := range list.Len() {
		if token := list.At(i); token.ID != "" {
			tokens[token.UserID] = token.ID
		}
	}
	for i := range s.live.People() {
		id := userID(i)
		want, got := in[id], o.groupsOf(id)
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(want, got) {
			t.Errorf("%s is in %v, by person in %v", id, want, got)
		}
		for _, a := range []int{github, box, google, notes, portal} {
			users := o.appUsers(appID(a))
			listed := false
			for n := 0; users.Len != nil && n < users.Len() && !listed; n++ {
				listed = users.At(n).ID == id
			}
			if found := users.Find != nil && func() bool { _, ok := users.Find(id); return ok }(); found != listed {
				t.Errorf("%s in app %d: listed %v, found %v", id, a, listed, found)
			}
		}
		token := ""
		for _, tk := range o.tokensOf(id) {
			token += tk.ID
		}
		if token != tokens[id] {
			t.Errorf("the token of %s is %q, by person %q", id, tokens[id], token)
		}
	}
}

// TestChanges: what happens to the company shows in the lists by time, in the log and at the hooks.
func TestChanges(t *testing.T) {
	s := newStage(t, 200)
	since := time.Now().Add(-time.Second)
	changed := map[string]bool{}
	events := 0
	for i := range 200 {
		ch := s.live.Step(time.Now().Add(time.Duration(i-200) * time.Millisecond))
		switch ch.Kind {
		case company.Hired, company.Left, company.MovedTeam:
			changed[userID(ch.Person)] = true
		}
		events += len((&org{live: s.live}).events(&ch))
		Step(context.Background(), s.server, s.live, ch)
	}
	stamp := since.UTC().Format("2006-01-02T15:04:05.000Z")
	users := s.get("/api/v1/users?filter=lastUpdated+gt+%22" + stamp + "%22")
	for _, u := range users {
		id, _ := u["id"].(string)
		if !changed[id] {
			t.Errorf("%s did not change", id)
		}
		delete(changed, id)
	}
	if len(changed) > 0 || len(users) == 0 {
		t.Errorf("not shown as changed: %v", changed)
	}
	if groups := s.get("/api/v1/groups?filter=lastMembershipUpdated+gt+%22" + stamp + "%22"); len(groups) < 2 {
		t.Errorf("%d groups changed", len(groups))
	}
	log := s.get("/api/v1/logs?limit=1000&sortOrder=ASCENDING&since=" + stamp)
	seen := map[any]bool{}
	for _, e := range log {
		seen[e["uuid"]] = true
	}
	if len(log) != events || len(seen) != events {
		t.Errorf("%d events in the log, %d different, want %d", len(log), len(seen), events)
	}
}

// TestBigCompany: a page costs the same whatever the size.
func TestBigCompany(t *testing.T) {
	s := newStage(t, company.MaxSize)
	u := s.one("/api/v1/users?limit=200&filter=lastUpdated+gt+%221970-01-01T00:00:00.000Z%22&after=" + "YXQ6OTk5OTAw") // at:999900
	if len(u) != 100 {
		t.Errorf("%d users on the last page", len(u))
	}
	if e := s.one("/api/v1/logs?limit=1000&sortOrder=DESCENDING"); len(e) != 1000 {
		t.Errorf("%d events", len(e))
	}
}

// one reads one page.
func (s *stage) one(path string) []map[string]any {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "SSWS "+token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var page []map[string]any
	if err := json.NewDecoder(res.Body).Decode(&page); err != nil {
		s.t.Fatal(err)
	}
	return page
}
