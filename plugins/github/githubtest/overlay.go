package githubtest

import (
	"maps"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// overlay is what calls changed in one organisation. The Org stays the caller's; what is served is it with the changes, in
// every list, search and look-up.
type overlay struct {
	base    *Org
	now     atomic.Pointer[changes]
	version atomic.Uint64
	serial  atomic.Int64 // of what is made
}

// changes are those since the start, or since Forget.
type changes struct {
	members, outside edits[Member]       // by login, lower case
	invitations      edits[Invitation]   // by id
	blocks           edits[User]         // by login
	repos            edits[Repo]         // by name
	pats             edits[PAT]          // by id
	credentials      edits[Credential]   // by id
	installed        edits[Installation] // by id
	teams            edited[TeamMember]  // by slug and login
	access           edited[Collaborator]
	keys             edited[DeployKey]
	files            edited[Blob] // by repository and path

	mu      sync.Mutex
	left    map[string]bool              // who left: what they had in the Org is gone, also when they come back
	waiting map[string]map[string]string // invited login → team slug → role
	invited map[string][]repoInvitation  // by repository
	content map[string][]byte            // by repository and sha
	log     []Event                      // ascending
}

// repoInvitation waits for somebody to accept access to a repository.
type repoInvitation struct {
	ID         int64
	User       User
	Permission string
	At         time.Time
}

// newChanges has none.
func newChanges() *changes {
	user := func(u *User) string { return lower(u.Login) }
	c := &changes{
		left: map[string]bool{}, waiting: map[string]map[string]string{}, invited: map[string][]repoInvitation{}, content: map[string][]byte{},
	}
	c.members.key = func(m *Member) string { return user(&m.User) }
	c.outside.key = c.members.key
	c.invitations.key = func(v *Invitation) string { return number(v.ID) }
	c.blocks.key = user
	c.repos.key = func(r *Repo) string { return lower(r.Name) }
	c.pats.key = func(p *PAT) string { return number(p.ID) }
	c.credentials.key = func(v *Credential) string { return number(v.ID) }
	c.installed.key = func(v *Installation) string { return number(v.ID) }
	c.teams.key = func(m *TeamMember) string { return user(&m.User) }
	c.access.key = func(v *Collaborator) string { return user(&v.User) }
	c.keys.key = func(k *DeployKey) string { return number(k.ID) }
	c.files.key = func(b *Blob) string { return b.Path }
	return c
}

func number(id int64) string { return strconv.FormatInt(id, 10) }

// changed is an Org that shows what calls change in it.
func changed(base *Org) *Org {
	v := &overlay{base: base}
	v.now.Store(newChanges())
	o := *base
	o.over = v
	if base.Version != nil {
		o.Version = func() uint64 { return base.Version() + v.version.Load() }
	}
	at := func() *changes { return v.now.Load() }
	o.Members = over(func() *edits[Member] { return &at().members }, func() List[Member] { return base.Members }, isMember)
	o.Outside = over(func() *edits[Member] { return &at().outside }, func() List[Member] { return base.Outside }, isMember)
	o.Invitations = over(func() *edits[Invitation] { return &at().invitations }, func() List[Invitation] { return base.Invitations }, isInvitation)
	o.Blocks = over(func() *edits[User] { return &at().blocks }, func() List[User] { return base.Blocks }, isUser)
	o.Repos = over(func() *edits[Repo] { return &at().repos }, func() List[Repo] { return base.Repos }, isRepo)
	o.Installed = over(func() *edits[Installation] { return &at().installed }, func() List[Installation] { return base.Installed }, isInstallation)
	o.PATs = over(func() *edits[PAT] { return &at().pats }, v.grants, isPAT)
	o.Credentials = over(func() *edits[Credential] { return &at().credentials }, v.credentials, isCredential)
	o.TeamMembers, o.RoleUsers, o.Access, o.DeployKeys = v.teamMembers, v.roleUsers, v.access, v.deployKeys
	o.TeamRepos, o.RepoTeams = v.teamRepos, base.RepoTeams
	o.Tree, o.Content, o.Audit = v.tree, v.content, v.audit()
	o.OrgEvents = List[PublicEvent]{
		Len: func() int { return base.OrgEvents.len() }, At: func(i int) PublicEvent { return base.OrgEvents.At(i) },
	}
	return &o
}

func isUser(u *User, key string) bool {
	return lower(u.Login) == key || strings.HasPrefix(key, "#") && key[1:] == number(u.ID)
}
func isInvitation(v *Invitation, key string) bool     { return v.Login != "" && lower(v.Login) == key }
func isInstallation(v *Installation, key string) bool { return number(v.ID) == key }
func isPAT(p *PAT, key string) bool                   { return number(p.ID) == key }
func isCredential(v *Credential, key string) bool     { return number(v.ID) == key }
func isTeamMember(m *TeamMember, key string) bool     { return lower(m.Login) == key }
func isKey(k *DeployKey, key string) bool             { return number(k.ID) == key }

// at is what was changed up to now.
func (o *Org) at() *changes { return o.over.now.Load() }

// touch says that something was changed.
func (o *Org) touch() { o.over.version.Add(1) }

// id is a new one, beyond those of the Org.
func (o *Org) id() int64 { return firstMade + o.over.serial.Add(1) }

// gone says whether somebody left: what they had before is not theirs any more.
func (v *overlay) gone() func(login string) bool {
	c := v.now.Load()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.left) == 0 {
		return nil
	}
	left := maps.Clone(c.left)
	return func(login string) bool { return left[lower(login)] }
}

func (v *overlay) grants() List[PAT] {
	gone := v.gone()
	if gone == nil {
		return v.base.PATs
	}
	return without(v.base.PATs, func(p *PAT) bool { return gone(p.Owner.Login) })
}

func (v *overlay) credentials() List[Credential] {
	gone := v.gone()
	if gone == nil {
		return v.base.Credentials
	}
	return without(v.base.Credentials, func(c *Credential) bool { return gone(c.Login) })
}

// below is a list below something as it is now.
func below[T any](v *overlay, base List[T], touched *edits[T], is func(*T, string) bool, login func(*T) string) List[T] {
	if gone := v.gone(); gone != nil && login != nil {
		base = without(base, func(one *T) bool { return gone(login(one)) })
	}
	if touched == nil {
		return base
	}
	return over(func() *edits[T] { return touched }, func() List[T] { return base }, is)
}

// listOf calls fn unless it is nil.
func listOf[K, T any](fn func(K) List[T], k K) List[T] {
	if fn == nil {
		return List[T]{}
	}
	return fn(k)
}

func (v *overlay) teamMembers(slug string) List[TeamMember] {
	return below(v, listOf(v.base.TeamMembers, slug), v.now.Load().teams.touched(slug), isTeamMember, func(m *TeamMember) string { return m.Login })
}

func (v *overlay) roleUsers(id int64) List[RoleUser] {
	return below(v, listOf(v.base.RoleUsers, id), nil, nil, func(u *RoleUser) string { return u.Login })
}

func (v *overlay) access(repo string) List[Collaborator] {
	return below(v, listOf(v.base.Access, repo), v.now.Load().access.touched(lower(repo)), isCollaborator, func(u *Collaborator) string { return u.Login })
}

func (v *overlay) deployKeys(repo string) List[DeployKey] {
	return below(v, listOf(v.base.DeployKeys, repo), v.now.Load().keys.touched(lower(repo)), isKey, nil)
}

// teamRepos shows the repositories as they are now.
func (v *overlay) teamRepos(slug string) List[RepoGrant] {
	l := listOf(v.base.TeamRepos, slug)
	repos := &v.now.Load().repos
	return List[RepoGrant]{Len: l.Len, At: func(i int) RepoGrant {
		g := l.At(i)
		g.Repo = repos.as(repos.now.Load(), g.Repo)
		return g
	}}
}

// Forget takes back all that calls changed in an organisation.
func (s *Server) Forget(org string) {
	if o := s.byLogin[lower(org)]; o != nil {
		o.over.now.Store(newChanges())
		o.touch()
		for _, a := range s.apps {
			for _, i := range a.Installations {
				if lower(i.Account) == lower(o.Login) {
					s.suspended.Delete(i.ID)
				}
			}
		}
	}
}
