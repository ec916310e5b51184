package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/sdktest"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// whoIs gives somebody of a status.
func whoIs(status string) string {
	if status == deactivated {
		return userID(userCount - 1)
	}
	return userID(slices.Index(allStatuses, status))
}

// seen is all that the fake shows of an account, which an action may touch.
type seen struct {
	Status, Becoming string
	Groups           []string
	Apps             []assigned
	Factors          []string
	Grants, Tokens   []string
	Sessions         oktatest.Sessions
}

type assigned struct{ App, Scope, Status, As, Profile string }

// see reads it as an administrator would.
func (w *world) see(t *testing.T, id string) seen {
	t.Helper()
	v := seen{Sessions: w.server.Sessions(id)}
	var u struct {
		Status   string
		Becoming string `json:"transitioningToStatus"`
	}
	at := "/api/v1/users/" + id
	w.read(t, at, &u)
	v.Status, v.Becoming = u.Status, u.Becoming
	type named struct {
		ID, FactorType string
		Client         string `json:"client_id"`
		Embedded       struct {
			User struct {
				Scope, Status string
				Profile       json.RawMessage
				Credentials   struct{ UserName string }
			}
		} `json:"_embedded"`
	}
	list := func(ref string) (l []named) {
		w.read(t, ref, &l)
		return l
	}
	for _, g := range list(at + "/groups") {
		v.Groups = append(v.Groups, g.ID)
	}
	for _, a := range list(query("/api/v1/apps", "filter", `user.id eq "`+id+`"`, "expand", "user/"+id)) {
		u := a.Embedded.User
		v.Apps = append(v.Apps, assigned{a.ID, u.Scope, u.Status, u.Credentials.UserName, string(u.Profile)})
	}
	for _, f := range list(at + "/factors") {
		v.Factors = append(v.Factors, f.FactorType)
	}
	for _, g := range list(at + "/grants") {
		v.Grants = append(v.Grants, g.ID)
	}
	for _, c := range list(at + "/clients") {
		for _, token := range list(at + "/clients/" + c.Client + "/tokens") {
			v.Tokens = append(v.Tokens, token.ID)
		}
	}
	return v
}

// read asks the fake itself, past the connector.
func (w *world) read(t *testing.T, ref string, out any) {
	t.Helper()
	if w.looks == nil {
		w.looks = w.session(t, sswsSecrets())
	}
	if _, err := get(t.Context(), w.looks, ref, out); err != nil {
		t.Fatal(err)
	}
}

// accountCase is an action on an account.
func (w *world) accountCase(t *testing.T, action, id string) sdktest.ActionCase {
	t.Helper()
	return sdktest.ActionCase{Action: action, Target: id, State: func() any { return w.see(t, id) }}
}

// actors are apps that may act.
func actors(c *oktatest.Config) {
	c.Apps[0].Scopes = append(c.Apps[0].Scopes, manageUsers, manageGroups, manageApps)
}

func (w *world) cases(t *testing.T) []sdktest.ActionCase {
	t.Helper()
	list := []sdktest.ActionCase{
		w.accountCase(t, "suspend", userID(9)),
		w.accountCase(t, "unsuspend", whoIs(suspended)),
		w.accountCase(t, "unlock", whoIs(lockedOut)),
		w.accountCase(t, "expire_password", userID(9)),
		w.accountCase(t, "clear_sessions", withTokens),
		w.accountCase(t, "clear_sessions", withTokens),
		w.accountCase(t, "reset_factors", userID(0)),
		w.accountCase(t, "reset_factors", userID(3)),
		w.accountCase(t, "revoke_tokens", withTokens),
		w.accountCase(t, "revoke_tokens", withTokens),
		w.accountCase(t, "revoke", withTokens),
		w.accountCase(t, "revoke", withTokens),
		w.accountCase(t, "deactivate", userID(9)),
		w.accountCase(t, "deactivate", userID(0)),
		w.accountCase(t, "remove_from_group", userID(1)),
		w.accountCase(t, "remove_from_app", userID(9)),
	}
	named := func(n int, name, target string, args map[string]string) {
		c := &list[n]
		c.Name, c.Args = c.Action+" "+name, args
		if target != "" {
			c.Target = target
		}
	}
	named(5, "with tokens, but not devices", "", map[string]string{argTokens: "true", argDevices: "false"})
	named(7, "with the mailbox", "", nil)
	named(9, "of one app", "", map[string]string{argClient: appID(oidcApp)})
	named(10, "consent", sdk.ID("consent", withTokens, "oag9"), nil)
	named(11, "refresh token", sdk.ID("refresh_token", appID(oidcApp), "oar1"), nil)
	list[12].Name, list[12].Lost, list[12].Reset = "deactivate with an app", comesBack, w.server.Undo
	list[13].Name, list[13].Lost, list[13].Reset = "deactivate with factors", comesBack, w.server.Undo
	list[14].Target = sdk.ID("group", groupID(operators), userID(1))
	list[15].Target = sdk.ID("app", appID(samlApp), "user", userID(9))
	for i := range list {
		if spec := specOf(list[i].Action); spec.Undo == sdk.UndoNone {
			list[i].Reset = w.server.Undo
		}
	}
	return list
}

// comesBack is what undo brings back of an account that was deactivated.
func comesBack(before any) any {
	v, _ := before.(seen)
	v.Status, v.Factors, v.Sessions = "PROVISIONED", nil, oktatest.Sessions{}
	return v
}

// withTokens is a person whom an app has tokens and a consent of.
var withTokens = userID(5)

func specOf(action string) sdk.Action {
	for _, d := range deeds() {
		if d.Name == action {
			return d.Action
		}
	}
	return sdk.Action{}
}

func TestActions(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes under the race detector; `make test` runs it")
	}
	w := start(t, newOrg(), actors)
	sdktest.Actions(t, sdktest.Options{
		Connector: connector{}, ProviderAt: w.http.URL, Secrets: appSecrets(), Settings: map[string]string{"key_id": keyID},
	}, w.cases(t)...)
}

func TestActionsWithToken(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes under the race detector; `make test` runs it")
	}
	w := start(t, newOrg(), nil)
	sdktest.Actions(t, sdktest.Options{Connector: connector{}, ProviderAt: w.http.URL, Secrets: sswsSecrets()}, w.cases(t)...)
}

// refusals are what Prepare says, by case: action, target, words.
func TestActionsRefused(t *testing.T) {
	w := start(t, newOrg(), actors)
	s := w.session(t, appSecrets())
	for _, c := range []struct{ action, target, says string }{
		{"suspend", "..", "no id"}, {"deactivate", "00u1/../00u2", "no id"}, {"clear_sessions", "00u1?x", "no id"},
		{"revoke", sdk.ID("consent", userID(5), ".."), "no id"}, {"revoke", sdk.ID("refresh_token", "..", "x"), "no id"},
		{"remove_from_group", sdk.ID("group", "..", userID(5)), "no id"}, {"remove_from_app", sdk.ID("app", appID(0), "user", "."), "no id"},
		{"suspend", whoIs("STAGED"), "status ACTIVE; this one has STAGED"},
		{"suspend", whoIs(lockedOut), "unlock it first"},
		{"suspend", whoIs(deactivated), "it is deactivated"},
		{"unsuspend", whoIs(expired), "status SUSPENDED; this one has PASSWORD_EXPIRED"},
		{"suspend", "user009@acme.example", "no id of Okta"},
		{"suspend", userID(9999), "not found"},
		{"unlock", userID(9), ""}, // it is not locked
		{"unlock", whoIs(suspended), "status LOCKED_OUT; this one has SUSPENDED"},
		{"expire_password", whoIs("RECOVERY"), "status ACTIVE; this one has RECOVERY"},
		{"revoke", sdk.ID("api_token", "00T1"), "only a user's consents"},
		{"revoke", "consent/00u", "only a user's consents"},
		{"clear_sessions", userID(9999), "not found"},
		{"revoke_tokens", "me", "not found"},
		{"remove_from_group", sdk.ID("group", groupID(five), userID(2)), `the rule "sales" fills group "Five"`},
		{"remove_from_group", sdk.ID("group", groupID(everyone), userID(9)), "everybody is in"},
		{"remove_from_group", sdk.ID("group", groupID(operators), userID(9)), ""},
		{"remove_from_group", sdk.ID("role", "super_admin", userID(9)), "not the membership of an account"},
		{"remove_from_group", sdk.ID("app", appID(samlApp), "user", userID(9)), "not the membership of an account"},
		{"remove_from_app", sdk.ID("app", appID(samlApp), "user", userID(2)), "through a group"},
		{"remove_from_app", sdk.ID("app", appID(samlApp), "group", groupID(five)), "not the membership of an account"},
		{"remove_from_app", sdk.ID("app", appID(oidcApp), "user", userID(2)), ""},
		{"deactivate", whoIs(deactivated), ""},
	} {
		i := intent(c.action, c.target)
		p, err := connector{}.Prepare(t.Context(), s, i)
		if c.says == "" {
			if err != nil || !p.GetAlready() {
				t.Errorf("%s %s: %v, %v; it is already so", c.action, c.target, p, err)
			}
			continue
		}
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), strings.ToLower(c.says)) {
			t.Errorf("%s %s: %v, want %q", c.action, c.target, err, c.says)
		}
	}
}

func intent(action, target string, args ...string) *sdk.Intent {
	i := &sdk.Intent{Id: "1", Action: action, Target: sdk.To(specOf(action).On, target)}
	for n := 0; n+1 < len(args); n += 2 {
		i.Args = append(i.Args, &wire.Value{Name: args[n], Value: args[n+1]})
	}
	return i
}

func intentOf(c *sdktest.ActionCase) *sdk.Intent {
	i := intent(c.Action, c.Target)
	for _, name := range slices.Sorted(maps.Keys(c.Args)) {
		i.Args = append(i.Args, &wire.Value{Name: name, Value: c.Args[name]})
	}
	return i
}

// With a credential that only reads, every action is refused by the scope it lacks, and nothing is changed.
func TestReadersDoNotAct(t *testing.T) {
	w := start(t, newOrg(), nil)
	reads, acts := w.session(t, appSecrets()), w.session(t, sswsSecrets())
	for _, c := range w.cases(t) {
		before := c.State()
		i := intentOf(&c)
		p, err := connector{}.Prepare(t.Context(), acts, i)
		if err != nil {
			t.Fatalf("%s: %v", c.Action, err)
		}
		o, err := connector{}.Act(t.Context(), reads, i, p, nil, func([]byte) error { return nil })
		if err != nil {
			o = sdk.OutcomeOf(err, false)
		}
		if o.GetState() != sdk.Refused || !strings.HasSuffix(o.GetError().GetPermission(), ".manage") {
			t.Errorf("%s: %v", c.Action, o)
		}
		if diff := cmp.Diff(before, c.State()); diff != "" {
			t.Errorf("%s changed %s", c.Action, diff)
		}
	}
}

// mustAct prepares and carries out.
func mustAct(t *testing.T, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, *sdk.Outcome) {
	t.Helper()
	p, err := connector{}.Prepare(t.Context(), s, i)
	if err != nil {
		t.Fatal(err)
	}
	o, err := connector{}.Act(t.Context(), s, i, p, nil, func([]byte) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return p, o
}
