package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mooring-hq/mooring/plugins/github/githubtest"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Every fault of every listing ends in a typed error and never in a certificate.
func TestFaultsNeverComplete(t *testing.T) {
	faults := []struct {
		name  string
		fault githubtest.Fault
		want  []sdk.ErrorType
	}{
		{"502", githubtest.Fault{Do: githubtest.FaultStatus, Status: 502}, []sdk.ErrorType{sdk.ErrUnavailable}},
		{"401", githubtest.Fault{Do: githubtest.FaultStatus, Status: 401, Body: "Bad credentials"}, []sdk.ErrorType{sdk.ErrAuth}},
		{"403", githubtest.Fault{Do: githubtest.FaultStatus, Status: 403, Body: "Must have admin rights"}, []sdk.ErrorType{sdk.ErrPermission}},
		{"404", githubtest.Fault{Do: githubtest.FaultStatus, Status: 404, Body: "Not Found"}, []sdk.ErrorType{sdk.ErrNotFound, sdk.ErrPermission, sdk.ErrNotInPlan}},
		{"secondary", githubtest.Fault{Do: githubtest.FaultSecondary}, []sdk.ErrorType{sdk.ErrThrottled}},
		{"primary", githubtest.Fault{Do: githubtest.FaultPrimary}, []sdk.ErrorType{sdk.ErrThrottled}},
		{"truncated", githubtest.Fault{Do: githubtest.FaultTruncate}, []sdk.ErrorType{sdk.ErrUnavailable, sdk.ErrInternal}},
		{"cut", githubtest.Fault{Do: githubtest.FaultCut}, []sdk.ErrorType{sdk.ErrUnavailable, sdk.ErrInternal}},
		{"reset", githubtest.Fault{Do: githubtest.FaultReset}, []sdk.ErrorType{sdk.ErrUnavailable, sdk.ErrInternal}},
	}
	w := start(t, newOrg(), nil)
	s := w.session(ownerToken, nil)
	requests := map[string]*wire.ScanRequest{}
	for _, name := range append(slices.Clone(deltaListings), "events") {
		requests[name] = full(name)
	}
	now := time.Now()
	requests["audit_log"] = window("audit_log", now.Add(-time.Hour), now)
	for listing, parent := range map[string]string{
		"files": "repositories", "repository_access": "repositories", "deploy_keys": "repositories", "team_members": "teams",
		"role_members": "roles", "deliveries": "hooks",
	} {
		for key, sh := range shards(t, s, parent, listing) {
			if key != "306" { // empty: its answer is a conflict
				requests[listing] = shardOf(sh)
			}
		}
	}
	for name, req := range requests {
		for _, f := range faults {
			if name == "repositories" && (f.name == "403" || f.name == "404") { // of the base permission: unknown
				f.fault.After = 1
			}
			if name == "members" && f.name == "403" { // of the owners and the second factor: unknown
				f.fault.After = 2
			}
			if name == "outside_collaborators" && f.name == "403" {
				f.fault.After = 1
			}
			f.fault.Match = "**"
			w.server.Reset()
			w.server.Fault(f.fault)
			r := walk(t, s, req)
			if r.cert != nil || !slices.Contains(f.want, sdk.TypeOf(r.err)) {
				t.Errorf("%s with %s: certificate %v, error %v of type %s, want one of %v", name, f.name, r.cert != nil, r.err, sdk.TypeOf(r.err), f.want)
			}
		}
	}
	w.server.ClearFaults()
}

// The second page goes wrong: what came before it stays a part.
func TestFaultOnALaterPage(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(ownerToken, nil)
	for _, f := range []githubtest.Fault{
		{Do: githubtest.FaultTruncate, After: 3}, {Do: githubtest.FaultCut, After: 3}, {Do: githubtest.FaultRepeat, After: 3},
		{Do: githubtest.FaultStatus, Status: 500, After: 3},
	} {
		f.Match = "orgs/*/members"
		w.server.Reset()
		w.server.Fault(f)
		r := walk(t, s, full("members"))
		if r.err == nil || r.cert != nil || len(r.ids(sdk.KindAccount)) < 100 {
			t.Errorf("%s: error %v, certificate %v, %d accounts", f.Do, r.err, r.cert, len(r.ids(sdk.KindAccount)))
		}
	}
}

func TestDegradedFlagsAreUnknown(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(ownerToken, nil)
	w.server.Fault(githubtest.Fault{Match: "orgs/*/members", Do: githubtest.FaultStatus, Status: 403, Body: "no", Times: 2})
	r := must(t, walk(t, s, full("members")))
	a := record[*sdk.Account](t, r, sdk.KindAccount, "1000")
	if a.Admin != nil || a.Mfa != nil {
		t.Errorf("unknown is not false: %v", a)
	}
	if r.cert.GetFingerprint() == "" {
		t.Error("owners that were not seen must not count as gone")
	}
}

func TestPartialResultsDoNotComplete(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(ownerToken, nil)
	s.HTTP = &http.Client{Transport: partial{s.HTTP.Transport}}
	r := walk(t, s, full("repositories"))
	if sdk.TypeOf(r.err) != sdk.ErrPermission || r.cert != nil || len(r.order) != 0 {
		t.Errorf("error %v, %d records", r.err, len(r.order))
	}
}

type partial struct{ next http.RoundTripper }

func (p partial) RoundTrip(r *http.Request) (*http.Response, error) {
	res, err := p.next.RoundTrip(r)
	if err == nil {
		res.Header.Set("X-GitHub-SSO", "partial-results; organizations=1,2")
	}
	return res, err
}

// answers serves fixed bodies, for what the fake would never say.
type answers map[string]string

func (a answers) RoundTrip(r *http.Request) (*http.Response, error) {
	w := newRecorder()
	for path, body := range a {
		if r.URL.Path == path {
			w.body = body
		}
	}
	return w.response(r), nil
}

func TestHostileAnswers(t *testing.T) {
	for name, body := range map[string]string{
		"null": "null", "object": `{"message":"hello"}`, "no id": `[{"login":"x"}]`, "negative": `[{"id":-1,"login":"x"}]`,
		"no login": `[{"id":1}]`, "html": "<html>", "empty": "", "number": "7", "nested": `[[[]]]`,
	} {
		w := start(t, newOrg(), nil)
		s := w.session(ownerToken, nil)
		s.HTTP = &http.Client{Transport: answers{"/orgs/acme/members": body, "/orgs/acme/teams": body, "/orgs/acme/installations": body, "/orgs/acme/organization-roles": body}}
		for _, listing := range []string{"members", "teams", "installations", "roles"} {
			if r := walk(t, s, full(listing)); r.cert != nil || r.err == nil {
				t.Errorf("%s of %s was taken for a whole list", name, listing)
			}
		}
	}
}

func TestNextPageStaysAtTheHost(t *testing.T) {
	s := &sdk.Session{Settings: sdk.Settings{"base_url": "https://ghe.example/api/v3"}}
	for link, ok := range map[string]bool{
		`<https://ghe.example/api/v3/x?page=2>; rel="next"`:                         true,
		`<https://ghe.example/a>; rel="prev", <https://ghe.example/b>; rel="next"`:  true,
		`<https://evil.example/api/v3/x?page=2>; rel="next"`:                        false,
		`<http://ghe.example/api/v3/x?page=2>; rel="next"`:                          false,
		`<https://ghe.example:444/x>; rel="next"`:                                   false,
		`<https://evil.example/x>; rel="last", <https://ghe.example/c>; rel="next"`: true,
		`<https://user@evil.example/x>; rel="next"`:                                 false,
		`<//evil.example/x>; rel="next"`:                                            true, // no scheme: read as a path of our host
	} {
		h := http.Header{"Link": {link}}
		next, err := nextPage(s, h)
		if (err == nil) != ok || ok && next == "" {
			t.Errorf("%s: %q, %v", link, next, err)
		}
		if u, err := resolve(s, next); ok && (err != nil || !strings.HasPrefix(u, "https://ghe.example/")) {
			t.Errorf("%s leads to %s", link, u)
		}
	}
}
