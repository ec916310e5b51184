package daemon

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/kept"
	"github.com/mooring-hq/mooring/agent/internal/plughost"
	"github.com/mooring-hq/mooring/agent/internal/secret"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

const (
	sealKeyFile = "seal.key"
	// authorizeTime bounds one step of a login, and the check after it.
	authorizeTime = time.Minute
)

// sealKey is what seals kept secrets: what the configuration names, else a file of our own.
func sealKey(c *config.Config) kept.Key {
	if c.Agent.SealKey.IsZero() {
		return kept.FileKey(filepath.Join(c.Agent.DataDir, sealKeyFile))
	}
	return func(ctx context.Context, _ bool) (secret.Value, error) {
		v, err := c.Agent.SealKey.Reference.Resolve(ctx)
		if err != nil {
			return v, fmt.Errorf("agent.seal_key: %w", err)
		}
		return v, nil
	}
}

// loginOf gives the login of an instance; nil when it needs none.
func loginOf(s *kept.Store, c *config.Instance) *kept.Login {
	if c.Login == "" || c.Err.HasErrors() {
		return nil
	}
	return s.Login(c.Login, c.Kept())
}

// needs is why somebody has to log in before the instance can go on.
func (i *instance) needs(ctx context.Context) string {
	if i.login == nil || !i.c.Enabled {
		return ""
	}
	return i.login.Need(ctx)
}

// offlineNeeds is the same while no agent runs.
func offlineNeeds(c *config.Config, views []*api.Instance) {
	if !slices.ContainsFunc(c.Instances, func(i *config.Instance) bool { return i.Login != "" }) {
		return
	}
	var docs kept.Docs // nil: nothing is kept
	if own, err := bolt.ReadAgent(c.Agent.DataDir); err == nil {
		defer func() { _ = own.Close() }() // only read
		docs = own
	}
	s := kept.New(docs, sealKey(c))
	for n, i := range c.Instances {
		if l := loginOf(s, i); l != nil && i.Enabled {
			views[n].Login = l.Need(context.Background())
		}
	}
}

// owner is the instance whose login it is: the one that is named, or the one whose login that shares.
func (d *Daemon) owner(id string) (*config.Instance, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	c := d.config.Instance(id)
	if c != nil && c.Login != "" && c.Login != id {
		c = d.config.Instance(c.Login)
	}
	switch {
	case c == nil:
		return nil, fmt.Errorf("there is no instance %s", id)
	case c.Err.HasErrors():
		return nil, &AsideError{told(c.Err)}
	case c.Login == "":
		return nil, fmt.Errorf("instance %s needs no login: its credentials stand in the configuration", id)
	}
	return c, nil
}

// BeginLogin is part of api.Agent.
func (d *Daemon) BeginLogin(ctx context.Context, id, redirect string, scopes []string) (*api.LoginPage, error) {
	c, err := d.owner(id)
	if err != nil {
		return nil, err
	}
	out, err := d.authorize(ctx, c, &wire.AuthorizeRequest{Step: &wire.AuthorizeRequest_Begin{
		Begin: &wire.AuthorizeBegin{Method: c.Method, RedirectUrl: redirect, Scopes: scopes},
	}})
	if err != nil {
		return nil, err
	}
	return &api.LoginPage{Login: c.ID(), URL: out.GetUrl(), Instructions: out.GetInstructions(), State: out.GetState()}, nil
}

// FinishLogin is part of api.Agent. The instances on the login start anew with it.
func (d *Daemon) FinishLogin(ctx context.Context, id string, state []byte, pasted string) (*api.Checked, error) {
	c, err := d.finish(ctx, id, state, pasted)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	for _, other := range d.order {
		if i := d.instances[other]; i != nil && i.c.Login == c.ID() {
			i.stop(d)
			d.instances[other] = newInstance(d, i.c)
			d.instances[other].start(d)
		}
	}
	i := d.instances[c.ID()]
	d.mu.Unlock()
	if i == nil { // removed meanwhile, by a reload
		return nil, fmt.Errorf("there is no instance %s any more", c.ID())
	}
	return i.whoAmI(ctx), nil
}

// ForgetLogin is part of api.Agent.
func (d *Daemon) ForgetLogin(ctx context.Context, id string) error {
	d.mu.Lock()
	named := d.config.Instance(id) != nil
	d.mu.Unlock()
	if named {
		return fmt.Errorf("instance %s still has its block in the configuration: remove that first", id)
	}
	return d.kept.Forget(ctx, id)
}

// forgetOffline is the same while no agent runs.
func forgetOffline(c *config.Config, id string) error {
	own, err := bolt.OpenAgent(c.Agent.DataDir)
	if err != nil {
		return err
	}
	return errors.Join(kept.New(own, sealKey(c)).Forget(context.Background(), id), own.Close())
}

// LoginOnce begins and finishes a login while no agent runs. ask shows the page to a person, and gives what they pasted.
func (d *Daemon) LoginOnce(ctx context.Context, id, redirect string, scopes []string, ask func(*api.LoginPage) (string, error)) (*api.Checked, error) {
	var who *api.Checked
	err := d.with(ctx, func(ctx context.Context) error {
		d.apply(false)
		page, err := d.BeginLogin(ctx, id, redirect, scopes)
		if err != nil {
			return err
		}
		pasted, err := ask(page)
		if err != nil {
			return err
		}
		c, err := d.finish(ctx, id, page.State, pasted)
		if err != nil {
			return err
		}
		i := d.instances[c.ID()]
		if i.aside() == "" && c.Enabled {
			if err := i.prepare(d); err != nil {
				i.setAside(d, err)
			}
		}
		who = i.whoAmI(ctx)
		return nil
	})
	return who, err
}

// whoAmI asks the provider with the new login. The store is not touched: the engine's own check does that.
func (i *instance) whoAmI(ctx context.Context) *api.Checked {
	ctx, cancel := context.WithTimeout(ctx, authorizeTime)
	defer cancel()
	var answer *wire.CheckResponse
	err := errors.New("the instance is disabled, so the login was not tried")
	switch why := i.aside(); {
	case why != "":
		err = &AsideError{why}
	case i.connector != nil:
		answer, err = i.connector.Check(ctx)
	}
	return new(api.NewChecked(i.c.ID(), answer, err))
}

// finish has the code exchanged, and keeps what came of it.
func (d *Daemon) finish(ctx context.Context, id string, state []byte, pasted string) (*config.Instance, error) {
	c, err := d.owner(id)
	if err != nil {
		return nil, err
	}
	out, err := d.authorize(ctx, c, &wire.AuthorizeRequest{Step: &wire.AuthorizeRequest_Finish{
		Finish: &wire.AuthorizeFinish{State: state, Pasted: pasted},
	}})
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, v := range out.GetSecrets() {
		values[v.GetName()] = v.GetValue()
	}
	for _, name := range c.Kept() {
		if values[name] == "" || len(values) != len(c.Kept()) {
			return nil, fmt.Errorf("instance %s: the login did not give exactly %v, which the connector says it obtains", c.ID(), c.Kept())
		}
	}
	return c, d.kept.Put(ctx, c.ID(), values, c.CredentialMethod().GetRotates(), out.GetToken())
}

// authorize runs one step in a connector of its own, which has the configured fields only.
func (d *Daemon) authorize(ctx context.Context, c *config.Instance, req *wire.AuthorizeRequest) (*wire.AuthorizeResponse, error) {
	d.authorizing.Lock()
	defer d.authorizing.Unlock()
	ctx, cancel := context.WithTimeout(ctx, authorizeTime)
	defer cancel()
	d.mu.Lock()
	spec, err := (&instance{c: c}).spec(ctx, d)
	d.mu.Unlock()
	if err != nil {
		return nil, err
	}
	spec.Instance += " login"
	d.ledger.Configure(spec.Instance, c.Description.GetBuckets(), 1, nil)
	defer d.ledger.Forget(spec.Instance)
	connector := d.host.Start(*spec)
	defer d.host.Stop(spec.Instance)
	return connector.Authorize(ctx, req)
}

// plughost.Keeper is what a login is to a connector.
var _ plughost.Keeper = (*kept.Login)(nil)
