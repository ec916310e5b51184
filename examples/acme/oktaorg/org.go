// Package oktaorg shows the simulated company as an organisation of Okta, the company's identity provider: everybody has an
// account, who left is deactivated, departments and teams are groups, and the company's other apps are assigned here.
//
// It promises that everything is computed from the company when it is asked for; it keeps only when it last heard of a
// person or a team.
//
// To play it: oktatest.New(Config(live, &key.PublicKey, token)); the agent signs in as ClientID with the key, whose id is
// KeyID, or with the API token, and acts as the app of Acting, if that is added; after every change of the company call Step.
package oktaorg

import (
	"context"
	"crypto/rsa"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
)

// The organisation and the agent's service app.
const (
	OrgID    = "00o1acme000000000001"
	ClientID = "0oa1acme000000000005"
	KeyID    = "acme-mooring-key"
)

// Scopes are those granted to the agent: the ones that only read.
func Scopes() []string {
	return []string{
		"okta.users.read", "okta.groups.read", "okta.roles.read", "okta.logs.read", "okta.apps.read", "okta.appGrants.read",
		"okta.apiTokens.read", "okta.orgs.read", "okta.emailDomains.read",
	}
}

// Config makes the fake show the company. token is an administrator's; empty: there is none.
func Config(live *company.Live, key *rsa.PublicKey, token string) oktatest.Config {
	o := &org{live: live, news: news{person: map[int]time.Time{}, team: map[company.TeamID]time.Time{}}}
	cfg := oktatest.Config{
		Org: &oktatest.Org{
			ID: OrgID, Subdomain: "acme", Name: "Acme", CreatedAt: company.AsOf().AddDate(-13, 0, 0), Domains: []string{company.Domain},
			Users: o.users(), UsersSince: o.usersSince, Groups: o.groups(), Members: o.members, GroupsOf: o.groupsOf, Rules: o.rules(),
			Admins: o.admins(), Roles: o.roles, GroupRoles: o.groupRoles,
			Apps: o.apps(), AppUsers: o.appUsers, AppGroups: o.appGroups, AppGrants: o.appGrants, AppTokens: o.appTokens,
			TokensOf: o.tokensOf, UserGrants: o.userGrants, APITokens: o.apiTokens(), Factors: o.factors, Log: o.log(),
		},
		Apps: []oktatest.ServiceApp{{ClientID: ClientID, KeyID: KeyID, Key: key, Scopes: Scopes()}},
	}
	if token != "" {
		admin := live.Admins()
		cfg.Tokens = []oktatest.Token{{Value: token, ID: agentToken, Name: "Mooring", UserID: userID(admin[len(admin)-1])}}
	}
	return cfg
}

// Step tells the event hooks what has just changed.
func Step(ctx context.Context, server *oktatest.Server, live *company.Live, ch company.Change) {
	if events := (&org{live: live}).events(&ch); len(events) > 0 {
		server.Deliver(ctx, events...)
	}
}

type org struct {
	live *company.Live
	news news
}

// Okta's ids have 20 characters; the first three say of what.
const idForm = "%s1acme%012d"

func userID(person int) string { return fmt.Sprintf(idForm, "00u", person) }

func groupID(n int64) string { return fmt.Sprintf(idForm, "00g", n) }

func appID(n int) string { return fmt.Sprintf(idForm, "0oa", n) }

// number undoes the ids; -1 for what is none of a kind.
func number(kind, id string) int64 {
	rest, ok := strings.CutPrefix(id, kind+"1acme")
	n, err := strconv.ParseInt(rest, 10, 64)
	if !ok || err != nil || n < 0 || fmt.Sprintf(idForm, kind, n) != id {
		return -1
	}
	return n
}
