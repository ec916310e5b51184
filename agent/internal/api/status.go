package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/judge"
	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/agent/internal/sink"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Status is the state of everything.
type Status struct {
	Agent     *Info            `json:"agent,omitempty"`
	Instances []InstanceStatus `json:"instances"`
	Quota     []QuotaStatus    `json:"quota,omitempty"`
	Sinks     []sink.Status    `json:"sinks,omitempty"`
}

// InstanceStatus is the state of one instance.
type InstanceStatus struct {
	Instance string `json:"instance"`
	// State: running, starting, backoff, degraded, waiting, stopped, disabled, set_aside, login_needed, orphaned; when no agent
	// runs, new (never scanned) or idle.
	State    string `json:"state"`
	Problem  string `json:"problem,omitempty"`
	Tenant   string `json:"tenant,omitempty"`
	TenantID string `json:"tenant_id,omitempty"`
	Subject  string `json:"subject,omitempty"`
	// CredentialExpires is absent when the provider does not say.
	CredentialExpires *time.Time       `json:"credential_expires,omitempty"`
	PID               int              `json:"pid,omitempty"`
	Containment       string           `json:"containment,omitempty"`
	Restarts          int              `json:"restarts,omitempty"`
	LastError         string           `json:"last_error,omitempty"`
	Scanning          []scan.Progress  `json:"scanning,omitempty"`
	Listings          []ListingStatus  `json:"listings,omitempty"`
	Records           map[string]int64 `json:"records,omitempty"`
	Spent             *Spent           `json:"spent,omitempty"`
	Realtime          *Realtime        `json:"realtime,omitempty"`
	Policies          *judge.Status    `json:"policies,omitempty"`
}

// ListingStatus is the last round of a listing.
type ListingStatus struct {
	ListingCoverage
	LastScan *time.Time `json:"last_scan,omitempty"`
	Records  int64      `json:"records"`
	Pages    int64      `json:"pages"`
	Shards   int        `json:"shards,omitempty"`
	Missing  int        `json:"missing,omitempty"`
}

// QuotaStatus is one bucket of the ledger.
type QuotaStatus struct {
	Instances []string   `json:"instances"`
	Bucket    string     `json:"bucket"`
	Key       string     `json:"key,omitempty"`
	Shape     string     `json:"shape"`
	Limit     int64      `json:"limit,omitempty"`
	Remaining int64      `json:"remaining"`
	Reset     *time.Time `json:"reset,omitempty"`
	Waiting   int        `json:"waiting,omitempty"`
	Stopped   *time.Time `json:"stopped_until,omitempty"`
}

// counter is what a store can say of its size without reading it.
type counter interface {
	Counts() map[wire.Kind]int64
}

func (s *server) status(w http.ResponseWriter, r *http.Request) error {
	st := Status{Instances: []InstanceStatus{}}
	agent := s.b.Agent()
	if agent != nil {
		st.Agent = new(agent.Info())
		st.Quota, st.Sinks = quotaStatus(agent), agent.Sinks()
	}
	for _, i := range s.b.Instances() {
		one, err := instanceStatus(r.Context(), i, agent != nil)
		if err != nil {
			one.State, one.Problem = "set_aside", err.Error()
		}
		st.Instances = append(st.Instances, one)
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(st)
}

func instanceStatus(ctx context.Context, i *Instance, running bool) (InstanceStatus, error) {
	st := InstanceStatus{Instance: i.ID(), State: "idle", Problem: i.Problem}
	if i.Live != nil {
		live := i.Live()
		st.State, st.PID, st.Containment, st.Restarts, st.LastError = live.Phase, live.PID, live.Level, live.Restarts, live.LastError
		st.Scanning, st.Spent, st.Realtime, st.Policies = live.Progress, new(live.Spent), live.Realtime, live.Policies
	}
	switch {
	case i.Orphaned:
		st.State = "orphaned"
	case !i.Enabled:
		st.State = "disabled"
	case i.Login != "":
		st.State, st.Problem, st.LastError = "login_needed", i.Login, ""
	case i.New:
		st.State = "new"
	case i.Problem != "":
		st.State = "set_aside"
	case running && i.Live == nil:
		st.State = "stopped"
	}
	if i.Store == nil {
		return st, nil
	}
	if err := st.stored(ctx, i); err != nil {
		return st, err
	}
	return st, nil
}

// stored fills in what the store knows.
func (st *InstanceStatus) stored(ctx context.Context, i *Instance) error {
	check, err := scan.LastCheck(i.Store)
	if err != nil {
		return err
	}
	if check != nil {
		st.Tenant, st.TenantID, st.Subject = check.GetTenantName(), check.GetTenantId(), check.GetSubject()
		if t := check.GetCredentialExpires(); t != nil {
			st.CredentialExpires = new(t.AsTime())
		}
	}
	rounds, err := scan.Rounds(ctx, i.Store)
	if err != nil {
		return err
	}
	c, err := coverage(ctx, i)
	if err != nil {
		return err
	}
	for _, lc := range c.Listings {
		ls := ListingStatus{ListingCoverage: lc}
		for _, r := range rounds {
			if r.Listing == lc.Listing {
				ls.Records, ls.Pages, ls.Shards, ls.Missing = r.Records, r.Pages, r.Shards, r.Missing
				if !r.Finished.IsZero() {
					ls.LastScan = new(r.Finished.UTC())
				}
			}
		}
		st.Listings = append(st.Listings, ls)
	}
	if c, ok := i.Store.(counter); ok {
		st.Records = map[string]int64{}
		for k, n := range c.Counts() {
			st.Records[sdk.KindName(k)] = n
		}
	}
	return nil
}

func quotaStatus(a Agent) []QuotaStatus {
	var all []QuotaStatus
	for _, b := range a.Quota() {
		q := QuotaStatus{Instances: b.Instances, Bucket: b.Bucket, Key: b.Key, Shape: b.Shape, Limit: b.Limit, Remaining: b.Remaining}
		for _, n := range b.Waiting {
			q.Waiting += n
		}
		if !b.Reset.IsZero() {
			q.Reset = new(b.Reset.UTC())
		}
		if !b.StoppedUntil.IsZero() {
			q.Stopped = new(b.StoppedUntil.UTC())
		}
		all = append(all, q)
	}
	return all
}
