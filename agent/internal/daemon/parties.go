package daemon

import (
	"os"
	"time"

	"github.com/mooring-hq/mooring/agent/internal/api"
	"github.com/mooring-hq/mooring/agent/internal/geo"
	"github.com/mooring-hq/mooring/agent/internal/policy"
	"github.com/mooring-hq/mooring/agent/internal/scan"
)

var (
	_ api.Surroundings = (*Daemon)(nil)
	_ api.Surroundings = (*Stores)(nil)
)

// Party is part of api.Surroundings.
func (d *Daemon) Party(domain string) (name string, known bool) {
	return d.around.Load().parties.Party(domain)
}

// Country is part of api.Surroundings.
func (d *Daemon) Country(ip string) (code string, known bool) { return d.around.Load().geo.country(ip) }

// Party is part of api.Surroundings.
func (s *Stores) Party(domain string) (name string, known bool) {
	if s.parties == nil {
		var domains []string
		for _, i := range s.instances {
			if i.Store == nil {
				continue
			}
			if check, err := scan.LastCheck(i.Store); err == nil {
				domains = append(domains, check.GetDomains()...)
			}
		}
		s.parties = policy.NewParties(s.config.Organization, domains...)
	}
	return s.parties.Party(domain)
}

// Country is part of api.Surroundings.
func (s *Stores) Country(ip string) (code string, known bool) {
	if s.geo == nil {
		s.geo, _ = readPlaces(s.config.Agent.Geo) // a command that only reads does without
	}
	return s.geo.country(ip)
}

// places is the geo database of the configuration.
type places struct {
	path    string
	written time.Time
	db      *geo.DB // nil: there is none
}

// readPlaces reads the database; what comes back is never nil.
func readPlaces(path string) (*places, error) {
	p := &places{path: path}
	if path == "" {
		return p, nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return p, err
	}
	p.written = info.ModTime()
	p.db, err = geo.Open(path)
	return p, err
}

// places gives the database, read anew when it is another file than before. A file that cannot be read is told of, and then no
// country is known.
func (d *Daemon) places(path string) *places {
	if now := d.around.Load(); now != nil && now.geo.is(path) {
		return now.geo
	}
	p, err := readPlaces(path)
	if err != nil {
		d.Logger.Warn("the geo database cannot be read, so no country of an address is known", "error", err)
	}
	return p
}

// is tells whether it is what stands at the path.
func (p *places) is(path string) bool {
	if p.path != path || path == "" {
		return p.path == path
	}
	info, err := os.Stat(path)
	return err == nil && info.ModTime().Equal(p.written)
}

func (p *places) country(ip string) (code string, known bool) {
	if p.db == nil {
		return "", false
	}
	return p.db.Country(ip)
}
