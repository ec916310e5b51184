package oktatest

import "time"

// Org is the organisation: everything that the fake serves about it. All funcs may be called at the same time and show the
// present; nil funcs and zero Lists are empty. ID and Subdomain do not change while the fake runs.
type Org struct {
	ID, Subdomain, Name string
	CreatedAt           time.Time
	// Domains are the verified domains of its e-mail.
	Domains []string

	Users List[User] // of every status
	// UsersSince gives the users that were updated after a time, in the order of Users. It is optional: without it the
	// list is read through.
	UsersSince func(time.Time) List[User]
	Groups     List[Group]
	Members    func(groupID string) List[User]
	// GroupsOf gives the ids of a user's groups. It is optional: without it the members of all groups are read through.
	GroupsOf func(userID string) []string
	Rules    List[Rule]

	Custom     List[CustomRole]
	Admins     List[string] // ids of users with a role
	Roles      func(userID string) []Role
	GroupRoles func(groupID string) []Role

	Apps      List[App]
	AppUsers  func(appID string) List[AppUser]
	AppGroups func(appID string) List[AppGroup]
	AppGrants func(appID string) []Grant
	AppTokens func(appID string) List[RefreshToken]
	// TokensOf gives a user's refresh tokens. It is optional: without it those of all apps are read through.
	TokensOf   func(userID string) []RefreshToken
	UserGrants func(userID string) List[Grant]
	APITokens  List[APIToken]
	Factors    func(userID string) []Factor

	// Log is the System Log, ascending in Persisted.
	Log List[Event]
}

// User is an account.
type User struct {
	ID              string
	Status          string // ACTIVE …
	Created         time.Time
	Activated       time.Time
	StatusChanged   time.Time
	LastLogin       time.Time
	Updated         time.Time
	PasswordChanged time.Time
	Profile         map[string]any // login, email, firstName …
	Provider        string         // OKTA (default), ACTIVE_DIRECTORY …

	becoming string // what the status is on its way to
}

func (u User) key() string { return u.ID }

// Group is a group. Users and Admin are what expand=stats shows.
type Group struct {
	ID             string
	Type           string // OKTA_GROUP (default), APP_GROUP, BUILT_IN
	Name           string
	Description    string
	Created        time.Time
	Updated        time.Time
	MembersUpdated time.Time
	Users          int
	Apps           int
	Admin          bool
}

func (g Group) key() string { return g.ID }

// Rule puts users into groups.
type Rule struct {
	ID, Name, Status, Expression string
	Groups                       []string
	ExcludedUsers                []string
	Created, Updated             time.Time
}

func (r Rule) key() string { return r.ID }

// Role is an assignment of a role. Custom and ResourceSet are set where Type is CUSTOM.
type Role struct {
	ID, Type, Label, Assignment string // Assignment: USER (default), GROUP
	Custom, ResourceSet         string
	Inactive                    bool
	Created                     time.Time
}

// CustomRole is one of the organisation's own.
type CustomRole struct {
	ID, Label, Description string
	Created                time.Time
}

// App is an application.
type App struct {
	ID, Name, Label  string
	Status           string // ACTIVE (default), INACTIVE
	SignOnMode       string // SAML_2_0 (default), OPENID_CONNECT, BOOKMARK …
	Created, Updated time.Time
	// OPENID_CONNECT only.
	ClientID     string
	Type         string // web (default), native, browser, service
	GrantTypes   []string
	RedirectURIs []string
}

func (a App) key() string { return a.ID }

// AppUser is a user's assignment to an app, direct or through a group.
type AppUser struct {
	ID                        string // the user's
	Scope                     string // USER (default), GROUP
	Status                    string // ACTIVE (default) …
	ExternalID, UserName      string
	Profile                   map[string]any
	Created, Updated, Changed time.Time
}

func (u AppUser) key() string { return u.ID }

// AppGroup is a group's assignment to an app.
type AppGroup struct {
	ID       string
	Priority int
	Updated  time.Time
}

// Grant is a scope that was granted to an app, by an administrator or by a user.
type Grant struct {
	ID, Scope, ClientID, UserID string
	Revoked                     bool
	CreatedBy                   string
	Created, Updated            time.Time
}

// RefreshToken of an app.
type RefreshToken struct {
	ID, ClientID, UserID      string
	Scopes                    []string
	Revoked                   bool
	Created, Updated, Expires time.Time
}

// APIToken is an SSWS token; its value is never shown.
type APIToken struct {
	ID, Name, UserID, ClientName string
	Window                       string // P30D
	Network                      string // ANYWHERE (default), ZONE
	Created, Updated, Expires    time.Time
}

// Factor is a second factor of a user.
type Factor struct {
	ID, Type, Provider string // push, OKTA
	Status             string // ACTIVE (default), PENDING_ACTIVATION …
	Created, Updated   time.Time
}

// Event is an entry of the System Log. Fields are served at top level beside the common ones, and win over them.
type Event struct {
	UUID      string
	Persisted time.Time // when it appeared in the log
	Published time.Time // when it happened; zero: as Persisted. It may be earlier
	Type      string
	Message   string
	Severity  string // INFO
	Result    string // SUCCESS
	Reason    string
	Actor     Party
	Targets   []Party
	IP        string
	Country   string
	UserAgent string
	Session   string
	Fields    map[string]any
}

// Party is who did something, or to what it was done.
type Party struct {
	ID, Type, AlternateID, Name string // Type: User, UserGroup, AppInstance …
}

func (e *Event) published() time.Time {
	if e.Published.IsZero() {
		return e.Persisted
	}
	return e.Published
}
