package oktaorg

import (
	"crypto/rsa"

	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
)

// ActingClientID is the service app with which the agent acts: another one, so that the one that reads can do nothing else.
const ActingClientID = "0oa1acme000000000006"

// ActingScopes are what actions change, and what they read to change that.
func ActingScopes() []string {
	return append(Scopes(), "okta.users.manage", "okta.groups.manage", "okta.apps.manage")
}

// Acting is that app, with no more roles than it needs. Its key has the same id as the other app's, as whoever pastes a key
// may choose it: key_id is a setting of the instance.
func Acting(key *rsa.PublicKey) oktatest.ServiceApp {
	return oktatest.ServiceApp{ClientID: ActingClientID, KeyID: KeyID, Key: key, Scopes: ActingScopes(), Roles: []string{"ORG_ADMIN", "APP_ADMIN"}}
}
