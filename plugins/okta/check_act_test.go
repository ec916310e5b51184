package main

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
	"github.com/mooring-hq/mooring/sdk"
)

// asActor makes a session that of a process which was started to act.
func asActor(s *sdk.Session) *sdk.Session {
	s.Acting = true
	return s
}

// Each scope that acting needs is taken away in turn: check names it where it is missing, and only there.
func TestEachActScopeMissing(t *testing.T) {
	all := append(slices.Clone(readScopes), manageUsers, manageGroups, manageApps)
	for _, scope := range append(actScopes(), "") {
		w := start(t, newOrg(), func(c *oktatest.Config) {
			c.Apps[0].Scopes = slices.DeleteFunc(slices.Clone(all), func(s string) bool { return s == scope })
		})
		held := capabilities(check(t, asActor(w.session(t, appSecrets()))))
		for _, d := range deeds() {
			c := held["act:"+d.Name]
			if slices.Contains(d.scopes, scope) {
				if c.State != sdk.Missing || !slices.Equal(c.Missing, []string{scope}) || c.Reason == "" {
					t.Errorf("without %s, %s is %s, missing %v: %s", scope, c.Name, c.State, c.Missing, c.Reason)
				}
			} else if c.State != sdk.Held {
				t.Errorf("without %q, %s is %s, missing %v: %s", scope, c.Name, c.State, c.Missing, c.Reason)
			}
		}
	}
}

// What check says by the roles is what Okta then allows.
func TestActRoles(t *testing.T) {
	users := "suspend unsuspend unlock expire_password clear_sessions reset_factors revoke_tokens "
	for roles, may := range map[string]string{
		"SUPER_ADMIN": users + "deactivate revoke remove_from_group remove_from_app",
		"ORG_ADMIN":   users + "remove_from_group", "USER_ADMIN": users + "remove_from_group", "APP_ADMIN": "remove_from_app",
		"USER_ADMIN APP_ADMIN": users + "deactivate revoke remove_from_group remove_from_app",
		"HELP_DESK_ADMIN":      "unlock expire_password clear_sessions reset_factors", "GROUP_MEMBERSHIP_ADMIN": "remove_from_group",
		"READ_ONLY_ADMIN": "", "REPORT_ADMIN": "", "CUSTOM": "if",
	} {
		w := start(t, newOrg(), func(c *oktatest.Config) {
			actors(c)
			c.Apps[0].Roles = strings.Fields(roles)
		})
		s := asActor(w.session(t, appSecrets()))
		held := capabilities(check(t, s))
		acts := map[string]bool{}
		for _, c := range w.cases(t) {
			if done := w.tries(t, s, intentOf(&c)); done || acts[c.Action] {
				acts[c.Action] = true
			}
		}
		for _, d := range deeds() {
			c := held["act:"+d.Name]
			switch {
			case may == "if" && c.State == sdk.Held && strings.HasPrefix(c.Reason, "if its own role"):
			case slices.Contains(strings.Fields(may), d.Name) && c.State == sdk.Held && c.Reason == "" && acts[d.Name]:
			case may != "if" && c.State == sdk.Missing && strings.HasPrefix(c.Missing[0], "role ") && c.Reason != "":
			default:
				t.Errorf("%s: %s is %s, missing %q: %s; done: %v", roles, c.Name, c.State, c.Missing, c.Reason, acts[d.Name])
			}
			if c.State == sdk.Missing && acts[d.Name] && d.Name != "revoke" && d.Name != "deactivate" { // of these a part may be allowed
				t.Errorf("%s: %s is missing %q, but Okta allows it", roles, c.Name, c.Missing)
			}
		}
	}
}

// tries carries an action out, says whether it was done, and takes it back.
func (w *world) tries(t *testing.T, s *sdk.Session, i *sdk.Intent) bool {
	t.Helper()
	defer w.server.Undo()
	p, err := connector{}.Prepare(t.Context(), s, i)
	if err != nil {
		t.Errorf("%s: %v", i.GetAction(), err)
		return false
	}
	o, err := connector{}.Act(t.Context(), s, i, p, nil, nil)
	if err != nil && !strings.Contains(err.Error(), "needs permission role ") {
		t.Errorf("%s: %v", i.GetAction(), err)
	}
	return err == nil && o.GetState() == sdk.Done
}

// An API token may do what its person may, where that can be seen.
func TestActWithToken(t *testing.T) {
	for user, want := range map[string]sdk.CapabilityState{userID(0): sdk.Held, userID(3): sdk.Held, userID(4): sdk.Missing, userID(9): sdk.Missing} {
		w := start(t, newOrg(), func(c *oktatest.Config) { c.Tokens[0].UserID = user })
		for name, c := range capabilities(check(t, asActor(w.session(t, sswsSecrets())))) {
			if strings.HasPrefix(name, "act:") && c.State != want {
				t.Errorf("%s: %s is %s: %s", user, name, c.State, c.Reason)
			}
		}
	}
	w := start(t, newOrg(), func(c *oktatest.Config) { c.Tokens[0].Scopes = []string{"okta.groups.read"} })
	if c := capabilities(check(t, asActor(w.session(t, sswsSecrets()))))["act:suspend"]; c.State != sdk.Unknown || c.Reason == "" {
		t.Errorf("%+v", c)
	}
}

// An app that may see its own grants is not tried with scopes that it does not have: Okta would log each as a failure. And
// to read, nothing is ever asked for that can write.
func TestReadersAskForNothingThatWrites(t *testing.T) {
	o := newOrg()
	apps, grants := o.Apps, o.AppGrants
	o.Apps = oktatest.ListOf(oktatest.App{ID: clientID, ClientID: clientID, SignOnMode: oidc, Label: "Mooring", Created: born, Updated: born}, apps.At(oidcApp))
	o.AppGrants = func(id string) []oktatest.Grant {
		if id != clientID {
			return grants(id)
		}
		var list []oktatest.Grant
		for _, s := range readScopes {
			list = append(list, oktatest.Grant{ID: "oag" + s, Scope: s, ClientID: id, Created: born, Updated: born})
		}
		return append(list, oktatest.Grant{ID: "oagx", Scope: manageUsers, ClientID: id, Revoked: true, Created: born, Updated: born})
	}
	var asked []string
	w := start(t, o, func(c *oktatest.Config) {
		actors(c)
		record := c.Record
		c.Record = func(r *http.Request, status int, h http.Header, body []byte) {
			if strings.HasSuffix(r.URL.Path, tokenPath) {
				raw, _ := io.ReadAll(r.Body)
				asked = append(asked, string(raw))
				return
			}
			record(r, status, h, body)
		}
	})
	s := w.session(t, appSecrets())
	for name := range capabilities(check(t, s)) {
		if strings.HasPrefix(name, "act:") {
			t.Errorf("to read, check tells of %s", name)
		}
	}
	if c := capabilities(check(t, asActor(w.session(t, appSecrets()))))["act:suspend"]; c.State != sdk.Missing || !slices.Equal(c.Missing, []string{manageUsers}) {
		t.Errorf("%+v", c)
	}
	must(t, walk(t, s, full("users")))
	if len(asked) == 0 || strings.Contains(strings.Join(asked, " "), ".manage") {
		t.Errorf("%d tokens were asked for: %s", len(asked), asked)
	}
	if _, err := (connector{}).Prepare(t.Context(), s, intent("suspend", userID(9))); err != nil || !strings.Contains(asked[len(asked)-1], manageUsers) {
		t.Errorf("to act: %v, %s", err, asked[len(asked)-1])
	}
}
