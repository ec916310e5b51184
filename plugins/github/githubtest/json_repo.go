package githubtest

import "strconv"

// repoURLs are the addresses of a repository below /repos/{owner}/{repo}, as every shape of a repository has them: what
// stands before and behind that, as JSON.
var repoURLs = [...][2]string{
	{`,"url":"`, `"`}, {`,"forks_url":"`, `/forks"`}, {`,"keys_url":"`, `/keys{/key_id}"`}, {`,"collaborators_url":"`, `/collaborators{/collaborator}"`},
	{`,"teams_url":"`, `/teams"`}, {`,"hooks_url":"`, `/hooks"`}, {`,"issue_events_url":"`, `/issues/events{/number}"`}, {`,"events_url":"`, `/events"`},
	{`,"assignees_url":"`, `/assignees{/user}"`}, {`,"branches_url":"`, `/branches{/branch}"`}, {`,"tags_url":"`, `/tags"`},
	{`,"blobs_url":"`, `/git/blobs{/sha}"`}, {`,"git_tags_url":"`, `/git/tags{/sha}"`}, {`,"git_refs_url":"`, `/git/refs{/sha}"`},
	{`,"trees_url":"`, `/git/trees{/sha}"`}, {`,"statuses_url":"`, `/statuses/{sha}"`}, {`,"languages_url":"`, `/languages"`},
	{`,"stargazers_url":"`, `/stargazers"`}, {`,"contributors_url":"`, `/contributors"`}, {`,"subscribers_url":"`, `/subscribers"`},
	{`,"subscription_url":"`, `/subscription"`}, {`,"commits_url":"`, `/commits{/sha}"`}, {`,"git_commits_url":"`, `/git/commits{/sha}"`},
	{`,"comments_url":"`, `/comments{/number}"`}, {`,"issue_comment_url":"`, `/issues/comments{/number}"`},
	{`,"contents_url":"`, `/contents/{+path}"`}, {`,"compare_url":"`, `/compare/{base}...{head}"`}, {`,"merges_url":"`, `/merges"`},
	{`,"archive_url":"`, `/{archive_format}{/ref}"`}, {`,"downloads_url":"`, `/downloads"`}, {`,"issues_url":"`, `/issues{/number}"`},
	{`,"pulls_url":"`, `/pulls{/number}"`}, {`,"milestones_url":"`, `/milestones{/number}"`},
	{`,"notifications_url":"`, `/notifications{?since,all,participating}"`}, {`,"labels_url":"`, `/labels{/name}"`},
	{`,"releases_url":"`, `/releases{/id}"`}, {`,"deployments_url":"`, `/deployments"`},
}

func (r *Repo) visibility() string { return orString(r.Visibility, "private") }
func (r *Repo) branch() string     { return orString(r.DefaultBranch, "main") }

// ownerOf is the owner of a repository, the same in the whole answer.
func (c *call) ownerOf(o *Org) []byte {
	if c.ownerOrg != o {
		u := orgAsUser(o)
		c.ownerOrg, c.owner = o, c.user(nil, &u)
	}
	return c.owner
}

// repoSimple appends the fields of a simple repository, without brackets.
func (c *call) repoSimple(b []byte, o *Org, r *Repo) []byte {
	b = num(b, "id", r.ID)
	b = nodeID(b, "Repository", r.ID)
	b = str(b, "name", r.Name)
	b = append(key(b, "full_name"), '"')
	b = appendInner(b, o.Login)
	b = append(b, '/')
	b = appendInner(b, r.Name)
	b = append(b, '"')
	b = append(key(b, "owner"), c.ownerOf(o)...)
	b = flag(b, "private", r.visibility() != "public")
	b = append(key(b, "html_url"), `"https://github.com/`...)
	b = appendInner(b, o.Login)
	b = append(b, '/')
	b = appendInner(b, r.Name)
	b = append(b, '"')
	b = strOrNull(b, "description", r.Description)
	b = flag(b, "fork", r.Fork)
	for i := range repoURLs {
		b = append(b, repoURLs[i][0]...)
		b = append(b, c.base...)
		b = append(b, "/repos/"...)
		b = append(b, o.Login...) // logins and names need no escape
		b = append(b, '/')
		b = append(b, r.Name...)
		b = append(b, repoURLs[i][1]...)
	}
	return b
}

func (c *call) simpleRepo(b []byte, o *Org, r *Repo) []byte {
	return append(c.repoSimple(append(b, '{'), o, r), '}')
}

// repoFields appends a repository as the lists show it, without brackets.
func (c *call) repoFields(b []byte, o *Org, r *Repo) []byte {
	b = c.repoSimple(b, o, r)
	name := o.Login + "/" + r.Name
	b = str(b, "git_url", "git://github.com/"+name+".git")
	b = str(b, "ssh_url", "git@github.com:"+name+".git")
	b = str(b, "clone_url", "https://github.com/"+name+".git")
	b = str(b, "svn_url", "https://github.com/"+name)
	b = append(b, `,"homepage":null,"mirror_url":null,"license":null,"stargazers_count":0,"watchers_count":0,"forks_count":0,"open_issues_count":0,"forks":0,"open_issues":0,"watchers":0`...)
	b = append(b, `,"has_issues":true,"has_projects":true,"has_wiki":true,"has_pages":false,"has_downloads":true,"has_discussions":false,"allow_forking":false,"web_commit_signoff_required":false`...)
	b = num(b, "size", int64(r.SizeKB))
	b = strOrNull(b, "language", r.Language)
	b = flag(b, "archived", r.Archived)
	b = flag(b, "disabled", r.Disabled)
	b = flag(b, "is_template", r.Template)
	b = strs(b, "topics", r.Topics)
	b = str(b, "visibility", r.visibility())
	b = str(b, "default_branch", r.branch())
	b = stamp(b, "created_at", r.CreatedAt)
	b = stamp(b, "updated_at", r.UpdatedAt)
	return stampOrNull(b, "pushed_at", r.PushedAt)
}

// security appends what repository admins see.
func (c *call) security(b []byte, r *Repo) []byte {
	status := "disabled"
	if r.SecretScanning {
		status = "enabled"
	}
	b = append(key(b, "security_and_analysis"), `{"secret_scanning":{"status":"`...)
	b = append(b, status...)
	b = append(b, `"},"secret_scanning_push_protection":{"status":"`...)
	b = append(b, status...)
	return append(b, `"},"dependabot_security_updates":{"status":"disabled"}}`...)
}

// listedRepo appends a repository of GET /orgs/{org}/repos.
func (c *call) listedRepo(b []byte, r *Repo) []byte {
	if r.ID == 0 {
		return b
	}
	b = c.repoFields(append(b, '{'), c.org, r)
	if c.can("administration=read") {
		b = c.security(b, r)
	}
	return append(levels(b, c.level()), '}')
}

func (c *call) grantedRepo(b []byte, g *RepoGrant) []byte {
	if g.Repo.ID == 0 {
		return b
	}
	b = c.repoFields(append(b, '{'), c.org, &g.Repo)
	b = levels(b, g.Permission)
	return append(str(b, "role_name", roleNames[g.Permission]), '}')
}

// fullRepo appends GET /repos/{owner}/{repo}.
func (c *call) fullRepo(b []byte, o *Org, r *Repo) []byte {
	b = c.repoFields(append(b, '{'), o, r)
	b = append(key(b, "organization"), c.ownerOf(o)...)
	b = append(b, `,"network_count":0,"subscribers_count":0,"temp_clone_token":null`...)
	if c.can("administration=read") {
		b = append(b, `,"allow_squash_merge":true,"allow_merge_commit":true,"allow_rebase_merge":true,"allow_auto_merge":false,"delete_branch_on_merge":false`...)
		b = c.security(b, r)
	}
	return append(levels(b, c.level()), '}')
}

func (c *call) deployKey(b []byte, k *DeployKey) []byte {
	if k.ID == 0 {
		return b
	}
	b = num(append(b, '{'), "id", k.ID)
	b = str(b, "key", k.Key)
	b = str(b, "url", c.base+"/repos/"+c.org.Login+"/"+c.repo.Name+"/keys/"+strconv.FormatInt(k.ID, 10))
	b = str(b, "title", k.Title)
	b = flag(b, "verified", k.Verified)
	b = stamp(b, "created_at", k.CreatedAt)
	b = flag(b, "read_only", k.ReadOnly)
	b = strOrNull(b, "added_by", k.AddedBy)
	b = stampOrNull(b, "last_used", k.LastUsed)
	return append(flag(b, "enabled", !k.Disabled), '}')
}

func (c *call) alert(b []byte, a *Alert) []byte {
	if a.Number == 0 {
		return b
	}
	repo := Repo{ID: 1, Name: a.Repo}
	if r, ok := c.org.Repos.find(lower(a.Repo), isRepo); ok {
		repo = r
	}
	b = num(append(b, '{'), "number", int64(a.Number))
	b = stamp(b, "created_at", a.CreatedAt)
	b = stampOrNull(b, "updated_at", a.UpdatedAt)
	name, number := c.org.Login+"/"+a.Repo, strconv.Itoa(a.Number)
	self := c.base + "/repos/" + name + "/secret-scanning/alerts/" + number
	b = str(b, "url", self)
	b = str(b, "html_url", "https://github.com/"+name+"/security/secret-scanning/"+number)
	b = str(b, "locations_url", self+"/locations")
	b = str(b, "state", orString(a.State, "open"))
	b = str(b, "secret_type", a.SecretType)
	b = str(b, "secret_type_display_name", orString(a.SecretTypeName, a.SecretType))
	if !c.boolQuery("hide_secret") {
		b = str(b, "secret", a.Secret)
	}
	b = str(b, "validity", orString(a.Validity, "unknown"))
	b = strOrNull(b, "resolution", a.Resolution)
	b = c.userOrNull(b, "resolved_by", &a.ResolvedBy)
	b = stampOrNull(b, "resolved_at", a.ResolvedAt)
	b = append(b, `,"resolution_comment":null`...)
	b = flag(b, "push_protection_bypassed", a.PushBypassed)
	b = c.userOrNull(b, "push_protection_bypassed_by", &a.PushBypassedBy)
	b = stampOrNull(b, "push_protection_bypassed_at", a.PushBypassedAt)
	b = flag(b, "publicly_leaked", a.PubliclyLeaked)
	b = flag(b, "multi_repo", a.MultiRepo)
	b = append(b, `,"is_base64_encoded":false,"has_more_locations":false`...)
	if a.Path == "" {
		b = null(b, "first_location_detected")
	} else {
		b = c.location(key(b, "first_location_detected"), a)
	}
	return append(c.simpleRepo(key(b, "repository"), c.org, &repo), '}')
}

// location appends where a secret was found: in a commit.
func (c *call) location(b []byte, a *Alert) []byte {
	repo := c.base + "/repos/" + c.org.Login + "/" + a.Repo
	b = str(append(b, '{'), "path", a.Path)
	b = num(b, "start_line", int64(a.StartLine))
	b = num(b, "end_line", int64(a.StartLine))
	b = append(b, `,"start_column":1`...)
	b = num(b, "end_column", int64(len(a.Secret)))
	b = str(b, "blob_sha", a.BlobSHA)
	b = str(b, "blob_url", repo+"/git/blobs/"+a.BlobSHA)
	b = str(b, "commit_sha", a.CommitSHA)
	return append(str(b, "commit_url", repo+"/git/commits/"+a.CommitSHA), '}')
}
