package githuborg

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/github/githubtest"
)

// found checks that Find gives for the key of an entry that entry, for some entries of a list and its last ones.
func found[T any](t *testing.T, what string, l githubtest.List[T], key func(T) string) {
	t.Helper()
	n := l.Len()
	for i := 0; i < n; i += 1 + n/50 {
		v := l.At(i)
		got, ok := l.Find(key(v))
		if d := cmp.Diff(v, got); !ok || d != "" {
			t.Errorf("%s: %q is not found as it is listed (%v):\n%s", what, key(v), ok, d)
		}
	}
	for _, i := range []int{-1, n, n + 1000} {
		var zero T
		if d := cmp.Diff(zero, l.At(i)); d != "" {
			t.Errorf("%s: no zero value at %d of %d:\n%s", what, i, n, d)
		}
	}
	if _, ok := l.Find("nobody-here-9"); ok {
		t.Errorf("%s: found what is not there", what)
	}
}

func TestFind(t *testing.T) {
	for _, size := range []int{company.MinSize, 5000, company.MaxSize} {
		s := serve(t, size)
		for range 200 {
			s.live.Step(now())
		}
		for login, org := range s.orgs {
			at := fmt.Sprintf("%s of %d, ", login, size)
			found(t, at+"members", org.Members, func(m githubtest.Member) string { return m.Login })
			found(t, at+"outside", org.Outside, func(m githubtest.Member) string { return m.Login })
			found(t, at+"teams", org.Teams, func(v githubtest.TeamInfo) string { return v.Slug })
			found(t, at+"teams", org.Teams, func(v githubtest.TeamInfo) string { return fmt.Sprint("#", v.ID) })
			found(t, at+"repositories", org.Repos, func(v githubtest.Repo) string { return v.Name })
			found(t, at+"repositories", org.Repos, func(v githubtest.Repo) string { return fmt.Sprint("#", v.ID) })
		}
		found(t, "identities", s.orgs["acme-platform"].SCIMUsers, func(v githubtest.SCIMUser) string { return v.ID })
	}
}

// TestOnePerson: who is in both organisations is the same in both.
func TestOnePerson(t *testing.T) {
	s := serve(t, 500)
	platform, sales := s.orgs["acme-platform"], s.orgs["acme-sales"]
	if platform.Members.Len() != 500 {
		t.Errorf("%d of 500 people are in acme-platform", platform.Members.Len())
	}
	if n := sales.Members.Len(); n < 100 || n > 300 {
		t.Errorf("%d people are in acme-sales", n)
	}
	for i := range sales.Members.Len() {
		m := sales.Members.At(i)
		same, ok := platform.Members.Find(strings.ToUpper(m.Login))
		if d := cmp.Diff(m, same); !ok || d != "" {
			t.Fatalf("%s is another one in acme-platform:\n%s", m.Login, d)
		}
	}
	for i := range sales.Repos.Len() {
		if _, ok := platform.Repos.Find(sales.Repos.At(i).Name); ok {
			t.Errorf("repository %s is in both", sales.Repos.At(i).Name)
		}
	}
	if got, want := platform.Repos.Len()+sales.Repos.Len(), s.live.Projects(); got != want {
		t.Errorf("%d repositories, want all %d projects", got, want)
	}
}

// TestGuestsHaveProjects: in a company of any size every guest's project exists.
func TestGuestsHaveProjects(t *testing.T) {
	for size := company.MinSize; size <= company.MaxSize; size += 1 + size/30 {
		c := company.New(1, size)
		for _, p := range []*Part{Platform(), Sales()} {
			guests, projects := p.projects.Len(c.Guests()), p.projects.Len(c.Projects())
			if guests > 0 && company.GuestProject(guests-1) >= projects {
				t.Errorf("%s of %d: %d guests, %d projects", p.Login, size, guests, projects)
			}
		}
	}
}

// TestBlobs: every name in a tree leads to the content that has it, also after pushes.
func TestBlobs(t *testing.T) {
	s := serve(t, company.MinSize)
	org := s.orgs["acme-platform"]
	check := func(name string) {
		tree, last := org.Tree(name), ""
		for f := range min(tree.Len(), 300) {
			b := tree.At(f)
			content := org.Content(name, b.SHA)
			if content == nil || sha(content) != b.SHA || int64(len(content)) != b.Size || b.Path <= last {
				t.Fatalf("%s: %+v has %d bytes of name %s", name, b, len(content), sha(content))
			}
			last = b.Path
		}
	}
	pushes := 0
	for range 300 {
		ch := s.live.Step(now())
		if ch.Kind != company.FileAdded && ch.Kind != company.FileChanged {
			continue
		}
		if name := s.live.Project(ch.Project).Name; org.Tree(name).Len != nil {
			check(name)
			pushes++
		}
	}
	for i := range org.Repos.Len() {
		check(org.Repos.At(i).Name)
	}
	if pushes < 20 {
		t.Errorf("only %d pushes", pushes)
	}
	for _, bad := range []string{"", "xyz", strings.Repeat("0", 40), strings.Repeat("0", 4000)} {
		if org.Content(org.Repos.At(0).Name, bad) != nil {
			t.Errorf("content of %.50q", bad)
		}
	}
}

// TestLife: what happens is in the audit log, in the lists and in the webhooks.
func TestLife(t *testing.T) {
	s := serve(t, 200)
	org := s.orgs["acme-platform"]
	checks := map[company.ChangeKind]func(ch company.Change, e githubtest.Event){
		company.Hired: func(ch company.Change, e githubtest.Event) {
			if m, ok := org.Members.Find(s.live.Person(ch.Person).Login); !ok || e.Action != "org.add_member" || e.Fields["user"] != m.Login {
				t.Errorf("%s: %+v", m.Login, e)
			}
		},
		company.Left: func(ch company.Change, e githubtest.Event) {
			if _, ok := org.Members.Find(s.live.Person(ch.Person).Login); ok || e.Action != "org.remove_member" {
				t.Errorf("person %d left and is there, %+v", ch.Person, e)
			}
		},
		company.MovedTeam: func(ch company.Change, e githubtest.Event) {
			slug := s.live.Team(ch.Team).Slug
			members, in := org.TeamMembers(slug), false
			for i := range members.Len() {
				in = in || members.At(i).Login == s.live.Person(ch.Person).Login
			}
			if !in || e.Action != "team.add_member" || e.Fields["team"] != "acme-platform/"+slug {
				t.Errorf("person %d is not in %s, %+v", ch.Person, slug, e)
			}
		},
		company.ProjectCreated: func(ch company.Change, e githubtest.Event) {
			if _, ok := org.Repos.Find(s.live.Project(ch.Project).Name); !ok || e.Action != "repo.create" {
				t.Errorf("project %d: %+v", ch.Project, e)
			}
		},
		company.ProjectSeen: func(ch company.Change, e githubtest.Event) {
			r, ok := org.Repos.Find(s.live.Project(ch.Project).Name)
			if !ok || r.Visibility != string(ch.Now) || e.Action != "repo.access" || e.Fields["visibility"] != r.Visibility {
				t.Errorf("project %d is %s, %+v", ch.Project, r.Visibility, e)
			}
		},
		company.FileChanged: func(ch company.Change, e githubtest.Event) {
			r, ok := org.Repos.Find(s.live.Project(ch.Project).Name)
			if !ok || !r.PushedAt.Equal(ch.Time) || e.Action != "git.push" || !e.Git {
				t.Errorf("project %d: %+v, %+v", ch.Project, r, e)
			}
		},
	}
	missing := len(checks)
	done := map[company.ChangeKind]bool{}
	for i := range 500 {
		before := org.Audit.Len()
		ch := s.live.Step(now().Add(time.Duration(i) * time.Second))
		if org.Audit.Len() != before+1 {
			t.Fatal("the audit log did not grow")
		}
		e := org.Audit.At(before)
		if !e.Time.Equal(ch.Time) {
			t.Fatalf("the last event is at %s, want %s", e.Time, ch.Time)
		}
		if check := checks[ch.Kind]; check != nil && e.ID != "" {
			check(ch, e)
			done[ch.Kind] = true
		}
	}
	if len(done) != missing {
		t.Errorf("only %v happened", done)
	}
}

// TestPublicFeed: pushes to public repositories are in the feed, newest first, also where there is no audit log.
func TestPublicFeed(t *testing.T) {
	s := serve(t, 500)
	for range 100 {
		s.live.Step(now())
	}
	for login := range s.orgs {
		events := s.all("/orgs/" + login + "/events?per_page=100")
		if len(events) == 0 {
			t.Errorf("%s has no events", login)
		}
		for i, e := range events {
			if i > 0 && fmt.Sprint(e["created_at"]) > fmt.Sprint(events[i-1]["created_at"]) {
				t.Errorf("%s: event %d is newer than the one before", login, i)
			}
			if name := fmt.Sprint(e.at("repo", "name")); !strings.HasPrefix(name, login+"/") {
				t.Errorf("%s: event of %s", login, name)
			}
		}
	}
}

// TestDeliveries: changes reach a webhook, as the vendor names them.
func TestDeliveries(t *testing.T) {
	got := map[string]int{}
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var body struct {
			Action       string
			Organization struct{ Login string }
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || !strings.HasPrefix(r.Header.Get("X-Hub-Signature-256"), "sha256=") {
			t.Errorf("a webhook without body or signature: %v", err)
		}
		got[body.Organization.Login+" "+r.Header.Get("X-GitHub-Event")+" "+body.Action]++
	}))
	defer hook.Close()
	p := Platform()
	live := Live(company.New(1, 200), now(), p)
	app := AgentApp(nil, hook.URL, "secret", p)
	fake := githubtest.New(githubtest.Config{Orgs: []*githubtest.Org{{Login: p.Login, ID: p.ID}}, Apps: []githubtest.App{app}, Client: hook.Client()})
	for i := range 300 {
		for _, d := range Deliveries(live, p, live.Step(now().Add(time.Duration(i)*time.Second))) {
			payload, err := json.Marshal(d.Payload)
			if err != nil {
				t.Fatal(err)
			}
			if sent, err := fake.Deliver(t.Context(), d.Org, d.Event, payload); err != nil || len(sent) != 1 || sent[0].StatusCode != http.StatusOK {
				t.Fatalf("%s: %+v, %v", d.Event, sent, err)
			}
		}
	}
	for _, want := range []string{
		"organization member_added", "organization member_removed", "membership added", "membership removed",
		"repository created", "repository publicized", "repository privatized", "push ",
	} {
		if got["acme-platform "+want] == 0 {
			t.Errorf("no %q in %v", want, got)
		}
	}
}

// TestMemoryIsFlat serves the largest company and keeps nothing of it.
func TestMemoryIsFlat(t *testing.T) {
	s := serve(t, company.MaxSize)
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for _, page := range []int{1, 100, 5000, 9999, 10_000} {
		var list []entry
		s.get(fmt.Sprintf("%s/orgs/acme-platform/members?per_page=100&page=%d", s.url, page), &list)
		if len(list) != 100 {
			t.Errorf("page %d has %d members", page, len(list))
		}
	}
	org := s.orgs["acme-platform"]
	for i := 0; i < org.Members.Len(); i += 20 {
		if org.Members.At(i).Login == "" {
			t.Fatalf("no member %d", i)
		}
	}
	if n := org.Members.Len(); n != company.MaxSize {
		t.Errorf("%d members, want %d", n, company.MaxSize)
	}
	if after := heap(); after > before+8<<20 {
		t.Errorf("the heap grew by %d KiB", (after-before)>>10)
	}
	runtime.KeepAlive(org)
}

// TestReadWhileLiving is for the race detector, and for what At gives at an end that moves.
func TestReadWhileLiving(t *testing.T) {
	s := serve(t, company.MinSize)
	var wg sync.WaitGroup
	for _, org := range s.orgs {
		wg.Go(func() {
			for range 30 {
				for i := range org.Members.Len() {
					org.Members.At(i)
				}
				for i := range org.Repos.Len() {
					r := org.Repos.At(i)
					access := org.Access(r.Name)
					for k := range access.Len() {
						access.At(k)
					}
					if tree := org.Tree(r.Name); tree.Len() > 0 {
						org.Content(r.Name, tree.At(tree.Len()-1).SHA)
					}
				}
				org.OrgEvents.At(org.OrgEvents.Len() - 1)
			}
		})
	}
	for i := range 500 {
		s.live.Step(now().Add(time.Duration(i) * time.Second))
	}
	wg.Wait()
}
