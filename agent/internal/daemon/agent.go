package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/agent/internal/store"
	"github.com/mooring-hq/mooring/sdk"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// Instances is part of api.Backend.
func (d *Daemon) Instances() []*api.Instance {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append(d.views(), orphans(d.config)...)
}

// views needs the lock.
func (d *Daemon) views() []*api.Instance {
	var all []*api.Instance
	for _, id := range d.order {
		if i := d.instances[id]; i != nil {
			all = append(all, i.view(d))
		}
	}
	return all
}

// orphans are instances whose data is here although no block names them any more: kept until `instance rm`.
func orphans(c *config.Config) []*api.Instance {
	found, _ := filepath.Glob(filepath.Join(c.Agent.DataDir, "instances", "*", "*"))
	slices.Sort(found)
	var all []*api.Instance
	for _, dir := range found {
		provider, name := filepath.Base(filepath.Dir(dir)), filepath.Base(dir)
		if c.Instance(provider+"/"+name) == nil {
			all = append(all, &api.Instance{
				Provider: provider, Name: name, Orphaned: true,
				Problem: "no instance block names it: add the block again, or remove the data with `mooring instance rm`",
			})
		}
	}
	return all
}

// organisation is what the configuration says, else the verified domains that the connectors report.
func organisation(c *config.Config, instances []*api.Instance) record.Organisation {
	if len(c.Organization.Domains) > 0 {
		return record.NewOrganisation(c.Organization.Domains...)
	}
	var domains []string
	for _, i := range instances {
		if i.Store == nil {
			continue
		}
		if check, err := scan.LastCheck(i.Store); err == nil {
			domains = append(domains, check.GetDomains()...)
		}
	}
	return record.NewOrganisation(domains...)
}

func (d *Daemon) running(id string) (*instance, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := d.instances[id]
	if i != nil && i.engine == nil {
		if why := i.needs(d.ctx); why != "" {
			return nil, sdk.Errorf(sdk.ErrAuth, "instance %s: %s", id, why)
		}
	}
	if i == nil || i.engine == nil {
		return nil, fmt.Errorf("instance %s does not run", id)
	}
	return i, nil
}

// Scan is part of api.Agent.
func (d *Daemon) Scan(id string, kinds []wire.Kind, full bool) error {
	i, err := d.running(id)
	if err != nil {
		return err
	}
	for _, l := range i.c.Description.GetListings() {
		wanted := len(kinds) == 0
		for _, k := range kinds {
			wanted = wanted || slices.Contains(l.GetDefines(), k) || slices.Contains(l.GetEnriches(), k)
		}
		if wanted {
			i.engine.Want(l.GetName(), full)
		}
	}
	return nil
}

// Check is part of api.Agent.
func (d *Daemon) Check(ctx context.Context, id string) (*wire.CheckResponse, error) {
	i, err := d.running(id)
	if err != nil {
		return nil, err
	}
	return i.engine.Check(ctx)
}

// CheckActing is part of api.Agent.
func (d *Daemon) CheckActing(ctx context.Context, id string) (*wire.CheckResponse, error) {
	i, err := d.running(id)
	if err != nil || i.acting == nil {
		return nil, err
	}
	return i.acting.check(ctx, nil)
}

// Backup is part of api.Agent.
func (d *Daemon) Backup(ctx context.Context, id string, to api.Sink) error {
	d.mu.Lock()
	i := d.instances[id]
	d.mu.Unlock()
	if i == nil || i.store == nil {
		return fmt.Errorf("instance %s has no store that is open", id)
	}
	return i.store.Backup(ctx, to)
}

const quotaBucket, quotaKey = "quota", "ledger"

func (d *Daemon) loadQuota() []quota.BucketSnapshot {
	b, err := d.own.Doc(quotaBucket, []byte(quotaKey))
	if err != nil || b == nil {
		return nil
	}
	var all []quota.BucketSnapshot
	if err := json.Unmarshal(b, &all); err != nil {
		d.Logger.Warn("what was known of the quotas cannot be read, it is learned anew", "error", err)
		return nil
	}
	return all
}

func (d *Daemon) saveQuota(all []quota.BucketSnapshot) {
	b, err := json.Marshal(all)
	if err == nil {
		doc := store.Doc{Bucket: quotaBucket, Key: []byte(quotaKey), Value: b}
		_, err = d.own.Commit(context.Background(), &store.Batch{At: time.Now(), Docs: []store.Doc{doc}})
	}
	if err != nil {
		d.Logger.Warn("what is known of the quotas could not be kept", "error", err)
	}
}

// RemoveInstance deletes the data of an instance that no block names. What an agent that is running keeps of its login, that
// agent deletes.
func RemoveInstance(c *config.Config, provider, name string, running bool) error {
	if c.Instance(provider+"/"+name) != nil {
		return fmt.Errorf("instance %s/%s still has its block in the configuration: remove that first", provider, name)
	}
	dir := InstanceDir(c.Agent.DataDir, provider, name)
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("instance %s/%s has no data in %s", provider, name, c.Agent.DataDir)
	} else if err != nil {
		return err
	}
	if !running {
		if err := forgetOffline(c, provider+"/"+name); err != nil {
			return err
		}
	}
	return os.RemoveAll(dir)
}
