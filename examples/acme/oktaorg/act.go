package oktaorg

import (
	"crypto/rsa"

	"github.com/mooring-hq/mooring/plugins/okta/oktatest"
)

// The service app with which the agent acts: another one, so that the one that reads can do nothing else.
const (
	ActingClientID = "0oa1acme000000000006"
	ActingKeyID    = "acme-mooring-acting-key"
)

// Acting is that app. It has what actions change, and what it reads to change that.
func Acting(key *rsa.PublicKey) oktatest.ServiceApp {
	scopes := append(Scopes(), "okta.users.manage", "okta.groups.manage", "okta.apps.manage")
	return oktatest.ServiceApp{ClientID: ActingClientID, KeyID: ActingKeyID, Key: key, Scopes: scopes}
}
