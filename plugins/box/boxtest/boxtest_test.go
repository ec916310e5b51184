package boxtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/mooring-hq/mooring/plugins/box/boxtest"
	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	made  = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	alice = boxtest.Person{ID: "1", Name: "Alice", Login: "alice@acme.example"}
	bob   = boxtest.Person{ID: "2000", Name: "Bob", Login: "bob@acme.example"}
)

func enterprise() *boxtest.Enterprise {
	file := boxtest.Item{ID: "10", Type: boxtest.File, Name: "a.txt", Parent: boxtest.Root, Owner: alice, CreatedAt: made, ModifiedAt: made}
	return &boxtest.Enterprise{
		ID: "7", Name: "Acme",
		Users: boxtest.ListOf(
			boxtest.User{Person: alice, Role: "admin"}, boxtest.User{Person: bob}, boxtest.User{Person: boxtest.Person{ID: "3", Name: "Gone"}, Status: "inactive"}),
		Groups: boxtest.ListOf(boxtest.Group{ID: "5", Name: "All"}),
		Items: func(user, folder string) boxtest.List[boxtest.Item] {
			if user == alice.ID && folder == boxtest.Root {
				return boxtest.ListOf(file)
			}
			return boxtest.List[boxtest.Item]{}
		},
		Item: func(id string) (boxtest.Item, bool) { return file, id == file.ID },
		Events: boxtest.ListOf(
			boxtest.Event{ID: "e1", Type: "LOGIN", Created: made, By: alice, Source: boxtest.UserSource(alice)},
			boxtest.Event{ID: "e2", Type: "DOWNLOAD", Created: made.Add(time.Hour), By: bob, Source: boxtest.ItemSource(&file, nil), Concerns: []string{alice.ID}},
			boxtest.Event{ID: "e3", Type: "LOGIN", Created: made.Add(30 * time.Minute), Recorded: made.Add(3 * time.Hour), By: bob, Source: boxtest.UserSource(bob)}),
	}
}

// fixture is a fake with a clock that stands still unless it is moved.
type fixture struct {
	t     *testing.T
	fake  *boxtest.Server
	http  *httptest.Server
	mu    sync.Mutex
	clock time.Time
}

func (f *fixture) now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.clock
}

func (f *fixture) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clock = f.clock.Add(d)
}

func start(t *testing.T, change func(*boxtest.Config)) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: made.Add(2 * time.Hour)}
	cfg := boxtest.Config{
		Enterprise: enterprise(), Now: f.now,
		App: boxtest.App{
			ClientID: "app", ClientSecret: "secret", Service: boxtest.Person{ID: "99", Name: "Service"}, Admin: alice.ID, Primary: "p", Secondary: "s",
			Scopes: []string{boxtest.ManageUsers, boxtest.ManageGroups, boxtest.ManageEnterprise, boxtest.ReadAll, boxtest.ManageWebhooks},
		},
	}
	if change != nil {
		change(&cfg)
	}
	f.fake = boxtest.New(cfg)
	f.http = httptest.NewServer(f.fake)
	t.Cleanup(f.http.Close)
	return f
}

type answer struct {
	status int
	header http.Header
	text   string
	json   map[string]any
}

func (f *fixture) do(method, path, token, as string, body io.Reader) answer {
	f.t.Helper()
	req, err := http.NewRequestWithContext(f.t.Context(), method, f.http.URL+path, body)
	if err != nil {
		f.t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if as != "" {
		req.Header.Set("As-User", as)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	res, err := f.http.Client().Transport.RoundTrip(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		f.t.Fatal(err)
	}
	a := answer{status: res.StatusCode, header: res.Header, text: string(text)}
	_ = json.Unmarshal(text, &a.json)
	return a
}

func (f *fixture) ask(form ...string) answer {
	f.t.Helper()
	v := url.Values{"client_id": {"app"}, "client_secret": {"secret"}}
	for i := 0; i < len(form); i += 2 {
		v.Set(form[i], form[i+1])
	}
	return f.do(http.MethodPost, "/oauth2/token", "", "", strings.NewReader(v.Encode()))
}

func (f *fixture) token() string {
	f.t.Helper()
	a := f.ask("grant_type", "client_credentials", "box_subject_type", "enterprise", "box_subject_id", "7")
	return fmt.Sprint(a.json["access_token"])
}

// TestRefreshTokensWorkOnce, of many who come at once too.
func TestRefreshTokensWorkOnce(t *testing.T) {
	f := start(t, nil)
	first := f.ask("grant_type", "authorization_code", "code", f.fake.Code(alice.ID, ""))
	spent := fmt.Sprint(first.json["refresh_token"])
	var wg sync.WaitGroup
	var mu sync.Mutex
	good := 0
	for range 8 {
		wg.Go(func() {
			a := f.ask("grant_type", "refresh_token", "refresh_token", spent)
			mu.Lock()
			defer mu.Unlock()
			if a.status == http.StatusOK && a.json["refresh_token"] != spent {
				good++
			} else if a.json["error"] != "invalid_grant" {
				t.Errorf("a second use gives %d %s", a.status, a.text)
			}
		})
	}
	wg.Wait()
	if good != 1 || f.fake.SpentTwice() != 7 {
		t.Errorf("it worked %d times; %d second uses were counted", good, f.fake.SpentTwice())
	}
}

func TestLives(t *testing.T) {
	f := start(t, nil)
	token := f.token()
	f.pass(59 * time.Minute)
	if a := f.do(http.MethodGet, "/2.0/users/me", token, "", nil); a.status != http.StatusOK {
		t.Errorf("after 59 minutes: %d", a.status)
	}
	f.pass(2 * time.Minute)
	if a := f.do(http.MethodGet, "/2.0/users/me", token, "", nil); a.status != http.StatusUnauthorized || a.header.Get("Www-Authenticate") == "" {
		t.Errorf("after 61 minutes: %d", a.status)
	}
	code := f.fake.Code(alice.ID, "")
	f.pass(31 * time.Second)
	if a := f.ask("grant_type", "authorization_code", "code", code); a.status != http.StatusBadRequest {
		t.Errorf("a code of 31 seconds: %d", a.status)
	}
	a := f.ask("grant_type", "authorization_code", "code", f.fake.Code(alice.ID, ""))
	refresh := fmt.Sprint(a.json["refresh_token"])
	f.pass(61 * 24 * time.Hour)
	if a := f.ask("grant_type", "refresh_token", "refresh_token", refresh); a.status != http.StatusBadRequest || f.fake.SpentTwice() != 0 {
		t.Errorf("a refresh token of 61 days: %d", a.status)
	}
}

func TestAuthorizePage(t *testing.T) {
	f := start(t, func(c *boxtest.Config) { c.App.Redirects = []string{"https://localhost/done"} })
	for query, want := range map[string]int{
		"client_id=app&response_type=code&redirect_uri=https://localhost/done&state=x": http.StatusFound,
		"client_id=app&response_type=code&redirect_uri=https://evil.example/&state=x":  http.StatusBadRequest,
		"client_id=other&response_type=code&redirect_uri=https://localhost/done":       http.StatusBadRequest,
		"client_id=app&response_type=token&redirect_uri=https://localhost/done":        http.StatusBadRequest,
	} {
		a := f.do(http.MethodGet, "/api/oauth2/authorize?"+query, "", "", nil)
		if a.status != want {
			t.Errorf("%s: %d, want %d", query, a.status, want)
		}
		if to := a.header.Get("Location"); want == http.StatusFound && (!strings.Contains(to, "code=") || !strings.Contains(to, "state=x")) {
			t.Errorf("sent to %s", to)
		}
	}
}

// TestNotKinder: what the vendor refuses is refused.
func TestNotKinder(t *testing.T) {
	f := start(t, nil)
	token := f.token()
	for name, c := range map[string]struct {
		path, token, as string
		status          int
	}{
		"no token":            {"/2.0/users", "", "", 401},
		"another token":       {"/2.0/users", "at_x", "", 401},
		"page too large":      {"/2.0/users?limit=1001", token, "", 400},
		"page of nothing":     {"/2.0/users?limit=0", token, "", 400},
		"offset too far":      {"/2.0/groups?offset=10001", token, "", 400},
		"another's marker":    {"/2.0/users?usemarker=true&marker=abc", token, "", 400},
		"no such user":        {"/2.0/users/4711", token, "", 404},
		"as the app itself":   {"/2.0/folders/0/items", token, "99", 403},
		"as somebody unknown": {"/2.0/folders/0/items", token, "4711", 403},
		"as somebody blocked": {"/2.0/folders/0/items", token, "3", 403},
		"not one's file":      {"/2.0/files/10", token, bob.ID, 404},
		"the app's own view":  {"/2.0/files/10", token, "", 404},
		"one's file":          {"/2.0/files/10", token, alice.ID, 200},
		"a file as a folder":  {"/2.0/folders/10", token, alice.ID, 404},
		"no scope for trash":  {"/2.0/folders/trash/items", token, alice.ID, 403},
		"an old position":     {"/2.0/events?stream_type=admin_logs_streaming&stream_position=5", token, "", 400},
		"windows of a stream": {"/2.0/events?stream_type=admin_logs_streaming&created_after=2026-01-01T00:00:00Z", token, "", 400},
		"an unknown stream":   {"/2.0/events?stream_type=everything", token, "", 400},
		"another enterprise":  {"/2.0/enterprises/8/device_pinners", token, "", 404},
		"no such page":        {"/2.0/nothing", token, "", 404},
	} {
		if a := f.do(http.MethodGet, c.path, c.token, c.as, nil); a.status != c.status {
			t.Errorf("%s: %d, want %d: %s", name, a.status, c.status, a.text)
		}
	}
}

func TestLimit(t *testing.T) {
	f := start(t, func(c *boxtest.Config) { c.Limits.Calls = 2 })
	token := f.token()
	for i, want := range []int{200, 200, 429} {
		a := f.do(http.MethodGet, "/2.0/users/me", token, "", nil)
		if a.status != want || want == 429 && (a.header.Get("Retry-After") == "" || a.json["code"] != "rate_limit_exceeded") {
			t.Errorf("call %d: %d %s", i+1, a.status, a.text)
		}
	}
	f.pass(time.Minute)
	if a := f.do(http.MethodGet, "/2.0/users/me", token, "", nil); a.status != http.StatusOK {
		t.Errorf("after a minute: %d", a.status)
	}
}

func events(a answer) (ids []string) {
	list, _ := a.json["entries"].([]any)
	for _, e := range list {
		obj, _ := e.(map[string]any)
		ids = append(ids, fmt.Sprint(obj["event_id"]))
	}
	return ids
}

// TestLateEvents: one appears behind those after it, and a window of its own time shows it only then.
func TestLateEvents(t *testing.T) {
	f := start(t, nil)
	token := f.token()
	get := func(query string) []string {
		return events(f.do(http.MethodGet, "/2.0/events?"+query, token, "", nil))
	}
	hour := "stream_type=admin_logs&created_after=2026-03-01T00:00:00Z&created_before=2026-03-01T01:00:00Z"
	if ids := get(hour); fmt.Sprint(ids) != "[e1]" {
		t.Errorf("at first: %v", ids)
	}
	f.pass(2 * time.Hour)
	token = f.token() // the first one ended
	if ids := get(hour); fmt.Sprint(ids) != "[e1 e3]" {
		t.Errorf("later: %v", ids)
	}
	if ids := get("stream_type=admin_logs_streaming&stream_position=0&event_type=DOWNLOAD"); fmt.Sprint(ids) != "[e2]" {
		t.Errorf("downloads: %v", ids)
	}
	if a := f.do(http.MethodGet, "/2.0/events?stream_type=admin_logs_streaming&stream_position=now", token, "", nil); !strings.Contains(a.text, "1152921504606846979") {
		t.Errorf("now is %s", a.text)
	}
	if a := f.do(http.MethodGet, "/2.0/events?stream_type=changes&stream_position=0", token, alice.ID, nil); fmt.Sprint(events(a)) != "[e1 e2]" || !strings.Contains(a.text, "ITEM_DOWNLOAD") {
		t.Errorf("Alice's own stream: %s", a.text)
	}
}

// TestLongPoll answers when something happens, or when it was long enough.
func TestLongPoll(t *testing.T) {
	f := start(t, func(c *boxtest.Config) { c.PollWait = 50 * time.Millisecond })
	a := f.do(http.MethodOptions, "/2.0/events", f.token(), "", nil)
	if !strings.Contains(a.text, "/realtime/subscribe?channel=99") {
		t.Fatal(a.text)
	}
	if a := f.do(http.MethodGet, "/realtime/subscribe?channel=99", "", "", nil); a.json["message"] != "reconnect" {
		t.Errorf("after a while: %s", a.text)
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		for f.fake.Stats().Calls("GET /realtime/subscribe") < 2 {
			f.fake.Notify()
			time.Sleep(time.Millisecond)
		}
	}()
	if a := f.do(http.MethodGet, "/realtime/subscribe?channel=99", "", "", nil); a.json["message"] != "new_change" {
		t.Errorf("after a change: %s", a.text)
	}
	<-over
}

// TestFaults of paging are the fake's own.
func TestFaults(t *testing.T) {
	f := start(t, func(c *boxtest.Config) { c.Limits.Page = 1 })
	token := f.token()
	for kind, want := range map[fake.FaultKind]func(answer) bool{
		fake.FaultThrottle: func(a answer) bool { return a.status == 429 },
		fake.FaultShort:    func(a answer) bool { return a.json["next_marker"] == "" && len(a.json["entries"].([]any)) == 0 },
		fake.FaultStatus:   func(a answer) bool { return a.status == 502 && a.json["type"] == "error" },
		fake.FaultRepeat:   func(a answer) bool { return a.json["next_marker"] != "" },
	} {
		f.fake.Fault(fake.Fault{Match: "/2.0/users", Do: kind})
		if a := f.do(http.MethodGet, "/2.0/users?usemarker=true", token, "", nil); !want(a) {
			t.Errorf("%s: %d %s", kind, a.status, a.text)
		}
		f.fake.ClearFaults()
	}
}

// TestWebhooks are registered once for an item, and delivered with both signatures.
func TestWebhooks(t *testing.T) {
	f := start(t, nil)
	var got []http.Header
	receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = append(got, r.Header) }))
	defer receiver.Close()
	body := `{"target":{"id":"10","type":"file"},"address":"` + receiver.URL + `","triggers":["FILE.UPLOADED"]}`
	token := f.token()
	for i, want := range []int{201, 409} {
		if a := f.do(http.MethodPost, "/2.0/webhooks", token, alice.ID, strings.NewReader(body)); a.status != want {
			t.Errorf("time %d: %d %s", i+1, a.status, a.text)
		}
	}
	for name, bad := range map[string]string{
		"root":     `{"target":{"id":"0","type":"folder"},"address":"` + receiver.URL + `","triggers":["FILE.UPLOADED"]}`,
		"in clear": `{"target":{"id":"10","type":"file"},"address":"http://example.com/","triggers":["FILE.UPLOADED"]}`,
	} {
		if a := f.do(http.MethodPost, "/2.0/webhooks", token, alice.ID, strings.NewReader(bad)); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, a.status)
		}
	}
	it, _ := enterprise().Item("10")
	if n, err := f.fake.Deliver(context.Background(), "FILE.UPLOADED", &it, bob); n != 1 || err != nil {
		t.Errorf("%d deliveries, %v", n, err)
	}
	if n, err := f.fake.Deliver(context.Background(), "FILE.TRASHED", &it, bob); n != 0 || err != nil {
		t.Errorf("%d deliveries of what nobody asked for, %v", n, err)
	}
	if len(got) != 1 || got[0].Get("Box-Signature-Primary") == "" || got[0].Get("Box-Signature-Secondary") == "" {
		t.Errorf("delivered %v", got)
	}
}
