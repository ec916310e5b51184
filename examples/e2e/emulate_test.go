package e2e

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	people     = 1001 // so that the last page has one
	owners     = 7
	perPage    = 100
	emulateOrg = "acme-big"
	emulateKey = "ghp_of_nobody"
)

// emulator is npm package emulate: GitHub as somebody else understood it.
type emulator struct {
	t    *testing.T
	url  string // of a proxy before it, which counts
	mu   sync.Mutex
	seen map[string]int // path → requests
}

func startEmulator(t *testing.T, s *site) *emulator {
	t.Helper()
	folder := needs(t, "MOORING_EMULATE")
	port := freePort(t)
	s.write("seed.json", string(seed(t, s, "http://127.0.0.1:"+port)))
	s.start("emulate", nil, "node", filepath.Join(folder, "dist", "index.js"), "start", "-p", port, "-s", "github", "--seed", "seed.json")
	e := &emulator{t: t, seen: map[string]int{}}
	target := &url.URL{Scheme: "http", Host: "127.0.0.1:" + port}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host // its links point back here
	}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e.mu.Lock()
		e.seen[r.URL.Path]++
		e.mu.Unlock()
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	e.url = front.URL
	s.wait("emulate", func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target.String()+"/meta", nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false
		}
		return res.Body.Close() == nil && res.StatusCode == http.StatusOK
	})
	return e
}

// seed is an organisation in emulate's own words, seen by a token and by a GitHub App.
func seed(t *testing.T, s *site, base string) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))
	s.write("run/app.pem", text)
	s.write("run/token", emulateKey)
	type m = map[string]any
	var users, members []m
	for n := range people {
		login := fmt.Sprintf("user%04d", n)
		users = append(users, m{"login": login, "name": "User " + strconv.Itoa(n), "email": login + "@acme.example"})
		role := "member"
		if n < owners {
			role = "admin"
		}
		members = append(members, m{"login": login, "role": role})
	}
	b, err := json.Marshal(m{
		"tokens": m{emulateKey: m{"login": "user0000", "scopes": []string{"repo", "admin:org"}}},
		"github": m{
			"baseUrl": base, "users": users,
			"orgs": []m{{"login": emulateOrg, "name": "Acme Big", "email": "it@acme.example", "members": members}},
			"apps": []m{{
				"app_id": 4242, "slug": "mooring", "name": "Mooring", "private_key": text,
				"permissions":   m{"members": "read", "organization_administration": "read"},
				"installations": []m{{"installation_id": 77, "account": emulateOrg}},
			}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// took gives the requests since the last time.
func (e *emulator) took() (total int, by map[string]int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	by, e.seen = e.seen, map[string]int{}
	for _, n := range by {
		total += n
	}
	return total, by
}

// list reads a list as the vendor's manual says, without anything of ours.
func (e *emulator) list(ctx context.Context, ref, field string) []string {
	e.t.Helper()
	var out []string
	for page := 1; ; page++ {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s%s&per_page=%d&page=%d", e.url, ref, perPage, page), nil)
		if err != nil {
			e.t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+emulateKey)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			e.t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		var items []map[string]any
		if err != nil || json.Unmarshal(body, &items) != nil {
			e.t.Fatalf("%s: %v: %s", ref, err, body)
		}
		for _, item := range items {
			out = append(out, fmt.Sprint(item[field]))
		}
		if len(items) < perPage {
			slices.Sort(out)
			return out
		}
	}
}

func TestEmulate(t *testing.T) {
	for name, credentials := range map[string]string{
		"token": `    token = secret("file:./run/token")`,
		"app":   "    app_id = \"4242\"\n    private_key = secret(\"file:./run/app.pem\")",
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			e := startEmulator(t, s)
			s.configure("data", loopback, instance("big", emulateOrg, e.url, credentials))
			e.took()
			out, _ := s.mooring(all, "check", "-o", "json")
			checkCalls, _ := e.took()
			judgeCapabilities(t, out)

			// Code 0: whatever the credential may see was seen. What the server lacks is said, listing by listing.
			out, problems := s.mooring(all, "scan")
			total, by := e.took()
			for _, want := range []string{"audit_log  not asked: not in the plan", "repositories  not asked: missing permission"} {
				if !strings.Contains(strings.Join(strings.Fields(out), " "), strings.Join(strings.Fields(want), " ")) {
					t.Errorf("the summary does not say %q:\n%s%s", want, out, problems)
				}
			}
			countCalls(t, total-checkCalls, by)
			e.compare(s)
			if out, _ := s.mooring(all, "store", "check"); !strings.Contains(out, "github/big: clean") {
				t.Error(out)
			}
		})
	}
}

func judgeCapabilities(t *testing.T, out string) {
	t.Helper()
	var checked []struct {
		Tenant       string
		Capabilities []struct{ Name, State, Reason string }
	}
	if err := json.Unmarshal([]byte(out), &checked); err != nil || len(checked) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	if checked[0].Tenant != emulateOrg {
		t.Errorf("the tenant is %q", checked[0].Tenant)
	}
	states, reasons := map[string]string{}, map[string]string{}
	for _, c := range checked[0].Capabilities {
		states[c.Name], reasons[c.Name] = c.State, c.Reason
	}
	for name, want := range map[string]string{
		"list:members": "held", "list:teams": "held", "list:team_members": "held", "list:settings": "held",
		"list:audit_log": "not_in_plan", "list:repositories": "missing", "list:files": "unknown",
	} {
		if states[name] != want || want != "held" && reasons[name] == "" {
			t.Errorf("%s is %q (%s), want %q and why", name, states[name], reasons[name], want)
		}
	}
}

// countCalls: a scan may cost 1.2 × the calls that pages of 100 need. This server gives everybody as having no second
// factor, so that list has as many pages as that of the members.
func countCalls(t *testing.T, calls int, by map[string]int) {
	t.Helper()
	pages := func(n int) int { return (n + perPage - 1) / perPage }
	need := pages(people) + pages(owners) + pages(people) + pages(1) + pages(people) // members, owners, no 2FA, teams, team's members
	need += 2                                                                        // the organisation, its webhooks
	t.Logf("%d calls after check; pages of %d need %d", calls, perPage, need)
	if calls*10 > need*12 {
		t.Errorf("%d calls after check, more than 1.2 × %d:", calls, need)
		for _, path := range slices.Sorted(maps.Keys(by)) {
			t.Logf("  %4d %s", by[path], path)
		}
	}
}

// compare what is stored with what the server lists.
func (e *emulator) compare(s *site) {
	e.t.Helper()
	ctx := e.t.Context()
	members := "/orgs/" + emulateOrg + "/members?role="
	logins, ownerIDs := e.list(ctx, members+"all", "login"), e.list(ctx, members+"admin", "id")
	if len(logins) != people || len(ownerIDs) != owners {
		e.t.Fatalf("the server lists %d members, %d owners", len(logins), len(ownerIDs))
	}
	e.same("members", logins, column(s.records("accounts"), "name"))
	e.same("owners", ownerIDs, column(s.records("accounts", "--where", "account.admin"), "id"))
	team := e.list(ctx, "/orgs/"+emulateOrg+"/teams?x=", "id")
	e.same("teams", team, column(s.records("groups", "--where", "group.type == 'team'"), "id"))
	var want []string
	for _, id := range e.list(ctx, members+"all", "id") {
		want = append(want, "team/"+team[0]+"/"+id)
	}
	for _, id := range ownerIDs {
		want = append(want, "role/owner/"+id)
	}
	slices.Sort(want)
	e.same("memberships", want, column(s.records("memberships"), "id"))
}

func (e *emulator) same(what string, want, got []string) {
	e.t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		e.t.Errorf("%s: server (-), stored (+):\n%s", what, diff)
	}
}

func column(records []map[string]any, field string) []string {
	out := make([]string, 0, len(records))
	for _, r := range records {
		out = append(out, fmt.Sprint(r[field]))
	}
	slices.Sort(out)
	return out
}

// A server that goes away is a failure of its instance: code 3, and what is stored stays.
func TestEmulateGone(t *testing.T) {
	s := newSite(t)
	e := startEmulator(t, s)
	token := `    token = secret("file:./run/token")`
	s.configure("data", loopback, instance("big", emulateOrg, e.url, token))
	s.mooring(all, "scan", "--kind", "account")
	s.configure("data", loopback, instance("big", emulateOrg, "http://127.0.0.1:"+freePort(t), token))
	out, problems := s.mooring(partly, "scan", "--kind", "account")
	if !strings.Contains(out, "the connection was refused") || strings.Count(out+problems, "refused") > 1 {
		t.Errorf("want it said once that the connection was refused:\n%s%s", out, problems)
	}
	if got := len(s.records("accounts")); got != people {
		t.Errorf("%d accounts are stored, want %d", got, people)
	}
}
