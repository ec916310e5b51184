// Package githuborg shows parts of the simulated company as organisations of GitHub.
//
// It promises that everything is computed from the company when it is asked for, and that a person, a project or a file
// has the same name, id and content in every organisation. It keeps nothing but the names of the last blobs that it
// listed.
package githuborg

import (
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/github/githubtest"
)

// Part is the part of the company that one organisation has.
type Part struct {
	Login, Name string
	ID          int64
	Plan        githubtest.Plan
	// Departments have their people and teams here; none: all.
	Departments []company.Department
	// Owning departments have their projects here.
	Owning []company.Department

	people, projects *company.Unit
}

// Platform is everybody, and the projects of those who build: an enterprise with single sign-on and audit log.
func Platform() *Part {
	return newPart(Part{
		Login: "acme-platform", Name: "Acme Platform", ID: 9_000_001, Plan: githubtest.Enterprise,
		Owning: []company.Department{
			company.Engineering, company.Product, company.Finance, company.People, company.IT, company.Security, company.Legal,
		},
	})
}

// Sales is those who sell and support, and those who administer: a smaller plan without audit log.
func Sales() *Part {
	return newPart(Part{
		Login: "acme-sales", Name: "Acme Sales", ID: 9_000_002, Plan: githubtest.Team,
		Departments: []company.Department{company.Sales, company.Support, company.Marketing, company.IT, company.Security},
		Owning:      []company.Department{company.Sales, company.Support, company.Marketing},
	})
}

func newPart(p Part) *Part {
	p.people, p.projects = company.UnitOf(p.Departments...), company.UnitOf(p.Owning...)
	if len(p.Departments) == 0 {
		p.Departments = company.Departments()
	}
	return &p
}

// Live gives the company with the units of the parts, as it is at a time.
func Live(c *company.Company, at time.Time, parts ...*Part) *company.Live {
	var units []*company.Unit
	for _, p := range parts {
		units = append(units, p.people)
	}
	return c.Live(at, units...)
}
