package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/alert"
	"github.com/mooring-hq/mooring/agent/internal/audit"
	"github.com/mooring-hq/mooring/agent/internal/decision"
	"github.com/mooring-hq/mooring/agent/internal/event"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// court is a backend with alerts and decisions.
type court struct {
	backend
	own       *bolt.Store
	alerts    *alert.Alerts
	decisions *decision.Decisions
}

func (c *court) Own() (alert.Docs, func(), error) { return c.own, func() {}, nil }
func (c *court) PolicyNames() []string            { return []string{"public", "stale"} }
func (c *court) Alerts() *alert.Alerts            { return c.alerts }
func (c *court) Decisions() *decision.Decisions   { return c.decisions }

// newCourt has a shop whose files policies found something in.
func newCourt(t *testing.T, events ...*event.Event) (*court, http.Handler) {
	t.Helper()
	own, err := bolt.OpenAgent(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = own.Close() })
	log, err := audit.Open(audit.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	c := &court{own: own}
	h := c.open(t, "box")
	h.put("files", "", time.Now(), sdk.KindFile, "1", &wire.File{Name: new("one")})
	for _, e := range events {
		value, err := json.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		h.commit(&store.Batch{At: time.Now(), Docs: []store.Doc{{Bucket: event.Bucket, Append: true, Value: value}}})
	}
	if c.decisions, err = decision.New(t.Context(), decision.Config{Store: own, Audit: log}); err != nil {
		t.Fatal(err)
	}
	c.alerts = alert.New(alert.Config{Store: own, Audit: log, Instances: func() (map[string]alert.Outbox, <-chan struct{}) {
		return map[string]alert.Outbox{"box/main": h.s}, nil
	}})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.alerts.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	for n := 0; len(events) > 0 && n == 0; {
		committed := own.Committed()
		for _, err := range alert.All(t.Context(), own, alert.Filter{}) {
			if n++; err != nil {
				t.Fatal(err)
			}
		}
		if n == 0 {
			<-committed
		}
	}
	return c, New(c)
}

func found(id, group string) *event.Event {
	ref := "box/main/file/" + id
	return &event.Event{
		ID: "e" + id + group, Time: time.Now(), What: event.FindingOpened, Subject: ref, Severity: "high", Title: id + " is public",
		Instance: "box/main", Policy: "public", Ref: ref, Group: group,
	}
}

// post asks as somebody; "" is nobody.
func post(t *testing.T, h http.Handler, who, path, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
	if who != "" {
		r = r.WithContext(WithAuthor(r.Context(), who))
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestWhoMayDecide(t *testing.T) {
	c, h := newCourt(t, found("1", "zoe@acme.example"))
	alerts, _ := ask[alert.Alert](t, h, "/v1/alerts", nil)
	if len(alerts) != 1 {
		t.Fatalf("%d alerts", len(alerts))
	}
	id := alerts[0].ID
	writing := map[string]string{
		"/v1/alerts/" + id + "/assign":     `{"to":"zoe"}`,
		"/v1/alerts/" + id + "/resolve":    `{"verdict":"benign"}`,
		"/v1/alerts/" + id + "/reopen":     `{}`,
		"/v1/decisions":                    `{"what":"exception","alert":"` + id + `","reason":"a test","seconds":3600}`,
		"/v1/decisions/something/withdraw": `{"reason":"a test"}`,
	}
	for path, body := range writing {
		if code, text := post(t, h, "", path, body); code != http.StatusForbidden {
			t.Errorf("%s by nobody: %d %s", path, code, text)
		}
	}
	running := c.decisions
	c.decisions = nil
	for path, body := range writing {
		if code, text := post(t, h, "root", path, body); code != http.StatusConflict || !strings.Contains(text, "mooring run") {
			t.Errorf("%s without an agent: %d %s", path, code, text)
		}
	}
	c.decisions = running
	for _, path := range []string{"/v1/alerts/" + id + "/assign", "/v1/alerts/" + id + "/resolve", "/v1/decisions"} {
		if code, text := post(t, h, "amy", path, writing[path]); code != http.StatusOK {
			t.Errorf("%s: %d %s", path, code, text)
		}
	}
	if _, err := running.Withdraw(t.Context(), decided1(t, h).ID, "amy", "a test"); err != nil {
		t.Error(err)
	}
	// A backend that keeps none has none.
	if code, text := post(t, New(&c.backend), "root", "/v1/decisions", writing["/v1/decisions"]); code != http.StatusConflict {
		t.Errorf("%d %s", code, text)
	}
	if none, _ := ask[alert.Alert](t, New(&c.backend), "/v1/alerts", nil); len(none) != 0 {
		t.Error("alerts of nowhere")
	}
}

func decided1(t *testing.T, h http.Handler) Decided {
	t.Helper()
	all, _ := ask[Decided](t, h, "/v1/decisions", nil)
	if len(all) != 1 || all[0].Author != "amy" {
		t.Fatalf("%+v", all)
	}
	return all[0]
}

// What an exception of an alert excepts depends on what the alert gathers.
func TestExceptionsOfAlerts(t *testing.T) {
	c, h := newCourt(t, found("1", "zoe@acme.example"), found("2", "zoe@acme.example"), found("3", "folder-3"), found("4", ""), found("5", ""))
	of := func(group string) string {
		for a, err := range alert.All(t.Context(), c.own, alert.Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			if a.Group == group {
				return a.ID
			}
		}
		t.Fatalf("no alert of %q", group)
		return ""
	}
	for _, x := range []struct {
		name, body string
		code       int
		want       string
	}{
		{"owner", `{"alert":"` + of("zoe@acme.example") + `"`, 200, `"scope":"group","group":"zoe@acme.example"`},
		{"folder", `{"alert":"` + of("folder-3") + `"`, 200, `"scope":"group","group":"folder-3","instance":"box/main"`},
		{"the policy", `{"alert":"` + of("folder-3") + `","scope":"policy"`, 200, `"scope":"policy","alert"`},
		{"of another policy", `{"alert":"` + of("folder-3") + `","policy":"stale"`, 400, "is of policy public, not stale"},
		{"of no group", `{"alert":"` + of("") + `"`, 400, "has 2 findings of no group"},
		{"one of two", `{"alert":"` + of("zoe@acme.example") + `","scope":"ref"`, 400, "has 2 findings: write the ref"},
		{"one of one", `{"alert":"` + of("folder-3") + `","scope":"ref"`, 200, `"scope":"ref","ref":"box/main/file/3"`},
		{"no alert", `{"alert":"000000000000"`, 404, "there is no such alert"},
		{"a record", `{"policy":"public","scope":"ref","ref":"box/main/file/1"`, 200, `"ref":"box/main/file/1"`},
		{"no record", `{"policy":"public","scope":"ref","ref":"box/main/file/9"`, 404, "there is no record box/main/file/9"},
		{"no instance", `{"policy":"public","scope":"ref","ref":"box/mian/file/1"`, 404, "there is no instance"},
		{"no policy", `{"policy":"publik","scope":"ref","ref":"box/main/file/1"`, 404, `there is no policy "publik"; there are: public, stale`},
		{"an hour in seconds", `{"policy":"public","scope":"policy","seconds":-1`, 400, "seconds is not a time"},
	} {
		body := x.body + `,"what":"exception","reason":"a test","seconds":3600}`
		if strings.Contains(x.body, "seconds") {
			body = x.body + `,"what":"exception","reason":"a test"}`
		}
		code, text := post(t, h, "root", "/v1/decisions", body)
		if code != x.code || !strings.Contains(text, strings.ReplaceAll(x.want, `"publik"`, `\"publik\"`)) {
			t.Errorf("%s: %d %s", x.name, code, text)
		}
	}
}

func TestAlertsInOrder(t *testing.T) {
	var events []*event.Event
	for n := range 5 {
		e := found("1", string(rune('a'+n))+"@acme.example")
		e.Time = time.Date(2026, 11, 22, 9, (n*3)%5, 0, 0, time.UTC)
		e.Subject += e.Group
		events = append(events, e)
	}
	_, h := newCourt(t, events...)
	all, _ := ask[alert.Alert](t, h, "/v1/alerts", nil)
	newest := func(a, b alert.Alert) int { return b.Updated.Compare(a.Updated) }
	if len(all) != 5 || !slices.IsSortedFunc(all, newest) {
		t.Errorf("%+v", all)
	}
	two, trailer := ask[alert.Alert](t, h, "/v1/alerts", url.Values{"limit": {"2"}, "state": {"open", "closed"}})
	if len(two) != 2 || trailer.Count != 2 || two[0].ID != all[0].ID || two[1].ID != all[1].ID {
		t.Errorf("%+v", two)
	}
	for _, wrong := range []url.Values{{"limit": {"-1"}}, {"limit": {"x"}}, {"state": {"opn"}}, {"severity": {"bad"}}} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/alerts?"+wrong.Encode(), http.NoBody))
		if w.Code != http.StatusBadRequest {
			t.Errorf("%v: %d", wrong, w.Code)
		}
	}
}
