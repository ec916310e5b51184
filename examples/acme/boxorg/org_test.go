package boxorg

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/box/boxtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func now() time.Time { return time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC) }

// served is the company behind a running fake.
type served struct {
	t      *testing.T
	live   *company.Live
	fake   *boxtest.Server
	url    string
	client *http.Client
	token  string
}

func serve(t *testing.T, size int) *served {
	t.Helper()
	s := &served{t: t, live: company.New(1, size).Live(now())}
	cfg := Config(s.live, Credentials{Secret: "secret", Primary: "p", Secondary: "s"})
	cfg.Now, cfg.Limits.Calls = now, -1
	cfg.App.Scopes = append(cfg.App.Scopes, boxtest.WriteAll)
	s.serveAt(cfg)
	s.token = s.login(ClientID, "secret")
	return s
}

func (s *served) serveAt(cfg boxtest.Config) {
	s.fake = boxtest.New(cfg)
	srv := httptest.NewServer(s.fake)
	s.t.Cleanup(srv.Close)
	s.url, s.client = srv.URL, srv.Client()
}

func (s *served) get(path, as string, into any) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, s.url+"/2.0"+path, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.token)
	if as != "" {
		req.Header.Set("As-User", as)
	}
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatalf("GET %s as %q: %s, %v: %.300s", path, as, res.Status, err, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		s.t.Fatalf("GET %s: %v", path, err)
	}
}

type entry struct {
	ID, Type, Name, Login, Status, Role string
	Owner                               struct{ ID string } `json:"owned_by"`
	Collaborated                        bool                `json:"has_collaborations"`
	Accessible                          *struct{ Type, ID string }
	Link                                *struct{ Access string } `json:"shared_link"`
}

func (s *served) list(path, as string) []entry {
	s.t.Helper()
	var all []entry
	for marker := ""; ; {
		var page struct {
			Entries []entry
			Next    string `json:"next_marker"`
		}
		glue := "?"
		if strings.Contains(path, "?") {
			glue = "&"
		}
		s.get(path+glue+"usemarker=true&limit=1000&marker="+url.QueryEscape(marker), as, &page)
		all = append(all, page.Entries...)
		if marker = page.Next; marker == "" {
			return all
		}
	}
}

const fields = "fields=owned_by,has_collaborations,shared_link"

// TestEverythingHangsTogether: whoever is named exists, and each document is listed once, by its owner.
func TestEverythingHangsTogether(t *testing.T) {
	s := serve(t, 120)
	users := map[string]entry{}
	admins := 0
	for _, u := range s.list("/users?user_type=managed&fields=role,status", "") {
		users[u.ID] = u
		if u.Role == "admin" {
			admins++
		}
	}
	if want := company.BoxPeople().Len(s.live.People()); len(users) != want || admins != 1 {
		t.Fatalf("%d users, %d of them primary administrators; want %d and 1", len(users), admins, want)
	}
	leaver := users[personID(s.live.Person(s.live.Leaver()))]
	if leaver.Status != "active" {
		t.Errorf("the leaver was not forgotten: %v", leaver)
	}
	homes := map[string]string{}
	shared, open := 0, 0
	for id, u := range users {
		if u.Status != "active" {
			continue
		}
		todo := []string{boxtest.Root}
		for len(todo) > 0 {
			folder := todo[0]
			todo = todo[1:]
			for _, it := range s.list("/folders/"+folder+"/items?"+fields, id) {
				if it.Owner.ID != id {
					shared++
					continue
				}
				if homes[it.ID] != "" {
					t.Errorf("%s is listed twice", it.ID)
				}
				homes[it.ID] = id
				if it.Link != nil && it.Link.Access == "open" {
					open++
				}
				if it.Type == boxtest.Folder {
					todo = append(todo, it.ID)
				}
			}
		}
	}
	if shared == 0 || open == 0 || homes[idOf(s.live.CustomerDocument())] == "" {
		t.Errorf("%d items are shared, %d open; the customers' list is at %q", shared, open, homes[idOf(s.live.CustomerDocument())])
	}
	for _, g := range s.groups() {
		var page struct {
			Entries []struct{ User entry }
		}
		s.get("/groups/"+g+"/memberships?limit=1000", "", &page)
		for _, m := range page.Entries {
			if users[m.User.ID].ID == "" {
				t.Errorf("group %s has %s, who has no account", g, m.User.ID)
			}
		}
	}
}

func (s *served) groups() []string {
	var page struct{ Entries []entry }
	s.get("/groups?limit=1000", "", &page)
	var ids []string
	for _, g := range page.Entries {
		ids = append(ids, g.ID)
	}
	return ids
}

// TestSharedIsSeen: who is let in to something has it in the root or below, and the collaborations say so.
func TestSharedIsSeen(t *testing.T) {
	s := serve(t, 200)
	for i := range s.live.People() {
		if s.live.BoxState(i) != company.Active {
			continue
		}
		id := personID(s.live.Person(i))
		for _, it := range s.list("/folders/0/items?"+fields, id) {
			if it.Owner.ID == id {
				continue
			}
			kind := map[string]string{boxtest.File: "files", boxtest.Folder: "folders"}[it.Type]
			var one entry
			s.get("/"+kind+"/"+it.ID+"?"+fields, id, &one)
			if cs := s.list("/"+kind+"/"+it.ID+"/collaborations?limit=1000", id); len(cs) == 0 || !one.Collaborated {
				t.Errorf("%s is shared with %s, but with nobody", it.ID, id)
			}
		}
	}
}

// TestEventsOfChanges: each change of the company is in the log, once.
func TestEventsOfChanges(t *testing.T) {
	s := serve(t, 200)
	type event struct {
		ID     string `json:"event_id"`
		Type   string `json:"event_type"`
		Source map[string]any
	}
	read := func(at string) (list []event, next string) {
		for next = at; ; {
			var page struct {
				Entries []event
				Next    json.RawMessage `json:"next_stream_position"`
			}
			s.get("/events?stream_type=admin_logs_streaming&limit=500&stream_position="+next, "", &page)
			list = append(list, page.Entries...)
			moved := strings.Trim(string(page.Next), `"`) // a string or a number, with all its digits
			if len(page.Entries) == 0 {
				return list, moved
			}
			next = moved
		}
	}
	_, at := read("now")
	seen := map[string]bool{}
	for i := range 400 {
		var ch company.Change
		if i%2 == 0 {
			ch = s.live.StepDocument(now())
		} else {
			ch = s.live.Step(now())
		}
		if err := Step(t.Context(), s.live, s.fake, ch); err != nil {
			t.Fatal(err)
		}
	}
	list, _ := read(at)
	for _, e := range list {
		seen[e.Type] = true
		if e.ID == "" || e.Source == nil {
			t.Errorf("event %+v", e)
		}
	}
	for _, want := range []string{"LOGIN", "UPLOAD", "EDIT", "DELETE", "DOWNLOAD", "PREVIEW", "COLLABORATION_INVITE", "NEW_USER", "EDIT_USER", "GROUP_ADD_USER", "GROUP_REMOVE_USER"} {
		if !seen[want] {
			t.Errorf("no %s among %d events", want, len(list))
		}
	}
}

// TestMillion: what is computed when it is asked for can be a million; its last user has a root.
func TestMillion(t *testing.T) {
	s := serve(t, company.MaxSize)
	last := company.BoxPeople().At(company.BoxPeople().Len(s.live.People()) - 1)
	for ; s.live.BoxState(last) != company.Active; last-- {
	}
	var me entry
	id := personID(s.live.Person(last))
	s.get("/users/"+id, "", &me)
	s.list("/folders/0/items?"+fields, id)
	if me.ID != id {
		t.Errorf("user %v", me)
	}
}
