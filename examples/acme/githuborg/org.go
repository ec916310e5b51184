package githuborg

import (
	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/github/githubtest"
)

// org is one organisation of the company as it is now.
type org struct {
	*Part
	live  *company.Live
	blobs blobs
}

// Org shows a part of the company. live must come from Live with this part.
func Org(live *company.Live, p *Part) *githubtest.Org {
	o := &org{Part: p, live: live}
	g := &githubtest.Org{
		Login: p.Login, Name: p.Name, ID: p.ID, Plan: p.Plan,
		CreatedAt: company.AsOf().AddDate(-9, 0, 0), Version: live.Version, Settings: o.settings,

		Members: o.members(), Outside: o.outside(), Invitations: o.invitations(),
		Blocks: githubtest.ListOf(githubtest.User{ID: 66, Login: "spam-sender", CreatedAt: company.AsOf().AddDate(-2, 0, 0)}),

		Teams: o.teams(), TeamMembers: o.teamMembers, TeamRepos: o.teamRepos,
		Roles: o.roles(), RoleTeams: o.roleTeams,
		Installed: o.installed(), Hooks: o.hooks(),
		PATs: o.pats(), PATRequests: o.patRequests(), OrgEvents: o.orgEvents(),

		Repos: o.repos(), Tree: o.tree, Content: o.content, Access: o.access, RepoTeams: o.repoTeams, DeployKeys: o.deployKeys,
	}
	if p.Plan == githubtest.Enterprise {
		g.SAML, g.SecretScanning = true, true
		g.Credentials, g.SCIMUsers, g.Audit, g.Alerts = o.credentials(), o.scimUsers(), o.audit(), o.alerts()
	}
	return g
}

func (o *org) settings() githubtest.Settings {
	seats := o.live.PeopleIn(o.people)
	return githubtest.Settings{
		Description: "Part of Acme", Company: "Acme", Location: "Everywhere", Email: "hello@" + company.Domain,
		BillingEmail: "billing@" + company.Domain, Verified: true, Seats: seats + seats/10, FilledSeats: seats,
		DefaultRepositoryPermission: o.base(), TwoFactorRequired: false, MembersCanCreateRepositories: true,
		MembersCanCreatePublicRepositories: true, MembersCanCreatePrivateRepositories: true,
		MembersCanInviteOutsideCollaborators: o.Plan != githubtest.Enterprise, DeployKeysEnabled: true,
		SecretScanningForNew: o.Plan == githubtest.Enterprise, UpdatedAt: company.AsOf(),
	}
}

// maxBaseRead is the largest company that lets everybody of an organisation read everything in it.
const maxBaseRead = 20_000

// base is what a member may do in every repository.
func (o *org) base() string {
	if o.Plan == githubtest.Enterprise || o.live.Size() > maxBaseRead {
		return "none"
	}
	return "read"
}
