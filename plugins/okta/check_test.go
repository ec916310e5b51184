package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
	"github.com/mooring-hq/mooring/sdk"
)

func check(t *testing.T, s *sdk.Session) *sdk.Status {
	t.Helper()
	st, err := connector{}.Check(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func capabilities(st *sdk.Status) map[string]sdk.Capability {
	m := map[string]sdk.Capability{}
	for _, c := range st.Capabilities {
		m[c.Name] = c
	}
	return m
}

func TestCheck(t *testing.T) {
	w := start(t, newOrg(), nil)
	for name, s := range map[string]*sdk.Session{
		"service app " + clientID: w.session(t, appSecrets()), "user000@acme.example": w.session(t, sswsSecrets()),
	} {
		st := check(t, s)
		if st.TenantID != "00o1acme000000000000" || st.TenantName != "Acme" || st.Subject != name {
			t.Errorf("%s: %+v", name, st)
		}
		for _, src := range sources() {
			if c := capabilities(st)["list:"+src.spec.Name]; c.State != sdk.Held || c.Fingerprint == "" {
				t.Errorf("%s: %s is %s: %s", name, c.Name, c.State, c.Reason)
			}
		}
		if len(st.Owners) != len(buckets()) || st.Owners[0].Owner != st.TenantID {
			t.Errorf("owners %v", st.Owners)
		}
	}
	if st := check(t, w.session(t, sswsSecrets())); !slices.Equal(st.Domains, []string{"acme.example"}) {
		t.Errorf("domains %v", st.Domains)
	}
}

// needs says which listings want a scope.
func needs(scope string) (names []string) {
	for _, src := range sources() {
		if slices.Contains(src.spec.Permissions, scope) {
			names = append(names, src.spec.Name)
		}
	}
	return names
}

// Every scope in turn is taken away: check names it where it is missing, and everything else goes on.
func TestEachScopeMissing(t *testing.T) {
	for _, scope := range readScopes {
		t.Run(scope, func(t *testing.T) {
			w := start(t, fewAtWork(), func(c *oktatest.Config) {
				c.Apps[0].Scopes = slices.DeleteFunc(slices.Clone(readScopes), func(s string) bool { return s == scope })
			})
			s := w.session(t, appSecrets())
			st := check(t, s)
			if st.TenantID == "" {
				t.Error("no tenant")
			}
			for _, src := range sources() {
				c := capabilities(st)["list:"+src.spec.Name]
				lacks := slices.Contains(needs(scope), src.spec.Name)
				switch {
				case lacks && slices.Equal(c.Missing, []string{scope}) && c.State == sdk.Missing && c.Reason != "":
				case !lacks && c.State == sdk.Held:
				case !lacks && c.State == sdk.Unknown && strings.Contains(src.probe, "{"): // its parent cannot be asked
				default:
					t.Errorf("%s is %s, missing %v: %s", c.Name, c.State, c.Missing, c.Reason)
				}
				if src.spec.Parent != "" {
					continue
				}
				switch r := walk(t, s, full(src.spec.Name)); {
				case lacks && (sdk.TypeOf(r.err) != sdk.ErrPermission || !strings.Contains(r.err.Error(), scope)):
					t.Errorf("%s: %v, want an error that names %s", src.spec.Name, r.err, scope)
				case !lacks && r.cert == nil:
					t.Errorf("%s does not go on without %s: %v", src.spec.Name, scope, r.err)
				}
			}
		})
	}
}

func TestCheckNamesTheRole(t *testing.T) {
	w := start(t, newOrg(), func(c *oktatest.Config) { c.Apps[0].NoRole = true })
	st := check(t, w.session(t, appSecrets()))
	for name, role := range map[string]string{"list:users": "role Read-only Administrator", "list:api_tokens": "role Super Administrator"} {
		if c := capabilities(st)[name]; c.State != sdk.Missing || !slices.Equal(c.Missing, []string{role}) {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

func TestNothingAskedForCanWrite(t *testing.T) {
	for _, scope := range readScopes {
		if !strings.HasSuffix(scope, ".read") {
			t.Errorf("%s is asked for by default", scope)
		}
	}
	d, err := connector{}.Describe().Wire("mooring-connector-okta", "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range d.GetListings() {
		for _, p := range l.GetPermissions() {
			if !slices.Contains(readScopes, p) {
				t.Errorf("%s needs %s, which is not asked for", l.GetName(), p)
			}
		}
		if l.GetDoc() == "" || len(l.GetPermissions()) == 0 || len(l.GetFields()) == 0 {
			t.Errorf("listing %s is not described", l.GetName())
		}
	}
}

func TestCheckOfRealtimeAndExtras(t *testing.T) {
	w := start(t, newOrg(), func(c *oktatest.Config) {
		c.Apps[0].Scopes = append(c.Apps[0].Scopes, hookScope, "okta.users.manage")
	})
	secrets := appSecrets()
	s := w.session(t, secrets)
	if c := capabilities(check(t, s)); c["realtime:webhook"].State != sdk.SwitchedOff || c["realtime:log"].State != sdk.Held {
		t.Errorf("%+v", c)
	}
	s.Settings["scopes"] = strings.Join(append(slices.Clone(readScopes), hookScope, "okta.users.manage"), " ")
	secrets[secretField] = hookSecret
	c := capabilities(check(t, s))
	if c["realtime:webhook"].State != sdk.Held || c["extra:okta.users.manage"].State != sdk.Unneeded || c["extra:"+hookScope].Name != "" {
		t.Errorf("%+v", c)
	}
}
