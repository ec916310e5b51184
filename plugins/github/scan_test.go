package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/sdk"
)

func TestMembers(t *testing.T) {
	w := start(t, newOrg(), nil)
	r := must(t, walk(t, w.session(ownerToken, nil), full("members")))
	if diff := cmp.Diff(numbers(firstUser, userCount), r.ids(sdk.KindAccount)); diff != "" {
		t.Errorf("accounts (-want +got):\n%s", diff)
	}
	if got := r.ids(sdk.KindMembership); len(got) != ownerCount {
		t.Errorf("owners: %v", got)
	}
	owner := record[*sdk.Account](t, r, sdk.KindAccount, "1000")
	if !owner.GetAdmin() || owner.GetMfa() != "on" || owner.GetName() != "user000" || owner.GetStatus() != "active" || owner.GetType() != "user" {
		t.Errorf("owner: %v", owner)
	}
	last := record[*sdk.Account](t, r, sdk.KindAccount, fmt.Sprint(firstUser+userCount-1))
	if last.Admin == nil || last.GetAdmin() || last.GetMfa() != "off" {
		t.Errorf("member without second factor: %v", last)
	}
	// ceil(U/100) + ceil(A/100), and one for the second factor.
	if got, want := len(w.paths), 3+1+1; got != want {
		t.Errorf("%d requests, want %d: %v", got, want, w.paths)
	}
}

func TestMembersWithoutBeingOwner(t *testing.T) {
	w := start(t, newOrg(), withMember)
	r := must(t, walk(t, w.session("ghp_member", nil), full("members")))
	a := record[*sdk.Account](t, r, sdk.KindAccount, fmt.Sprint(firstUser+userCount-1))
	if a.Mfa != nil {
		t.Errorf("mfa must be unknown, not %q", a.GetMfa())
	}
	if a.Admin == nil {
		t.Errorf("who is an owner is known to members")
	}
}

func TestResumeGivesTheRest(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(ownerToken, nil)
	first := walkUntil(t, s, full("members"), 1)
	if first.err == nil || first.cert != nil {
		t.Fatal("a stopped walk must not be complete")
	}
	req := full("members")
	req.Checkpoint = first.marks[0]
	rest := must(t, walk(t, s, req))
	got := append(first.ids(sdk.KindAccount), rest.ids(sdk.KindAccount)...)
	slices.Sort(got)
	if diff := cmp.Diff(numbers(firstUser, userCount), got); diff != "" {
		t.Errorf("both parts (-want +got):\n%s", diff)
	}
	if rest.cert.Bookmark != nil {
		t.Error("a resumed walk does not know all ETags, so it may give no bookmark")
	}
	a := record[*sdk.Account](t, rest, sdk.KindAccount, fmt.Sprint(firstUser+userCount-1))
	if a.GetMfa() != "off" {
		t.Error("owners and second factors are read again after a restart")
	}
}

func TestOutsideAndInvitations(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(ownerToken, nil)
	r := must(t, walk(t, s, full("outside_collaborators")))
	a := record[*sdk.Account](t, r, sdk.KindAccount, "1900")
	if a.GetType() != "guest" || a.GetMfa() != "off" || a.Admin != nil {
		t.Errorf("outside collaborator: %v", a)
	}
	r = must(t, walk(t, s, full("invitations")))
	if diff := cmp.Diff([]string{"invitation/1", "invitation/2", "invitation/3"}, r.ids(sdk.KindAccount)); diff != "" {
		t.Error(diff)
	}
	a = record[*sdk.Account](t, r, sdk.KindAccount, "invitation/1")
	if a.GetStatus() != "invited" || a.GetEmail() != "new@acme.example" || attribute(a.GetAttributes(), "teams") != "2" {
		t.Errorf("invitation: %v", a)
	}
	a = record[*sdk.Account](t, r, sdk.KindAccount, "invitation/3")
	if a.GetStatus() != "unknown" || attribute(a.GetNative(), "status") != "invitation_failed" {
		t.Errorf("failed invitation: %v", a)
	}
}

func TestTeamsAndRoles(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(ownerToken, nil)
	r := must(t, walk(t, s, full("teams")))
	if diff := cmp.Diff(numbers(50, teamCount), r.ids(sdk.KindGroup)); diff != "" {
		t.Error(diff)
	}
	if g := record[*sdk.Group](t, r, sdk.KindGroup, "51"); g.GetParent().GetId() != "50" || g.GetName() != "Team 1" {
		t.Errorf("child team: %v", g)
	}
	if len(r.shards) != teamCount {
		t.Fatalf("%d shards", len(r.shards))
	}
	var memberships []string
	for _, sh := range r.shards {
		m := must(t, walk(t, s, shardOf(sh)))
		memberships = append(memberships, m.ids(sdk.KindMembership)...)
		if sh.GetKey() == "50" {
			in := record[*sdk.Membership](t, m, sdk.KindMembership, "team/50/1005")
			if in.GetRole() != "member" || attribute(in.GetAttributes(), "inherited") != "true" || in.GetMember().GetId() != "1005" {
				t.Errorf("inherited member: %v", in)
			}
		}
	}
	if diff := cmp.Diff([]string{"team/50/1000", "team/50/1005", "team/51/1005"}, memberships); diff != "" {
		t.Error(diff)
	}
	if got, want := len(w.paths), 1+teamCount; got != want { // ceil(T/100) + T
		t.Errorf("%d requests, want %d", got, want)
	}
	r = must(t, walk(t, s, full("roles")))
	if role := record[*sdk.Role](t, r, sdk.KindRole, "138"); !role.GetPrivileged() || !role.GetPermissions().GetComplete() {
		t.Errorf("role: %v", role)
	}
	if role := record[*sdk.Role](t, r, sdk.KindRole, "8132"); role.GetPrivileged() {
		t.Errorf("role: %v", role)
	}
	for _, sh := range r.shards {
		m := must(t, walk(t, s, shardOf(sh)))
		if sh.GetKey() == "138" {
			if diff := cmp.Diff([]string{"role/138/team/51", "role/138/user/1005", "role/138/user/1007"}, m.ids(sdk.KindMembership)); diff != "" {
				t.Error(diff)
			}
			in := record[*sdk.Membership](t, m, sdk.KindMembership, "role/138/user/1005")
			if in.GetVia().GetId() != "51" {
				t.Errorf("indirect: %v", in)
			}
		}
	}
}

func TestRepositories(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(ownerToken, nil)
	r := must(t, walk(t, s, full("repositories")))
	if diff := cmp.Diff(numbers(300, repoCount), r.ids(sdk.KindFile)); diff != "" {
		t.Error(diff)
	}
	f := record[*sdk.File](t, r, sdk.KindFile, "300")
	if f.GetAccessLevel() != "public" || f.GetType() != "repository" || f.GetOwner().GetId() != "organization/77" || f.GetSizeBytes() != 3072 {
		t.Errorf("public repository: %v", f)
	}
	if f := record[*sdk.File](t, r, sdk.KindFile, "301"); f.AccessLevel != nil || attribute(f.GetAttributes(), "visibility") != "internal" {
		t.Errorf("internal repository: %v", f)
	}
	for _, sh := range r.shards {
		unavailable := sh.GetState() == sdk.ShardUnavailable
		if want := sh.GetKey() == "302" && sh.GetListing() == "files"; unavailable != want {
			t.Errorf("shard %s %s: unavailable %v", sh.GetListing(), sh.GetKey(), unavailable)
		}
		if (sh.GetStamp() != "") != (sh.GetListing() == "files") {
			t.Errorf("shard %s %s has stamp %q", sh.GetListing(), sh.GetKey(), sh.GetStamp())
		}
	}
	if got, want := len(w.paths), 1+1; got != want { // ceil(R/100), and the organisation's base permission
		t.Errorf("%d requests, want %d", got, want)
	}
}

// shards of one listing, from its parent.
func shards(t *testing.T, s *sdk.Session, parent, listing string) map[string]*sdk.Shard {
	t.Helper()
	m := map[string]*sdk.Shard{}
	for _, sh := range must(t, walk(t, s, full(parent))).shards {
		if sh.GetListing() == listing {
			m[sh.GetKey()] = sh
		}
	}
	return m
}

func TestFiles(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(ownerToken, nil)
	all := shards(t, s, "repositories", "files")
	w.paths = nil
	r := must(t, walk(t, s, shardOf(all["303"]))) // its branch has a slash
	if diff := cmp.Diff([]string{"303/README.md", "303/deep%2Fer%2Fkey.pem", "303/link", "303/vendored"}, r.ids(sdk.KindFile)); diff != "" {
		t.Error(diff)
	}
	f := record[*sdk.File](t, r, sdk.KindFile, "303/deep%2Fer%2Fkey.pem")
	if f.GetName() != "key.pem" || f.GetPath() != "deep/er/key.pem" || f.GetContentHash() != strings.Repeat("b", 40) || f.GetSizeBytes() != 1700 || f.GetParent().GetId() != "303" {
		t.Errorf("file: %v", f)
	}
	if f := record[*sdk.File](t, r, sdk.KindFile, "303/vendored"); f.GetType() != "folder" || f.SizeBytes != nil {
		t.Errorf("submodule: %v", f)
	}
	if f := record[*sdk.File](t, r, sdk.KindFile, "303/link"); attribute(f.GetAttributes(), "symlink") != "true" {
		t.Errorf("symlink: %v", f)
	}
	if len(w.paths) != 1 {
		t.Errorf("one request a repository, not %v", w.paths)
	}
	if r := must(t, walk(t, s, shardOf(all["306"]))); len(r.order) != 0 {
		t.Errorf("an empty repository holds %v", r.order)
	}
}

func TestAccessAndKeys(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(ownerToken, nil)
	all := shards(t, s, "repositories", "repository_access")
	f := record[*sdk.File](t, must(t, walk(t, s, shardOf(all["300"]))), sdk.KindFile, "300")
	var got []string
	for _, a := range f.GetAccess().GetItems() {
		got = append(got, strings.Join([]string{sdk.KindName(a.GetPrincipal().GetKind()), a.GetPrincipal().GetId(), a.GetRole(), a.GetVia(), a.GetLinkScope()}, " "))
	}
	want := []string{
		"unspecified  read visibility anyone", "unspecified  write base permission organization",
		"account 1003 admin collaborator ", "account 1900 read collaborator ", "group 52 write team ",
	}
	if diff := cmp.Diff(want, got); diff != "" || !f.GetAccess().GetComplete() {
		t.Errorf("access, complete %v:\n%s", f.GetAccess().GetComplete(), diff)
	}
	keys := shards(t, s, "repositories", "deploy_keys")
	g := record[*sdk.Grant](t, must(t, walk(t, s, shardOf(keys["300"]))), sdk.KindGrant, "deploy_key/300/9")
	if g.GetType() != "deploy_key" || !slices.Equal(g.GetScopes().GetItems(), []string{"read", "write"}) || g.GetResource().GetId() != "300" || g.GetCreatedBy().GetName() != "user000" {
		t.Errorf("deploy key: %v", g)
	}
}

func TestPermitsAndSettings(t *testing.T) {
	w := start(t, newOrg(), nil)
	s := w.session(ownerToken, nil)
	r := must(t, walk(t, s, full("installations")))
	if a := record[*sdk.App](t, r, sdk.KindApp, "5"); a.GetPermissionLevel() != "high" || a.GetName() != "builder" {
		t.Errorf("app: %v", a)
	}
	if g := record[*sdk.Grant](t, r, sdk.KindGrant, "installation/21"); g.GetApp().GetId() != "5" || g.GetState() != "active" {
		t.Errorf("installation: %v", g)
	}
	r = must(t, walk(t, s, full("credential_authorizations")))
	g := record[*sdk.Grant](t, r, sdk.KindGrant, "credential/31")
	if g.GetType() != "pat" || g.GetAccount().GetName() != "user004" || g.GetExpiresAt() == nil || g.GetName() != "laptop" {
		t.Errorf("credential: %v", g)
	}
	if strings.Contains(fmt.Sprint(r.records), "12345678") {
		t.Error("the last characters of a token were kept")
	}
	r = must(t, walk(t, s, full("hooks")))
	if g := record[*sdk.Grant](t, r, sdk.KindGrant, "hook/61"); g.GetName() != "https://sink.example/in" || g.GetType() != "webhook" {
		t.Errorf("hook: %v", g)
	}
	r = must(t, walk(t, s, full("secret_alerts")))
	o := record[*sdk.Other](t, r, sdk.KindOther, "secret_alert/300/1")
	if attribute(o.GetAttributes(), "validity") != "active" || attribute(o.GetAttributes(), "path") != "deep/er/key.pem" || o.GetName() != "Acme key" {
		t.Errorf("alert: %v", o)
	}
	if strings.Contains(fmt.Sprint(r.records), "SECRET-VALUE") {
		t.Error("the secret was kept")
	}
	r = must(t, walk(t, s, full("settings")))
	if v := record[*sdk.TenantItem](t, r, sdk.KindSetting, "two_factor_requirement_enabled"); v.GetValue() != "true" {
		t.Errorf("setting: %v", v)
	}
	if g := record[*sdk.Group](t, r, sdk.KindGroup, "organization/77"); g.GetType() != "organization" || g.GetName() != orgName {
		t.Errorf("organization: %v", g)
	}
}
