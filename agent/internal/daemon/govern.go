package daemon

import (
	"errors"
	"os"
	"strings"

	"github.com/mooring-hq/mooring/agent/internal/alert"
	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/decision"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
)

var _ api.Governor = (*Stores)(nil)

// Own is part of api.Governor: the agent's file, opened for reading.
func (s *Stores) Own() (alert.Docs, func(), error) {
	own, err := bolt.ReadAgent(s.config.Agent.DataDir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, func() {}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	return own, func() { _ = own.Close() }, nil // only read
}

// PolicyNames is part of api.Governor.
func (s *Stores) PolicyNames() []string { return policyNames(s.config) }

// PolicyNames is part of api.Governor.
func (d *Daemon) PolicyNames() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return policyNames(d.config)
}

// hasData tells whether there is anything of an instance, whether a block names it or not.
func (d *Daemon) hasData(id string) bool {
	d.mu.Lock()
	dataDir := d.config.Agent.DataDir
	d.mu.Unlock()
	provider, name, _ := strings.Cut(id, "/")
	_, err := os.Stat(InstanceDir(dataDir, provider, name))
	return !errors.Is(err, os.ErrNotExist)
}

func policyNames(c *config.Config) []string {
	var names []string
	for _, p := range c.Policies {
		names = append(names, p.Name)
	}
	return names
}

// Alerts is part of api.Governor: nobody follows while no agent runs.
func (s *Stores) Alerts() *alert.Alerts { return nil }

// Decisions is part of api.Governor: nobody decides while no agent runs.
func (s *Stores) Decisions() *decision.Decisions { return nil }
