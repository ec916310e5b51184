package githubtest

import "time"

// Plan is what an organisation pays for. The audit log, SCIM and SSO credentials exist on Enterprise only.
type Plan string

// The plans.
const (
	Free       Plan = "free"
	Team       Plan = "team"
	Enterprise Plan = "enterprise"
)

// Org is one organisation: everything that the fake serves about it. All funcs may be called at the same time and show
// the present; nil funcs and zero Lists are empty. Login, ID and Plan do not change while the fake runs.
type Org struct {
	Login string
	Name  string
	ID    int64
	Plan  Plan
	// Former are logins the organisation once had: they answer 301.
	Former []string
	// SAML says that the organisation enforces single sign-on: classic tokens need to be authorised for it.
	SAML bool
	// SecretScanning says that secret scanning is on; off, the alerts answer 404.
	SecretScanning bool
	CreatedAt      time.Time

	// Version changes whenever anything below does. It lets the fake keep sorted orders; nil: sorted for every request.
	Version func() uint64

	Settings func() Settings

	Members           List[Member] // key: login, lower case, or "#" and the id
	Outside           List[Member] // outside collaborators (Role and Public are not used); key: login, lower case
	Invitations       List[Invitation]
	FailedInvitations List[Invitation]
	Blocks            List[User]

	Teams       List[TeamInfo]                       // key: slug, or "#" and the id
	TeamMembers func(slug string) List[TeamMember]   // with the members of child teams, Inherited
	TeamRepos   func(slug string) List[RepoGrant]    // repositories a team may use
	Roles       List[Role]                           // organisation roles; key: id in decimal
	RoleUsers   func(id int64) List[RoleUser]        //
	RoleTeams   func(id int64) List[RoleTeam]        //
	Installed   List[Installation]                   // GitHub Apps installed on the organisation
	Credentials List[Credential]                     // SSO credential authorisations
	PATs        List[PAT]                            // fine-grained tokens with access; key: id in decimal
	PATRequests List[PAT]                            // fine-grained tokens that wait for approval; key: id in decimal
	PATRepos    func(patID int64) List[string]       // names of repositories of a token or request with "subset"
	SCIMUsers   List[SCIMUser]                       // identities of the SAML provider; key: id
	Hooks       List[Hook]                           // webhooks of the organisation; key: id in decimal
	Audit       List[Event]                          // audit log, ascending in Time
	OrgEvents   List[PublicEvent]                    // GET /orgs/{org}/events, newest first
	Alerts      List[Alert]                          // secret scanning, newest first; key: "repo/number"
	Repos       List[Repo]                           // in order of creation; key: name, lower case, or "#" and the id
	Tree        func(repo string) List[Blob]         // default branch, sorted by the bytes of Path; empty: an empty repository
	Content     func(repo, sha string) []byte        // a blob's bytes; nil: no such blob
	Access      func(repo string) List[Collaborator] // everyone with access to a repository
	RepoTeams   func(repo string) List[TeamGrant]    //
	DeployKeys  func(repo string) List[DeployKey]    //

	over *overlay // of the Org that is served
}

// Settings are the organisation's own, in GET /orgs/{org}; only an owner sees them.
type Settings struct {
	Description, Company, Blog, Location, Email, BillingEmail string
	Verified                                                  bool
	Seats, FilledSeats                                        int
	DefaultRepositoryPermission                               string // read, write, admin, none; empty is read
	TwoFactorRequired                                         bool
	MembersCanCreateRepositories                              bool
	MembersCanCreatePublicRepositories                        bool
	MembersCanCreatePrivateRepositories                       bool
	MembersCanCreateInternalRepositories                      bool
	MembersCanForkPrivateRepositories                         bool
	MembersCanDeleteRepositories                              bool
	MembersCanChangeVisibility                                bool
	MembersCanInviteOutsideCollaborators                      bool
	MembersCanCreatePages                                     bool
	WebCommitSignoffRequired                                  bool
	SecretScanningForNew                                      bool // secret scanning is on in new repositories
	PushProtectionForNew                                      bool
	DependabotAlertsForNew                                    bool
	AdvancedSecurityForNew                                    bool
	DeployKeysEnabled                                         bool
	UpdatedAt                                                 time.Time
}

// User is an account of GitHub. Type is "User" (the default) or "Bot". Email is public; empty: not shown.
type User struct {
	ID           int64
	Login        string
	Name         string
	Email        string
	Company      string
	Type         string
	SiteAdmin    bool
	CreatedAt    time.Time
	UpdatedAt    time.Time
	ManagedEmail string // verified e-mail of an SCIM identity; never served by REST
}

// Member is a user in the organisation.
type Member struct {
	User
	Role      string // admin or member
	TwoFactor string // secure, insecure (SMS) or disabled; empty is secure
	Public    bool   // whether the membership is shown to everyone
}

// Invitation is one that waits or, with FailedAt, one that failed. Login is empty where the invited has no account.
type Invitation struct {
	ID           int64
	Login        string
	Email        string
	Role         string // direct_member, admin, billing_manager, hiring_manager, reinstate
	Source       string // member or scim; empty is member
	CreatedAt    time.Time
	FailedAt     time.Time
	FailedReason string
	Inviter      User
	Teams        int

	user User // of one that was made by a call
}

// TeamInfo is a team.
type TeamInfo struct {
	ID          int64
	Slug        string
	Name        string
	Description string
	Privacy     string // closed (default) or secret
	Permission  string // pull (default), push, admin …
	Type        string // organization (default) or enterprise
	Parent      string // slug; empty: no parent
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// TeamMember is a user in a team.
type TeamMember struct {
	User
	Role      string // member or maintainer
	Inherited bool   // from a child team
}

// RepoGrant is a repository that a team may use.
type RepoGrant struct {
	Repo       Repo
	Permission string // pull, triage, push, maintain, admin
}

// TeamGrant is a team that may use a repository.
type TeamGrant struct {
	Team       TeamInfo
	Permission string // pull, triage, push, maintain, admin
}

// Role is an organisation role. Source is Predefined, Organization or Enterprise.
type Role struct {
	ID          int64
	Name        string
	Description string
	BaseRole    string
	Source      string
	Permissions []string
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// RoleUser is a user who has a role: direct, indirect (through the teams From) or mixed.
type RoleUser struct {
	User
	Assignment string
	From       []TeamInfo
}

// RoleTeam is a team that has a role.
type RoleTeam struct {
	Team       TeamInfo
	Assignment string // direct or indirect
}

// Installation is a GitHub App on an organisation. Account is the organisation's login; empty: the one that lists it.
type Installation struct {
	ID                  int64
	AppID               int64
	AppSlug             string
	ClientID            string
	Account             string
	RepositorySelection string   // all (default) or selected
	Repositories        []string // names, where selected
	Permissions         map[string]string
	Events              []string
	CreatedAt           time.Time
	UpdatedAt           time.Time
	SuspendedAt         time.Time
	SuspendedBy         User
}

// Credential is one that a member authorised for single sign-on.
type Credential struct {
	ID             int64
	Login          string
	Type           string // "personal access token", "SSH key", "OAuth app token", "GitHub app token"
	Scopes         []string
	TokenLastEight string
	Fingerprint    string
	Title          string // of a key
	Note           string // of a token
	AuthorizedID   int64  // id of the token or key itself
	AuthorizedAt   time.Time
	AccessedAt     time.Time
	ExpiresAt      time.Time
}

// PAT is a fine-grained personal access token with access to the organisation, or a request for access.
type PAT struct {
	ID                  int64
	Owner               User
	RepositorySelection string // none, all, subset
	Organization        map[string]string
	Repository          map[string]string
	Other               map[string]string
	Reason              string    // of a request
	GrantedAt           time.Time // of a request: when it was made
	TokenID             int64
	TokenName           string
	ExpiresAt           time.Time // zero: never
	LastUsedAt          time.Time
}

// SCIMUser is a provisioned identity.
type SCIMUser struct {
	ID                    string
	Login                 string // of the member it is linked to; empty: of none
	NameID                string // of SAML; empty: UserName
	ExternalID            string
	UserName              string
	DisplayName           string
	GivenName, FamilyName string
	Emails                []string // the first is primary
	Active                bool
	CreatedAt             time.Time
	UpdatedAt             time.Time
}

// Hook is a webhook of the organisation. Secret signs what is delivered and is never shown.
type Hook struct {
	ID          int64
	URL         string
	Secret      string
	ContentType string // json (default) or form
	InsecureSSL bool
	Events      []string
	Inactive    bool
	CreatedAt   time.Time
	UpdatedAt   time.Time
}

// Event is an entry of the audit log. Fields are served at top level beside the common ones and win over them, so a
// field can take the odd shapes GitHub gives (org as an array).
type Event struct {
	ID      string    // _document_id
	Time    time.Time // @timestamp
	Created time.Time // created_at; zero: as Time. A git event never has it
	Action  string
	Actor   string
	ActorID int64
	Git     bool // a git event: only with include=git or all, kept for 7 days
	Fields  map[string]any
}

// PublicEvent is an entry of GET /orgs/{org}/events.
type PublicEvent struct {
	ID      string
	Type    string // PushEvent, MemberEvent …
	Actor   User
	RepoID  int64
	Repo    string // name without owner
	Payload map[string]any
	Public  bool
	Created time.Time
}

// Repo is a repository.
type Repo struct {
	ID             int64
	Name           string
	Former         string // a name it once had: it answers 301
	Description    string
	Visibility     string // public, private (default), internal
	Archived       bool
	Disabled       bool
	Fork           bool
	Template       bool
	DefaultBranch  string // main
	Head           string // commit of the default branch; changes with every push
	Language       string
	Topics         []string
	SizeKB         int
	SecretScanning bool
	CreatedAt      time.Time
	UpdatedAt      time.Time
	PushedAt       time.Time
}

// Blob is a file at the default branch. Mode "160000" is a submodule, which has no Size; empty is a plain file.
type Blob struct {
	Path string
	SHA  string
	Mode string
	Size int64
}

// Collaborator is a user with access to a repository.
type Collaborator struct {
	User
	Permission string // pull, triage, push, maintain, admin
	RoleName   string // read, triage, write, maintain, admin or a custom role; empty: from Permission
	Outside    bool   // not a member of the organisation
	Direct     bool   // given to the user, not by team or base permission; an outside collaborator always is
}

// DeployKey is an SSH key of a repository.
type DeployKey struct {
	ID        int64
	Title     string
	Key       string
	ReadOnly  bool
	Verified  bool
	Disabled  bool
	AddedBy   string
	CreatedAt time.Time
	LastUsed  time.Time
}

// Alert is a secret that was found.
type Alert struct {
	Repo           string // name without owner
	Number         int
	State          string // open (default) or resolved
	SecretType     string
	SecretTypeName string
	Secret         string
	Resolution     string // false_positive, wont_fix, revoked, used_in_tests
	ResolvedBy     User
	ResolvedAt     time.Time
	Validity       string // active, inactive, unknown
	PubliclyLeaked bool
	MultiRepo      bool
	PushBypassed   bool
	PushBypassedBy User
	PushBypassedAt time.Time
	Path           string // of the first location
	StartLine      int
	BlobSHA        string
	CommitSHA      string
	CreatedAt      time.Time
	UpdatedAt      time.Time
}
