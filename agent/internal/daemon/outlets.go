package daemon

import (
	"context"
	"reflect"
	"sync"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/health"
	"github.com/mooring-hq/mooring/agent/internal/plughost"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/sink"
	wire "github.com/mooring-hq/mooring/sdk/wire/v1"
)

// outlets are the sinks of one configuration.
type outlets struct {
	config []*config.Sink
	sinks  *sink.Sinks
	stop   func() // and waits for their end
}

// send makes the sinks those of the configuration. It needs the lock.
func (d *Daemon) send() {
	if d.outlets.stop != nil {
		if reflect.DeepEqual(d.outlets.config, d.config.Sinks) {
			return
		}
		d.outlets.stop()
	}
	s := sink.New(sink.Config{
		Sinks: d.config.Sinks, Store: d.own, Version: d.Version, Logger: d.Logger.Named("sinks"),
		Network:      func(ctx context.Context) (*wire.Network, error) { return networkOf(ctx, d.around.Load().config) },
		Organisation: func() record.Organisation { return d.around.Load().org },
	})
	ctx, cancel := context.WithCancel(d.ctx)
	if err := s.Begin(ctx); err != nil {
		d.Logger.Error("sinks", "error", err) // Run tries again
	}
	var running sync.WaitGroup
	d.wg.Add(1)
	running.Go(func() {
		defer d.wg.Done()
		d.ended(ctx, "sinks", s.Run(ctx))
	})
	d.outlets = outlets{config: d.config.Sinks, sinks: s, stop: func() { cancel(); running.Wait() }}
}

// watch tells of the health of the agent's parts, until ctx ends.
func (d *Daemon) watch(ctx context.Context) {
	w := health.New(health.Config{
		Store: d.own, Events: sink.Events, Logger: d.Logger.Named("health"),
		Sources: []func() []health.Report{d.healthOfInstances, d.healthOfSinks, health.Disk(d.config.Agent.DataDir)},
	})
	d.ended(ctx, "health", w.Run(ctx))
}

func (d *Daemon) healthOfInstances() []health.Report {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []health.Report
	for _, id := range d.order {
		i := d.instances[id]
		if i == nil {
			continue
		}
		r := health.Report{Subject: "instance " + id, State: health.OK, Instance: id}
		switch why := i.aside(); {
		case why != "":
			r.State, r.Reason, r.Severity = "set aside", why, "high"
		case i.needs(d.ctx) != "":
			r.State, r.Reason, r.Severity = "login needed", i.needs(d.ctx), "high"
		case i.connector != nil:
			s := i.connector.State()
			if s.Phase == plughost.Degraded || s.Phase == plughost.Backoff {
				r.State, r.Reason = "failing", s.LastError
			}
		}
		all = append(all, r)
	}
	return all
}

func (d *Daemon) healthOfSinks() []health.Report {
	var all []health.Report
	for _, s := range d.Sinks() {
		r := health.Report{Subject: "sink " + s.Sink, State: s.State, Reason: s.LastError}
		if s.State == "disabled" {
			r.State = health.OK
		}
		all = append(all, r)
	}
	return all
}

// Sinks is part of api.Agent.
func (d *Daemon) Sinks() []sink.Status {
	d.mu.Lock()
	s := d.outlets.sinks
	d.mu.Unlock()
	if s == nil {
		return nil
	}
	return s.Status()
}
