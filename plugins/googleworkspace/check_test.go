package main

import (
	"slices"
	"strings"
	"testing"

	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/sdktest/fake"
)

func check(t *testing.T, w *world, s *sdk.Session) map[string]sdk.Capability {
	t.Helper()
	st, err := w.connector().Check(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if st.TenantID != customer {
		t.Errorf("tenant %q", st.TenantID)
	}
	states := map[string]sdk.Capability{}
	for _, c := range st.Capabilities {
		states[c.Name] = c
	}
	return states
}

func TestCheck(t *testing.T) {
	w := start(t, newWorld(), acting)
	s := w.session(t)
	for name := range check(t, w, s) {
		if strings.HasPrefix(name, "act:") {
			t.Errorf("to read, check tells of %s", name)
		}
	}
	s.Acting = true
	st, err := w.connector().Check(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if st.TenantName != company || strings.Join(st.Domains, " ") != "acme.example acme.test" || !strings.Contains(st.Subject, adminEmail) {
		t.Errorf("status: %v", st)
	}
	for _, c := range st.Capabilities {
		if c.State != sdk.Held || c.Fingerprint == "" && strings.HasPrefix(c.Name, "list:") {
			t.Errorf("%s is %s: %s", c.Name, c.State, c.Reason)
		}
	}
}

// TestScopes: each scope is taken away in turn. Check names it where it is needed, and only there, and all the rest works.
func TestScopes(t *testing.T) {
	for _, without := range allScopes() {
		t.Run(string(without), func(t *testing.T) {
			w := start(t, newWorld(), nil)
			w.grantAllBut(without)
			c, s := w.connector(), w.session(t)
			states := check(t, w, s)
			for _, src := range sources() {
				got := states["list:"+src.spec.Name]
				needed := slices.Contains(src.spec.Permissions, without.url())
				if needed != (got.State == sdk.Missing) || needed && !slices.Contains(got.Missing, without.url()) {
					t.Errorf("%s is %s, missing %v", got.Name, got.State, got.Missing)
				}
				if src.spec.Parent != "" || src.spec.OffByDefault && src.spec.Type == sdk.Feed {
					continue
				}
				request := full(src.spec.Name)
				if src.spec.Type == sdk.Feed {
					request = window(src.spec.Name, worldNow.AddDate(0, 0, -2), worldNow)
				}
				r := walk(t, c, s, request)
				if needed && (sdk.TypeOf(r.err) != sdk.ErrPermission || !strings.Contains(r.err.Error(), without.url())) {
					t.Errorf("%s without the scope: %v", src.spec.Name, r.err)
				}
				if !needed && r.err != nil {
					t.Errorf("%s needs something else, but: %v", src.spec.Name, r.err)
				}
			}
		})
	}
}

// TestDefaultScopesOnlyRead: none of what runs unasked needs a scope that can change something.
func TestDefaultScopesOnlyRead(t *testing.T) {
	for _, src := range sources() {
		for _, p := range src.spec.Permissions {
			if !src.spec.OffByDefault && !strings.HasSuffix(p, ".readonly") {
				t.Errorf("%s runs by default and needs %s", src.spec.Name, p)
			}
		}
	}
}

// TestWrongCredentials: each is told apart, with what to do.
func TestWrongCredentials(t *testing.T) {
	tests := []struct {
		name   string
		change func(*sdk.Session, *gw.Config)
		want   sdk.ErrorType
		says   string
	}{
		{"no key file", func(s *sdk.Session, _ *gw.Config) { s.Secret = func(string) string { return "{}" } }, sdk.ErrAuth, "key file"},
		{"unknown key", func(s *sdk.Session, _ *gw.Config) {
			s.Secret = func(string) string { return strings.Replace(keyFile(), "key-1", "key-2", 1) }
		}, sdk.ErrAuth, "key still valid"},
		{"suspended administrator", func(s *sdk.Session, _ *gw.Config) { s.Settings[adminSetting] = person(1).Email }, sdk.ErrAuth, "active administrator"},
		{"nobody", func(s *sdk.Session, _ *gw.Config) { s.Settings[adminSetting] = "" }, sdk.ErrInvalid, "admin is empty"},
		{"no administrator", func(s *sdk.Session, _ *gw.Config) { s.Settings[adminSetting] = person(9).Email }, sdk.ErrPermission, "nothing that is granted"},
	}
	for _, tt := range tests {
		w := start(t, newWorld(), nil)
		s := w.session(t)
		tt.change(s, nil)
		_, err := w.connector().Check(t.Context(), s)
		if sdk.TypeOf(err) != tt.want || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s: %v, want %s with %q", tt.name, err, tt.want, tt.says)
		}
	}
}

// TestPrivileges: an administrator who may not read something costs only that.
func TestPrivileges(t *testing.T) {
	w := start(t, newWorld(), nil)
	w.server.Fault(denied("/admin/directory/v1/customer/my_customer/roles"))
	states := check(t, w, w.session(t))
	if c := states["list:roles"]; c.State != sdk.Missing || len(c.Missing) == 0 || c.Reason == "" {
		t.Errorf("roles: %v", c)
	}
	if c := states["list:users"]; c.State != sdk.Held {
		t.Errorf("users: %v", c)
	}
}

func denied(path string) fake.Fault {
	return fake.Fault{Match: path, Do: fake.FaultStatus, Status: 403, Body: "Not Authorized to access this resource/api"}
}
