package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mooring-hq/mooring/plugins/github/githubtest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/sdktest"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// acting is an App that may change things.
func acting(c *githubtest.Config) {
	endless(c)
	for _, p := range []string{
		"members", "administration", "contents", "organization_administration", "organization_user_blocking", "organization_personal_access_tokens",
		"workflows",
	} {
		c.Apps[0].Permissions[p] = "write"
	}
	c.People = append(c.People, someone(951))
	c.Tokens = append(c.Tokens, githubtest.Token{ // stays an owner, whatever is done to members
		Value: onlooker, User: someone(999), Roles: map[string]string{orgName: "admin"},
		Scopes: []string{"admin:org", "admin:org_hook", "read:audit_log", "repo"},
	})
}

const onlooker = "ghp_onlooker"

// quiet is an organisation whose webhooks go nowhere.
func quiet() *githubtest.Org {
	o := newOrg()
	o.Hooks = githubtest.List[githubtest.Hook]{}
	return o
}

func (w *world) options() sdktest.Options {
	return sdktest.Options{
		Connector: connector{}, ProviderAt: w.http.URL, Settings: map[string]string{"organization": orgName},
		Secrets: map[string]string{"app_id": "99", "private_key": w.pem()},
	}
}

// see is what an owner is shown at a path; the status where that is not 200.
func (w *world) see(t *testing.T, path string) any {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.http.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := (&http.Client{Transport: bearer(onlooker)}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	if res.StatusCode != http.StatusOK {
		return res.Status
	}
	var v any
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// pick gives fields of what is seen: of an object, or of each entry of a list that fits.
func (w *world) pick(t *testing.T, path string, fits func(map[string]any) bool, fields ...string) any {
	t.Helper()
	one := func(m map[string]any) map[string]any {
		out := map[string]any{}
		for _, f := range fields {
			out[f] = m[f]
		}
		return out
	}
	switch v := w.see(t, path).(type) {
	case map[string]any:
		return one(v)
	case []any:
		list := []any{}
		for _, e := range v {
			if m, ok := e.(map[string]any); ok && (fits == nil || fits(m)) {
				list = append(list, one(m))
			}
		}
		return list
	default:
		return v
	}
}

func withLogin(login string) func(map[string]any) bool {
	return func(m map[string]any) bool { return m["login"] == login }
}

// memberState is everything that the organisation shows about somebody.
func (w *world) memberState(t *testing.T, login string) map[string]any {
	t.Helper()
	state := map[string]any{
		"membership":  w.pick(t, "/orgs/acme/memberships/"+login, nil, "state", "role"),
		"invitations": w.pick(t, "/orgs/acme/invitations?per_page=100", withLogin(login), "role", "team_count"),
		"roles":       w.pick(t, "/orgs/acme/organization-roles/138/users", withLogin(login), "login"),
		"access":      w.pick(t, "/repos/acme/repo-0/collaborators?per_page=100", withLogin(login), "permissions"),
		"outside":     w.pick(t, "/orgs/acme/outside_collaborators?per_page=100", withLogin(login), "login"),
		"credentials": w.pick(t, "/orgs/acme/credential-authorizations?per_page=100", withLogin(login), "credential_id"),
	}
	for _, page := range []string{"1", "2", "3"} {
		for _, role := range []string{"admin", "member"} {
			path := "/orgs/acme/members?per_page=100&role=" + role + "&page=" + page
			if list, _ := w.pick(t, path, withLogin(login), "login").([]any); len(list) > 0 {
				state["listed"] = role
			}
		}
	}
	for _, team := range []string{"team-0", "team-1", "team-2"} {
		state[team] = []any{
			w.pick(t, "/orgs/acme/teams/"+team+"/memberships/"+login, nil, "state", "role"),
			w.pick(t, "/orgs/acme/teams/"+team+"/members?per_page=100", withLogin(login), "role", "inherited"),
		}
	}
	return state
}

// invitedState is what is left of a member after they were removed and invited again.
func invitedState(role string, teams map[string]string) func(any) any {
	return func(before any) any {
		was, _ := before.(map[string]any)
		invited := map[string]string{"admin": "admin", "member": "direct_member"}[role]
		now := map[string]any{
			"membership":  map[string]any{"state": "pending", "role": role},
			"invitations": []any{map[string]any{"role": invited, "team_count": len(teams)}},
			"roles":       []any{}, "access": []any{}, "outside": []any{}, "credentials": []any{},
		}
		for name := range was {
			if !strings.HasPrefix(name, "team-") {
				continue
			}
			now[name] = []any{"404 Not Found", []any{}}
			if role := teams[name]; role != "" {
				now[name] = []any{map[string]any{"state": "pending", "role": role}, []any{}}
			}
		}
		return now
	}
}

// repoState is everything that is shown of a repository.
func (w *world) repoState(t *testing.T, name string) any {
	t.Helper()
	is := func(m map[string]any) bool { return m["name"] == name }
	fields := []string{"visibility", "private", "archived"}
	return map[string]any{
		"one":    w.pick(t, "/repos/acme/"+name, nil, fields...),
		"listed": w.pick(t, "/orgs/acme/repos?per_page=100", is, fields...),
		"hidden": w.pick(t, "/orgs/acme/repos?per_page=100&type=private", is, "name"),
		"keys":   w.pick(t, "/repos/acme/"+name+"/keys", nil, "id"),
		"org":    w.pick(t, "/orgs/acme", nil, "public_repos"),
	}
}

// outsideState is what an outside collaborator reaches, and is invited to.
func (w *world) outsideState(t *testing.T) func() any {
	return func() any {
		state := w.memberState(t, "user900")
		for i := range repoCount {
			path := fmt.Sprintf("/repos/acme/repo-%d", i)
			invited := []any{}
			if list, ok := w.see(t, path+"/invitations").([]any); ok {
				for _, v := range list {
					m, _ := v.(map[string]any)
					invited = append(invited, m["permissions"])
				}
			}
			state[path] = []any{w.pick(t, path+"/collaborators", withLogin("user900"), "role_name"), invited}
		}
		return state
	}
}

func invitedToRepos(before any) any {
	now, _ := before.(map[string]any)
	for name := range now {
		if strings.HasPrefix(name, "/repos/") {
			now[name] = []any{[]any{}, []any{"read"}}
		}
	}
	now["access"], now["outside"] = []any{}, []any{}
	return now
}

// keyState is a repository's keys; a key that was made again has another id.
func (w *world) keyState(t *testing.T) func() any {
	return func() any {
		list, _ := w.pick(t, "/repos/acme/repo-0/keys", nil, "id", "key", "title", "read_only").([]any)
		for _, v := range list {
			m, _ := v.(map[string]any)
			m["old"] = m["id"] == 9.0
			delete(m, "id")
		}
		return list
	}
}

// patState are the fine-grained tokens, as an App is shown them.
func (w *world) patState(t *testing.T) func() any {
	s := w.appSession(t)
	return func() any { return must(t, walk(t, s, full("pats"))).ids(sdk.KindGrant) }
}

// fileState is what is in repositories, by listing, by path and by content.
func (w *world) fileState(t *testing.T, repos ...string) func() any {
	return func() any {
		state := map[string]any{}
		for _, name := range repos {
			root := "/repos/acme/" + name
			branch, _ := w.pick(t, root, nil, "default_branch").(map[string]any)
			tree, _ := w.see(t, root+"/git/trees/"+url.PathEscape(fmt.Sprint(branch["default_branch"]))+"?recursive=1").(map[string]any)
			list, _ := tree["tree"].([]any)
			for _, v := range list {
				m, _ := v.(map[string]any)
				if m["type"] != "blob" {
					continue
				}
				state[name+" "+fmt.Sprint(m["path"])] = []any{
					m["sha"], m["mode"], w.pick(t, root+"/contents/"+url.PathEscape(fmt.Sprint(m["path"])), nil, "sha", "size", "content"),
					w.pick(t, root+"/git/blobs/"+fmt.Sprint(m["sha"]), nil, "content"),
				}
			}
		}
		return state
	}
}

// withContent gives the files of every repository contents, with the names that Git gives them.
func withContent(o *githubtest.Org) {
	tree, by := o.Tree, map[string][]byte{}
	name := func(b githubtest.Blob) githubtest.Blob {
		if b.Mode == "160000" {
			return b
		}
		content := []byte("content of " + b.Path + "\n")
		b.SHA, b.Size = gitSHA(content), int64(len(content))
		by[b.SHA] = content
		return b
	}
	made := map[string]githubtest.List[githubtest.Blob]{}
	for i := range repoCount {
		repo := fmt.Sprintf("repo-%d", i)
		var list []githubtest.Blob
		for i, l := 0, tree(repo); l.Len != nil && i < l.Len(); i++ {
			list = append(list, name(l.At(i)))
		}
		made[repo] = githubtest.ListOf(list...)
	}
	o.Tree = func(repo string) githubtest.List[githubtest.Blob] { return made[repo] }
	o.Content = func(_, sha string) []byte { return by[sha] }
}

// installed is how the organisation and the App see the installation, and whether it gets tokens.
func (w *world) installed(t *testing.T) any {
	t.Helper()
	s := w.session("", map[string]string{"app_id": "99", "private_key": w.pem()})
	s.HTTP = &http.Client{Transport: bearer("unused")}
	_, err := installationToken(t.Context(), s, "")
	v, _ := w.see(t, "/orgs/acme/installations").(map[string]any)
	list, _ := v["installations"].([]any)
	for _, one := range list {
		if m, _ := one.(map[string]any); m["app_id"] == 99.0 {
			return []any{m["suspended_at"] != nil, err == nil}
		}
	}
	return "it is not there"
}

// actWorld has something for every action.
func actWorld(t *testing.T, change func(*githubtest.Config)) *world {
	t.Helper()
	o := quiet()
	withContent(o)
	own := githubtest.Installation{ID: 501, AppID: 99, AppSlug: "mooring", Permissions: map[string]string{"metadata": "read"}, CreatedAt: epochOfWorld, UpdatedAt: epochOfWorld}
	o.Installed = githubtest.ListOf(o.Installed.At(0), own)
	repos := o.Repos
	o.Repos.At = func(i int) githubtest.Repo {
		r := repos.At(i)
		if r.ID == 304 {
			r.Visibility = "internal"
		}
		return r
	}
	return start(t, o, change)
}

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
		if c.Name == "act:suspend_installation" { // every App can stop itself
			continue
		}
		if strings.HasPrefix(c.Name, "act:") && (c.State != sdk.SwitchedOff || len(c.Missing) == 0 || c.Reason == "") {
			t.Errorf("an App that reads: %+v", c)
		}
	}
}

// done carries an action out, without faults.
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
			for _, c := range check(t, w.appSession(t)).Capabilities {
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
