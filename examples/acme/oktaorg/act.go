package oktaorg

import (
	"crypto/rsa"

	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
)

// ActingClientID is the service app with which the agent acts: another one, so that the one that reads can do nothing else.
const ActingClientID = "0oa1acme000000000006"

// Acting is that app. It has what actions change, and what it reads to change that. Its key has the same id as the other
// app's, as whoever pastes a key may choose it: key_id is a setting of the instance.
func Acting(key *rsa.PublicKey) oktatest.ServiceApp {
	scopes := append(Scopes(), "okta.users.manage", "okta.groups.manage", "okta.apps.manage")
	return oktatest.ServiceApp{ClientID: ActingClientID, KeyID: KeyID, Key: key, Scopes: scopes}
}
