package daemon

import (
	"fmt"
	"os"

	"github.com/mooring-hq/mooring/agent/internal/config"
	"github.com/mooring-hq/mooring/agent/internal/people"
)

// PeopleMap reads the file that says who is who. It is read at each question, so nobody has to tell that it changed.
func PeopleMap(c *config.Config) (people.Map, error) {
	path := c.Organization.People
	if path == "" {
		return people.Map{}, nil
	}
	f, err := os.Open(path) //nolint:gosec // the configuration names it
	if err != nil {
		return people.Map{}, fmt.Errorf("organization.people: %w", err)
	}
	defer func() { _ = f.Close() }()
	m, err := people.ReadMap(f)
	if err != nil {
		return people.Map{}, fmt.Errorf("%s:%w", path, err)
	}
	return m, nil
}

// PeopleMap is part of api.Backend.
func (d *Daemon) PeopleMap() (people.Map, error) {
	d.mu.Lock()
	c := d.config
	d.mu.Unlock()
	return PeopleMap(c)
}

// PeopleMap is part of api.Backend.
func (s *Stores) PeopleMap() (people.Map, error) { return PeopleMap(s.config) }
