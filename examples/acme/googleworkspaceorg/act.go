package googleworkspaceorg

import (
	"crypto/rsa"

	gw "github.com/mooring-hq/mooring/plugins/googleworkspace/googleworkspacetest"
)

// The service account with which the agent acts: another one, so that the one that reads can do nothing else.
const (
	ActingEmail = "mooring-acting@acme-security.iam.gserviceaccount.com"
	actingID    = "104250506097979750002"
	actingKeyID = "1acme0mooring1acme0mooring1acme0mooring1"
)

// Acting is that account. Its scopes are delegated for the domain, as those that read are.
func Acting(key *rsa.PublicKey) gw.ServiceAccount {
	scopes := Scopes()
	for _, s := range []string{"admin.directory.user", "admin.directory.user.security", "drive"} {
		scopes = append(scopes, "https://www.googleapis.com/auth/"+s)
	}
	return gw.ServiceAccount{Email: ActingEmail, ClientID: actingID, KeyID: actingKeyID, Key: key, Scopes: scopes}
}

// ActingKeyFile is its credential service_account_key, as Google gives it.
func ActingKeyFile(key *rsa.PrivateKey) ([]byte, error) {
	return keyFile(key, ActingEmail, actingID, actingKeyID)
}
