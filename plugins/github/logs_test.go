package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/plugins/github/githubtest"
	"github.com/mooring-hq/mooring/sdk"
)

func auditOrg(now time.Time) *githubtest.Org {
	o := newOrg()
	var events []githubtest.Event
	for i := range 230 {
		events = append(events, githubtest.Event{
			ID: fmt.Sprintf("doc-%03d", i), Time: now.Add(time.Duration(i-230) * time.Minute), Action: "team.add_member",
			Actor: "user000", ActorID: 1000, Fields: map[string]any{"user": "user005", "user_id": 1005, "team": "acme/team-1"},
		})
	}
	events[200].Action, events[200].Fields = "repo.access", map[string]any{
		"repo": "acme/repo-1", "repo_id": 301, "visibility": "public", "previous_visibility": "private", "actor_ip": "203.0.113.9",
		"actor_location": map[string]any{"country_code": "NL"}, "user_agent": "Mozilla", "org": []any{"acme"}, "org_id": []any{77},
	}
	events[201].Action, events[201].Git = "git.clone", true
	o.Audit = githubtest.ListOf(events...)
	return o
}

func TestAuditLog(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	w := start(t, auditOrg(now), nil)
	s := w.session(ownerToken, nil)
	r := must(t, walk(t, s, window("audit_log", now.Add(-4*time.Hour), now)))
	if got := len(r.ids(sdk.KindActivity)); got != 229 { // without the git event
		t.Errorf("%d events", got)
	}
	if len(w.paths) != 3 { // ceil(E/100)
		t.Errorf("requests: %v", w.paths)
	}
	a := record[*sdk.Activity](t, r, sdk.KindActivity, "doc-200")
	var targets []string
	for _, x := range a.GetTargets() {
		targets = append(targets, sdk.KindName(x.GetKind())+" "+x.GetId()+" "+x.GetName())
	}
	got := []string{
		a.GetType(), a.GetAction(), a.GetActor().GetId(), a.GetActor().GetName(), a.GetIp(), a.GetLocation(), a.GetUserAgent(),
		fmt.Sprint(a.GetAdmin()), attribute(a.GetAttributes(), "org"), attribute(a.GetAttributes(), "org_id"), strings.Join(targets, ","),
	}
	want := []string{"file_share", "repo.access", "1000", "user000", "203.0.113.9", "NL", "Mozilla", "true", "acme", "77", "file 301 acme/repo-1"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !a.GetTime().AsTime().Equal(now.Add(-30 * time.Minute)) {
		t.Errorf("time %v", a.GetTime().AsTime())
	}
	if !json.Valid(a.GetRaw()) || len(a.GetRaw()) == 0 {
		t.Error("raw is missing")
	}
	s.KeepRaw = false
	s.Settings["audit_events"] = "all"
	r = must(t, walk(t, s, window("audit_log", now.Add(-4*time.Hour), now)))
	if a := record[*sdk.Activity](t, r, sdk.KindActivity, "doc-201"); a.GetType() != "file_download" || len(a.GetRaw()) != 0 {
		t.Errorf("git event: %v", a)
	}
	// Windows do not overlap by themselves, and together give everything once.
	var ids []string
	for i := range 4 {
		from := now.Add(time.Duration(i-4) * time.Hour)
		ids = append(ids, must(t, walk(t, s, window("audit_log", from, from.Add(time.Hour)))).ids(sdk.KindActivity)...)
	}
	slices.Sort(ids)
	if got := slices.Compact(ids); len(got) != 230 {
		t.Errorf("%d events in four windows", len(got))
	}
}

func TestAuditLogNotInPlan(t *testing.T) {
	o := newOrg()
	o.Plan = githubtest.Team
	w := start(t, o, nil)
	now := time.Now()
	for _, name := range []string{"audit_log", "scim", "credential_authorizations"} {
		req := full(name)
		if name == "audit_log" {
			req = window(name, now.Add(-time.Hour), now)
		}
		if name == "scim" {
			continue // asks GraphQL first, which the fake has not
		}
		if r := walk(t, w.session(ownerToken, nil), req); sdk.TypeOf(r.err) != sdk.ErrNotInPlan || r.cert != nil {
			t.Errorf("%s on the plan Team: %v", name, r.err)
		}
	}
}

func TestActivityTypes(t *testing.T) {
	for action, want := range map[string]string{
		"org.add_member": "account_create", "org.remove_member": "account_delete", "team.add_member": "member_add",
		"git.clone": "file_download", "git.push": "file_update", "protected_branch.destroy": "policy_change",
		"org.update_default_repository_permission": "setting_change", "secret_scanning_alert.create": "secret_alert",
		"integration_installation.create": "app_install", "personal_access_token.access_granted": "grant_create",
		"repo.access": "file_unshare", "something.new": "other", "": "other", "org_credential_authorization.revoke": "grant_revoke",
		"repo.add_member": "file_share", "hook.create": "grant_create",
	} {
		if got := activityType(action, fields{}); got != want {
			t.Errorf("%q is %s, want %s", action, got, want)
		}
	}
	if got := activityType("org.update_member", fields{"permission": "read"}); got != "role_revoke" {
		t.Errorf("demoted owner: %s", got)
	}
	known := map[string]bool{}
	for w := range strings.FieldsSeq(`login login_failed logout file_download file_upload file_view file_update file_share file_unshare
		file_delete file_restore account_create account_update account_suspend account_delete group_create group_update group_delete
		member_add member_remove role_grant role_revoke grant_create grant_revoke app_install app_remove policy_change setting_change
		secret_alert other`) {
		known[w] = true
	}
	for _, table := range []map[string]string{actionTypes, categoryTypes, eventTypes} {
		for action, word := range table {
			if !known[word] {
				t.Errorf("%s: %q is no type of an activity", action, word)
			}
		}
	}
}

func TestEvents(t *testing.T) {
	o := newOrg()
	var list []githubtest.PublicEvent
	for i := range 150 {
		list = append(list, githubtest.PublicEvent{
			ID: fmt.Sprint(9000 - i), Type: "PushEvent", Actor: someone(1), RepoID: 300, Repo: "repo-0", Public: true,
			Created: epochOfWorld.Add(-time.Duration(i) * time.Minute), Payload: map[string]any{"ref": "refs/heads/main"},
		})
	}
	o.OrgEvents = githubtest.ListOf(list...)
	w := start(t, o, nil)
	s := w.session(ownerToken, nil)
	r := must(t, walk(t, s, full("events")))
	a := record[*sdk.Activity](t, r, sdk.KindActivity, "event/9000")
	if a.GetType() != "file_update" || a.GetActor().GetId() != "1001" || a.GetTargets()[0].GetId() != "300" || len(r.order) != 150 {
		t.Errorf("%d events, the first: %v", len(r.order), a)
	}
	n := len(w.paths)
	again := must(t, walk(t, s, delta(full("events"), r.cert.GetBookmark())))
	if len(again.order) != 0 || len(w.paths) != n+1 || string(again.cert.GetBookmark()) != string(r.cert.GetBookmark()) {
		t.Errorf("nothing new: %d records, %d requests", len(again.order), len(w.paths)-n)
	}
	o.OrgEvents = githubtest.ListOf(append([]githubtest.PublicEvent{{ID: "9001", Type: "PublicEvent", Actor: someone(2), RepoID: 301, Repo: "repo-1", Public: true, Created: epochOfWorld}}, list...)...)
	r = must(t, walk(t, s, delta(full("events"), r.cert.GetBookmark())))
	if a := record[*sdk.Activity](t, r, sdk.KindActivity, "event/9001"); a.GetType() != "file_share" || len(r.cert.GetWarnings()) != 0 {
		t.Errorf("new event: %v, %v", a, r.cert)
	}
	var burst []githubtest.PublicEvent
	for i := range 400 {
		burst = append(burst, githubtest.PublicEvent{ID: fmt.Sprint(9900 - i), Type: "WatchEvent", Actor: someone(2), RepoID: 301, Repo: "repo-1", Public: true, Created: epochOfWorld})
	}
	o.OrgEvents = githubtest.ListOf(burst...)
	r = must(t, walk(t, s, delta(full("events"), r.cert.GetBookmark())))
	if len(r.order) != maxEvents || len(r.cert.GetWarnings()) != 1 {
		t.Errorf("%d events, warnings %v: a gap must be told", len(r.order), r.cert.GetWarnings())
	}
}

func TestDeliveries(t *testing.T) {
	o := newOrg()
	hook := o.Hooks.At(0)
	hook.URL, hook.Events = "http://127.0.0.1:1/", []string{"*"} // nobody listens
	o.Hooks = githubtest.ListOf(hook)
	w := start(t, o, nil)
	s := w.session(ownerToken, nil)
	sh := shards(t, s, "hooks", "deliveries")["61"]
	deliver := func(event, payload string) {
		t.Helper()
		if _, err := w.server.Deliver(t.Context(), orgName, event, json.RawMessage(payload)); err != nil {
			t.Fatal(err)
		}
	}
	deliver("organization", `{"action":"member_added"}`)
	deliver("push", `{"repository":{"id":300}}`)
	r := must(t, walk(t, s, shardOf(sh)))
	if got := len(r.ids(sdk.KindActivity)); got != 2 {
		t.Errorf("%d activities", got)
	}
	var got []string
	for _, h := range r.hints {
		got = append(got, h.GetListing()+" "+h.GetShard())
	}
	slices.Sort(got)
	if diff := cmp.Diff([]string{"files 300", "invitations ", "members ", "repositories ", "settings "}, got); diff != "" {
		t.Errorf("hints:\n%s", diff)
	}
	next := delta(shardOf(sh), r.cert.GetBookmark())
	if again := must(t, walk(t, s, next)); len(again.order)+len(again.hints) != 0 {
		t.Errorf("known deliveries came again: %v", again.order)
	}
	deliver("member", `{"action":"added","repository":{"id":301}}`)
	if again := must(t, walk(t, s, next)); len(again.order) != 1 || len(again.hints) != 2 {
		t.Errorf("one new delivery gave %v and %v", again.order, again.hints)
	}
}

// scimServer adds GraphQL to the fake.
func TestSCIM(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(ownerToken, nil)
	s.HTTP = &http.Client{Transport: graphql{
		next: s.HTTP.Transport,
		body: `{"data":{"organization":{"samlIdentityProvider":{"externalIdentities":{"pageInfo":{"hasNextPage":false,"endCursor":null},` +
			`"nodes":[{"guid":"guid-5","samlIdentity":{"nameId":"five"},"user":{"databaseId":1005,"login":"user005"}},{"guid":"guid-none","samlIdentity":null,"user":null}]}}}}}`,
	}}
	r := must(t, walk(t, s, full("scim")))
	a := record[*sdk.Account](t, r, sdk.KindAccount, "1005")
	if a.GetEmail() != "five@acme.example" || a.GetExternalId() != "okta-5" || a.GetSamlNameId() != "five" || len(r.order) != 1 {
		t.Errorf("%v of %v", a, r.order)
	}
	r = must(t, walk(t, s, full("saml_identities")))
	if a := record[*sdk.Account](t, r, sdk.KindAccount, "1005"); a.GetSamlNameId() != "five" || len(r.order) != 1 {
		t.Errorf("%v of %v", a, r.order)
	}
	for body, want := range map[string]sdk.ErrorType{
		`{"data":{"organization":{"samlIdentityProvider":null}}}`:                sdk.ErrNotInPlan,
		`{"data":null,"errors":[{"type":"FORBIDDEN","message":"no"}]}`:           sdk.ErrPermission,
		`{"data":null,"errors":[{"type":"RATE_LIMITED","message":"slow down"}]}`: sdk.ErrThrottled,
		`{"data":{"organization":null}}`:                                         sdk.ErrInternal,
		`{"data":{"organization":{"samlIdentityProvider":{"externalIdentities":{"pageInfo":{"hasNextPage":true,"endCursor":"x"},"nodes":[]}}}}}`: sdk.ErrInternal,
	} {
		s.HTTP = &http.Client{Transport: graphql{next: w.session(ownerToken, nil).HTTP.Transport, body: body}}
		for _, listing := range []string{"scim", "saml_identities"} {
			if r := walk(t, s, full(listing)); sdk.TypeOf(r.err) != want || r.cert != nil {
				t.Errorf("%s of %s: %v", listing, body, r.err)
			}
		}
	}
}

type graphql struct {
	next http.RoundTripper
	body string
}

func (g graphql) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/graphql" {
		return g.next.RoundTrip(r)
	}
	w := newRecorder()
	w.body = g.body
	return w.response(r), nil
}

func FuzzAuditActivity(f *testing.F) {
	for _, seed := range []string{
		`{"@timestamp":1700000000000,"action":"org.add_member","_document_id":"x"}`, `{"@timestamp":"1700000000","org":["a"],"org_id":[1]}`,
		`{}`, `null`, `[]`, `{"actor":[[]],"actor_id":-1,"user_id":1e400,"actor_location":7}`, `{"created_at":9e99}`, `{"@timestamp":-1}`,
		`{"_document_id":"` + strings.Repeat("x", 2000) + `"}`,
	} {
		f.Add([]byte(seed))
	}
	before := time.Unix(1_700_000_000, 0)
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := auditActivity(raw, before, true)
		if err != nil {
			return
		}
		if a.GetId() == "" || len(a.GetId()) > sdk.MaxIDBytes || a.GetTime() == nil || !a.GetTime().IsValid() || len(a.GetRaw()) > maxRaw {
			t.Errorf("not a record: %v", a)
		}
		if a.GetType() == "" {
			t.Error("an activity without type")
		}
	})
}
