package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/mooring-hq/mooring/plugins/github/githubtest"
	"github.com/mooring-hq/mooring/sdk"
	"github.com/mooring-hq/mooring/sdk/sdktest"
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
