package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/mooring-hq/mooring/plugins/box/boxtest"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

func states(t *testing.T, w *world) (map[string]sdk.Capability, *sdk.Status) {
	t.Helper()
	return statesOf(t, w.session(t, nil))
}

func statesOf(t *testing.T, s *sdk.Session) (map[string]sdk.Capability, *sdk.Status) {
	t.Helper()
	st, err := connector{}.Check(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]sdk.Capability{}
	for _, c := range st.Capabilities {
		m[c.Name] = c
	}
	return m, st
}

func TestCheck(t *testing.T) {
	w := start(t, newContent(), nil)
	caps, st := states(t, w)
	if st.TenantID != enterpriseID || st.TenantName != "Acme" || !strings.Contains(st.Subject, "Mooring") {
		t.Errorf("status %+v", st)
	}
	for _, l := range (connector{}).Describe().Listings {
		if c := caps["list:"+l.Name]; c.State != sdk.Held || c.Fingerprint == "" {
			t.Errorf("listing %s is %s: %s", l.Name, c.State, c.Reason)
		}
	}
	if len(caps) != len(sources())+2 {
		t.Errorf("to read, check tells of more than listings and realtime: %v", caps)
	}
	if caps["realtime:stream"].State != sdk.Held || caps["realtime:webhook"].State != sdk.SwitchedOff {
		t.Errorf("realtime %v %v", caps["realtime:stream"], caps["realtime:webhook"])
	}
}

// TestCheckActsAsSomebodyActive: nobody can act as somebody inactive, which says nothing about permissions.
func TestCheckActsAsSomebodyActive(t *testing.T) {
	c := newContent()
	c.users[0].Status, c.users[1].Status = "inactive", "inactive"
	caps, _ := states(t, start(t, c, nil))
	if f := caps["list:files"]; f.State != sdk.Held {
		t.Errorf("listing files is %s: %s", f.State, f.Reason)
	}
}

// TestEveryScope: with one scope taken away, Check names it for all that it carries, and the rest goes on.
func TestEveryScope(t *testing.T) {
	needs := map[string][]string{
		boxtest.ManageUsers:      {"users", "external_users", "files", "trash"},
		boxtest.ManageGroups:     {"groups", "memberships"},
		boxtest.ManageEnterprise: {"device_pins", "collaboration_domains", "events", "past_events"},
		boxtest.ReadAll:          nil, // writing includes reading
		boxtest.WriteAll:         {"trash"},
		boxtest.ManageWebhooks:   nil, // no listing
		"both ways to read":      {"files", "trash"},
		"as-user":                {"files", "trash"},
	}
	for scope, lost := range needs {
		t.Run(scope, func(t *testing.T) {
			w := start(t, newContent(), func(c *boxtest.Config) {
				c.App.Scopes = without(scope)
				switch scope {
				case "both ways to read":
					c.App.Scopes = slices.DeleteFunc(without(boxtest.ReadAll), func(s string) bool { return s == boxtest.WriteAll })
				case "as-user":
					c.App.NoActAs = true
				}
			})
			s := w.session(t, nil)
			s.Acting = true
			caps, _ := statesOf(t, s)
			for _, a := range (connector{}).Describe().Actions { // as the listing with the same scope
				as := map[string]string{actFiles: "trash", actAccounts: "users"}[a.GetCapability()]
				c, want := caps[a.GetCapability()], sdk.Held
				if slices.Contains(lost, as) {
					want = sdk.Missing
				}
				if as == "" || c.State != want || want == sdk.Missing && (len(c.Missing) == 0 || c.Reason == "") {
					t.Errorf("action %s: %s is %s, missing %v: %s", a.GetName(), c.Name, c.State, c.Missing, c.Reason)
				}
			}
			for _, src := range sources() {
				c := caps["list:"+src.spec.Name]
				req := full(src.spec.Name)
				switch src.spec.Parent {
				case "users":
					if scope == boxtest.ManageUsers {
						continue // there is nobody to list files of
					}
					req = shardOf(shard(src.spec.Name, "1000"))
				case "groups":
					req = shardOf(shard(src.spec.Name, "300"))
				}
				if slices.Contains(lost, src.spec.Name) {
					if asUser := strings.Contains(c.Reason, "as-user header"); asUser != (scope == "as-user") {
						t.Errorf("listing %s tells of the as-user header: %s", src.spec.Name, c.Reason)
					}
					if c.State != sdk.Missing || len(c.Missing) == 0 || c.Reason == "" {
						t.Errorf("listing %s is %s, missing %v: %s", src.spec.Name, c.State, c.Missing, c.Reason)
					}
					if r := walk(t, s, req); sdk.TypeOf(r.err) != sdk.ErrPermission && src.spec.Name != "past_events" {
						t.Errorf("listing %s gives %v", src.spec.Name, r.err)
					}
					continue
				}
				if c.State != sdk.Held {
					t.Errorf("listing %s is %s: %s", src.spec.Name, c.State, c.Reason)
				}
				if src.spec.Name != "past_events" { // by window
					must(t, walk(t, s, req))
				}
			}
		})
	}
}

// TestDefaultsCannotWrite: the scopes that listings which are on need include none that writes.
func TestDefaultsCannotWrite(t *testing.T) {
	for _, src := range sources() {
		if slices.Contains(src.spec.Permissions, writeAll) && !src.spec.OffByDefault {
			t.Errorf("listing %s is on, and needs a scope that writes", src.spec.Name)
		}
	}
}

// company is one of a size at which pages count.
func company(users, groups, folders int) *content {
	c := newContent()
	c.users, c.groups, c.items, c.collabs, c.events = nil, nil, nil, map[string][]boxtest.Collaboration{}, nil
	for i := range users {
		c.users = append(c.users, boxtest.User{Person: someone(i), CreatedAt: madeAt, UpdatedAt: madeAt})
	}
	for i := range groups {
		id := fmt.Sprint(300_000 + i)
		c.groups = append(c.groups, boxtest.Group{ID: id, Name: id, CreatedAt: madeAt, UpdatedAt: madeAt})
		c.members[id] = []boxtest.Membership{{ID: "1" + id, User: someone(i % users), CreatedAt: madeAt}}
	}
	for i := range folders {
		f := thing(boxtest.Folder, 500_000+i, fmt.Sprint("folder ", i), boxtest.Root, someone(i%7))
		c.items = append(c.items, f, thing(boxtest.File, 700_000+i, "a.txt", f.ID, f.Owner))
		if i%5 == 0 {
			one := someone(50)
			c.collabs[f.ID] = []boxtest.Collaboration{{ID: "c" + f.ID, User: &one, Role: "viewer", Created: madeAt, By: f.Owner}}
		}
	}
	return c
}

func pagesOf(n int) int { return max(1, (n+999)/1000) }

// TestCalls counts what a full and an idle scan cost against the least that Box's API lets one ask (the sheet's formula),
// and prints both.
func TestCalls(t *testing.T) {
	const users, groups, folders = 10_400, 10_400, 70
	w := start(t, company(users, groups, folders), func(c *boxtest.Config) { c.Record = nil })
	s := w.session(t, nil)
	asked := func(f func()) int {
		before := w.fake.Stats()
		f()
		after := w.fake.Stats()
		return after.Requests - before.Requests - (after.Calls("POST /oauth2/token") - before.Calls("POST /oauth2/token"))
	}
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "\nconnector\tcapability\tfull\tminimum\tidle\tminimum")
	row := func(name string, full, least, idle, idleLeast int) {
		_, _ = fmt.Fprintf(table, "box\t%s\t%d\t%d\t%d\t%d\n", name, full, least, idle, idleLeast)
		if 10*full > 11*least || 10*idle > 11*idleLeast {
			t.Errorf("%s: full %d calls of at least %d, idle %d of %d", name, full, least, idle, idleLeast)
		}
	}
	var last *result
	roots := func(listing string) (whole, idle int) {
		whole = asked(func() { last = must(t, walk(t, s, full(listing))) })
		return whole, asked(func() { must(t, walk(t, s, delta(listing, last.cert.GetBookmark()))) })
	}
	whole, idle := roots("users")
	row("users", whole, pagesOf(users), idle, 1)
	shards := func(name string, some int) int { // those that changed; idle none has another stamp
		n, found := 0, 0
		for _, sh := range last.shards {
			if sh.GetListing() == name && found < some {
				found++
				n += asked(func() { must(t, walk(t, s, shardOf(sh))) })
			}
		}
		return n
	}
	const some = 200 // trees of users; the first seven have folders
	row("files", shards("files", some), some+folders+folders/5, 0, 0)
	row("trash", shards("trash", some), some, 0, 0)
	whole, idle = roots("groups")
	row("groups", whole, pagesOf(groups), idle, 1)
	row("memberships", shards("memberships", some), some, 0, 0)
	for _, name := range []string{"external_users", "device_pins", "collaboration_domains"} { // nothing tells of changes
		whole = asked(func() { must(t, walk(t, s, full(name))) })
		row(name, whole, 1, whole, 1)
	}
	whole, idle = roots("events")
	row("events", whole, 1, idle, 1)
	_ = table.Flush()
	t.Log(b.String())
}

func TestDescription(t *testing.T) {
	d, err := connector{}.Describe().Wire("mooring-connector-box", "v1")
	if err != nil {
		t.Fatal(err)
	}
	if d.GetName() != "box" || len(d.GetListings()) != len(sources()) {
		t.Errorf("%v", d)
	}
	var oauth *wire.CredentialMethod
	for _, m := range d.GetCredentials() {
		if m.GetName() == "oauth" {
			oauth = m
		}
	}
	if oauth.GetRotates() != refreshField || !oauth.GetLogin() {
		t.Errorf("the way of one-use refresh tokens is %v", oauth)
	}
}
