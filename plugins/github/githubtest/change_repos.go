package githubtest

import (
	"net/http"
	"slices"
	"strings"
)

// patchRepo changes who sees a repository, and whether it can be written to.
func (c *call) patchRepo() {
	var in struct {
		Visibility *string
		Private    *bool
		Archived   *bool
	}
	if !c.body(&in) {
		return
	}
	to := c.repo.visibility()
	if in.Private != nil && *in.Private != (to != "public") {
		to = map[bool]string{true: "private", false: "public"}[*in.Private]
	}
	if in.Visibility != nil {
		to = *in.Visibility
	}
	switch {
	case to != "public" && to != "private" && (to != "internal" || c.org.Plan != Enterprise):
		c.invalid("visibility", "Validation Failed")
		return
	case c.repo.Archived && to != c.repo.visibility() && (in.Archived == nil || *in.Archived):
		c.error(http.StatusForbidden, "Repository was archived so is read-only.")
		return
	}
	if to != c.repo.visibility() {
		c.seen(to)
	}
	if in.Archived != nil && *in.Archived != c.repo.Archived {
		c.archive(*in.Archived)
	}
	c.getRepo()
}

// change changes the repository of the path, and what of it is served now.
func (c *call) change(fn func(*Repo)) {
	at := c.now
	c.org.at().repos.set(lower(c.repo.Name), func(r Repo) Repo { fn(&r); r.UpdatedAt = at; return r })
	c.org.touch()
	fn(&c.repo)
	c.repo.UpdatedAt = at
}

func (c *call) seen(to string) {
	was := c.repo.visibility()
	c.change(func(r *Repo) { r.Visibility = to })
	c.log("repo.access", "modify", "repo", c.org.Login+"/"+c.repo.Name, "repo_id", c.repo.ID, "visibility", to, "previous_visibility", was)
	switch {
	case to == "public":
		c.tell("repository", "publicized", func(b []byte) []byte { return c.repository(b, &c.repo) })
		c.tell("public", "", func(b []byte) []byte { return c.repository(b, &c.repo) })
	case was == "public":
		c.tell("repository", "privatized", func(b []byte) []byte { return c.repository(b, &c.repo) })
	}
}

func (c *call) archive(on bool) {
	c.change(func(r *Repo) { r.Archived = on })
	word := map[bool]string{true: "archived", false: "unarchived"}[on]
	c.log("repo."+word, "modify", "repo", c.org.Login+"/"+c.repo.Name, "repo_id", c.repo.ID)
	c.tell("repository", word, func(b []byte) []byte { return c.repository(b, &c.repo) })
}

// postDeployKey adds a key. The same key can be there once in all of GitHub.
func (c *call) postDeployKey() {
	var in struct {
		Title, Key string
		ReadOnly   bool `json:"read_only"`
	}
	if !c.body(&in) {
		return
	}
	if parts := strings.Fields(in.Key); len(parts) < 2 || !strings.HasPrefix(parts[0], "ssh-") && !strings.HasPrefix(parts[0], "ecdsa-") {
		c.invalid("key", "Validation Failed: key is invalid. You must supply a key in OpenSSH public key format")
		return
	}
	k := DeployKey{ID: c.org.id(), Title: in.Title, Key: strings.Join(strings.Fields(in.Key)[:2], " "), ReadOnly: in.ReadOnly, Verified: true,
		AddedBy: c.sender().Login, CreatedAt: c.now}
	keys := c.org.DeployKeys(c.repo.Name)
	for i, n := 0, keys.len(); i < n; i++ {
		if keys.At(i).Key == k.Key {
			c.invalid("key", "Validation Failed: key is already in use")
			return
		}
	}
	c.org.at().keys.of(lower(c.repo.Name)).add(k)
	c.keyed("public_key.create", "create", "created", &k)
	c.status = http.StatusCreated
	c.b = c.deployKey(c.b, &k)
}

func (c *call) keyed(action, operation, event string, k *DeployKey) {
	c.log(action, operation, "repo", c.org.Login+"/"+c.repo.Name, "repo_id", c.repo.ID, "title", k.Title, "read_only", k.ReadOnly)
	c.tell("deploy_key", event, func(b []byte) []byte {
		return c.repository(c.deployKey(key(b, "key"), k), &c.repo)
	})
}

func (c *call) deleteDeployKey() {
	k, ok := c.org.DeployKeys(c.repo.Name).find(c.param("{key_id}"), isKey)
	if !ok {
		c.notFound()
		return
	}
	c.org.at().keys.of(lower(c.repo.Name)).drop(number(k.ID))
	c.keyed("public_key.delete", "remove", "deleted", &k)
	c.status = http.StatusNoContent
}

// The permissions of the calls, by those of the list.
var givenPermissions = []string{"pull", "triage", "push", "maintain", "admin"}

// putCollaborator gives a member access, and invites anybody else.
func (c *call) putCollaborator() {
	in := struct{ Permission string }{"push"}
	if !c.body(&in) {
		return
	}
	u, ok := c.thePerson()
	if !ok {
		return
	}
	if !slices.Contains(givenPermissions, in.Permission) {
		c.invalid("permission", "Validation Failed")
		return
	}
	login := lower(u.Login)
	of := c.org.at().access.of(lower(c.repo.Name))
	_, member := c.org.Members.find(login, isMember)
	v, has := c.org.Access(c.repo.Name).find(login, isCollaborator)
	switch {
	case has && (v.Direct || v.Outside || member):
		of.set(login, func(v Collaborator) Collaborator {
			v.Permission, v.RoleName, v.Direct = in.Permission, "", true
			return v
		})
	case member:
		of.add(Collaborator{User: u, Permission: in.Permission, Direct: true})
	default:
		c.inviteToRepo(u, in.Permission)
		return
	}
	c.log("repo.add_member", "create", "user", u.Login, "user_id", u.ID, "repo", c.org.Login+"/"+c.repo.Name, "repo_id", c.repo.ID)
	c.status = http.StatusNoContent
}

func (c *call) inviteToRepo(u User, permission string) {
	v := repoInvitation{ID: c.org.id(), User: u, Permission: permission, At: c.now}
	made, repo := c.org.at(), lower(c.repo.Name)
	made.mu.Lock()
	list := slices.Clone(made.invited[repo])
	if i := slices.IndexFunc(list, func(v repoInvitation) bool { return v.User.ID == u.ID }); i >= 0 {
		list[i].Permission = permission
		v = list[i]
	} else {
		list = append(list, v)
	}
	made.invited[repo] = list
	made.mu.Unlock()
	c.log("repository_invitation.create", "create", "invitee", u.Login, "repo", c.org.Login+"/"+c.repo.Name, "repo_id", c.repo.ID)
	c.status = http.StatusCreated
	c.b = c.repoInvitation(c.b, &v)
}

func (c *call) repoInvitation(b []byte, v *repoInvitation) []byte {
	b = num(append(b, '{'), "id", v.ID)
	b = nodeID(b, "RepositoryInvitation", v.ID)
	b = c.simpleRepo(key(b, "repository"), c.org, &c.repo)
	b = c.user(key(b, "invitee"), &v.User)
	who := c.sender()
	b = c.user(key(b, "inviter"), &who)
	b = str(b, "permissions", roleNames[v.Permission])
	b = stamp(b, "created_at", v.At)
	b = str(b, "url", c.base+"/user/repository_invitations/"+number(v.ID))
	return append(str(b, "html_url", "https://github.com/"+c.org.Login+"/"+c.repo.Name+"/invitations"), '}')
}

func (c *call) getRepoInvitations() {
	made := c.org.at()
	made.mu.Lock()
	all := made.invited[lower(c.repo.Name)]
	made.mu.Unlock()
	list(c, ListOf(all...), (*call).repoInvitation)
}

// deleteOutside takes an outside collaborator out of every repository.
func (c *call) deleteOutside() {
	login := lower(c.param("{username}"))
	if _, member := c.org.Members.find(login, isMember); member {
		c.invalid("", "You cannot specify an organization member to remove as an outside collaborator.")
		return
	}
	m, ok := c.org.Outside.find(login, isMember)
	if !ok {
		c.notFound()
		return
	}
	var repos []Repo
	for i, n := 0, c.org.Repos.len(); i < n; i++ {
		r := c.org.Repos.At(i)
		if _, has := c.org.Access(r.Name).find(login, isCollaborator); has {
			repos = append(repos, r)
		}
	}
	c.org.forget(login)
	c.org.at().outside.drop(login)
	c.log("org.remove_outside_collaborator", "remove", "user", m.Login, "user_id", m.ID)
	for i := range repos {
		c.tell("member", "removed", func(b []byte) []byte { return c.repository(c.user(key(b, "member"), &m.User), &repos[i]) })
	}
	c.status = http.StatusNoContent
}
