package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/mooring-hq/mooring/agent/internal/action"
	"github.com/mooring-hq/mooring/agent/internal/alert"
	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/audit"
	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/decision"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/view"
)

var (
	_ api.Governor = (*Daemon)(nil)
	_ api.Actions  = (*Daemon)(nil)
)

// AuditDir is the folder of the audit log.
func AuditDir(dataDir string) string { return filepath.Join(dataDir, "audit") }

// openGovernance opens what every decision is written to before it counts.
func (d *Daemon) openGovernance() error {
	var err error
	d.audit, err = audit.Open(audit.Options{Dir: AuditDir(d.config.Agent.DataDir), Second: d.config.Agent.AuditCheckpoints})
	if err != nil {
		return err
	}
	if d.decisions, err = decision.New(context.Background(), decision.Config{Store: d.own, Audit: d.audit, Logger: d.Logger.Named("decisions")}); err != nil {
		return err
	}
	d.alerts = alert.New(alert.Config{
		Store: d.own, Audit: d.audit, Instances: d.outboxes, Exists: d.hasData, Logger: d.Logger.Named("alerts"),
	})
	return d.auditConfiguration(d.config)
}

// govern runs what follows the instances.
func (d *Daemon) govern(ctx context.Context) {
	d.wg.Go(func() {
		d.audit.Run(ctx, func(err error) { d.Logger.Error("no checkpoint of the audit log", "error", err) })
	})
	d.wg.Go(func() { d.ended(ctx, "decisions", d.decisions.Run(ctx)) })
	d.wg.Go(func() { d.ended(ctx, "alerts", d.alerts.Run(ctx)) })
	d.wg.Go(func() { d.decided(ctx) })
	d.wg.Go(func() { d.watch(ctx) })
	if !d.joined { // else every start would have all judges begin anew
		d.wg.Go(func() { d.join(ctx) })
	}
}

func (d *Daemon) ended(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		d.Logger.Error("ended, restart the agent", "what", what, "error", err)
	}
}

// compile reads the policies. One that is wrong is left out, and the others judge.
func (d *Daemon) compile(c *config.Config) []*policy.Policy {
	all, diags := policy.Load(c)
	if diags.HasErrors() { // warnings are for `mooring validate`
		d.Logger.Error("policies are left out, the others judge", "error", told(diags))
	}
	return all
}

// outboxes are the stores that are open now.
func (d *Daemon) outboxes() (map[string]alert.Outbox, <-chan struct{}) {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := map[string]alert.Outbox{}
	for id, i := range d.instances {
		if i.store != nil {
			all[id] = i.store
		}
	}
	return all, d.swapped
}

// auditConfiguration writes down which configuration is in force.
func (d *Daemon) auditConfiguration(c *config.Config) error {
	files := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(c.Files)) {
		sum := sha256.Sum256(c.Files[name].Bytes)
		files[filepath.Base(name)] = hex.EncodeToString(sum[:])
	}
	detail := map[string]any{"files": files, "version": d.Version}
	var policies []string
	for _, p := range c.Policies {
		policies = append(policies, p.Name+" ("+p.Mode+")")
	}
	var acting []string
	for _, i := range c.Instances {
		if i.Actions != nil {
			acting = append(acting, i.ID())
		}
	}
	detail["policies"], detail["may_act"] = policies, acting
	b, err := json.Marshal(detail)
	if err != nil || len(b) > audit.MaxEntryBytes/2 {
		b, err = json.Marshal(map[string]any{"files": files})
	}
	if err != nil {
		return err
	}
	return d.audit.Append(audit.Entry{What: "configuration", Actor: "agent", Detail: b})
}

// Own is part of api.Governor.
func (d *Daemon) Own() (alert.Docs, func(), error) { return d.own, func() {}, nil }

// Alerts is part of api.Governor.
func (d *Daemon) Alerts() *alert.Alerts { return d.alerts }

// Decisions is part of api.Governor.
func (d *Daemon) Decisions() *decision.Decisions { return d.decisions }

// Actions is part of api.Actions.
func (d *Daemon) Actions(id string) (*action.Engine, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := d.instances[id]
	switch {
	case i == nil:
		return nil, fmt.Errorf("there is no instance %s", id)
	case i.c.Actions == nil:
		return nil, fmt.Errorf("instance %s may change nothing: its block has no actions { credentials { … } }", id)
	case i.actions == nil:
		return nil, fmt.Errorf("instance %s does not run: %s", id, i.aside())
	}
	return i.actions, nil
}

// source is the instance as records are read from it.
func (i *instance) source() view.Source {
	return view.Source{Provider: i.c.Provider, Name: i.c.Name, Description: i.c.Description, Store: i.store}
}
