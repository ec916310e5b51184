// Package daemon puts the agent together. It reads from top to bottom the way the data goes: configuration, connectors,
// quota, scans, stores, answers. It holds no logic of its own.
//
// It promises: one wrong instance is set aside and the others run; a new configuration is built beside the running one,
// and instances that it leaves as they are do not notice; when Run returns, nothing of the agent is left running.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"

	"github.com/mooring-hq/mooring/agent/internal/alert"
	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/audit"
	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/decision"
	"github.com/mooring-hq/mooring/agent/internal/judge"
	"github.com/mooring-hq/mooring/agent/internal/kept"
	"github.com/mooring-hq/mooring/agent/internal/plughost"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/quota"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
)

// Options of New.
type Options struct {
	// Config is the file or folder.
	Config string
	// Self is the agent's own binary, which becomes the shim of each connector.
	Self    string
	Version string
	Logger  hclog.Logger
}

// Daemon is the agent.
type Daemon struct {
	Options
	started time.Time
	own     *bolt.Store // the agent's file: quota, decisions, kept secrets
	kept    *kept.Store
	audit   *audit.Log

	decisions *decision.Decisions
	alerts    *alert.Alerts
	judges    judges
	elsewhere *elsewhere
	around    atomic.Pointer[around]
	ledger    *quota.Ledger
	meter     *meter
	host      *plughost.Host

	reloading   sync.Mutex // one reload at a time
	authorizing sync.Mutex // one step of a login at a time

	mu        sync.Mutex
	config    *config.Config
	policies  []*policy.Policy
	joined    bool // who is who was known once
	locks     *Locks
	outlets   outlets
	instances map[string]*instance
	swapped   chan struct{} // closed when the instances are others
	order     []string
	receiver  receiver
	ctx       context.Context //nolint:containedctx // that of Run: instances of a later configuration live in it too
	wg        sync.WaitGroup
}

// New reads the configuration and opens the agent's own file. It starts nothing.
func New(o Options) (*Daemon, error) {
	c, locks, err := Load(o.Config)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(c.Agent.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("agent.data_dir: %w", err)
	}
	own, err := bolt.OpenAgent(c.Agent.DataDir)
	if err != nil {
		return nil, err
	}
	left, _ := filepath.Glob(filepath.Join(c.Agent.DataDir, scan.TempPattern)) // of a process killed in the wrong microsecond
	for _, path := range left {
		_ = os.Remove(path)
	}
	d := &Daemon{Options: o, started: time.Now(), own: own, config: c, locks: locks, instances: map[string]*instance{}, swapped: make(chan struct{})}
	d.kept = kept.New(own, sealKey(c))
	if err := d.openGovernance(); err != nil {
		return nil, errors.Join(err, own.Close())
	}
	d.ledger = quota.New(quota.Config{Load: d.loadQuota, Save: d.saveQuota})
	d.policies = d.compile(c)
	if b, err := own.Doc(joinedBucket, []byte(joinedKey)); err == nil && b != nil {
		d.joined = true
	}
	d.judges.by = map[string]*judge.Judge{}
	d.survey()
	d.meter = newMeter(d.ledger)
	d.host = plughost.New(plughost.Config{
		RuntimeDir: runtimeDir(c.Agent.DataDir), Self: o.Self, Quota: d.meter, Logger: o.Logger,
	})
	return d, nil
}

// runtimeDir is for the sockets of connectors: short, since a socket's path has 108 bytes, and private.
func runtimeDir(dataDir string) string { return filepath.Join(filepath.Dir(SocketPath(dataDir)), "c") }

// Run runs until ctx ends.
func (d *Daemon) Run(ctx context.Context) error {
	return d.with(ctx, func(ctx context.Context) error {
		// Before the stores are taken: whoever asks meanwhile waits for an answer, and does not find them locked.
		listener, err := listen(SocketPath(d.config.Agent.DataDir))
		if err != nil {
			return err
		}
		d.apply(true)
		d.govern(ctx)
		d.wg.Go(func() { d.takeFreed(ctx) })
		return serve(ctx, listener, api.New(d))
	})
}

// with runs what every use of connectors needs around body.
func (d *Daemon) with(ctx context.Context, body func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	d.ctx = ctx
	d.elsewhere = &elsewhere{d: d, ctx: ctx, readers: map[string]*follower{}}
	var ledger, base sync.WaitGroup
	last, stopLedger := context.WithCancel(context.WithoutCancel(ctx))
	outer, stop := context.WithCancel(last)
	var hostErr error
	ledger.Go(func() { _ = d.ledger.Run(last) })
	base.Go(func() {
		if hostErr = d.host.Run(outer); outer.Err() == nil {
			cancel()
		}
	})
	err := body(ctx)
	cancel()
	d.wg.Wait() // engines first: what they got is written
	stop()
	base.Wait() // connectors may have a secret to spend and to keep yet
	stopLedger()
	ledger.Wait()
	tidy(runtimeDir(d.config.Agent.DataDir))
	if errors.Is(hostErr, context.Canceled) {
		hostErr = nil
	}
	return errors.Join(err, hostErr, d.close())
}

// close lets go of the stores.
func (d *Daemon) close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := errors.Join(d.audit.Close(), d.own.Close())
	for _, i := range d.instances {
		if i.store != nil {
			err = errors.Join(err, i.store.Close())
		}
	}
	return err
}

// apply makes the instances those of the configuration. Instances that did not change go on as they are.
func (d *Daemon) apply(start bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	wanted := map[string]*config.Instance{}
	d.order = nil
	if start {
		d.receive()
		d.send()
	}
	for _, c := range d.config.Instances {
		wanted[c.ID()] = c
		d.order = append(d.order, c.ID())
	}
	for id, i := range d.instances {
		if c := wanted[id]; c == nil || i.differs(d, c) {
			i.leaves = switchedOff(c)
			i.stop(d)
			delete(d.instances, id)
		}
	}
	if err := rename(d); err != nil {
		d.Logger.Error("data stays where it is", "error", err)
	}
	var fresh []*instance
	for _, id := range d.order {
		if d.instances[id] == nil {
			i := newInstance(d, wanted[id])
			d.instances[id] = i
			fresh = append(fresh, i)
		}
	}
	d.survey() // before they judge
	for _, i := range fresh {
		if start {
			i.start(d)
		}
	}
	close(d.swapped)
	d.swapped = make(chan struct{})
}

// freedEvery is how often a store is tried that another process had open: a command that read it when the agent came.
const freedEvery = 2 * time.Second

// takeFreed starts the instances whose store was in use, once it is not any more.
func (d *Daemon) takeFreed(ctx context.Context) {
	tick := time.NewTicker(freedEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		d.mu.Lock()
		waits := false
		for _, i := range d.instances {
			waits = waits || i.waits()
		}
		d.mu.Unlock()
		if waits {
			d.reloading.Lock()
			d.apply(true)
			d.reloading.Unlock()
		}
	}
}

// Reload reads the configuration anew and swaps it in. A configuration with errors changes nothing.
func (d *Daemon) Reload(context.Context) error {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	c, locks, err := Load(d.Options.Config)
	if err != nil {
		return err
	}
	d.mu.Lock()
	if c.Agent.DataDir != d.config.Agent.DataDir {
		d.mu.Unlock()
		return errors.New("agent.data_dir cannot change while the agent runs: stop it, move the folder, start it")
	}
	d.mu.Unlock()
	if err := d.auditConfiguration(c); err != nil {
		return err
	}
	d.mu.Lock()
	d.config, d.locks, d.policies = c, locks, d.compile(c)
	d.mu.Unlock()
	d.apply(true)
	d.Logger.Info("configuration is reloaded", "instances", len(c.Instances))
	return nil
}

// Organisation is who "we" are: what the configuration says, else the verified domains that the connectors report.
func (d *Daemon) Organisation() record.Organisation {
	d.mu.Lock()
	defer d.mu.Unlock()
	return organisation(d.config, d.views())
}

// Agent is part of api.Backend.
func (d *Daemon) Agent() api.Agent { return d }

// Info is part of api.Agent.
func (d *Daemon) Info() api.Info {
	return api.Info{Version: d.Version, PID: os.Getpid(), Started: d.started.UTC(), Config: d.Options.Config, DataDir: d.config.Agent.DataDir}
}

// Quota is part of api.Agent.
func (d *Daemon) Quota() []quota.BucketStatus { return d.ledger.Status() }

// handlerTimeout bounds reading a request of the API; answers may take as long as they need.
const handlerTimeout = 10 * time.Second

func newServer(h http.Handler) *http.Server {
	return &http.Server{Handler: h, ReadHeaderTimeout: handlerTimeout, ReadTimeout: handlerTimeout}
}
