package api

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/index"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func TestPerson(t *testing.T) {
	b, box, okta := office(t)
	box.put("users", "", time.Now(), sdk.KindAccount, "9", &wire.Account{Name: new("robot"), Email: new("cat@acme.example"), Type: new("bot")})
	okta.put("users", "", time.Now(), sdk.KindAccount, "00u8", &wire.Account{Name: new("ann"), DisplayName: new("Ann"), Email: new("ann+x@acme.example")})
	h := New(b)
	for x, want := range map[string]string{
		"cat@ACME.example":        "cat@acme.example: box/main/account/3 okta/main/account/00u3 | (nobody): box/main/account/9",
		"box/main/account/3":      "cat@acme.example: box/main/account/3 okta/main/account/00u3",
		"okta/main/accounts/00u3": "cat@acme.example: box/main/account/3 okta/main/account/00u3",
		"BOB":                     "bob@acme.example: box/main/account/2",
		"ann":                     "ann@acme.example: box/main/account/1 ? okta/main/account/00u8 | ann+x@acme.example: okta/main/account/00u8 ? box/main/account/1",
		"robot":                   "(nobody): box/main/account/9",
	} {
		got, trailer := ask[Person](t, h, "/v1/person", url.Values{"x": {x}})
		if s := said(got); s != want {
			t.Errorf("%s is %s; want %s", x, s, want)
		}
		if len(trailer.Coverage) != 2 || trailer.Coverage[0].Listings[0].Listing != "users" {
			t.Errorf("%s: %+v", x, trailer)
		}
	}
	b.people = "cat@acme.example,box/main/account/9\n-,okta/main/account/00u3\n"
	got, _ := ask[Person](t, h, "/v1/person", url.Values{"x": {"cat"}})
	want := "box/main/account/3: box/main/account/3 ? box/main/account/9 okta/main/account/00u3 | (nobody): okta/main/account/00u3"
	if s := said(got); s != want {
		t.Errorf("with a map cat is %s; want %s", s, want)
	}
	if got, _ = ask[Person](t, h, "/v1/person", url.Values{"x": {"robot"}}); said(got) != "cat@acme.example: box/main/account/9 ? box/main/account/3 okta/main/account/00u3" {
		t.Errorf("with a map robot is %s", said(got))
	}
	for x, want := range map[string]int{"": 400, " ": 400, "nobody": 404, "no@acme.example": 404, "box/main/account/77": 404, "box/nowhere/account/1": 404, "box/main/group/g": 400} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/person?"+url.Values{"x": {x}}.Encode(), http.NoBody))
		if w.Code != want {
			t.Errorf("%q: %d %s", x, w.Code, w.Body)
		}
	}
	b.people = "nonsense"
	w := httptest.NewRecorder()
	if h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/person?x=cat", http.NoBody)); w.Code != http.StatusBadRequest {
		t.Errorf("with a wrong map: %d", w.Code)
	}
}

// said is persons in few words: accounts, then ? suggestions.
func said(all []Person) string {
	var parts []string
	for _, p := range all {
		s := p.ID
		if p.Nobody != "" {
			s = "(nobody)"
		}
		s += ":"
		for _, a := range p.Accounts {
			s += " " + a.Ref
		}
		if len(p.Suggestions) > 0 && p.Nobody == "" {
			s += " ?"
			for _, g := range p.Suggestions {
				s += " " + g.Account
			}
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " | ")
}

func TestTimeline(t *testing.T) {
	b, box, okta := office(t)
	now := time.Now().UTC().Truncate(time.Second)
	at := func(hours int) *timestamppb.Timestamp { return sdk.At(now.Add(-time.Duration(hours) * time.Hour)) }
	act := func(h *shop, id string, hours int, a *wire.Activity) {
		a.Time = at(hours)
		h.put("log", "", now, sdk.KindActivity, id, a)
	}
	act(okta, "o1", 30, &wire.Activity{Type: new("login"), Actor: &wire.Ref{Kind: sdk.KindAccount, Id: new("00u3")}})
	act(box, "b1", 29, &wire.Activity{Type: new("file_download"), Actor: sdk.To(sdk.KindAccount, "3"), Targets: []*wire.Ref{sdk.To(sdk.KindFile, "f")}})
	act(okta, "o2", 28, &wire.Activity{Type: new("account_suspend"), Actor: &wire.Ref{Name: new("admin")}, Targets: []*wire.Ref{{Email: new("Cat@acme.example")}}})
	act(okta, "o3", 27, &wire.Activity{Type: new("login"), Actor: &wire.Ref{Kind: sdk.KindGroup, Id: new("00u3")}}) // another kind
	act(box, "b2", 26, &wire.Activity{Type: new("login"), Actor: sdk.To(sdk.KindAccount, "1")})
	act(box, "b3", 24*9, &wire.Activity{Type: new("logout"), Actor: sdk.To(sdk.KindAccount, "3")})
	box.put("users", "", now.Add(time.Minute), sdk.KindAccount, "3", &wire.Account{Name: new("cat"), Email: new("cat@acme.example"), Status: new("suspended"), Type: new("user")})
	box.put("members", "g", now.Add(2*time.Minute), sdk.KindMembership, "g/3", &wire.Membership{Container: sdk.To(sdk.KindGroup, "g"), Member: sdk.To(sdk.KindAccount, "3")})
	box.commit(&store.Batch{At: now.Add(3 * time.Minute), Reason: "gone", Home: store.Home{Listing: "members"}, Records: []store.Record{{Op: store.Delete, Kind: sdk.KindMembership, ID: []byte("g/3")}}})
	h := New(b)
	cases := map[string]struct {
		query url.Values
		want  []string
	}{
		"a human": {url.Values{"x": {"cat"}}, []string{
			"login", "file_download plan", "account_suspend Cat@acme.example", "created account", "created account", "updated account status",
			"created membership team", "deleted membership team",
		}},
		"one account": {url.Values{"x": {"okta/main/account/00u3"}}, []string{"login", "account_suspend Cat@acme.example", "created account"}},
		"a file":      {url.Values{"x": {"plan"}}, []string{"file_download plan", "created file"}},
		"longer ago":  {url.Values{"x": {"cat"}, "since": {"20d"}, "until": {now.Add(-29*time.Hour + time.Minute).Format(time.RFC3339)}}, []string{"logout", "login", "file_download plan"}},
		"the newest":  {url.Values{"x": {"cat"}, "limit": {"1"}}, []string{"deleted membership team"}},
		"a group":     {url.Values{"x": {"team"}, "limit": {"2"}}, []string{"created membership team", "deleted membership team"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			events, _ := ask[Event](t, h, "/v1/timeline", c.query)
			var got []string
			for n, e := range events {
				if n > 0 && e.Time.Before(events[n-1].Time) {
					t.Errorf("%v is after %v", events[n-1], e)
				}
				got = append(got, strings.Join(strings.Fields(fmt.Sprint(e.What, " ", e.Kind, " ", strings.Join(e.Targets, " "), " ", strings.Join(e.Fields, " "))), " "))
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// TestReach: what a group can reach, by its address or its ref, and what nobody can ask.
func TestReach(t *testing.T) {
	b, box, _ := office(t)
	box.put("groups", "", time.Now(), sdk.KindGroup, "g", &wire.Group{Name: new("team"), Type: new("team"), Email: new("team@acme.example")})
	h := New(b)
	for query, want := range map[string]string{
		"x=team@acme.example":             "ann bob",
		"x=team@acme.example&reach=true":  "plan",
		"x=box/main/group/g&reach=true":   "plan",
		"x=box/main/group/g&limit=1":      "bob",
		"x=box/main/account/3":            "plan",
		"x=box/main/membership/g%2F1":     "400",
		"x=box/main/file/f&at=2026-11-01": "400",
		"x=box/main/file/f&limit=many":    "400",
		"x=box/main/file/gone":            "404",
		"x=":                              "400",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/access?"+query, http.NoBody))
		if w.Code != http.StatusOK {
			if fmt.Sprint(w.Code) != want {
				t.Errorf("%s: %d %s", query, w.Code, w.Body)
			}
			continue
		}
		values, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		lines, _ := ask[Reach](t, h, "/v1/access", values)
		var names []string
		for _, l := range lines {
			names = append(names, l.Name)
		}
		slices.Sort(names)
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

// TestIdle: an index that nobody asks is let go, and one that is asked stays.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &known{index: index.New()}
		kept := func() bool {
			k.mu.Lock()
			defer k.mu.Unlock()
			return k.index != nil
		}
		for range 3 {
			k.mu.Lock()
			k.later()
			k.mu.Unlock()
			time.Sleep(keepIndex - time.Second)
			if !kept() {
				t.Fatal("it is let go although somebody asks")
			}
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if kept() {
			t.Error("it is kept although nobody asks")
		}
	})
}

// TestManyAsk: questions of many beside commits each get a whole answer.
func TestManyAsk(t *testing.T) {
	b, box, _ := office(t)
	h := New(b)
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for i := range 10 {
				path := []string{"/v1/person", "/v1/access", "/v1/timeline"}[(n+i)%3]
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path+"?x=ann", http.NoBody))
				if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), `"_coverage"`) {
					t.Errorf("%s: %d %s", path, w.Code, w.Body)
				}
			}
		})
	}
	for i := range 20 {
		box.put("users", "", time.Now(), sdk.KindAccount, fmt.Sprint("new", i), &wire.Account{Name: new("new")})
	}
	wg.Wait()
}
