package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/plugins/github/githubtest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/sdktest"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// actCases are at least one for each action.
func (w *world) actCases(t *testing.T) []sdktest.ActionCase {
	t.Helper()
	forget := func() { w.server.Forget(orgName) }
	id := func(i int) string { return numbers(firstUser+i, 1)[0] }
	state := func(login string) func() any { return func() any { return w.memberState(t, login) } }
	repo := func(name string) func() any { return func() any { return w.repoState(t, name) } }
	blocks := func(login string) func() any {
		return func() any {
			m := w.memberState(t, login)
			m["blocked"] = w.pick(t, "/orgs/acme/blocks", withLogin(login), "login")
			return m
		}
	}
	return []sdktest.ActionCase{
		{
			Action: "remove_member", Target: id(5), State: state("user005"), Reset: forget,
			Lost: invitedState("member", map[string]string{"team-1": "member"}),
		},
		{
			Name: "remove an owner", Action: "remove_member", Target: id(0), State: state("user000"), Reset: forget,
			Lost: invitedState("admin", map[string]string{"team-0": "maintainer"}),
		},
		{Action: "restore_member", Target: id(901), State: state("user901")},
		{Name: "restore an owner", Action: "restore_member", Target: id(900), Args: map[string]string{"role": "admin"}, State: state("user900")},
		{Action: "change_role", Target: id(5), Args: map[string]string{"role": "admin"}, State: state("user005")},
		{Name: "demote", Action: "change_role", Target: id(1), Args: map[string]string{"role": "member"}, State: state("user001")},
		{Action: "remove_from_team", Target: sdk.ID("team", "51", id(5)), State: state("user005")},
		{Name: "remove a maintainer", Action: "remove_from_team", Target: sdk.ID("team", "50", id(0)), State: state("user000")},
		{Action: "make_private", Target: "300", State: repo("repo-0")},
		{Name: "make an internal one private", Action: "make_private", Target: "304", State: repo("repo-4")},
		{Action: "archive", Target: "300", State: repo("repo-0")},
		{
			Action: "remove_outside_collaborator", Target: id(900), State: w.outsideState(t), Reset: forget, Lost: invitedToRepos,
		},
		{
			Action: "remove_deploy_key", Target: sdk.ID("deploy_key", "300", "9"), Reset: forget, State: w.keyState(t),
			Lost: func(any) any {
				return []any{map[string]any{"key": "ssh-ed25519 AAAA", "title": "ci", "read_only": false, "old": false}}
			},
		},
		{Action: "revoke_pat", Target: "pat/41", Reset: forget, State: w.patState(t)},
		{
			Action: "revoke_sso_credential", Target: "credential/31", Reset: forget,
			State: func() any { return w.pick(t, "/orgs/acme/credential-authorizations", nil, "credential_id") },
		},
		{Action: "block", Target: id(901), State: blocks("user901"), Reset: forget, Lost: func(before any) any {
			now, _ := before.(map[string]any)
			now["outside"] = []any{}
			return now
		}},
		{
			Action: "suspend_installation", Target: "99",
			State: func() any {
				return []any{w.installed(t), w.pick(t, "/orgs/acme", nil, "login")}
			},
		},
		{Name: "block a stranger", Action: "block", Target: id(951), State: blocks("user951")},
		{
			Action: "quarantine", Target: sdk.ID("300", "deep/er/key.pem"), Args: map[string]string{"repository": "repo-5"},
			State: w.fileState(t, "repo-0", "repo-5"),
		},
		{
			Name: "quarantine with a text", Action: "quarantine", Target: sdk.ID("304", "README.md"), State: w.fileState(t, "repo-4", "repo-6"),
			Args: map[string]string{"repository": "repo-6", "text": "ask security"}, // which is empty
		},
		{
			Action: "overwrite", Target: sdk.ID("300", "README.md"), Args: map[string]string{"content": "nothing to see\n"},
			State: w.fileState(t, "repo-0"),
		},
		{
			Name: "empty", Action: "overwrite", Target: sdk.ID("303", "deep/er/key.pem"), Args: map[string]string{"content": ""},
			State: w.fileState(t, "repo-3"),
		},
	}
}

func TestActions(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes under the race detector; `make test` runs it")
	}
	w := actWorld(t, acting)
	sdktest.Actions(t, w.options(), w.actCases(t)...)
}

func intentOf(c *sdktest.ActionCase) *sdk.Intent {
	i := &sdk.Intent{Id: "1", Key: "k", Action: c.Action}
	for n := range table {
		if table[n].Name == c.Action {
			i.Target = sdk.To(table[n].On, c.Target)
		}
	}
	for name, v := range c.Args {
		i.Args = append(i.Args, &wire.Value{Name: name, Value: v})
	}
	return i
}

// Credentials that read are refused by every action, and nothing changes.
func TestReadingCannotAct(t *testing.T) {
	w := actWorld(t, func(c *githubtest.Config) {
		acting(c)
		reading := c.Apps[0]
		reading.ID, reading.Slug, reading.Permissions = 98, "reader", map[string]string{}
		for name := range c.Apps[0].Permissions {
			if name != "workflows" { // there is no reading of them
				reading.Permissions[name] = "read"
			}
		}
		reading.Installations = []githubtest.Installation{{ID: 601, Account: orgName, CreatedAt: epochOfWorld, UpdatedAt: epochOfWorld}}
		c.Apps = append(c.Apps, reading)
		c.Tokens = append(c.Tokens, githubtest.Token{Value: "ghp_reader", User: someone(999), Roles: map[string]string{orgName: "admin"}, Scopes: []string{"read:org", "read:audit_log"}})
	})
	writer := w.appSession(t)
	reader := w.appSession(t)
	reader.Secret = func(name string) string { return map[string]string{"app_id": "98", "private_key": w.pem()}[name] }
	reader.HTTP = &http.Client{Transport: bearer("unused")}
	token, err := installationToken(t.Context(), reader, "")
	if err != nil {
		t.Fatal(err)
	}
	reader.HTTP = &http.Client{Transport: bearer(token.Value)}
	for _, c := range w.actCases(t) {
		i, before := intentOf(&c), c.State()
		plan := mustPlan(t, writer, i)
		for name, s := range map[string]*sdk.Session{"App": reader, "token": w.session("ghp_reader", nil)} {
			o, err := connector{}.Act(t.Context(), s, i, plan, nil, func([]byte) error { return nil })
			if err != nil {
				o = sdk.OutcomeOf(err, false)
			}
			if o.GetState() != sdk.Refused {
				t.Errorf("%s %s of a %s that reads: %v", c.Action, c.Name, name, o)
			}
			if e := o.GetError(); name == "App" && c.Action != "suspend_installation" && (e.GetType() != string(sdk.ErrPermission) || e.GetPermission() == "" || e.GetCapability() == "") {
				t.Errorf("%s %s: what is missing is not told: %v", c.Action, c.Name, e)
			}
			if diff := cmp.Diff(before, c.State()); diff != "" {
				t.Errorf("%s %s of a %s that reads changed something: %s", c.Action, c.Name, name, diff)
			}
		}
	}
	for _, c := range check(t, reader).Capabilities {
		if strings.HasPrefix(c.Name, "act:") {
			t.Errorf("to read, check tells of %s", c.Name)
		}
	}
	reader.Acting = true
	for _, c := range check(t, reader).Capabilities {
		if c.Name == "act:suspend_installation" { // every App can stop itself
			continue
		}
		if strings.HasPrefix(c.Name, "extra:") || strings.HasPrefix(c.Name, "act:") && (c.State != sdk.Missing || len(c.Missing) == 0) {
			t.Errorf("an App that reads, to act: %+v", c)
		}
	}
}

// act carries an action out, without faults.
func (w *world) act(t *testing.T, s *sdk.Session, i *sdk.Intent) (*sdk.Plan, *sdk.Outcome) {
	t.Helper()
	p, err := connector{}.Prepare(t.Context(), s, i)
	if err != nil {
		t.Fatalf("prepare %s: %v", i.GetAction(), err)
	}
	o, err := connector{}.Act(t.Context(), s, i, p, nil, func([]byte) error { return nil })
	if err != nil {
		o = sdk.OutcomeOf(err, false)
	}
	return p, o
}

// Whoever accepts is back, with the role and the teams of before.
func TestRemovedMemberComesBack(t *testing.T) {
	w := start(t, quiet(), acting)
	s := w.session(onlooker, nil)
	before, _ := w.pick(t, "/orgs/acme/teams/team-1/members", nil, "login", "role").([]any)
	i := &sdk.Intent{Action: "remove_member", Target: sdk.To(sdk.KindAccount, "1005")}
	p, o := w.act(t, s, i)
	if o.GetState() != sdk.Done {
		t.Fatalf("%v", o)
	}
	undo := &sdk.Intent{Action: "remove_member", Target: i.GetTarget(), Undo: undoOf(p, o)}
	if _, o := w.act(t, s, undo); o.GetState() != sdk.Done {
		t.Fatalf("%v", o)
	}
	if got, err := (connector{}).ReadBack(t.Context(), s, undo, mustPlan(t, s, undo), nil); err != nil || got.GetState() != sdk.Applied {
		t.Errorf("invited again: %v %v", got, err)
	}
	w.server.Accept(orgName, "user005")
	if r := must(t, walk(t, s, full("members"))); !slices.Contains(r.ids(sdk.KindAccount), "1005") {
		t.Error("who accepted is not listed")
	}
	after, _ := w.pick(t, "/orgs/acme/teams/team-1/members", nil, "login", "role").([]any)
	if len(after) != len(before) || len(after) != 1 {
		t.Errorf("the team has %v, it had %v", after, before)
	}
	if got := mustPlan(t, s, undo); !got.GetAlready() {
		t.Errorf("the undo of who accepted is not done: %s", got.GetSnapshot())
	}
}

func undoOf(p *sdk.Plan, o *sdk.Outcome) *wire.Undo {
	return &wire.Undo{Plan: p, Snapshot: o.GetUndoSnapshot()}
}

func mustPlan(t *testing.T, s *sdk.Session, i *sdk.Intent) *sdk.Plan {
	t.Helper()
	p, err := connector{}.Prepare(t.Context(), s, i)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// An App that suspended itself is still who it was: Check says so, and what is left to do.
func TestCheckWhileSuspended(t *testing.T) {
	w := actWorld(t, acting)
	s := w.appSession(t)
	s.Acting = true
	i := &sdk.Intent{Action: "suspend_installation", Target: sdk.To(sdk.KindApp, "99")}
	p, o := w.act(t, s, i)
	if o.GetState() != sdk.Done {
		t.Fatalf("%v", o)
	}
	st := check(t, s)
	got := states(st)
	if st.TenantID != "77" || got["act:suspend_installation"] != "held" || got["list:members"] != "missing" || got["act:block"] != "missing" {
		t.Errorf("%s: %v", st.TenantID, got)
	}
	if _, o := w.act(t, s, &sdk.Intent{Action: i.GetAction(), Target: i.GetTarget(), Undo: undoOf(p, o)}); o.GetState() != sdk.Done {
		t.Errorf("%v", o)
	}
	if got := states(check(t, s)); got["list:members"] != "held" {
		t.Errorf("list:members is %s", got["list:members"])
	}
	other := &sdk.Intent{Action: i.GetAction(), Target: sdk.To(sdk.KindApp, "5")}
	if _, err := (connector{}).Prepare(t.Context(), s, other); sdk.TypeOf(err) != sdk.ErrUnsupported {
		t.Errorf("another App: %v", err)
	}
}

// Check names what each action lacks, one permission after the other taken away.
func TestActPermissions(t *testing.T) {
	for name, need := range actNeeds {
		for _, p := range need.app {
			permission, _, _ := strings.Cut(p, ":")
			w := actWorld(t, func(c *githubtest.Config) {
				acting(c)
				c.Apps[0].Permissions[permission] = "read"
			})
			s := w.appSession(t)
			s.Acting = true
			for _, c := range check(t, s).Capabilities {
				if action, ok := strings.CutPrefix(c.Name, "act:"); ok {
					lacks := slices.Contains(actNeeds[action].app, p)
					if lacks != (c.State == sdk.Missing) || lacks && !slices.Contains(c.Missing, p) {
						t.Errorf("without %s: %s is %s, missing %q", p, c.Name, c.State, c.Missing)
					}
				}
			}
		}
		if !slices.ContainsFunc(table, func(a sdk.Action) bool { return a.Name == name }) {
			t.Errorf("%s is no action", name)
		}
	}
	for i := range table {
		need, ok := actNeeds[table[i].Name]
		if !ok || table[i].Capability != "act:"+table[i].Name || table[i].Doc == "" {
			t.Errorf("%s: what it needs is not told: %v", table[i].Name, need)
		}
	}
	for _, m := range auth() {
		for _, n := range m.Scopes {
			if reads := strings.HasPrefix(n.GetCapability(), "list:"); reads && strings.HasSuffix(n.GetScope(), ":write") {
				t.Errorf("method %s: to read %s takes %s", m.Name, n.GetCapability(), n.GetScope())
			}
		}
	}
}

func valueOf(name, v string) *wire.Value { return &wire.Value{Name: name, Value: v} }
