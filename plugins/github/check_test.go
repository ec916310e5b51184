package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/plugins/github/githubtest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/httpapi"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func check(t *testing.T, s *sdk.Session) *sdk.Status {
	t.Helper()
	st, err := connector{}.Check(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return st
}

func states(st *sdk.Status) map[string]string {
	m := map[string]string{}
	for _, c := range st.Capabilities {
		m[c.Name] = strings.ToLower(c.State.String())
	}
	return m
}

func TestCheckAsOwner(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(ownerToken, nil)
	s.Acting = true
	st := check(t, s)
	if st.TenantID != "77" || st.TenantName != orgName || st.Subject != "user000" || st.CredentialExpires.Before(time.Now()) {
		t.Errorf("status: %+v", st)
	}
	if diff := cmp.Diff([]string{"acme.example"}, st.Domains); diff != "" {
		t.Error(diff)
	}
	for name, state := range states(st) {
		want := "held"
		switch name {
		case "list:pats", "list:pat_requests", "act:revoke_pat", "act:suspend_installation": // only an App can
			want = "missing"
		case "list:saml_identities":
			want = "not_in_plan" // the organisation has no single sign-on
		case "realtime:webhook":
			want = "switched_off"
		}
		if state != want {
			t.Errorf("%s is %s, want %s", name, state, want)
		}
	}
	for _, o := range st.Owners {
		if o.Owner != "user 1000" {
			t.Errorf("owner of %s: %s", o.Bucket, o.Owner)
		}
	}
}

func TestCheckNamesWhatIsMissing(t *testing.T) {
	w := start(t, newOrg(), withMember)
	st := check(t, w.session("ghp_member", nil))
	got := states(st)
	for name, want := range map[string]string{
		"list:members": "held", "list:teams": "held", "list:audit_log": "missing", "list:hooks": "missing", "list:invitations": "missing",
		"list:repositories": "held", "list:files": "held", "list:deliveries": "unknown",
	} {
		if got[name] != want {
			t.Errorf("%s is %s, want %s", name, got[name], want)
		}
	}
	for _, c := range st.Capabilities {
		if c.State == sdk.Missing && (len(c.Missing) == 0 || c.Reason == "") {
			t.Errorf("%s does not say what is missing", c.Name)
		}
	}
}

// A token that may not see members is shown the public ones only: that is not the list of members.
func TestPublicMembersAreNotTheMembers(t *testing.T) {
	w := start(t, newOrg(), func(c *githubtest.Config) {
		c.Tokens = append(c.Tokens, githubtest.Token{Value: "ghp_stranger", User: someone(999), Scopes: []string{"repo"}})
	})
	if got := states(check(t, w.session("ghp_stranger", nil)))["list:members"]; got != "missing" {
		t.Errorf("list:members is %s for a stranger", got)
	}
}

func TestCheckPlanAndSwitches(t *testing.T) {
	o := newOrg()
	o.Plan, o.SecretScanning = githubtest.Team, false
	w := start(t, o, nil)
	s := w.session(ownerToken, map[string]string{"token": ownerToken, "webhook_secret": "x"})
	got := states(check(t, s))
	for name, want := range map[string]string{
		"list:audit_log": "not_in_plan", "list:scim": "not_in_plan", "list:credential_authorizations": "not_in_plan",
		"list:secret_alerts": "switched_off", "list:members": "held", "realtime:webhook": "held",
	} {
		if got[name] != want {
			t.Errorf("%s is %s, want %s", name, got[name], want)
		}
	}
}

func TestCheckUnneededAndFingerprints(t *testing.T) {
	w := start(t, newOrg(), func(c *githubtest.Config) {
		c.Tokens[0].Scopes = append(c.Tokens[0].Scopes, "delete_repo", "workflow")
		c.Apps[0].Permissions["contents"] = "write"
	})
	one, two := check(t, w.session(ownerToken, nil)), check(t, w.appSession(t))
	if got := states(one); got["extra:delete_repo"] != "unneeded" || got["extra:workflow"] != "unneeded" || got["extra:repo"] != "" {
		t.Errorf("scopes: %v", got)
	}
	if got := states(two); got["extra:contents:write"] != "unneeded" || got["extra:members:write"] != "" || got["extra:metadata:read"] != "" {
		t.Errorf("permissions: %v", got)
	}
	if two.Subject != "GitHub App mooring, installation 501" || two.Owners[0].Owner != "installation 501" {
		t.Errorf("app: %+v", two)
	}
	if states(two)["list:pats"] != "held" {
		t.Errorf("an App may list tokens: %v", states(two))
	}
	if one.Owners[0].Limit != 5000 {
		t.Errorf("limit of core: %d", one.Owners[0].Limit)
	}
	again := check(t, w.session(ownerToken, nil))
	if !slices.EqualFunc(one.Capabilities, again.Capabilities, func(a, b sdk.Capability) bool { return a.Fingerprint == b.Fingerprint }) {
		t.Error("the same credential must have the same fingerprints")
	}
	if one.Capabilities[0].Fingerprint == two.Capabilities[0].Fingerprint {
		t.Error("another credential must have other fingerprints")
	}
}

// What an App sees depends on the choice of repositories: taking one away must not look like a deletion.
func TestSelectedRepositoriesChangeTheFingerprint(t *testing.T) {
	prints := map[string]bool{}
	for _, repos := range [][]string{{"repo-0"}, {"repo-0", "repo-1"}, nil} {
		w := start(t, newOrg(), func(c *githubtest.Config) {
			i := &c.Apps[0].Installations[1]
			if repos != nil {
				i.RepositorySelection, i.Repositories = "selected", repos
			}
		})
		for _, c := range check(t, w.appSession(t)).Capabilities {
			if c.Name == "list:repositories" {
				prints[c.Fingerprint] = true
			}
		}
	}
	if len(prints) != 3 {
		t.Errorf("%d fingerprints of three choices", len(prints))
	}
}

func TestCheckRefused(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(ownerToken, nil)
	s.Settings["organization"] = "nobody"
	_, err := connector{}.Check(t.Context(), s)
	e, _ := err.(*sdk.Error) //nolint:errorlint // it must be one
	if sdk.TypeOf(err) != sdk.ErrNotFound || e == nil || e.Field != "organization" {
		t.Errorf("unknown organisation: %v", err)
	}
	if _, err = (connector{}).Check(t.Context(), w.session("ghp_wrong", nil)); sdk.TypeOf(err) != sdk.ErrAuth {
		t.Errorf("wrong token: %v", err)
	}
}

func TestDescription(t *testing.T) {
	d, err := connector{}.Describe().Wire("mooring-connector-github", "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range d.GetListings() {
		if l.GetDoc() == "" || len(l.GetPermissions()) == 0 || len(l.GetFields()) == 0 {
			t.Errorf("listing %s is not described", l.GetName())
		}
		if src := sourceOf(l.GetName()); src.probe == "" && src.try == nil || src.scan == nil {
			t.Errorf("listing %s cannot be read", l.GetName())
		}
	}
}

// The whole way: httpapi with the declared credentials, hosts and buckets.
func TestThroughTransport(t *testing.T) {
	w := start(t, newOrg(), nil)
	secrets := map[string]string{"app_id": "99", "private_key": w.pem(), "webhook_secret": "s"}
	s := w.session("", secrets)
	d := connector{}.Describe()
	local := &wire.Network{Private: []string{"127.0.0.1"}}
	transport, err := httpapi.New(httpapi.Config{Description: d, Session: s, UserAgent: "mooring", Network: local})
	if err != nil {
		t.Fatal(err)
	}
	defer transport.CloseIdleConnections()
	s.HTTP = httpapi.Client(transport)
	if r := must(t, walk(t, s, full("members"))); len(r.ids(sdk.KindAccount)) != userCount {
		t.Errorf("%d accounts", len(r.ids(sdk.KindAccount)))
	}
	if st := check(t, s); st.Subject != "GitHub App mooring, installation 501" {
		t.Errorf("subject %q", st.Subject)
	}
	delete(secrets, "app_id")
	transport2, err := httpapi.New(httpapi.Config{Description: d, Session: s, UserAgent: "mooring", Network: local})
	if err != nil {
		t.Fatal(err)
	}
	defer transport2.CloseIdleConnections()
	s.HTTP = &http.Client{Transport: transport2}
	if r := walk(t, s, full("members")); sdk.TypeOf(r.err) != sdk.ErrAuth || !strings.Contains(r.err.Error(), "app_id") {
		t.Errorf("only webhook_secret: %v", r.err)
	}
}

func TestPrivateKey(t *testing.T) {
	for name, text := range map[string]string{
		"empty": "", "no pem": "hello", "not a key": "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
	} {
		if _, err := privateKey(text); sdk.TypeOf(err) != sdk.ErrAuth || strings.Contains(err.Error(), "AAAA") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAppNotInstalled(t *testing.T) {
	w := start(t, newOrg(), func(c *githubtest.Config) {
		c.Apps[0].Installations = []githubtest.Installation{{ID: 500, Account: "other"}}
	})
	s := w.session("", map[string]string{"app_id": "99", "private_key": w.pem()})
	s.HTTP = &http.Client{Transport: bearer("unused")}
	if _, err := installationToken(t.Context(), s, ""); sdk.TypeOf(err) != sdk.ErrAuth || !strings.Contains(err.Error(), "not installed") {
		t.Errorf("%v", err)
	}
}

// One page that wants another kind of credential is that page's matter; a credential that ended is everybody's.
func TestCheckOfOneUnauthorizedPage(t *testing.T) {
	w := start(t, newOrg(), nil)
	w.server.Fault(githubtest.Fault{Match: "orgs/*/hooks", Do: githubtest.FaultStatus, Status: 401, Body: "Requires authentication"})
	st := check(t, w.session(ownerToken, nil))
	if got := states(st); got["list:hooks"] != "missing" || got["list:members"] != "held" {
		t.Errorf("hooks %s, members %s", got["list:hooks"], got["list:members"])
	}
	w.server.Fault(githubtest.Fault{Match: "orgs/*", Do: githubtest.FaultStatus, Status: 401, Body: "Bad credentials"})
	if _, err := (connector{}).Check(t.Context(), w.session(ownerToken, nil)); sdk.TypeOf(err) != sdk.ErrAuth {
		t.Errorf("got %v, want an error of type auth", err)
	}
}
