package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Each action that is carried out once more by the same plan, as after a lost answer, ends as done, not as refused.
func TestActAgain(t *testing.T) {
	w := start(t, newOrg(), actors)
	s := w.session(t, appSecrets())
	for _, c := range w.cases(t) {
		i := intentOf(&c)
		p, o := mustAct(t, s, i)
		if o.GetState() != sdk.Done {
			t.Errorf("%s: %v", c.Action, o)
		}
		o, err := connector{}.Act(t.Context(), s, i, p, nil, nil)
		if err != nil || o.GetState() != sdk.Done {
			t.Errorf("%s again: %v, %v", c.Action, o, err)
		}
		w.server.Undo()
	}
}

// What has no undo is not done again in its place.
func TestNoUndo(t *testing.T) {
	w := start(t, newOrg(), actors)
	s := w.session(t, appSecrets())
	for _, c := range w.cases(t) {
		if specOf(c.Action).Undo != sdk.UndoNone {
			continue
		}
		i := intentOf(&c)
		p, _ := mustAct(t, s, i)
		w.server.Undo()
		before := c.State()
		i.Undo = &wire.Undo{Plan: p}
		if _, err := (connector{}).Prepare(t.Context(), s, i); sdk.TypeOf(err) != sdk.ErrUnsupported {
			t.Errorf("%s: prepared to undo: %v", c.Action, err)
		}
		if _, err := (connector{}).Act(t.Context(), s, i, p, nil, nil); sdk.TypeOf(err) != sdk.ErrUnsupported || fmt.Sprint(c.State()) != fmt.Sprint(before) {
			t.Errorf("%s: undone: %v", c.Action, err)
		}
	}
}

// Once the first of several steps was done, a refusal of a later one does not say that nothing was.
func TestHalfDone(t *testing.T) {
	for name, c := range map[string]struct {
		action, method, match string
		undo                  bool
		after                 int
	}{
		"the second app's tokens": {"revoke_tokens", "DELETE", "/api/v1/users/*/clients/*/tokens", false, 1},
		"a look behind":           {"deactivate", "GET", "/api/v1/users/*", false, 0},
		"an app's assignment":     {"deactivate", "POST", "/api/v1/apps/*/users", true, 0},
	} {
		o := newOrg()
		o.AppTokens = tokensOfTwo(3)
		w := start(t, o, actors)
		s := w.session(t, appSecrets())
		i := intent(c.action, userID(9))
		if c.undo {
			p, _ := mustAct(t, s, i)
			i.Undo = &wire.Undo{Plan: p}
		}
		p, err := connector{}.Prepare(t.Context(), s, i)
		if err != nil {
			t.Fatal(err)
		}
		w.server.Fault(fake.Fault{Method: c.method, Match: c.match, After: c.after, Do: fake.FaultStatus, Status: http.StatusForbidden, Body: "no"})
		act, err := connector{}.Act(t.Context(), s, i, p, nil, nil)
		if err != nil || act.GetState() != sdk.Unsure || act.GetError().GetType() != string(sdk.ErrPermission) {
			t.Errorf("%s: %v, %v", name, act, err)
		}
		w.server.ClearFaults()
		if act, err = (connector{}).Act(t.Context(), s, i, p, nil, nil); err != nil || act.GetState() != sdk.Done {
			t.Errorf("%s, once more: %v, %v", name, act, err)
		}
	}
}

// tokensOfTwo: both apps have so many tokens of one person, and one that is revoked.
func tokensOfTwo(n int) func(string) oktatest.List[oktatest.RefreshToken] {
	return func(app string) oktatest.List[oktatest.RefreshToken] {
		if app == appID(linkApp) {
			return oktatest.List[oktatest.RefreshToken]{}
		}
		return oktatest.List[oktatest.RefreshToken]{Len: func() int { return n }, At: func(i int) oktatest.RefreshToken {
			return oktatest.RefreshToken{
				ID: fmt.Sprintf("oar-%s-%d", app, i), ClientID: app, UserID: userID(9), Revoked: i == 0, Created: born, Updated: born, Expires: born.AddDate(9, 0, 0),
			}
		}}
	}
}

// Tokens of one app are all its tokens, on however many pages, and no others.
func TestTokensOfOneApp(t *testing.T) {
	const each = 250
	o := newOrg()
	o.AppTokens = tokensOfTwo(each + 1)
	w := start(t, o, actors)
	s := w.session(t, appSecrets())
	p, _ := mustAct(t, s, intent("revoke_tokens", userID(9), argClient, appID(oidcApp)))
	if n := strings.Count(string(p.GetSnapshot()), "oar-"); n != each {
		t.Errorf("%d tokens in the plan, want %d", n, each)
	}
	left := must(t, walk(t, w.session(t, sswsSecrets()), shardOf(&sdk.Shard{Listing: "app_tokens", Key: appID(samlApp)}))).ids(sdk.KindGrant)
	if gone := must(t, walk(t, w.session(t, sswsSecrets()), shardOf(&sdk.Shard{Listing: "app_tokens", Key: appID(oidcApp)}))).ids(sdk.KindGrant); len(gone) != 1 || len(left) != each+1 {
		t.Errorf("%d and %d tokens are left, want one that was revoked before, and %d", len(gone), len(left), each+1)
	}
	p, err := connector{}.Prepare(t.Context(), s, intent("revoke", sdk.ID("refresh_token", appID(samlApp), "oar-"+appID(samlApp)+"-0")))
	if err != nil || !p.GetAlready() {
		t.Errorf("a token that was revoked: %v, %v", p, err)
	}
}

// Passwords that are not Okta's cannot be expired or unlocked there.
func TestPasswordsElsewhere(t *testing.T) {
	for provider, c := range map[string]struct{ action, status, says string }{
		"FEDERATION": {"expire_password", active, "signs in elsewhere"}, "SOCIAL": {"expire_password", active, "signs in elsewhere"},
		"ACTIVE_DIRECTORY": {"unlock", lockedOut, "unlock it there"}, "LDAP": {"unlock", lockedOut, "unlock it there"},
	} {
		o := newOrg()
		u := someone(9)
		u.Provider, u.Status = provider, c.status
		o.Users = oktatest.ListOf(u)
		w := start(t, o, actors)
		if _, err := (connector{}).Prepare(t.Context(), w.session(t, appSecrets()), intent(c.action, u.ID)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s of %s: %v", c.action, provider, err)
		}
	}
}

// Arguments mean what they say.
func TestArguments(t *testing.T) {
	w := start(t, newOrg(), actors)
	s := w.session(t, appSecrets())
	for _, c := range []struct {
		args    []string
		want    oktatest.Sessions
		effects int
		tokens  bool
	}{
		{nil, oktatest.Sessions{}, 2, true},
		{[]string{argDevices, "false"}, oktatest.Sessions{Remembered: true}, 1, true},
		{[]string{argTokens, "true"}, oktatest.Sessions{}, 3, false},
		{[]string{argTokens, "yes"}, oktatest.Sessions{Open: true, Remembered: true}, -1, true},
	} {
		i := intent("clear_sessions", withTokens, c.args...)
		if c.effects < 0 {
			if _, err := (connector{}).Prepare(t.Context(), s, i); sdk.TypeOf(err) != sdk.ErrInvalid {
				t.Errorf("%v: %v", c.args, err)
			}
		} else if p, _ := mustAct(t, s, i); len(p.GetEffects()) != c.effects {
			t.Errorf("%v: effects %q", c.args, p.GetEffects())
		}
		if v := w.see(t, withTokens); v.Sessions != c.want || len(v.Tokens) > 0 != c.tokens {
			t.Errorf("%v: %+v, tokens %v", c.args, v.Sessions, v.Tokens)
		}
		w.server.Undo()
	}
	if p, err := (connector{}).Prepare(t.Context(), s, intent("clear_sessions", whoIs(deactivated))); err != nil || !p.GetAlready() {
		t.Errorf("nobody can be signed in: %v, %v", p, err)
	}
}

// The description says of each action what one has to know, and each has its needs.
func TestDeedsAreDescribed(t *testing.T) {
	for _, d := range deeds() {
		if d.Doc == "" || len(d.scopes) == 0 || len(d.roles) == 0 || d.Undo == sdk.UndoPartial && d.Loses == "" {
			t.Errorf("%s: %+v", d.Name, d)
		}
		for _, role := range slices.Concat(d.roles...) {
			if !slices.ContainsFunc(standard, func(r struct {
				kind, label string
				looksOnly   bool
			}) bool {
				return r.label == role && !r.looksOnly
			}) {
				t.Errorf("%s: there is no role %q that changes anything", d.Name, role)
			}
		}
	}
}
