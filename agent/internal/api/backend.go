// Package api answers over HTTP and JSON what the agent saw, does and is waiting for. The command line is its first
// client: over the unix socket of a running agent, or in its own process over stores opened for reading.
//
// It promises: an answer says how old and how complete it is (_coverage); what is unknown is left out, never made up; a
// slow reader holds nothing but itself. It does not authenticate: the socket's file mode does, and the console will.
package api

import (
	"context"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/judge"
	"github.com/mooring-hq/mooring/agent/internal/people"
	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/agent/internal/sink"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/view"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Backend is what the answers come from.
type Backend interface {
	// Instances in the order of the configuration, orphaned ones last.
	Instances() []*Instance
	Organisation() record.Organisation
	// PeopleMap is what the configuration's file says about who is who.
	PeopleMap() (people.Map, error)
	// Agent is nil when none runs.
	Agent() Agent
}

// Agent is what only a running agent can do.
type Agent interface {
	Info() Info
	Quota() []quota.BucketStatus
	Sinks() []sink.Status
	// Scan asks for listings of an instance; no kinds: all.
	Scan(instance string, kinds []wire.Kind, full bool) error
	Check(ctx context.Context, instance string) (*wire.CheckResponse, error)
	// CheckActing asks the same of the credentials for actions; nil when the instance has none.
	CheckActing(ctx context.Context, instance string) (*wire.CheckResponse, error)
	// BeginLogin gives the page on which a person consents. FinishLogin keeps what came of it, and says who we are then.
	BeginLogin(ctx context.Context, instance, redirect string, scopes []string) (*LoginPage, error)
	FinishLogin(ctx context.Context, instance string, state []byte, pasted string) (*Checked, error)
	// ForgetLogin deletes the login of an instance that no block names.
	ForgetLogin(ctx context.Context, instance string) error
	Backup(ctx context.Context, instance string, to Sink) error
	Reload(ctx context.Context) error
}

// Sink takes a backup's bytes.
type Sink interface{ Write(p []byte) (int, error) }

// Info of the running agent.
type Info struct {
	Version string    `json:"version"`
	PID     int       `json:"pid"`
	Started time.Time `json:"started"`
	Config  string    `json:"config"`
	DataDir string    `json:"data_dir"`
}

// Instance is one connected app, as far as it is known.
type Instance struct {
	Provider, Name string
	Description    *wire.Description
	// Store is nil when the instance is set aside; Problem says why.
	Store    store.Store
	Problem  string
	Enabled  bool
	Orphaned bool
	// Off are the listings that the configuration, or their cost, keeps from being walked.
	Off []string
	// New: it was never scanned, so there is nothing to open.
	New bool
	// Login is why somebody has to log in before it can go on; "" when nobody has to.
	Login string
	// Live is nil when no agent runs.
	Live func() Live
}

// ID names the instance.
func (i *Instance) ID() string { return i.Provider + "/" + i.Name }

func (i *Instance) source() view.Source {
	return view.Source{Provider: i.Provider, Name: i.Name, Description: i.Description, Store: i.Store}
}

// Live is what goes on right now.
type Live struct {
	Phase     string // of the connector's process
	PID       int
	Level     string
	Restarts  int
	Since     time.Time
	LastError string
	Progress  []scan.Progress
	Spent     Spent
	Realtime  *Realtime
	Policies  *judge.Status // nil: nobody judges
}

// Spent is where the time of an instance's calls went.
type Spent struct {
	Requests  int64         `json:"requests"`
	Throttled int64         `json:"throttled"`
	Quota     time.Duration `json:"quota_ns"`
	Provider  time.Duration `json:"provider_ns"`
}
