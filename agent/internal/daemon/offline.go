package daemon

import (
	"errors"
	"os"
	"slices"

	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/record"
	"github.com/mooring-hq/mooring/agent/internal/scan"
	"github.com/mooring-hq/mooring/agent/internal/store/bolt"
)

// Stores is the backend of the API while no agent runs: the stores, opened for reading.
type Stores struct {
	config    *config.Config
	instances []*api.Instance
	open      []*bolt.Store
	parties   *policy.Parties // made at the first question
	geo       *places         // likewise
}

// Offline opens the stores of a configuration for reading.
func Offline(c *config.Config) (*Stores, error) {
	s := &Stores{config: c}
	for _, i := range c.Instances {
		view := &api.Instance{Provider: i.Provider, Name: i.Name, Description: i.Description, Enabled: i.Enabled}
		view.Off = scan.Off(i.Description, rulesOf(i))
		s.instances = append(s.instances, view)
		if i.Err.HasErrors() {
			view.Problem = told(i.Err)
			continue
		}
		store, err := bolt.Open(bolt.Options{Dir: InstanceDir(c.Agent.DataDir, i.Provider, i.Name), ReadOnly: true})
		switch {
		case errors.Is(err, os.ErrNotExist):
			view.New = true
			view.Problem = "not scanned yet: start the agent with `mooring run`, or scan once with `mooring scan`"
		case err != nil:
			view.Problem = err.Error()
		default:
			view.Store = store
			s.open = append(s.open, store)
		}
	}
	offlineNeeds(c, s.instances)
	return s, nil
}

// Instances is part of api.Backend.
func (s *Stores) Instances() []*api.Instance {
	return append(slices.Clip(s.instances), orphans(s.config)...)
}

// Organisation is part of api.Backend.
func (s *Stores) Organisation() record.Organisation { return organisation(s.config, s.instances) }

// Agent is part of api.Backend: none runs.
func (s *Stores) Agent() api.Agent { return nil }

// Close lets go of the stores.
func (s *Stores) Close() error {
	var err error
	for _, o := range s.open {
		err = errors.Join(err, o.Close())
	}
	return err
}
