package daemon

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/mooring-hq/mooring/agent/internal/action"
	"github.com/mooring-hq/mooring/agent/internal/audit"
	"github.com/mooring-hq/mooring/agent/internal/plughost"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/agent/internal/view"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const (
	// actIdle is how long the process that acts stays when nobody needs it.
	actIdle = time.Minute
	// stopFile in the data directory holds all actions back, by being there; what it says is the reason.
	stopFile = "actions.stopped"
	// maxReasonBytes of it are read.
	maxReasonBytes = 1 << 10
	// ownerArg is the argument by which an action asks whose a file is: an id, or an e-mail address.
	ownerArg = "owner"
)

// acting is an instance's second process: with the credentials of its actions block, started for an action, stopped after.
type acting struct {
	d *Daemon
	i *instance

	mu        sync.Mutex
	users     int
	connector *plughost.Connector
	proved    int // the process that is at the instance's own tenant, as it proved
	idle      *time.Timer
}

// name of the process, to quota and host.
func (a *acting) name() string { return a.i.c.ID() + "/act" }

// open gives the process once it has proved at which tenant it is. Nothing else is called before.
func (a *acting) open(ctx context.Context) (action.Actor, func(), error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.idle != nil {
		a.idle.Stop()
	}
	if err := a.prove(ctx); err != nil {
		a.rest()
		return nil, nil, err
	}
	a.users++
	return a.connector, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.users--
		a.rest()
	}, nil
}

// rest stops the process when nobody needs it for a while. It needs the lock.
func (a *acting) rest() {
	if a.users > 0 || a.connector == nil {
		return
	}
	a.idle = time.AfterFunc(actIdle, func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		if a.users == 0 {
			a.endLocked()
		}
	})
}

func (a *acting) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.endLocked()
}

func (a *acting) endLocked() {
	if a.idle != nil {
		a.idle.Stop()
	}
	if a.connector != nil {
		a.d.host.Stop(a.name())
		a.d.ledger.Forget(a.name())
		a.connector, a.proved = nil, 0
	}
}

// check asks what the actions credentials may do, at the tenant of ours: what the instance's own said; nil: said last.
func (a *acting) check(ctx context.Context, ours *wire.CheckResponse) (*wire.CheckResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.idle != nil {
		a.idle.Stop()
	}
	defer a.rest()
	return a.ask(ctx, ours)
}

// prove has the process say at which tenant it is, if it did not yet.
func (a *acting) prove(ctx context.Context) error {
	if a.connector != nil && a.proved != 0 && a.connector.State().PID == a.proved {
		return nil
	}
	_, err := a.ask(ctx, nil)
	return err
}

// ask starts the process if there is none, and has it say at which tenant it is, and what it may do there. It needs the lock.
func (a *acting) ask(ctx context.Context, ours *wire.CheckResponse) (*wire.CheckResponse, error) {
	if a.connector == nil {
		spec, err := a.spec(ctx)
		if err != nil {
			return nil, err
		}
		a.d.ledger.Configure(a.name(), a.i.c.Description.GetBuckets(), a.i.c.Quota.Share, nil)
		a.connector = a.d.host.Start(*spec)
	}
	if ours == nil {
		var err error
		if ours, err = scan.LastCheck(a.i.store); err != nil {
			return nil, err
		}
	}
	is, err := a.connector.Check(ctx)
	if err != nil {
		return nil, fmt.Errorf("the actions credentials: %w", err)
	}
	if err := sameTenant(a.i.c.ID(), ours, is); err != nil {
		a.endLocked()
		return nil, err
	}
	a.d.ledger.Own(a.name(), a.i.c.Provider, is.GetOwners())
	a.proved = a.connector.State().PID
	return is, nil
}

// sameTenant: credentials for another tenant change nothing.
func sameTenant(id string, ours, is *wire.CheckResponse) error {
	switch {
	case ours.GetTenantId() == "":
		return sdk.Errorf(sdk.ErrNotReady, "instance %s: its tenant is not known yet: nothing is done before `mooring check` says who it is", id)
	case is.GetTenantId() != ours.GetTenantId():
		return sdk.Errorf(sdk.ErrBlocked, "instance %s: the actions credentials are for tenant %q (%s), the instance is %q (%s): nothing is done with them",
			id, is.GetTenantId(), is.GetTenantName(), ours.GetTenantId(), ours.GetTenantName())
	}
	return nil
}

func (a *acting) spec(ctx context.Context) (*plughost.Spec, error) {
	spec, err := a.i.spec(ctx, a.d)
	if err != nil {
		return nil, err
	}
	spec.Name, spec.Role, spec.Keeper, spec.Secrets = a.name(), plughost.RoleAct, nil, a.secrets
	return spec, nil
}

// secrets of the actions block only.
func (a *acting) secrets(ctx context.Context) (map[string]string, error) {
	values := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(a.i.c.Actions.Credentials)) {
		v, err := reveal(ctx, a.i.c.Actions.Credentials[name])
		if err != nil {
			return nil, fmt.Errorf("actions.credentials.%s: %w", name, err)
		}
		values[name] = v
	}
	return values, nil
}

// openActions builds the engine of an instance that may change something.
func (i *instance) openActions(d *Daemon) (err error) {
	if i.c.Actions == nil {
		return nil
	}
	i.acting = &acting{d: d, i: i}
	i.actions, err = action.New(action.Config{
		Instance: i.c.ID(), Specs: i.c.Description.GetActions(), Store: i.store, Audit: d.audit, Open: i.acting.open,
		Guard: func(ctx context.Context, _ string, target record.Ref) error { return d.guard(ctx, i, target) },
		Doubt: func(ctx context.Context, target record.Ref) string { return doubt(ctx, i, target) }, Stopped: d.stopped,
		Fill:       i.fill,
		Population: func(k wire.Kind) int64 { return i.store.Counts()[k] },
		Acted:      i.acted,
		Logger:     d.Logger.With("instance", i.c.ID()),
	})
	return err
}

// fill says whose a file is, to actions that ask for its owner: providers show a file to those only who may open it.
func (i *instance) fill(spec *wire.ActionSpec, target record.Ref) map[string]string {
	asks := func(a *wire.SettingSpec) bool { return a.GetName() == ownerArg }
	if target.Kind != wire.Kind_KIND_FILE || !slices.ContainsFunc(spec.GetArgs(), asks) {
		return nil
	}
	found, err := view.New(i.source(), record.Organisation{}, time.Time{}).Record(context.Background(), target.Kind, target.ID)
	if err != nil || found == nil {
		return nil // the connector looks for it
	}
	file, _ := found.Record.(*wire.File)
	if owner := cmp.Or(file.GetOwner().GetId(), file.GetOwner().GetEmail()); owner != "" {
		return map[string]string{ownerArg: owner}
	}
	return nil
}

// acted has a target looked at again, where it was seen last.
func (i *instance) acted(target record.Ref) {
	ref := &wire.Ref{Kind: target.Kind, Id: &target.ID}
	for row, err := range i.store.Rows(context.Background(), store.Range{Kind: target.Kind, ID: target.ID}) {
		if err != nil {
			return // the next scan sees it
		}
		i.engine.Hint(&wire.Hint{
			Listing: row.Home.Listing, Shard: row.Home.Shard, Refs: []*wire.Ref{ref}, Reason: "an action", SeenAt: timestamppb.Now(),
		})
	}
}

// stopped says why no action may leave: somebody put a file there.
func (d *Daemon) stopped() string {
	b, err := os.ReadFile(filepath.Join(d.around.Load().config.Agent.DataDir, stopFile))
	switch {
	case os.IsNotExist(err):
		return ""
	case err != nil:
		return "whether actions are stopped cannot be read: " + err.Error()
	}
	return "all actions are stopped: " + strings.TrimSpace(string(b[:min(len(b), maxReasonBytes)]))
}

// StopActions is part of api.Actions. That it is written down is less urgent than that it is done.
func (d *Daemon) StopActions(reason string) error {
	err := d.auditNote("actions stopped", reason)
	return errors.Join(err, os.WriteFile(filepath.Join(d.around.Load().config.Agent.DataDir, stopFile), []byte(reason+"\n"), 0o600))
}

// ResumeActions is part of api.Actions.
func (d *Daemon) ResumeActions() error {
	if err := d.auditNote("actions resumed", ""); err != nil {
		return err
	}
	err := os.Remove(filepath.Join(d.around.Load().config.Agent.DataDir, stopFile))
	if os.IsNotExist(err) {
		return nil
	}
	return err
}

func (d *Daemon) auditNote(what, text string) error {
	b, err := json.Marshal(map[string]string{"reason": text})
	if err != nil {
		return err
	}
	return d.audit.Append(audit.Entry{What: what, Actor: "agent", Detail: b})
}

// doubt: while a listing of the kind has lost so much at once that it is held, what policies conclude from it is doubtful.
func doubt(ctx context.Context, i *instance, target record.Ref) string {
	rounds, err := scan.Rounds(ctx, i.store)
	if err != nil {
		return "what was listed last cannot be read: " + err.Error()
	}
	for _, l := range i.c.Description.GetListings() {
		if !slices.Contains(l.GetDefines(), target.Kind) {
			continue
		}
		at := slices.IndexFunc(rounds, func(r scan.Round) bool { return r.Listing == l.GetName() })
		if at >= 0 && rounds[at].Held {
			r := rounds[at]
			return fmt.Sprintf("listing %s lacks %d records at once: nobody knows yet whether they are gone", l.GetName(), r.Missing)
		}
	}
	return ""
}

// guard refuses what touches the agent's own credentials, and whom the configuration protects.
func (d *Daemon) guard(ctx context.Context, i *instance, target record.Ref) error {
	a := d.around.Load()
	protected := a.config.Organization.Protected
	if slices.Contains(protected, target.String()) {
		return sdk.Errorf(sdk.ErrBlocked, "%s is protected: organization.protected names it", target)
	}
	found, err := view.New(i.source(), a.org, time.Time{}).Record(ctx, target.Kind, target.ID)
	if err != nil {
		return err
	}
	if found == nil {
		return nil // nothing is known of it: the provider will say
	}
	names, self := namesOf(found.Record), map[string]bool{}
	if check, err := scan.LastCheck(i.store); err == nil {
		self[strings.ToLower(check.GetSubject())] = true
	}
	for _, n := range names {
		if n == "" {
			continue
		}
		if slices.ContainsFunc(protected, func(p string) bool { return strings.EqualFold(p, n) }) {
			return sdk.Errorf(sdk.ErrBlocked, "%s is %s, which organization.protected names", target, n)
		}
		if self[strings.ToLower(n)] {
			return sdk.Errorf(sdk.ErrBlocked, "%s is %s, whose credentials the agent itself uses", target, n)
		}
	}
	return nil
}

// namesOf are those by whose name a record's loss would be felt.
func namesOf(m wire.RecordMessage) []string {
	ref := func(r *wire.Ref) []string { return []string{r.GetEmail(), r.GetName(), r.GetId()} }
	switch r := m.(type) {
	case *wire.Account:
		return []string{r.GetEmail(), r.GetName(), r.GetId()}
	case *wire.Membership:
		return ref(r.GetMember())
	case *wire.Grant:
		return ref(r.GetAccount())
	}
	return nil
}
