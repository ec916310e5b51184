package oktatest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mooring-hq/mooring/sdk/httpapi"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

// client asks a fake.
type client struct {
	t      *testing.T
	server *Server
	url    string
	auth   string
}

func serve(t *testing.T, cfg Config) *client {
	t.Helper()
	if cfg.Now == nil {
		cfg.Now = func() time.Time { return noon }
	}
	cfg.Tokens = append(cfg.Tokens, Token{Value: "good", ID: "1"}, Token{Value: "old", ID: "2", Expires: noon.Add(-time.Second)},
		Token{Value: "few", ID: "3", Scopes: []string{"okta.groups.read"}})
	s := New(cfg)
	web := httptest.NewServer(s)
	t.Cleanup(func() {
		web.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return &client{t: t, server: s, url: web.URL, auth: "SSWS good"}
}

// get gives the answer and its entries.
func (c *client) get(ref string) (*http.Response, []map[string]any, string) {
	c.t.Helper()
	if !strings.HasPrefix(ref, "http") {
		ref = c.url + ref
	}
	req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, ref, nil)
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", c.auth)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	body, _ := io.ReadAll(res.Body)
	_ = res.Body.Close()
	var list []map[string]any
	_ = json.Unmarshal(body, &list)
	return res, list, string(body)
}

func smallOrg() *Org {
	var users []User
	for i := range 450 {
		u := User{ID: fmt.Sprint("u", i), Status: "ACTIVE", Updated: noon.Add(-time.Duration(i) * time.Hour), Profile: map[string]any{"login": fmt.Sprint("l", i)}}
		if i%10 == 0 {
			u.Status = "DEPROVISIONED"
		}
		users = append(users, u)
	}
	return &Org{ID: "00o1", Subdomain: "acme", CreatedAt: noon.AddDate(-1, 0, 0), Users: ListOf(users...)}
}

func TestErrorsOfAuthentication(t *testing.T) {
	c := serve(t, Config{Org: smallOrg()})
	for auth, want := range map[string]string{
		"SSWS good": "200", "SSWS old": "401 E0000011", "SSWS bad": "401 E0000011", "Bearer good": "401 E0000011", "": "401 E0000011",
		"SSWS few": "403 E0000006",
	} {
		c.auth = auth
		res, _, body := c.get("/api/v1/users")
		if got := strconv.Itoa(res.StatusCode); !strings.HasPrefix(want, got) || !strings.Contains(body, strings.TrimSpace(strings.TrimPrefix(want, got))) {
			t.Errorf("%q: %s %.60s, want %s", auth, got, body, want)
		}
	}
}

func TestUsersByFilter(t *testing.T) {
	c := serve(t, Config{Org: smallOrg()})
	for filter, want := range map[string]int{
		"": 405, // the plain list leaves the deactivated out
		`lastUpdated gt "1970-01-01T00:00:00.000Z"`:                               450,
		`lastUpdated gt "` + noon.Add(-90*time.Minute).Format(time.RFC3339) + `"`: 2,
		`status eq "DEPROVISIONED"`:                                               45,
		`id eq "u7" or profile.login eq "l8"`:                                     2,
		`(status eq "DEPROVISIONED" or id eq "u1") and id sw "u1"`:                12,
	} {
		n, pages := 0, 0
		ref := "/api/v1/users?limit=1000" // cut to 200
		if filter != "" {
			ref += "&filter=" + url.QueryEscape(filter)
		}
		for ; ref != ""; pages++ {
			res, list, body := c.get(ref)
			if res.StatusCode != http.StatusOK || len(list) == 0 {
				t.Fatalf("%s: %s", filter, body)
			}
			n, ref = n+len(list), httpapi.NextLink(res)
		}
		if n != want || pages != (want+199)/200 {
			t.Errorf("%s: %d users on %d pages, want %d", filter, n, pages, want)
		}
	}
	for _, wrong := range []string{`status ne "x"`, `created gt "2020"`, `status eq`, `status eq "x`, `(status eq "x"`, `status eq "x" xor id eq "y"`, `not (status eq "x")`} {
		if res, _, body := c.get("/api/v1/users?filter=" + url.QueryEscape(wrong)); res.StatusCode != http.StatusBadRequest || !strings.Contains(body, "E0000031") {
			t.Errorf("%s: %d %s", wrong, res.StatusCode, body)
		}
	}
	if res, _, _ := c.get("/api/v1/users?after=nonsense"); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a cursor of somebody else's: %d", res.StatusCode)
	}
}

func TestLimits(t *testing.T) {
	now := noon
	c := serve(t, Config{Org: smallOrg(), Now: func() time.Time { return now }, Limits: Limits{Plan: Free}})
	for i := range 10 { // half of 20
		res, _, _ := c.get("/api/v1/logs")
		if left := res.Header.Get("X-Rate-Limit-Remaining"); res.StatusCode != http.StatusOK || left != strconv.Itoa(9-i) {
			t.Fatalf("call %d: %d, %s left", i, res.StatusCode, left)
		}
	}
	res, _, body := c.get("/api/v1/logs")
	if res.StatusCode != http.StatusTooManyRequests || !strings.Contains(body, "E0000047") || res.Header.Get("Retry-After") != "" ||
		res.Header.Get("X-Rate-Limit-Limit") != "10" || res.Header.Get("X-Rate-Limit-Reset") != strconv.FormatInt(noon.Add(time.Minute).Unix(), 10) {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	if res, _, _ := c.get("/api/v1/users"); res.StatusCode != http.StatusOK {
		t.Errorf("another bucket: %d", res.StatusCode)
	}
	now = noon.Add(time.Minute)
	if res, _, _ := c.get("/api/v1/logs"); res.StatusCode != http.StatusOK {
		t.Errorf("the next window: %d", res.StatusCode)
	}
}

func TestRequestsAtOnce(t *testing.T) {
	org, entered, leave := smallOrg(), make(chan bool), make(chan bool)
	org.APITokens = List[APIToken]{Len: func() int { entered <- true; <-leave; return 0 }}
	c := serve(t, Config{Org: org, Limits: Limits{Concurrent: 1}})
	done := make(chan int)
	go func() {
		req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, c.url+"/api/v1/api-tokens", nil)
		req.Header.Set("Authorization", c.auth)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			done <- 0
			return
		}
		_ = res.Body.Close()
		done <- res.StatusCode
	}()
	<-entered
	res, _, _ := c.get("/api/v1/users")
	if res.StatusCode != http.StatusTooManyRequests || res.Header.Get("X-Rate-Limit-Limit") != "0" || res.Header.Get("X-Rate-Limit-Remaining") != "0" {
		t.Errorf("%d %v", res.StatusCode, res.Header)
	}
	leave <- true
	if status := <-done; status != http.StatusOK {
		t.Errorf("the first: %d", status)
	}
}

// logOf is one event a day for 120 days, which happened an hour before it appeared; the last an hour ago.
func logOf() List[Event] {
	var list []Event
	for i := range 120 {
		at := noon.Add(-time.Hour - time.Duration(119-i)*day)
		list = append(list, Event{UUID: fmt.Sprint("e", i), Persisted: at, Published: at.Add(-time.Hour), Type: "user.session.start"})
		list = append(list, Event{Persisted: at}) // nothing
	}
	return ListOf(list...)
}

func TestLogPolling(t *testing.T) {
	org := smallOrg()
	org.Log = logOf()
	c := serve(t, Config{Org: org})
	since := noon.Add(-100 * day).Format(time.RFC3339)
	ref, n, pages := "/api/v1/logs?sortOrder=ASCENDING&limit=40&since="+since, 0, 0
	last := ""
	for ; pages < 5; pages++ {
		res, list, _ := c.get(ref)
		n += len(list)
		next := httpapi.NextLink(res)
		if next == "" || strings.Contains(next, "since=") {
			t.Fatalf("page %d: next %q", pages, next)
		}
		last, ref = ref, next
	}
	if n != 90 || last != ref { // the rest is older than is kept; idle, the address stays
		t.Errorf("%d events; %s, then %s", n, last, ref)
	}
	for _, wrong := range []string{
		"since=" + since + "&after=x", "since=" + noon.Add(-181*day).Format(time.RFC3339), "limit=1001", "limit=-1", "after=x", "filter=published+gt+%221%22",
		"since=yesterday",
	} {
		if res, _, _ := c.get("/api/v1/logs?" + wrong); res.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", wrong, res.StatusCode)
		}
	}
}

func TestLogBounded(t *testing.T) {
	org := smallOrg()
	org.Log = logOf()
	c := serve(t, Config{Org: org})
	from, until := noon.Add(-30*day).Format(time.RFC3339), noon.Add(-10*day).Format(time.RFC3339)
	for _, order := range []string{"ASCENDING", "DESCENDING"} {
		ref, seen := "/api/v1/logs?limit=7&sortOrder="+order+"&since="+from+"&until="+until, []string{}
		for pages := 0; ref != ""; pages++ {
			res, list, _ := c.get(ref)
			for _, e := range list {
				seen = append(seen, e["published"].(string))
			}
			if ref = httpapi.NextLink(res); pages > 5 || len(list) == 0 {
				t.Fatalf("%s does not end", order)
			}
		}
		sorted := true
		for i := 1; i < len(seen); i++ {
			sorted = sorted && (seen[i] > seen[i-1]) == (order == "ASCENDING")
		}
		if len(seen) != 20 || !sorted {
			t.Errorf("%s: %d events, sorted %v", order, len(seen), sorted)
		}
	}
	if _, list, _ := c.get("/api/v1/logs?limit=100&since=" + from + "&filter=" + url.QueryEscape(`eventType sw "user.session" and actor.id eq "x"`)); len(list) != 0 {
		t.Errorf("a filter that fits nothing: %d", len(list))
	}
}

func TestMissingThings(t *testing.T) {
	c := serve(t, Config{Org: smallOrg()})
	for _, path := range []string{"/api/v1/users/x", "/api/v1/groups/x", "/api/v1/groups/x/users", "/api/v1/apps/x/users", "/api/v1/eventHooks/x", "/api/v1/users/x/roles"} {
		if res, _, body := c.get(path); res.StatusCode != http.StatusNotFound || !strings.Contains(body, "E0000007") {
			t.Errorf("%s: %d %s", path, res.StatusCode, body)
		}
	}
	if res, _, body := c.get("/api/v1/nothing"); res.StatusCode != http.StatusNotFound || strings.Contains(body, "E0000007") {
		t.Errorf("no such operation: %d %s", res.StatusCode, body)
	}
}

func FuzzFilter(f *testing.F) {
	f.Add(`(status eq "A" or id pr) and lastUpdated gt "2020-01-01T00:00:00Z"`)
	f.Add(`((((`)
	f.Add(`status eq "`)
	f.Fuzz(func(t *testing.T, s string) {
		if x, err := parseFilter(s, "status", "id", "lastUpdated"); err == nil {
			x.holds(func(string) string { return "A" })
		}
	})
}
