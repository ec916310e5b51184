package daemon

import (
	"github.com/mooring-hq/mooring/agent/internal/api"
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

// Country is part of api.Surroundings: there is no geo database.
func (d *Daemon) Country(string) (code string, known bool) { return "", false }

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

// Country is part of api.Surroundings: there is no geo database.
func (s *Stores) Country(string) (code string, known bool) { return "", false }
