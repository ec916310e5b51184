// Package config reads config.hcl into types and says, for everything that is wrong in it, where it stands and what to
// write instead.
//
// It promises: nothing is resolved, dialled or run, so a configuration is checked without any secret at hand; one wrong
// instance is set aside with its errors and the others load; whatever the bytes, the answer is a Config and diagnostics
// that each have a file, a line and a column; no text of a credential is in a message. It does not compile the
// conditions of policies (package policy does), and does not look whether files it names exist.
package config

import (
	"math"
	"net/netip"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/mooring-hq/mooring/agent/internal/secret"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Providers knows what the connectors say of themselves. catalog.Lock is one.
type Providers interface {
	Description(provider string) (*wire.Description, error)
	Names() []string
}

// Config is a whole configuration.
type Config struct {
	Agent        Agent
	Organization Organization
	Network      Network
	// Ingest is nil without an ingest block.
	Ingest    *Ingest
	Instances []*Instance
	Policies  []*Policy
	Sinks     []*Sink
	Moved     []Moved
	// Files that were read, by name, for Print.
	Files map[string]*hcl.File
}

// Agent is about the agent itself. Paths are absolute, or relative to the working directory as the configuration is.
type Agent struct {
	DataDir string
	// Listen is a loopback address; empty: only the unix socket.
	Listen        string
	ConnectorDirs []string
	LogLevel      string // debug | info | warn | error
	LogFormat     string // text | json
	// Containment is strict, basic or off; empty: as strict as the machine allows.
	Containment string
	// Geo is a database of where addresses are, in the MaxMind DB format; empty: none.
	Geo string
	// SealKey is what the key of kept secrets is derived from; without a reference: a file in DataDir.
	SealKey Credential `json:",omitzero"`
	Range   hcl.Range
	// AuditCheckpoints is a second file for the checkpoints of the audit log, best on another disk; "": none.
	AuditCheckpoints string
}

// Organization says who "we" are, and who is not quite a stranger.
type Organization struct {
	Domains   []string // in lower case
	Protected []string // e-mails and refs that no action touches
	People    string   // file of who is who; empty: none
	Partners  []Partner
	// Personal are domains of free mail beside those that everybody knows, in lower case.
	Personal []string
	Range    hcl.Range
}

// Partner is another organisation, which policies may treat by its name.
type Partner struct {
	Name    string
	Domains []string // in lower case
}

// Network says how the outside is reached.
type Network struct {
	// Proxy is a URL, which may hold a password.
	Proxy   Credential
	NoProxy []string
	CAFiles []string
	// Private addresses that may be dialled.
	Private []netip.Prefix
	Range   hcl.Range
}

// Instance is one connected app.
type Instance struct {
	Provider, Name string
	Description    *wire.Description
	// Settings has every setting that is configured or has a default, in one form: true or false, a decimal number, a
	// time as time.Duration prints it, a list as a JSON array.
	Settings    map[string]string
	Credentials map[string]Credential
	// Method is the credential method whose fields are given.
	Method string
	// Login is whose login it uses, its own id or another instance's; "" when its method has no kept fields.
	Login string
	// Actions is nil when the instance cannot change anything.
	Actions *Actions
	// Scans has the listings with a rule of their own, by name.
	Scans    map[string]ScanRule
	Realtime string // off | pull | push
	Quota    Quota
	Enabled  bool
	// Err is why the instance is set aside; then nothing else of it may be relied on but Provider, Name and Range.
	Err   hcl.Diagnostics
	Range hcl.Range
}

// ID names the instance everywhere.
func (i *Instance) ID() string { return i.Provider + "/" + i.Name }

// CredentialMethod is what the connector says of Method; nil when it takes no credentials.
func (i *Instance) CredentialMethod() *wire.CredentialMethod {
	for _, m := range i.Description.GetCredentials() {
		if m.GetName() == i.Method {
			return m
		}
	}
	return nil
}

// Kept are the fields that a login obtains.
func (i *Instance) Kept() []string {
	var names []string
	for _, f := range i.CredentialMethod().GetFields() {
		if f.GetKept() {
			names = append(names, f.GetName())
		}
	}
	return names
}

// Actions is what an instance needs to change something.
type Actions struct {
	Credentials map[string]Credential
	Method      string
	Range       hcl.Range
}

// Credential is a field's reference, or its text where the field is not a secret.
type Credential struct {
	Reference secret.Reference
	Literal   string
	Range     hcl.Range
}

// IsZero tells whether there is none.
func (c Credential) IsZero() bool { return c.Literal == "" && c.Reference.IsZero() }

// ScanRule is how one listing is scanned. Zero fields are left to the connector's description.
type ScanRule struct {
	Every time.Duration
	// Lookback is how far back a feed is read, or LookbackMax.
	Lookback time.Duration
	Enabled  *bool
	Range    hcl.Range
}

// LookbackMax reads a feed as far back as the vendor keeps it.
const LookbackMax = time.Duration(math.MaxInt64)

// Quota is what the instance may use.
type Quota struct {
	Share float64 // of what the tenant shares with other integrations; 1: all
	Daily int64   // requests a day; 0: no cap
}

// Policy is a rule, as it is written.
type Policy struct {
	Name        string
	Description string
	On          string // a kind, in singular
	When        Source
	Severity    string // info | low | medium | high | critical
	Mode        string // observe | alert | enforce
	// ActWithin: older activities cause no action; 0: the default.
	ActWithin time.Duration
	// MaxPerHour caps its actions; 0: the default.
	MaxPerHour int64
	// Group is what its findings are gathered by; empty: the default of its kind.
	Group   string
	Enabled bool
	Actions []PolicyAction
	// Repeat is nil where one match is enough.
	Repeat *Repeat
	// Tests are the test blocks as they stand, for `policy test`.
	Tests []*hclsyntax.Block
	// OnRange and GroupRange are places of values that package policy may refuse.
	OnRange, GroupRange hcl.Range
	Range               hcl.Range
}

// Repeat asks for many activities by one, within a time.
type Repeat struct {
	Count  int64
	Within time.Duration
	// By and Distinct are checked by package policy, which knows what can be counted.
	By, Distinct string
	// Places of the values; Range is the block's.
	ByRange, DistinctRange, Range hcl.Range
}

// PolicyAction is an action that a policy asks for.
type PolicyAction struct {
	Name     string
	Approval string // required | none
	Args     map[string]string
	// Ranges of the args, and of the name.
	ArgRanges map[string]hcl.Range
	NameRange hcl.Range
	Range     hcl.Range
}

// Moved renames an instance that has data.
type Moved struct {
	From, To string
	Range    hcl.Range
}

// Instance finds an instance by its id; nil when there is none.
func (c *Config) Instance(id string) *Instance {
	for _, i := range c.Instances {
		if i.ID() == id {
			return i
		}
	}
	return nil
}

// All joins what Load found wrong with the errors of the instances that are set aside, in the order of the files.
func (c *Config) All(diags hcl.Diagnostics) hcl.Diagnostics {
	all := append(hcl.Diagnostics{}, diags...)
	for _, i := range c.Instances {
		all = append(all, i.Err...)
	}
	sortByPlace(all)
	return all
}
