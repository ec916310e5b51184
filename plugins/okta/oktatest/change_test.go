package oktatest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
)

// do sends one request and gives the status and the body.
func (c *client) do(method, ref, body string) (int, string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, c.url+ref, strings.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", c.auth)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	b, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(b)
}

// must is a request that is answered with a status.
func (c *client) must(status int, method, ref, body string) string {
	c.t.Helper()
	got, b := c.do(method, ref, body)
	if got != status {
		c.t.Errorf("%s %s: %d %s, want %d", method, ref, got, b, status)
	}
	return b
}

// changing is an organisation with a clock that goes on with every look.
func changing(t *testing.T) *client {
	o := smallOrg()
	o.Users = ListOf(append([]User{{ID: "a", Status: "ACTIVE", Created: noon.Add(-time.Hour), Profile: map[string]any{"login": "a@acme.example"}},
		{ID: "l", Status: "LOCKED_OUT", Profile: map[string]any{"login": "l"}}}, User{ID: "s", Status: "STAGED", Profile: map[string]any{}})...)
	o.Groups = ListOf(Group{ID: "g", Name: "Group", Users: 1}, Group{ID: "h", Name: "Other"}, Group{ID: "d", Type: "APP_GROUP", Name: "Directory"})
	o.Members = func(id string) List[User] {
		if id == "h" {
			return List[User]{}
		}
		return ListOf(o.Users.At(0))
	}
	o.Rules = ListOf(Rule{ID: "r", Name: "rule", Groups: []string{"g"}})
	o.Apps = ListOf(App{ID: "app", Label: "App"}, App{ID: "oidc", SignOnMode: "OPENID_CONNECT", ClientID: "oidc"})
	o.AppUsers = func(id string) List[AppUser] {
		return ListOf(AppUser{ID: "a", UserName: "as", Created: noon.Add(-time.Hour)}, AppUser{ID: "l", Scope: "GROUP"})
	}
	o.AppTokens = func(id string) List[RefreshToken] {
		return ListOf(RefreshToken{ID: "t" + id, ClientID: id, UserID: "a"}, RefreshToken{ID: "u" + id, ClientID: id, UserID: "a"})
	}
	o.UserGrants = func(id string) List[Grant] {
		return ListOf(Grant{ID: "grant", ClientID: "oidc", Scope: "profile", UserID: id})
	}
	o.Factors = func(string) []Factor {
		return []Factor{{ID: "f", Type: "push", Created: noon.Add(-time.Hour)}, {ID: "m", Type: "email", Created: noon.Add(-time.Hour)}}
	}
	o.Log = ListOf(Event{UUID: "first", Persisted: noon.Add(-time.Hour), Type: "user.session.start"},
		Event{UUID: "last", Persisted: noon.Add(time.Minute), Type: "user.session.start"})
	now := noon
	return serve(t, Config{Org: o, Now: func() time.Time { now = now.Add(time.Second); return now }, Limits: Limits{Off: true}})
}

// ids are those of a list.
func (c *client) ids(ref string) []string {
	c.t.Helper()
	_, list, body := c.get(ref)
	ids := []string{}
	for _, v := range list {
		for _, name := range []string{"id", "client_id", "factorType"} {
			if id, ok := v[name].(string); ok {
				ids = append(ids, id)
				break
			}
		}
	}
	if !strings.HasPrefix(body, "[") {
		c.t.Errorf("%s: %s", ref, body)
	}
	return ids
}

// A change of a user shows alike in the user, the lists, the lists by filter, and the members of groups.
func TestChangedUserEverywhere(t *testing.T) {
	c := changing(t)
	c.must(200, "POST", "/api/v1/users/a/lifecycle/suspend", "")
	_, one := c.do("GET", "/api/v1/users/a", "")
	for _, ref := range []string{
		"/api/v1/users", "/api/v1/users?filter=" + url.QueryEscape(`status eq "SUSPENDED"`), "/api/v1/groups/g/users",
		"/api/v1/users?filter=" + url.QueryEscape(`lastUpdated gt "`+noon.Format(time.RFC3339)+`"`), "/api/v1/users?search=" + url.QueryEscape(`status eq "SUSPENDED"`),
	} {
		_, list, body := c.get(ref)
		var want map[string]any
		if json.Unmarshal([]byte(one), &want) != nil || len(list) == 0 {
			t.Fatalf("%s: %s", ref, body)
		}
		i := slices.IndexFunc(list, func(u map[string]any) bool { return u["id"] == "a" })
		if i < 0 || list[i]["status"] != "SUSPENDED" || list[i]["lastUpdated"] != want["lastUpdated"] || list[i]["statusChanged"] != want["statusChanged"] {
			t.Errorf("%s gives %s, and the user is %s", ref, body, one)
		}
	}
}

// Statuses are guarded as the vendor does, with its codes.
func TestLifecycleGuards(t *testing.T) {
	c := changing(t)
	for _, step := range []struct {
		op     string
		status int
		code   string
		is     string
	}{
		{"unsuspend", 400, "E0000001", "ACTIVE"}, {"suspend", 200, "", "SUSPENDED"}, {"suspend", 400, "E0000001", "SUSPENDED"},
		{"expire_password", 403, "E0000038", "SUSPENDED"}, {"unsuspend", 200, "", "ACTIVE"}, {"unlock", 403, "E0000032", "ACTIVE"},
		{"activate", 403, "E0000016", "ACTIVE"}, {"reactivate", 403, "E0000038", "ACTIVE"}, {"expire_password", 200, "", "PASSWORD_EXPIRED"},
		{"expire_password", 200, "", "PASSWORD_EXPIRED"}, {"deactivate", 200, "", "DEPROVISIONED"}, {"deactivate", 403, "E0000038", "DEPROVISIONED"},
		{"reset_factors", 403, "E0000038", "DEPROVISIONED"}, {"activate?sendEmail=true", 200, "", "PROVISIONED"}, {"reactivate?sendEmail=false", 200, "activationToken", "PROVISIONED"},
	} {
		if body := c.must(step.status, "POST", "/api/v1/users/a/lifecycle/"+step.op, ""); !strings.Contains(body, step.code) {
			t.Errorf("%s: %s", step.op, body)
		}
		if _, body := c.do("GET", "/api/v1/users/a", ""); !strings.Contains(body, `"status":"`+step.is+`"`) {
			t.Errorf("after %s: %s", step.op, body)
		}
	}
	c.must(200, "POST", "/api/v1/users/l/lifecycle/unlock", "")
	c.must(404, "POST", "/api/v1/users/x/lifecycle/unlock", "")
	c.auth = "SSWS few"
	c.must(403, "POST", "/api/v1/users/a/lifecycle/suspend", "")
}

func TestMembersChange(t *testing.T) {
	c := changing(t)
	in := func(group string, want ...string) {
		t.Helper()
		if got := c.ids("/api/v1/groups/" + group + "/users"); !slices.Equal(got, append([]string{}, want...)) {
			t.Errorf("in %s are %v, want %v", group, got, want)
		}
	}
	c.must(204, "PUT", "/api/v1/groups/g/users/a", "") // is in
	c.must(204, "DELETE", "/api/v1/groups/g/users/a", "")
	c.must(404, "DELETE", "/api/v1/groups/g/users/a", "")
	in("g")
	if _, body := c.do("GET", "/api/v1/groups/rules", ""); !strings.Contains(body, `"exclude":["a"]`) {
		t.Errorf("the rule has no exception: %s", body)
	}
	c.must(204, "PUT", "/api/v1/groups/h/users/a", "")
	in("h", "a")
	if got := c.ids("/api/v1/users/a/groups"); !slices.Equal(got, []string{"d", "h"}) {
		t.Errorf("the user is in %v", got)
	}
	_, list, _ := c.get("/api/v1/groups?expand=stats&filter=" + url.QueryEscape(`lastMembershipUpdated gt "`+noon.Format(time.RFC3339)+`"`))
	counts := map[any]any{}
	for _, g := range list {
		counts[g["id"]] = g["_embedded"].(map[string]any)["stats"].(map[string]any)["usersCount"]
	}
	if len(counts) != 2 || counts["g"] != 0.0 || counts["h"] != 1.0 {
		t.Errorf("changed groups %v", counts)
	}
	c.must(204, "DELETE", "/api/v1/groups/h/users/a", "")
	c.must(204, "PUT", "/api/v1/groups/g/users/a", "")
	in("h")
	in("g", "a")
	c.must(403, "DELETE", "/api/v1/groups/d/users/a", "")
	c.must(404, "PUT", "/api/v1/groups/g/users/x", "")
}

func TestAssignmentsChange(t *testing.T) {
	c := changing(t)
	has := func(want string) {
		t.Helper()
		if got := strings.Join(c.ids("/api/v1/apps/app/users"), " "); got != want {
			t.Errorf("the app has %q, want %q", got, want)
		}
		apps := c.ids("/api/v1/apps?filter=" + url.QueryEscape(`user.id eq "a"`) + "&expand=user/a")
		if slices.Contains(apps, "app") != strings.Contains(want, "a") {
			t.Errorf("the user has %v", apps)
		}
	}
	has("a l")
	c.must(204, "DELETE", "/api/v1/apps/app/users/a", "")
	c.must(404, "DELETE", "/api/v1/apps/app/users/a", "")
	c.must(404, "GET", "/api/v1/apps/app/users/a", "")
	has("l")
	c.must(200, "POST", "/api/v1/apps/app/users", `{"id":"a","scope":"USER","credentials":{"userName":"as"},"profile":{"role":"x"}}`)
	if body := c.must(200, "GET", "/api/v1/apps/app/users/a", ""); !strings.Contains(body, `"userName":"as"`) || !strings.Contains(body, `"role":"x"`) {
		t.Error(body)
	}
	has("l a")
	c.must(200, "POST", "/api/v1/users/a/lifecycle/deactivate", "")
	c.must(200, "POST", "/api/v1/users/l/lifecycle/deactivate", "")
	has("")
	c.must(403, "POST", "/api/v1/apps/app/users", `{"id":"a"}`)
	c.must(200, "POST", "/api/v1/users/a/lifecycle/activate", "")
	c.must(200, "POST", "/api/v1/users/l/lifecycle/activate", "")
	has("l") // who has it by a group has it again
	c.must(400, "POST", "/api/v1/apps/app/users", `{}`)
	c.must(400, "GET", "/api/v1/apps?filter="+url.QueryEscape(`user.id eq "a"`)+"&expand=user/b", "")
}

func TestRevocations(t *testing.T) {
	c := changing(t)
	tokens := func(want ...string) {
		t.Helper()
		if got := c.ids("/api/v1/users/a/clients/oidc/tokens"); !slices.Equal(got, append([]string{}, want...)) {
			t.Errorf("tokens %v, want %v", got, want)
		}
		if got := c.ids("/api/v1/apps/oidc/tokens"); !slices.Equal(got, append([]string{}, want...)) {
			t.Errorf("tokens of the app %v, want %v", got, want)
		}
	}
	tokens("toidc", "uoidc")
	c.must(204, "DELETE", "/api/v1/apps/oidc/tokens/toidc", "")
	c.must(404, "DELETE", "/api/v1/apps/oidc/tokens/toidc", "")
	tokens("uoidc")
	c.must(204, "DELETE", "/api/v1/users/a/clients/oidc/tokens", "")
	c.must(204, "DELETE", "/api/v1/users/a/clients/oidc/tokens", "")
	tokens()
	if got := c.ids("/api/v1/users/a/clients"); !slices.Equal(got, []string{"app", "oidc"}) { // there is a consent yet, and a token of the other
		t.Errorf("clients %v", got)
	}
	c.must(204, "DELETE", "/api/v1/users/a/grants/grant", "")
	c.must(404, "DELETE", "/api/v1/users/a/grants/grant", "")
	if got := append(c.ids("/api/v1/users/a/grants"), c.ids("/api/v1/users/a/clients")...); !slices.Equal(got, []string{"app"}) {
		t.Errorf("grants and clients %v", got)
	}
	c.must(204, "DELETE", "/api/v1/users/a/sessions?forgetDevices=false", "")
	if got := c.server.Sessions("a"); got.Open || !got.Remembered {
		t.Errorf("%+v", got)
	}
	c.must(204, "DELETE", "/api/v1/users/a/sessions?oauthTokens=true", "")
	if got := c.ids("/api/v1/users/a/clients"); len(got) != 0 || c.server.Sessions("a").Remembered {
		t.Errorf("clients %v", got)
	}
	c.must(200, "POST", "/api/v1/users/a/lifecycle/reset_factors", "")
	if _, list, _ := c.get("/api/v1/users/a/factors"); len(list) != 1 || list[0]["factorType"] != "email" {
		t.Errorf("factors %v", list)
	}
}

// What calls change is in the log, in its order, and is told to the hooks.
func TestChangesAreLogged(t *testing.T) {
	c := changing(t)
	told := make(chan string, 10)
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if v := r.Header.Get("X-Okta-Verification-Challenge"); v != "" {
			_, _ = w.Write([]byte(`{"verification":"` + v + `"}`))
			return
		}
		told <- string(b)
	}))
	defer hook.Close()
	made := c.must(200, "POST", "/api/v1/eventHooks", `{"name":"n","events":{"type":"EVENT_TYPE","items":["user.lifecycle.suspend"]},`+
		`"channel":{"type":"HTTP","version":"1","config":{"uri":"`+hook.URL+`"}}}`)
	var h struct{ ID string }
	_ = json.Unmarshal([]byte(made), &h)
	c.must(200, "POST", "/api/v1/eventHooks/"+h.ID+"/lifecycle/verify", "")
	c.must(200, "POST", "/api/v1/users/a/lifecycle/suspend", "")
	c.must(200, "POST", "/api/v1/users/a/lifecycle/unsuspend", "")
	select {
	case b := <-told:
		if !strings.Contains(b, "user.lifecycle.suspend") || !strings.Contains(b, `"id":"a"`) {
			t.Error(b)
		}
	default:
		t.Error("the hook was not told before the call was answered")
	}
	if len(told) > 0 {
		t.Errorf("the hook heard of what it did not ask for: %s", <-told)
	}
	for range 60 { // until what happens later has happened
		_ = c.server.now()
	}
	_, list, _ := c.get("/api/v1/logs?sortOrder=ASCENDING&limit=1000")
	var types []string
	for _, e := range list {
		types = append(types, e["eventType"].(string))
	}
	if want := []string{"user.session.start", "user.lifecycle.suspend", "user.lifecycle.unsuspend", "user.session.start"}; !slices.Equal(types, want) {
		t.Errorf("the log is %v", types)
	}
	ref, n := "/api/v1/logs?sortOrder=ASCENDING&limit=1", 0
	for range 6 { // by pages of one
		res, page, _ := c.get(ref)
		n += len(page)
		ref = nextOf(res)
	}
	if n != 4 {
		t.Errorf("%d events by pages of one", n)
	}
	if _, page, _ := c.get("/api/v1/logs?since=" + noon.Format(time.RFC3339) + "&filter=" + url.QueryEscape(`eventType eq "user.lifecycle.suspend"`)); len(page) != 1 ||
		page[0]["target"].([]any)[0].(map[string]any)["id"] != "a" || page[0]["actor"].(map[string]any)["type"] != "User" {
		t.Errorf("%v", page)
	}
}

func nextOf(res *http.Response) string {
	for _, l := range res.Header.Values("Link") {
		if before, _, ok := strings.Cut(l, `>; rel="next"`); ok {
			return strings.TrimPrefix(before, "<")
		}
	}
	return ""
}

// What the organisation says afterwards counts.
func TestOrganisationGoesOn(t *testing.T) {
	o := smallOrg()
	status := "ACTIVE"
	o.Users = List[User]{Len: func() int { return 1 }, At: func(int) User { return User{ID: "a", Status: status, Profile: map[string]any{}} }}
	c := serve(t, Config{Org: o})
	c.must(200, "POST", "/api/v1/users/a/lifecycle/suspend", "")
	status = "DEPROVISIONED"
	if _, body := c.do("GET", "/api/v1/users/a", ""); !strings.Contains(body, `"DEPROVISIONED"`) {
		t.Error(body)
	}
	status = "ACTIVE"
	c.server.Undo()
	if _, body := c.do("GET", "/api/v1/users/a", ""); !strings.Contains(body, `"ACTIVE"`) {
		t.Error(body)
	}
}
