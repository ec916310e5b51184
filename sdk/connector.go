package sdk

import (
	"context"
	"net/http"
	"time"

	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Connector is what an author writes. It is safe for concurrent use; there is one value per process, and it keeps no
// state that a restart would miss.
type Connector interface {
	// Describe is constant: no I/O, no settings, no clock. It also runs when the agent only wants to know.
	Describe() *Description
	// Scan lists one shard of one listing. Returning nil without w.Complete() is an incomplete walk: it deletes nothing
	// and is repeated later.
	Scan(ctx context.Context, s *Session, w *Walk) error
}

// Description says all the host must know before it starts the connector.
type Description struct {
	// Name is the provider; default: the file name without "mooring-connector-".
	Name string
	// Version defaults to the build's.
	Version string
	// Doc is one line: what app this connects.
	Doc string
	// BaseURL is the default of the setting base_url. Its host is the only one that credentials go to, unless Hosts says
	// more.
	BaseURL string
	// Auth lists the ways to authenticate; the one whose fields the configuration gives is used.
	Auth Auth
	// Settings are the connector's own; base_url comes by itself.
	Settings []Setting
	// Listings, in order: where several of a kind write one field, the first wins.
	Listings []Listing
	// Buckets are the provider's quotas. None: one adaptive bucket that learns from the headers it sees.
	Buckets  []Bucket
	Realtime []Realtime
	Hosts    []Host
	// Actions the connector can take (it then is an Actor).
	Actions []*wire.ActionSpec
	// Content it can give (it then is a Reader).
	Content *wire.ContentSpec
	// Fetches are the kinds whose refs Fetch answers (it then is a Fetcher).
	Fetches []Kind
	// Unsupported capabilities of the provider, each with the reason.
	Unsupported map[string]string
	// Classify types an answer outside 2xx where the status alone misleads (a 403 that is a throttle). nil result or nil
	// func: by status. body is at most MaxErrorBytes of it.
	Classify func(res *http.Response, body []byte) *Error
}

// SettingType is the type of a setting's value.
type SettingType string

// The types of settings.
const (
	SettingString   SettingType = "string"
	SettingBool     SettingType = "bool"
	SettingInt      SettingType = "int"
	SettingDuration SettingType = "duration"
	SettingList     SettingType = "list" // of strings
	SettingEndpoint SettingType = "endpoint"
)

// Setting is one attribute of an instance's settings block.
type Setting struct {
	Name     string
	Type     SettingType // default string
	Doc      string
	Required bool
	Default  string
	// Identity: another value means another tenant.
	Identity bool
	Enum     []string
}

// ListingType says what a listing can prove.
type ListingType int

// The types of listings.
const (
	// Snapshot lists everything there is, so it can prove absence.
	Snapshot ListingType = iota
	// Delta is a snapshot whose certificate carries a bookmark; the next walk gives changes and tombstones.
	Delta
	// Feed only appends and proves nothing absent: a log.
	Feed
)

// Resume says where an interrupted walk goes on.
type Resume int

// The ways to resume.
const (
	ResumePage Resume = iota // after the last page
	ResumeWalk               // from its start
)

// Listing is one thing the provider can enumerate on its own.
type Listing struct {
	Name string // also the name of the facet it writes
	Doc  string
	// Defines: records exist because this listing lists them. Enriches: it adds fields to records of other listings.
	Defines, Enriches []Kind
	Type              ListingType
	// Parent is the listing whose pages carry the shards of this one (Walk.Found); "": one shard with key "".
	Parent string
	Resume Resume
	// Feed: MaxWindow > 0 makes the host tile time (Walk.From, Walk.Until); 0 is a cursor feed with a bookmark.
	MaxWindow, Lookback, Overlap, LateBy time.Duration
	// Exclusive: a record cannot live in another listing or shard, and one answer holds the whole shard, so that what is
	// not in it is gone.
	Exclusive bool
	// Permissions it needs, in the provider's words.
	Permissions []string
	// Fields of records it fills, as in the proto.
	Fields []string
	// Every is the default interval; 0 lets the host decide by kind.
	Every time.Duration
	// OffByDefault: too expensive to run unasked.
	OffByDefault bool
}

// Bucket is one quota of the provider.
type Bucket struct {
	Name string
	// Shape: fixed_window, rolling, token, concurrency or adaptive.
	Shape  string
	Limit  int64 // per window; 0: learned from answers
	Window time.Duration
	Burst  int64 // token: at once; 0 = Limit
	// KeySource: "" one bucket, "host", "path", or "context" (QuotaKey).
	KeySource string
	// OwnerScope: app, project, org, tenant or credential.
	OwnerScope string
	// Match: which requests belong to it; none: all.
	Match []Match
	// Dialect of the headers: github, okta, ratelimit, retry_after, none; "" detects.
	Dialect string
}

// Match fits a request when all its non-empty fields do.
type Match struct {
	Method, Host string
	Path         string // prefix; "*" stands for one segment
	Cost         int64  // 0 = 1
}

// Realtime is a way to hear of changes early.
type Realtime struct {
	Name          string
	Means         string // longpoll, queue, webhook
	Listings      []string
	ExpectedDelay time.Duration
	Needs         []string
}

// Host is a place the connector sends requests to.
type Host struct {
	// Pattern is a host name, "*.example.com", or "${setting}" for the host of an endpoint setting.
	Pattern string
	Ports   []uint32
	// Credentialed: requests there are authenticated.
	Credentialed bool
	// Audience is given to Method.Token, for providers that want a token per API.
	Audience string
	Purpose  string
}

// Settings gives the configured values; a setting that is not configured has its default.
type Settings map[string]string

// Session is one connected instance. serve fills it.
type Session struct {
	// HTTP leases quota, paces, retries, authenticates, and sends only to declared hosts.
	HTTP     *http.Client
	Instance string
	Settings Settings
	// Secret gives a credential field, "" when it is not configured.
	Secret func(name string) string
	// Keep seals a rotated secret before the old one is gone.
	Keep func(ctx context.Context, name, value string, expires time.Time) error
	// Log writes a line to the agent's log. Secrets in it are masked.
	Log func(level, message string, fields ...string)
	// KeepRaw: activities carry their raw JSON.
	KeepRaw bool
	// Acting: the process was started with the actions credentials, to carry out actions. Only then Check tells of the
	// actions' capabilities, and nothing of what reading does not need.
	Acting bool
	// Classify is the description's.
	Classify func(res *http.Response, body []byte) *Error
}

// Checker tells who the credential is and what it may do: what of the listings, and where Session.Acting is set, what of the
// actions. Without it, serve probes the first page of each root listing.
type Checker interface {
	Check(ctx context.Context, s *Session) (*Status, error)
}

// Status is the answer of Check.
type Status struct {
	// TenantID is the provider's own immutable id of the tenant.
	TenantID, TenantName string
	Subject              string // who the credential is
	CredentialExpires    time.Time
	Domains              []string // verified
	Owners               []QuotaOwner
	Capabilities         []Capability
}

// QuotaOwner names who owns a bucket, so that instances which share it meet.
type QuotaOwner struct {
	Bucket, Owner string
	Limit         int64 // what the plan gives; 0: not known
}

// CapabilityState is what the credential may do.
type CapabilityState = wire.Capability_State

// The states of a capability.
const (
	Held        = wire.Capability_HELD
	Missing     = wire.Capability_MISSING
	NotInPlan   = wire.Capability_NOT_IN_PLAN
	SwitchedOff = wire.Capability_SWITCHED_OFF
	Unneeded    = wire.Capability_UNNEEDED
	Unknown     = wire.Capability_UNKNOWN
)

// Capability is one thing the connector could do: list:X, act:X, content, realtime:X.
type Capability struct {
	Name    string
	State   CapabilityState
	Missing []string // permissions
	Reason  string
	// Fingerprint is equal as long as the credential sees the same things.
	Fingerprint string
}

// Fetched is one answer of Fetch.
type Fetched struct {
	Ref   *Ref
	State wire.FetchResponse_State
	// Records by listing (facet), when found.
	Records map[string]Record
	Err     error
}

// The states of a fetched ref.
const (
	Found  = wire.FetchResponse_FOUND
	Absent = wire.FetchResponse_ABSENT // only where "not found" cannot be a hidden refusal
	Denied = wire.FetchResponse_DENIED
	Failed = wire.FetchResponse_FAILED
)

// Fetcher gives records as they are now.
type Fetcher interface {
	Fetch(ctx context.Context, s *Session, refs []*Ref, yield func(Fetched) error) error
}

// Hint says where to look now.
type Hint struct {
	Listing, Shard string
	Refs           []*Ref
	Reason         string
	SeenAt         time.Time
}

// Watcher gives hints from a long-poll or queue until ctx ends. Losing one loses nothing.
type Watcher interface {
	Watch(ctx context.Context, s *Session, listings []string, hint func(Hint) error) error
}

// Hook is one request of a provider's webhook.
type Hook struct {
	Method, Path string
	Query        map[string][]string
	Header       http.Header
	Body         []byte
	ReceivedAt   time.Time
}

// Reply is the answer to a webhook, and what it hints at.
type Reply struct {
	Status   int // default 200, or 401 when not verified
	Header   map[string]string
	Body     []byte
	Hints    []Hint
	Verified bool
}

// Hooker verifies webhooks and turns them into hints, within 2 s.
type Hooker interface {
	Webhook(ctx context.Context, s *Session, h *Hook) (*Reply, error)
}

// Subscriber registers webhooks at the provider. The host asks for listing "" first, which means all that it hears of by
// webhooks; an error of type ErrUnsupported makes it ask for each listing, and each shard, of its own. It renews what
// expires at two thirds of its life. The secret is the credential field webhook_secret, made by the host when the
// configuration has none.
type Subscriber interface {
	Subscribe(ctx context.Context, s *Session, listing string, shard *Shard, callbackURL, secret string) (id string, expires time.Time, err error)
	Unsubscribe(ctx context.Context, s *Session, id string) error
}
