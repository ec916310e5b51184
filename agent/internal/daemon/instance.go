package daemon

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/mooring-hq/mooring/agent/internal/action"
	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/kept"
	"github.com/mooring-hq/mooring/agent/internal/plughost"
	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// instance is one connected app: its process, its scans, its store.
type instance struct {
	c         *config.Instance
	digest    string // of all that, when it changes, starts it anew
	store     *bolt.Store
	login     *kept.Login // nil: it needs none
	connector *plughost.Connector
	engine    *scan.Engine
	acting    *acting        // nil: it may change nothing
	actions   *action.Engine // the same
	cancel    context.CancelFunc
	done      chan struct{}
	hooks     hooks
	leaves    bool // its subscriptions are not wanted any more

	mu      sync.Mutex
	problem string // why it is set aside
	inUse   bool   // by another process: tried again
}

// InstanceDir is the folder of an instance's data.
func InstanceDir(dataDir, provider, name string) string {
	return filepath.Join(dataDir, "instances", provider, name)
}

// rename gives the data of moved instances their new names, before their stores are opened.
func rename(d *Daemon) error {
	for _, m := range d.config.Moved {
		if err := d.kept.Move(d.ctx, m.From, m.To); err != nil {
			return fmt.Errorf("moved: the login of %s: %w", m.From, err)
		}
		from, to := instancePath(d, m.From), instancePath(d, m.To)
		if _, err := os.Stat(from); errors.Is(err, os.ErrNotExist) {
			continue
		}
		if _, err := os.Stat(to); err == nil {
			return fmt.Errorf("moved: both %s and %s have data: remove one with `mooring instance rm`", m.From, m.To)
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return fmt.Errorf("moved: %w", err)
		}
		if err := os.Rename(from, to); err != nil {
			return fmt.Errorf("moved: %w", err)
		}
		d.Logger.Info("the data of an instance has moved", "from", m.From, "to", m.To)
	}
	return nil
}

func instancePath(d *Daemon, id string) string {
	provider, name, _ := strings.Cut(id, "/")
	return InstanceDir(d.config.Agent.DataDir, provider, name)
}

// newInstance opens the store. What is wrong sets this instance aside, and only this one.
func newInstance(d *Daemon, c *config.Instance) *instance {
	i := &instance{c: c, digest: digest(d, c), done: make(chan struct{}), login: loginOf(d.kept, c)}
	if c.Err.HasErrors() {
		i.setAside(d, errors.New(told(c.Err)))
		return i
	}
	store, err := bolt.Open(bolt.Options{Dir: InstanceDir(d.config.Agent.DataDir, c.Provider, c.Name)})
	if err != nil {
		i.setAside(d, err)
		return i
	}
	i.store = store
	return i
}

func (i *instance) setAside(d *Daemon, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.problem = err.Error()
	_, i.inUse = errors.AsType[*bolt.InUseError](err)
	d.Logger.Error("instance is set aside, the others run", "instance", i.c.ID(), "error", err)
}

func (i *instance) waits() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.inUse
}

func (i *instance) aside() string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.problem
}

// spec is how the connector is started.
func (i *instance) spec(ctx context.Context, d *Daemon) (*plughost.Spec, error) {
	path, sha256, err := d.locks.program(i.c.Provider)
	if err != nil {
		return nil, err
	}
	network, err := networkOf(ctx, d.config)
	if err != nil {
		return nil, err
	}
	spec := &plughost.Spec{
		Instance: i.c.ID(), Provider: i.c.Provider, Path: path, SHA256: sha256,
		Settings: i.c.Settings, Secrets: i.secrets, Network: network, Level: levelOf(d.config.Agent.Containment),
		Limits: &wire.Limits{ConcurrentScans: 4, KeepRaw: true},
	}
	if i.login != nil {
		spec.Keeper = i.login
	}
	return spec, nil
}

// prepare has the connector run and builds the engine over it.
func (i *instance) prepare(d *Daemon) error {
	spec, err := i.spec(d.ctx, d)
	if err != nil {
		return err
	}
	daily := map[string]int64{}
	for _, b := range i.c.Description.GetBuckets() {
		if i.c.Quota.Daily > 0 {
			daily[b.GetName()] = i.c.Quota.Daily
		}
	}
	d.ledger.Configure(i.c.ID(), i.c.Description.GetBuckets(), i.c.Quota.Share, daily)
	if err := i.openHooks(d); err != nil {
		return err
	}
	if err := i.openActions(d); err != nil {
		return err
	}
	i.connector = d.host.Start(*spec)
	i.engine = scan.New(scan.Config{
		Instance: i.c.ID(), Description: i.c.Description, Source: i.connector, Store: i.store, Rules: rulesOf(i.c),
		Settings: settingsHash(i.c.Settings), TempDir: d.config.Agent.DataDir, Pull: i.c.Realtime != "off",
		Logger: d.Logger.With("instance", i.c.ID()),
		Checked: func(r *wire.CheckResponse) {
			d.ledger.Own(i.c.ID(), i.c.Provider, r.GetOwners())
			d.checked(i.c.ID(), r)
		},
	})
	return nil
}

// levelOf: nothing set is the highest that this build reaches.
func levelOf(configured string) string {
	if configured == "" {
		return plughost.LevelBasic
	}
	return configured
}

// start scans on schedule until stop, or the daemon's end.
func (i *instance) start(d *Daemon) {
	ctx, cancel := context.WithCancel(d.ctx)
	i.cancel = cancel
	if i.aside() != "" || !i.c.Enabled {
		close(i.done)
		return
	}
	if why := i.needs(ctx); why != "" { // a login starts it
		d.Logger.Warn("instance waits, the others run", "instance", i.c.ID(), "for", why)
		close(i.done)
		return
	}
	if err := i.prepare(d); err != nil {
		i.setAside(d, err)
		close(i.done)
		return
	}
	running, end := context.WithCancel(ctx)
	var listening sync.WaitGroup
	i.subscribe(running, d, &listening)
	listening.Go(func() { d.ended(running, "policies of "+i.c.ID(), i.judge(running, d)) })
	if i.actions != nil {
		listening.Go(func() { d.ended(running, "actions of "+i.c.ID(), i.actions.Run(running)) })
	}
	d.wg.Go(func() {
		defer close(i.done)
		err := i.engine.Run(running)
		end()
		listening.Wait()
		if err != nil && ctx.Err() == nil {
			i.setAside(d, err)
			d.host.Stop(i.c.ID())
		}
	})
}

// stop ends the instance's process and lets go of its store.
func (i *instance) stop(d *Daemon) {
	if i.cancel != nil {
		i.cancel()
		<-i.done
	}
	if i.leaves {
		i.farewell(d)
	}
	if i.acting != nil {
		i.acting.end()
	}
	if i.connector != nil {
		d.host.Stop(i.c.ID())
	}
	d.ledger.Forget(i.c.ID())
	if i.store != nil {
		if err := i.store.Close(); err != nil {
			d.Logger.Error("closing the store", "instance", i.c.ID(), "error", err)
		}
	}
}

// differs says whether a configuration is another one for this instance. One that is set aside is tried again.
func (i *instance) differs(d *Daemon, c *config.Instance) bool {
	return i.aside() != "" || digest(d, c) != i.digest
}

// secrets are resolved at every start of the connector, so that rotation needs no restart of the agent.
func (i *instance) secrets(ctx context.Context) (map[string]string, error) {
	values := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(i.c.Credentials)) {
		v, err := reveal(ctx, i.c.Credentials[name])
		if err != nil {
			return nil, fmt.Errorf("credentials.%s: %w", name, err)
		}
		values[name] = v
	}
	i.hookSecret(values)
	return values, nil
}

func reveal(ctx context.Context, c config.Credential) (string, error) {
	if c.Reference.IsZero() {
		return c.Literal, nil
	}
	v, err := c.Reference.Resolve(ctx)
	if err != nil {
		return "", err
	}
	return v.Reveal(), nil
}

// networkOf is how connectors reach the outside.
func networkOf(ctx context.Context, c *config.Config) (*wire.Network, error) {
	n := &wire.Network{NoProxy: c.Network.NoProxy}
	if !c.Network.Proxy.IsZero() {
		proxy, err := reveal(ctx, c.Network.Proxy)
		if err != nil {
			return nil, fmt.Errorf("network.proxy: %w", err)
		}
		n.Proxy = &proxy
	}
	for _, file := range c.Network.CAFiles {
		pem, err := os.ReadFile(file) //nolint:gosec // named by the operator
		if err != nil {
			return nil, fmt.Errorf("network.ca_files: %w", err)
		}
		n.Roots = append(append(n.Roots, pem...), '\n')
	}
	for _, p := range c.Network.Private {
		n.Private = append(n.Private, p.String())
	}
	return n, nil
}

func rulesOf(c *config.Instance) map[string]scan.Rule {
	rules := map[string]scan.Rule{}
	for name, r := range c.Scans {
		rule := scan.Rule{Every: r.Every}
		if r.Lookback != config.LookbackMax {
			rule.Lookback = r.Lookback
		}
		if r.Enabled != nil {
			rule.Enabled, rule.Disabled = *r.Enabled, !*r.Enabled
		}
		rules[name] = rule
	}
	return rules
}

// settingsHash is equal as long as the settings narrow the view in the same way.
func settingsHash(settings map[string]string) string {
	b, err := json.Marshal(settings) // maps are written in the order of their keys
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// digest covers all that a running instance was built from. Diagnostics and places in files do not matter.
func digest(d *Daemon, c *config.Instance) string {
	h := sha256.New()
	enc := json.NewEncoder(h)
	creds := map[string]string{}
	for name, cred := range c.Credentials {
		creds[name] = cred.Literal + "|" + cred.Reference.String()
	}
	_, program, _ := d.locks.program(c.Provider)
	if c.Actions != nil {
		for name, cred := range c.Actions.Credentials {
			creds["actions."+name] = cred.Literal + "|" + cred.Reference.String()
		}
	}
	_ = enc.Encode([]any{c.Settings, creds, c.Actions != nil, c.Login, rulesOf(c), c.Realtime, c.Quota, c.Enabled, c.Err.Error(), d.config.Agent.Containment})
	_ = enc.Encode([]any{d.config.Network.NoProxy, d.config.Network.CAFiles, d.config.Network.Private, d.config.Network.Proxy.Reference.String()})
	_ = enc.Encode(program)
	_ = enc.Encode(receiverOf(d, c))
	return hex.EncodeToString(h.Sum(nil))
}

// view is what the API shows of the instance.
func (i *instance) view(d *Daemon) *api.Instance {
	v := &api.Instance{
		Provider: i.c.Provider, Name: i.c.Name, Description: i.c.Description, Problem: i.aside(), Enabled: i.c.Enabled,
		Login: i.needs(context.Background()), Off: scan.Off(i.c.Description, rulesOf(i.c)),
	}
	if i.waits() && v.Login != "" { // that the store is being read is over soon, this is not
		v.Problem = v.Login
	}
	if i.store != nil {
		v.Store = i.store
	}
	if i.connector != nil {
		v.Live = func() api.Live {
			s := i.connector.State()
			return api.Live{
				Phase: string(s.Phase), PID: s.PID, Level: s.Level, Restarts: s.Restarts, Since: s.Since, LastError: s.LastError,
				Progress: i.engine.Progress(), Spent: d.meter.spent(i.c.ID()), Realtime: i.realtime(), Policies: d.judges.status(i.c.ID()),
			}
		}
	}
	return v
}
