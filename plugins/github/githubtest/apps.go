package githubtest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

func (c *call) getApp() { c.ok(c.app(c.b, c.who.app)) }

func (c *call) getAppInstallations() {
	list(c, ListOf(c.who.app.Installations...), (*call).ownInstallation)
}

// theInstallation is the App's own installation of the path, or 404.
func (c *call) theInstallation() *Installation {
	id := c.intParam("{installation_id}")
	for i := range c.who.app.Installations {
		if inst := &c.who.app.Installations[i]; inst.ID == id {
			return inst
		}
	}
	c.notFound()
	return nil
}

func (c *call) getAppInstallation() {
	if inst := c.theInstallation(); inst != nil {
		c.ok(c.ownInstallation(c.b, inst))
	}
}

// ownInstallation shows whether it is suspended now.
func (c *call) ownInstallation(b []byte, i *Installation) []byte {
	now := *i
	now.SuspendedAt = c.s.suspendedAt(i)
	return c.installation(b, &now)
}

// postAccessToken mints a token that may do what the installation may, or less.
func (c *call) postAccessToken() {
	inst := c.theInstallation()
	if inst == nil {
		return
	}
	if !c.s.suspendedAt(inst).IsZero() {
		c.error(http.StatusForbidden, "This installation has been suspended")
		return
	}
	var want struct {
		Permissions   map[string]string `json:"permissions"`
		Repositories  []string          `json:"repositories"`
		RepositoryIDs []int64           `json:"repository_ids"`
	}
	if c.r.Body != nil && c.r.ContentLength != 0 {
		if err := json.NewDecoder(http.MaxBytesReader(c.w, c.r.Body, bodyMax)).Decode(&want); err != nil {
			c.error(http.StatusBadRequest, "Problems parsing JSON")
			return
		}
	}
	org := c.s.byLogin[lower(inst.Account)]
	if org == nil {
		c.notFound()
		return
	}
	w := &caller{
		kind: installed, quota: "installation " + strconv.FormatInt(inst.ID, 10), org: org, app: c.who.app, inst: inst,
		perms: withMetadata(inst.Permissions), expires: c.now.Add(tokenLife),
	}
	if inst.RepositorySelection == "selected" {
		w.repos = nameSet(append([]string{}, inst.Repositories...))
	}
	if want.Permissions != nil {
		for name, level := range want.Permissions {
			if !w.has(name + "=" + level) {
				c.invalid("", "The permissions requested are not granted to this installation.")
				return
			}
		}
		w.perms = withMetadata(want.Permissions)
	}
	chosen, ok := c.choose(org, w, want.Repositories, want.RepositoryIDs)
	if !ok {
		c.invalid("", "There is at least one repository that does not exist or is not accessible to the parent installation.")
		return
	}
	c.token(org, w, chosen)
}

// choose narrows the repositories of a token.
func (c *call) choose(org *Org, w *caller, names []string, ids []int64) ([]Repo, bool) {
	keys := make([]string, 0, len(names)+len(ids))
	for _, n := range names {
		keys = append(keys, lower(n))
	}
	for _, id := range ids {
		keys = append(keys, "#"+strconv.FormatInt(id, 10))
	}
	if len(keys) == 0 {
		return nil, true
	}
	var chosen []Repo
	set := map[string]bool{}
	for _, k := range keys {
		r, ok := org.Repos.find(k, isRepo)
		if !ok || w.repos != nil && !w.repos[lower(r.Name)] {
			return nil, false
		}
		chosen = append(chosen, r)
		set[lower(r.Name)] = true
	}
	w.repos = set
	return chosen, true
}

func (c *call) token(org *Org, w *caller, chosen []Repo) {
	c.status = http.StatusCreated
	b := str(append(c.b, '{'), "token", c.s.tokens.add(w, c.now))
	b = stamp(b, "expires_at", w.expires.Truncate(time.Second))
	b = pairs(b, "permissions", w.perms)
	selection := "all"
	if w.repos != nil {
		selection = "selected"
	}
	b = str(b, "repository_selection", selection)
	if chosen != nil {
		b = append(key(b, "repositories"), '[')
		for i := range chosen {
			b = append(c.repoFields(append(comma(b), '{'), org, &chosen[i]), '}')
		}
		b = append(b, ']')
	}
	c.b = append(b, '}')
}

func (c *call) deleteToken() {
	value, _ := credential(c.r)
	c.s.tokens.drop(value)
	c.status = http.StatusNoContent
}

func (c *call) getAppHookConfig() {
	hook := c.who.app.Hook
	c.ok(hookConfig(c.b, &hook))
}

func (c *call) getOrgInstallations() {
	counted(c, c.org.Installed, "installations", (*call).installation)
}

func (c *call) getCredentials() {
	all := c.org.Credentials
	if login := c.query("login"); login != "" {
		all = subset(c, c.org, "credentials of "+lower(login), all, func(v *Credential) bool { return strings.EqualFold(v.Login, login) })
	}
	list(c, all, (*call).credential)
}

func (c *call) getPATs()        { list(c, c.patsLike(c.org.PATs), (*call).pat) }
func (c *call) getPATRequests() { list(c, c.patsLike(c.org.PATRequests), (*call).patRequest) }

// patsLike filters as the query says.
func (c *call) patsLike(l List[PAT]) List[PAT] {
	owners := append(c.values()["owner"], c.values()["owner[]"]...)
	tokenIDs := append(c.values()["token_id"], c.values()["token_id[]"]...)
	permission, repo := c.query("permission"), c.query("repository")
	before, _ := time.Parse(time.RFC3339, c.query("last_used_before")) // the zero time where there is none
	after, _ := time.Parse(time.RFC3339, c.query("last_used_after"))
	desc := orString(c.query("direction"), "desc") == "desc"
	name := c.segs[2] + " " + c.r.URL.RawQuery
	keep := func(p *PAT) bool {
		switch {
		case len(owners) > 0 && !slices.Contains(owners, p.Owner.Login),
			len(tokenIDs) > 0 && !slices.Contains(tokenIDs, strconv.FormatInt(p.TokenID, 10)),
			permission != "" && p.Organization[permission] == "" && p.Repository[permission] == "",
			!before.IsZero() && !p.LastUsedAt.Before(before),
			!after.IsZero() && !p.LastUsedAt.After(after):
			return false
		case repo != "" && p.RepositorySelection == "subset":
			return c.patHas(p.ID, repo)
		}
		return true
	}
	if len(owners) > 0 || len(tokenIDs) > 0 || permission != "" || repo != "" || !before.IsZero() || !after.IsZero() {
		l = subset(c, c.org, name, l, keep)
	}
	return sorted(c, c.org, "sorted "+name, l, func(p *PAT) time.Time { return p.GrantedAt }, func(a, b time.Time) int {
		if desc {
			return b.Compare(a)
		}
		return a.Compare(b)
	})
}

func (c *call) patHas(id int64, repo string) bool {
	if c.org.PATRepos == nil {
		return false
	}
	_, ok := c.org.PATRepos(id).find(lower(repo), func(name *string, key string) bool { return lower(*name) == key })
	return ok
}

func (c *call) getPATRepos() {
	pats, id := c.org.PATs, c.param("{pat_id}")
	if id == "" {
		pats, id = c.org.PATRequests, c.param("{pat_request_id}")
	}
	p, ok := pats.find(id, func(p *PAT, key string) bool { return strconv.FormatInt(p.ID, 10) == key })
	switch {
	case !ok:
		c.notFound()
	case p.RepositorySelection == "all":
		list(c, c.org.Repos, (*call).listedRepo)
	case p.RepositorySelection == "subset" && c.org.PATRepos != nil:
		list(c, c.org.PATRepos(p.ID), func(c *call, b []byte, name *string) []byte {
			r, ok := c.org.Repos.find(lower(*name), isRepo)
			if !ok {
				return b
			}
			return c.listedRepo(b, &r)
		})
	default:
		list(c, List[Repo]{}, (*call).listedRepo)
	}
}
