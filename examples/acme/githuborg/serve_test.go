package githuborg

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/github/githubtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func now() time.Time { return time.Date(2026, 11, 22, 10, 30, 0, 0, time.UTC) }

// served is the company behind a running fake.
type served struct {
	t               *testing.T
	live            *company.Live
	platform, sales *Part
	orgs            map[string]*githubtest.Org
	fake            *githubtest.Server
	url             string
	client          *http.Client
}

func serve(t *testing.T, size int) *served {
	t.Helper()
	s := &served{t: t, platform: Platform(), sales: Sales(), orgs: map[string]*githubtest.Org{}}
	s.live = Live(company.New(1, size), now(), s.platform, s.sales)
	cfg := githubtest.Config{
		Now:    now,
		Limits: githubtest.Limits{Core: -1, AuditLog: -1, Points: -1},
		Tokens: []githubtest.Token{{
			Value: "owner", User: githubtest.User{ID: 1, Login: "owner"}, Roles: map[string]string{"acme-platform": "admin", "acme-sales": "admin"},
			Scopes: []string{"admin:org", "repo", "read:audit_log", "admin:org_hook", "security_events"}, SSO: []string{"acme-platform"},
		}},
	}
	for _, p := range []*Part{s.platform, s.sales} {
		s.orgs[p.Login] = Org(s.live, p)
		cfg.Orgs = append(cfg.Orgs, s.orgs[p.Login])
	}
	s.fake = githubtest.New(cfg)
	srv := httptest.NewServer(s.fake)
	t.Cleanup(srv.Close)
	s.url, s.client = srv.URL, srv.Client()
	return s
}

var next = regexp.MustCompile(`<([^>]+)>; rel="next"`)

// get reads one answer and gives the address of the next page.
func (s *served) get(url string, into any) (following string) {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, url, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer owner")
	res, err := s.client.Do(req)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		s.t.Fatalf("GET %s: %s, %v: %.300s", url, res.Status, err, body)
	}
	if err := json.Unmarshal(body, into); err != nil {
		s.t.Fatalf("GET %s: %v", url, err)
	}
	if m := next.FindStringSubmatch(res.Header.Get("Link")); m != nil {
		return m[1]
	}
	return ""
}

type entry map[string]any

func (e entry) at(path ...string) any {
	var v any = map[string]any(e)
	for _, name := range path {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

// all pages through a list.
func (s *served) all(path string) (list []entry) {
	s.t.Helper()
	for url := s.url + path; url != ""; {
		var page []entry
		url = s.get(url, &page)
		list = append(list, page...)
	}
	return list
}

func texts(list []entry, path ...string) (values []string) {
	for _, e := range list {
		values = append(values, fmt.Sprint(e.at(path...)))
	}
	return values
}

// unique fails when a list has something twice, and gives it as a set.
func unique(t *testing.T, what string, values []string) map[string]bool {
	t.Helper()
	set := map[string]bool{}
	for _, v := range values {
		if set[v] {
			t.Errorf("%s: %s is there twice", what, v)
		}
		set[v] = true
	}
	return set
}

// TestPaging: what is paged through is all there is, once, and consistent from list to list.
func TestPaging(t *testing.T) {
	for _, size := range []int{company.MinSize, 500} {
		s := serve(t, size)
		for login, org := range s.orgs {
			where := fmt.Sprintf("%s of %d", login, size)
			members := unique(t, where+", members", texts(s.all("/orgs/"+login+"/members?per_page=17"), "login"))
			if len(members) != org.Members.Len() {
				t.Errorf("%s: paged through %d members of %d", where, len(members), org.Members.Len())
			}
			owners := s.all("/orgs/" + login + "/members?role=admin")
			if n := len(owners); n == 0 || n > 4 {
				t.Errorf("%s: %d owners", where, n)
			}
			outside := unique(t, where+", outside", texts(s.all("/orgs/"+login+"/outside_collaborators"), "login"))
			inTeams := map[string]int{}
			for _, slug := range texts(s.all("/orgs/"+login+"/teams?per_page=100"), "slug") {
				for m := range unique(t, where+", "+slug, texts(s.all("/orgs/"+login+"/teams/"+slug+"/members?per_page=100"), "login")) {
					inTeams[m]++
				}
			}
			for m := range members {
				if inTeams[m] != 2 { // the team and its department
					t.Errorf("%s: %s is in %d teams", where, m, inTeams[m])
				}
			}
			if len(inTeams) != len(members) {
				t.Errorf("%s: %d people in teams, %d members", where, len(inTeams), len(members))
			}
			s.checkRepos(login, where, members, outside)
		}
	}
}

func (s *served) checkRepos(login, where string, members, outside map[string]bool) {
	s.t.Helper()
	repos := s.all("/orgs/" + login + "/repos?per_page=100&sort=created&direction=asc")
	names := unique(s.t, where+", repositories", texts(repos, "name"))
	if len(names) != s.orgs[login].Repos.Len() {
		s.t.Errorf("%s: paged through %d repositories of %d", where, len(names), s.orgs[login].Repos.Len())
	}
	seen := map[string]bool{}
	for i, name := range texts(repos, "name") {
		access := texts(s.all("/repos/"+login+"/"+name+"/collaborators?per_page=100"), "login")
		for who := range unique(s.t, where+", "+name, access) {
			if !members[who] && !outside[who] {
				s.t.Errorf("%s: %s can use %s and is nobody here", where, who, name)
			}
			if outside[who] {
				seen[who] = true
			}
		}
		var team []entry
		s.get(s.url+"/repos/"+login+"/"+name+"/teams", &team)
		if len(team) != 1 {
			s.t.Fatalf("%s: %s has %d teams", where, name, len(team))
		}
		if i%7 == 0 {
			granted := texts(s.all("/orgs/"+login+"/teams/"+fmt.Sprint(team[0]["slug"])+"/repos"), "name")
			if !slices.Contains(granted, name) {
				s.t.Errorf("%s: team %v does not know of %s", where, team[0]["slug"], name)
			}
		}
	}
	if len(seen) != len(outside) {
		s.t.Errorf("%s: of %d outside collaborators %d can use something", where, len(outside), len(seen))
	}
}

// TestIncidents finds in the served data everything that Incidents lists.
func TestIncidents(t *testing.T) {
	for _, size := range []int{company.MinSize, 500} {
		s := serve(t, size)
		c := s.live
		find := map[string]func() bool{
			"keys in a public project": func() bool {
				return s.file("acme-platform", c.KeyProject(), company.KeyFile, "PRIVATE KEY") &&
					s.file("acme-platform", c.KeyProject(), company.EnvFile, c.AccessKey())
			},
			"customer data in a public project": func() bool {
				return s.file("acme-sales", c.CustomerProject(), company.CustomerFile, "shop.example")
			},
			"leaver still active": func() bool {
				login := c.Person(c.Leaver()).Login
				return slices.Contains(texts(s.all("/orgs/acme-platform/members?per_page=100"), "login"), login) &&
					slices.Contains(texts(s.all("/orgs/acme-sales/members?per_page=100"), "login"), login)
			},
			"leaver downloads everything": func() bool {
				var page []entry
				s.get(s.url+"/orgs/acme-platform/audit-log?per_page=100&phrase=actor:"+c.Person(c.Leaver()).Login, &page)
				return strings.Count(strings.Join(texts(page, "action"), " "), "repo.download_zip") >= 40
			},
			"guest with admin rights":     func() bool { return s.guestAdmin() },
			"admin without second factor": func() bool { return s.carelessAdmin() },
			"over-privileged app":         func() bool { return s.overApp() },
			"old unused token":            func() bool { return s.oldToken() },
			"deploy key with write":       func() bool { return s.deployKey() },
			"admin invited by private address": func() bool {
				i := slices.Index(texts(s.all("/orgs/acme-sales/invitations"), "email"), company.PrivateInvite)
				return i >= 0 && s.all("/orgs/acme-sales/invitations")[i]["role"] == "admin"
			},
			"events sent in the clear": func() bool {
				hooks := s.all("/orgs/acme-sales/hooks")
				i := slices.Index(texts(hooks, "config", "url"), company.UnknownHook)
				return i >= 0 && hooks[i].at("config", "insecure_ssl") == "1"
			},
		}
		for _, in := range c.Incidents() {
			if in.In != "" { // not about repositories
				continue
			}
			if find[in.Name] == nil {
				t.Errorf("nothing looks for %q", in.Name)
			} else if !find[in.Name]() {
				t.Errorf("size %d: %q is not in what is served: %s", size, in.Name, in.Where)
			}
			delete(find, in.Name)
		}
		if len(find) > 0 {
			t.Errorf("looked for what is not listed: %v", find)
		}
	}
}

// file says whether a public repository has a file with a text in it.
func (s *served) file(login string, project int, path, text string) bool {
	name := s.live.Project(project).Name
	var repo entry
	s.get(s.url+"/repos/"+login+"/"+name, &repo)
	var tree struct{ Tree []entry }
	s.get(s.url+"/repos/"+login+"/"+name+"/git/trees/main?recursive=1", &tree)
	i := slices.Index(texts(tree.Tree, "path"), path)
	if i < 0 || repo["visibility"] != "public" {
		return false
	}
	content := s.orgs[login].Content(name, fmt.Sprint(tree.Tree[i]["sha"]))
	return strings.Contains(string(content), text)
}

func (s *served) guestAdmin() bool {
	for _, name := range texts(s.all("/orgs/acme-platform/repos?per_page=100"), "name") {
		for _, c := range s.all("/repos/acme-platform/" + name + "/collaborators?affiliation=outside") {
			if c.at("permissions", "admin") == true && c["login"] == s.live.Guest(s.live.PowerfulGuest()).Login {
				return true
			}
		}
	}
	return false
}

func (s *served) carelessAdmin() bool {
	login := s.live.Person(s.live.CarelessAdmin()).Login
	return slices.Contains(texts(s.all("/orgs/acme-sales/members?role=admin"), "login"), login) &&
		slices.Contains(texts(s.all("/orgs/acme-sales/members?filter=2fa_disabled&per_page=100"), "login"), login)
}

func (s *served) overApp() bool {
	var answer struct{ Installations []entry }
	s.get(s.url+"/orgs/acme-platform/installations", &answer)
	i := slices.Index(texts(answer.Installations, "app_slug"), company.OverApp)
	return i >= 0 && answer.Installations[i].at("permissions", "administration") == "write"
}

func (s *served) oldToken() bool {
	owner := s.live.Person(s.live.ForgetfulOwner()).Login
	list := s.all("/orgs/acme-platform/credential-authorizations?login=" + owner)
	pat := s.orgs["acme-platform"].PATs.At(0)
	return len(list) == 1 && fmt.Sprint(list[0]["credential_accessed_at"]) < "2025-10" && list[0]["authorized_credential_expires_at"] == nil &&
		pat.Owner.Login == owner && pat.ExpiresAt.IsZero() && company.AsOf().Sub(pat.LastUsedAt) > 400*24*time.Hour
}

func (s *served) deployKey() bool {
	keys := s.all("/repos/acme-platform/" + s.live.Project(s.live.DeployProject()).Name + "/keys")
	return len(keys) == 1 && keys[0]["read_only"] == false
}
