package googleworkspacetest

import "time"

// List is something that can be counted and asked for by place, and found by key where that is cheap.
type List[T any] struct {
	Len  func() int
	At   func(i int) T
	Find func(key string) (T, bool)
}

// ListOf is a list that does not change.
func ListOf[T any](items ...T) List[T] {
	return List[T]{Len: func() int { return len(items) }, At: func(i int) T { return items[i] }}
}

func (l List[T]) len() int {
	if l.Len == nil {
		return 0
	}
	return l.Len()
}

func (l List[T]) find(key string, is func(*T, string) bool) (T, bool) {
	if l.Find != nil {
		return l.Find(key)
	}
	for i := range l.len() {
		if v := l.At(i); is(&v, key) {
			return v, true
		}
	}
	var none T
	return none, false
}

// Tenant is one organisation: everything the fake serves about it. All funcs may be called at the same time and show the
// present; nil funcs and zero Lists are empty.
type Tenant struct {
	CustomerID string // C0xxxxxxx
	Domain     string // the primary one

	Domains  func() []Domain
	OrgUnits func() []OrgUnit // with the root
	Users    List[User]       // key: id, or an e-mail or alias in lower case
	Deleted  List[User]       // in the last 20 days
	Groups   List[Group]      // key: id, or the e-mail in lower case
	Members  func(groupID string) List[Member]
	Roles    List[Role]
	Assigned List[Assignment]
	Tokens   func(userID string) []Token

	Drives           List[Drive] // shared drives; key: id
	DrivePermissions func(driveID string) []Permission
	Files            func(Space) List[File]
	File             func(id string) (File, bool)
	// Content of a binary file, before anybody overwrote it.
	Content func(fileID string) []byte
	// Root is the id of a person's My Drive.
	Root func(userID string) string
	// Changes are those of a space after a number, with the number of the last one there is.
	Changes func(s Space, after int64) (list []Change, last int64)

	// Log of an application, ascending in Time.
	Log func(application string) List[Activity]
}

// Space is a person's My Drive, or a shared drive.
type Space struct{ UserID, DriveID string }

// Domain is a domain of the tenant.
type Domain struct {
	Name              string
	Primary, Verified bool
	Aliases           []string // verified
}

// OrgUnit is an organisational unit. ID is written without "id:".
type OrgUnit struct{ ID, Name, Path, ParentID, Description string }

// User is a user's account.
type User struct {
	ID, Email, Name                  string
	Admin, DelegatedAdmin            bool
	Suspended, Archived              bool
	SuspensionReason                 string
	NeverSignedIn                    bool
	Enrolled2SV, Enforced2SV         bool
	OrgUnitPath                      string
	Created, LastLogin, DeletedAt    time.Time
	Aliases                          []string
	RecoveryEmail                    string
	Guest, ChangePasswordAtNextLogin bool
	SuspendedAt, ArchivedAt          time.Time
}

// Group is a group. Members is what Google counts.
type Group struct {
	ID, Email, Name, Description string
	Members                      int
	AdminCreated                 bool
}

// Member is in a group. Type is USER, GROUP, CUSTOMER or EXTERNAL; Role OWNER, MANAGER or MEMBER.
type Member struct{ ID, Email, Role, Type, Status string }

// Role is an administrator role.
type Role struct {
	ID                 int64
	Name               string
	System, SuperAdmin bool
	Privileges         []string
}

// Assignment gives a role to somebody. OrgUnit is set where it holds in one only.
type Assignment struct {
	ID, RoleID int64
	To         string
	Group      bool
	OrgUnit    string
	Condition  string
}

// Token is an app that a user let in.
type Token struct {
	ClientID, Name    string
	Scopes            []string
	Native, Anonymous bool
}

// Drive is a shared drive.
type Drive struct {
	ID, Name string
	Created  time.Time
	Hidden   bool
}

// Permission is who can reach a file: Type user, group, domain or anyone; Role owner, organizer, fileOrganizer, writer,
// commenter or reader.
type Permission struct {
	ID, Type, Role, Email, Domain string
	Discoverable                  bool
	Expires                       time.Time
	Deleted                       bool
	Inherited                     bool // from the shared drive
}

// File is a file. Permissions are those of its own; in a shared drive the drive's come beside them.
type File struct {
	ID, Name, MIME    string
	Size              int64 // -1: a document of Google's own, which has none
	MD5, SHA256       string
	Created, Modified time.Time
	Trashed           time.Time // zero: not in the trash
	Version           int64
	Owner             string // e-mail; "" in a shared drive
	OwnerID           string
	ModifiedBy        string // e-mail
	Parent            string
	DriveID           string
	Permissions       []Permission
	ShortcutTo        string
	Locked            string // the reason of a content restriction
}

// Change is an entry of a change feed. DriveChanged: it is about the shared drive itself.
type Change struct {
	Number       int64
	Time         time.Time
	FileID       string
	Removed      bool
	DriveChanged bool
}

// Activity is an entry of a log.
type Activity struct {
	Time      time.Time
	Seen      time.Time // when the log shows it; zero: at once
	Qualifier int64
	Actor     string // e-mail
	ActorID   string
	Key       string // of a robot, in place of an actor
	IP        string
	Region    string
	ClientID  string // of the app that acted
	AppName   string
	Events    []Event
}

// Event is one thing that happened.
type Event struct {
	Type, Name string
	Params     []Param
}

// Param is a parameter of an event; the first of its values that is set is sent.
type Param struct {
	Name, Value string
	Values      []string
	Bool        *bool
	Int         *int64
}

func isUser(u *User, key string) bool {
	if u.ID == key || lower(u.Email) == lower(key) {
		return true
	}
	for _, a := range u.Aliases {
		if lower(a) == lower(key) {
			return true
		}
	}
	return false
}

func isGroup(g *Group, key string) bool { return g.ID == key || lower(g.Email) == lower(key) }

func isDrive(d *Drive, key string) bool { return d.ID == key }
