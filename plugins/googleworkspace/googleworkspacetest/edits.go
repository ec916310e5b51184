package googleworkspacetest

import (
	"maps"
	"slices"
	"sort"
	"time"
)

// edits are what calls changed. They lie over the tenant, which goes on changing below: what a call set stays set.
type edits struct {
	users   map[string]userEdit // by id
	files   map[string]fileEdit // by id
	drives  map[string][]Permission
	revoked map[[2]string]bool // user and client
	logs    map[string][]Activity
	changes map[Space][]Change
	entries int64
}

func noEdits() edits {
	return edits{
		users: map[string]userEdit{}, files: map[string]fileEdit{}, drives: map[string][]Permission{}, revoked: map[[2]string]bool{},
		logs: map[string][]Activity{}, changes: map[Space][]Change{},
	}
}

// userEdit: nil is as the tenant has it.
type userEdit struct {
	suspended, mustChange *bool
	password              string
	signedOut             bool
}

// fileEdit: nil is as the tenant has it. What is in it is replaced, never changed.
type fileEdit struct {
	permissions   []Permission
	shared        bool // permissions hold
	trashed       *time.Time
	owner, parent *string // the owner's id; the parent with the drive
	drive         string
	revisions     []revision
	writes        int64 // how often it was changed
	by            string
}

// Forget takes back all that calls changed, as if they had not been.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.edits = noEdits()
}

// SignIn is what somebody who signs in to an account meets, as far as calls changed it.
type SignIn struct {
	NewPassword bool // it is not the one from before
	SignedOut   bool // all sessions were ended, as they are of one who is suspended
}

// SignIn tells of an account by its id.
func (s *Server) SignIn(userID string) SignIn {
	e := s.userEdit(userID)
	u, _ := s.base.Users.find(userID, isUser)
	return SignIn{NewPassword: e.password != "", SignedOut: e.signedOut || u.Suspended}
}

func (s *Server) userEdit(id string) userEdit {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.edits.users[id]
}

func (s *Server) fileEdit(id string) (fileEdit, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.edits.files[id]
	return e, ok
}

// withUser shows a user as calls left it.
func (s *Server) withUser(u User) User {
	e := s.userEdit(u.ID)
	if e.suspended != nil {
		u.Suspended, u.SuspensionReason = *e.suspended, ""
		if u.Suspended {
			u.SuspensionReason = "ADMIN"
		}
	}
	if e.mustChange != nil {
		u.ChangePasswordAtNextLogin = *e.mustChange
	}
	return u
}

// withFile shows a file as calls left it.
func (s *Server) withFile(f File) File {
	e, ok := s.fileEdit(f.ID)
	if !ok || f.ID == "" {
		return f
	}
	if e.shared {
		f.Permissions = e.permissions
	}
	if e.trashed != nil {
		f.Trashed = *e.trashed
	}
	if e.owner != nil {
		f.OwnerID, f.Owner = *e.owner, ""
		if u, ok := s.base.Users.find(f.OwnerID, isUser); ok {
			f.Owner = u.Email
		}
	}
	if e.parent != nil {
		f.Parent, f.DriveID = *e.parent, e.drive
	}
	if n := len(e.revisions); n > 1 {
		head := e.revisions[n-1]
		f.Size, f.MD5 = int64(len(head.content)), head.md5()
		if f.SHA256 != "" { // the tenant gives it
			f.SHA256 = head.sha256()
		}
		f.Modified = head.at
	}
	f.Version += e.writes
	if e.by != "" {
		f.ModifiedBy = e.by
	}
	return f
}

func (f *File) space() Space {
	if f.DriveID != "" {
		return Space{DriveID: f.DriveID}
	}
	return Space{UserID: f.OwnerID}
}

// over is the tenant as calls left it.
func (s *Server) over(b *Tenant) *Tenant {
	t := *b
	t.Users = List[User]{
		Len: b.Users.len, At: func(i int) User { return s.withUser(b.Users.At(i)) },
		Find: func(key string) (User, bool) {
			u, ok := b.Users.find(key, isUser)
			return s.withUser(u), ok
		},
	}
	t.Members = func(group string) List[Member] { return s.members(b, group) }
	t.Tokens = func(user string) []Token { return s.tokensLeft(b, user) }
	t.DrivePermissions = func(id string) []Permission { return s.driveMembers(b, id) }
	t.Files = func(sp Space) List[File] { return s.filesIn(b, sp) }
	t.File = func(id string) (File, bool) {
		if b.File == nil {
			return File{}, false
		}
		f, ok := b.File(id)
		return s.withFile(f), ok
	}
	t.Changes = func(sp Space, after int64) ([]Change, int64) { return s.changesIn(b, sp, after) }
	t.Log = func(application string) List[Activity] { return s.logOf(b, application) }
	return &t
}

func (s *Server) members(b *Tenant, group string) List[Member] {
	if b.Members == nil {
		return List[Member]{}
	}
	list := b.Members(group)
	return List[Member]{Len: list.len, At: func(i int) Member {
		m := list.At(i)
		if e := s.userEdit(m.ID); e.suspended != nil && m.Type == "USER" {
			m.Status = map[bool]string{true: "SUSPENDED", false: "ACTIVE"}[*e.suspended]
		}
		return m
	}}
}

func (s *Server) tokensLeft(b *Tenant, user string) (list []Token) {
	if b.Tokens == nil {
		return nil
	}
	all := b.Tokens(user)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range all {
		if !s.edits.revoked[[2]string{user, t.ClientID}] {
			list = append(list, t)
		}
	}
	return list
}

func (s *Server) driveMembers(b *Tenant, id string) []Permission {
	s.mu.Lock()
	list, ok := s.edits.drives[id]
	s.mu.Unlock()
	if ok || b.DrivePermissions == nil {
		return list
	}
	return b.DrivePermissions(id)
}

// filesIn are those of a space, without those that calls moved out, with those that they moved in.
func (s *Server) filesIn(b *Tenant, sp Space) List[File] {
	var base List[File]
	if b.Files != nil {
		base = b.Files(sp)
	}
	var moved []File
	s.mu.Lock()
	ids := slices.Sorted(maps.Keys(s.edits.files))
	s.mu.Unlock()
	for _, id := range ids {
		if f, ok := b.File(id); ok && f.space() != sp {
			if f = s.withFile(f); f.space() == sp {
				moved = append(moved, f)
			}
		}
	}
	n := base.len()
	return List[File]{Len: func() int { return n + len(moved) }, At: func(i int) File {
		if i >= n {
			return moved[i-n]
		}
		if f := s.withFile(base.At(i)); f.space() == sp {
			return f
		}
		return File{}
	}}
}

// changeStep is how many changes by calls fit between two of the tenant's, whose numbers are spread by it.
const changeStep = 1 << 20

func (s *Server) changesIn(b *Tenant, sp Space, after int64) (list []Change, last int64) {
	if b.Changes != nil {
		list, last = b.Changes(sp, after/changeStep)
	}
	list = slices.Clone(list)
	for i := range list {
		list[i].Number *= changeStep
	}
	last *= changeStep
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.edits.changes[sp] {
		if last = max(last, c.Number); c.Number > after {
			list = append(list, c)
		}
	}
	sort.SliceStable(list, func(i, j int) bool { return list[i].Number < list[j].Number })
	return list, last
}

// logOf is a log with what calls did among the rest.
func (s *Server) logOf(b *Tenant, application string) List[Activity] {
	var base List[Activity]
	if b.Log != nil {
		base = b.Log(application)
	}
	s.mu.Lock()
	own := slices.Clone(s.edits.logs[application])
	s.mu.Unlock()
	if len(own) == 0 {
		return base
	}
	n := base.len()
	at := make([]int, len(own)) // where each stands
	for i := range own {
		at[i] = i + sort.Search(n, func(j int) bool { return base.At(j).Time.After(own[i].Time) })
	}
	return List[Activity]{Len: func() int { return n + len(own) }, At: func(i int) Activity {
		before := sort.SearchInts(at, i)
		if before < len(at) && at[before] == i {
			return own[before]
		}
		return base.At(i - before)
	}}
}

// note writes into a log that the subject did something, and tells the log's channels.
func (c *call) note(application, kind, name string, pairs ...string) {
	c.noteAs(&c.subject, application, kind, name, pairs...)
}

func (c *call) noteAs(by *User, application, kind, name string, pairs ...string) {
	e := Event{Type: kind, Name: name}
	for i := 0; i+1 < len(pairs); i += 2 {
		p := Param{Name: pairs[i], Value: pairs[i+1]}
		if p.Value == "true" || p.Value == "false" {
			p.Bool = new(p.Value == "true")
		}
		e.Params = append(e.Params, p)
	}
	c.mu.Lock()
	c.edits.entries++
	a := Activity{
		Time: c.cfg.Now(), Qualifier: 1<<40 + c.edits.entries, Actor: by.Email, ActorID: by.ID, IP: "192.0.2.1", Events: []Event{e},
	}
	c.edits.logs[application] = append(c.edits.logs[application], a)
	c.mu.Unlock()
	c.NotifyLog(c.background(), application, &a)
}

// changed writes into the feed of a space that a file changed, and tells the space's channels.
func (c *call) changed(sp Space, file string, driveToo bool) {
	_, last := c.cfg.Tenant.Changes(sp, 1<<62)
	c.mu.Lock()
	ch := Change{Number: last + 1, Time: c.cfg.Now(), FileID: file, DriveChanged: driveToo}
	c.edits.changes[sp] = append(c.edits.changes[sp], ch)
	c.mu.Unlock()
	c.NotifyChanges(c.background(), sp)
}

// User is an account as it is now.
func (s *Server) User(key string) (User, bool) { return s.cfg.Tenant.Users.find(key, isUser) }

// File is a file as it is now.
func (s *Server) File(id string) (File, bool) { return s.cfg.Tenant.File(id) }

// Tokens are the apps that somebody lets in now.
func (s *Server) Tokens(userID string) []Token { return s.cfg.Tenant.Tokens(userID) }

// Members are those of a shared drive now.
func (s *Server) Members(driveID string) []Permission { return s.cfg.Tenant.DrivePermissions(driveID) }
