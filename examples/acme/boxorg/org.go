// Package boxorg shows the simulated company as an enterprise of Box.
//
// It promises that everything is computed from the company when it is asked for, and that a person, a guest, a team or a
// document is the same as in every other app: departments and teams are groups; a person's documents are in the person's
// root; a team's are in a folder of the primary administrator, in which the team collaborates.
//
// Whoever serves it calls Config, gives the Credentials to the agent, and after every change of the company calls Step.
package boxorg

import (
	"crypto/rsa"
	"strconv"
	"time"

	"github.com/mooring-hq/mooring/examples/acme/company"
	"github.com/mooring-hq/mooring/plugins/box/boxtest"
)

// EnterpriseID is the tenant.
const EnterpriseID = "900100200"

// ServiceID is the account behind the agent's app.
const ServiceID = "17000000001"

// ClientID is the agent's app.
const ClientID = "acmemooringbox0clientid0000000"

// KeyID is the public key that the app has in the console.
const KeyID = "ac3e0001"

// Credentials are what an agent needs to sign in: ClientID with Secret and EnterpriseID, or a key. Primary and Secondary
// check webhooks.
type Credentials struct {
	Secret             string
	Key                *rsa.PublicKey
	Primary, Secondary string
	// Redirects are where people are sent back to after they consented; none: wherever they came from.
	Redirects []string
}

// Scopes are those the agent's app has: it reads, and hears of changes.
func Scopes() []string {
	return []string{boxtest.ManageUsers, boxtest.ManageGroups, boxtest.ManageEnterprise, boxtest.ReadAll, boxtest.ManageWebhooks}
}

// Config is the fake of the company as it is now.
func Config(live *company.Live, c Credentials) boxtest.Config {
	return boxtest.Config{
		Enterprise: New(live),
		App: boxtest.App{
			ClientID: ClientID, ClientSecret: c.Secret, Key: c.Key, KeyID: KeyID, Scopes: Scopes(),
			Service: boxtest.Person{ID: ServiceID, Name: "Acme Mooring", Login: "AutomationUser_" + ServiceID + "@boxdevedition.example"},
			Admin:   personID(live.Person(owner(live))), Primary: c.Primary, Secondary: c.Secondary, Redirects: c.Redirects,
		},
	}
}

// org is the enterprise.
type org struct{ live *company.Live }

// New shows the company.
func New(live *company.Live) *boxtest.Enterprise {
	o := &org{live: live}
	return &boxtest.Enterprise{
		ID: EnterpriseID, Name: "Acme", Users: o.users(), External: o.guests(), Groups: o.groups(), Members: o.members,
		Items: o.items, Item: o.item, Sees: o.sees, Trash: o.trash, Collaborations: o.collaborations, ItemOf: itemOf, Events: o.events(), Pins: o.pins(),
	}
}

// owner is the primary administrator, who owns the teams' folders and does not leave.
func owner(live *company.Live) int { return live.Admins()[0] }

func personID(p company.Person) string { return strconv.FormatInt(p.ID, 10) }

func mini(p company.Person) boxtest.Person {
	return boxtest.Person{ID: personID(p), Name: p.Name, Login: p.Email}
}

func (o *org) person(i int) boxtest.Person { return mini(o.live.Person(i)) }

// madeAt is when the company came to Box.
func madeAt() time.Time { return company.AsOf().AddDate(-6, 0, 0) }
